"""No look-ahead in the panel: month T built from all facts equals month T built from facts known at T's cut-off.

A dozen companies with every difficulty of deliveries: corrections, withdrawals, debts that move, corrected closures,
sites that replace one another, proceedings known late. The panel is compared with itself, built from cut and from
shuffled inputs, with independent SQL, and with a slow function for one entity and one month at a time.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.calendar import batch_date, index_of, known_index, start_of
from sf_spark.domain.ratios import PUBLISHED, RATIOS_BDF
from sf_spark.panel.build import PanelRules, StagedTables, entreprise_panel, etablissement_panel
from sf_spark.steps.build_panel import codes_at_hand
from tests.oracles.panel_in_sql import build_panels, connect, view_frames

SCHEMAS = {
    "cotisation": "siret string, siren string, periode_debut date, periode_fin date, du double",
    "debit": "siret string, siren string, numero_compte string, periode_debut date, periode_fin date, "
    "numero_ecart_negatif string, numero_historique int, date_traitement date, part_ouvriere double, "
    "part_patronale double",
    "effectif": "siret string, siren string, periode date, effectif int",
    "effectif_ent": "siren string, periode date, effectif int",
    "procol": "siren string, date_effet date, action_procol string, stade_procol string",
    "procedures": "siren string, date_jugement date, nature string",
    "sirene": "siret string, siren string, siege boolean, departement string, code_commune string, ape string, "
    "ape_naf25 string, date_creation date, est_actif boolean, date_debut date",
    "sirene_ul": "siren string, raison_sociale string, nom_unite_legale string, prenom1_unite_legale string, "
    "categorie_juridique string, ape string, ape_naf25 string, date_creation date",
    "sirene_histo": "siret string, siren string, date_debut date, date_fin date, est_actif boolean, ape string, "
    "ape_naf25 string",
    "delai": "siret string, siren string, date_creation date, date_echeance date, duree_delai int, "
    "montant_echeancier double, stade string",
    "ccsf": "siret string, siren string, date_traitement date",
    "apdemande": "siret string, siren string, id_demande string, date_statut date, periode_debut date, "
    "periode_fin date, hta double",
    "apconso": "siret string, siren string, heure_consomme double",
    "paydex": "siren string, date_valeur date, nb_jours int",
    "bdf": "siren string, arrete_bilan_bdf date, " + ", ".join(f"{name} double" for name in RATIOS_BDF),
    "ratios": "siren string, date_cloture_exercice date, type_bilan string, confidentialite string, "
    + ", ".join(f"{name} double" for name in PUBLISHED),
}
PLACE = "_batch string, _line long, known_on date, superseded_on date"
ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "double": pa.float64(),
    "int": pa.int32(),
    "long": pa.int64(),
    "boolean": pa.bool_(),
}
NAMES = {source: [column.split()[0] for column in f"{ddl}, {PLACE}".split(", ")] for source, ddl in SCHEMAS.items()}
Fact = dict[str, Any]
Staged = dict[str, list[Fact]]

FIRST_BATCH = "2301"
BATCHES = [f"23{month:02d}" for month in range(1, 13)]
LAST = index_of(date(2023, 12, 1))
RULES = PanelRules(last_month=LAST, perimeter_effectif=10, perimeter_months=6, cutoff_day=20)
# Before, at and after the first delivery (January 2023); each letter marks the companies of one cut.
CUTS = {
    "A": date(2021, 6, 1),
    "B": date(2022, 11, 1),
    "C": date(2023, 1, 1),
    "D": date(2023, 4, 1),
    "E": date(2023, 7, 1),
    "F": date(2023, 10, 1),
}
WHOLE = "0"
MOVED = WHOLE + "00000099"
ACTIONS = ("liquidation", "redressement", "sauvegarde")
REV2, NAF25 = "62.01Z", "62.10Y"  # the same activity
JUDGMENTS: dict[str, tuple[str | None, str]] = {
    "Jugement d'ouverture de liquidation judiciaire": ("liquidation", "ouverture"),
    "Jugement de conversion en redressement judiciaire de la procédure de sauvegarde": ("redressement", "conversion"),
    "Jugement arrêtant le plan de sauvegarde": ("sauvegarde", "plan_continuation"),
    "Jugement de cl\ufffdture pour insuffisance d'actif": (None, "fin_procedure"),
    "Dépôt de l'état des créances": (None, ""),
}


class Deliveries:
    """Staged facts of deliveries: dated by the source's rule in the first one, by the delivery afterwards."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.staged: Staged = {source: [] for source in SCHEMAS}

    def add(self, source: str, rule: date, fact: Fact, batch: str = FIRST_BATCH, until: str | None = None) -> None:
        """Stage one fact."""
        known = min(rule, batch_date(batch)) if batch == FIRST_BATCH else batch_date(batch)
        line = len(self.staged[source]) + 2
        end = batch_date(until) if until else None
        self.staged[source].append({**fact, "_batch": batch, "_line": line, "known_on": known, "superseded_on": end})

    def tell(
        self, source: str, rule: date, fact: Fact, corrected: Callable[[Fact], Fact], troubled: float = 0.4
    ) -> None:
        """Stage a fact, in the first possible delivery, and sometimes its correction or withdrawal."""
        later = [batch for batch in BATCHES if batch_date(batch) >= rule]
        if not later:
            return
        batch, *rest = later
        until = self.rng.choice(rest) if rest and self.rng.random() < troubled else None
        self.add(source, rule, fact, batch, until)
        if until and self.rng.random() < 0.7:
            self.add(source, rule, corrected(fact), until)


def month(year: int, number: int) -> date:
    return start_of(year * 12 + number - 1)


