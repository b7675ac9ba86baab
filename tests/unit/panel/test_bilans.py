"""Accounts: confidential zeros, one series a company, thousandfold slips; in figures anyone can check."""

from datetime import date
from typing import Any

import pytest

from sf_spark.domain.ratios import PUBLISHED

MIXED, GROUP, OLD, SECRET, SLIP, START, GROWING, RESULT, THOUSANDS = (f"{n}00000001" for n in range(1, 10))


def accounts(siren: str, year: int, kind: str = "C", **amounts: Any) -> dict[str, Any]:
    """Accounts closed on 31 December, known on 31 July: they count from August."""
    closing = {"date_cloture_exercice": date(year, 12, 31), "type_bilan": kind, "known_on": date(year + 1, 7, 31)}
    return {"siren": siren, **closing, **amounts}


def staff(siren: str, year: int, number: int) -> dict[str, Any]:
    return {"siren": siren, "periode": date(year, 9, 1), "effectif": number, "known_on": date(year + 1, 1, 1)}


MILLION = 1_000_000.0
RATIOS_ROWS = [
    # The company's own in 2019, 2021 and 2022, those of its group every year.
    *(accounts(MIXED, year, "C", chiffre_d_affaires=year * 1.0) for year in (2019, 2021, 2022)),
    *(accounts(MIXED, year, "K", chiffre_d_affaires=year * 10.0) for year in range(2019, 2023)),
    *(accounts(GROUP, year, "K", chiffre_d_affaires=year * 10.0) for year in range(2019, 2023)),
    accounts(OLD, 2015, "C", chiffre_d_affaires=5.0),
    *(accounts(OLD, year, "K", chiffre_d_affaires=year * 10.0) for year in range(2015, 2023)),
    accounts(SECRET, 2022, chiffre_d_affaires=0.0, ebe=12.0, ratio_de_vetuste=0.0)
    | {"confidentialite": "Partiellement confidentiel"},
    accounts(SECRET, 2021, chiffre_d_affaires=0.0) | {"confidentialite": "Public"},
    accounts(SECRET, 2020, chiffre_d_affaires=0.0),
    # Turnover a thousand times too large in 2021, right again in 2022.
    accounts(SLIP, 2020, chiffre_d_affaires=2 * MILLION, ebe=150_000.0),
    accounts(SLIP, 2021, chiffre_d_affaires=2_000 * MILLION, ebe=160_000.0),
    accounts(SLIP, 2022, chiffre_d_affaires=2.1 * MILLION, ebe=140_000.0),
    # A company that starts: few euros, then a thousand times more, with the people that it takes.
    accounts(GROWING, 2021, chiffre_d_affaires=3_000.0, ebe=400.0),
    accounts(GROWING, 2022, chiffre_d_affaires=3 * MILLION, ebe=390_000.0),
    accounts(START, 2021, chiffre_d_affaires=0.0),
    accounts(START, 2022, chiffre_d_affaires=3 * MILLION),
    # A result that nearly vanishes, and one that comes to exceed turnover.
    accounts(RESULT, 2020, chiffre_d_affaires=2 * MILLION, resultat_net=15.0),
    accounts(RESULT, 2021, chiffre_d_affaires=2 * MILLION, resultat_net=15_000.0),
    accounts(RESULT, 2022, chiffre_d_affaires=2 * MILLION, resultat_net=-15_000_000.0),
    # A whole statement in thousands.
    accounts(
        THOUSANDS,
        2021,
        chiffre_d_affaires=4 * MILLION,
        marge_brute=2 * MILLION,
        ebe=200_000.0,
        credit_clients_jours=40.0,
    ),
    accounts(THOUSANDS, 2022, chiffre_d_affaires=4_100.0, marge_brute=2_100.0, ebe=None, credit_clients_jours=42.0),
]
SIRENS = (MIXED, GROUP, OLD, SECRET, SLIP, START, GROWING, RESULT, THOUSANDS)
STAGED = {
    "effectif_ent": [
        *(staff(siren, 2014, 40) for siren in SIRENS if siren != GROWING),
        staff(GROWING, 2020, 1),
        staff(GROWING, 2022, 30),
    ],
    "ratios": RATIOS_ROWS,
}


