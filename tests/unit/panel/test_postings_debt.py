"""Worked examples of debt: which balances are owed at each cut-off, in euros anyone can add up."""

from datetime import date
from typing import NamedTuple

import pytest
from pyspark.sql import SparkSession

from sf_spark.domain.calendar import index_of
from sf_spark.panel.postings import dette_postings

OLD, NEW = "11111111100011", "11111111100029"


class Operation(NamedTuple):
    """An operation on an *écart négatif*: the balance after it, and when it could be known."""

    rank: int | None
    day: date
    po: float
    pp: float
    ecart: str = "101"
    compte: str = "1"
    siret: str = OLD
    known_on: date | None = None  # the accounting date, unless a later delivery brought it
    until: date | None = None


def d(month: int, day: int = 3) -> date:
    return date(2024, month, day)


CASES: dict[str, list[Operation]] = {
    "recovered by halves": [
        Operation(1, d(1), 100.0, 200.0),
        Operation(2, d(3), 50.0, 100.0),
        Operation(3, d(5), 0.0, 0.0),
    ],
    "duplicate lines": [Operation(1, d(1), 100.0, 200.0), Operation(1, d(1), 100.0, 200.0)],
    "several accounts": [
        Operation(1, d(1), 10.0, 20.0, compte="1"),
        Operation(1, d(2), 30.0, 40.0, compte="2"),
        Operation(1, d(2), 1.0, 2.0, compte="2", ecart="102"),
    ],
    "out of order": [Operation(1, d(4), 100.0, 0.0), Operation(2, d(2), 60.0, 0.0)],
    "same rank, later date": [Operation(1, d(2), 100.0, 0.0), Operation(1, d(4), 70.0, 0.0)],
    "two in one window": [Operation(1, d(1, 21), 100.0, 0.0), Operation(2, d(2, 20), 60.0, 0.0)],
    "negative balance": [Operation(1, d(1), 100.0, 0.0), Operation(1, d(2), -30.0, 0.0, ecart="102")],
    "paid and reopened": [
        Operation(1, d(1), 0.0, 80.0),
        Operation(2, d(3), 0.0, 0.0),
        Operation(3, d(5), 0.0, 25.5),
    ],
    "correction in a later delivery": [
        Operation(1, d(1), 100.0, 0.0, until=d(4, 20)),
        Operation(1, d(1), 90.0, 0.0, known_on=d(4, 20)),
    ],
    "moved": [
        Operation(1, d(1), 100.0, 50.0, until=d(4, 20)),
        Operation(2, d(2), 80.0, 40.0, until=d(4, 20)),
        Operation(1, d(1), 100.0, 50.0, siret=NEW, known_on=d(4, 20)),
        Operation(2, d(2), 80.0, 40.0, siret=NEW, known_on=d(4, 20)),
    ],
}
Levels = dict[tuple[str, str], list[tuple[int, int, int]]]


@pytest.fixture(scope="module")
def levels(spark: SparkSession) -> Levels:
    """Employees' share and employer's share (cents) and number of open debts, January to June, by case and SIRET."""
    rows = [
        (o.siret, name, o.compte, d(1, 1), d(2, 1), o.ecart, o.rank, o.day, o.po, o.pp, "2401", line)
        + (o.known_on or o.day, o.until)
        for name, operations in CASES.items()
        for line, o in enumerate(operations, start=2)
    ]
    schema = (
        "siret string, siren string, numero_compte string, periode_debut date, periode_fin date, "
        "numero_ecart_negatif string, numero_historique int, date_traitement date, part_ouvriere double, "
        "part_patronale double, _batch string, _line long, known_on date, superseded_on date"
    )
    # The name of the case stands in for the company: cases do not mix.
    postings = dette_postings(spark.createDataFrame(rows, schema), cutoff_day=20).collect()
    january = index_of(d(1))
    found: Levels = {}
    for name, siret in {(row["siren"], row["siret"]) for row in postings}:
        own = [row for row in postings if (row["siren"], row["siret"]) == (name, siret)]
        found[name, siret] = [
            tuple(  # type: ignore[misc]
                sum(row[measure] for row in own if row["mois"] <= month)
                for measure in ("part_ouvriere_cents", "part_patronale_cents", "nb_ecarts_negatifs")
            )
            for month in range(january, january + 6)
        ]
    return found


def test_a_debt_is_its_last_balance_until_the_next_operation(levels: Levels) -> None:
    assert levels["recovered by halves", OLD] == [
        *[(100_00, 200_00, 1)] * 2,
        *[(50_00, 100_00, 1)] * 2,
        *[(0, 0, 0)] * 2,
    ]


def test_a_repeated_line_counts_once(levels: Levels) -> None:
    assert levels["duplicate lines", OLD] == [(100_00, 200_00, 1)] * 6


def test_the_same_number_under_two_accounts_is_two_debts(levels: Levels) -> None:
    after = (10_00 + 30_00 + 1_00, 20_00 + 40_00 + 2_00, 1 + 1 + 1)
    assert levels["several accounts", OLD] == [(10_00, 20_00, 1)] + [after] * 5


def test_the_rank_in_the_history_goes_before_the_date(levels: Levels) -> None:
    # Rank 2, known in February, overrides rank 1, known in April: that balance never counts.
    assert levels["out of order", OLD] == [(0, 0, 0)] + [(60_00, 0, 1)] * 5
    assert levels["same rank, later date", OLD] == [(0, 0, 0)] + [(100_00, 0, 1)] * 2 + [(70_00, 0, 1)] * 3


def test_only_the_last_operation_of_an_accounting_window_counts(levels: Levels) -> None:
    assert levels["two in one window", OLD] == [(0, 0, 0)] + [(60_00, 0, 1)] * 5


def test_a_negative_balance_is_summed_and_is_no_open_debt(levels: Levels) -> None:
    assert levels["negative balance", OLD] == [(100_00, 0, 1)] + [(100_00 - 30_00, 0, 1)] * 5


def test_a_debt_that_was_paid_may_reopen(levels: Levels) -> None:
    assert levels["paid and reopened", OLD] == [
        *[(0, 80_00, 1)] * 2,
        *[(0, 0, 0)] * 2,
        *[(0, 25_50, 1)] * 2,
    ]


def test_a_correction_counts_from_the_delivery_that_brought_it(levels: Levels) -> None:
    assert levels["correction in a later delivery", OLD] == [(100_00, 0, 1)] * 3 + [(90_00, 0, 1)] * 3


def test_a_debt_that_moves_leaves_the_old_siret_and_the_company_owes_the_same(levels: Levels) -> None:
    before, after = [(100_00, 50_00, 1), (80_00, 40_00, 1), (80_00, 40_00, 1)], [(0, 0, 0)] * 3
    assert levels["moved", OLD] == before + after
    assert levels["moved", NEW] == [(0, 0, 0)] * 3 + [(80_00, 40_00, 1)] * 3
    sites = zip(levels["moved", OLD], levels["moved", NEW], strict=True)
    company = [tuple(old + new for old, new in zip(*both, strict=True)) for both in sites]
    assert company == [(100_00, 50_00, 1)] + [(80_00, 40_00, 1)] * 5
