"""Warnings as readers see them: names instead of codes."""

import pytest

from sf_spark.publication.report import names


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


SIGNALS = {"dette_mean6m": "dette moyenne sur 6 mois"}


@pytest.mark.parametrize(
    ("kind", "subject", "text", "expected"),
    [
        ("drift", "dette_mean6m", "dette_mean6m a changé", "« Dette moyenne sur 6 mois » a changé"),
        ("drift", "score_18m", "score_18m a changé", "« Score à 18 mois » a changé"),
        ("drift", "unheard_of", "unheard_of a changé", "unheard_of a changé"),
        (
            *("coverage", "bilan_ebe", "bilan_ebe (ratios) : connue pour 38,1 %"),
            "« Excédent brut d'exploitation » (Comptes, INPI) : connue pour 38,1 %",
        ),
        (*("coverage", "bilan_type", "bilan_type (ccsf)"), "« Type des derniers comptes » (Plans CCSF)"),
        ("freshness", "debit", "debit : aucune livraison", "« Dettes (URSSAF) » : aucune livraison"),
        ("churn", "detection-2026-03", "detection-2026-03 : 20,5 %", "detection-2026-03 : 20,5 %"),
    ],
)
def test_a_warning_names_what_it_is_about(kind: str, subject: str, text: str, expected: str) -> None:
    assert plain(names.message({"kind": kind, "subject": subject, "message": text}, SIGNALS)) == expected
