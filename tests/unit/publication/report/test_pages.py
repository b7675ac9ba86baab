"""The content of the pages, without a browser: French numbers, waterfalls that add up, hidden columns, figures."""

import hashlib
import json
from dataclasses import replace
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from sf_spark.domain.ratios import PUBLISHED, RATIOS_BDF
from sf_spark.publication.report import accounts, french, list_rows, model, pages, quality
from tests.unit.publication.report.companies import (
    EDITION,
    HOSTILE,
    MARCH,
    QUALITY,
    RIGHTS,
    bare_card,
    card_of,
    row_of,
)

ENGINE = pages.environment()
VENDORED = {  # digests of the npm releases: the tested files are the shipped ones
    "d3.min.js": "912111098ea99503a6f4967361d2bbdc9dbf58cf9c678c8e27e5b02d1a07f0c1",
    "plot.umd.min.js": "4358086467740777dd788d6b27a95cebdbaefdd50c730a3060117073bd7134cb",
}


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (french.number(1234567.891, 2), "1 234 567,89"),
        (french.number(-0.04, 1), "0,0"),
        (french.number(-1234.5), "−1 234"),
        (french.number(None), "–"),
        (french.euros(0), "0 €"),
        (french.percent(12.345), "12,3 %"),
        (french.percent(None), "–"),
        (french.signed(None), "–"),
        (french.signed(1.26), "+1,3"),
        (french.signed(-0.01), "0,0"),
        (french.signed(-3.14), "−3,1"),
        (french.day(date(2026, 3, 1)), "1er mars 2026"),
        (french.day(date(2026, 8, 20)), "20 août 2026"),
        (french.month(None), "–"),
        (french.of_month(date(2026, 10, 1)), "d'octobre 2026"),
        (french.of_month(date(2026, 3, 1)), "de mars 2026"),
        (french.siren("01234567800011"), "012 345 678 00011"),
        (french.plural(0, "entreprise"), "0 entreprise"),
        (french.plural(0.44, "an", decimals=1), "0,4 an"),
        (french.plural(1.6, "jour"), "2 jours"),
        (french.plural(1.96, "an", decimals=1), "2,0 ans"),
        (french.decimal(1.5), "1,5"),
        (french.decimal(0.35), "0,35"),
        (french.decimal(10.0), "10"),
        (french.plural(2, "alerte élevée", "alertes élevées"), "2 alertes élevées"),
    ],
)
def test_numbers_and_dates_in_french(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_the_history_takes_the_last_edition_of_each_month_at_the_horizon() -> None:
    def alert(name: str, periode: date, horizon: int = 18) -> dict[str, Any]:
        return {"list": name, "periode": periode, "horizon": horizon, "niveau": "fort"}

    card = {
        "alertes": [
            alert("detection-2026-02", date(2026, 2, 1)),
            alert("detection-2026-03", MARCH),
            alert("detection-2026-03-v2", MARCH),
            alert("detection-2026-03-12m", MARCH, 12),
        ]
    }
    assert [each["list"] for each in model.history(card, 18)] == ["detection-2026-03-v2", "detection-2026-02"]
    before = date(2026, 1, 1)
    with_gap = model.history(card, 18, [before, MARCH])
    assert [(each["periode"], each.get("statut", "told")) for each in with_gap][-1] == (before, None)
    assert len(with_gap) == 3
    assert model.history({"alertes": [{"list": "a", "horizon": 18, "periode": MARCH}]}, 18) == []  # levels are hidden
    assert model.history({}, 18) == []


def test_every_account_has_a_name_and_a_unit() -> None:
    assert accounts.LABELS.keys() == {*PUBLISHED, *RATIOS_BDF}
    (found,) = accounts.accounts(card_of(1))
    assert found[:2] == ("Comptes déposés", date(2024, 12, 1))
    assert [(name, plain(value)) for name, value in found[2]] == [
        ("Chiffre d'affaires", "2 345 678 €"),
        ("Excédent brut d'exploitation", "−12 345 €"),
        ("Résultat net", "−98 765 €"),
        ("Ratio de liquidité", "87,4 %"),
        ("Crédit clients", "63 jours"),
    ]
    assert accounts.accounts(bare_card("1")) == []


def rows_of_page(text: str) -> dict[str, Any]:
    return json.loads(text.removeprefix("window.LISTE = ").removesuffix(";\n"))


def test_the_list_page_receives_rows_in_the_order_of_ranks_and_nothing_ends_the_script() -> None:
    rows = [row_of(2, raison_sociale=HOSTILE), row_of(3, rank=None, status="sortie"), row_of(1)]
    text = "".join(list_rows.list_data(EDITION, rows, {}))
    assert "<" not in text
    listed_rows = rows_of_page(text)
    assert [line[listed_rows["champs"].index("siren")] for line in listed_rows["lignes"]] == [
        "100000001",
        "100000002",
        "100000003",
    ]
    assert listed_rows["lignes"][1][listed_rows["champs"].index("nom")] == HOSTILE
    assert all(len(line) == len(listed_rows["champs"]) for line in listed_rows["lignes"])


SECRETS = {  # right -> texts of a card that it opens
    "scores": ("88,4", "Alerte élevée", "Points de score par thème", "Aggravée"),
    "urssaf": ("30 000 €", "APPROB", "Cotisation due", "part ouvrière"),
    "activite_partielle": ("Heures autorisées", "Heures consommées"),
    "banque_de_france": ("2 345 678 €", "Crédit clients"),
}


@pytest.mark.parametrize("right", sorted(RIGHTS))  # a set has another order in each process
def test_a_right_that_is_missing_hides_what_it_opens_and_says_so(right: str) -> None:
    """`visible` already removes hidden columns; the page still checks the right."""
    row, card = row_of(2, reason_1=None, reason_2=None, reason_3=None), card_of(2)
    everything = plain(pages.card_page(ENGINE, EDITION, card, row))
    assert "14 jours" in everything  # late with suppliers: no right needed
    assert all(secret in everything for secret in SECRETS[right])
    less = replace(EDITION, rights=RIGHTS - {right})
    page = plain(pages.card_page(ENGINE, less, card | {"alertes": []}, row))
    assert [secret for secret in SECRETS[right] if secret in page] == []
    assert f"Votre habilitation ne permet pas de voir {model.RIGHTS[right]}".replace("'", "&#39;") in page
    listed = pages.list_page(ENGINE, less, [row])
    listed_rows = rows_of_page("".join(list_rows.list_data(less, [row], {})))
    assert (listed_rows["scores"], listed_rows["dettes"]) == (right != "scores", right != "urssaf")
    assert ("Dette sociale minimum" in listed, 'name="niveau"' in listed) == (right != "urssaf", right != "scores")


def test_rows_without_the_columns_of_scores_make_a_list() -> None:
    hidden = ("rank", "level", "score", "status", "points", "points_base", "reason_1", "reason_2", "reason_3")
    row = {name: value for name, value in row_of(2).items() if name not in hidden}
    less = replace(EDITION, rights=frozenset())
    made = dict(pages.report_pages(less, [row], [bare_card(row["siren"])], QUALITY))
    assert set(made) >= {"index.html", "aide.html", "qualite.html", "donnees/liste.js", f"fiches/{row['siren']}.html"}
    assert "None" not in made["index.html"].decode() + made[f"fiches/{row['siren']}.html"].decode()


def test_what_is_vendored_is_what_was_released() -> None:
    for name, digest in VENDORED.items():
        content = files("sf_spark.publication.report").joinpath("vendor", name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, name


def test_the_month_s_data_in_figures() -> None:
    file = {"lines_read": 10, "lines_accepted": 7, "lines_rejected": 2, "lines_skipped": 1}
    deliveries = [
        {"source": "debit", "_batch": "2602", **file, "lines_read": 99},
        {"source": "debit", "_batch": "2603", **file},
        {"source": "debit", "_batch": "2603", **file},
        {"source": "ccsf", "_batch": "2601", **file},
    ]
    quarantine = [
        {"source": "debit", "_batch": "2603", "reasons": [{"code": "bad_date", "column": "dt_trt_ecn"}]},
        {"source": "debit", "_batch": "2603", "reasons": [{"code": "field_count", "column": None}]},
        {"source": "debit", "_batch": "2603", "reasons": [{"code": "bad_date", "column": "dt_trt_ecn"}]},
        {"source": "debit", "_batch": "2602", "reasons": [{"code": "bad_date", "column": "dt_trt_ecn"}]},
    ]
    about = {"periode": MARCH, "horizon": 18, "list": "detection-2026-03"}
    counts = {"nouvelle": 1, "maintenue": 2, "aggravee": 0, "attenuee": 0, "sortie": 1}
    monitoring = {
        "warnings": [
            {"periode": MARCH, "kind": "drift", "subject": "dette", "message": "dette a changé (PSI 0,30)"},
            {"periode": date(2026, 2, 1)},
        ],
        "lists": [{**about, "on_list": 3, **counts, "churn": 0.125}],
        "performance": [
            {**about, "level": "fort", "alerts": 8, "found": 4, "missed": 2, "precision": 4 / 8, "precision_low": 0.4}
            | {"precision_high": 0.6, "recall": None}
        ],
        "drift": [
            {"periode": MARCH, "name": "effectif", "psi": 0.01},
            {"periode": MARCH, "name": "dette", "psi": 0.3},
            {"periode": MARCH, "name": "score_18m", "psi": None},
            {"periode": MARCH, "name": "score_12m", "psi": float("nan")},
        ],
        "freshness": [
            {
                "periode": MARCH,
                "source": "debit",
                "last_batch": "2603",
                "months_since": 0,
                "usual_months": 1.0,
                "rejected_share": 0.2,
            }
        ],
    }
    made = quality.quality(
        deliveries, quality.rejected_lines(quarantine), monitoring, {"dette": "dette totale"}, MARCH, 18
    )
    debts = "Dettes (URSSAF)"
    assert [tuple(row.values()) for row in made.deliveries] == [
        (debts, "2603", 20, 14, 4, 2),
        ("Plans CCSF", "2601", 10, 7, 2, 1),
    ]
    assert [tuple(row.values()) for row in made.rejections] == [
        (debts, "date illisible (dt_trt_ecn)", 2),
        (debts, "nombre de champs différent de l'en-tête", 1),
    ]
    tables = {table.title: [tuple(map(plain, row)) for row in table.rows] for table in made.tables}
    assert tables == {
        "Seuils dépassés": [("Dérive", "1")],
        "Mouvements des listes": [("detection-2026-03", "3", "1", "2", "0", "0", "1", "12,5 %")],
        "Ce que les listes passées ont trouvé": [
            ("detection-2026-03, alerte élevée", "8", "4", "2", "50,0 % (40,0 % à 60,0 %)", "–")
        ],
        "Dérive des scores et des signaux": [("Dette totale", "0,30"), ("Effectif salarié, dernier publié", "0,01")],
        "Fraîcheur des sources": [(debts, "2603", "0 mois", "1 mois", "20,0 %")],
    }
    assert [plain(text) for text in made.tables[0].warnings] == ["« Dette totale » a changé (PSI 0,30)"]
    assert "« Dette totale » a changé" in plain(pages.quality_page(ENGINE, EDITION, made))


def test_without_a_list_old_enough_the_page_says_so_instead_of_a_table() -> None:
    nothing = quality.quality([], [], {}, {}, MARCH, 18)
    assert [(table.title, list(table.rows)) for table in nothing.tables] == [
        ("Ce que les listes passées ont trouvé", [])
    ]
    page = plain(pages.quality_page(ENGINE, EDITION, nothing))
    assert "l&#39;âge de son horizon (18 mois) :" in page
    assert "<table" not in page


def test_every_warning_can_be_read() -> None:
    messages = tuple(f"avertissement {number}" for number in range(10 + 3))
    table = model.Figures("Seuils dépassés", "", ("Contrôle", "Avertissements"), [("Dérive", "13")], messages)
    page = plain(pages.quality_page(ENGINE, EDITION, replace(QUALITY, tables=[table])))
    assert [text for text in messages if f"<li>{text}</li>" not in page] == []
    assert "3 autres avertissements" in page.split("<li>avertissement 9</li>")[1]


def test_a_hidden_column_is_unknown_in_a_template() -> None:
    card = pages.Shown({"score": 65.0})
    assert (card.score, card["score"], card.dette, card["dette"]) == (65.0, 65.0, None, None)
