"""When an establishment is open according to the register, month by month. Pure and lazy.

The history of the register decides, if it is delivered; the stock, which only gives the start of the present period,
covers establishments missing in the history, and changes after it. The rules at a cut-off:

    the period that covers the day counts; of several, the one that began last (ties: the one that ends last, then the
    one delivered last); if none covers it, the last one that began
    the stock counts instead if its period began after that one, and either was delivered after the whole history of
    the establishment, or fills a gap in the history
    an establishment without history is open, until a stock that says closed dates the closure

    history A to 2016-09-14, F to 2019-04-29, A since; stock A     2016-09 .. 2019-04 closed; one closure in 2016-09,
                                                                   one opening in 2019-05 (after the cut-off of April)
    history A to 2015-07-31, F to 2018-05-20, F since 2018-05-21   closed from 2015-08, one closure in 2015-08
    with the stock at F since 2018-05-21
    stock alone: created 2020-01-15, closed 2024-02-10             one opening in 2020-01, one closure in 2024-02
    the same, delivered in 2024-03                                 one closure in 2024-03: until then known as open
    closed 2024-02-22, reopened 2024-03-05                         one closure and one opening, both in 2024-03
    closed 2023-05, reopened 2023-09, both delivered in 2024-03    nothing: at no cut-off was it known to be closed

Open establishments, openings and closures come from the same states, so from one month to the next the number of open
ones changes by openings less closures. An establishment that left the register keeps its last state. Months before the
first known fact of an establishment have no row.
"""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import known_month, month_start

_EVER = "0001-01-01"  # for a period without a first day: before all others
_EVER_AFTER = "9999-12-31"
_VERSION = ("du", "au", "actif", "_batch", "_line", "histo", "depuis", "jusque")


def register_changes(sirene: DataFrame, sirene_histo: DataFrame, cutoff_day: int) -> DataFrame:
    """The known state of each establishment at each cut-off, one row for each change.

    Args:
        sirene: The stock: ``siret, siren, est_actif, date_debut``, and the dates of a version.
        sirene_histo: The history: the same and ``date_fin`` (last day of the period, null for the present one).
        cutoff_day: Day of the cut-off.

    Returns:
        ``siret, siren, mois, fin`` (months [mois, fin), ``fin`` null for the last), ``est_ouvert``, and what happened
        by the cut-off of ``mois``: ``nb_ouvertures, nb_fermetures``.
    """
    versions = _versions(sirene, F.lit(None).cast("date"), False, cutoff_day).union(
        _versions(sirene_histo, F.col("date_fin"), True, cutoff_day)
    )
    is_usable = F.col("actif").isNotNull() & (F.col("jusque").isNull() | (F.col("depuis") < F.col("jusque")))
    gathered = (
        versions.where(is_usable).groupBy("siret", "siren").agg(F.collect_list(F.struct(*_VERSION)).alias("_all"))
    )
    of_months = gathered.select("siret", "siren", "_all", _months(cutoff_day).alias("_months"))
    known = of_months.select("siret", "siren", "_all", "_months", F.posexplode("_months").alias("_rank", "mois"))
    fin = F.get("_months", F.col("_rank") + 1).alias("fin")
    views = [_seen(F.col("mois")).alias("_seen"), _seen(F.col("mois") - 1).alias("_before")]
    seen = known.select("siret", "siren", "mois", fin, *views)
    start, end = (_cutoff(F.col("mois") + shift, cutoff_day) for shift in (-1, 0))
    # The state known a month ago, the present knowledge of that day, then the days of the month.
    was_known = F.size("_before") > 0
    days = F.concat(F.array(start), _days("_seen", start, end), F.array(end))
    now = F.transform(
        F.slice(days, F.when(was_known, 1).otherwise(2), F.size(days)), lambda day: _is_open("_seen", day)
    )
    path = F.concat(F.array(F.when(was_known, _is_open("_before", start))), now)
    row = F.struct(
        F.element_at("_path", -1).alias("est_ouvert"),
        _steps(lambda before, after: ~F.coalesce(before, F.lit(False)) & after).alias("nb_ouvertures"),
        _steps(lambda before, after: before & ~F.coalesce(after, F.lit(False))).alias("nb_fermetures"),
    )
    states = seen.select("siret", "siren", "mois", "fin", path.alias("_path"))
    # Inlined, so that a filter on the states stays above; otherwise Spark would expand it with all their expressions.
    rows = states.select("siret", "siren", "mois", "fin", F.inline(F.array(row)))
    return rows.where(F.col("est_ouvert").isNotNull())


