"""The phenomena of real deliveries, searched for in the generated files alone."""

from collections import Counter, defaultdict
from datetime import date

import pytest

COTISATION, DEBIT, DELAI = "sigfaible_cotisdues.csv.gz", "sigfaible_debits.csv.gz", "sigfaible_delais.csv"
CCSF, PROCOL = "sigfaible_ccsf.csv", "sigfaible_pcoll.csv"
EFFECTIF, EFFECTIF_ENT = "sigfaible_effectif_siret.csv", "sigfaible_effectif_siren.csv"
CONSO, DEMANDE = "consommation_ap.csv", "demande_ap.csv"
SIRENE, SIRENE_UL = "StockEtablissement_utf8_geo.csv", "sireneUL.csv"
CUTOFFS = {"2607": date(2026, 7, 20), "2608": date(2026, 8, 20), "2609": date(2026, 9, 20), "2610": date(2026, 10, 20)}
JULY_2026 = 12 * 2026 + 6


@pytest.fixture(scope="module")
def rows(demo):
    return demo.rows


def histories(debit_rows):
    """Operations of each debt, in the order of their rank."""
    debts = defaultdict(list)
    for row in debit_rows:
        debts[row["num_cpte"], row["Periode"], row["Num_Ecn"]].append(row)
    return [sorted(debt, key=lambda row: int(row["Num_Hist_Ecn"])) for debt in debts.values()]


def balance(row):
    return int(row["Mt_PO"]) + int(row["Mt_PP"])


# --- contributions -------------------------------------------------------------------------------------------------


def test_a_contribution_is_known_the_month_after_its_period(rows, period):
    for rank, batch in enumerate(CUTOFFS):
        ends = [sum(period(row["periode"])) for row in rows(batch, COTISATION)]
        assert max(ends) == JULY_2026 + rank  # the period that ended last month is in, the current one is not


def test_periods_are_monthly_quarterly_and_yearly_in_both_forms(rows, period):
    codes = {row["periode"] for row in rows("2610", COTISATION)} | {row["Periode"] for row in rows("2610", DEBIT)}
    forms = {(len(code), period(code)[1]) for code in codes}
    assert {(4, 1), (6, 1), (4, 3), (6, 3)} <= forms
    assert {length for _, length in forms} == {1, 3, 12}


def amounts_by_period(cotisation_rows, period):
    amounts = defaultdict(list)
    for row in cotisation_rows:
        amounts[row["Compte"], row["Siret"], period(row["periode"])].append(row["cotis_due"])
    return {key: sorted(values) for key, values in amounts.items()}


def test_past_amounts_are_corrected_in_later_deliveries(rows, period):
    before, after = (amounts_by_period(rows(batch, COTISATION), period) for batch in ("2607", "2608"))
    changed = [key for key in before if len(before[key]) == len(after[key]) == 1 and before[key] != after[key]]
    assert changed
    assert len(changed) < 0.02 * len(before)


def test_second_rows_come_later_for_a_period_already_delivered(rows, period):
    before, after = (amounts_by_period(rows(batch, COTISATION), period) for batch in ("2607", "2608"))
    completed = [key for key in before if len(before[key]) == 1 and len(after[key]) == 2]
    assert completed
    assert any(before[key][0] in after[key] for key in completed)


def test_some_declarations_are_late_and_some_never_come(rows, period):
    before, after = (amounts_by_period(rows(batch, COTISATION), period) for batch in ("2607", "2610"))
    late = [key for key in after if key not in before and sum(key[2]) <= JULY_2026]
    assert late
    months = defaultdict(set)
    for account, _, (start, length) in after:
        months[account] |= set(range(start, start + length))
    holes = [account for account, seen in months.items() if len(seen) < max(seen) - min(seen) + 1]
    assert len(holes) > 3


def test_negative_amounts_and_decimal_commas(rows):
    amounts = [row["cotis_due"] for row in rows("2610", COTISATION)]
    assert any(amount.startswith("-") for amount in amounts)
    assert any("," in amount for amount in amounts) and any("." in amount for amount in amounts)


# --- debts ---------------------------------------------------------------------------------------------------------


def test_debts_are_known_up_to_the_20th(rows, urssaf_date):
    for batch, cutoff in CUTOFFS.items():
        last = max(urssaf_date(row["Dt_trt_ecn"]) for row in rows(batch, DEBIT))
        assert last <= cutoff and (cutoff - last).days < 10


