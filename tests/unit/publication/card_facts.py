"""Two companies and a third that left long ago, in all the input tables of cards; small enough to read."""

from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from sf_spark.domain.ratios import PUBLISHED, RATIOS_BDF
from sf_spark.publication.card_inputs import STAGED, Facts
from sf_spark.publication.follow_up import FOLLOW_UP
from sf_spark.publication.list_columns import SCHEMA as LISTS

LAST = date(2026, 3, 1)
A, B, C = "111111111", "222222222", "333333333"
A1, A2, B1, B2 = f"{A}00011", f"{A}00029", f"{B}00011", f"{B}00029"
DAY = date(2026, 2, 20)

_MEASURES = (
    "effectif int, effectif_age_mois int, cotisation double, montant_part_ouvriere double, "
    "montant_part_patronale double, dette double, apart_heures_autorisees double, apart_heures_consommees double, "
    "departement string, code_commune string, ape string, section string"
)
_COMPANY = (
    f"siren string, periode date, raison_sociale string, categorie_juridique string, ape_naf25 string, "
    f"est_dans_perimetre boolean, procedure string, stade string, date_procedure date, bilan_age_mois int, "
    f"bilan_type string, {', '.join(f'bilan_{name} double' for name in PUBLISHED)}, bdf_age_mois int, "
    f"{', '.join(f'bdf_{name} double' for name in RATIOS_BDF)}, paydex_age_mois int, paydex_nb_jours double, "
    f"{_MEASURES}"
)
_SITE = f"siret string, siren string, periode date, siege boolean, est_ouvert boolean, {_MEASURES}"
Row = dict[str, Any]


def frame(spark: SparkSession, ddl: str, rows: list[Row]) -> DataFrame:
    """A frame in one partition; missing columns are null."""
    names = spark.createDataFrame([], ddl).columns
    unknown = {name for row in rows for name in row} - set(names)
    assert not unknown, unknown
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows], ddl).coalesce(1)


