"""Ratios of the Banque de France: one line for a company and a balance sheet."""

import polars as pl

from sf_spark.domain.ratios import RATIOS_BDF
from sf_spark.domain.timing import BILANS_DELAY_MONTHS
from sf_spark.landing import dates, numbers
from sf_spark.landing.rules import Rules, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import filled

# Column of the file, in the order of the ratios.
_COLUMNS = ("poids_frng", "tx_marge", "delai_frs", "poids_dfisc_soc", "poids_fin_ct", "poids_frais_fin")
RATIOS = dict(zip(_COLUMNS, RATIOS_BDF, strict=True))


def clean() -> Rules:
    """Type the lines: ratios in percent (days for suppliers), unknown where empty; blanks in the SIREN are removed."""
    closing, year = pl.col("_arrete_bilan"), pl.col("_annee")
    ratios = {name: pl.col(f"_{name}") for name in RATIOS}
    return Rules(
        columns={
            "siren": pl.col("d1").str.replace_all(" ", "", literal=True),
            "annee_bdf": year,
            "arrete_bilan_bdf": closing,
            "raison_sociale": filled(pl.col("denom")),
            "secteur": filled(pl.col("secteur")),
            **{RATIOS[name]: value for name, value in ratios.items()},
        },
        checks=(
            unreadable("annee", year, "bad_integer", "a year"),
            unreadable("arrete_bilan", closing, "bad_date", "a date JJMMMAAAA", required=True),
            *(unreadable(name, value, "bad_number", "a number") for name, value in ratios.items()),
        ),
        read={
            "_annee": numbers.integer(pl.col("annee")),
            "_arrete_bilan": dates.bilan_date(pl.col("arrete_bilan")),
            **{f"_{name}": numbers.number(pl.col(name), comma=True, thousands=True) for name in RATIOS},
        },
    )


def known_on() -> pl.Expr:
    """Seven months after the closing day."""
    return dates.months_later(pl.col("arrete_bilan_bdf"), BILANS_DELAY_MONTHS)


SOURCE = Source(
    name="bdf",
    description="company ratios, Banque de France",
    file_pattern=r"(?i).*bdf.*\.csv",
    delimiter=";",
    layouts=(Layout("2019-11", ("d1", "annee", "arrete_bilan", "denom", "secteur", *RATIOS)),),
    key_column="siren",
    natural_key=("siren", "arrete_bilan_bdf"),
    clean=clean,
    known_on=known_on,
    lazy_quotes=True,
    delivery="increment",
)