@pytest.fixture(scope="module")
def rows(cells: Any) -> Any:
    return cells(STAGED, last=date(2024, 6, 1), since=date(2016, 1, 1))[1]


def of_year(rows: dict, siren: str, measure: str, *years: int) -> list[Any]:
    """The measure in December of some years: the accounts of the year before are known since August."""
    return [rows[siren, f"{year}-12"][measure] for year in years]


def test_a_company_has_one_series(rows: Any) -> None:
    months = [f"{year}-{month:02d}" for year in range(2020, 2024) for month in range(1, 13)]
    kinds = {rows[MIXED, month]["bilan_type"] for month in months}
    assert kinds == {"C", None}
    # 2019's own accounts count from August 2020 to September 2021; nothing then, until those of 2021.
    turnover = [
        rows[MIXED, month]["bilan_chiffre_d_affaires"] for month in ("2020-08", "2021-09", "2021-10", "2022-08")
    ]
    assert turnover == [2019.0, 2019.0, None, 2021.0]
    assert of_year(rows, GROUP, "bilan_type", 2020, 2023) == ["K", "K"]
    assert of_year(rows, GROUP, "bilan_chiffre_d_affaires", 2020, 2023) == [2019 * 10.0, 2022 * 10.0]


def test_accounts_of_the_group_stand_in_when_the_own_ones_are_more_than_three_years_old(rows: Any) -> None:
    kinds = {month: rows[OLD, month]["bilan_type"] for month in ("2016-12", "2017-12", "2018-12", "2019-01")}
    assert kinds == {"2016-12": "C", "2017-12": None, "2018-12": None, "2019-01": "K"}


def test_a_confidential_zero_is_unknown_and_a_public_one_is_zero(rows: Any) -> None:
    assert of_year(rows, SECRET, "bilan_chiffre_d_affaires", 2021, 2022, 2023) == [0.0, 0.0, None]
    assert of_year(rows, SECRET, "bilan_ratio_de_vetuste", 2023) == [None]
    assert of_year(rows, SECRET, "bilan_ebe", 2023) == [12.0]


def test_a_thousandfold_slip_is_flagged_and_unknown_and_the_next_accounts_are_not(rows: Any) -> None:
    years = (2021, 2022, 2023)
    assert of_year(rows, SLIP, "bilan_chiffre_d_affaires", *years) == [2 * MILLION, None, 2.1 * MILLION]
    assert of_year(rows, SLIP, "bilan_saut_mille", *years) == [False, True, False]
    assert of_year(rows, SLIP, "bilan_ebe", *years) == [150_000.0, 160_000.0, 140_000.0]


def test_a_headcount_that_moved_as_much_explains_it(rows: Any) -> None:
    assert of_year(rows, GROWING, "bilan_chiffre_d_affaires", 2022, 2023) == [3_000.0, 3 * MILLION]
    assert of_year(rows, GROWING, "bilan_saut_mille", 2023) == [False]
    assert of_year(rows, START, "bilan_chiffre_d_affaires", 2023) == [3 * MILLION]  # nothing is a thousand times zero


def test_a_result_slips_only_beyond_turnover(rows: Any) -> None:
    assert of_year(rows, RESULT, "bilan_resultat_net", 2021, 2022, 2023) == [15.0, 15_000.0, None]
    assert of_year(rows, RESULT, "bilan_chiffre_d_affaires", 2023) == [2 * MILLION]


def test_a_statement_in_thousands_loses_its_amounts_and_keeps_its_ratios(rows: Any) -> None:
    row = rows[THOUSANDS, "2023-12"]
    assert (row["bilan_chiffre_d_affaires"], row["bilan_marge_brute"], row["bilan_ebe"]) == (None, None, None)
    assert (row["bilan_credit_clients_jours"], row["bilan_saut_mille"]) == (42.0, True)
    assert all(row[f"bilan_{name}"] is None for name in PUBLISHED if name != "credit_clients_jours")