def etablissement_events(register: DataFrame) -> DataFrame:
    """Openings and closures, and the change in the number of open establishments.

    Args:
        register: See :func:`register_changes`.

    Returns:
        ``siret, siren, mois, nb_ouvertures, nb_fermetures`` for months with events, and ``nb_etablissements``: the
        change in the number of open establishments, openings less closures.
    """
    names = ("nb_ouvertures", "nb_fermetures")
    opened, closed = (F.col(name).cast("long") for name in names)
    return register.where((opened > 0) | (closed > 0)).select(
        *("siret", "siren", "mois"),
        *(opened.alias(names[0]), closed.alias(names[1])),
        (opened - closed).alias("nb_etablissements"),
    )


def _versions(register: DataFrame, last_day: Column, of_history: bool, cutoff_day: int) -> DataFrame:
    return register.select(
        "siret",
        "siren",
        F.coalesce("date_debut", F.lit(_EVER).cast("date")).alias("du"),
        F.coalesce(last_day, F.lit(_EVER_AFTER).cast("date")).alias("au"),
        F.col("est_actif").alias("actif"),
        *("_batch", "_line"),
        F.lit(of_history).alias("histo"),
        known_month(F.col("known_on"), cutoff_day).alias("depuis"),
        known_month(F.col("superseded_on"), cutoff_day).alias("jusque"),
    )


def _months(cutoff_day: int) -> Column:
    """The months in which a state may change: a version becomes known, is withdrawn, begins or ends."""
    moments = F.flatten(
        F.transform(
            "_all",
            lambda v: F.array(
                v["depuis"],
                v["jusque"],
                known_month(v["du"], cutoff_day),
                F.when(v["au"] < F.lit(_EVER_AFTER), known_month(F.date_add(v["au"], 1), cutoff_day)),
            ),
        )
    )
    first = F.array_min(F.transform("_all", lambda v: v["depuis"]))
    return F.array_sort(F.array_distinct(F.filter(moments, lambda month: month >= first)))


def _seen(month: Column) -> Column:
    """The versions visible in a month; if none is left, the last visible ones."""
    visible = F.filter("_all", lambda v: (v["depuis"] <= month) & (v["jusque"].isNull() | (v["jusque"] > month)))
    gone = F.array_max(F.transform(F.filter("_all", lambda v: v["jusque"] <= month), lambda v: v["jusque"]))
    return F.when(F.size(visible) > 0, visible).otherwise(F.filter("_all", lambda v: v["jusque"] == gone))


def _days(versions: str, after: Column, until: Column) -> Column:
    """The days on which a period begins or has just ended, within (after, until], in order."""
    days = F.flatten(F.transform(versions, lambda v: F.array(v["du"], F.date_add(v["au"], 1))))
    return F.array_sort(F.array_distinct(F.filter(days, lambda day: (day > after) & (day <= until))))


def _is_open(versions: str, day: Column) -> Column:
    """Whether an establishment was open on a day according to some versions; null if unknown."""
    begun = F.filter(versions, lambda v: v["histo"] & (v["du"] <= day))
    period = F.array_max(
        F.transform(
            begun,
            lambda v: F.struct(
                (v["au"] >= day).alias("covers"),
                v["du"].alias("du"),
                v["au"],
                v["_batch"],
                v["_line"],
                v["actif"].alias("actif"),
            ),
        )
    )
    delivered = F.array_max(F.transform(F.filter(versions, lambda v: v["histo"]), lambda v: v["_batch"]))
    stock = F.array_max(
        F.transform(
            F.filter(versions, lambda v: ~v["histo"]),
            lambda v: F.struct(v["_batch"].alias("_batch"), v["_line"], v["du"].alias("du"), v["actif"].alias("actif")),
        )
    )
    is_later = (stock["du"] <= day) & (stock["du"] > period["du"]) & ((stock["_batch"] > delivered) | ~period["covers"])
    return (
        F.when(period.isNull(), stock["actif"] | (stock["du"] > day))
        .when(F.coalesce(is_later, F.lit(False)), stock["actif"])
        .otherwise(period["actif"])
    )


def _steps(counts: Callable[[Column, Column], Column]) -> Column:
    """The number of such transitions between consecutive states."""
    pairs = F.zip_with(
        "_path", F.slice("_path", F.lit(2), F.size("_path")), lambda a, b: F.struct(a.alias("a"), b.alias("b"))
    )
    within = F.slice(pairs, F.lit(1), F.size("_path") - 1)
    return F.size(F.filter(within, lambda pair: F.coalesce(counts(pair["a"], pair["b"]), F.lit(False))))


def _cutoff(month: Column, cutoff_day: int) -> Column:
    return F.date_add(month_start(month), cutoff_day - 1)
