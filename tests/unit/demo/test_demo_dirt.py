"""Every damaged line stands where the truth says, a strict reader refuses it, and it refuses nothing else."""

import json
from collections import Counter

import pytest

from sf_spark.demo import DemoPlan

FILES = (
    "sigfaible_cotisdues.csv.gz", "sigfaible_debits.csv.gz", "sigfaible_delais.csv", "sigfaible_ccsf.csv",
    "sigfaible_pcoll.csv", "sigfaible_effectif_siret.csv", "sigfaible_effectif_siren.csv", "consommation_ap.csv",
    "demande_ap.csv", "StockEtablissement_utf8_geo.csv", "sireneUL.csv", "StockEtablissementHistorique_utf8.csv",
    "Retro-Paydex", "ratios_inpi_bce.csv",
)  # fmt: skip
CENTS = {
    "sigfaible_cotisdues.csv.gz": {"enc_direct": 100, "cotis_due": 100},
    "sigfaible_debits.csv.gz": {"Mt_PO": 1, "Mt_PP": 1},  # delivered in cents
    "sigfaible_delais.csv": {"Montant_global_echeancier": 100},
    "consommation_ap.csv": {"MONTANTS": 100},
    "demande_ap.csv": {"MTA": 100, "S_MONTANT_CONSOM_TOT": 100},
}


@pytest.fixture(scope="module")
def filthy(new_demo, tmp_path_factory):
    """So dirty that every kind of damage shows in every file that knows it."""
    return new_demo(DemoPlan(entreprises=400, annees=2, seed=3, dirty_share=0.2), tmp_path_factory.mktemp("filthy"))


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("which", ["demo", "filthy"])
def test_refused_lines_are_those_of_the_truth(file, which, request):
    landing = request.getfixturevalue(which)
    dirty = landing.truth_rows("dirty.csv")
    for batch in landing.batches:
        name = landing.file_name(batch, file)
        planted = [int(row["line"]) for row in dirty if (row["batch"], row["file"]) == (batch, name)]
        assert landing.read(batch, file).rejected == planted
        assert planted


@pytest.mark.parametrize("file", FILES)
def test_totals_agree_with_the_files(demo, file):
    totals = {(row["batch"], row["file"]): row for row in demo.truth_rows("totals.csv")}
    for batch in demo.batches:
        reading, total = demo.read(batch, file), totals[batch, demo.file_name(batch, file)]
        lines = len(reading.accepted) + len(reading.rejected) + len(reading.skipped)
        counted = (int(total[name]) for name in ("data_lines", "dirty_lines", "skipped_lines", "blank_lines"))
        assert tuple(counted) == (lines, len(reading.rejected), len(reading.skipped), len(reading.blank))


@pytest.mark.parametrize("file", sorted(CENTS))
def test_sums_of_money_agree_with_the_files_to_the_cent(demo, file):
    money = {(row["batch"], row["file"], row["column"]): int(row["sum_cents"]) for row in
             demo.truth_rows("totals_money.csv")}  # fmt: skip
    totals = {(row["batch"], row["file"]): row["money_cents"] for row in demo.truth_rows("totals.csv")}
    for batch in demo.batches:
        rows, both = demo.rows(batch, file), 0
        for column, factor in CENTS[file].items():
            total = sum(round(float(row[column].replace(",", ".")) * factor) for row in rows)
            assert money[batch, file, column] == total
            both += total
        assert int(totals[batch, file]) == both


def test_share_of_damaged_lines(demo):
    for count in demo.summary.files:
        provisional = sum(
            row["kind"] == "siret_provisoire" and (row["batch"], row["file"]) == (count.batch, count.file)
            for row in demo.truth_rows("dirty.csv")
        )
        damaged = count.dirty_lines - provisional
        expected = demo.plan.dirty_share * (count.data_lines - damaged)
        # One more than the share at most: the smallest file has a damaged line too.
        assert damaged >= 1 and expected - 1 <= damaged <= expected + 1


def test_no_damage_when_none_is_asked_but_provisional_numbers(new_demo, tmp_path):
    clean = new_demo(DemoPlan(entreprises=120, annees=2, dirty_share=0.0), tmp_path)
    assert {row["kind"] for row in clean.truth_rows("dirty.csv")} == {"siret_provisoire"}


def test_every_kind_of_damage_is_met(filthy):
    named = {filthy.file_name(batch, file): file for batch in filthy.batches for file in FILES}
    kinds = Counter((named[row["file"]], row["kind"]) for row in filthy.truth_rows("dirty.csv"))
    everywhere = {"champ_manquant", "champ_en_trop", "identifiant_avec_lettres"}
    assert {(file, kind) for file in FILES for kind in everywhere} <= kinds.keys()
    debit = {"periode", "rang", "date", "montant_vide", "montant", "guillemet", "booleen"}
    assert {("sigfaible_debits.csv.gz", kind) for kind in debit} <= kinds.keys()
    assert {("sigfaible_cotisdues.csv.gz", kind) for kind in ("periode", "montant")} <= kinds.keys()
    assert {("demande_ap.csv", kind) for kind in ("siret_vide", "date", "heures")} <= kinds.keys()


def test_damage_leaves_the_good_lines_as_they_are(new_demo, tmp_path):
    plan = {"entreprises": 120, "annees": 2, "seed": 5}
    clean = new_demo(DemoPlan(**plan, dirty_share=0.0), tmp_path / "clean")
    dirty = new_demo(DemoPlan(**plan, dirty_share=0.1), tmp_path / "dirty")
    for file in FILES:
        assert clean.rows("2609", file) == dirty.rows("2609", file)


@pytest.mark.parametrize("file", FILES)
def test_no_field_opens_a_quote_that_it_does_not_close(filthy, file):
    for line in filthy.content("2610", file).split("\n"):
        assert line.count('"') % 2 == 0 or file == "sigfaible_debits.csv.gz"
        if file == "sigfaible_debits.csv.gz":
            assert not any(field.startswith('"') for field in line.split(";"))
        if file == "sigfaible_cotisdues.csv.gz":
            assert '"' not in line  # that file is read with lazy quotes


def test_nothing_of_the_truth_in_the_landing_folder(demo):
    names = {path.name for path in demo.landing.rglob("*")}
    assert names.isdisjoint({"entreprises.csv", "dirty.csv", "totals.csv", "totals_money.csv", "truth"})
    marker = json.loads((demo.landing / ".generated.json").read_text())
    assert set(marker) == {"batches", "complete", "deliveries", "fingerprint", "plan", "truth"}
    assert all(isinstance(size, int) for size in [*marker["deliveries"].values(), *marker["truth"].values()])
    headers = {column for file in FILES for column in demo.read("2610", file).header}
    assert headers.isdisjoint(set(demo.truth_rows("entreprises.csv")[0]) - {"siren"})
