import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlflow
from sf_spark.errors import ConfigurationError, SfSparkError
from sf_spark.ml import registry as registry_module
from sf_spark.ml import tracking
from sf_spark.ml.definition import definition_of
from sf_spark.ml.models import build
from sf_spark.ml.records import RunContent
from sf_spark.ml.registry import CHALLENGER, CHAMPION, Registry
from sf_spark.ml.tracking import Tracker

NAME = "essai"
TREES = {"pipeline": [{"sklearn.ensemble.HistGradientBoostingClassifier": {"max_iter": 3}}]}
SIGNALS = ["dette", "effectif"]


@pytest.fixture(scope="module")
def uri(tracking_store):
    return tracking_store


@pytest.fixture
def tracker(uri, request):
    """An experiment of its own for each test."""
    return Tracker(uri, request.node.name)


@pytest.fixture
def registry(uri):
    return Registry(uri)


def register(registry, tracker, name, mark):
    return registry.register(tracker.log(content(mark)), name, mark, "un résumé", {"horizon": "12"})


def content(mark: str, model: dict | None = TREES, **changes) -> RunContent:
    draw = np.random.default_rng(0)
    values = draw.normal(size=(200, 2)).astype(np.float32)
    values[:20, 0] = np.nan
    fitted = build(definition_of("m", model), SIGNALS, 0).fit(values, (values[:, 1] > 0).astype(int)) if model else None
    given = {
        "name": "m",
        "kind": "training" if model else "evaluation",
        "tags": {"training": mark, "evaluation": "e" + mark},
        "params": {"train.horizon": 12, "description": "d" * 600},
        "metrics": {"average_precision": 0.5},
        "metrics_by_month": {202401: {"brier": 0.1}, 202407: {"brier": 0.2}},
        "figures": {},
        "texts": {"note.md": "é"},
        "arrays": {"target": np.array([0, 1])},
        "description": "une fiche",
        "evaluation": {"pooled": {"average_precision": 0.5}, "by_origin": {"2024-01": {"brier": 0.1}}},
        "tables": {"signals/entreprise": 0},
        "lake": "/somewhere/lake",
        "model": fitted,
        "decision": {"horizon": 12, "thresholds": {"modere": 0.1, "fort": float("inf")}, "themes": {}},
        "example": values[:3] if model else None,
    }
    return RunContent(**{**given, **changes})


def test_several_processes_made_one_sound_store_and_nothing_beside_it(tracking_store, uri):
    folder = Path(uri.removeprefix("sqlite:///")).parent
    assert not list(folder.glob("*.part*"))
    assert not Path("mlruns").exists()
    assert mlflow.MlflowClient(uri).get_experiment_by_name("race").artifact_location == f"file://{folder}/mlruns/race"


def test_a_finished_run_is_found_by_its_fingerprint_with_all_that_it_logged(tracker, uri):
    assert tracker.finished("training", "found") is None
    run_id = tracker.log(content("found"))
    record = tracker.finished("training", "found")
    assert (record.run_id, record.name, record.metrics) == (run_id, "m", {"average_precision": 0.5})
    assert record.rows["target"].tolist() == [0, 1]
    assert record.evaluation["by_origin"] == {"2024-01": {"brier": 0.1}}
    assert tracker.finished("evaluation", "efound").run_id == run_id
    assert tracker.finished("training", "other") is None

    client = mlflow.MlflowClient(uri)
    run = client.get_run(run_id)
    assert run.data.params["train.horizon"] == "12"
    assert [(m.step, m.value) for m in client.get_metric_history(run_id, "by_origin.brier")] == [
        (202401, 0.1),
        (202407, 0.2),
    ]
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.name == "signals/entreprise"
    assert json.loads(dataset.dataset.source) == {
        "path": "/somewhere/lake/signals/entreprise",
        "delta_table_version": 0,
    }
    assert {artifact.path for artifact in client.list_artifacts(run_id)} == {
        "evaluation.json",
        "note.md",
        "test-rows.npz",
    }


