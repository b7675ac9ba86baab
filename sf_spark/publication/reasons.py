"""Why a company is on the list: the three signals that weigh most towards the alert, in French sentences. Pure.

Only signals with a positive contribution are reasons. Several signals tell one measure in other words (its mean, its
maximum, its change): the one that weighs most speaks for the measure, and the others only come when fewer than three
measures are left. What a measure is follows from the grammar of names, statistics and denominators left out:

    signal                                measure
    dette, dette_mean6m, dette_diff12m    dette
    dette_max12m_sur_cotisation_mean12m   dette
    nb_mois_dette_12m                     nb_mois_dette

    contributions                                       reasons
    dette_mean6m 0.9, dette 0.8, effectif 0.1, age -1   dette_mean6m, effectif, dette
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.domain.naf import NAF_REV2, letter_of, section_label

COUNT = 3
SCHEMA = "array<struct<signal: string, theme: string, value: double, contribution: double, text: string>>"

_DENOMINATOR = r"_sur_.*$"
_STATISTIC = r"_(mean|sum|max|min|std|lag|diff|change)?[0-9]+m(?=_|$)"
_MOVEMENT = r"_(diff|change)[0-9]+m(_sur_|$)|^ecart_"  # a change reads with its sign, a rise included


def reasons(
    contributions: DataFrame, signals: DataFrame, dictionary: DataFrame, nomenclature: str = NAF_REV2
) -> DataFrame:
    """Choose and word the reasons of each alert.

    Args:
        contributions: ``siren``, ``contributions`` (signal to log-odds); one row a company.
        signals: ``siren`` and one column a signal, at the month of the alerts; at most one row a company.
        dictionary: ``name, description, unit, theme``; a signal that it does not hold is told by its name.
        nomenclature: Of the sections that the signals hold: ``naf_rev2`` or ``naf2025``.

    Returns:
        ``siren``, ``reasons`` (see ``SCHEMA``; heaviest measure first). A company without a positive contribution has
        no row. A value is null where the signal is.
    """
    chosen = _heaviest(contributions, dictionary)
    columns = (F.col("signal"), F.col("description"), F.col("unit"), F.col("value"))
    # Only the rows of alerts are moved and turned into maps: they are one company in a hundred.
    mine = signals.join(F.broadcast(contributions.select("siren")), on="siren", how="left_semi")
    told = (
        chosen.join(mine.select("siren", _values(signals).alias("values")), on="siren", how="left")
        .withColumn("value", F.try_element_at("values", F.col("signal")))
        .withColumn("text", sentence(*columns, nomenclature))
    )
    reason = F.struct("order", "signal", "theme", "value", F.col("contribution").cast("double"), "text")
    return (
        told.groupBy("siren")
        .agg(F.array_sort(F.collect_list(reason)).alias("ordered"))
        .select("siren", F.transform("ordered", lambda r: r.dropFields("order")).cast(SCHEMA).alias("reasons"))
    )


def _values(signals: DataFrame) -> Column:
    """Map of every signal of a row to its value (double)."""
    names = [name for name in signals.columns if name not in ("siren", "periode")]
    return F.map_from_arrays(
        F.array(*(F.lit(name) for name in names)), F.array(*(F.col(name).cast("double") for name in names))
    )


def _heaviest(contributions: DataFrame, dictionary: DataFrame) -> DataFrame:
    """The signals to tell: ``siren, signal, theme, description, unit, contribution, order`` (1 to 3)."""
    weights = contributions.select("siren", F.explode("contributions").alias("signal", "contribution"))
    known = dictionary.select(F.col("name").alias("signal"), "description", "unit", "theme")
    heaviest = (F.col("contribution").desc(), F.col("signal"))  # names settle ties: the same list on any cluster
    of_measure = Window.partitionBy("siren", "theme", "measure").orderBy(*heaviest)
    # The heaviest signal of each measure goes before the second of any.
    order = Window.partitionBy("siren").orderBy(F.col("variant") > 1, *heaviest)
    return (
        weights.where(F.col("contribution") > 0)
        .join(F.broadcast(known), on="signal", how="left")
        .withColumn("measure", measure(F.col("signal")))
        .withColumn("variant", F.row_number().over(of_measure))
        .withColumn("order", F.row_number().over(order))
        .where(F.col("order") <= COUNT)
    )


def measure(signal: Column) -> Column:
    """The measure that a signal tells, from its name: see the table above."""
    return F.regexp_replace(F.regexp_replace(signal, _DENOMINATOR, ""), _STATISTIC, "")


def sentence(signal: Column, description: Column, unit: Column, value: Column, nomenclature: str = NAF_REV2) -> Column:
    """Say a signal and its value: ``Dette envers l'URSSAF, moyenne sur 6 mois : 12 500 EUR``.

    Args:
        signal: Its name.
        description: What it says, in French; null leaves the name to speak.
        unit: ``EUR, salaries, mois, ratio, nombre`` or ``code``.
        value: Double; null or NaN reads as unknown.
        nomenclature: Of a section.
    """
    name = F.coalesce(description, signal)
    known = F.when(value.isNotNull() & ~F.isnan(value), _quantity(signal, unit, value, nomenclature))
    start = F.concat(F.upper(F.left(name, F.lit(1))), F.substring(name, F.lit(2), F.length(name)))
    return F.concat(start, F.lit(" : "), F.coalesce(known, F.lit("valeur inconnue")))


def _quantity(signal: Column, unit: Column, value: Column, nomenclature: str) -> Column:
    sign = F.when(signal.rlike(_MOVEMENT) & (value > 0), "+").otherwise("")
    # French takes the plural from 2 on.
    employees = F.when(F.abs(F.round(value, 1)) < 2, " salarié").otherwise(" salariés")
    return (
        F.when(signal.rlike("^(est|a)_"), F.when(value != 0, "oui").otherwise("non"))
        .when(signal == "secteur_section", F.coalesce(section_label(letter_of(value), nomenclature), french(value, 0)))
        .when(unit == "EUR", F.concat(sign, _short(value, 100, 2), F.lit(" EUR")))
        .when(unit == "ratio", F.concat(sign, _short(value * 100, 10, 1), F.lit(" %")))
        .when(unit == "salaries", F.concat(sign, _whole_or_tenth(value), employees))
        .when(unit == "mois", F.concat(sign, _whole_or_tenth(value), F.lit(" mois")))
        .when(unit == "code", french(value, 0))
        .otherwise(F.concat(sign, _whole_or_tenth(value)))
    )


def _short(value: Column, limit: float, decimals: int) -> Column:
    """No decimals, except below a limit, where they matter."""
    small = (F.abs(value) < limit) & (F.round(value, decimals) != F.round(value, 0))
    return F.when(small, french(value, decimals)).otherwise(french(value, 0))


def _whole_or_tenth(value: Column) -> Column:
    return _short(value, float("inf"), 1)


def french(value: Column, decimals: int) -> Column:
    """Write a number as a French reader expects: ``12 500,4``. Halves go away from zero, and there is no -0."""
    return F.translate(F.format_number(F.round(value, decimals) + F.lit(0.0), decimals), ",.", " ,")
