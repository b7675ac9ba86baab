"""The age of the last delivery of a source, and when it becomes a warning."""

from datetime import date

from sf_spark.monitoring.freshness import freshness
from sf_spark.monitoring.warnings import of_freshness


def row(source: str, batch: str, read: int = 100, rejected: int = 0) -> dict[str, object]:
    return {"source": source, "_batch": batch, "lines_read": read, "lines_rejected": rejected}


ROWS = [
    *(row("debit", batch) for batch in ("2601", "2602", "2603")),
    *(row("bdf", batch) for batch in ("2501", "2601")),
    *[row("cotisation", "2606", 60, 3), row("cotisation", "2606", 40, 1), row("cotisation", "2606_01", 50, 5)],
    row("delai", "2601", 0),
]


def test_one_row_a_source() -> None:
    found = {each["source"]: each for each in freshness(ROWS)}
    columns = ("last_batch", "batches", "months_since", "usual_months", "rejected_share")
    assert {source: tuple(each[name] for name in columns) for source, each in found.items()} == {
        "bdf": ("2601", 2, 5, 12.0, 0.0),
        "cotisation": ("2606_01", 2, 0, None, 5 / 50),  # a sub-batch is of the same month
        "debit": ("2603", 3, 3, 1.0, 0.0),
        "delai": ("2601", 1, 5, None, None),
    }
    assert {each["periode"] for each in found.values()} == {date(2026, 6, 1)}
    assert freshness([]) == []


def test_a_source_is_late_beyond_its_own_rhythm() -> None:
    assert [each.subject for each in of_freshness(freshness(ROWS), 2)] == ["debit"]  # 3 months, usually 1
    assert of_freshness(freshness(ROWS), 3) == []  # 1 + 3 months would be late
    assert str(of_freshness(freshness(ROWS), 2)[0]) == "freshness of debit: 3 (threshold 3)"
