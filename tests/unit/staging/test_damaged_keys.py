"""A key damaged into another number: its fact stays in force, others end as expected."""

import random
from collections.abc import Callable

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from sf_spark.settings import Settings
from sf_spark.staging.damaged_keys import Strangers, may_be_damaged
from sf_spark.staging.intake import take_in

DEBIT = (
    "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;"
    "Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours\n"
)
COMPTES = "Urssaf_gestion;Dep;Compte;Etat_compte;Siren;Siret;Date_crea_siret;Date_disp_siret\n"
ACCOUNT = "117129101331054535"
# Luhn's sums, from the right: 5 + 2*1 + 2 + 4 + (2*8 - 9) = 20; 3 + 2*2 + 2 + 4 + 7 = 20; 5 + 2*1 + 7 + 4 + 7 = 25.
CORRECT, MOVED, FAILING, OTHER = "80040002000015", "80040002000023", "80040007000015", "12345678200010"


def debit(siret: str, account: str = ACCOUNT, amount: int = 100) -> str:
    return f"939;27;{account};{siret[:9]};{siret};20150708;5;0;202411;101;1;1240120;{amount};200;3;74;0\n"


@pytest.fixture
def take(settings: Settings) -> Callable[[str], dict]:
    def taken(batch: str) -> dict:
        done = take_in(None, settings, batch, lambda line: None)  # type: ignore[arg-type]
        return {account.file.name: account for account in done}

    return taken


@pytest.fixture
def in_force(settings: Settings) -> Callable[[], list[str]]:
    def sirets() -> list[str]:
        rows = DeltaTable(f"{settings.lake}/staged/debit").to_pyarrow_table().to_pylist()
        return sorted(row["siret"] for row in rows if row["superseded_on"] is None)

    return sirets


@pytest.mark.parametrize("siret", [CORRECT, "01234567800011"])  # the second one fails INSEE's check
@pytest.mark.parametrize("place", range(9))
def test_a_key_damaged_into_a_company_outside_the_perimeter_ends_nothing(
    deliver: Callable, take: Callable, in_force: Callable, siret: str, place: int
) -> None:
    damaged = siret[:place] + str((int(siret[place]) + 1) % 10) + siret[place + 1 :]
    for batch, line in (("2401", debit(siret)), ("2402", debit(damaged)), ("2403", debit(siret)), ("2404", "")):
        deliver(batch, "filter.csv", f"siren\n{siret[:9]}\n{OTHER[:9]}\n")
        deliver(batch, "a_debits.csv", DEBIT + debit(OTHER) + line)
    take("2401")
    done = take("2402")["a_debits.csv"]
    assert (done.accepted, done.skipped, done.ended, done.held_back) == (1, 1, 0, 1)
    assert in_force() == sorted([siret, OTHER])
    take("2403")
    assert take("2404")["a_debits.csv"].ended == 1  # the fact of a missing line has ended
    assert in_force() == [OTHER]


def test_the_corrected_file_gives_what_it_would_have_given_at_once(
    deliver: Callable, take: Callable, in_force: Callable, settings: Settings
) -> None:
    for batch, line in (("2401", debit(CORRECT)), ("2402", debit(FAILING, amount=300))):
        deliver(batch, "filter.csv", f"siren\n{CORRECT[:9]}\n{OTHER[:9]}\n")
        deliver(batch, "a_debits.csv", DEBIT + debit(OTHER) + line)
        take(batch)
    deliver("2402", "a_debits.csv", DEBIT + debit(OTHER) + debit(CORRECT, amount=300))
    done = take("2402")["a_debits.csv"]
    assert (done.added, done.ended, done.held_back) == (1, 1, 0)
    rows = DeltaTable(f"{settings.lake}/staged/debit").to_pyarrow_table().to_pylist()
    kept = [(r["siret"], r["part_ouvriere"], r["_batch"], r["superseded_on"] is None) for r in rows]
    assert sorted(kept) == sorted(
        [(OTHER, 1.0, "2401", True), (CORRECT, 1.0, "2401", False), (CORRECT, 3.0, "2402", True)]
    )
    assert DeltaTable(f"{settings.lake}/held_back").to_pyarrow_table().num_rows == 0


