"""Collective proceedings: the meaning of their stages, and the events of both sources in one form. Pure and lazy.

An event concerns one action (liquidation, redressement, sauvegarde) and gives its stage. Events of one day are sorted
in the order of a proceeding, and an end comes last:

    rank  stages
    1     ouverture, conversion, or unknown
    2     plan_continuation
    3     fin_procedure, abandon_procedure, inclusion_autre_procedure, cloture...: it is over

    company that opened and ended on 2025-03-05                       not in proceedings from 2025-03 on

``solde_procedure`` concerns an establishment's account, not the company's proceeding, and is left out.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain import judgments
from sf_spark.domain.stages import (
    ACTIONS,
    FIN,
    INCLUSION,
    LIQUIDATION,
    OF_AN_ACCOUNT,
    OUVERTURE,
    OVER,
    PLAN,
    REDRESSEMENT,
    SAUVEGARDE,
)

LONGEST_PLAN_MONTHS = 120  # the longest plan that the law allows: art. L626-12 code de commerce

PROCOL, PROCEDURES = "procol", "procedures"
# If both sources give a stage on the same day, the first wins: URSSAF's list is a snapshot, which also withdraws
# errors, while announcements only accumulate. A stage given by only one of them counts.
PRIORITY = (PROCOL, PROCEDURES)

IN_BONIS = "In bonis"
_LABELS = {LIQUIDATION: "Liquidation judiciaire", REDRESSEMENT: "Redressement judiciaire", SAUVEGARDE: "Sauvegarde"}
_PLANS = {REDRESSEMENT: "Plan de redressement", SAUVEGARDE: "Plan de sauvegarde"}

_STAGE_OF_JUDGMENT = {
    judgments.OUVERTURE: OUVERTURE,
    judgments.CONVERSION: judgments.CONVERSION,
    judgments.PLAN: PLAN,
    judgments.CLOTURE: FIN,
}
STATE_LABELS = (IN_BONIS, *_LABELS.values(), *_PLANS.values())


def proceeding_label(procedure: Column, stage: Column) -> Column:
    """The name of a state: ``Plan de redressement``; ``In bonis`` without a proceeding."""
    plans = (F.when((stage == PLAN) & (procedure == action), label) for action, label in _PLANS.items())
    opened = (F.when(procedure == action, label) for action, label in _LABELS.items())
    return F.coalesce(*plans, *opened, F.lit(IN_BONIS))


def proceeding_events(procol: DataFrame, procedures: DataFrame | None = None) -> DataFrame:
    """Events of collective proceedings, of both sources.

    Args:
        procol: ``siren, date_effet, action_procol, stade_procol, superseded_on``, and ``known_on`` if it has one.
        procedures: ``siren, date_jugement, nature, superseded_on``, and ``known_on``; None: never delivered.

    Returns:
        ``siren, date_effet, action, stade`` (never null, empty where it is unknown), ``rang, priorite`` (of the order
        above; of the sources, the higher goes first), ``source_procedure`` (procol, procedures), ``known_on,
        superseded_on``. Withdrawn events are among them. A judgment gives several rows: what it opens ends the
        proceedings that are less grave.
    """
    events = procol_events(procol)
    return events if procedures is None else events.unionByName(judgment_events(procedures))


def procol_events(procol: DataFrame) -> DataFrame:
    """The stages that URSSAF lists, their codes trimmed: see :func:`proceeding_events`."""
    action = F.regexp_extract(F.lower(F.coalesce("action_procol", F.lit(""))), "|".join(ACTIONS), 0)
    stage = F.coalesce(stage_code(F.col("stade_procol")), F.lit(""))
    named = procol.select("*", F.nullif(action, F.lit("")).alias("action"), stage.alias("stade"))
    return _in_one_form(named.where(F.col("action").isNotNull() & (F.col("stade") != OF_AN_ACCOUNT)), PROCOL)


def judgment_events(procedures: DataFrame) -> DataFrame:
    """What judgments decide: see :func:`proceeding_events`. Those that decide nothing give no row."""
    # A function of its own, so that Spark parses each announcement once.
    events = F.flatten(F.transform(F.array(judgments.judgment(F.col("nature"))), _decisions))
    rows = procedures.select("*", F.explode(events).alias("_event"))
    return _in_one_form(rows.select("*", "_event.*", F.col("date_jugement").alias("date_effet")), PROCEDURES)


def _decisions(judgment: Column) -> Column:
    """The events of a judgment: ``array<struct<action, stade>>``, empty for one that decides nothing."""
    action, stage = judgment["action"], judgment["stade"]
    names = F.create_map(*(F.lit(text) for pair in _STAGE_OF_JUDGMENT.items() for text in pair))
    concerned = F.when(action.isNull(), F.lit(list(ACTIONS))).otherwise(F.array(action))
    rank = F.array_position(F.lit(list(ACTIONS)), action).cast("int")
    opens = stage.isin(judgments.OUVERTURE, judgments.CONVERSION)
    less_grave = F.when(opens, F.slice(F.lit(list(ACTIONS)), rank + 1, len(ACTIONS)))
    decided = F.transform(concerned, lambda name: _of(name, F.try_element_at(names, stage)))
    included = F.transform(less_grave, lambda name: _of(name, F.lit(INCLUSION)))
    events = F.concat(decided, F.coalesce(included, F.slice(decided, 1, 0)))
    return F.filter(events, lambda event: event["stade"].isNotNull())


def stage_code(text: Column) -> Column:
    """A stage as its code: trimmed, in lower case, words joined by ``_``. Null stays null."""
    return F.regexp_replace(F.lower(F.regexp_replace(text, r"^[\s\u00a0]+|[\s\u00a0]+$", "")), r"[\s\u00a0_]+", "_")


def is_over(stage: Column) -> Column:
    """Whether a stage ends its proceeding; every kind of closing does."""
    return stage.isin(*OVER) | stage.startswith("cloture")


def _of(action: Column, stage: Column) -> Column:
    return F.struct(action.alias("action"), stage.alias("stade"))


def _in_one_form(events: DataFrame, source: str) -> DataFrame:
    rank = F.when(is_over(F.col("stade")), 3).when(F.col("stade") == PLAN, 2).otherwise(1)
    known = F.col("known_on") if "known_on" in events.columns else F.col("date_effet")
    return events.select(
        "siren",
        "date_effet",
        *("action", "stade"),
        rank.alias("rang"),
        F.lit(len(PRIORITY) - PRIORITY.index(source)).alias("priorite"),
        F.lit(source).alias("source_procedure"),
        known.alias("known_on"),
        "superseded_on",
    )
