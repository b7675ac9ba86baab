"""A lake of three establishments and three batches, brought through what befalls lakes; Spark plans it a few times."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from sf_spark.settings import Settings, load_settings
from sf_spark.staging.intake import take_in
from sf_spark.steps.build_labels import build_labels
from sf_spark.steps.build_panel import build_panel
from sf_spark.steps.build_signals import build_signals
from sf_spark.steps.ingest import ingest
from tests.steps.remembered import remembered_panels

SITES = ("01234567800011", "01234567800029", "98765432100010")
DUES, PROCEEDINGS = "sigfaible_cotisdues.csv", "sigfaible_pcoll.csv"
PANELS = ("panel/etablissement", "panel/entreprise")
SIGNALS = ("signals/etablissement", "signals/entreprise")
DERIVED = (*PANELS, *SIGNALS, "signals/dictionary", "labels/entreprise")
Rows = list[dict[str, Any]]


def dues(*amounts: int) -> str:
    """Contributions of each establishment for each month from October 2023 on, known on the 20th of the next one."""
    months = ("202341", "202342", "202343", "202411", "202412")  # as URSSAF writes them: year, quarter, month in it
    lines = [
        f"671;14;{site};c{rank};{month};5;0;{amount + rank}"
        for rank, site in enumerate(SITES)
        for month, amount in zip(months, amounts, strict=False)
    ]
    return "\n".join(["Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due", *lines]) + "\n"


@dataclass
class SmallLake:
    """A lake, its landing folder, and the steps on them."""

    spark: SparkSession
    folder: Path
    overrides: tuple[str, ...] = ()
    said: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        places = [f"{key}={self.folder / key}" for key in ("lake", "landing", "truth")]
        return load_settings("test", [*places, "signals.families=[cotisations]", *self.overrides])

    def with_settings(self, *overrides: str) -> "SmallLake":
        return SmallLake(self.spark, self.folder, overrides)

    def copied(self, folder: Path) -> "SmallLake":
        shutil.copytree(self.folder, folder, copy_function=shutil.copyfile)  # with the times of now
        return SmallLake(self.spark, folder, self.overrides)

    def deliver(self, batch: str, name: str, text: str) -> None:
        place = self.folder / "landing" / batch
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)

    def ingest(self) -> None:
        assert ingest(self.spark, self.settings, self.said.append) == 0

    def take(self, batch: str) -> None:
        take_in(self.spark, self.settings, batch, self.said.append)

    def panels(self, rebuild: bool = False) -> list[str]:
        with remembered_panels():
            return self._run(build_panel, rebuild=rebuild)

    def signals(self, rebuild: bool = False) -> list[str]:
        return self._run(build_signals, rebuild=rebuild)

    def labels(self) -> list[str]:
        return self._run(build_labels)

    def _run(self, step: Callable[..., int], **more: bool) -> list[str]:
        said: list[str] = []
        assert step(self.spark, self.settings, said.append, **more) == 0
        return said

    def rows(self, table: str) -> Rows:
        found = DeltaTable(f"{self.settings.lake}/{table}").to_pyarrow_table().to_pylist()
        return sorted(found, key=repr)

    def files(self, table: str) -> set[str]:
        return {Path(uri).name for uri in DeltaTable(f"{self.settings.lake}/{table}").file_uris()}

    def version(self, table: str) -> int:
        return DeltaTable(f"{self.settings.lake}/{table}").version()


@pytest.fixture(scope="package")
def built(spark: SparkSession, once_a_run: Callable[..., Path]) -> SmallLake:
    """Two batches taken in, everything built. Copy it before anything is changed."""

    def build(folder: Path) -> None:
        lake = SmallLake(spark, folder)
        lake.deliver("2401", DUES, dues(100, 100, 100))
        lake.deliver(
            "2401", PROCEEDINGS, "siret;dt_effet;lib_actx_stdx\n98765432100010;26JAN2024;ouverture_redressement\n"
        )
        lake.deliver("2402", DUES, dues(100, 100, 100, 70))
        lake.ingest()
        lake.panels(), lake.signals(), lake.labels()

    return SmallLake(spark, once_a_run("small_lake", build))


@pytest.fixture
def lake(built: SmallLake, tmp_path: Path) -> SmallLake:
    """A copy of the built lake."""
    return built.copied(tmp_path / "lake")