def month(back: int) -> date:
    index = 12 * LAST.year + LAST.month - 1 - back
    return date(index // 12, index % 12 + 1, 1)


def _months(count: int, end: int = 0, **values: Any) -> list[Row]:
    """Rows of the months that end so many months before the last: the dues fall by one euro a month."""
    return [
        {"periode": month(back), "cotisation": 100.0 + back, "effectif": 12, "effectif_age_mois": 4, **values}
        for back in range(end, end + count)
    ]


def companies() -> list[Row]:
    common = {
        "ape": "56.10A",
        "section": "I",
        "dette": 0.0,
        "montant_part_ouvriere": 0.0,
        "montant_part_patronale": 0.0,
    }
    a = _months(30, siren=A, departement="25", raison_sociale="LES PLATANES", **common)
    a[0] |= {
        "dette": 30.0,
        "montant_part_ouvriere": 10.0,
        "montant_part_patronale": 20.0,
        "apart_heures_consommees": 7.5,
    }
    a[0] |= {"bilan_age_mois": 15, "bilan_type": "C", "bilan_chiffre_d_affaires": 5e5, "paydex_age_mois": 1}
    a[0] |= {"paydex_nb_jours": 12.0, "bdf_age_mois": 15, "bdf_poids_frng": 3.5, "est_dans_perimetre": True}
    b = _months(5, end=3, siren=B, departement="2A", **common)  # its panel ended three months ago
    c = _months(2, end=40, siren=C, departement="971", **common)
    return [*a, *b, *c]


def sites() -> list[Row]:
    common = {"ape": "56.10A", "section": "I", "dette": 0.0}
    return [
        *_months(30, siret=A1, siren=A, siege=False, est_ouvert=True, departement="25", **common),
        *_months(3, siret=B1, siren=B, siege=True, est_ouvert=False, departement="2A", end=3, **common),
    ]


def staged() -> dict[str, list[Row]]:
    address = {"numero_voie": "12", "indrep": "BIS", "type_voie": "RUE", "voie": "DU LAC", "code_postal": "25000"}
    return {
        "sirene": [
            {"siret": A1, "siren": A, "siege": False, "departement": "25", "est_actif": True, "known_on": DAY},
            {  # where its head office has been since February
                "siret": A2,
                "siren": A,
                "siege": True,
                "departement": "75",
                "code_commune": "75104",
                "commune": "PARIS",
                "est_actif": True,
                "known_on": DAY,
                "ape": "62.01Z",
                **address,
            },
            {"siret": B1, "siren": B, "siege": True, "departement": "2A", "est_actif": False, "known_on": DAY},
            {"siret": B2, "siren": B, "siege": False, "departement": "2B", "est_actif": False, "known_on": DAY},
            {"siret": "999999999" + "00011", "siren": "999999999", "siege": True, "est_actif": True},
        ],
        "sirene_ul": [
            {"siren": A, "raison_sociale": "LES PLATANES SAS", "categorie_juridique": "5710", "known_on": DAY},
            {"siren": B, "raison_sociale": "", "prenom1_unite_legale": "ANNE", "nom_unite_legale": "ROY"},
        ],
        "effectif_ent": [
            {"siren": A, "periode": month(5), "effectif": 12, "known_on": month(1)},
            {"siren": A, "periode": month(4), "effectif": 12, "known_on": month(0)},
        ],
        "cotisation": [{"siret": A1, "siren": A, "periode_debut": month(1), "du": 100.0, "known_on": DAY}],
        "delai": [
            {
                "siret": A1,
                "siren": A,
                "date_creation": date(2026, 1, 2),
                "date_echeance": date(2026, 9, 1),
                "duree_delai": 242,
                "montant_echeancier": 900.0,
                "stade": "APPROB",
                "known_on": date(2026, 1, 2),
            },
            {
                "siret": A1,
                "siren": A,
                "date_creation": date(2024, 1, 2),
                "date_echeance": date(2024, 9, 1),
                "duree_delai": 242,
                "montant_echeancier": 500.0,
                "stade": "APPROB",
                "known_on": date(2024, 1, 2),
            },
            {
                "siret": A1,
                "siren": A,
                "date_creation": date(2026, 2, 2),
                "date_echeance": date(2026, 9, 1),
                "duree_delai": 242,
                "montant_echeancier": 70.0,
                "stade": "refus",
                "known_on": date(2026, 2, 2),
            },
        ],
        "apdemande": [
            {
                "siret": A1,
                "siren": A,
                "id_demande": "X1",
                "date_statut": day,
                "hta": hours,
                "_line": 1,
                "motif_recours_se": 1,
                "known_on": day,
                "_batch": "2603",
            }
            for day, hours in ((date(2026, 1, 5), 50.0), (date(2026, 2, 5), 80.0))
        ],
        "procol": [
            {"siren": B, "date_effet": date(2026, 1, 8), "action_procol": "liquidation", "stade_procol": "ouverture"}
        ],
    }


def alert(siren: str, periode: date, rank: int | None, **values: Any) -> Row:
    name = f"detection-{periode:%Y-%m}"
    return {"list": name, "periode": periode, "horizon": 18, "edition": 1, "siren": siren, "rank": rank, **values}


def lists() -> list[Row]:
    # signal, theme, measure, value, a year ago, median, contribution, text
    debt = ("dette", "dette_urssaf", "dette", 30.0, 0.0, 0.0, 0.4, "Dette URSSAF : 30 €")
    staff = ("effectif", "effectif", "effectif", 12.0, 14.0, 9.0, 0.2, "Effectif salarié : 12 salariés")
    points = {"effectif": 2.5, "dette_urssaf": 7.5}
    now = {"level": "fort", "probability": 0.4, "status": "aggravee", "reasons": [debt, staff], "points": points}
    return [
        alert(A, month(1), 1, level="modere", probability=0.2, status="nouvelle", first_alert=month(1)),
        alert(A, month(0), 1, **now, first_alert=month(1)) | {"level": "modere"},
        alert(A, month(0), 1, **now, first_alert=month(1)) | {"list": "detection-2026-03-v2", "edition": 2},
        alert(C, month(38), 9, level="modere", probability=0.2, status="nouvelle", first_alert=month(38)),
    ]


def facts(spark: SparkSession) -> Facts:
    rows = staged()
    return Facts(
        companies=frame(spark, _COMPANY, [row for row in companies() if row["periode"] >= month(23)]),
        sites=frame(spark, _SITE, [row for row in sites() if row["periode"] >= month(23)]),
        staged={name: frame(spark, ddl, rows.get(name, [])) for name, ddl in STAGED.items()},
        lists=frame(spark, LISTS, lists()),
        follow_up=frame(
            spark,
            FOLLOW_UP,
            [
                {"siren": A, "siret": A1, "date": date(2026, 3, 9), "service": "ddets_25", "type": "suivi"}
                | {"state": "en cours", "niveau": "orange", "actions": ["Soutien financier public"]},
                {"siren": A, "date": date(2026, 3, 10), "service": "ddets_25", "type": "avis", "utile": True},
            ],
        ),
        last=LAST,
        cutoff_day=20,
    )
