"""Invented companies for the pages: lists and cards with all fields, and with none."""

from datetime import UTC, date, datetime
from typing import Any

from sf_spark.publication.report.model import Edition, Figures, Quality

RIGHTS = frozenset(("scores", "urssaf", "activite_partielle", "banque_de_france"))
MARCH, CUTOFF = date(2026, 3, 1), date(2026, 3, 20)
EDITION = Edition(
    name="detection-2026-03",
    periode=MARCH,
    cutoff=CUTOFF,
    horizon=18,
    service="DREETS Occitanie",
    territory="Occitanie",
    rights=RIGHTS,
    made_at=datetime(2026, 3, 21, 14, 5, tzinfo=UTC),
    previous="detection-2026-02",
    low=12.5,
    high=31.0,
)
HOSTILE = "</script><img src=x onerror=\"window.attaque=1\"> & 'FILS' {{ 7*7 }}"
_PLACES = (("31", "Haute-Garonne"), ("34", "Hérault"), ("2A", "Corse-du-Sud"), ("974", "La Réunion"))
_SECTIONS = (
    "Construction",
    "Hébergement et restauration",
    "Industrie manufacturière",
    "Commerce ; réparation d'automobiles",
)
_FORMS = ("Société par actions simplifiée", "Société à responsabilité limitée", "Entrepreneur individuel")
_STATUSES = ("nouvelle", "maintenue", "aggravee", "attenuee", "maintenue")
_NAMES = ("MENUISERIE", "ÉTABLISSEMENTS", "TRANSPORTS", "ATELIERS", "RESTAURANT")
_REASONS = (
    "Dette URSSAF : 3,2 mois de cotisation, contre 0,4 il y a un an ; médiane du secteur 0",
    "Effectif : 18 salariés, contre 25 il y a un an ; médiane du secteur 14",
    "Activité partielle : 420 heures consommées sur 12 mois ; médiane du secteur 0",
)


def siren_of(rank: int) -> str:
    return f"{100_000_000 + rank}"


