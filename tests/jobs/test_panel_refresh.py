"""A monthly refresh writes one month and touches no earlier file; a correction rewrites its own months, unasked."""

import argparse
import gzip
import hashlib
import shutil
from pathlib import Path

import pandas as pd
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs import build_panel, generate, ingest
from sf_spark.settings import Settings, load_settings

SIZE = ("generate.entreprises=60", "generate.annees=2", "generate.monthly_deliveries=1", "generate.last_batch=2610")
PANELS = {"panel/etablissement": "siret", "panel/entreprise": "siren"}
Files = dict[str, str]


class Refreshes:
    """A lake that is brought up to date delivery by delivery, and what its panels held each time."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self.spark, self.settings = spark, settings
        self.files: dict[str, dict[str, Files]] = {}
        self.rows: dict[str, dict[str, pd.DataFrame]] = {}
        self.said: dict[str, list[str]] = {}

    def build(self, name: str, rebuild: bool = False) -> None:
        """Take in what was delivered, build the panels, and note what they hold."""
        said: list[str] = []
        if not rebuild:
            assert ingest.run(self.spark, self.settings, argparse.Namespace(batch=[]), said.append) == 0
        assert build_panel.run(self.spark, self.settings, argparse.Namespace(rebuild=rebuild), said.append) == 0
        self.said[name] = said
        self.files[name] = {path: self._files(path) for path in PANELS}
        self.rows[name] = {path: self._rows(path, key) for path, key in PANELS.items()}

    def _files(self, path: str) -> Files:
        table = DeltaTable(f"{self.settings.lake}/{path}")
        return {uri: hashlib.sha256(Path(uri).read_bytes()).hexdigest() for uri in table.file_uris()}

    def _rows(self, path: str, key: str) -> pd.DataFrame:
        rows = DeltaTable(f"{self.settings.lake}/{path}").to_pyarrow_table().to_pandas()
        return rows.sort_values([key, "periode"]).reset_index(drop=True)


@pytest.fixture(scope="module")
def refreshes(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Refreshes:
    folder = tmp_path_factory.mktemp("refresh")
    settings = load_settings("test", [*(f"{key}={folder / key}" for key in ("landing", "truth", "lake")), *SIZE])
    generate.run(settings, argparse.Namespace(), lambda text: None)
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


@pytest.mark.parametrize("path", PANELS)
def test_a_refresh_writes_one_month_and_leaves_the_others_as_they_are(refreshes: Refreshes, path: str) -> None:
    before, after = refreshes.files["first"][path], refreshes.files["month"][path]
    assert before.items() <= after.items()  # the same files, the same bytes
    added = {uri: digest for uri, digest in after.items() if uri not in before}
    assert (months(added), len(added)) == ({"2026-10-01"}, 1)


@pytest.mark.parametrize("path", PANELS)
def test_a_correction_rewrites_the_months_from_its_own_on(refreshes: Refreshes, path: str) -> None:
    before, after = refreshes.files["month"][path], refreshes.files["correction"][path]
    changed = {uri: digest for uri, digest in before.items() if after.get(uri) != digest}
    assert months(changed) == {"2026-10-01"}
    assert any("2610_01" in text and path in text for text in refreshes.said["correction"])
    old, new = (refreshes.rows[name][path]["cotisation"].sum() for name in ("month", "correction"))
    assert old != new
    assert refreshes.files["nothing new"][path] == after


@pytest.mark.parametrize("path", PANELS)
def test_month_after_month_is_what_a_whole_build_gives(refreshes: Refreshes, path: str) -> None:
    pd.testing.assert_frame_equal(refreshes.rows["correction"][path], refreshes.rows["rebuilt"][path])


@pytest.mark.parametrize("path", PANELS)
def test_the_months_are_there_once_each(refreshes: Refreshes, path: str) -> None:
    rows = refreshes.rows["correction"][path]
    assert not rows.duplicated([PANELS[path], "periode"]).any()
    assert str(rows["periode"].max()) == "2026-10-01"