def a_site(deliveries: Deliveries, siren: str, siret: str) -> None:
    """The contributions, debts and headcounts of one establishment."""
    rng = deliveries.rng
    for _ in range(rng.randint(2, 7)):
        start = month(rng.randint(2020, 2023), rng.randint(1, 12))
        months = rng.choice((1, 1, 3, 12))
        end = start_of(index_of(start) + months)
        due = rng.choice((None, round(rng.uniform(-50, 5000), 2), round(rng.uniform(100, 900), 2)))
        fact = {"siret": siret, "siren": siren, "periode_debut": start, "periode_fin": end, "du": due}
        deliveries.tell(
            "cotisation", end + timedelta(days=19), fact, lambda f: {**f, "du": round(rng.uniform(1, 5000), 2)}
        )
    for _ in range(rng.randint(0, 3)):
        debt = {
            "siret": siret,
            "siren": siren,
            "numero_compte": rng.choice(("1", "2")),
            "periode_debut": month(2020, 1),
            "periode_fin": month(2020, 4),
            "numero_ecart_negatif": rng.choice(("101", "102")),
        }
        for rank in range(1, rng.randint(2, 5)):
            day = date(rng.randint(2020, 2023), rng.randint(1, 12), rng.randint(1, 28))
            operation = {
                **debt,
                "numero_historique": rng.choice((rank, rank, None)),
                "date_traitement": day,
                "part_ouvriere": float(rng.randint(-1, 4) * 100),
                "part_patronale": rng.choice((0.0, 50.5)),
            }
            deliveries.tell("debit", day, operation, lambda f: {**f, "part_patronale": f["part_patronale"] + 10})
    for _ in range(rng.randint(0, 4)):
        counted = month(rng.randint(2020, 2023), rng.randint(1, 12))
        fact = {"siret": siret, "siren": siren, "periode": counted, "effectif": rng.randint(0, 20)}
        deliveries.tell(
            "effectif", start_of(index_of(counted) + 4), fact, lambda f: {**f, "effectif": f["effectif"] + 1}
        )


def some_plans(deliveries: Deliveries, siren: str, siret: str) -> None:
    """The payment plans, commissions and short-time work of one establishment."""
    rng, site = deliveries.rng, {"siret": siret, "siren": siren}
    for _ in range(rng.randint(0, 4)):
        created = date(rng.randint(2021, 2023), rng.randint(1, 12), rng.randint(1, 28))
        days = rng.choice((0, 15, 92, 200, 400))
        plan = {**site, "date_creation": created, "date_echeance": created + timedelta(days=days), "duree_delai": days}
        plan |= {
            "montant_echeancier": rng.choice((1000.0, 0.0, 333.33)),
            "stade": rng.choice(("APPROB", "REFUS", None)),
        }
        deliveries.tell("delai", created, plan, lambda f: {**f, "montant_echeancier": f["montant_echeancier"] + 50})
    for _ in range(rng.randint(0, 2)):
        treated = date(rng.randint(2021, 2023), rng.randint(1, 12), rng.randint(1, 28))
        deliveries.tell("ccsf", treated, {**site, "date_traitement": treated}, lambda f: f)
    for number in range(rng.randint(0, 3)):
        status = date(rng.randint(2021, 2023), rng.randint(1, 12), rng.randint(1, 28))
        start = status + timedelta(days=rng.randint(-40, 60))
        request = {**site, "id_demande": f"{siret[4:]}{number}", "date_statut": status, "periode_debut": start}
        request |= {
            "periode_fin": start + timedelta(days=rng.randint(-1, 130)),
            "hta": rng.choice((None, 310.0, 77.77)),
        }
        deliveries.tell("apdemande", status, request, lambda f: {**f, "hta": 100.01})
        revised = status + timedelta(days=rng.randint(0, 60))
        deliveries.tell("apdemande", revised, {**request, "date_statut": revised, "hta": 123.45}, lambda f: f)
    for _ in range(rng.randint(0, 4)):
        day = date(rng.randint(2021, 2023), rng.randint(1, 12), rng.randint(1, 28))
        deliveries.tell("apconso", day, {**site, "heure_consomme": rng.choice((None, 10.5, 33.33))}, lambda f: f)


def some_accounts(deliveries: Deliveries, siren: str) -> None:
    """The accounts and the payment behaviour of a company."""
    rng = deliveries.rng
    for _ in range(rng.randint(0, 4)):
        closed = date(rng.randint(2019, 2022), rng.choice((6, 12)), rng.choice((15, 30)))
        known = start_of(index_of(closed) + 7).replace(day=closed.day)
        values = {name: rng.choice((None, 0.0, round(rng.uniform(-9, 9), 3))) for name in (*PUBLISHED, *RATIOS_BDF)}
        values |= {"chiffre_d_affaires": 100.0 * 1000 ** rng.choice((0, 0, 1)), "ebe": 7.0 * 1000 ** rng.choice((0, 1))}
        ratios = {"siren": siren, "date_cloture_exercice": closed, **{name: values[name] for name in PUBLISHED}}
        ratios |= {"type_bilan": rng.choice(("C", "K", "S", None))}
        ratios |= {"confidentialite": rng.choice((None, "Public", "Partiellement confidentiel"))}
        deliveries.tell("ratios", known, ratios, lambda f: {**f, "ebe": 1.0})
        deliveries.tell("ratios", known, {**ratios, "type_bilan": "K", "ebe": 2.0}, lambda f: f)
        bdf = {"siren": siren, "arrete_bilan_bdf": closed, **{name: values[name] for name in RATIOS_BDF}}
        deliveries.tell("bdf", known, bdf, lambda f: {**f, "poids_frng": 1.0})
    for _ in range(rng.randint(0, 4)):
        day = date(rng.randint(2020, 2023), rng.randint(1, 12), rng.choice((15, 21)))
        late = {"siren": siren, "date_valeur": day, "nb_jours": rng.choice((None, 0, 12, 40))}
        deliveries.tell(
            "paydex", start_of(index_of(day) + 1).replace(day=day.day), late, lambda f: {**f, "nb_jours": 7}
        )


def a_past(deliveries: Deliveries, siren: str, siret: str) -> None:
    """The history of one establishment in the register."""
    rng = deliveries.rng
    for _ in range(rng.randint(0, 3)):
        day = date(rng.randint(2021, 2023), rng.randint(1, 12), rng.randint(1, 28))
        last = rng.choice((None, day + timedelta(days=rng.randint(0, 400))))
        spell = {"siret": siret, "siren": siren, "date_debut": day, "date_fin": last, "est_actif": rng.random() < 0.5}
        codes = {"ape": rng.choice((None, "47.11F")), "ape_naf25": None}
        deliveries.tell("sirene_histo", day, {**spell, **codes}, lambda f: {**f, "est_actif": not f["est_actif"]})


