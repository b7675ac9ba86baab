"""Debts to URSSAF: one line for an operation on an *écart négatif*; amounts are the balance after it."""

from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import arithmetic, calendar
from sf_spark.columns import filled
from sf_spark.sources.checks import problems, unreadable
from sf_spark.sources.source import Layout, Source

_BEFORE_2020 = (
    *("num_cpte", "num_ecn", "dt_trt_ecn", "mt_po", "mt_pp", "num_hist_ecn", "etat_cpte", "cd_pro_col", "periode"),
    *("cd_op_ecn", "motif_ecn"),
)
_SINCE_2020 = (*_BEFORE_2020, "recours_en_cours")


def clean(df: DataFrame, has_appeal: bool = True) -> DataFrame:
    """Type the lines: balances from centimes to euros; an empty balance, date, period or boolean rejects the line.

    Pending appeals (``recours_en_cours``) are delivered since February 2020, and unknown before.
    """
    df = df.withColumns(
        {
            "_period": calendar.urssaf_period(F.col("periode")),
            "_treated": calendar.aammjj_date(F.col("dt_trt_ecn")),
            **{f"_{column}": arithmetic.number(F.col(column)) for column in ("mt_po", "mt_pp")},
            **{f"_{column}": arithmetic.integer(F.col(column)) for column in ("num_hist_ecn", "etat_cpte")},
            "_appeal": arithmetic.boolean(F.col("recours_en_cours")),
        }
    )
    period, treated, appeal = (F.col(name) for name in ("_period", "_treated", "_appeal"))
    balances = {column: F.col(f"_{column}") for column in ("mt_po", "mt_pp")}
    integers = {column: F.col(f"_{column}") for column in ("num_hist_ecn", "etat_cpte")}
    first, after = period["debut"], period["debut"] + period["mois"]
    return df.select(
        "_line",
        "_raw",
        F.col("siret"),
        filled(F.col("num_cpte")).alias("numero_compte"),
        filled(F.col("num_ecn")).alias("numero_ecart_negatif"),
        integers["num_hist_ecn"].alias("numero_historique"),
        treated.alias("date_traitement"),
        calendar.month_start(calendar.known_month(treated)).alias("periode_prise_en_compte"),
        calendar.month_start(first).alias("periode_debut"),
        calendar.month_start(after).alias("periode_fin"),
        calendar.is_odd_period(F.col("periode")).alias("est_periode_atypique"),
        (balances["mt_po"] / 100).alias("part_ouvriere"),
        (balances["mt_pp"] / 100).alias("part_patronale"),
        integers["etat_cpte"].alias("etat_compte"),
        filled(F.col("cd_pro_col")).alias("code_procedure_collective"),
        filled(F.col("cd_op_ecn")).alias("code_operation_ecart_negatif"),
        filled(F.col("motif_ecn")).alias("code_motif_ecart_negatif"),
        appeal.alias("recours_en_cours"),
        F.concat("siret", calendar.month_digits(first), calendar.month_digits(after), "num_ecn").alias("debit_id"),
        problems(
            unreadable(F.col("periode"), period, "bad_period", "periode", "a period YYQM or YYYYQM", required=True),
            unreadable(F.col("dt_trt_ecn"), treated, "bad_date", "dt_trt_ecn", "a date (A)AAMMJJ", required=True),
            # The reference loader crashes on an empty balance: there is no amount to keep.
            *(
                unreadable(F.col(column), value, "bad_number", column, "an amount in centimes", required=True)
                for column, value in balances.items()
            ),
            *(
                unreadable(F.col(column), value, "bad_integer", column, "an integer")
                for column, value in integers.items()
            ),
            unreadable(
                F.col("recours_en_cours"), appeal, "bad_boolean", "recours_en_cours", "0 or 1", required=has_appeal
            ),
        ).alias("_errors"),
        F.lit(None).cast("string").alias("_skip"),
    )


def known_on() -> Column:
    """The accounting date of the operation."""
    return F.col("date_traitement")


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
