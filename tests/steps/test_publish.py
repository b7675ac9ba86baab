"""Published editions never change: after repeated runs, new champions, and kills."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from mlflow.tracking import MlflowClient
from pyspark.sql import SparkSession

from sf_spark.errors import SfSparkError
from sf_spark.ml.registry import CHAMPION, registered_name
from sf_spark.settings import AdjustmentSettings, Settings, load_settings
from sf_spark.steps import publish as step
from sf_spark.steps.inputs.matured_lists import matured_lists
from sf_spark.steps.inputs.models_of_months import models_of_months
from sf_spark.steps.maintain import maintain, versions_needed
from sf_spark.steps.publish import Correction, publish
from sf_spark.steps.try_adjustments import try_adjustments
from tests.unit.publication.test_lists import PANEL, SCORES, company, score

NOVEMBER, DECEMBER, JANUARY = date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)
PREDICTIONS = f"periode date, horizon int, model_version string, {SCORES}"
OF_VERSION = {  # the scores of each version, month by month
    "1": {NOVEMBER: {"1": 0.9, "2": 0.3}, DECEMBER: {"1": 0.5, "2": 0.1, "3": 0.4}, JANUARY: {"1": 0.6, "3": 0.5}},
    "2": {DECEMBER: {"4": 0.9}, JANUARY: {"4": 0.8, "1": 0.3}},
}

NO_HYSTERESIS = ("lists.enter_share=1", "lists.leave_share=1", "lists.months_below=0")


class Killed(BaseException):
    """As a process ends."""


@dataclass(frozen=True)
class Lake:
    """A lake whose months are scored, and the champion of a store of its own."""

    spark: SparkSession
    settings: Settings

    def copied(self, folder: Path) -> "Lake":
        shutil.copytree(self.settings.lake, folder / "lake")
        store = folder / "mlflow.db"
        shutil.copyfile(Path(self.settings.lake).parent / "mlflow.db", store)
        return replace(self, settings=self.settings.model_copy(update={"lake": str(folder / "lake")}))

    def score(self, *months: date, version: str = "1", horizon: int = 18) -> None:
        rows = [
            (month, horizon, version, *score(siren, probability))
            for month in months
            for siren, probability in OF_VERSION[version][month].items()
        ]
        self._write("predictions/entreprise", self.spark.createDataFrame(rows, PREDICTIONS), "append")

    def promote(self, version: str, horizon: int = 18) -> None:
        store = MlflowClient(*[self.settings.tracking_store()] * 2)  # tracking and registry
        store.set_registered_model_alias(registered_name("sf_spark_defaillance", horizon), CHAMPION, version)

    def publish(self, asked: Correction | None = None, code: int = 0) -> list[str]:
        said: list[str] = []
        assert publish(self.spark, self.settings, said.append, asked) == code
        return said

    def table(self, name: str) -> list[dict[str, Any]]:
        rows = DeltaTable(f"{self.settings.lake}/{name}").to_pyarrow_table().to_pylist()
        return sorted(rows, key=lambda row: (row["list"], row.get("siren", "")))

    def lists(self) -> dict[str, dict[str, tuple[Any, ...]]]:
        found: dict[str, dict[str, tuple[Any, ...]]] = {}
        for row in self.table("lists/detection"):
            found.setdefault(row["list"], {})[row["siren"]] = (row["status"], row["model_version"], row["first_alert"])
        return found

    def _write(self, name: str, frame: Any, mode: str = "errorifexists") -> None:
        writer = frame.write.format("delta").mode(mode)
        partitioned = writer.partitionBy("periode") if "periode" in frame.columns else writer
        partitioned.save(f"{self.settings.lake}/{name}")


@pytest.fixture(scope="module")
def scored(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """November and December are scored by version 1, the champion; nothing is published."""
    folder = tmp_path_factory.mktemp("scored")
    lake = Lake(spark, load_settings("test", [f"lake={folder}/lake", "train.horizons=[18]", *NO_HYSTERESIS]))
    client = MlflowClient(*[lake.settings.tracking_store()] * 2)
    experiment = client.create_experiment("tests", artifact_location=str(folder / "artifacts"))
    for horizon in (12, 18):
        name = registered_name("sf_spark_defaillance", horizon)
        client.create_registered_model(name)
        for _ in OF_VERSION:
            run = client.create_run(experiment)
            client.create_model_version(name, str(folder), run.info.run_id)
    lake.promote("1")
    lake.score(NOVEMBER, DECEMBER)
    months = [NOVEMBER, DECEMBER, JANUARY]
    panel = spark.createDataFrame([(month, *company(s)) for month in months for s in "1234"], f"periode date, {PANEL}")
    lake._write("panel/entreprise", panel.selectExpr("*", "ape as ape_naf25", "1 as nb_etablissements"))
    signals = spark.createDataFrame(
        [(s, month, 100.0) for month in months for s in "1234"], "siren string, periode date, dette float"
    )
    lake._write("signals/entreprise", signals)
    dictionary = spark.createDataFrame(
        [("dette", "dette", "EUR", "dette_urssaf", "dette")],
        "name string, description string, unit string, theme string, measure string",
    )
    lake._write("signals/dictionary", dictionary)
    _note_a_delivery(lake.settings.lake)
    return lake


def _note_a_delivery(lake: str) -> None:
    counts = ("lines_read", "lines_accepted", "lines_rejected", "lines_skipped", "facts_added", "facts_ended")
    row: dict[str, Any] = {
        "source": "sirene_ul",
        "_batch": "2601",
        "_file": "x.csv",
        "sha256": "0",
        "delivery": "snapshot",
    }
    row |= {"status": "ok", "known_on": date(2026, 1, 20), **dict.fromkeys(counts, 1)}
    write_deltalake(f"{lake}/deliveries", pa.Table.from_pylist([row]))


@pytest.fixture
def lake(scored: Lake, tmp_path: Path) -> Lake:
    return scored.copied(tmp_path)


@pytest.fixture(scope="module")
def published(scored: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The same, with the lists of both months. Copy it before anything is changed."""
    lake = scored.copied(tmp_path_factory.mktemp("published"))
    lake.publish()
    return lake