def a_fiche(deliveries: Deliveries, siren: str, siret: str) -> None:
    """The versions of one establishment in the register, by delivery."""
    rng = deliveries.rng
    created = date(rng.randint(2018, 2022), rng.randint(1, 12), rng.randint(1, 28))
    closed = date(rng.randint(2021, 2023), rng.randint(1, 12), rng.randint(1, 28))
    place = {"siege": siret.endswith("0"), "departement": "75", "code_commune": "75101", "ape": REV2}
    place |= rng.choice(({"ape_naf25": None}, {"ape_naf25": NAF25}, {"ape": None, "ape_naf25": NAF25}))
    fiche = {"siret": siret, "siren": siren, **place, "date_creation": created}
    alive = {**fiche, "est_actif": True, "date_debut": created}
    dead = {**fiche, "est_actif": False, "date_debut": closed}
    second, third = sorted(rng.sample(BATCHES[1:], 2))
    stories: dict[str, list[tuple[Fact, str, str | None]]] = {
        "open": [(alive, FIRST_BATCH, None)],
        "dead": [(dead, FIRST_BATCH, None)],  # its closure may lie after a cut at which it was not known
        "dies": [(alive, FIRST_BATCH, second), (dead, second, None)],
        "reborn": [(dead, FIRST_BATCH, second), (alive, second, third), (dead, third, None)],
        "dead and corrected": [(dead, FIRST_BATCH, second), ({**dead, "departement": "69"}, second, None)],
        "unknown": [],
        "moves": [(alive, FIRST_BATCH, second), ({**alive, "departement": "13", "siege": False}, second, None)],
        "recoded": [
            ({**alive, "ape": REV2}, FIRST_BATCH, second),
            ({**alive, "ape": None, "ape_naf25": NAF25}, second, third),
            ({**alive, "ape": None, "ape_naf25": "56.11Y"}, third, None),  # another activity
        ],
    }
    for state, batch, until in stories[rng.choice(list(stories))]:
        deliveries.add("sirene", created, state, batch, until)


def a_company(deliveries: Deliveries, siren: str) -> None:
    """A company with up to three establishments, its headcounts, its proceedings and its name."""
    rng = deliveries.rng
    for number in range(rng.randint(1, 3)):
        siret = f"{siren}{number:05d}"
        a_site(deliveries, siren, siret)
        some_plans(deliveries, siren, siret)
        a_fiche(deliveries, siren, siret)
        a_past(deliveries, siren, siret)
    some_accounts(deliveries, siren)
    for _ in range(rng.randint(0, 4)):
        counted = month(rng.randint(2020, 2023), rng.randint(1, 12))
        fact = {"siren": siren, "periode": counted, "effectif": rng.randint(6, 12)}
        deliveries.tell(
            "effectif_ent", start_of(index_of(counted) + 4), fact, lambda f: {**f, "effectif": f["effectif"] + 3}
        )
    for _ in range(rng.randint(0, 3)):
        day = date(rng.randint(2012, 2023), rng.randint(1, 12), rng.randint(1, 28))
        stage = rng.choice(("ouverture", "plan_continuation", "fin_procedure", "solde_procedure", None))
        fact = {"siren": siren, "date_effet": day, "action_procol": rng.choice(ACTIONS), "stade_procol": stage}
        deliveries.tell("procol", day, fact, lambda f: {**f, "stade_procol": "ouverture"})
    for _ in range(rng.randint(0, 2)):
        day = date(rng.randint(2020, 2023), rng.randint(1, 12), rng.randint(1, 28))
        judgment = {"siren": siren, "date_jugement": day, "nature": rng.choice(list(JUDGMENTS))}
        deliveries.tell("procedures", day, judgment, lambda f: f)
    name = {"raison_sociale": rng.choice(("ACME", "")), "nom_unite_legale": "DUPONT", "prenom1_unite_legale": None}
    legal = {"siren": siren, **name, "categorie_juridique": "5710", "ape": REV2, "ape_naf25": rng.choice((None, NAF25))}
    recoded = rng.choice(({"ape": None}, {"ape": None, "ape_naf25": NAF25}))
    deliveries.tell("sirene_ul", month(2019, 3), {**legal, "date_creation": month(2019, 3)}, lambda f: {**f, **recoded})


def a_move(deliveries: Deliveries, siren: str, batch: str) -> None:
    """An establishment replaced by another: in one delivery its debt and contributions move to the new SIRET."""
    old, new = f"{siren}00011", f"{siren}00029"
    born, moved = date(2019, 5, 2), date(2023, 3, 15)  # known in the batch: the register is late too
    place = {"siren": siren, "siege": True, "departement": "31", "code_commune": "31555", "ape": "10.71C"}
    place["ape_naf25"] = None
    before = {**place, "siret": old, "date_creation": born, "est_actif": True, "date_debut": born}
    deliveries.add("sirene", born, before, until=batch)
    deliveries.add("sirene", born, {**before, "est_actif": False, "date_debut": moved}, batch)
    deliveries.add("sirene", moved, {**before, "siret": new, "date_creation": moved, "date_debut": moved}, batch)
    debt = {"numero_compte": "1", "periode_debut": month(2021, 1), "periode_fin": month(2021, 4)}
    debt |= {"siren": siren, "numero_ecart_negatif": "101", "numero_historique": 1, "date_traitement": date(2021, 6, 2)}
    amounts = {"part_ouvriere": 100.0, "part_patronale": 250.0}
    deliveries.add("debit", date(2021, 6, 2), {**debt, **amounts, "siret": old}, until=batch)
    deliveries.add("debit", date(2021, 6, 2), {**debt, **amounts, "siret": new}, batch)
    due = {"siren": siren, "periode_debut": month(2022, 10), "periode_fin": month(2023, 1), "du": 1000.0}
    deliveries.add("cotisation", date(2023, 1, 20), {**due, "siret": old}, until=batch)
    deliveries.add("cotisation", date(2023, 1, 20), {**due, "siret": new}, batch)


