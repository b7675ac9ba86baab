"""Why a company is on the list: the measures that weigh most towards the alert, in French sentences. Pure.

Many signals describe one measure (its mean, its maximum, its change), and their contributions may have opposite signs.
So contributions are netted by measure, and by theme, before ranking:

    contributions                                              net                       reason
    dette_mean6m 0.9, dette_max12m -0.3                        dette 0.6                 yes
    effectif_change12m 0.4, effectif_lag3m -0.5                effectif -0.1             no: the sum is favourable
    age_mois 0.2                                               age_mois 0.2              yes

A theme or a measure with a net contribution of 0 or less, or without a known value, is never a reason. The best measure
of each theme comes before the second of any. A sentence gives the value, the value a year ago, and the median of the
sector: ``Dette URSSAF : 3,2 mois de cotisation, contre 0,4 il y a un an ; médiane du secteur 0``.

Of a measure's signals, and of a theme's measures, one with an informative value is shown first:

    value   a year ago   median of the sector   informative
    0       0            0                      no: another signal of the measure speaks, if one does
    10      10           10                     no
    0       3            0                      yes: it changed
    5       5            0                      yes: it differs from the sector
    5       5            unknown                yes
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from sf_spark.domain.naf import NAF_REV2, letter_of, section_label
from sf_spark.publication.wording import WORDINGS
from sf_spark.signals.specials import SECTOR_FIGURES

COUNT = 3
SCHEMA = (
    "array<struct<signal: string, theme: string, measure: string, value: double, value_year_ago: double, "
    "sector_median: double, contribution: double, text: string>>"
)
_MAP = "map<string,double>"
_UNITS = {
    "EUR": "€",
    "salaries": "salarié",
    "mois": "mois",
    "jours": "jour",
    "heures": "heure",
    "ans": "an",
    "%": "%",
    "ratio": "%",
    "points": "point",
}
_PLURAL = ("salaries", "jours", "heures", "ans", "points")
_MONTHS_SAID = 36  # an age is written in years from here on
_ACCURACY = 10_000  # accuracy of the medians: exact for sectors of fewer companies


def reasons(
    contributions: DataFrame,
    signals: DataFrame,
    dictionary: DataFrame,
    year_ago: DataFrame | None = None,
    sectors: DataFrame | None = None,
    nomenclature: str = NAF_REV2,
) -> DataFrame:
    """Choose the reasons of each alert, and write their sentences.

    Args:
        contributions: ``siren``, ``contributions`` (signal to log-odds); one row a company.
        signals: ``siren`` and one column a signal, at the month of the alerts; at most one row a company.
        dictionary: ``name, description, unit, theme, measure``; an unknown signal is a measure of its own.
        year_ago: The same as ``signals``, twelve months earlier; None where there is no such month.
        sectors: ``siren, section`` of the companies behind the medians; None for no median.
        nomenclature: Nomenclature of the sections that the signals hold: ``naf_rev2`` or ``naf2025``.

    Returns:
        ``siren``, ``reasons`` (see ``SCHEMA``; weightiest first). A company without a reason has no row.
        ``contribution`` is the net one of the measure, always above 0; ``value`` is always known.
    """
    shown = [name for name in signals.columns if name not in ("siren", "periode")]
    before = contributions.sparkSession.createDataFrame([], f"siren string, values {_MAP}")
    before = before if year_ago is None else _values(contributions, year_ago, shown)
    values = _values(contributions, signals, shown).join(
        before.withColumnRenamed("values", "_before"), on="siren", how="left"
    )
    compared = _chosen(contributions, _with_medians(values, signals, sectors, shown), dictionary)
    numbers = F.transform(F.array("value", "value_year_ago", "sector_median"), lambda each: number(F.col("unit"), each))
    worded_rows = compared.withColumn("_numbers", numbers).withColumn("text", _sentence(nomenclature))
    fields = (
        "signal",
        "theme",
        "measure",
        "value",
        "value_year_ago",
        "sector_median",
        F.col("net").alias("contribution"),
    )
    reason = F.struct("order", F.struct(*fields, "text").alias("reason"))
    ordered = worded_rows.groupBy("siren").agg(F.array_sort(F.collect_list(reason)).alias("all"))
    return ordered.select("siren", F.transform("all", lambda each: each["reason"]).cast(SCHEMA).alias("reasons"))


def _values(contributions: DataFrame, signals: DataFrame, names: Sequence[str]) -> DataFrame:
    """``siren, values``: a map of signal to value (double), for the alerts only: one company in a hundred."""
    known = [name for name in names if name in signals.columns]
    keys, values = (
        F.array(*(make(name) for name in known)) for make in (F.lit, lambda name: F.col(name).cast("double"))
    )
    alerted = signals.join(F.broadcast(contributions.select("siren")), on="siren", how="left_semi")
    return alerted.select("siren", F.map_from_arrays(keys, values).alias("values"))


def _chosen(contributions: DataFrame, values: DataFrame, dictionary: DataFrame) -> DataFrame:
    """``siren, order, theme, measure, net, signal``, its values, ``label, unit``: at most ``COUNT`` a company.

    ``values`` has one row a company: ``values, _before, _medians``, maps of signal to value.
    """
    weights = contributions.select("siren", F.explode("contributions").alias("signal", "contribution"))
    known = dictionary.withColumnRenamed("name", "signal").select("signal", "theme", "measure", "description", "unit")
    rows = weights.join(F.broadcast(known), on="signal", how="left").withColumns(
        {"measure": F.coalesce("measure", "signal"), "theme": F.coalesce("theme", F.lit("autre"))}
    )
    heaviest = F.struct(-F.col("contribution"), "signal")  # ties by name: the same list on any cluster
    measures = rows.groupBy("siren", "theme", "measure").agg(
        F.sum("contribution").alias("net"), F.array_sort(F.collect_list(heaviest)).alias("_own")
    )
    theme = Window.partitionBy("siren", "theme")
    positive = measures.withColumn("_theme_net", F.sum("net").over(theme)).where("net > 0 and _theme_net > 0")
    # The signal of the wording, then the measure's own level, then its signals, weightiest first.
    candidates = F.concat(
        F.array_compact(F.array("_signal", "measure")), F.transform("_own", lambda each: each["signal"])
    )
    worded = positive.join(F.broadcast(_words(positive.sparkSession)), on="measure", how="left")
    with_values = worded.join(values, on="siren", how="inner")
    known_ones = F.filter(candidates, lambda name: _known(F.try_element_at("values", name)))
    informative = F.get(F.filter(known_ones, _is_informative), F.lit(0))
    valued = with_values.withColumns(
        {"signal": F.coalesce(informative, F.get(known_ones, F.lit(0))), "_informative": informative.isNotNull()}
    ).where(F.col("signal").isNotNull())
    by_weight = (F.col("net").desc(), F.col("measure"), F.col("theme"))
    ranked = valued.withColumn(
        "_in_theme", F.row_number().over(theme.orderBy(F.col("_informative").desc(), *by_weight))
    )
    order = F.row_number().over(Window.partitionBy("siren").orderBy(F.col("_in_theme") > 1, *by_weight))
    best = ranked.withColumn("order", order).where(F.col("order") <= COUNT)
    described = best.join(F.broadcast(known.select("signal", "description", "unit")), on="signal", how="left")
    # The wording applies to its own signal; another signal of the measure takes the dictionary's description.
    is_worded = F.col("signal") == F.coalesce("_signal", "measure")
    said = F.coalesce("description", "signal")
    capital = F.concat(F.upper(F.left(said, F.lit(1))), F.substring(said, F.lit(2), F.length(said)))
    return described.select(
        "siren",
        "order",
        "theme",
        "measure",
        "net",
        "signal",
        F.try_element_at("values", F.col("signal")).alias("value"),
        F.try_element_at("_before", F.col("signal")).alias("value_year_ago"),
        F.try_element_at("_medians", F.col("signal")).alias("sector_median"),
        F.coalesce(F.when(is_worded, F.col("_label")), capital).alias("label"),
        F.coalesce(F.when(is_worded, F.col("_unit")), "unit").alias("unit"),
    )


def _is_informative(signal: Column) -> Column:
    """Whether a known value differs from a year ago or from the sector, or is not 0 where there is no sector."""
    value, before, median = (F.try_element_at(name, signal) for name in ("values", "_before", "_medians"))

    def differs(other: Column) -> Column:
        return _known(other) & (F.round(other, 2) != F.round(value, 2))

    return differs(before) | differs(median) | ((value != 0) & ~F.coalesce(_known(median), F.lit(False)))


def _words(spark: SparkSession) -> DataFrame:
    """``measure, _label, _signal, _unit`` of every wording; null where it is empty."""
    rows = [(name, word.label, word.signal or None, word.unit or None) for name, word in WORDINGS.items()]
    return spark.createDataFrame(rows, "measure string, _label string, _signal string, _unit string")


def _with_medians(rows: DataFrame, signals: DataFrame, sectors: DataFrame | None, names: Sequence[str]) -> DataFrame:
    """The rows with ``_medians`` of the company's section, for every signal that may appear."""
    worded = {*WORDINGS, *(word.signal for word in WORDINGS.values())}
    signals_read = [name for name in names if name in worded - SECTOR_FIGURES]  # such a figure is its own median
    if sectors is None or not signals_read:
        return rows.withColumn("_medians", F.lit(None).cast(_MAP))
    by_section = signals.select("siren", *signals_read).join(sectors, on="siren", how="inner").groupBy("section")
    found = by_section.agg(
        *(F.percentile_approx(F.col(name).cast("double"), 0.5, _ACCURACY).alias(name) for name in signals_read)
    )
    maps = F.map_from_arrays(F.array(*(F.lit(name) for name in signals_read)), F.array(*signals_read)).alias("_medians")
    placed = rows.join(sectors, on="siren", how="left")
    return placed.join(F.broadcast(found.select("section", maps)), on="section", how="left").drop("section")


