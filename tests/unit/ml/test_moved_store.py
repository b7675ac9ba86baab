"""A moved folder is used at its new path: the store follows its artifacts, and nothing is written to the old path."""

import runpy
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from sf_spark.ml.definition import definition_of
from sf_spark.ml.models import build
from sf_spark.ml.moved import follow_move
from sf_spark.ml.records import RunContent
from sf_spark.ml.registry import Registry
from sf_spark.ml.tracking import Tracker

_TABLES = {
    "experiments": ("experiment_id", "artifact_location"),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("storage_location", "source"),
}


def store_at(path: Path, rows: dict[str, Sequence[object]]) -> None:
    """The tables of a store that name artifacts, one row each."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, columns in _TABLES.items():
            connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            if table in rows:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", rows[table])


def recorded(path: Path) -> dict[str, tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchone() for table in _TABLES}


def test_every_place_under_the_old_folder_is_rewritten_and_no_other(tmp_path: Path) -> None:
    old, new = Path("/gone/a b/mlruns"), tmp_path / "é" / "mlruns"
    new.mkdir(parents=True)
    store = tmp_path / "mlflow.db"
    uri = old.as_uri()
    store_at(
        store,
        {
            "experiments": (0, f"{uri}/0"),
            "runs": (f"{uri}/e/r/artifacts",),
            "logged_models": ("file:///gone/a%20b/mlruns-others/m",),
            "model_versions": (f"{uri}/e/models/m/artifacts", "models:/m-1"),
        },
    )
    assert follow_move(store, new)
    assert recorded(store) == {
        "experiments": (0, f"{new.as_uri()}/0"),
        "runs": (f"{new.as_uri()}/e/r/artifacts",),
        "logged_models": ("file:///gone/a%20b/mlruns-others/m",),
        "model_versions": (f"{new.as_uri()}/e/models/m/artifacts", "models:/m-1"),
    }
    assert not follow_move(store, new)


@pytest.mark.parametrize("location", ["mlflow-artifacts:/0", "s3://bucket/mlruns/0", "file:///data/artifacts/0"])
def test_artifacts_that_were_never_beside_the_store_stay_where_they_are(tmp_path: Path, location: str) -> None:
    store_at(tmp_path / "mlflow.db", {"experiments": (0, location)})
    (tmp_path / "mlruns").mkdir()
    assert not follow_move(tmp_path / "mlflow.db", tmp_path / "mlruns")


def test_artifacts_in_a_separate_folder_stay_there(tmp_path: Path) -> None:
    elsewhere = tmp_path / "apart" / "mlruns"
    elsewhere.mkdir(parents=True)
    store_at(tmp_path / "mlflow.db", {"experiments": (0, f"{elsewhere.as_uri()}/0")})
    assert not follow_move(tmp_path / "mlflow.db", tmp_path / "mlruns")


def test_a_copied_store_loads_its_champion_and_logs_beside_itself(tracking_store: str, tmp_path: Path) -> None:
    content = training_content()
    tracker, registry = Tracker(tracking_store, "moved"), Registry(tracking_store)
    version, _ = registry.register(tracker.log(content), "moved", "mark", "", {})
    registry.promote("moved", version, "first")
    origin = Path(tracking_store.removeprefix("sqlite:///")).parent
    before = sorted(path for path in origin.rglob("*") if "lock" not in path.name)

    shutil.copytree(origin, tmp_path / "a copy")
    uri = f"sqlite:///{tmp_path / 'a copy' / 'mlflow.db'}"
    copied = Tracker(uri, "moved")
    for folder in (origin / "mlruns" / "moved" / "models").iterdir():
        shutil.move(folder, tmp_path / folder.name)  # it could only be read at its old place
    try:
        assert Registry(uri).load("moved").version == version
        copied.log(training_content("other"))
    finally:
        for folder in tmp_path.glob("m-*"):
            shutil.move(folder, origin / "mlruns" / "moved" / "models" / folder.name)
    assert sorted(path for path in origin.rglob("*") if "lock" not in path.name) == before
    assert Registry(tracking_store).load("moved").version == version  # the first one is as it was


def training_content(mark: str = "mark") -> RunContent:
    values = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    pipeline = {"pipeline": [{"sklearn.ensemble.HistGradientBoostingClassifier": {"max_iter": 2}}]}
    fitted = build(definition_of("m", pipeline), ["dette", "effectif"], 0).fit(values, (values[:, 1] > 0).astype(int))
    return RunContent(
        name="m",
        kind="training",
        tags={"training": mark},
        params={},
        metrics={"average_precision": 0.5},
        metrics_by_month={},
        figures={},
        texts={},
        evaluation={"pooled": {}, "by_origin": {}},
        tables={},
        lake="/lake",
        model=fitted,
        decision={"horizon": 12, "thresholds": {"modere": 0.1, "fort": 0.2}, "themes": {}},
        example=None,
    )


@pytest.mark.filterwarnings("ignore:.*found in sys.modules")  # here the package is imported already
def test_the_command_follows_a_moved_folder_and_leaves_a_missing_store_alone(tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()
    store_at(tmp_path / "mlflow.db", {"experiments": (0, "file:///gone/mlruns/0")})
    for store in (tmp_path / "mlflow.db", tmp_path / "none.db"):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sys, "argv", ["moved", str(store)])
            runpy.run_module("sf_spark.ml.moved", run_name="__main__")
    assert recorded(tmp_path / "mlflow.db")["experiments"] == (0, f"{(tmp_path / 'mlruns').as_uri()}/0")
    assert not (tmp_path / "none.db").exists()