def test_each_scored_month_has_its_list_and_its_figures(published: Lake) -> None:
    assert published.lists() == {
        "detection-2025-11": {"1": ("nouvelle", "1", NOVEMBER), "2": ("nouvelle", "1", NOVEMBER)},
        "detection-2025-12": {
            "1": ("attenuee", "1", NOVEMBER),
            "2": ("sortie", "1", NOVEMBER),
            "3": ("nouvelle", "1", DECEMBER),
        },
    }
    november, december = published.table("monitoring/lists")
    assert (november["on_list"], november["nouvelle"], november["churn"], november["scored"]) == (2, 2, None, 2)
    assert (december["on_list"], december["attenuee"], december["sortie"]) == (2, 1, 1)
    assert december["churn"] == 2 / 3  # one entered and one left, of three on both lists
    assert (december["previous"], december["model_version"], december["capacity"]) == ("detection-2025-11", "1", 0)


def test_what_is_published_stays_whoever_is_champion_and_whatever_comes(published: Lake, tmp_path: Path) -> None:
    lake = published.copied(tmp_path)
    before, version = lake.table("lists/detection"), DeltaTable(f"{lake.settings.lake}/lists/detection").version()
    lake.score(DECEMBER, version="2")
    lake.promote("2")
    assert "2 editions are published, and stay as they are" in " ".join(lake.publish())
    assert DeltaTable(f"{lake.settings.lake}/lists/detection").version() == version
    lake.score(JANUARY, version="2")
    lake.score(JANUARY)
    said = lake.publish()
    assert "detection-2026-01: 1 nouvelle, 1 maintenue, 1 sortie; churn 66.7%" in " ".join(said)
    assert [row for row in lake.table("lists/detection") if row["list"] != "detection-2026-01"] == before
    assert lake.lists()["detection-2026-01"] == {
        "1": ("maintenue", "2", NOVEMBER),
        "3": ("sortie", "2", DECEMBER),
        "4": ("nouvelle", "2", JANUARY),
    }
    lake.promote("1")  # a rollback
    after = lake.table("lists/detection")
    lake.publish()
    assert lake.table("lists/detection") == after


def test_a_month_without_the_champions_score_is_said_in_one_line(published: Lake, tmp_path: Path) -> None:
    lake = published.copied(tmp_path)
    lake.score(JANUARY, version="2")
    said = lake.publish(code=1)
    assert "no list of 2026-01 at 18 months: the champion (version 1) has not scored it" in said
    assert list(lake.lists()) == ["detection-2025-11", "detection-2025-12"]