@pytest.fixture(scope="module")
def staged() -> Staged:
    deliveries = Deliveries(random.Random(2))
    for number in range(12):
        a_company(deliveries, f"{WHOLE}{number:08d}")
    a_move(deliveries, MOVED, "2305")
    return deliveries.staged


def cut_at(staged: Staged, periode: date, mark: str = WHOLE) -> Staged:
    """The inputs as known on the cut-off of a month; a mark changes the identifiers."""
    cutoff = periode.replace(day=20)
    kept: Staged = {}
    for source, facts in staged.items():
        kept[source] = [
            fact
            | {key: mark + fact[key][1:] for key in ("siren", "siret") if key in fact}
            | ({"superseded_on": None} if fact["superseded_on"] and fact["superseded_on"] > cutoff else {})
            for fact in facts
            if fact["known_on"] <= cutoff
        ]
    return kept


def frames(spark: SparkSession, staged: Staged, arrange: Callable[[DataFrame], DataFrame]) -> StagedTables:
    tables = {}
    for source, ddl in SCHEMAS.items():
        rows = [tuple(fact[name] for name in NAMES[source]) for fact in staged[source]]
        tables[source] = arrange(spark.createDataFrame(rows, f"{ddl}, {PLACE}"))
    return StagedTables(**tables)


def as_arrow(source: str, facts: list[Fact]) -> pa.Table:
    columns = (column.split() for column in f"{SCHEMAS[source]}, {PLACE}".split(", "))
    return pa.Table.from_pylist(facts, pa.schema([(name, ARROW[kind]) for name, kind in columns]))


Panel = dict[tuple[str, int], Fact]


def build(
    spark: SparkSession,
    staged: Staged,
    rules: PanelRules = RULES,
    arrange: Callable[[DataFrame], DataFrame] = lambda df: df,
) -> Panel:
    """The rows of both panels, by SIRET or SIREN, and month."""
    found: Panel = {}
    tables = frames(spark, staged, arrange)
    codes = codes_at_hand(spark, tables, rules)
    sites = etablissement_panel(tables, rules, codes).localCheckpoint()  # as in the job, which reads the written table
    for key, panel in (("siret", sites), ("siren", entreprise_panel(tables, sites, rules, codes))):
        for row in panel.collect():
            name = (row[key], index_of(row["periode"]))
            assert name not in found
            found[name] = row.asDict()
    return found


@pytest.fixture(scope="module")
def everything(staged: Staged) -> Staged:
    """All facts, and the companies of each cut under identifiers of their own."""
    found = {source: list(facts) for source, facts in staged.items()}
    for mark, periode in CUTS.items():
        for source, facts in cut_at(staged, periode, mark).items():
            found[source] += facts
    return found


@pytest.fixture(scope="module")
def panel(spark: SparkSession, everything: Staged, production_plans: None) -> Panel:
    """The panel of all facts."""
    return build(spark, everything)


def rows_of(panel: Panel, mark: str, until: int = LAST) -> Panel:
    """The rows of the companies of one cut, up to a month, without their mark."""
    return {
        (key[1:], at): row | {name: row[name][1:] for name in ("siren", "siret") if name in row}
        for (key, at), row in panel.items()
        if key[0] == mark and at <= until
    }


def differences(one: Panel, other: Panel) -> list[tuple]:
    """Each cell that differs between two panels, and each row of only one of them."""
    cells = [
        (*key, name, one[key][name], other[key][name])
        for key in sorted(one.keys() & other.keys())
        for name in one[key]
        if one[key][name] != other[key][name]
    ]
    return cells + [(*key, "only in one") for key in sorted(one.keys() ^ other.keys())]


def test_the_data_hold_every_trouble(staged: Staged, panel: Panel) -> None:
    whole = rows_of(panel, WHOLE)
    assert all(any(fact["superseded_on"] for fact in facts) for facts in staged.values())
    register = [f for f in staged["sirene"] if f["_batch"] == FIRST_BATCH and not f["est_actif"]]
    assert any(fact["date_debut"] > cut for fact in register for cut in CUTS.values())
    for length in (8, 13):  # of a SIREN and a SIRET without their mark
        months: dict[str, list[int]] = {}
        for key, at in whole:
            if len(key) == length:
                months.setdefault(key, []).append(at)
        assert any(max(some) - min(some) >= len(some) for some in months.values())  # a month without a row
    assert {row["procedure"] for row in whole.values() if "procedure" in row} == {None, *ACTIONS}
    assert {row["source_procedure"] for row in whole.values() if "procedure" in row} == {None, "procol", "procedures"}
    assert {row["ape_est_derive"] for row in whole.values()} == {None, True, False}
    assert {row["bilan_saut_mille"] for row in whole.values() if "procedure" in row} == {None, True, False}
    assert {row["est_dans_perimetre"] for row in whole.values() if "procedure" in row} == {True, False}
    assert min(Counter(key for key, _ in whole).values()) < 36 < max(Counter(key for key, _ in whole).values())


def test_every_cell_equals_independent_sql(everything: Staged, panel: Panel) -> None:
    con = connect()
    view_frames(con, {source: as_arrow(source, facts) for source, facts in everything.items()})
    build_panels(con, RULES)
    found: Panel = {}
    for key, table in (("siret", "site_panel"), ("siren", "company_panel")):
        for row in con.sql(f"SELECT * FROM {table}").to_arrow_table().to_pylist():
            found[row[key], index_of(row["periode"])] = row
    assert {tuple(sorted(row)) for row in panel.values()} == {tuple(sorted(row)) for row in found.values()}
    assert differences(panel, found) == []


@pytest.mark.parametrize("mark", CUTS)
def test_a_row_does_not_change_once_its_cut_off_has_passed(panel: Panel, mark: str) -> None:
    until = index_of(CUTS[mark])
    expected = rows_of(panel, WHOLE, until)
    assert len(expected) > 100
    assert differences(expected, rows_of(panel, mark, until)) == []