def test_operations_of_a_debt_follow_one_another(rows, urssaf_date):
    for debt in histories(rows("2610", DEBIT)):
        assert [int(row["Num_Hist_Ecn"]) for row in debt] == list(range(1, len(debt) + 1))
        days = [urssaf_date(row["Dt_trt_ecn"]) for row in debt]
        assert days == sorted(days)
        assert debt[0]["Cd_op_ecn"] == "1" and balance(debt[0]) > 0


def test_debts_are_paid_cancelled_part_paid_and_reopened(rows):
    debts = histories(rows("2610", DEBIT))
    endings = Counter((debt[-1]["Cd_op_ecn"], balance(debt[-1]) == 0) for debt in debts)
    assert endings["2", True] and endings["11", True]  # paid to zero, cancelled
    assert endings["1", False] and endings["2", False]  # open: untouched, or paid in part
    reopened = [debt for debt in debts if "12" in [row["Cd_op_ecn"] for row in debt]]
    assert reopened
    for debt in reopened:
        undone = next(rank for rank, row in enumerate(debt) if row["Cd_op_ecn"] == "12")
        assert balance(debt[undone - 1]) == 0 and balance(debt[undone]) == balance(debt[undone - 2])


def test_a_period_may_have_several_debts(rows):
    numbers = defaultdict(set)
    for row in rows("2610", DEBIT):
        numbers[row["num_cpte"], row["Periode"]].add(row["Num_Ecn"])
    assert any(len(found) > 1 for found in numbers.values())
    assert {"101", "102"} <= set().union(*numbers.values())


def test_employee_and_employer_shares_move_together(rows):
    for row in rows("2610", DEBIT):
        assert (int(row["Mt_PO"]) == 0) == (int(row["Mt_PP"]) == 0)


def test_debts_move_from_a_closed_siret_to_the_new_one(rows):
    def sirets_by_debt(batch):
        found = defaultdict(set)
        for row in rows(batch, DEBIT):
            found[row["num_cpte"], row["Periode"], row["Num_Ecn"]].add(row["Siret"])
        return found

    closed = {row["siret"] for row in rows("2610", SIRENE) if row["etatAdministratifEtablissement"] == "F"}
    before, after = sirets_by_debt("2607"), sirets_by_debt("2610")
    moved = [key for key in before if before[key] != after[key]]
    assert moved
    for key in moved:
        (old,), (new,) = before[key], after[key]
        assert old != new and old[:9] == new[:9]
        assert old in closed and new not in closed
    gone = {siret for key in moved for siret in before[key]}
    assert gone.isdisjoint(row["Siret"] for row in rows("2610", DEBIT))


def test_declarations_that_never_came_are_taxed_provisionally(rows):
    assert "3" in {row["Motif_ecn"] for row in rows("2610", DEBIT)}


def test_debts_show_a_proceeding_only_once_it_is_open(rows, demo, urssaf_date):
    opened = {row["siren"]: row["date_defaillance"] for row in demo.truth_rows("entreprises.csv")}
    codes = set()
    for row in rows("2610", DEBIT):
        failed = opened[row["Siren"]]
        known = bool(failed) and urssaf_date(row["Dt_trt_ecn"]) >= date.fromisoformat(failed)
        assert (row["Cd_pro_col"] != "0") == known
        codes.add(row["Cd_pro_col"])
    assert {"0", "1"} <= codes


# --- payment plans -------------------------------------------------------------------------------------------------


def test_payment_plans(rows, demo):
    plans = rows("2610", DELAI)
    assert {"INF", "SUP"} == {row["Indic_6M"] for row in plans}
    assert "APPROB" in {row["Code_externe_stade"] for row in plans}
    debtors = {row["Siret"][:9] for row in rows("2610", DEBIT)}
    for row in plans:
        created, due = (
            date(int(text[6:]), int(text[3:5]), int(text[:2])) for text in (row["Date_creation"], row["Date_echeance"])
        )
        assert (due - created).days == int(row["Duree_delai"]) > 0
        assert row["Annee_creation"] == row["Date_creation"][6:]
        assert created <= CUTOFFS["2610"] and row["Siret"][:9] in debtors
        assert float(row["Montant_global_echeancier"].replace(",", ".")) > 0


def test_commission_plans_go_through_their_stages(rows, urssaf_date):
    stages = defaultdict(list)
    for row in rows("2610", CCSF):
        assert row["Code_externe_action"] == "CCSF"
        stages[row["Siret"]].append((urssaf_date(row["Date_de_traitement"]), row["Code_externe_stade"]))
    assert stages
    for found in stages.values():
        assert min(found)[1] == "DEBUT"
    assert {"DEBUT", "APPROB"} <= {stage for found in stages.values() for _, stage in found}


