"""An export's rows and spreadsheet: current facts, each filter, terms and order of the application's file."""

import csv
import io
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from sf_spark.errors import ConfigurationError
from sf_spark.publication import exported
from sf_spark.publication.clearances import RIGHTS, Clearance
from sf_spark.publication.exported import exported_rows
from sf_spark.publication.filters import Filters
from sf_spark.publication.follow_up import FOLLOW_UP
from sf_spark.publication.list_columns import SCHEMA

MARCH, NAME = date(2026, 3, 1), "detection-2026-03"
ALL = Clearance("national", "Équipe nationale", "dge", "France entière", None, frozenset(RIGHTS))
CARDS = "siren string, departement string, statut_procedure string, effectif int, dette double, ape_libelle string"
HEADER = (
    "Liste de détection;Siren;Siret;Raison sociale;Code département;Année de création de l'entreprise;Forme juridique;"
    "Statut de procédure collective;Dernier effectif entreprise;Montant de la dette sociale;Code secteur d'activité;"
    "Libellé secteur d'activité;Code NAF/APE;Libellé NAF/APE;Niveau d'alerte;Fréquence d'alerte;"
    "Détail du score effectif;Détail du score santé financière;Détail du score dettes sociales;"
    "Détail du score activité partielle;Liste retraitée;Délai de paiement Urssaf;Entreprises récentes;Accompagnement"
)


def frame(spark: SparkSession, ddl: str, rows: list[dict[str, Any]]) -> DataFrame:
    names = spark.createDataFrame([], ddl).columns
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows], ddl).coalesce(1)


def company(siren: str, rank: int | None, departement: str, **values: Any) -> dict[str, Any]:
    row = {"list": NAME, "periode": MARCH, "horizon": 18, "edition": 1, "siren": siren, "rank": rank}
    row |= {"departement": departement, "raison_sociale": f"ENTREPRISE {siren}", "level": "modere", "section": "I"}
    row |= {"first_alert": date(2026, 1, 1), "effectif": 12, "dette_sociale": 0.0, "categorie_juridique": "5710"}
    return row | {"procedure_libelle": "In bonis", "a_delai_en_cours": False, "est_recente": False} | values


@pytest.fixture(scope="module")
def tables(spark: SparkSession) -> tuple[DataFrame, ...]:
    listed = [
        company("1", 1, "25", level="fort", first_alert=MARCH, points={"effectif": 2.504, "dette_urssaf": 7.5}),
        company("2", 2, "25", dette_sociale=5000.0, a_delai_en_cours=True),
        company("3", 3, "2A", effectif=3, section="F", categorie_juridique="1000", est_recente=True),
        company("4", 4, "971", effectif=None, dette_sociale=None, raison_sociale="Société Éclair"),
        company("5", None, "25", status="sortie"),
    ]
    cards = [
        # Moved, opened a proceeding and owes more since the list.
        {"siren": "1", "departement": "75", "statut_procedure": "Redressement judiciaire", "effectif": 9}
        | {"dette": 1234.5, "ape_libelle": "Restauration traditionnelle"},
        {"siren": "2", "departement": "25", "statut_procedure": "In bonis", "effectif": 12, "dette": 5000.0},
    ]
    notes = [
        {"siren": "2", "date": date(2026, 3, 1), "type": "suivi", "state": "terminé"},
        {"siren": "2", "date": date(2026, 4, 1), "type": "suivi", "state": "terminé"},
        {"siren": "2", "date": date(2026, 4, 1), "type": "suivi", "state": "en cours"},
    ]
    chosen = [
        {"siren": "2", "liste": NAME},
        {"siren": "2", "liste": NAME},
        {"siren": "1", "liste": "detection-2026-02"},
    ]
    return (
        frame(spark, SCHEMA, listed),
        frame(spark, CARDS, cards),
        frame(spark, FOLLOW_UP, notes),
        frame(spark, "siren string, liste string", chosen),
    )


def sirens(tables: tuple[DataFrame, ...], clearance: Clearance = ALL, **filters: Any) -> list[str]:
    return [row["siren"] for row in exported_rows(*tables, clearance, Filters(**filters)).collect()]


def test_rows_and_what_is_known_now(tables) -> None:
    rows = [row.asDict(recursive=True) for row in exported_rows(*tables, ALL, Filters()).collect()]
    assert [row["siren"] for row in rows] == ["1", "2", "3", "4"]  # 5 has left the list
    lines = [exported.cells(row) for row in rows]
    named = [dict(zip(exported.COLUMNS, cells, strict=True)) for cells in lines]
    now = ("Code département", "Statut de procédure collective", "Dernier effectif entreprise")
    assert [tuple(row[name] for name in (*now, "Montant de la dette sociale")) for row in named] == [
        ("75", "Redressement judiciaire", 9, 1234.5),
        ("25", "In Bonis", 12, 5000.0),
        ("2A", "In Bonis", 3, 0.0),
        ("971", "In Bonis", "-", "-"),
    ]
    words = ("Niveau d'alerte", "Fréquence d'alerte", "Détail du score effectif", "Liste retraitée", "Accompagnement")
    assert [tuple(row[name] for name in words) for row in named] == [
        ("Alerte élevée", "1ère alerte", 2.5, "Non", "-"),
        ("Alerte modérée", "-", "-", "Oui", "En cours"),
        ("Alerte modérée", "-", "-", "Non", "-"),
        ("Alerte modérée", "-", "-", "Non", "-"),
    ]
    yes = ("Délai de paiement Urssaf", "Entreprises récentes")
    assert [tuple(row[name] for name in yes) for row in named[1:3]] == [("Oui", "Non"), ("Non", "Oui")]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"text": "éclair"}, ["4"]),
        ({"text": "3"}, ["3"]),
        ({"departments": ("75", "2A")}, ["1", "3"]),
        ({"departments": ("25",)}, ["2"]),  # 1 has moved
        ({"sections": ("F",)}, ["3"]),
        ({"legal_forms": ("57", "99")}, ["1", "2", "4"]),
        ({"min_headcount": 9}, ["1", "2"]),
        ({"min_debt": 1234.5}, ["1", "2"]),
        ({"proceedings": ("Redressement judiciaire",)}, ["1"]),
        ({"levels": ("fort",)}, ["1"]),
        ({"first_alerts": True}, ["1"]),
        ({"no_recent": True}, ["1", "2", "4"]),
        ({"no_payment_plan": True}, ["1", "3", "4"]),
        ({"committee_list": True}, ["2"]),
        ({"levels": ("modere",), "min_headcount": 10}, ["2"]),
    ],
    ids=str,
)
def test_each_filter(tables, filters: dict[str, Any], expected: list[str]) -> None:
    assert sirens(tables, **filters) == expected
    labels = dict(Filters(**filters).labelled())
    assert len(labels) == 12 and sum(value != "-" for value in labels.values()) == len(filters)


