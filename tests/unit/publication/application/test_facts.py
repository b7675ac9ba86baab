"""The content of the application's relations, from a few delivered facts: expected values by hand."""

from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from sf_spark.panel.rules import Exclusions
from sf_spark.publication.application import facts, registers
from sf_spark.publication.application.relations import CLEAN, RELATIONS, SIRET
from sf_spark.publication.application.rows import digests, sendable
from sf_spark.publication.card_parts import SHORT_TIME_REASONS

A, B = "01234567800011", "98765432100010"  # establishments of two companies
SIREN_A, SIREN_B = A[:9], B[:9]
WITHDRAWN = date(2026, 1, 20)


def month(year: int, number: int) -> date:
    return date(year, number, 1)


def rows_of(spark: SparkSession, source: str, *rows: dict[str, Any]) -> DataFrame:
    """Staged rows, each on its own line of batch 2601; missing columns are null."""
    names = [column.split(" ")[0] for column in facts.COLUMNS[source].split(", ")]
    delivered = [{"_batch": "2601", "_line": line, **row} for line, row in enumerate(rows)]
    for row in delivered:
        assert row.keys() <= set(names), row
        if "siret" in row:
            row.setdefault("siren", row["siret"][:9])
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in delivered], facts.COLUMNS[source])


def shown(frame: DataFrame, relation: str) -> list[tuple[Any, ...]]:
    """The rows for the application, in the order of their key."""
    record = next(each for each in RELATIONS if each.name == relation)
    return sorted((tuple(row) for row in frame.select(*record.columns).collect()), key=repr)


def test_contributions_of_one_period_are_added_and_stay_in_its_first_month(spark: SparkSession) -> None:
    january, april = month(2025, 1), month(2025, 4)
    staged = rows_of(
        spark,
        "cotisation",
        {"siret": A, "periode_debut": january, "du": 100.10},
        {"siret": A, "periode_debut": january, "du": -30.05},
        {"siret": A, "periode_debut": january, "du": 9.0, "superseded_on": WITHDRAWN},
        {"siret": A, "periode_debut": april},  # an amount that the file did not hold
    )
    assert shown(facts.cotisation({"cotisation": staged}), "clean_cotisation") == [
        (A, january, (10010 - 3005) / 100),
        (A, april, None),
    ]


def test_a_debt_holds_from_one_change_to_the_next(spark: SparkSession) -> None:
    february, june, september = (month(2025, number) for number in (2, 6, 9))

    def balance(item: str, periode: date, rank: int, workers: float, employers: float = 0.0, **more: Any) -> dict:
        operation = {"debit_id": item, "periode_prise_en_compte": periode, "numero_historique": rank}
        return {"siret": A, "part_ouvriere": workers, "part_patronale": employers, **operation, **more}

    staged = rows_of(
        spark,
        "debit",
        balance("a", february, 1, 1000.0, 50.0),
        balance("a", june, 3, 0.0),
        balance("a", june, 2, 700.0, 50.0),  # an operation of the same month, before
        balance("b", june, 1, 300.0),
        balance("b", september, 2, 100.0),
        balance("b", september, 9, 7.0, superseded_on=WITHDRAWN),
        {**balance("c", june, 1, 5.0), "siret": B},
    )
    assert shown(facts.debit({"debit": staged}), "clean_debit") == [
        (A, february, 1000, 50, False),
        (A, june, 0 + 300, 0, False),
        (A, september, 0 + 100, 0, True),
        (B, june, 5, 0, True),
    ]


def test_payment_plans_keep_what_the_application_can_hold(spark: SparkSession) -> None:
    dates = {"date_creation": date(2025, 3, 7), "date_echeance": date(2026, 3, 7), "duree_delai": 365}
    staged = rows_of(
        spark, "delai", {"siret": A, **dates, "montant_echeancier": 1234.5, "stade": "x" * 60, "action": None}
    )
    assert shown(facts.delai({"delai": staged}), "clean_delai") == [
        (A, date(2025, 3, 7), date(2026, 3, 7), 365, 1234.5, "x" * 50, None)
    ]


