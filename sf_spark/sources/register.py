"""Rules that the two Sirene files share: activity, nomenclature, state."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# Sirene does not date its attributes: in a first delivery they count as known since the unit was created.
BEFORE_ALL = "1900-01-01"


def activity(code: Column) -> Column:
    """The activity when it has the dotted form of NAF rev. 2 (``52.21Z``), else null."""
    return F.when(code.rlike(r"^\d{2}\.\d{2}[A-Z]\z"), code)


def skipped_nomenclature(code: Column, nomenclature: Column) -> Column:
    """Why a line is skipped: its activity is in another nomenclature than NAF rev. 2."""
    return F.when((code != "") & (nomenclature != "NAFRev2"), F.lit("nomenclature"))


def known_on() -> Column:
    """The creation of the unit; the 1st of January 1900 where it is unknown."""
    return F.coalesce(F.col("date_creation"), F.lit(BEFORE_ALL).cast("date"))
