"""Lists that flag companies: aided by a plan, in a territory of a programme, in a sector under restrictions.

One line for a flag on a SIREN, a SIRET, a commune or an activity, from a day to a day.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import calendar
from sf_spark.sources import register
from sf_spark.sources.checks import problem, problems, unreadable
from sf_spark.sources.source import Layout, Source

# What a code of each type looks like: an activity may be a division (55), a group (55.1) or a whole code (55.10Z).
_CODES = {
    "siren": r"^[0-9]{9}\z",
    "siret": r"^[0-9]{14}\z",
    "commune": r"^[0-9][0-9A-B][0-9]{3}\z",
    "naf": r"^[0-9]{2}(\.[0-9]{1,2}[A-Z]?)?\z",
}


def clean(df: DataFrame) -> DataFrame:
    """Type the lines: without a first day the flag holds from ever, without a last one to this day."""
    days = {column: calendar.iso_date(F.col(column)) for column in ("debut", "fin")}
    fits = F.lit(False)
    for kind, pattern in _CODES.items():
        fits = fits | ((F.col("type") == kind) & F.col("code").rlike(pattern))
    return df.select(
        "_line",
        "_raw",
        F.col("type"),
        F.col("code"),
        F.col("drapeau"),
        *(value.alias(f"date_{name}") for name, value in days.items()),
        problems(
            problem(~F.col("type").isin(*_CODES), "bad_code", "type", F.col("type"), f"one of {', '.join(_CODES)}"),
            problem(F.col("type").isin(*_CODES) & ~fits, "bad_code", "code", F.col("code"), "a code of its type"),
            *(unreadable(F.col(name), value, "bad_date", name, "a date AAAA-MM-JJ") for name, value in days.items()),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """The first day of the flag; the 1st of January 1900 without one."""
    return F.coalesce(F.col("date_debut"), F.lit(register.BEFORE_ALL).cast("date"))


SOURCE = Source(
    name="contexte",
    description="lists that flag companies, places or activities",
    file_pattern=r"contexte_.*\.csv",
    delimiter=";",
    layouts=(Layout("open", ("type", "code", "drapeau"), optional=("debut", "fin"), byte_order_mark=True),),
    key_column="drapeau",
    key_pattern=r"^[a-z0-9_]+\z",
    natural_key=("type", "code", "drapeau", "date_debut"),
    clean=clean,
    known_on=known_on,
    delivery="increment",
)