def test_the_latest_headcount_of_each_is_marked(spark: SparkSession) -> None:
    may, june = month(2025, 5), month(2025, 6)
    sites = rows_of(
        spark,
        "effectif",
        *(
            {"siret": site, "periode": periode, "effectif": n}
            for site, periode, n in ((A, may, 10), (A, june, 0), (B, may, 3))
        ),
        {"siret": A, "periode": may, "effectif": 12},  # another account: the last delivered counts
        {"siret": B, "periode": june},
    )
    assert shown(facts.effectif({"effectif": sites}), "clean_effectif") == [
        (A, may, 12, False),
        (A, june, 0, True),
        (B, may, 3, True),
    ]
    companies = rows_of(spark, "effectif_ent", {"siren": SIREN_A, "periode": may, "effectif": 25})
    assert shown(facts.effectif_ent({"effectif_ent": companies}), "clean_effectif_ent") == [(SIREN_A, may, 25, True)]


def test_short_time_work_counts_full_time_employees(spark: SparkSession) -> None:
    december, january, february = month(2025, 12), month(2026, 1), month(2026, 2)
    request = {"siret": A, "periode_debut": date(2025, 12, 15), "periode_fin": date(2026, 1, 14), "hta": 303.34}
    requests = rows_of(
        spark,
        "apdemande",
        {**request, "motif_recours_se": 3},
        {**request, "periode_fin": date(2025, 12, 31), "hta": 151.67, "motif_recours_se": 1},
        {**request, "siret": B, "periode_fin": date(2025, 12, 31), "motif_recours_se": 6},
    )
    consumed = rows_of(
        spark,
        "apconso",
        {"siret": A, "periode": date(2025, 12, 30), "heure_consomme": 151.67 / 2},  # not always the first of the month
        {"siret": A, "periode": february, "heure_consomme": 151.67},
    )
    both = f"{SHORT_TIME_REASONS[0]}; {SHORT_TIME_REASONS[2]}"
    assert shown(facts.ap({"apdemande": requests, "apconso": consumed}), "clean_ap") == [
        (A, SIREN_A, december, 2 + 1, 0.5, both, False),
        (A, SIREN_A, january, 2, None, SHORT_TIME_REASONS[2], False),
        (A, SIREN_A, february, None, 1.0, None, True),
        (B, SIREN_B, december, 2, None, "Motif inconnu", False),
    ]


def test_stages_in_the_words_of_the_state(spark: SparkSession) -> None:
    labels = {
        ("redressement", "ouverture"): "Redressement judiciaire",
        ("redressement", "plan_continuation"): "Plan de redressement",
        ("redressement", "fin_procedure"): "In bonis",
        ("liquidation", "plan_continuation"): "Liquidation judiciaire",
        ("liquidation", None): "Liquidation judiciaire",
        ("sauvegarde", "plan_continuation"): "Plan de sauvegarde",
        ("sauvegarde", "abandon_procedure"): "Sauvegarde",
    }
    row = {"siren": SIREN_A, "date_effet": date(2025, 1, 2)}
    rows = [row | {"action_procol": action, "stade_procol": stage} for action, stage in labels]
    left_out = [rows[0] | {"stade_procol": "solde_procedure"}, rows[0] | {"action_procol": None}]
    staged = rows_of(spark, "procol", *rows, rows[0], *left_out)
    expected = [(SIREN_A, date(2025, 1, 2), *stage, label) for stage, label in labels.items()]
    assert shown(facts.procol({"procol": staged}), "clean_procol") == sorted(expected, key=repr)