# --- headcounts ----------------------------------------------------------------------------------------------------


def cells(headcount_rows, key):
    return {
        (row.get("compte"), row[key], column): value
        for row in headcount_rows
        for column, value in row.items()
        if column.startswith("eff") and value != ""
    }


@pytest.mark.parametrize(("file", "key"), [(EFFECTIF, "siret"), (EFFECTIF_ENT, "siren")])
def test_headcounts_come_four_months_late_and_some_later_still(rows, file, key):
    before, after = cells(rows("2607", file), key), cells(rows("2610", file), key)
    assert max(column for *_, column in before) == "eff202613"  # March, in July
    stragglers = [cell for cell in after if cell not in before and cell[2] <= "eff202613"]
    assert 0 < len(stragglers) < 0.05 * len(after)
    assert all(after[cell] == before[cell] for cell in before)


def test_some_headcounts_never_come(rows):
    months = defaultdict(list)
    for _, siren, column in cells(rows("2610", EFFECTIF_ENT), "siren"):
        months[siren].append(column)
    full = max(len(columns) for columns in months.values())
    assert any(min(columns) == "eff202331" and full - 3 < len(columns) < full for columns in months.values())


def test_a_third_of_companies_are_under_ten(rows):
    largest = [
        max(int("".join(c for c in value if c.isdigit())) for name, value in row.items() if name[:3] == "eff" and value)
        for row in rows("2610", EFFECTIF_ENT)
    ]
    assert 0.2 < sum(size < 10 for size in largest) / len(largest) < 0.45
    assert max(largest) > 200


def test_an_establishment_may_have_several_accounts(rows):
    accounts = defaultdict(set)
    for row in rows("2610", COTISATION):
        accounts[row["Siret"]].add(row["Compte"])
    assert any(len(found) > 1 for found in accounts.values())
    lines = Counter(row["siret"] for row in rows("2610", EFFECTIF))
    assert max(lines.values()) > 1


def test_provisional_numbers_hold_letters(demo):
    lines = demo.content("2610", COTISATION).split("\n")
    planted = [
        lines[int(row["line"]) - 1].split(";")[2]
        for row in demo.truth_rows("dirty.csv")
        if (row["batch"], row["file"], row["kind"]) == ("2610", COTISATION, "siret_provisoire")
    ]
    assert planted and all(len(siret) == 14 and not siret.isdigit() for siret in planted)


def test_pseudo_sirets_employ_people_and_are_not_in_the_register(rows):
    registered = {row["siret"] for row in rows("2610", SIRENE)}
    pseudo = {row["siret"] for row in rows("2610", EFFECTIF) if row["siret"][9] in "5679"}
    assert pseudo and pseudo.isdisjoint(registered)
    assert pseudo & {row["Siret"] for row in rows("2610", COTISATION)}
    others = {row["siret"] for row in rows("2610", EFFECTIF)} - pseudo
    assert others <= registered


# --- short-time work -----------------------------------------------------------------------------------------------


