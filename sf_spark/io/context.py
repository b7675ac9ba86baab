"""What reading a file may need of those taken in before: accounts, the perimeter, the months of the series."""

from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.calendar import CUTOFF_DAY, batch_date
from sf_spark.errors import BrokenFileError
from sf_spark.io.delta import exists, read_table
from sf_spark.schema import staged
from sf_spark.settings import Settings
from sf_spark.sources.comptes import by_account
from sf_spark.sources.perimetre import NEVER_FILTERED, PerimeterRules, perimeter


@dataclass
class Context:
    """Facts in force, read from the staged tables when a file first asks for them."""

    spark: SparkSession
    settings: Settings
    _inside: dict[str, DataFrame | None] = field(default_factory=dict)

    def accounts(self, file_name: str) -> DataFrame:
        """The establishments of each URSSAF account: see :mod:`sf_spark.sources.comptes`.

        Raises:
            BrokenFileError: When no file of accounts has been delivered.
        """
        rows = self._in_force("comptes")
        if rows is None:
            raise BrokenFileError(
                f"{file_name} knows accounts and no SIRET: sigfaible_etablissement_utf8.csv is needed, "
                "in this batch or an earlier one"
            )
        return by_account(rows)

    def series(self, batch: str) -> tuple[date, date]:
        """The first month of the series, and the one after its last: the batch's own."""
        return self.settings.ingest.date_debut, batch_date(batch, CUTOFF_DAY).replace(day=1)

    def perimeter(self, source: str) -> DataFrame | None:
        """``siren`` of the companies inside; None when everybody is, or for a source that is never filtered."""
        choice = self.settings.ingest.perimetre
        if source in NEVER_FILTERED or choice == "off" or (choice == "computed" and source == "effectif_ent"):
            return None
        if choice not in self._inside:
            self._inside[choice] = self._in_force("filter") if choice == "filter" else self._computed()
        return self._inside[choice]

    def _computed(self) -> DataFrame | None:
        headcounts, panel = self._in_force("effectif_ent"), self.settings.panel
        if headcounts is None:
            return None
        rules = PerimeterRules(
            panel.perimeter_effectif,
            panel.perimeter_months,
            panel.categories_juridiques,
            panel.activites,
            panel.siege_en_france,
        )
        return perimeter(headcounts, self._in_force("sirene_ul"), self._in_force("sirene"), rules)

    def _in_force(self, source: str) -> DataFrame | None:
        if not exists(self.spark, self.settings.lake, staged(source)):
            return None
        return read_table(self.spark, self.settings.lake, staged(source)).where(F.col("superseded_on").isNull())
