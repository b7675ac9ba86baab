"""URSSAF accounts: the establishments of an account, each until a day. Needed by files before December 2025.

The establishments of an account are sorted by closing day; one still open closes in 2899. On a day, the account belongs
to the first that closes later. Creation is ignored: the first establishment covers all earlier days.

    account abc: A closes 2015-01-01, B closes 2016-01-01

    day           establishment
    2014-12-31    A
    2015-01-01    B
    2016-01-01    none: the line is skipped
"""

from datetime import date, timedelta

import polars as pl

from sf_spark.domain.timing import BEFORE_ALL
from sf_spark.landing import dates
from sf_spark.landing.rules import Check, Rules, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled

STILL_OPEN = date(2899, 1, 1)
_SITES = pl.struct("date_fermeture", "siret").filter(pl.col("siret").str.contains(r"^[0-9]{14}\z"))


def clean() -> Rules:
    """Type the lines: one for an account and an establishment; no closing day means still open."""
    closing = pl.col("_date_disp_siret")
    return Rules(
        columns={
            "numero_compte": filled(pl.col("compte")),
            "siret": pl.col("siret"),
            "date_fermeture": closing,
        },
        checks=(unreadable("date_disp_siret", closing, "bad_date", "a date (A)AAMMJJ"),),
        read={
            "_date_disp_siret": pl.when(pl.col("date_disp_siret") == "")
            .then(pl.lit(STILL_OPEN))
            .otherwise(dates.aammjj_date(pl.col("date_disp_siret")))
        },
    )


def gather(typed: pl.DataFrame, first: date, after: date) -> pl.DataFrame:
    """One record for each account, in order of its first line: its establishments in ``_tuples``.

    An account that lacks an establishment in one of the months [first, after) is rejected, but its other months are
    kept. Lines with a provisional SIRET do not count; an account without any other is skipped.

    Args:
        typed: ``_line, _raw, numero_compte, siret, date_fermeture, _errors`` of all lines of a file.
        first: First month of the series.
        after: The month after its last.
    """
    last_month = (after - timedelta(days=1)).replace(day=1)
    gathered = (
        typed.sort("_line")
        .group_by("numero_compte", maintain_order=True)
        .agg(
            pl.col("_line").first(),
            pl.col("_raw").str.join("\n"),
            pl.col("_errors").explode(empty_as_null=False, keep_nulls=False),
            _SITES.sort().alias("_tuples"),
        )
    )
    latest = pl.col("_tuples").list.last().struct.field("date_fermeture")
    uncovered = Check(
        pl.lit(first < after) & (latest <= last_month),
        "no_siret",
        "siret",
        pl.col("numero_compte"),
        f"an account with a SIRET in every month up to {last_month:%Y-%m}",
    )
    alone = uncovered.wrong.fill_null(False) & (pl.col("_errors").list.len() == 0)
    return gathered.select(
        "_line",
        "_raw",
        "numero_compte",
        "_tuples",
        pl.when(alone).then(pl.concat_list(uncovered.reason())).otherwise(pl.col("_errors")).alias("_errors"),
        pl.when(pl.col("_tuples").list.len() == 0).then(pl.lit("provisional_siret")).alias("_skip"),
    )


def known_on() -> pl.Expr:
    """The earliest day: an account has no date, and its oldest contributions need it."""
    return pl.lit(BEFORE_ALL)


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
