"""What a panel depends on besides its tables."""

from dataclasses import dataclass, field

from pyspark.sql import Column
from pyspark.sql import functions as F

from sf_spark.domain.naf import NAF_REV2


@dataclass(frozen=True)
class Exclusions:
    """Companies outside the perimeter whatever their headcount; empty: none."""

    categories_juridiques: tuple[str, ...] = ()
    activites: tuple[str, ...] = ()  # main activity of the company, not of its head office, in NAF rev. 2: 84.11Z
    siege_en_france: bool = False  # whether a head office with a French department is required


@dataclass(frozen=True)
class PanelRules:
    """What a panel depends on besides its tables.

    Attributes:
        last_month: Index of the last month whose cut-off has passed.
        perimeter_effectif: Smallest headcount that puts a company in the perimeter.
        perimeter_months: Number of last months in which it counts.
        cutoff_day: Day of the cut-off.
        first_month: Index of the first month wanted; None for all. The rows are those that a full build gives.
        exclusions: Companies out of the perimeter.
        absent: Sources that were never delivered: their measures are unknown.
        nomenclature: Nomenclature of sections and divisions: ``naf_rev2`` or ``naf2025``. Exclusions are always in NAF
            rev. 2.
    """

    last_month: int
    perimeter_effectif: int
    perimeter_months: int
    cutoff_day: int
    first_month: int | None = None
    exclusions: Exclusions = field(default_factory=Exclusions)
    absent: frozenset[str] = frozenset()
    nomenclature: str = NAF_REV2

    def is_excluded(self) -> Column:
        """Whether a company, as known in the month, is excluded; an unknown category or activity does not exclude."""
        out = F.lit(False)
        if self.exclusions.categories_juridiques:
            out = out | F.coalesce(
                F.col("categorie_juridique").isin(*self.exclusions.categories_juridiques), F.lit(False)
            )
        if self.exclusions.activites:
            out = out | F.coalesce(F.col("ape").isin(*self.exclusions.activites), F.lit(False))
        if self.exclusions.siege_en_france and "sirene" not in self.absent:
            out = out | F.coalesce("departement", F.lit("")).isin("")
        return out