def test_a_correction_is_an_edition_of_its_own(published: Lake, tmp_path: Path) -> None:
    lake = published.copied(tmp_path)
    before = lake.table("lists/detection")
    lake.score(DECEMBER, version="2")
    lake.promote("2")
    lake.publish(Correction("debts of 75 were delivered twice"))
    corrected = [row for row in lake.table("lists/detection") if row["list"] == "detection-2025-12-v2"]
    assert {row["siren"]: row["status"] for row in corrected} == {"1": "sortie", "2": "sortie", "4": "nouvelle"}
    assert {(row["edition"], row["corrects"], row["previous"]) for row in corrected} == {
        (2, "detection-2025-12", "detection-2025-11")
    }
    assert {row["edition_reason"] for row in corrected} == {"debts of 75 were delivered twice"}
    assert [row for row in lake.table("lists/detection") if row["edition"] == 1] == before
    said = lake.publish(Correction("debts of 75 were delivered twice"))  # a second time
    assert "made for this very reason" in " ".join(said)
    assert len(lake.lists()) == 3
    with pytest.raises(SfSparkError, match="no list of 2025-10"):
        lake.publish(Correction("x", date(2025, 10, 1)))
    with pytest.raises(SfSparkError, match=r"2025-11 is not scored by the champion \(version 2\): run score"):
        lake.publish(Correction("x", NOVEMBER))


def test_figures_follow_a_table_that_was_put_back(published: Lake, tmp_path: Path) -> None:
    lake = published.copied(tmp_path)
    figures = lake.table("monitoring/lists")
    version = DeltaTable(f"{lake.settings.lake}/lists/detection").version()
    lake.publish(Correction("debts of 75 were delivered twice"))
    assert len(lake.table("monitoring/lists")) == len(figures) + 1
    DeltaTable(f"{lake.settings.lake}/lists/detection").restore(version)
    lake.publish()
    assert lake.table("monitoring/lists") == figures


def test_a_horizon_has_lists_of_its_own_once_it_has_a_champion(published: Lake, tmp_path: Path) -> None:
    lake = published.copied(tmp_path)
    train = lake.settings.train.model_copy(update={"horizons": (12, 18)})
    lake = replace(lake, settings=lake.settings.model_copy(update={"train": train}))
    assert "no model is champion at 12 months: no list at this horizon" in lake.publish()
    lake.promote("1", horizon=12)
    lake.score(DECEMBER, horizon=12)
    lake.publish()
    assert lake.lists()["detection-2025-12-12m"] == {
        "1": ("nouvelle", "1", DECEMBER),
        "3": ("nouvelle", "1", DECEMBER),
    }
    assert {row["list"]: row["horizon"] for row in lake.table("monitoring/lists")}["detection-2025-12-12m"] == 12


