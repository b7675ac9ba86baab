"""Accounts, payment behaviour and the history of the register: their content, and how little they reveal."""

from collections import Counter
from datetime import date, timedelta

RATIOS, PAYDEX, HISTORY = "ratios_inpi_bce.csv", "Retro-Paydex", "StockEtablissementHistorique_utf8.csv"
REGISTER = "StockEtablissement_utf8_geo.csv"


def test_accounts_come_late_and_stay(demo):
    known = [{(r["siren"], r["date_cloture_exercice"], r["type_bilan"]) for r in demo.rows(b, RATIOS)}
             for b in demo.batches]  # fmt: skip
    assert all(before < after for before, after in zip(known[:-1], known[1:], strict=True))
    last_day = date(2026, 10, 20)
    closings = [date.fromisoformat(row["date_cloture_exercice"]) for row in demo.rows("2610", RATIOS)]
    assert max(closings) <= last_day - timedelta(days=150)
    late = [day for _, day, _ in known[-1] - known[0] if date.fromisoformat(day) < date(2026, 7, 20) - timedelta(220)]
    assert late  # published more than 7 months after the closing


def test_some_accounts_are_confidential_and_some_are_of_a_group(demo):
    rows = demo.rows("2610", RATIOS)
    amounts = demo.read("2610", RATIOS).header[2:-2]
    access = Counter(row["confidentiality"] for row in rows)
    assert 0.1 < access["Confidentiel"] / len(rows) < 0.4
    for row in rows:
        assert {row[name] == "" for name in amounts} == {row["confidentiality"] == "Confidentiel"}
    groups = {(r["siren"], r["date_cloture_exercice"]) for r in rows if r["type_bilan"] == "K"}
    own = {(r["siren"], r["date_cloture_exercice"]) for r in rows if r["type_bilan"] in ("C", "S")}
    assert groups and groups <= own


def test_payment_behaviour_is_a_month_old_and_some_companies_are_not_followed(demo, french_date):
    rows = demo.rows("2610", PAYDEX)
    days = [french_date(row["DATE_VALEUR"]) for row in rows]
    assert max(days) == date(2026, 9, 15) and {day.day for day in days} == {15}
    assert len({(row["SIREN"], row["DATE_VALEUR"]) for row in rows}) == len(rows)
    followed, companies = {row["SIREN"] for row in rows}, demo.truth_rows("entreprises.csv")
    assert 0.4 < len(followed) / len(companies) < 0.8
    assert all(row["NB_JOURS_LIB"] == f"{row['NB_JOURS']} jours" for row in rows[:100])
    assert 0 <= min(int(row["NB_JOURS"]) for row in rows) < 5 < max(int(row["NB_JOURS"]) for row in rows) <= 180


def test_payments_slow_down_before_a_failure_but_most_late_payers_do_not_fail(demo, french_date):
    opened = {row["siren"]: row["date_defaillance"] for row in demo.truth_rows("entreprises.csv")}
    before, others = [], []
    for row in demo.rows("2610", PAYDEX):
        day, failure = french_date(row["DATE_VALEUR"]), opened[row["SIREN"]]
        soon = failure and timedelta(0) < date.fromisoformat(failure) - day < timedelta(365)
        (before if soon else others).append(int(row["NB_JOURS"]))
    assert sum(before) / len(before) > 1.15 * sum(others) / len(others)
    late = sorted(before)[len(before) // 2]  # of those about to fail, half are later than this
    assert sum(days > late for days in others) > 3 * sum(days > late for days in before)


def test_the_history_tells_of_the_same_establishments_as_the_register(demo):
    for batch in (demo.batches[0], demo.batches[-1]):
        spells: dict[str, list[dict[str, str]]] = {}
        for row in demo.rows(batch, HISTORY):
            spells.setdefault(row["siret"], []).append(row)
        register = {row["siret"]: row for row in demo.rows(batch, REGISTER)}
        assert register.keys() <= spells.keys()  # the register's older nomenclature is left out, its history is not
        for siret, fiche in register.items():
            last = max(spells[siret], key=lambda row: row["dateDebut"])
            assert last["etatAdministratifEtablissement"] == fiche["etatAdministratifEtablissement"]
            assert last["dateFin"] == ""
            first = min(row["dateDebut"] for row in spells[siret])
            assert first == fiche["dateCreationEtablissement"]


def test_spells_follow_one_another_and_some_establishments_closed_for_a_while(demo):
    spells: dict[str, list[tuple[str, str, str]]] = {}
    for row in demo.rows("2610", HISTORY):
        spell = (row["dateDebut"], row["dateFin"], row["etatAdministratifEtablissement"])
        spells.setdefault(row["siret"], []).append(spell)
    reopened = 0
    for some in spells.values():
        some.sort()
        for (_, end, before), (start, _, after) in zip(some[:-1], some[1:], strict=True):
            assert date.fromisoformat(end) + timedelta(days=1) == date.fromisoformat(start) and before != after
        reopened += [state for *_, state in some].count("A") == 2
    assert reopened > 3
    assert demo.read("2610", HISTORY).skipped
