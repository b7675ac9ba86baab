"""URSSAF accounts: which establishment an account belongs to, until which day. Needed by files before December 2025.

An account's establishments stand in order of their closing day; one still open closes in 2899. At a day, the account
belongs to the first that closes later. Creation is not looked at: the first establishment covers all earlier days.

    account abc: A closes 2015-01-01, B closes 2016-01-01

    day           establishment
    2014-12-31    A
    2015-01-01    B
    2016-01-01    none: the line is skipped
"""

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark import calendar
from sf_spark.columns import filled, is_siret
from sf_spark.sources import register
from sf_spark.sources.checks import or_else, problem, problems, unreadable
from sf_spark.sources.source import Layout, Source

STILL_OPEN = date(2899, 1, 1)
STARTING_WITH_SIRET = ("debit_id",)  # identifiers made when the SIRET was not known yet: it goes before them


def clean(df: DataFrame) -> DataFrame:
    """Type the lines: one for an account and an establishment; no closing day means still open."""
    closing = F.when(F.col("date_disp_siret") == "", F.lit(STILL_OPEN)).otherwise(
        calendar.aammjj_date(F.col("date_disp_siret"))
    )
    return df.select(
        "_line",
        "_raw",
        filled(F.col("compte")).alias("numero_compte"),
        F.col("siret"),
        closing.alias("date_fermeture"),
        problems(
            unreadable(F.col("date_disp_siret"), closing, "bad_date", "date_disp_siret", "a date (A)AAMMJJ"),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def gather(typed: DataFrame, first: date, after: date) -> DataFrame:
    """One record for each account: its establishments in ``_tuples``.

    An account without an establishment in one of the months from ``first`` to before ``after`` is rejected, though the
    months that have one keep it. Lines with a provisional SIRET do not count; an account with no other is skipped.
    """
    site = F.struct("date_fermeture", "siret")
    known = F.array_sort(F.collect_list(F.when(is_siret(F.col("siret")), site)))
    errors = F.flatten(F.collect_list("_errors"))
    gathered = typed.groupBy("numero_compte").agg(
        F.min("_line").alias("_line"),
        F.array_join(F.transform(F.array_sort(F.collect_list(F.struct("_line", "_raw"))), _text), "\n").alias("_raw"),
        F.flatten(F.collect_list("_framing")).alias("_framing"),
        errors.alias("_errors"),
        known.alias("_tuples"),
    )
    last_month = calendar.start_of(calendar.index_of(after) - 1)
    latest = F.try_element_at("_tuples", F.lit(-1))["date_fermeture"]
    uncovered = problem(
        F.lit(first < after) & (latest <= F.lit(last_month)),
        "no_siret",
        "siret",
        F.col("numero_compte"),
        f"an account with a SIRET in every month up to {last_month:%Y-%m}",
    )
    return gathered.select(
        "_line",
        "_raw",
        "_framing",
        "numero_compte",
        "_tuples",
        or_else(F.col("_errors"), uncovered).alias("_errors"),
        F.when(F.size("_tuples") == 0, F.lit("provisional_siret")).alias("_skip"),
    )


def with_siret(typed: DataFrame, accounts: DataFrame, day: str) -> DataFrame:
    """Typed lines that know an account only, with the SIRET it had on a day; without one the line is skipped.

    Args:
        typed: ``numero_compte``, an empty ``siret``, the column ``day``.
        accounts: See :func:`by_account`.
        day: Name of the column that dates the search. A line whose day cannot be read is skipped only when its account
            is not known at all; else it is left to its own errors.
    """
    joined = typed.join(F.broadcast(accounts), on="numero_compte", how="left")
    found = F.get(F.filter("_sites", lambda site: F.col(day) < site["date_fermeture"]), F.lit(0))["siret"]
    siret = F.coalesce(found, F.lit(""))
    nowhere = F.col("_sites").isNull() | (F.col(day).isNotNull() & found.isNull())
    changed = {
        "siret": siret,
        **{name: F.concat(siret, name) for name in STARTING_WITH_SIRET},
        "_skip": F.when(nowhere, F.lit("no_siret")).otherwise(F.col("_skip")),
    }
    return joined.select(*(changed.get(name, F.col(name)).alias(name) for name in typed.columns))


def by_account(rows: DataFrame) -> DataFrame:
    """The establishments of each account: ``numero_compte, _sites`` (in order of closing day)."""
    sites = F.array_sort(F.collect_list(F.struct("date_fermeture", "siret")))
    return rows.groupBy("numero_compte").agg(sites.alias("_sites"))


def latest_file(rows: DataFrame, account: str) -> DataFrame:
    """Of an account in several files of one delivery, the establishments that the last file gives."""
    last = Window.partitionBy(account)
    return rows.withColumn("_last", F.max("_file").over(last)).where(F.col("_file") == F.col("_last")).drop("_last")


def known_on() -> Column:
    """Before all: an account is not dated, and is needed for its oldest contributions."""
    return F.lit(register.BEFORE_ALL).cast("date")


def _text(line: Column) -> Column:
    return line["_raw"]


SOURCE = Source(
    name="comptes",
    description="URSSAF accounts and their establishments, until December 2025",
    file_pattern=r"sigfaible_etablissement_utf8\.csv",
    delimiter=";",
    layouts=(Layout("2019-07", ("compte", "siret", "date_disp_siret")),),
    key_column="numero_compte",
    key_pattern=r"^.+\z",
    natural_key=("numero_compte", "siret"),
    clean=clean,
    known_on=known_on,
    emits_rejected=True,
    fatal_codes=("encoding", "bare_quote", "extraneous_quote", "unclosed_quote", "field_count", "bad_date"),
    gather=gather,
)