def test_a_refresh_on_its_cut_off_wrote_what_is_built_later_in_any_order(
    spark: SparkSession, staged: Staged, panel: Panel
) -> None:
    """Like a refresh: cut inputs, the last months only, opening balances, rows in any order."""
    periode = CUTS["F"]
    until = index_of(periode)
    shuffled = {source: random.Random(7).sample(facts, len(facts)) for source, facts in cut_at(staged, periode).items()}
    rules = PanelRules(until, RULES.perimeter_effectif, RULES.perimeter_months, first_month=until - 2, cutoff_day=20)
    refreshed = rows_of(build(spark, shuffled, rules, lambda df: df.repartition(5, F.rand(3))), WHOLE)
    assert {at for _, at in refreshed} == {until - 2, until - 1, until}
    whole = {key: row for key, row in rows_of(panel, WHOLE, until).items() if key[1] >= until - 2}
    assert differences(whole, refreshed) == []


def test_contributions_and_hours_are_conserved_for_every_company(staged: Staged, panel: Panel) -> None:
    """To the cent and the hundredth of an hour: due in the staged tables = in the panel + still to come."""
    due: Counter[tuple] = Counter()
    for source, amount, column in (("cotisation", "du", "cotisation"), ("apconso", "heure_consomme", "apart")):
        for fact in staged[source]:
            if fact["superseded_on"] is None:
                due[fact["siren"], column] += round((fact[amount] or 0.0) * 100)
    to_come: Counter[tuple] = Counter()
    for siren, company in grouped(staged, "siren").items():
        to_come[siren, "cotisation"] = sum(posted(company["cotisation"], at) or 0 for at in range(LAST + 1, LAST + 13))
    assert sum(to_come.values()) and len(due) > 12
    for grain in ("siret", "siren"):
        totals: Counter[tuple] = Counter()
        for row in panel.values():
            if ("siret" in row) == (grain == "siret") and row["siren"][0] == WHOLE:
                totals[row["siren"], "cotisation"] += round((row["cotisation"] or 0.0) * 100)
                totals[row["siren"], "apart"] += round(row["apart_heures_consommees"] * 100)
        assert {name: totals[name] + to_come[name] for name in due} == dict(due)


def test_a_debt_that_moves_changes_sites_and_not_the_company(panel: Panel) -> None:
    batch_month = index_of(date(2023, 5, 1))
    owed = {at: panel[MOVED, at]["dette"] for at in range(batch_month - 2, LAST + 1)}
    assert set(owed.values()) == {100.0 + 250.0}
    old, new = ({at: row["dette"] for (key, at), row in panel.items() if key == MOVED + nic}
                for nic in ("00011", "00029"))  # fmt: skip
    assert (old[batch_month - 1], old[batch_month], new[batch_month]) == (350.0, 0.0, 350.0)
    assert min(new) == batch_month


# A slow panel: one entity, one month, and every staged row that was visible on its cut-off.


def visible(facts: Iterable[Fact], at: int) -> list[Fact]:
    return [
        fact
        for fact in facts
        if known_index(fact["known_on"], 20) <= at
        and (fact["superseded_on"] is None or known_index(fact["superseded_on"], 20) > at)
    ]


def cutoff(at: int) -> date:
    return start_of(at).replace(day=20)


def seen(facts: list[Fact], at: int) -> list[Fact]:
    """The versions visible on the cut-off of a month; if none is left, the last visible ones."""
    ever = [
        f
        for f in facts
        if f["superseded_on"] is None or known_index(f["known_on"], 20) < known_index(f["superseded_on"], 20)
    ]
    ends = [known_index(f["superseded_on"], 20) for f in ever if f["superseded_on"]]
    before = max((end for end in ends if end <= at), default=0)
    return visible(ever, at) or [
        f for f in ever if f["superseded_on"] and known_index(f["superseded_on"], 20) == before
    ]


def is_known_open(site: Staged, day: date, at: int) -> bool | None:
    """Whether an establishment is open on a day, as known to the register on the cut-off of a month; None: unknown."""
    everything = [{**f, "is_stock": True} for f in site["sirene"]]
    everything += [{**f, "is_stock": False} for f in site["sirene_histo"]]
    known_facts = seen(everything, at)
    history = [f for f in known_facts if not f["is_stock"]]
    never = date(9999, 12, 31)
    begun = [f for f in history if f["date_debut"] <= day]

    def order(f: Fact) -> tuple:
        return (f["date_fin"] or never) >= day, f["date_debut"], f["date_fin"] or never, f["_batch"], f["_line"]

    period = max(begun, key=order, default=None)
    stock = max((f for f in known_facts if f["is_stock"]), key=lambda f: (f["_batch"], f["_line"]), default=None)
    if period is None:
        return None if stock is None else stock["est_actif"] or stock["date_debut"] > day
    is_over = period["date_fin"] is not None and period["date_fin"] < day
    is_later = stock is not None and period["date_debut"] < stock["date_debut"] <= day
    if is_later and (stock["_batch"] > max(f["_batch"] for f in history) or is_over):
        return stock["est_actif"]
    return period["est_actif"]


def register_says(site: Staged, at: int) -> bool | None:
    return is_known_open(site, cutoff(at), at)


def is_known_closed(site: Staged, at: int) -> bool:
    return register_says(site, at) is False


