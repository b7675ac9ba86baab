"""When are two detection lists the same?"""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from sf_spark.errors import SfSparkError
from tests.cluster.same_lists import Lists, differences, read_lists

JANUARY = "detection-2026-01"


def row(siren: str, **changes: Any) -> dict[str, Any]:
    reason = {"signal": "dette", "value": 100.0, "text": "Dette : 100 EUR"}
    common = {"list": JANUARY, "siren": siren, "rank": 1, "level": "fort", "probability": 0.25, "run_id": "a"}
    return common | {"first_alert": date(2026, 1, 1), "reasons": [reason]} | changes


def lists(*rows: dict[str, Any]) -> Lists:
    return {(each["list"], each["siren"]): each for each in rows}


def test_the_same_rows_in_another_order_and_run_are_the_same() -> None:
    first = lists(row("1"), row("2", rank=None, probability=None))
    second = lists(row("2", rank=None, probability=None, run_id="b"), row("1", run_id="b"))
    assert differences(first, second) == []


def test_probabilities_may_differ_by_a_billionth() -> None:
    assert differences(lists(row("1")), lists(row("1", probability=0.25 + 0.9e-9))) == []
    (found,) = differences(lists(row("1")), lists(row("1", probability=0.25 + 1.1e-9)))
    assert found.startswith(f"{JANUARY} 1: probability: 0.25 and 0.25000000")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"rank": 2}, "rank: 1 and 2"),
        ({"rank": None}, "rank: 1 and None"),
        ({"level": "modere"}, "level: 'fort' and 'modere'"),
        ({"probability": None}, "probability: 0.25 and None"),
        ({"probability": float("nan")}, "probability: 0.25 and nan"),
        ({"reasons": []}, "reasons: [{'signal': 'dette', 'value': 100.0, 'text': 'Dette : 100 EUR'}] and []"),
        (
            {"reasons": [{"signal": "dette", "value": 100.0, "text": "Dette : 101 EUR"}]},
            "reasons[0].text: 'Dette : 100 EUR' and 'Dette : 101 EUR'",
        ),
    ],
)
def test_a_different_cell_is_named(changes: dict[str, Any], expected: str) -> None:
    assert differences(lists(row("1")), lists(row("1", **changes))) == [f"{JANUARY} 1: {expected}"]


def test_rows_and_columns_of_one_side_only_are_named() -> None:
    assert differences(lists(row("1"), row("2")), lists(row("2"), row("3"))) == [
        f"{JANUARY} 1: only in the first",
        f"{JANUARY} 3: only in the second",
    ]
    assert differences(lists(row("1", departement="2A")), lists(row("1"))) == [
        f"{JANUARY} 1: departement: '2A' and None"
    ]


def test_lists_are_read_by_their_key(tmp_path: Path) -> None:
    rows = [{"list": JANUARY, "siren": "2", "rank": 1}, {"list": JANUARY, "siren": "1", "rank": 2}]
    write_deltalake(str(tmp_path / "lists" / "detection"), pa.Table.from_pylist(rows), partition_by=["list"])
    assert read_lists(str(tmp_path)) == {(JANUARY, "2"): rows[0], (JANUARY, "1"): rows[1]}


def test_empty_lists_prove_nothing(tmp_path: Path) -> None:
    empty = pa.table({"list": pa.array([], pa.string()), "siren": pa.array([], pa.string())})
    write_deltalake(str(tmp_path / "lists" / "detection"), empty)
    with pytest.raises(SfSparkError, match="has no row: there is nothing to compare"):
        read_lists(str(tmp_path))