def test_who_moved_is_seen_where_it_is_now(tables) -> None:
    doubs = Clearance("d", "D", "", "25", frozenset({"25"}), frozenset(RIGHTS))
    paris = Clearance("p", "P", "", "75", frozenset({"75"}), frozenset(RIGHTS))
    assert (sirens(tables, doubs), sirens(tables, paris)) == (["2"], ["1"])


def test_without_scores_the_order_reveals_nothing(spark: SparkSession, tables) -> None:
    listed, *others = tables
    turned = listed.withColumn("rank", -listed["rank"])
    blind = Clearance("x", "X", "", "France entière", None, frozenset({"urssaf"}))
    rows = exported_rows(turned, *others, blind, Filters()).collect()
    assert [row["siren"] for row in rows] == ["1", "2", "3", "4"]
    cells = dict(zip(exported.COLUMNS, exported.cells(rows[0].asDict()), strict=True))
    assert (cells["Niveau d'alerte"], cells["Détail du score effectif"], cells["Montant de la dette sociale"]) == (
        *("-", "-"),
        1234.5,
    )


def test_without_urssaf_debts_and_plans_are_dashes(tables) -> None:
    blind = Clearance("x", "X", "", "France entière", None, frozenset({"scores"}))
    rows = exported_rows(*tables, blind, Filters()).collect()
    assert not {"dette_actuelle", "dette_sociale", "a_delai_en_cours"} & set(rows[0].asDict())
    cells = [dict(zip(exported.COLUMNS, exported.cells(row.asDict()), strict=True)) for row in rows]
    hidden = ("Montant de la dette sociale", "Délai de paiement Urssaf", "Détail du score dettes sociales")
    assert {row[name] for row in cells for name in hidden} == {"-"}
    assert cells[0]["Détail du score effectif"] == 2.5


@pytest.mark.parametrize(
    ("filters", "rights", "message"),
    [
        ({"min_debt": 0.0}, {"scores"}, "--min-debt asks for the right 'urssaf', which x has not"),
        ({"no_payment_plan": True}, {"scores"}, "--no-payment-plan asks for the right 'urssaf'"),
        ({"levels": ("fort",)}, {"urssaf"}, "--level asks for the right 'scores'"),
        ({"legal_forms": ("5.*",)}, set(RIGHTS), "--legal-form '5.*' is not the first digits"),
        ({"departments": ("20",)}, set(RIGHTS), "--department '20' is not a code"),
        ({"proceedings": ("Bonis",)}, set(RIGHTS), "--proceeding 'Bonis' is not one of In bonis, Liquidation"),
        ({"min_debt": float("nan")}, set(RIGHTS), "--min-debt nan is not an amount"),
    ],
)
def test_a_filter_that_tells_too_much_is_refused(filters: dict[str, Any], rights: set[str], message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Filters(**filters).check(Clearance("x", "X", "", "", None, frozenset(rights)))
    assert message in str(raised.value)


def test_the_file_opens_in_a_french_spreadsheet() -> None:
    row = {
        "list": NAME,
        "siren": "012345678",
        "raison_sociale": '=1+1;"A"',
        "periode": MARCH,
        "first_alert": MARCH,
        "procedure_actuelle": "In bonis",
        "dette_actuelle": 1234.5,
        "points": [("effectif", -0.123)],
    }
    text = exported.csv_text([row])
    assert text[0] == "\ufeff" and text[1:].split("\r\n")[0] == HEADER
    header, line = csv.reader(io.StringIO(text[1:]), delimiter=";")
    cells = dict(zip(header, line, strict=True))
    assert (cells["Siren"], cells["Raison sociale"]) == ("012345678", '\'=1+1;"A"')
    assert (cells["Montant de la dette sociale"], cells["Détail du score effectif"]) == ("1234,50", "-0,12")
    assert (cells["Siret"], cells["Accompagnement"]) == ("-", "-")


def test_the_second_sheet_repeats_the_filters() -> None:
    lines = exported.filter_lines(ALL, NAME, Filters(departments=("25", "2A")), 3, "20/03/2026 10:00 UTC")
    assert lines[:5] == [
        ("Liste de détection", NAME),
        ("Service", "Équipe nationale"),
        ("Territoire", "France entière"),
        ("Recherche", "-"),
        ("Départements", "25, 2A"),
    ]
    assert lines[-2:] == [("Nombre d'entreprises", 3), ("Exporté le", "20/03/2026 10:00 UTC")]
    assert Filters(departments=("25",), min_debt=0.0).as_json() == '{"departments": ["25"], "min_debt": 0.0}'
