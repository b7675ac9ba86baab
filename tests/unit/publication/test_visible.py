"""What a service may see: every value is planted once, and visible only with the rights to it."""

from collections.abc import Iterable
from datetime import date
from functools import reduce
from itertools import chain, combinations
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark import sources
from sf_spark.publication.card_parts import ALERTS, FRESHNESS, PLANS, REQUESTS, SERIES
from sf_spark.publication.cards import SITES
from sf_spark.publication.clearances import RIGHTS, Clearance
from sf_spark.publication.list_columns import SCHEMA
from sf_spark.publication.visible import SOURCES, visible_cards, visible_list

SCORES, URSSAF, SHORT_TIME, ACCOUNTS = "scores", "urssaf", "activite_partielle", "banque_de_france"
SUBSETS = [frozenset(some) for some in chain.from_iterable(combinations(RIGHTS, n) for n in range(len(RIGHTS) + 1))]


def clearance(rights: Iterable[str], departements: frozenset[str] | None = None) -> Clearance:
    return Clearance("x", "X", "", "France entière", departements, frozenset(rights))


def reason(theme: str, measure: str, mark: str) -> tuple[Any, ...]:
    return (mark, theme, measure, 1.0, None, None, 0.5, f"{mark} text")


# Planted text -> the rights that it takes to see it.
IN_LIST = {
    "entreprise": (),
    "m_effectif": (SCORES,),
    "m_dette": (SCORES, URSSAF),
    "m_cotisation": (SCORES, URSSAF),  # a reason of the theme effectif, made of contributions
    "m_bilan": (SCORES, ACCOUNTS),
    "m_apart": (SCORES, SHORT_TIME),
    "m_inconnu": tuple(RIGHTS),  # of an unknown theme
    "fort_niveau": (SCORES,),
    "aggravee": (SCORES,),
    "regle": (SCORES, URSSAF, SHORT_TIME),
    "1234567.0": (URSSAF,),
    "2234567.0": (URSSAF,),
    "3234567.0": (URSSAF,),
    "2031-05-06": (URSSAF,),
    "41.25": (SCORES,),
}


def planted_list(spark: SparkSession) -> DataFrame:
    reasons = [
        reason("effectif", "effectif", "m_effectif"),
        reason("dette_urssaf", "dette", "m_dette"),
        reason("effectif", "cotisation", "m_cotisation"),
        reason("sante_financiere", "bilan_ebe", "m_bilan"),
        reason("activite_partielle", "apart_heures_consommees", "m_apart"),
        reason("autre", "x", "m_inconnu"),
    ]
    row = {
        "siren": "1",
        "raison_sociale": "entreprise",
        "level": "fort_niveau",
        "status": "aggravee",
        "score": 41.25,
        "adjustment": "regle",
        "dette_sociale": 1234567.0,
        "montant_part_ouvriere": 2234567.0,
        "rank": 1,
        "montant_part_patronale": 3234567.0,
        "delai_echeance": date(2031, 5, 6),
        "reasons": reasons,
        "points": {"effectif": 0.5, "dette_urssaf": 7654321.5, "sante_financiere": 8654321.5},
        "reason_1": "m_dette text",
        "reason_2": "m_bilan text",
    }
    names = spark.createDataFrame([], SCHEMA).columns
    return spark.createDataFrame([tuple(row.get(name) for name in names)], SCHEMA)


IN_POINTS = {"7654321.5": (SCORES, URSSAF), "8654321.5": (SCORES, ACCOUNTS)}
COMPANY = (
    "siren string, departement string, raison_sociale string, dette double, montant_part_ouvriere double, "
    f"montant_part_patronale double, cotisation_mean12m double, etablissements {SITES}, serie {SERIES}, "
    "comptes struct<mois_cloture: date, ebe: double>, banque_de_france struct<mois: date, poids_frng: double>, "
    f"delais {PLANS}, alertes {ALERTS}, fraicheur {FRESHNESS}, empreinte string, "
    f"departement_entreprise string, demandes_activite_partielle {REQUESTS}"
)
DAY = date(2026, 3, 1)
IN_CARD = {
    "entreprise": (),
    **dict.fromkeys(("101.5", "102.5", "103.5", "104.5", "105.5", "106.5", "107.5", "108.5", "109.5"), (URSSAF,)),
    "plan_accorde": (URSSAF,),
    **dict.fromkeys(("110.5", "111.5", "motif_ap"), (SHORT_TIME,)),
    **dict.fromkeys(("112.5", "113.5"), (ACCOUNTS,)),
    **dict.fromkeys(("fort_niveau", "aggravee", "0.4125", "m_effectif"), (SCORES,)),
    "regle": (SCORES, URSSAF, SHORT_TIME),
    "m_dette": (SCORES, URSSAF),
    "m_cotisation": (SCORES, URSSAF),
    "m_secteur": (SCORES, URSSAF),
    "m_bilan": (SCORES, ACCOUNTS),
    "7654321.5": (SCORES, URSSAF),
    "vu_effectif": (),
    "vu_debit": (URSSAF,),
    "vu_apconso": (SHORT_TIME,),
    "vu_ratios": (ACCOUNTS,),
}


