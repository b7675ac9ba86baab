"""Describe the columns of the lists from their records: python -m docs.tables, or `make picture`."""

from pathlib import Path

from sf_spark.publication.list_columns import COLUMNS

PLACE = Path(__file__).parent / "tables.md"
_HEAD = """# Columns of `lists/detection`

Generated from `sf_spark/publication/list_columns.py` by `make picture`. One row is a company of an edition: one that is
on the list (it has a `rank`), or one that has just left it (`sortie`). Key: `list, siren`. Editions:
[operations.md](operations.md).

| column | type | meaning |
|---|---|---|
"""


def page() -> str:
    """The page."""
    return _HEAD + "".join(f"| `{name}` | {_short(each.type)} | {each.meaning} |\n" for name, each in COLUMNS.items())


def _short(kind: str) -> str:
    return "array of structs" if kind.startswith("array<struct") else kind


if __name__ == "__main__":
    PLACE.write_text(page(), encoding="utf-8")
