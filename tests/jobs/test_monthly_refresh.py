"""On generated deliveries: a refresh writes one month and touches no earlier file, a correction its own months alone.

The resulting lake is also audited, with a planted look-ahead.
"""

import argparse
import gzip
import hashlib
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import audit, build_panel, build_signals, ingest
from sf_spark.lake.planning import Read, plan
from sf_spark.panel import build as panel_build
from sf_spark.panel import postings
from sf_spark.settings import Settings, load_settings
from sf_spark.signals.catalogue import catalogue_from
from sf_spark.steps.outputs.signal_tables import Months, write_signals
from sf_spark.steps.recipes import signal_recipes

pytestmark = pytest.mark.long  # five builds; the same on a small lake: steps/test_stale_tables.py
SIZE = (
    *("generate.entreprises=60", "generate.annees=2", "generate.monthly_deliveries=1", "generate.last_batch=2610"),
    "signals.families=[cotisations, dettes, effectifs, secteur]",  # all kinds of operators, and half of the time
)
PANELS = {"panel/etablissement": "siret", "panel/entreprise": "siren"}
SIGNALS = {"signals/etablissement": "siret", "signals/entreprise": "siren"}
TABLES = PANELS | SIGNALS
Files = dict[str, str]


class Refreshes:
    """A lake that is updated delivery by delivery, and the content of its panels each time."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self.spark, self.settings = spark, settings
        self.files: dict[str, dict[str, Files]] = {}
        self.rows: dict[str, dict[str, pd.DataFrame]] = {}
        self.said: dict[str, list[str]] = {}

    def build(self, name: str, rebuild: bool = False) -> None:
        """Take in the delivery, build the panels, and record their content."""
        said: list[str] = []
        if not rebuild:
            assert ingest.run(self.spark, self.settings, ingest.parser().parse_args([]), said.append) == 0
        options = argparse.Namespace(rebuild=rebuild, page=None)
        assert build_panel.run(self.spark, self.settings, options, said.append) == 0
        assert build_signals.run(self.spark, self.settings, options, said.append) == 0
        self.said[name] = said
        self.files[name] = self.state()
        self.rows[name] = {path: self.read(path) for path in TABLES}

    def state(self) -> dict[str, Files]:
        """The files of each table, with their digests."""
        return {path: self._files(path) for path in TABLES}

    def read(self, path: str) -> pd.DataFrame:
        """A table in order."""
        rows = DeltaTable(f"{self.settings.lake}/{path}").to_pyarrow_table().to_pandas()
        return rows.sort_values([TABLES[path], "periode"]).reset_index(drop=True)

    def _files(self, path: str) -> Files:
        table = DeltaTable(f"{self.settings.lake}/{path}")
        return {uri: hashlib.sha256(Path(uri).read_bytes()).hexdigest() for uri in table.file_uris()}


@pytest.fixture(scope="module")
def refreshes(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, generate_some_sources: Callable[[Settings], None]
) -> Refreshes:
    folder = tmp_path_factory.mktemp("refresh")
    settings = load_settings("test", [*(f"{key}={folder / key}" for key in ("landing", "truth", "lake")), *SIZE])
    generate_some_sources(settings)
    landing, later = folder / "landing", folder / "later"
    shutil.move(landing / "2610", later)
    done = Refreshes(spark, settings)
    done.build("first")
    shutil.move(later, landing / "2610")
    done.build("month")
    _correct(landing / "2610" / "sigfaible_cotisdues.csv.gz", landing / "2610_01")
    done.build("correction")
    done.build("nothing new")
    done.build("rebuilt", rebuild=True)
    return done


def _correct(delivered: Path, folder: Path) -> None:
    """A second delivery of the month in which half of the contributions are missing."""
    lines = gzip.decompress(delivered.read_bytes()).decode("utf-8").splitlines(keepends=True)
    folder.mkdir()
    (folder / delivered.name).write_bytes(gzip.compress("".join([lines[0], *lines[1::2]]).encode("utf-8")))


def months(files: Files) -> set[str]:
    return {uri.split("periode=")[1].split("/")[0] for uri in files}


@pytest.mark.parametrize("path", TABLES)
def test_a_refresh_writes_one_month_and_leaves_the_others_as_they_are(refreshes: Refreshes, path: str) -> None:
    before, after = refreshes.files["first"][path], refreshes.files["month"][path]
    assert before.items() <= after.items()  # the same files, the same bytes
    added = {uri: digest for uri, digest in after.items() if uri not in before}
    assert months(added) == {"2026-10-01"}
    assert len(added) == 1 or path not in PANELS  # each worker writes its own file of signals


@pytest.mark.parametrize("path", TABLES)
def test_a_correction_rewrites_the_months_from_its_own_on(refreshes: Refreshes, path: str) -> None:
    before, after = refreshes.files["month"][path], refreshes.files["correction"][path]
    changed = {uri: digest for uri, digest in before.items() if after.get(uri) != digest}
    assert months(changed) == {"2026-10-01"}
    why = "2610_01" if path in PANELS else "was changed from 2026-10 on"
    assert any(why in text and path in text for text in refreshes.said["correction"])
    old, new = (refreshes.rows[name][path]["cotisation"].sum() for name in ("month", "correction"))
    assert old != new
    assert refreshes.files["nothing new"][path] == after


@pytest.mark.parametrize("path", TABLES)
def test_month_after_month_is_what_a_whole_build_gives(refreshes: Refreshes, path: str) -> None:
    pd.testing.assert_frame_equal(refreshes.rows["correction"][path], refreshes.rows["rebuilt"][path])


@pytest.mark.parametrize("path", TABLES)
def test_the_months_are_there_once_each(refreshes: Refreshes, path: str) -> None:
    rows = refreshes.rows["correction"][path]
    assert not rows.duplicated([TABLES[path], "periode"]).any()
    assert str(rows["periode"].max()) == "2026-10-01"


def test_a_month_reads_the_months_of_its_windows_and_no_other(refreshes: Refreshes, tmp_path: Path) -> None:
    lake, month = str(tmp_path), date(2026, 10, 1)
    for table in PANELS:
        shutil.copytree(Path(refreshes.settings.lake, table), tmp_path / table)
    catalogue = catalogue_from({"families": {"few": {"measures": ["effectif"], "max": [3]}}})
    older = [path for path in tmp_path.rglob("*.parquet") if path.parent.name < "periode=2026-08-01"]
    assert len(older) > 2 * 20  # of each panel, two years less three months
    for file in older:
        file.unlink()
    plans = {key: plan(lake, each, Read()) for key, each in signal_recipes(refreshes.settings).items()}
    write_signals(refreshes.spark, plans, catalogue, Months(month, month, whole=False), 250_000, print)
    for path, key in SIGNALS.items():
        rows = DeltaTable(f"{lake}/{path}").to_pyarrow_table().to_pandas().sort_values(key).reset_index(drop=True)
        whole = refreshes.rows["rebuilt"][path]
        whole = whole[whole["periode"] == month].reset_index(drop=True)
        assert rows["effectif_max3m"].notna().any()
        pd.testing.assert_frame_equal(rows, whole[rows.columns])


def test_the_audit_names_a_measure_that_has_lost_its_delay(
    refreshes: Refreshes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_early(cotisation: DataFrame, cutoff_day: int, first_month: int | None) -> DataFrame:
        leaky = cotisation.withColumn("known_on", F.col("periode_debut"))
        return postings.cotisation_postings(leaky, cutoff_day, first_month)

    lake = tmp_path / "lake"
    shutil.copytree(refreshes.settings.lake, lake)
    settings = refreshes.settings.model_copy(update={"lake": str(lake)})
    monkeypatch.setattr(panel_build, "cotisation_postings", too_early)
    options = argparse.Namespace(rebuild=True, page=None)
    for job in (build_panel, build_signals):
        assert job.run(refreshes.spark, settings, options, lambda text: None) == 0
    code, said = audited(refreshes.spark, settings, "--month", "2026-05")
    assert code == 1
    assert re.search(r"[1-9]\d{3,} cells compared, [1-9]\d* differ: ", said[-1])
    rows = DeltaTable(str(lake / "monitoring/audit")).to_pyarrow_table().to_pandas()
    assert set(rows.loc[rows["cells"] > 0, "table"]) == set(TABLES)  # the panel, and what is computed from it
    named = set(rows.loc[rows["cells"] > 0, "column"])
    assert {"cotisation", "cotisation_mean3m"} <= named
    # Everything else of these rows was rebuilt too, and is the same.
    assert not named & {"dette", "nb_ecarts_negatifs", "effectif", "age_mois", "est_dans_perimetre", "en_procedure"}


def audited(spark: SparkSession, settings: Settings, *arguments: str) -> tuple[int, list[str]]:
    said: list[str] = []
    return audit.run(spark, settings, audit.parser().parse_args(arguments), said.append), said