def planted_cards(spark: SparkSession) -> DataFrame:
    reasons = [
        ("effectif", "effectif", "s", 1.0, "m_effectif"),
        ("dette_urssaf", "dette", "s", 1.0, "m_dette"),
        ("effectif", "cotisation", "s", 1.0, "m_cotisation"),
        ("secteur", "secteur_part_endettee", "s", 1.0, "m_secteur"),
        ("sante_financiere", "bdf_poids_frng", "s", 1.0, "m_bilan"),
    ]
    points = [("effectif", 0.5), ("dette_urssaf", 7654321.5)]
    alert = ("detection-2026-03", 18, DAY, "fort_niveau", "aggravee", 0.4125, 1, DAY, "regle", reasons, points)
    fresh = [(source, f"vu_{source}", DAY, DAY) for source in ("effectif", "debit", "apconso", "ratios")]
    row = (
        *("1", "75", "entreprise", 101.5, 102.5, 103.5, 104.5),
        [("00011", True, True, "75", None, None, None, 12, 105.5)],
        [(DAY, 12, 106.5, 107.5, 108.5, 109.5, 110.5, 111.5)],
        *((DAY, 112.5), (DAY, 113.5)),
        [("00011", DAY, DAY, 1, 1.0, "plan_accorde", None, True)],
        *([alert], fresh, "digest", "25"),
        [("X1", DAY, DAY, DAY, 1.0, 1.0, 1, "motif_ap")],
    )
    return spark.createDataFrame([row], COMPANY)


def seen_by_rights(frames: dict[frozenset[str], DataFrame]) -> dict[frozenset[str], str]:
    """Everything that each sees, as one text."""
    parts = [
        frame.select(F.lit(",".join(sorted(rights))).alias("rights"), F.to_json(F.struct("*")).alias("all"))
        for rights, frame in frames.items()
    ]
    rows = reduce(DataFrame.union, parts).coalesce(1).collect()
    return {frozenset(filter(None, row["rights"].split(","))): row["all"] for row in rows}


@pytest.fixture(scope="module")
def lists(spark: SparkSession) -> dict[frozenset[str], str]:
    rows = planted_list(spark)
    return seen_by_rights({rights: visible_list(rows, clearance(rights), F.lit("75")) for rights in SUBSETS})


@pytest.fixture(scope="module")
def cards(spark: SparkSession) -> dict[frozenset[str], str]:
    rows = planted_cards(spark)
    return seen_by_rights({rights: visible_cards(rows, clearance(rights)) for rights in SUBSETS})


@pytest.mark.parametrize("rights", SUBSETS, ids=lambda rights: "+".join(sorted(rights)) or "none")
def test_each_value_is_seen_with_its_rights_and_never_without(lists, cards, rights: frozenset[str]) -> None:
    for seen, planted in ((lists[rights], IN_LIST | IN_POINTS), (cards[rights], IN_CARD)):
        for mark, asked in planted.items():
            assert (mark in seen) == rights.issuperset(asked), (mark, seen)


def test_hidden_columns_are_absent(spark: SparkSession) -> None:
    rows = visible_list(planted_list(spark), clearance([]), F.lit("75"))
    hidden = {"rank", "level", "level_model", "probability", "score", "points", "reasons", "reason_1", "dette_sociale"}
    assert not hidden & set(rows.columns)
    assert {"siren", "raison_sociale", "effectif", "first_alert"} <= set(rows.columns)
    card = visible_cards(planted_cards(spark), clearance([]))
    assert not {"dette", "delais", "comptes", "banque_de_france", "empreinte"} & set(card.columns)
    assert card.select("serie").schema["serie"].dataType.simpleString() == "array<struct<periode:date,effectif:int>>"


def test_texts_of_reasons_close_ranks_when_one_is_hidden(spark: SparkSession) -> None:
    row = visible_list(planted_list(spark), clearance([SCORES, ACCOUNTS]), F.lit("75")).first()
    assert row is not None
    assert [row[f"reason_{n}"] for n in (1, 2, 3)] == ["m_effectif text", "m_bilan text", None]


def test_a_card_of_an_establishment_follows_its_company(spark: SparkSession) -> None:
    rows = planted_cards(spark)  # stands in 75, its company belongs to 25
    assert visible_cards(rows, clearance([], frozenset({"25"}))).count() == 1
    assert visible_cards(rows, clearance([], frozenset({"75"}))).count() == 0


def test_every_source_says_which_right_it_asks_for() -> None:
    # One that is not listed would be hidden from all who lack any right.
    assert set(SOURCES) == {source.name for source in sources.SOURCES}