def test_short_time_work_comes_in_a_wave(rows):
    starts = Counter(row["DATE_DEB"][:7] for row in rows("2610", DEMANDE))
    months = sorted(starts)
    assert max(starts.values()) > 5 * sorted(starts.values())[len(months) // 4]


def test_consumption_comes_one_month_late_and_belongs_to_a_request(rows):
    for rank, batch in enumerate(CUTOFFS):
        months = {row["MOIS"][:7] for row in rows(batch, CONSO)}
        assert max(months) == f"2026-{6 + rank:02d}"
    families = {row["ID_DA"][:9] for row in rows("2610", DEMANDE)}
    assert all(row["ID_DA"][:9] in families and len(row["ID_DA"]) == 11 for row in rows("2610", CONSO))
    assert any(row["MOIS"][-2:] != "01" for row in rows("2610", CONSO))


def hours_used(row):
    return float(row["S_HEURE_CONSOM_TOT"])


def test_totals_consumed_grow_and_some_requests_are_amended_or_revised(rows):
    before, after = ({row["ID_DA"]: row for row in rows(batch, DEMANDE)} for batch in ("2607", "2610"))
    grown = [key for key in before if hours_used(after[key]) > hours_used(before[key])]
    revised = [key for key in before if after[key]["DATE_STATUT"] != before[key]["DATE_STATUT"]]
    assert grown and revised
    assert any(key.endswith("01") and f"{key[:9]}00" in after for key in after)
    totals = defaultdict(float)
    for row in rows("2610", CONSO):
        totals[row["ID_DA"]] += float(row["HEURES"])
    exact = [abs(totals[key] - hours_used(row)) < 0.005 for key, row in after.items()]
    assert all(exact)


# --- proceedings ---------------------------------------------------------------------------------------------------


def stories(procol_rows, english_date):
    """(date, action, stage) of each company, whatever the case and the order of the label's tokens."""
    found = defaultdict(set)
    for row in procol_rows:
        tokens = row["Lib_actx_stdx"].lower().split("_")
        action = next(token for token in tokens if token in ("liquidation", "redressement", "sauvegarde"))
        tokens.remove(action)
        found[row["Siren"]].add((english_date(row["Dt_effet"]), action, "_".join(tokens)))
    return {siren: sorted(events) for siren, events in found.items()}


def test_proceedings_have_the_stages_of_real_ones(rows, english_date):
    found = stories(rows("2610", PROCOL), english_date)
    stages = {(action, stage) for events in found.values() for _, action, stage in events}
    assert {
        ("redressement", "ouverture"), ("redressement", "plan_continuation"), ("redressement", "fin_procedure"),
        ("redressement", "inclusion_autre_procedure"), ("redressement", "solde_procedure"),
        ("liquidation", "ouverture"), ("liquidation", "solde_procedure"),
        ("liquidation", "cloture_insuffisance_actif"), ("sauvegarde", "ouverture"),
        ("sauvegarde", "plan_continuation"),
    } <= stages  # fmt: skip
    paths = {tuple((a, s) for _, a, s in events if s != "solde_procedure") for events in found.values()}
    assert any(path[0] == ("liquidation", "ouverture") for path in paths)
    ended_plan = {("redressement", "plan_continuation"), ("redressement", "fin_procedure")}
    assert any(ended_plan <= set(path) for path in paths)
    assert any({("redressement", "ouverture"), ("liquidation", "ouverture")} <= set(path) for path in paths)


def test_labels_vary_in_case_and_order(rows):
    labels = {row["Lib_actx_stdx"] for row in rows("2610", PROCOL)}
    assert {"Liquidation_ouverture", "Solde_procedure_redressement", "Redressement_plan_continuation"} <= labels
    assert any(label.isupper() for label in labels) and any(label.islower() for label in labels)
    dates = {row["Dt_effet"][2:5] for row in rows("2610", PROCOL)}
    assert {True, False} == {month.isupper() for month in dates}


def test_proceedings_may_be_registered_months_after_their_effect(rows, english_date):
    before, after = rows("2607", PROCOL), rows("2608", PROCOL)
    known = {tuple(row.values()) for row in before}
    late = [(CUTOFFS["2608"] - english_date(row["Dt_effet"])).days for row in after if tuple(row.values()) not in known]
    assert max(late) > 45  # its effect was before the delivery that ignored it
    assert min(late) >= 0
    assert known <= {tuple(row.values()) for row in after}


def test_a_proceeding_is_listed_for_the_head_office_and_often_for_others(rows):
    heads = {row["siret"] for row in rows("2610", SIRENE) if row["etablissementSiege"] == "true"}
    sirets = defaultdict(set)
    for row in rows("2610", PROCOL):
        sirets[row["Siren"]].add(row["Siret"])
        assert row["Siret"][:9] == row["Siren"]
    assert any(len(found) > 1 for found in sirets.values())
    assert sum(bool(found & heads) for found in sirets.values()) > 0.9 * len(sirets)


def test_dates_of_solde_vary_between_establishments(rows):
    days = defaultdict(set)
    for row in rows("2610", PROCOL):
        if "solde" in row["Lib_actx_stdx"].lower():
            days[row["Siren"]].add(row["Dt_effet"])
    assert any(len(found) > 1 for found in days.values())


def test_some_companies_left_a_proceeding_before_the_history_and_some_are_still_in_plan(rows, english_date):
    start = date(2023, 7, 1)
    left, in_plan = [], []
    for siren, events in stories(rows("2610", PROCOL), english_date).items():
        openings = [day for day, _, stage in events if stage == "ouverture"]
        ends = [day for day, _, stage in events if stage in ("fin_procedure", "abandon_procedure")]
        if openings and openings[0] < start:
            (left if ends and ends[0] < start else in_plan).append(siren)
    assert left and in_plan


# --- the register --------------------------------------------------------------------------------------------------


def test_closed_establishments(rows):
    closed = [row for row in rows("2610", SIRENE) if row["etatAdministratifEtablissement"] == "F"]
    assert closed
    for row in closed:
        assert row["dateCreationEtablissement"] <= row["dateDebut"] <= CUTOFFS["2610"].isoformat()
    states = [
        {row["siret"]: row["etatAdministratifEtablissement"] for row in rows(batch, SIRENE)}
        for batch in ("2607", "2610")
    ]
    assert any(states[1][siret] == "F" for siret, state in states[0].items() if state == "A")
    assert not any(states[1][siret] == "A" for siret, state in states[0].items() if state == "F")


def test_keys_of_the_register_agree(rows):
    units = {row["siren"]: row for row in rows("2610", SIRENE_UL)}
    heads = Counter()
    for row in rows("2610", SIRENE):
        assert row["siren"] + row["nic"] == row["siret"]
        heads[row["siren"]] += row["etablissementSiege"] == "true"
        if row["etablissementSiege"] == "true":
            assert units[row["siren"]]["nicSiegeUniteLegale"] == row["nic"]
    assert set(heads.values()) == {1}
    assert {row["siren"] for row in rows("2610", EFFECTIF_ENT)} <= units.keys()


def test_companies_are_created_during_the_history(rows):
    created = [row["dateCreationUniteLegale"] for row in rows("2610", SIRENE_UL)]
    assert 0.05 < sum(day >= "2023-07-01" for day in created) / len(created) < 0.25
    assert any(day > CUTOFFS["2607"].isoformat() for day in created)
    assert max(created) <= CUTOFFS["2610"].isoformat()


def test_foreign_head_offices_have_no_french_commune(rows):
    abroad = [row for row in rows("2610", SIRENE) if row["codePaysEtrangerEtablissement"]]
    assert abroad
    for row in abroad:
        assert row["etablissementSiege"] == "true" and row["codeCommuneEtablissement"] == ""
    in_france = {row["siren"] for row in rows("2610", SIRENE) if row["codeCommuneEtablissement"]}
    assert {row["siren"] for row in abroad} <= in_france


def test_excluded_activities_and_legal_categories(rows):
    units = rows("2610", SIRENE_UL)
    assert {row["activitePrincipaleUniteLegale"][:2] for row in units} & {"84", "85", "94", "64"}
    assert {row["categorieJuridiqueUniteLegale"] for row in units} & {"4110", "4140", "7210", "7389"}
    assert len({row["activitePrincipaleUniteLegale"] for row in units}) > 30


def test_sole_traders_are_known_by_their_owner(rows):
    traders = [row for row in rows("2610", SIRENE_UL) if row["categorieJuridiqueUniteLegale"] == "1000"]
    assert traders
    assert all(row["nomUniteLegale"] and not row["denominationUniteLegale"] for row in traders)


def test_leading_zeros_and_departments_of_all_kinds(rows):
    assert any(row["siren"].startswith("0") for row in rows("2610", SIRENE_UL))
    departments = {row["dep"] for row in rows("2610", EFFECTIF)}
    assert departments & {"01", "02", "03", "06", "08"} and departments & {"2A", "2B"}
    assert any(len(department) == 3 for department in departments)


def test_units_of_older_nomenclatures_are_there_and_nobody_skips_them(demo):
    for file, column, older in (
        (SIRENE, "nomenclatureActivitePrincipaleEtablissement", "NAFRev1"),
        (SIRENE_UL, "nomenclatureActivitePrincipaleUniteLegale", "NAP"),
    ):
        reading = demo.read("2610", file)
        assert {row[column] for row in reading.accepted} == {"NAFRev2", older}
        assert not reading.skipped


# --- snapshots -----------------------------------------------------------------------------------------------------


def test_every_delivery_repeats_the_history_and_grows(demo):
    lines = {(count.batch, count.file): count.data_lines for count in demo.summary.files}
    for file in (COTISATION, DEBIT, CONSO, DEMANDE, PROCOL, SIRENE):
        sizes = [lines[batch, file] for batch in demo.batches]
        assert sizes[0] > 0.8 * sizes[-1] and sizes[0] < sizes[-1]


def test_debts_never_forget_but_by_moving(rows):
    def facts(batch):
        return {tuple(value for name, value in row.items() if name != "Siret") for row in rows(batch, DEBIT)}

    before, after = facts("2607"), facts("2610")
    # Dt_immat and Siren stay too: only the Siret of a debt may change from one delivery to the next.
    assert before <= after
