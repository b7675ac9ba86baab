"""Debts to URSSAF: one line for an operation on an *écart négatif*; amounts are the balance after it."""

from functools import partial

import polars as pl

from sf_spark.domain.timing import URSSAF_DAY
from sf_spark.landing import dates, numbers
from sf_spark.landing.rules import Rules, unprintable, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import boolean, filled

_BEFORE_2020 = (
    *("num_cpte", "num_ecn", "dt_trt_ecn", "mt_po", "mt_pp", "num_hist_ecn", "etat_cpte", "cd_pro_col", "periode"),
    *("cd_op_ecn", "motif_ecn"),
)
_SINCE_2020 = (*_BEFORE_2020, "recours_en_cours")


def clean(has_appeal: bool = True) -> Rules:
    """Type the lines: balances from centimes to euros; an empty balance, date, period or boolean rejects the line.

    Pending appeals (``recours_en_cours``) are delivered since February 2020, and unknown before.
    """
    first, after, odd, digits = (
        pl.col("_periode").struct.field(name) for name in ("debut", "fin", "atypique", "chiffres")
    )
    treated, appeal = pl.col("_dt_trt_ecn"), pl.col("_recours_en_cours")
    balances = {name: pl.col(f"_{name}") for name in ("mt_po", "mt_pp")}
    integers = {name: pl.col(f"_{name}") for name in ("num_hist_ecn", "etat_cpte")}
    return Rules(
        columns={
            "siret": pl.col("siret"),
            "numero_compte": filled(pl.col("num_cpte")),
            "numero_ecart_negatif": filled(pl.col("num_ecn")),
            "numero_historique": integers["num_hist_ecn"],
            "date_traitement": treated,
            "periode_prise_en_compte": dates.counted_month(treated, URSSAF_DAY),
            "periode_debut": first,
            "periode_fin": after,
            "est_periode_atypique": odd,
            "part_ouvriere": numbers.euros(balances["mt_po"]),
            "part_patronale": numbers.euros(balances["mt_pp"]),
            "etat_compte": integers["etat_cpte"],
            "code_procedure_collective": filled(pl.col("cd_pro_col")),
            "code_operation_ecart_negatif": filled(pl.col("cd_op_ecn")),
            "code_motif_ecart_negatif": filled(pl.col("motif_ecn")),
            "recours_en_cours": appeal,
            "debit_id": pl.concat_str(pl.col("siret"), digits, pl.col("num_ecn")),
        },
        checks=(
            unprintable("num_cpte"),
            unprintable("num_ecn"),
            unreadable("periode", first, "bad_period", "a period YYQM or YYYYQM", required=True),
            unreadable("dt_trt_ecn", treated, "bad_date", "a date (A)AAMMJJ", required=True),
            # The reference loader crashes on an empty balance: there is no amount to keep.
            *(
                unreadable(name, value, "bad_number", "an amount in centimes", required=True)
                for name, value in balances.items()
            ),
            *(unreadable(name, value, "bad_integer", "an integer") for name, value in integers.items()),
            unreadable("recours_en_cours", appeal, "bad_boolean", "0 or 1", required=has_appeal),
        ),
        read={
            "_periode": dates.urssaf_period(pl.col("periode")),
            "_dt_trt_ecn": dates.aammjj_date(pl.col("dt_trt_ecn")),
            **{f"_{name}": numbers.number(pl.col(name)) for name in balances},
            **{f"_{name}": numbers.integer(pl.col(name)) for name in integers},
            "_recours_en_cours": boolean(pl.col("recours_en_cours")),
        },
    )


def known_on() -> pl.Expr:
    """The accounting date of the operation."""
    return pl.col("date_traitement")


SOURCE = Source(
    name="debit",
    description="debts by operation, URSSAF",
    file_pattern=r".*_debits.*\.csv",
    delimiter=";",
    layouts=(
        Layout("2025-12", ("siret", *_SINCE_2020)),
        Layout("2020-02", _SINCE_2020, by_account=True),
        Layout("2018", _BEFORE_2020, by_account=True, clean=partial(clean, has_appeal=False)),
    ),
    account_date="periode_debut",
    key_column="siret",
    natural_key=(
        *("siret", "numero_compte", "periode_debut", "periode_fin", "numero_ecart_negatif"),
        *("numero_historique", "date_traitement"),
    ),
    clean=clean,
    known_on=known_on,
    money=("part_ouvriere", "part_patronale"),
)
