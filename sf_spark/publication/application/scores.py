"""Lists and scores in the terms of the application. Pure.

    ours                                              the application's
    the edition in force of a month and horizon       one list, ``Mars 2026``
    fort, modere                                      Alerte seuil F1, Alerte seuil F2
    points by theme, and those of an average company  macro_expl: their sum is the score, to the last decimal
    contributions by signal                           micro_expl: in points, on the scale of their company's score

The application draws four themes; the rest (age, sector, the base of an average company) has a fifth name, so that the
sum is still the score.
"""

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

ALERTS = {"fort": "Alerte seuil F1", "modere": "Alerte seuil F2"}
NO_ALERT = "Pas d'alerte"
OTHERS = "Autres-éléments"
THEMES = {
    "dette_urssaf": "Dettes-sociales",
    "sante_financiere": "Données-financières",
    "paiement_fournisseurs": "Données-financières",
    "activite_partielle": "Recours-à-l'activité-partielle",
    "effectif": "Variation-de-l'effectif-de-l'entreprise",
}
_MONTHS = (
    *("Janvier", "Février", "Mars", "Avril", "Mai", "Juin", "Juillet", "Août", "Septembre", "Octobre", "Novembre"),
    "Décembre",
)
_DECIMALS = 10  # decimals of a score: the application's numeric(20,10)


def label_of(periode: date) -> str:
    """``Mars 2026``."""
    return f"{_MONTHS[periode.month - 1]} {periode.year}"


def in_force(detection: DataFrame, horizon: int) -> DataFrame:
    """The rows of the last edition of each month at a horizon, without companies that left the list."""
    last = F.max("edition").over(Window.partitionBy("periode"))
    rows = detection.where(F.col("horizon") == horizon).withColumn("_last", last)
    return rows.where((F.col("edition") == F.col("_last")) & F.col("rank").isNotNull()).drop("_last")


def lists(detection: DataFrame, horizon: int, cutoff_day: int) -> DataFrame:
    """``label, code, list_date``: one row a month; the date is that of the cut-off."""
    editions = (
        detection.where(F.col("horizon") == horizon).groupBy("periode").agg(F.max_by("list", "edition").alias("code"))
    )
    return editions.select(
        _label(F.col("periode")).alias("label"), "code", F.date_add("periode", cutoff_day - 1).alias("list_date")
    )


def company_score_entries(detection: DataFrame, predictions: DataFrame, horizon: int) -> DataFrame:
    """One row for each company of a list.

    Args:
        detection: ``lists/detection``.
        predictions: ``predictions/entreprise``, for contributions by signal.
        horizon: Horizon of the lists that the application shows, in months.
    """
    key = ["siren", "periode", "horizon", "model_version"]
    explained = predictions.select(*key, "contributions")
    rows = in_force(detection, horizon).join(explained, on=key, how="left")
    alerts = F.create_map(*(F.lit(part) for pair in ALERTS.items() for part in pair))
    return rows.select(
        "siren",
        _label(F.col("periode")).alias("list_name"),
        F.date_format("periode", "yyyy-MM-dd").alias("periode"),
        _decimal(F.col("score")).alias("score"),
        F.coalesce(F.try_element_at(alerts, F.col("level")), F.lit(NO_ALERT)).alias("alert"),
        *(F.col(name).cast("decimal(5,2)").alias(name) for name in ("seuil_modere", "seuil_fort")),
        F.to_json(_by_theme()).alias("macro_expl"),
        F.to_json(_by_signal()).alias("micro_expl"),
        F.col("ape").alias("code_naf"),
        "code_commune",
        F.col("region_libelle").alias("region"),
        F.date_format("periode", "yyMM").alias("batch"),
        F.concat_ws(" ", "model_name", F.concat(F.lit("v"), "model_version")).alias("algo"),
    )


def _label(periode: Column) -> Column:
    return F.concat(F.get(F.lit(list(_MONTHS)), F.month(periode) - 1), F.lit(" "), F.year(periode).cast("string"))


def _decimal(number: Column) -> Column:
    return number.cast(f"decimal(20,{_DECIMALS})")


def _by_theme() -> Column:
    """The application's themes; the fifth is the rest of the score, so that decimals add up exactly."""
    names = list(dict.fromkeys(THEMES.values()))
    totals = {name: _total([ours for ours, theirs in THEMES.items() if theirs == name]) for name in names}
    rest = _decimal(F.col("score"))
    for total in totals.values():
        rest = rest - total
    pairs = (part for name, total in totals.items() for part in (F.lit(name), total))
    return F.create_map(*pairs, F.lit(OTHERS), _decimal(rest))


def _total(themes: list[str]) -> Column:
    points = F.lit(0).cast(f"decimal(20,{_DECIMALS})")
    for theme in themes:
        points = points + F.coalesce(_decimal(F.try_element_at("points", F.lit(theme))), F.lit(0))
    return _decimal(points)


def _by_signal() -> Column:
    """Contributions in points, on the scale on which those of the themes add up to the score.

    No points without a scale (when contributions cancel out).
    """
    total = F.aggregate(F.map_values("contributions"), F.lit(0.0), lambda sum_, each: sum_ + each)
    scale = F.when(F.abs(total) > 1e-9, (F.col("score") - F.col("points_base")) / total)
    shown = F.map_filter("contributions", lambda _, each: F.coalesce(each != 0, F.lit(False)))
    return F.coalesce(
        F.transform_values(shown, lambda _, each: F.round(each * scale, 4)), F.create_map().cast("map<string,double>")
    )