def _sentence(nomenclature: str) -> Column:
    """``label : value, contre value il y a un an ; médiane du secteur value``, without unknown parts."""
    unit, numbers = F.col("unit"), F.col("_numbers")
    now, before, median = (F.get(numbers, F.lit(rank)) for rank in range(3))
    compared = (F.coalesce(unit, F.lit("")) != "code") & (F.col("signal") != "age_mois")  # a year ago: a year younger
    percent = F.when(unit.isin("ratio", "%"), " %").otherwise("")  # the other units are already written
    past = (
        F.when(~compared | ~_known(F.col("value_year_ago")), "")
        .when(before == now, ", comme il y a un an")
        .otherwise(F.concat(F.lit(", contre "), before, percent, F.lit(" il y a un an")))
    )
    sector = F.when(
        compared & _known(F.col("sector_median")), F.concat(F.lit(" ; médiane du secteur "), median, percent)
    )
    value = quantity(F.col("signal"), unit, F.col("value"), now, nomenclature)
    return F.concat("label", F.lit(" : "), value, past, F.coalesce(sector, F.lit("")))


def quantity(signal: Column, unit: Column, value: Column, text: Column, nomenclature: str = NAF_REV2) -> Column:
    """A value with its unit: ``12 500 €``, ``1 salarié``, ``-26 %``, ``oui``, ``Construction``.

    Args:
        signal: Its name.
        unit: As the dictionary or the wording gives it; null for none.
        value: Double.
        text: The value as :func:`number` writes it.
        nomenclature: Nomenclature of a section.
    """
    word = F.coalesce(
        F.try_element_at(F.create_map(*(F.lit(each) for pair in _UNITS.items() for each in pair)), unit), unit
    )
    # French takes the plural from 2 on.
    size = F.abs(F.round(F.when(unit == "points", value * 100).otherwise(value), 1))
    plural = F.when(unit.isin(*_PLURAL) & (size >= 2), "s").otherwise("")
    return (
        F.when(signal.rlike("^(est|a)_"), F.when(value != 0, "oui").otherwise("non"))
        .when(signal == "secteur_section", F.coalesce(section_label(letter_of(value), nomenclature), french(value, 0)))
        .when((signal == "age_mois") & (value >= _MONTHS_SAID), F.concat(french(F.floor(value / 12), 0), F.lit(" ans")))
        .when(unit.isNull() | unit.isin("code", "nombre"), text)
        .otherwise(F.concat(text, F.lit(" "), word, plural))
    )


def number(unit: Column, value: Column) -> Column:
    """The number without its unit, with the decimals of that unit."""
    return (
        F.when(unit == "code", french(value, 0))
        .when(unit == "EUR", _short(value, 100, 2))
        .when(unit.isin("ratio", "points"), _short(value * 100, 10, 1))
        .when(unit == "%", _short(value, 10, 1))
        .otherwise(_short(value, float("inf"), 1))
    )


def _known(value: Column) -> Column:
    return value.isNotNull() & ~F.isnan(value)


def _short(value: Column, limit: float, decimals: int) -> Column:
    """No decimals, except below a limit, where they matter."""
    small = (F.abs(value) < limit) & (F.round(value, decimals) != F.round(value, 0))
    return F.when(small, french(value, decimals)).otherwise(french(value, 0))


def french(value: Column, decimals: int) -> Column:
    """Write a number as a French reader expects: ``12 500,4``. Halves go away from zero, and there is no -0."""
    return F.translate(F.format_number(F.round(value, decimals) + F.lit(0.0), decimals), ",.", " ,")