def posted(facts: list[Fact], at: int) -> int | None:
    """The cents of contributions that fall in a month; None where no period reaches it."""
    parts = []
    for fact in facts:
        months = index_of(fact["periode_fin"]) - index_of(fact["periode_debut"])
        for day, sign in ((fact["known_on"], 1), (fact["superseded_on"], -1)):
            if day is not None and fact["du"] is not None and 0 <= (rank := at - known_index(day, 20)) < months:
                cents = round(fact["du"] * 100)
                parts.append(sign * (cents * (rank + 1) // months - cents * rank // months))
    return sum(parts) if parts else None


def first_known(facts: Iterable[Fact]) -> int:
    return min((known_index(fact["known_on"], 20) for fact in facts), default=LAST + 1)


def balances(debits: list[Fact], at: int) -> tuple[float, float, int]:
    ecarts: dict[tuple, list[Fact]] = {}
    for fact in visible(debits, at):
        name = ("siret", "numero_compte", "periode_debut", "periode_fin", "numero_ecart_negatif")
        ecarts.setdefault(tuple(fact[part] for part in name), []).append(fact)
    current = [
        max(some, key=lambda f: (f["numero_historique"] or 0, f["date_traitement"], f["_batch"], f["_line"]))
        for some in ecarts.values()
    ]
    ouvriere, patronale = (sum(fact[part] for fact in current) for part in ("part_ouvriere", "part_patronale"))
    return ouvriere, patronale, sum(fact["part_ouvriere"] + fact["part_patronale"] > 0 for fact in current)


def slow_measures(entity: Staged, headcounts: list[Fact], at: int) -> Fact:
    flow = posted(entity["cotisation"], at)
    ouvriere, patronale, ecarts = balances(entity["debit"], at)
    counted = max(visible(headcounts, at), key=lambda f: (f["periode"], f["_batch"], f["_line"]), default=None)
    return {
        "periode": start_of(at),
        "cotisation": None if flow is None else flow / 100,
        "montant_part_ouvriere": ouvriere,
        "montant_part_patronale": patronale,
        "dette": ouvriere + patronale,
        "nb_ecarts_negatifs": ecarts,
        "effectif": counted and counted["effectif"],
        "effectif_age_mois": counted and at - index_of(counted["periode"]),
    }


def slow_plans(entity: Staged, at: int) -> Fact:
    """Silence, payment plans and short-time work."""
    day = start_of(at).replace(day=20)
    declared = [index_of(f["periode_fin"]) - 1 for f in visible(entity["cotisation"], at) if f["du"] is not None]
    treated = [known_index(f["date_traitement"], 20) for f in visible(entity["ccsf"], at)]
    plans = sorted(
        (fact["date_echeance"], fact["duree_delai"], round(fact["montant_echeancier"] * 100))
        for fact in visible(entity["delai"], at)
        if fact["stade"] != "REFUS" and fact["duree_delai"] >= 1 and fact["montant_echeancier"] >= 0.01
        and known_index(fact["date_creation"], 20) <= at and fact["date_echeance"] > day
    )  # fmt: skip
    granted, left = sum(plan[2] for plan in plans), 0.0
    for due, days, cents in plans:
        left += cents * (due - day).days / days
    owed = sum(round(amount * 100) for amount in balances(entity["debit"], at)[:2])
    return {
        "mois_depuis_declaration": max(at - max(declared), 0) if declared else None,
        "delai_montant_echeancier": granted / 100,
        "delai_nb_jours_restants": float(max((due - day).days for due, *_ in plans)) if plans else None,
        "delai_deviation_remboursement": (owed - left) / granted if plans else None,
        "nb_delais": len(plans),
        "mois_depuis_ccsf": max(at - max(treated), 0) if treated else None,
        **slow_short_time(entity, at),
    }


def slow_short_time(entity: Staged, at: int) -> Fact:
    requests: dict[tuple, list[Fact]] = {}
    for fact in visible(entity["apdemande"], at):
        requests.setdefault((fact["siret"], fact["id_demande"]), []).append(fact)
    last = [max(some, key=lambda f: (f["date_statut"], f["_batch"], f["_line"])) for some in requests.values()]
    running = [
        fact
        for fact in last
        if index_of(fact["periode_debut"]) <= at <= index_of(fact["periode_fin"])
        and fact["periode_debut"] <= fact["periode_fin"]
    ]
    hours = 0
    for fact in running:
        days = [fact["periode_debut"] + timedelta(days=n) for n in
                range((fact["periode_fin"] - fact["periode_debut"]).days + 1)]  # fmt: skip
        cents = round((fact["hta"] or 0.0) * 100)
        before, until = (sum(index_of(day) < month for day in days) for month in (at, at + 1))
        hours += cents * until // len(days) - cents * before // len(days)
    return {
        "apart_heures_autorisees": hours / 100,
        "apart_demandes_en_cours": len(running),
        "apart_heures_consommees": (consumed(entity["apconso"], at) or 0) / 100,
    }


def consumed(facts: list[Fact], at: int) -> int | None:
    """The hundredths of an hour that become known in a month, less those withdrawn; None without any."""
    parts = [
        sign * round(fact["heure_consomme"] * 100)
        for fact in facts
        for day, sign in ((fact["known_on"], 1), (fact["superseded_on"], -1))
        if day is not None and fact["heure_consomme"] is not None and known_index(day, 20) == at
    ]
    return sum(parts) if parts else None


def moves(site: Staged, at: int) -> tuple[int, int]:
    """Openings and closures of one establishment that count in a month, walking through its days."""
    path = [register_says(site, at - 1)]
    if seen([*site["sirene"], *site["sirene_histo"]], at - 1):
        path.append(is_known_open(site, cutoff(at - 1), at))
    day = cutoff(at - 1)
    while day < cutoff(at):
        day += timedelta(days=1)
        path.append(is_known_open(site, day, at))
    pairs = list(zip(path, path[1:], strict=False))
    return sum(not a and bool(b) for a, b in pairs), sum(bool(a) and not b for a, b in pairs)


def slow_accounts(entity: Staged, at: int) -> Fact:
    late = [f for f in visible(entity["paydex"], at) if f["nb_jours"] is not None]
    paid = max(late, key=lambda f: (f["date_valeur"], f["_batch"], f["_line"]), default=None)
    found: Fact = {
        "paydex_nb_jours": paid and float(paid["nb_jours"]),
        "paydex_age_mois": paid and at - index_of(paid["date_valeur"]),
    }
    own, group = (last_accounts(visible(entity["ratios"], at), is_group) for is_group in (False, True))
    if group and (own is None or at - index_of(own["date_cloture_exercice"]) > 36):
        own = group
    slipped = slipped_amounts(entity["ratios"], own) if own else []
    readable = own and {name: readable_amount(own, name) for name in PUBLISHED} | dict.fromkeys(slipped)
    holds = readable if own and is_valid(own["date_cloture_exercice"], at) else None
    found |= {f"bilan_{name}": holds and holds[name] for name in PUBLISHED}
    found["bilan_type"] = holds and own["type_bilan"]
    found["bilan_saut_mille"] = None if holds is None else bool(slipped)
    found["bilan_age_mois"] = holds and at - index_of(own["date_cloture_exercice"])
    last = max(visible(entity["bdf"], at), key=lambda f: (f["arrete_bilan_bdf"], f["_batch"], f["_line"]), default=None)
    bdf = last if last and is_valid(last["arrete_bilan_bdf"], at) else None
    found |= {f"bdf_{name}": bdf and bdf[name] for name in RATIOS_BDF}
    found["bdf_age_mois"] = bdf and at - index_of(bdf["arrete_bilan_bdf"])
    return found


def is_valid(closed: date, at: int) -> bool:
    """Known 7 months after the closing, valid 14 months."""
    return at < known_index(start_of(index_of(closed) + 7).replace(day=closed.day), 20) + 14


def by_closing(fact: Fact) -> tuple:
    rank = {None: 0, "K": 1, "S": 4, "C": 5}[fact["type_bilan"]]
    return fact["date_cloture_exercice"], rank, fact["_batch"], fact["_line"]


def last_accounts(facts: list[Fact], of_group: bool) -> Fact | None:
    return max((f for f in facts if (f["type_bilan"] == "K") == of_group), key=by_closing, default=None)


def readable_amount(fact: Fact, name: str) -> float | None:
    hidden = fact["confidentialite"] == "Partiellement confidentiel" and fact[name] == 0
    return None if hidden else fact[name]


def slipped_amounts(ratios: list[Fact], fact: Fact) -> list[str]:
    """The amounts that are a thousand times those known before, or a thousandth of them."""
    known = [
        f
        for f in ratios
        if f["known_on"] <= fact["known_on"]
        and (f["superseded_on"] is None or f["superseded_on"] > fact["known_on"])
        and (f["type_bilan"] == "K") == (fact["type_bilan"] == "K")
    ]
    closing = "date_cloture_exercice"
    before = max((f for f in known if f[closing] < fact[closing]), key=by_closing, default=None)
    earlier = max((f for f in known if before and f[closing] < before[closing]), key=by_closing, default=None)

    def factor(name: str, other: Fact | None) -> float | None:
        now, then = readable_amount(fact, name), other and readable_amount(other, name)
        return None if now is None or not then else abs(now / then)

    def jumps(name: str) -> bool:
        up, back = factor(name, before), factor(name, earlier)
        far = up is not None and (500 <= up <= 2000 or 1 / 2000 <= up <= 1 / 500)
        return far and not (back is not None and 1 / 30 <= back <= 30)

    amounts = ("chiffre_d_affaires", "marge_brute", "ebe", "ebit", "resultat_net")
    jumping = [name for name in amounts if jumps(name)]
    turnover = readable_amount(fact, amounts[0])
    return [
        name
        for name in jumping
        if name == amounts[0]
        or len(jumping) >= 2
        or (turnover is not None and abs(readable_amount(fact, name) or 0) > turnover)
    ]


def site_facts(entity: Staged) -> list[Fact]:
    """The facts that make an establishment known."""
    amounts = [f for f in entity["cotisation"] if f["du"] is not None]
    hours = [f for f in entity["apconso"] if f["heure_consomme"] is not None]
    return [*amounts, *hours, *entity["debit"], *entity["effectif"]]


def has_flow(entity: Staged, at: int) -> bool:
    return posted(entity["cotisation"], at) is not None or consumed(entity["apconso"], at) is not None


def site_is_open(entity: Staged, at: int) -> bool:
    return first_known(site_facts(entity)) <= at and not is_known_closed(entity, at)


def has_closed(entity: Staged, at: int) -> bool:
    """Whether it was closed in the month before: the month of the closure still has a row."""
    return is_known_closed(entity, at) and is_known_closed(entity, at - 1)


def site_has_row(entity: Staged, at: int) -> bool:
    return (first_known(site_facts(entity)) <= at and not has_closed(entity, at)) or has_flow(entity, at)


def company_has_row(entity: Staged, sites: dict[str, Staged], at: int) -> bool:
    if first_known([*site_facts(entity), *entity["effectif_ent"]]) > at:
        return False
    of_sites = [[*site_facts(site), *site["sirene"], *site["sirene_histo"]] for site in sites.values()]
    known = [site for site, facts in zip(sites.values(), of_sites, strict=True) if first_known(facts) <= at]
    still_open = [site for site in known if not has_closed(site, at)]
    return not known or bool(still_open) or has_flow(entity, at)


def age(created: date | None, at: int) -> int | None:
    if created is None or created > start_of(at).replace(day=20):
        return None
    return at - index_of(created) - (created.day > 20)


def proceeding_rank(stage: str) -> int:
    over = ("fin_procedure", "inclusion_autre_procedure")
    return 3 if stage in over else 2 if stage == "plan_continuation" else 1


def events_of(entity: Staged) -> list[Fact]:
    """Events of both sources, one for each action."""
    events = [
        {**f, "action": f["action_procol"], "stage": f["stade_procol"] or "", "source": "procol", "priority": 2}
        for f in entity["procol"]
        if f["stade_procol"] != "solde_procedure"
    ]
    for fact in entity["procedures"]:
        action, stage = JUDGMENTS[fact["nature"]]
        event = {**fact, "date_effet": fact["date_jugement"], "source": "procedures", "priority": 1}
        if stage:
            events += [{**event, "action": name, "stage": stage} for name in ([action] if action else ACTIONS)]
        if stage in ("ouverture", "conversion") and action:
            less_grave = ACTIONS[ACTIONS.index(action) + 1 :]
            events += [{**event, "action": name, "stage": "inclusion_autre_procedure"} for name in less_grave]
    return events


def proceeding(entity: Staged, at: int) -> Fact:
    columns = ("procedure", "stade", "date_procedure", "source_procedure")
    state: Fact = {**dict.fromkeys(columns), "en_procedure": False}
    for action in reversed(ACTIONS):  # the gravest comes last
        some = [f for f in visible(events_of(entity), at) if f["action"] == action]
        order = lambda f: (f["date_effet"], proceeding_rank(f["stage"]), f["priority"], f["stage"])  # noqa: E731
        last = max(some, key=order, default=None)
        if last is None or proceeding_rank(last["stage"]) == 3:
            continue
        if last["stage"] == "plan_continuation" and at - known_index(last["date_effet"], 20) >= 120:
            continue
        state = dict(zip(columns, (action, last["stage"], last["date_effet"], last["source"]), strict=True))
        state["en_procedure"] = True
    return state


def own_code(versions: list[Fact], fact: Fact) -> str | None:
    """The code in NAF rev. 2 of a version of the register: its own, or the former one of an unchanged activity."""
    if fact["ape"] or not fact["ape_naf25"]:
        return fact["ape"]
    place = lambda f: (f["_batch"], f["_line"])  # noqa: E731
    so_far = sorted((f for f in versions if place(f) <= place(fact)), key=place)
    coded = [rank for rank, f in enumerate(so_far) if f["ape"]]
    if not coded:
        return None
    since = [f["ape_naf25"] for f in so_far[coded[-1] :] if f["ape_naf25"]]
    return so_far[coded[-1]]["ape"] if since[0] == fact["ape_naf25"] else None


def activity(versions: list[Fact], fiche: Fact, of_history: str | None, at: int, both_known_from: int) -> Fact:
    """Both codes; these data hold one pair of codes, known from a month on."""
    rev2, naf25 = (own_code(versions, fiche), fiche["ape_naf25"]) if fiche else (None, None)
    rev2 = rev2 or (of_history if naf25 else None)
    derived = REV2 if rev2 is None and naf25 == NAF25 and both_known_from <= at else None
    ape = rev2 or derived
    return {
        "ape": ape,
        "ape_naf25": naf25,
        "ape_est_derive": None if ape is None else rev2 is None,
        "division": ape and int(ape[:2]),
        "section": ape and {"62": "J", "47": "G", "10": "C"}[ape[:2]],
        "nomenclature": "naf_rev2",
    }


def first_known_under_both(staged: Staged) -> int:
    """The first month in which some unit is known under both codes."""
    months = []
    for source, key in (("sirene", "siret"), ("sirene_ul", "siren")):
        for fact in staged[source]:
            versions = [f for f in staged[source] if f[key] == fact[key]]
            if fact["ape_naf25"] == NAF25 and own_code(versions, fact):
                months.append(known_index(fact["known_on"], 20))
    return min(months)


def slow_site(entity: Staged, siret: str, at: int, both_known_from: int) -> Fact:
    fiche = max(visible(entity["sirene"], at), key=lambda f: (f["_batch"], f["_line"]), default={})
    place = {name: fiche.get(name) for name in ("departement", "code_commune", "siege")}
    coded = [fact for fact in visible(entity["sirene_histo"], at) if fact["ape"]]
    former = max(coded, key=lambda f: (f["date_debut"], f["_batch"], f["_line"]), default={}).get("ape")
    place |= activity(entity["sirene"], fiche, former, at, both_known_from)
    known = slow_measures(entity, entity["effectif"], at)
    return {"siret": siret, "siren": siret[:9], **known, **place, "age_mois": age(fiche.get("date_creation"), at),
            **slow_plans(entity, at), "est_ouvert": site_is_open(entity, at)}  # fmt: skip


def slow_company(entity: Staged, sites: dict[str, Staged], siren: str, at: int, both_known_from: int) -> Fact:
    seats = [fact for fact in visible(entity["sirene"], at) if fact["siege"]]
    order = ("known_on", "date_creation", "siret", "_batch", "_line")
    seat = max(seats, key=lambda f: tuple(f[name] for name in order), default={})
    legal = max(visible(entity["sirene_ul"], at), key=lambda f: (f["_batch"], f["_line"]), default={})
    recent = [m for m in range(at - RULES.perimeter_months + 1, at + 1) if company_has_row(entity, sites, m)]
    staff = [slow_measures(entity, entity["effectif_ent"], m)["effectif"] for m in recent]
    followed = [site for site in sites.values() if site_is_open(site, at)]
    indebted = sum(sum(round(part * 100) for part in balances(site["debit"], at)[:2]) > 0 for site in followed)
    registered = [site for site in sites.values() if register_says(site, at)]
    moved = [moves(site, at) for site in sites.values()]
    largest = [slow_measures(site, site["effectif"], at)["effectif"] for site in followed]
    return {
        "siren": siren,
        **slow_measures(entity, entity["effectif_ent"], at),
        "nb_etablissements": len(registered),
        **{name: seat.get(name) for name in ("departement", "code_commune")},
        "categorie_juridique": legal.get("categorie_juridique"),
        **activity(entity["sirene_ul"], legal, None, at, both_known_from),
        **proceeding(entity, at),
        "raison_sociale": legal.get("raison_sociale") or legal.get("nom_unite_legale"),
        "age_mois": age(legal.get("date_creation"), at),
        "est_dans_perimetre": max((n for n in staff if n is not None), default=0) >= RULES.perimeter_effectif,
        **slow_plans(entity, at),
        "nb_ouvertures": sum(opened for opened, _ in moved),
        "nb_fermetures": sum(closed for _, closed in moved),
        "nb_etablissements_en_dette": indebted,
        "part_etablissements_en_dette": indebted / n if (n := max(len(registered), len(followed))) else None,
        "effectif_max_etablissement": max((n for n in largest if n is not None), default=None),
        **slow_accounts(entity, at),
    }


def grouped(staged: Staged, key: str) -> dict[str, Staged]:
    found: dict[str, Staged] = {}
    for source, facts in staged.items():
        for fact in facts:
            if key in fact:
                found.setdefault(fact[key], {name: [] for name in SCHEMAS})[source].append(fact)
    return found


def test_every_cell_agrees_with_the_slow_panel(staged: Staged, panel: Panel) -> None:
    sites, companies = grouped(staged, "siret"), grouped(staged, "siren")
    both_known_from = first_known_under_both(staged)
    slow: Panel = {}
    for at in range(index_of(date(2019, 10, 1)), LAST + 1):
        for siret, entity in sites.items():
            if site_has_row(entity, at):
                slow[siret, at] = slow_site(entity, siret, at, both_known_from)
        for siren, entity in companies.items():
            own = {siret: site for siret, site in sites.items() if siret.startswith(siren)}
            if company_has_row(entity, own, at):
                slow[siren, at] = slow_company(entity, own, siren, at, both_known_from)
    assert differences({key: row for key, row in panel.items() if key[0][0] == WHOLE}, slow) == []