def test_a_line_outside_that_is_like_no_missing_one_lets_it_end(
    deliver: Callable, take: Callable, in_force: Callable
) -> None:
    for batch, lines in (("2401", debit(CORRECT) + debit(OTHER)), ("2402", debit("31111111900011") + debit(OTHER))):
        deliver(batch, "filter.csv", f"siren\n{CORRECT[:9]}\n{OTHER[:9]}\n")
        deliver(batch, "a_debits.csv", DEBIT + lines)
    take("2401")
    assert (take("2402")["a_debits.csv"].ended, in_force()) == (1, [OTHER])


def test_a_company_that_left_the_perimeter_is_nobody_s_damaged_key(
    deliver: Callable, take: Callable, in_force: Callable
) -> None:
    near = FAILING  # one character from the other, and long known
    for batch, lines in (("2401", debit(CORRECT) + debit(near)), ("2402", debit(near))):
        deliver(batch, "filter.csv", f"siren\n{CORRECT[:9]}\n" + (f"{near[:9]}\n" if batch == "2401" else ""))
        deliver(batch, "a_debits.csv", DEBIT + lines)
    take("2401")
    done = take("2402")["a_debits.csv"]
    # The debt of the company that left the perimeter is delivered, so it stays; that of the other one has ended.
    assert (done.ended, done.held_back, in_force()) == (1, 1, [near])


@pytest.mark.parametrize(
    ("delivered", "ends"),
    [(FAILING, False), (MOVED, True), (OTHER, True), ("80040002000016", False)],
    ids=["no number of INSEE", "another site of the company", "another company", "a site of the company, mistyped"],
)
def test_without_a_perimeter_a_number_that_fails_the_control_may_be_a_damaged_one(
    deliver: Callable, take: Callable, in_force: Callable, delivered: str, ends: bool
) -> None:
    deliver("2401", "a_debits.csv", DEBIT + debit(CORRECT))
    deliver("2402", "a_debits.csv", DEBIT + debit(delivered))
    take("2401"), take("2402")
    assert in_force() == sorted([delivered] if ends else [delivered, CORRECT])


def test_an_account_damaged_into_one_of_a_company_outside_ends_nothing(
    deliver: Callable, take: Callable, in_force: Callable
) -> None:
    strange = ACCOUNT[:7] + "9" + ACCOUNT[8:]
    comptes = (
        COMPTES + f"1;1;{ACCOUNT};1;{CORRECT[:9]};{CORRECT};1100101;\n1;1;{strange};1;{OTHER[:9]};{OTHER};1100101;\n"
    )
    for batch, account in (("2401", ACCOUNT), ("2402", strange)):
        deliver(batch, "filter.csv", f"siren\n{CORRECT[:9]}\n")
        deliver(batch, "sigfaible_etablissement_utf8.csv", comptes)
        line = debit(CORRECT, account).replace(f"{CORRECT};", "", 1)
        deliver(batch, "a_debits.csv", DEBIT.replace("Siret;", "") + line)
    take("2401")
    done = take("2402")["a_debits.csv"]
    assert (done.skipped, done.ended, done.held_back, in_force()) == (1, 0, 1, [CORRECT])


def luhn(number: str) -> bool:
    """The check, digit by digit."""
    total = 0
    for rank, sign in enumerate(reversed(number)):
        value = int(sign) * (1 + rank % 2)
        total += value // 10 + value % 10
    return total % 10 == 0


def test_nearness_is_that_of_a_slow_function() -> None:
    rng = random.Random(3)
    missing = ["".join(rng.choices("0123456789", k=14)) for _ in range(60)]
    outside, new = (
        [
            "".join(c if rng.random() > 0.15 else rng.choice("0123456789") for c in rng.choice(missing))
            for _ in range(80)
        ]
        for _ in range(2)
    )

    def differ(a: str, b: str) -> int:
        return sum(x != y for x, y in zip(a, b, strict=True))

    expected = [
        any(differ(number, other) <= 2 and not (luhn(number) and luhn(other)) for other in outside)
        or any(differ(number, other) <= 2 and luhn(number) and not luhn(other) for other in new)
        for number in missing
    ]
    strangers = Strangers(pa.array(outside).unique(), pa.array(new).unique())
    assert may_be_damaged(pa.chunked_array([missing]), None, strangers).tolist() == expected
    assert 5 < sum(expected) < 55