def months_back(count: int) -> list[date]:
    """The months up to March 2026, in order."""
    last = MARCH.year * 12 + MARCH.month - 1
    return [date((last - n) // 12, (last - n) % 12 + 1, 1) for n in reversed(range(count))]


def row_of(number: int, **more: Any) -> dict[str, Any]:
    """A row of the list; the first ones have the highest alerts."""
    place, name = _PLACES[number % len(_PLACES)]
    score = max(12.6, 88.4 - number / 40)
    level = "fort" if score >= 31 else "modere"
    debt = round(score - 12.0 - 6.4 - 3.1 + 1.5, 4)
    return {
        "siren": siren_of(number),
        "list": EDITION.name,
        "periode": MARCH,
        "horizon": 18,
        "rank": number,
        "level": level,
        "level_model": level,
        "adjustment": None,
        "score": score,
        "seuil_modere": 12.5,
        "seuil_fort": 31.0,
        "status": _STATUSES[number % len(_STATUSES)],
        "first_alert": MARCH if number % 5 == 0 else date(2025, 11, 1),
        "months_on_list": 1 if number % 5 == 0 else 5,
        "reason_1": _REASONS[number % 3],
        "reason_2": _REASONS[(number + 1) % 3],
        "reason_3": _REASONS[(number + 2) % 3],
        "points_base": 12.0,
        "points": {"dette_urssaf": debt, "effectif": 6.4, "activite_partielle": 3.1, "secteur": -1.5},
        "raison_sociale": f"{_NAMES[number % len(_NAMES)]} DURAND {number}",
        "departement": place,
        "departement_libelle": name,
        "section_libelle": _SECTIONS[number % len(_SECTIONS)],
        "forme_juridique": _FORMS[number % len(_FORMS)],
        "effectif": 10 + number % 240,
        "dette_sociale": float(number % 7) * 12_345.67,
        "procedure_libelle": "In bonis",
        "est_recente": number % 11 == 0,
        "delai_echeance": date(2026, 9, 1) if number % 13 == 0 else None,
        "context_flags": ["Territoires d'industrie"] if number % 4 == 0 else [],
        **more,
    }


def card_of(rank: int, **more: Any) -> dict[str, Any]:
    """A card with content in every part."""
    months = months_back(24)
    series = [
        {
            "periode": month,
            "effectif": 25 - n // 3,
            "cotisation": 12_000.0 - 150 * n + 900 * (n % 3 == 0),
            "montant_part_ouvriere": 0.0 if n < 14 else 900.0 * (n - 13),
            "montant_part_patronale": 0.0 if n < 14 else 2_100.0 * (n - 13),
            "dette": 0.0 if n < 14 else 3_000.0 * (n - 13),
            "apart_heures_autorisees": 600.0 if n > 15 else 0.0,
            "apart_heures_consommees": None if n == 23 else 180.0 if n > 16 else 0.0,
        }
        for n, month in enumerate(months)
    ]
    siren = siren_of(rank)
    alerts = [
        {
            "list": f"detection-{month:%Y-%m}",
            "horizon": 18,
            "periode": month,
            "niveau": "fort" if n else "modere",
            "statut": "aggravee" if n == 1 else "maintenue",
            "probabilite": 0.4,
            "rang": 12,
            "premiere_alerte": date(2025, 11, 1),
            "regle": None,
            "raisons": [{"theme": "dette_urssaf", "texte": _REASONS[0]}],
            "points": [],
        }
        for n, month in enumerate(months[-5:])
    ]
    return {
        "siren": siren,
        "departement": "31",
        "periode": MARCH,
        "raison_sociale": f"{_NAMES[rank % len(_NAMES)]} DURAND {rank}",
        "siret_siege": f"{siren}00017",
        "categorie_juridique": "5710",
        "forme_juridique": _FORMS[rank % len(_FORMS)],
        "date_creation": date(2009, 10, 1),
        "ape": "43.32A",
        "ape_libelle": "Travaux de menuiserie bois et PVC",
        "section": "F",
        "section_libelle": "Construction",
        "adresse": "12 BIS RUE DE LA PAIX 31000 TOULOUSE",
        "code_commune": "31555",
        "commune": "TOULOUSE",
        "departement_libelle": "Haute-Garonne",
        "region": "76",
        "region_libelle": "Occitanie",
        "effectif": 18,
        "effectif_mois": date(2025, 11, 1),
        "cotisation_mean12m": 9_512.4,
        "dette": 30_000.0,
        "montant_part_ouvriere": 9_000.0,
        "montant_part_patronale": 21_000.0,
        "procedure": None,
        "stade": None,
        "statut_procedure": "In bonis",
        "date_procedure": None,
        "serie": series,
        "etablissements": [
            {
                "siret": f"{siren}00017",
                "siege": True,
                "est_ouvert": True,
                "departement": "31",
                "code_commune": "31555",
                "commune": "TOULOUSE",
                "ape": "43.32A",
                "effectif": 12,
                "dette": 30_000.0,
            },
            {
                "siret": f"{siren}00025",
                "siege": False,
                "est_ouvert": False,
                "departement": "34",
                "code_commune": "34172",
                "commune": None,
                "ape": None,
                "effectif": None,
                "dette": None,
            },
        ],
        "comptes": {
            "mois_cloture": date(2024, 12, 1),
            "type_bilan": "C",
            "chiffre_d_affaires": 2_345_678.0,
            "ebe": -12_345.0,
            "resultat_net": -98_765.0,
            "ratio_de_liquidite": 87.4,
            "credit_clients_jours": 63.0,
        },
        "banque_de_france": None,
        "paiement": {"mois": date(2026, 2, 1), "nb_jours": 14.0},
        "delais": [
            {
                "siret": f"{siren}00017",
                "date_creation": date(2025, 12, 2),
                "date_echeance": date(2026, 12, 2),
                "duree_delai": 365,
                "montant_echeancier": 18_000.0,
                "stade": "APPROB",
                "action": "SUR PO",
                "en_cours": True,
            }
        ],
        "procedures": [
            {
                "debut": date(2019, 5, 6),
                "fin": date(2021, 1, 4),
                "procedure": "sauvegarde",
                "stade": "ouverture",
                "libelle": "Sauvegarde",
                "source": "procol",
            }
        ],
        "alertes": alerts[::-1],
        "suivis": [
            {
                "date": date(2026, 1, 15),
                "service": "CRP",
                "siret": f"{siren}00017",
                "state": "en cours",
                "niveau": "orange",
                "actions": ["Échanges avec les créanciers"],
                "resultat": None,
            }
        ],
        "fraicheur": [
            {
                "source": "debit",
                "libelle": "Dettes URSSAF",
                "dernier_fait": date(2026, 3, 12),
                "connu_le": date(2026, 3, 20),
            }
        ],
        **more,
    }


def bare_card(siren: str) -> dict[str, Any]:
    """A card without any known fact."""
    empty = ("etablissements", "serie", "delais", "procedures", "alertes", "suivis", "fraicheur")
    return dict.fromkeys(card_of(0)) | {"siren": siren} | {name: [] for name in empty}


QUALITY = Quality(
    deliveries=[
        {"source": "Dettes URSSAF", "batch": "2603", "read": 123_456, "accepted": 123_400, "rejected": 50, "skipped": 6}
    ],
    rejections=[{"source": "Dettes URSSAF", "reason": "date illisible (dt_trt_ecn)", "lines": 50}],
    tables=[
        Figures(
            "Dérive des signaux",
            "Indice de stabilité (PSI) entre l'apprentissage et ce mois ; au-dessus de 0,2, le signal a changé.",
            ("Signal", "PSI"),
            (("Dette moyenne sur 6 mois", "0,31"), ("Effectif", "0,02")),
            ("Le signal « Dette moyenne sur 6 mois » a changé depuis l'apprentissage (PSI 0,31).",),
        )
    ],
)