def test_the_register_in_one_line_and_with_labels(spark: SparkSession) -> None:
    seat = {"siret": A, "siege": True, "departement": "2A", "ape": "56.10A", "est_actif": True}
    street = {"numero_voie": "12", "indrep": "BIS", "type_voie": "RUE", "voie": "DE LA PAIX"}
    sirene = rows_of(
        spark,
        "sirene",
        {**seat, **street, "code_postal": "20000", "commune": "AJACCIO"},
        {"siret": B, "siege": False, "commune_etranger": "TURIN", "pays_etranger": "ITALIE", "est_actif": False},
    )
    units = rows_of(
        spark,
        "sirene_ul",
        {
            "siren": SIREN_A,
            "raison_sociale": "",
            "prenom1_unite_legale": "ANNE",
            "nom_unite_legale": "LE GOFF",
            "ape": "56.10A",
        },
        {"siren": SIREN_B, "raison_sociale": 'CHEZ "PAUL"\n& FILS'},
    )
    tables = {"sirene": sirene, "sirene_ul": units}
    address = "adresse"
    assert {row["siret"]: row[address] for row in registers.sirene(tables).collect()} == {
        A: "12 BIS RUE DE LA PAIX 20000 AJACCIO",
        B: "TURIN ITALIE",
    }
    by_siren = {row["siren"]: row for row in registers.sirene_ul(tables).collect()}
    first = by_siren[SIREN_A]
    assert (first["raison_sociale"], first["departement"], first["naf_section"]) == ("ANNE LE GOFF", "2A", "I")
    assert first["libelle_activite_principale"] == "Restauration traditionnelle"
    assert first["libelle_naf_section"] == "Hébergement et restauration"
    assert by_siren[SIREN_B]["departement"] is None
    (relation,) = (each for each in CLEAN if each.name == "clean_sirene_ul")
    sent = {row["siren"]: row for row in sendable(registers.sirene_ul(tables), relation).collect()}
    assert sent[SIREN_B]["raison_sociale"] == 'CHEZ "PAUL" & FILS'
    assert (sent[SIREN_A]["_part"], sent[SIREN_B]["_part"]) == ("2A", "")


def test_the_perimeter_leaves_companies_out(spark: SparkSession) -> None:
    names = ("000000001", "000000002", "000000003", "000000004", "000000005")
    firm, bank, abroad, public, unknown = names
    seats = [{"siret": f"{siren}00011", "siege": True, "departement": "75"} for siren in (firm, bank, public)]
    sirene = rows_of(spark, "sirene", *seats, {"siret": f"{abroad}00011", "siege": True})
    units = rows_of(
        spark,
        "sirene_ul",
        {"siren": firm, "ape": "56.10A", "categorie_juridique": "5710"},
        {"siren": bank, "ape": "64.19Z"},
        {"siren": public, "categorie_juridique": "7210"},
    )
    all_of_them = spark.createDataFrame([(name,) for name in names], "siren string")

    def left(siege_en_france: bool) -> set[str]:
        rules = Exclusions(("7210",), ("64.19Z",), siege_en_france)
        kept = facts.perimeter({"sirene": sirene, "sirene_ul": units}, rules).of(all_of_them)
        return {row["siren"] for row in kept.collect()}

    assert left(siege_en_france=True) == {firm}
    assert left(siege_en_france=False) == {firm, abroad, unknown}


def test_a_digest_changes_with_any_cell_and_with_no_order(spark: SparkSession) -> None:
    (relation,) = (each for each in CLEAN if each.name == "clean_procol")
    day = date(2025, 1, 2)
    rows = [(SIREN_A, day, "a", None, "x"), (SIREN_A, day, None, "a", "x"), (SIREN_B, day, "a", None, "x")]

    def digest(*rows: tuple[Any, ...]) -> str:
        frame = spark.createDataFrame(
            list(rows),
            "siren string, date_effet date, action_procol string, stade_procol string, libelle_procol string",
        )
        (row,) = digests(sendable(frame, relation), relation).collect()
        assert (row["_part"], row["rows"]) == ("2025-01", len(rows))
        return row["digest"]

    assert len({digest(row) for row in rows}) == len(rows)  # a null is somewhere else
    assert digest(*rows) == digest(*reversed(rows)) != digest(*rows, rows[0])


def test_records_are_whole() -> None:
    for relation in RELATIONS:
        assert {*relation.key, relation.part} <= relation.columns.keys(), relation.name
        assert all(meaning for _, meaning in relation.columns.values())
        assert relation.columns.get("siret", (SIRET,))[0] == SIRET