def test_killed_anywhere_and_run_again_gives_the_same_lists(
    lake: Lake, published: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, when in (
        ("commit_rows", "before"),
        ("commit_rows", "after"),
        ("note_figures", "before"),
    ):
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(step, name, _killing(getattr(step, name), when))
            lake.publish()
    lake.publish()
    assert lake.table("lists/detection") == published.table("lists/detection")
    assert lake.table("monitoring/lists") == published.table("monitoring/lists")


def _killing(action: Callable[..., Any], when: str) -> Callable[..., Any]:
    def killing(*arguments: Any) -> None:
        if when == "after":
            action(*arguments)
        raise Killed

    return killing


def test_two_at_a_time_publish_each_list_once(lake: Lake, published: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, others = step.commit_rows, [lake.publish]

    def late(*arguments: Any) -> None:
        if others:
            others.pop()()  # publishes everything between the reads of this commit and the commit
        commit(*arguments)

    monkeypatch.setattr(step, "commit_rows", late)
    assert any("trying once more" in line for line in lake.publish())
    assert lake.table("lists/detection") == published.table("lists/detection")
    assert lake.table("monitoring/lists") == published.table("monitoring/lists")


def test_lists_of_an_earlier_version_are_refused_by_name(lake: Lake) -> None:
    rows = pa.table({"list": ["detection-2025-11"], "siren": ["1"]})
    write_deltalake(f"{lake.settings.lake}/lists/detection", rows, partition_by=["list"])
    with pytest.raises(SfSparkError, match="was written by an earlier version"):
        lake.publish()


def test_without_a_champion_or_a_score_there_is_no_list(lake: Lake) -> None:
    shutil.rmtree(f"{lake.settings.lake}/predictions")
    lake.score(DECEMBER, horizon=12)
    with pytest.raises(SfSparkError, match=r"no month is scored at train\.horizon=18"):
        lake.publish()
    store = MlflowClient(*[lake.settings.tracking_store()] * 2)
    store.delete_registered_model_alias(registered_name("sf_spark_defaillance", 18), CHAMPION)
    with pytest.raises(SfSparkError, match="no model 'sf_spark_defaillance_18m' is champion"):
        lake.publish()


def _with_labels(lake: Lake) -> None:
    """In November, company 1 fails within the horizon, 5 fails unseen, and nobody knows of December yet."""
    rows = [("1", NOVEMBER, True, 3), ("2", NOVEMBER, False, None), ("1", DECEMBER, None, None)]
    schema = "siren string, periode date, cible_18m boolean, mois_avant_defaillance int"
    lake._write("labels/entreprise", lake.spark.createDataFrame(rows, schema))


def test_a_matured_list_says_what_it_found(published: Lake, tmp_path: Path) -> None:
    lake = published.copied(tmp_path)
    said: list[str] = []
    assert matured_lists(lake.spark, lake.settings, said.append) == [] and said == ["no list has matured yet"]
    _with_labels(lake)
    rows = {row["level"]: row for row in matured_lists(lake.spark, lake.settings, said.append)}
    # The list of November: 1 at `fort`, which fails three months later, and 2 at `modere`, which does not.
    assert {name: (row["alerts"], row["found"], row["missed"]) for name, row in rows.items()} == {
        "fort": (1, 1, 0),
        "modere": (2, 1, 0),
    }
    assert (rows["modere"]["precision"], rows["modere"]["recall"], rows["modere"]["scored"]) == (1 / 2, 1 / 1, 2)
    assert {row["list"] for row in rows.values()} == {"detection-2025-11"}  # that of December has not matured
    assert said[-1].startswith("detection-2025-11, fort: 1 alerts, 1 found, 0 missed; precision 100.0%")


def test_the_effect_of_the_rules_is_tried_on_the_months_of_the_published_model(published: Lake, tmp_path: Path) -> None:
    lake = published.copied(tmp_path)
    _with_labels(lake)
    lake.score(DECEMBER, version="2")
    lake.promote("2")
    models = models_of_months(lake.spark, lake.settings)
    assert models == {(18, NOVEMBER): "1", (18, DECEMBER): "1"}  # the lists' model, not the present champion
    said: list[str] = []
    rule = AdjustmentSettings(name="dettes", direction="up", when="dette > 50", explanation="des dettes")
    settings = lake.settings.model_copy(update={"adjustments": [rule]})
    assert try_adjustments(lake.spark, settings, said.append) == 0
    stored = DeltaTable(f"{lake.settings.lake}/monitoring/adjustments").to_pyarrow_table().to_pylist()
    whole = {row["level"]: row for row in stored if row["periode"] is None and row["rule"] == "dettes"}
    # Everybody owes 100: 2 goes from `modere` to `fort`, and 1 is there already.
    assert (whole["fort"]["moved_up"], whole["fort"]["alerts_before"], whole["fort"]["alerts_after"]) == (1, 1, 2)
    assert (whole["fort"]["precision_before"], whole["fort"]["precision_after"]) == (1 / 1, 1 / 2)
    assert "rules: dettes" in said[-1]


def test_maintenance_keeps_what_editions_were_made_of(published: Lake, tmp_path: Path) -> None:
    lake = published.copied(tmp_path)
    before = lake.table("lists/detection")
    read = versions_needed(lake.settings.lake)["predictions/entreprise"]
    lake.score(JANUARY)
    said: list[str] = []
    assert maintain(lake.settings, said.append, dry_run=True) == 0
    assert any(line.startswith("lists/detection: 0 partitions would be put together") for line in said), said
    assert maintain(lake.settings, said.append) == 0
    assert any(line.startswith("predictions/entreprise: ") and "stay readable" in line for line in said), said
    for version in read:
        DeltaTable(f"{lake.settings.lake}/predictions/entreprise", version=version).to_pyarrow_table()
    assert lake.table("lists/detection") == before
    assert not [line for line in lake.publish() if "detection-2025" in line and "nouvelle" in line]  # none again
