"""Facts taken in before that reading a file may need: accounts, the perimeter, the months of the series."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.calendar import batch_date
from sf_spark.domain.naf_bridge import with_own_codes
from sf_spark.errors import BrokenFileError
from sf_spark.lake.files import is_table, table_at
from sf_spark.lake.tables import location, read_table
from sf_spark.schema import staged
from sf_spark.settings import Settings
from sf_spark.staging.perimetre import NEVER_FILTERED, PerimeterRules, perimeter


@dataclass
class KnownFacts:
    """Facts in force, read from the staged tables when a file first asks for them."""

    spark: SparkSession
    settings: Settings
    _inside: dict[str, np.ndarray | None] = field(default_factory=dict)

    def accounts(self, file_name: str) -> pa.Table:
        """The establishments of each URSSAF account: see :mod:`sf_spark.landing.accounts`.

        Raises:
            BrokenFileError: When no file of accounts was delivered.
        """
        folder = location(self.settings.lake, staged("comptes"))
        if not is_table(folder):
            raise BrokenFileError(
                f"{file_name} knows accounts and no SIRET: sigfaible_etablissement_utf8.csv is needed, "
                "in this batch or an earlier one"
            )
        return _in_force(folder, ["numero_compte", "date_fermeture", "siret"])

    def series(self, batch: str) -> tuple[date, date]:
        """The first month of the series, and the month after its last, which is that of the batch."""
        return self.settings.ingest.date_debut, batch_date(batch).replace(day=1)

    def perimeter(self, source: str) -> np.ndarray | None:
        """SIREN of the companies inside, as sorted numbers; None: no perimeter, or the source is never filtered."""
        choice = self.settings.ingest.perimetre
        if source in NEVER_FILTERED or choice == "off" or (choice == "computed" and source == "effectif_ent"):
            return None
        if choice not in self._inside:
            self._inside[choice] = self._given() if choice == "filter" else self._computed()
        return self._inside[choice]

    def _given(self) -> np.ndarray | None:
        folder = location(self.settings.lake, staged("filter"))
        if not is_table(folder):
            return None
        return np.unique(_in_force(folder, ["siren"]).column("siren").cast(pa.int64()).to_numpy())

    def _computed(self) -> np.ndarray | None:
        headcounts, panel = self._frame("effectif_ent"), self.settings.panel
        if headcounts is None:
            return None
        rules = PerimeterRules(
            panel.perimeter_effectif,
            panel.perimeter_months,
            panel.categories_juridiques,
            panel.activites,
            panel.siege_en_france,
        )
        inside = perimeter(headcounts, self._companies(), self._frame("sirene"), rules)
        return np.sort(inside.select(F.col("siren").cast("long")).distinct().toArrow().column(0).to_numpy())

    def _companies(self) -> DataFrame | None:
        """The companies of the register in force, with their own activity in NAF rev. 2, as used by the exclusions."""
        if not is_table(location(self.settings.lake, staged("sirene_ul"))):
            return None
        versions = read_table(self.spark, self.settings.lake, staged("sirene_ul"))
        own = with_own_codes(versions, ["siren"]).where(F.col("superseded_on").isNull())
        return own.withColumn("ape", F.col("ape_propre"))

    def _frame(self, source: str) -> DataFrame | None:
        if not is_table(location(self.settings.lake, staged(source))):
            return None
        return read_table(self.spark, self.settings.lake, staged(source)).where(F.col("superseded_on").isNull())


def _in_force(folder: str, columns: list[str]) -> pa.Table:
    table = table_at(folder).to_pyarrow_table(columns=[*columns, "superseded_on"])
    return table.filter(pc.is_null(table.column("superseded_on"))).select(columns)
