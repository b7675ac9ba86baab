"""What a judgment published in the BODACC decides, read from the announcement's own words. Pure Columns.

An announcement may pronounce several measures: *the last one counts*. It is cut into clauses (at commas and at ``et``
before a new measure), each clause is understood alone, and the last one that decides something holds. Accents may be
missing or broken: wherever a word has one, up to three characters of any kind are accepted.

    nature                                                                         action        stade
    Jugement d'ouverture de liquidation judiciaire                                 liquidation   ouverture
    Jugement d'extension de liquidation judiciaire                                 liquidation   ouverture
    Jugement prononçant la résolution du plan de redressement et la
        liquidation judiciaire                                                     liquidation   ouverture
    Jugement de conversion en redressement judiciaire de la procédure de
        sauvegarde                                                                 redressement  conversion
    Jugement arrêtant le plan de sauvegarde                                        sauvegarde    plan
    Jugement de plan de continuation                                               redressement  plan
    Jugement de clôture pour insuffisance d'actif                                  -             cloture
    Jugement mettant fin à la procédure de redressement judiciaire                 redressement  cloture
    Jugement prononÃ§ant la clÃ´ture de la liquidation judiciaire                  liquidation   cloture
    CLOTURE DE LA LIQUIDATION JUDICIAIRE                                           liquidation   cloture
    Jugement prononçant la résolution du plan de sauvegarde                        sauvegarde    cloture
    Arrêt infirmant le jugement d'ouverture de redressement judiciaire             redressement  cloture
    Jugement rejetant la demande d'ouverture de liquidation judiciaire             -             autre
    Jugement modifiant le plan de redressement                                     -             autre
    Jugement arrêtant le plan de cession                                           -             autre
    Dépôt de l'état des créances de la liquidation judiciaire                      -             autre

A closing that names no proceeding (or several) has no action: it ends whatever is open. A decision that is reversed
(*infirmation, rétractation, annulation*) ends on that day; the proceeding it had opened remains in the past, as then
known.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from sf_spark.domain.stages import REDRESSEMENT

OUVERTURE, PLAN, CONVERSION, CLOTURE, AUTRE = "ouverture", "plan", "conversion", "cloture", "autre"

_NAME = r"(liquidation(?! amiable)|redressement|sauvegarde)"
_E = r"(?:\S{0,3}| )"  # where a word has an accented letter: with it, without, or broken by a wrong encoding
_RESOLUTION = rf"(?<![a-z])r{_E}sol(?:ution|vant)"
_CLOSURE = rf"cl{_E}tur"
# The cause of a judgment, written after it: "liquidation judiciaire sur résolution du plan".
_GROUND = (
    rf"(?<!statuant) (?:apr{_E}s|suite \S{{1,3}}|sur) (?:la |une )?(?:{_RESOLUTION}|conver\w+|{_CLOSURE}\w*)[^,;]*"
)
# After a resolution, "et de la liquidation" is a further measure; after a closure, it is what is closed.
_AFTER_RESOLUTION = rf"({_RESOLUTION}.*?) et (?:de |d'|du )"
_BOUNDARY = r"[;,]| puis | et (?=d'ouv)| et (?!de |d'|du |des )"

_NO_MEASURE = (
    rf"n'y a\w* (?:pas )?lieu|absence de|d{_E}faut de|impossib|inex{_E}cution|ne plus (?:faire|appli)|"
    rf"fin de l'application|conciliation|ad hoc|interdi|faillite|r{_E}tablissement prof"
)
_UNDONE = rf"annul|infirm|(?<![a-z])r{_E}tract|(?<![a-z])r{_E}form"
# Words that, before the name of a proceeding, only arrange its course and decide nothing.
_COURSE = (
    rf"rejet|d{_E}bout|irrecevab|refus|modif|prolong|prorog|renouvel|report|maint|poursuite|d{_E}sign|nomm|rempla|"
    rf"d{_E}p{_E}t |d{_E}charg|autoris|d'observation|mission|cr{_E}anc|collocation|r{_E}partition|cession|rectif|"
    rf"date de|inali|vente|honoraires|homologation d'|commissaire|mandataire|administrateur"
)
_END = (
    rf"{_CLOSURE}|mett\w* fin|met fin|mise? fin|fin de la proc|fin du plan|extinction du passif|insuffisance d.actif|"
    rf"ach{_E}vement|bonne ex{_E}cution|caducit|{_RESOLUTION}"
)
_PLAN = r"(?<![a-z])plans?(?![a-z])"
_TARGET = rf"(?<![a-z])en (?:une |la )?(?:proc{_E}dure (?:de )?)?{_NAME}"
_MEASURE = "struct<action: string, stade: string>"


def judgment(nature: Column) -> Column:
    """Understand an announcement: ``struct<action, stade>``.

    Args:
        nature: Its text, as published.

    Returns:
        ``action``: liquidation, redressement, sauvegarde; null for a closing of whatever is open, and with ``autre``.
        ``stade``: ouverture, plan, conversion, cloture, or ``autre`` where no proceeding is decided. Never null: a
        missing or empty text is ``autre``.
    """
    measures = F.filter(F.transform(_clauses(nature), _measure), lambda measure: measure.isNotNull())
    nothing = F.struct(F.lit(None).cast("string").alias("action"), F.lit(AUTRE).alias("stade"))
    return F.coalesce(F.get(measures, F.size(measures) - 1), nothing)


def _clauses(nature: Column) -> Column:
    straight = F.regexp_replace(F.lower(nature), "[\u2019\u00b4`]", "'")
    text = F.regexp_replace(straight, r"[\s\u00a0\u202f_]+", " ")
    text = F.regexp_replace(text, _GROUND, "")
    text = F.regexp_replace(text, _AFTER_RESOLUTION, "$1|")
    return F.split(F.regexp_replace(text, _BOUNDARY, "|"), r"\|")


def _measure(clause: Column) -> Column:
    """What one clause decides: ``struct<action, stade>``, null for nothing."""
    names = F.array_distinct(F.regexp_extract_all(clause, F.lit(_NAME), F.lit(1)))
    name = F.get(names, F.lit(0))
    only_name = F.when(F.size(names) == 1, name)
    # The text before the first named proceeding or closure.
    head = F.regexp_extract(clause, rf"^(.*?)(?:{_NAME}|{_CLOSURE}|$)", 1)
    before_name = F.regexp_extract(clause, rf"^(.*?)(?:{_NAME}|$)", 1)
    target = F.coalesce(F.nullif(F.regexp_extract(clause, _TARGET, 1), F.lit("")), name)
    plan_of = F.coalesce(name, F.when(clause.contains("continuation"), F.lit(REDRESSEMENT)))
    undone = clause.rlike(_UNDONE)
    return (
        F.when(clause.rlike(_NO_MEASURE), None)
        .when(undone & clause.rlike(_CLOSURE), None)  # a reversed closing: the state after it is unknown
        .when(undone, F.when(name.isNotNull() | clause.contains("ouv"), _decided(only_name, CLOTURE)))
        .when(head.rlike(_COURSE), None)
        .when(clause.rlike("conver"), F.when(target.isNotNull(), _decided(target, CONVERSION)))
        .when(clause.rlike(_END), _decided(only_name, CLOTURE))
        .when(before_name.rlike(_PLAN), F.when(plan_of.isNotNull(), _decided(plan_of, PLAN)))
        .when(name.isNotNull(), _decided(name, OUVERTURE))
        .cast(_MEASURE)
    )


def _decided(action: Column, stade: str) -> Column:
    return F.struct(action.alias("action"), F.lit(stade).alias("stade"))