def test_a_run_that_failed_half_way_is_failed_and_not_found(tracker, uri, monkeypatch):
    monkeypatch.setattr(tracking, "_log_model", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tracker.log(content("half"))
    assert tracker.finished("training", "half") is None
    assert _status(tracker, uri, "half") == ["FAILED"]
    assert mlflow.active_run() is None


def test_a_run_of_a_killed_process_is_closed_by_the_next_one(tracker, uri, request):
    """A real process, killed by signal 9 in the middle of its training: its lock is free, its run is closed."""
    script = f"""
import os, signal
from sf_spark.ml import registry as registry_module
from sf_spark.ml import tracking
tracker = tracking.Tracker({uri!r}, {request.node.name!r})
with tracker.alone(print):
    run = tracker._client.create_run(tracker._experiment, tags={{"sf_spark.training": "killed"}})
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    assert _status(tracker, uri, "killed") == ["RUNNING"]
    lines = []
    with tracker.alone(lines.append):
        assert tracker.close_killed("training", "killed") == 1
        assert tracker.close_killed("training", "killed") == 0
    assert lines == []  # nobody held the lock
    assert _status(tracker, uri, "killed") == ["KILLED"]
    assert tracker.finished("training", "killed") is None


def test_a_fingerprint_is_registered_once_and_the_newest_training_is_the_challenger(tracker, registry, uri):
    client = mlflow.MlflowClient(uri)
    assert register(registry, tracker, "une_fois", "once") == ("1", False)
    assert register(registry, tracker, "une_fois", "twice") == ("2", False)
    assert str(client.get_model_version_by_alias("une_fois", CHALLENGER).version) == "2"
    assert register(registry, tracker, "une_fois", "once") == ("1", True)
    assert str(client.get_model_version_by_alias("une_fois", CHALLENGER).version) == "1"
    assert client.get_model_version("une_fois", "1").description == "un résumé\n\nune fiche"
    assert client.get_model_version("une_fois", "1").tags["sf_spark.horizon"] == "12"


def test_promotions_say_who_why_and_from_what(tracker, registry, uri):
    for mark in ("p1", "p2"):
        register(registry, tracker, "promu", mark)
    assert registry.champion_version("promu") is None and registry.promotions("promu") == []
    registry.promote("promu", "1", "first", "anne")
    registry.promote("promu", "2", "better")
    registry.rollback("promu", "worse after all", "anne")
    log = registry.promotions("promu")
    assert [(each.before, each.after, each.why) for each in log] == [
        (None, "1", "first"),
        ("1", "2", "better"),
        ("2", "1", "worse after all"),
    ]
    assert log[0].who == "anne" and log[1].who and all(each.at.endswith("+00:00") for each in log)
    assert registry.champion_version("promu") == "1"


def test_a_move_by_hand_in_the_ui_is_what_the_next_one_starts_from(tracker, registry, uri):
    for mark in ("h1", "h2", "h3"):
        register(registry, tracker, "main", mark)
    registry.promote("main", "1", "first")
    mlflow.MlflowClient(uri).set_registered_model_alias("main", CHAMPION, "2")
    assert registry.promote("main", "3", "better").before == "2"


def test_a_kill_between_alias_and_log_is_repaired(tracker, registry, uri):
    for mark in ("g1", "g2"):
        register(registry, tracker, "coupe", mark)
    registry.promote("coupe", "1", "first")
    mlflow.MlflowClient(uri).set_registered_model_alias("coupe", CHAMPION, "2")  # and the log was never written
    move = registry.promote("coupe", "2", "reason")
    assert (move.before, move.after) == ("1", "2")
    assert len(registry.promotions("coupe")) == 2


def test_the_first_champion_has_nobody_to_roll_back_to(tracker, registry):
    register(registry, tracker, "seul", "alone")
    registry.promote("seul", "1", "first")
    with pytest.raises(SfSparkError, match="version 1 of 'seul' replaced no other"):
        registry.rollback("seul", "why")


def test_the_champion_comes_back_with_its_decision_and_serves_the_same_probabilities(tracker, registry):
    logged = content("serve")
    run_id = tracker.log(logged)
    version, _ = registry.register(run_id, NAME, "serve", "", {})
    registry.promote(NAME, version, "r")
    champion = registry.load(NAME)
    assert (champion.name, champion.version, champion.run_id) == (NAME, version, run_id)
    assert champion.thresholds.fort == float("inf")
    assert champion.decision == logged.decision
    values = np.array([[0.5, np.nan], [np.nan, 1.0]], dtype=np.float32)
    expected = logged.model.predict_proba(values)
    assert (champion.model.predict_proba(values) == expected).all()

    served = mlflow.pyfunc.load_model(f"models:/{NAME}@{CHAMPION}")
    frame = pd.DataFrame(values, columns=SIGNALS).astype(float)
    assert (np.asarray(served.predict(frame[["effectif", "dette"]])) == expected).all()
    assert {spec.type.name for spec in served.metadata.signature.inputs.inputs} == {"double"}
    assert not any(spec.required for spec in served.metadata.signature.inputs.inputs)


def test_no_champion_or_no_such_version_is_one_clear_line(tracker, registry):
    with pytest.raises(SfSparkError, match="no model 'nobody' is champion in sqlite:.*: run the job train first"):
        registry.load("nobody")
    register(registry, tracker, "un", "only")
    registry.tag_version("un", "1", "gate", "not better than chance")
    with pytest.raises(SfSparkError, match=r"did not pass the gate \(not better than chance\); .*--version 1"):
        registry.load("un")
    with pytest.raises(SfSparkError, match=r"model 'un' has no version 7 .* \(available: 1\)"):
        registry.load("un", "7")


def test_a_model_of_other_types_is_not_loaded(tracker, registry, monkeypatch):
    register(registry, tracker, "etranger", "foreign")
    registry.promote("etranger", "1", "r")
    monkeypatch.setattr(registry_module, "TRUSTED", [])
    with pytest.raises(SfSparkError, match="'etranger' version 1 is not one of ours"):
        registry.load("etranger")


def test_a_model_that_cannot_be_saved_safely_is_a_configuration_error(tracker, monkeypatch):
    monkeypatch.setattr(tracking, "TRUSTED", ["sf_spark.ml.signal_model.SignalModel"])
    with pytest.raises(ConfigurationError, match="cannot be saved safely"):
        tracker.log(content("unsafe"))


def test_nothing_is_said_that_a_user_would_wonder_about(tracker, registry, capfd, recwarn):
    register(registry, tracker, "silence", "quiet")
    registry.promote("silence", "1", "r")
    registry.load("silence")
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
    assert not [each for each in recwarn if issubclass(each.category, UserWarning | FutureWarning)]


def _status(tracker: Tracker, uri: str, mark: str) -> list[str]:
    found = mlflow.MlflowClient(uri).search_runs([tracker._experiment], f"tags.`sf_spark.training` = '{mark}'")
    return [run.info.status for run in found]


def test_the_lock_waits_for_its_holder(tmp_path):
    from sf_spark.ml.lock import exclusive

    path = tmp_path / "folder" / "a.lock"
    waited = []
    child = os.fork()
    if child == 0:
        with exclusive(path):
            (tmp_path / "held").touch()
            signal.pause()
    while not (tmp_path / "held").exists():
        time.sleep(0.01)

    def end_child() -> None:
        waited.append("waited")
        os.kill(child, signal.SIGKILL)

    with exclusive(path, end_child):
        assert waited == ["waited"]
    os.waitpid(child, 0)
    with exclusive(path, end_child):
        assert waited == ["waited"]
