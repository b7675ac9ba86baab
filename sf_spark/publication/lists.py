"""The detection list of a month: who is alerted, at which rank, since when, and what changed. Pure and lazy.

A company enters the list when it is ``fort``, when an expert rule raises it, or when it is ``modere`` and its
probability at least ``enter_share`` times the cut-off. A slightly better month does not remove it: it stays while its
probability is at least ``leave_share`` times the cut-off, for at most ``months_below`` months in a row below the
cut-off. A company that an expert rule lowers leaves at once. On a first list, without one before it,
``first_share`` stands for ``enter_share``.

    cut-off 0.10, enter_share 1.2, leave_share 0.7, months_below 2
    probability      0.11      0.12      0.08       0.09       0.11       0.09       0.06
    level_model      modere    modere    aucun      aucun      modere     aucun      aucun
    status           -         nouvelle  maintenue  maintenue  maintenue  maintenue  sortie
    months_below     -         0         1          2          0          1          -

    list before      this month                        status
    -                fort                              nouvelle    also on a return; its first alert does not change
    fort             fort                              maintenue
    modere           fort                              aggravee
    fort             modere                            attenuee
    modere           below, or not scored any more     sortie      one last row: no rank, no reason

A list depends on earlier lists only, so publishing one changes no other.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from sf_spark.publication import reasons
from sf_spark.publication.companies import FACTS, IDENTITY, of_company, of_services
from sf_spark.publication.editions import Edition
from sf_spark.publication.list_columns import COLUMNS, ENTERED, KEPT, LEFT, LEVELS, LOWERED, NO_ALERT, RAISED, SCHEMA

_SCORES = (
    *("level_model", "adjustment", "level", "probability", "cutoff_modere", "cutoff_fort"),
    *("raw_score", "expected_value", "expected_probability", "contributions_theme"),
)
_BEFORE = "_before_"  # prefix of columns of the list before


@dataclass(frozen=True)
class Stay:
    """Rules for entering a list, and for staying on it below the cut-off.

    Attributes:
        enter_share: Share of the cut-off of ``modere`` from which it enters, 1 or more.
        leave_share: Share of the cut-off below which it leaves; 1: the cut-off itself.
        months_below: Most months in a row that it stays below the cut-off.
        first_share: In place of ``enter_share`` where there is no list before.
    """

    enter_share: float
    leave_share: float
    months_below: int
    first_share: float = 1.0


@dataclass(frozen=True)
class Month:
    """The inputs of a list, all at its own month: one row a company.

    Attributes:
        scores: ``siren``, levels, probability, cut-offs and contributions of one horizon and version.
        companies: ``siren``, identity and facts: :func:`sf_spark.publication.companies.companies`.
        signals: ``siren`` and the signals.
        cutoff: The day until which facts are known.
        nomenclature: Nomenclature of the sections in both: ``naf_rev2`` or ``naf2025``.
        year_ago: The signals twelve months earlier; None if that month is missing.
        flags: ``siren, context_flags``, see :mod:`sf_spark.publication.contexte`; None if no such list was delivered.
        followed: ``siren`` of the companies with an open follow-up; None if none was delivered.
    """

    scores: DataFrame
    companies: DataFrame
    signals: DataFrame
    cutoff: date
    nomenclature: str
    year_ago: DataFrame | None = None
    flags: DataFrame | None = None
    followed: DataFrame | None = None


def companies_listed(edition: Edition, month: Month, earlier: DataFrame, stay: Stay, size: int) -> DataFrame:
    """The companies on the list, ranked.

    Args:
        edition: The edition, and the one that statuses are compared with.
        month: Scores of its month.
        earlier: Rows of the editions in force of earlier months, at its horizon, in the columns of ``SCHEMA``.
        stay: Rules for entering and staying.
        size: At most this many companies, by rank; 0 for every alert. A company beyond it has left the list.

    Returns:
        The columns of :func:`on_the_list`, and ``rank``: 1 is the highest probability; ties are ranked by siren. A few
        thousand rows, to cache: :func:`build_list` reads them several times.
    """
    # On a first list nobody stays: with ``enter_share``, most of the second one would be ``nouvelle``.
    rules = stay if edition.previous else replace(stay, enter_share=stay.first_share)
    listed = on_the_list(month.scores, _on_list_before(earlier, edition.previous), rules)
    # A global order needs a single task; a month has a few thousand narrow alerts.
    rank = F.row_number().over(Window.orderBy(F.col("probability").desc(), F.col("siren")))
    ranked = listed.withColumn("rank", rank)
    return ranked.where(F.col("rank") <= size) if size else ranked


def build_list(
    edition: Edition, month: Month, listed: DataFrame, dictionary: DataFrame, earlier: DataFrame
) -> DataFrame:
    """Build an edition.

    Args:
        edition: Its name, and the one that statuses are compared with.
        month: Scores, companies and signals of its month.
        listed: See :func:`companies_listed`.
        dictionary: The dictionary of signals.
        earlier: Rows of the editions in force of the months before, of its horizon, in the columns of ``SCHEMA``.

    Returns:
        ``SCHEMA``, key ``siren``. A company that has left has its level and probability of this month (null if it is no
        longer scored) and, if the panel no longer holds it, its identity from the list before.
    """
    since = earlier.where(F.col("status") != LEFT).groupBy("siren").agg(F.min("first_alert").alias("_since"))
    rows = (
        listed.select("siren", "rank", "months_below", F.col("level").alias("_level"))
        .join(_on_list_before(earlier, edition.previous), on="siren", how="full")
        .join(month.scores.select("siren", *_SCORES), on="siren", how="left")
        .join(month.companies.select("siren", *IDENTITY, *FACTS, F.lit(True).alias("_known")), on="siren", how="left")
        .join(since, on="siren", how="left")
        .join(_reasons(month, listed, dictionary), on="siren", how="left")
    )
    return _described(_with_followed(_with_flags(rows, month.flags), month.followed), edition, month)


def on_the_list(scores: DataFrame, before: DataFrame, stay: Stay) -> DataFrame:
    """The companies of a list, not yet ranked.

    Args:
        scores: ``siren, level_model, level, probability, cutoff_modere, contributions``.
        before: ``siren, _before_months_below`` of the companies on the list before.
        stay: When a company enters, and how long it stays.

    Returns:
        ``siren, probability, contributions, level, months_below`` (0 for an alert of its own).
    """
    months_below = before.select("siren", F.col(f"{_BEFORE}months_below").alias("_below"))
    joined = scores.join(months_below, on="siren", how="left")
    alerted, below = F.col("level").isin(*LEVELS), F.col("_below") + 1
    raised = F.col("level_model") == NO_ALERT
    high = F.col("probability") >= F.col("cutoff_modere") * stay.enter_share
    enters = alerted & ((F.col("level") == LEVELS[-1]) | raised | high)
    near = (
        (F.col("level_model") == NO_ALERT)  # otherwise an expert rule lowered it
        & (F.col("probability") >= F.col("cutoff_modere") * stay.leave_share)
        & (below <= stay.months_below)
    )
    stays = F.col("_below").isNotNull() & (alerted | near)
    return joined.where(enters | stays).select(
        *("siren", "probability", "contributions"),
        F.when(alerted, F.col("level")).otherwise(LEVELS[0]).alias("level"),
        F.when(alerted, 0).otherwise(below).cast("int").alias("months_below"),
    )


def _on_list_before(earlier: DataFrame, previous: str) -> DataFrame:
    carried = ("level", "months_below", "months_on_list", *IDENTITY)
    renamed = (F.col(name).alias(_BEFORE + name) for name in carried)
    is_listed = (F.col("list") == F.lit(previous)) & (F.col("status") != LEFT)
    return earlier.where(is_listed).select("siren", *renamed)


def _reasons(month: Month, listed: DataFrame, dictionary: DataFrame) -> DataFrame:
    sectors = month.companies.select("siren", "section").where(F.col("section").isNotNull())
    return reasons.reasons(listed, month.signals, dictionary, month.year_ago, sectors, month.nomenclature)


def _with_flags(rows: DataFrame, flags: DataFrame | None) -> DataFrame:
    if flags is None:
        return rows.withColumn("context_flags", F.array().cast("array<string>"))
    joined = rows.join(flags, on="siren", how="left")
    return joined.withColumn("context_flags", F.coalesce("context_flags", F.array().cast("array<string>")))


def _with_followed(rows: DataFrame, followed: DataFrame | None) -> DataFrame:
    if followed is None:
        return rows.withColumn("suivi_en_cours", F.lit(None).cast("boolean"))
    marked = followed.select("siren").distinct().withColumn("_followed", F.lit(True))
    joined = rows.join(marked, on="siren", how="left")
    return joined.withColumn("suivi_en_cours", F.coalesce("_followed", F.lit(False)))


def _described(rows: DataFrame, edition: Edition, month: Month) -> DataFrame:
    named = rows.withColumns({name: F.coalesce(name, _BEFORE + name) for name in IDENTITY})
    columns = _of_edition(edition) | _of_alert(edition) | of_company(month.nomenclature) | of_services(month.cutoff)
    ordered = [columns[name].alias(name) if name in columns else F.col(name) for name in COLUMNS]
    return named.select(*ordered).to(cast(StructType, StructType.fromDDL(SCHEMA)))


def _of_edition(edition: Edition) -> dict[str, Column]:
    texts = {
        "list": edition.name,
        "corrects": edition.corrects,
        "edition_reason": edition.reason,
        "previous": edition.previous,
        "model_name": edition.model_name,
        "model_version": edition.model_version,
        "run_id": edition.run_id,
    }
    numbers = {"periode": edition.periode, "horizon": edition.horizon, "edition": edition.number}
    named = {name: F.lit(text or None).cast("string") for name, text in texts.items()}
    return named | {name: F.lit(value) for name, value in numbers.items()}


def _of_alert(edition: Edition) -> dict[str, Column]:
    on_list = F.col("rank").isNotNull()
    share = _points_of_contributions()
    points = F.transform_values("contributions_theme", lambda _, part: part * share)
    base = F.when(share == 0, F.col("probability")).otherwise(F.col("expected_probability")) * 100
    texts = {f"reason_{n + 1}": F.get("reasons", F.lit(n))["text"] for n in range(reasons.COUNT)}
    return texts | {
        "level": F.coalesce("_level", "level"),
        "score": F.col("probability") * 100,
        "seuil_modere": F.col("cutoff_modere") * 100,
        "seuil_fort": F.col("cutoff_fort") * 100,
        "status": _status(),
        "first_alert": F.coalesce("_since", F.lit(edition.periode)),
        "months_on_list": F.coalesce(_BEFORE + "months_on_list", F.lit(0)) + on_list.cast("int"),
        "reasons": F.coalesce("reasons", F.array().cast(reasons.SCHEMA)),
        "points": F.when(on_list, points),
        "points_base": F.when(on_list, base),
    }


def _points_of_contributions() -> Column:
    """Points of score for one unit of contribution; 0 where contributions do not explain the difference in score.

    The difference between the score and that of an average company is shared in proportion to the contributions:

        average 2 %, score 8 %, contributions dette 1.0, effectif 0.5, age -0.3    6 / 1.2 = 5 points a unit
        base 2.0, dette 5.0, effectif 2.5, age -1.5                                together 8
    """
    lift, sum_of = F.col("probability") - F.col("expected_probability"), F.col("raw_score") - F.col("expected_value")
    known = F.col("contributions_theme").isNotNull() & (lift * sum_of > 0)
    return F.when(known, lift / sum_of * 100).otherwise(F.lit(0.0))


def _status() -> Column:
    now, before = (F.array_position(F.lit(list(LEVELS)), F.col(name)) for name in ("_level", _BEFORE + "level"))
    return (
        F.when(F.col("rank").isNull(), LEFT)
        .when(F.col(_BEFORE + "level").isNull(), ENTERED)
        .when(now > before, RAISED)
        .when(now < before, LOWERED)
        .otherwise(KEPT)
    )
