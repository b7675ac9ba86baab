"""Proceedings and CCSF: the last event, month by month."""

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.compat.series import ARRIVAL, Series
from sf_spark.domain.calendar import index_of, month_index
from sf_spark.domain.stages import ABANDON, FIN, LIQUIDATION, PLAN, REDRESSEMENT, SAUVEGARDE

IN_BONIS = "in_bonis"


def add_procol(rows: DataFrame, procol: DataFrame, series: Series) -> DataFrame:
    """Add etat_proc_collective, date_proc_collective and tag_failure (true from the first failure on, or null)."""
    events = procol.select("siret", "date_effet", *ARRIVAL, state_of_event().alias("etat")).where("etat is not null")
    happened = _clamped(month_index(F.col("date_effet")), series.debut)
    monthly = events.groupBy("siret", happened.alias("mois")).agg(
        F.max(F.struct("date_effet", *ARRIVAL, "etat")).alias("_event"),
        F.max(F.col("etat") != IN_BONIS).alias("_failed"),
    )
    so_far = Window.partitionBy("siret").orderBy("mois").rowsBetween(Window.unboundedPreceding, 0)
    joined = rows.join(monthly, on=["siret", "mois"], how="left")
    followed = joined.select(
        *rows.columns, F.max("_event").over(so_far).alias("_event"), F.max("_failed").over(so_far).alias("_failed")
    )
    return followed.select(
        *rows.columns,
        F.coalesce("_event.etat", F.lit(IN_BONIS)).alias("etat_proc_collective"),
        F.col("_event.date_effet").alias("date_proc_collective"),
        F.when(F.col("_failed"), True).alias("tag_failure"),
    )


def state_of_event() -> Column:
    """The state after an event; null for an ignored event."""
    action, stage = F.col("action_procol"), F.coalesce("stade_procol", F.lit(""))
    return (
        F.when((action == LIQUIDATION) & (stage != ABANDON), "liquidation")
        .when(stage.isin(ABANDON, FIN), IN_BONIS)
        .when((action == REDRESSEMENT) & (stage == PLAN), "continuation")
        .when((action == SAUVEGARDE) & (stage == PLAN), "sauvegarde")
        .when(action == SAUVEGARDE, "plan_sauvegarde")
        .when(action == REDRESSEMENT, "plan_redressement")
    )


def add_ccsf(rows: DataFrame, ccsf: DataFrame, series: Series) -> DataFrame:
    """Add date_ccsf, the latest treatment strictly before the month; null if none."""
    seen = _clamped(month_index(F.col("date_traitement")) + 1, series.debut)
    monthly = ccsf.groupBy("siret", seen.alias("mois")).agg(F.max("date_traitement").alias("_date"))
    so_far = Window.partitionBy("siret").orderBy("mois").rowsBetween(Window.unboundedPreceding, 0)
    joined = rows.join(monthly, on=["siret", "mois"], how="left")
    return joined.select(*rows.columns, F.max("_date").over(so_far).alias("date_ccsf"))


def _clamped(month: Column, debut: date) -> Column:
    return F.greatest(month, F.lit(index_of(debut)))
