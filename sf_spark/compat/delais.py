"""Payment plans: the last record that covers a month replaces all others."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.compat.cotisation_dette import debt
from sf_spark.compat.series import ARRIVAL, each_month
from sf_spark.domain.calendar import month_index, month_start

_FIELDS = ("date_echeance", "duree_delai", "montant_echeancier")


def add_delais(rows: DataFrame, delai: DataFrame) -> DataFrame:
    """Add the plan of each month (days, EUR) and the deviation from a linear repayment, in shares of its amount."""
    months = each_month(month_index(F.col("date_creation")), month_index(F.col("date_echeance")))
    covered = delai.where(F.col("duree_delai") > 0).select("siret", months.alias("mois"), *ARRIVAL, *_FIELDS)
    last = covered.groupBy("siret", "mois").agg(F.max(F.struct(*ARRIVAL, *_FIELDS)).alias("_plan"))
    left = F.abs(F.datediff("_plan.date_echeance", month_start(F.col("mois"))))
    total, amount = F.col("_plan.duree_delai"), F.col("_plan.montant_echeancier")
    joined = rows.join(last, on=["siret", "mois"], how="left")
    return joined.select(
        *rows.columns,
        left.alias("delai_nb_jours_restants"),
        total.alias("delai_nb_jours_total"),
        amount.alias("delai_montant_echeancier"),
        F.try_divide(debt() - amount * left / total, amount).alias("delai_deviation_remboursement"),
    )
