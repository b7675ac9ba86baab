"""Describe the tables, and the columns of the lists, from their records: python -m docs.tables, or `make picture`."""

from collections.abc import Iterator
from pathlib import Path

from sf_spark.publication.application.relations import RELATIONS
from sf_spark.publication.list_columns import COLUMNS
from sf_spark.publication.meanings import TABLES

PLACE = Path(__file__).parent / "tables.md"
_HEAD = """# The tables

Generated from the records (`publication/meanings.py`, `list_columns.py`, `application/relations.py`) by `make picture`.
The tables say the same of themselves, and of each of their columns: [bi.md](bi.md).

| table | what it holds |
|---|---|
"""
_LISTS = """
## Columns of `lists/detection`

One row is a company of an edition: one that is on the list (it has a `rank`), or one that has just left it (`sortie`).
Key: `list, siren`. Editions: [operations.md](operations.md).

| column | type | meaning |
|---|---|---|
"""
_RELATIONS = """
## Relations of the agents' application

What `jobs/serve.py` keeps in PostgreSQL.
"""


def page() -> str:
    """The page."""
    tables = (f"| `{path}` | {description} |\n" for path, description in TABLES.items())
    columns = (f"| `{name}` | {_short(each.type)} | {each.meaning} |\n" for name, each in COLUMNS.items())
    return "".join([_HEAD, *tables, _LISTS, *columns, _RELATIONS, *_relations()])


def _relations() -> Iterator[str]:
    for relation in RELATIONS:
        yield f"\n### `{relation.name}`\n\n{relation.description}. Key: `{', '.join(relation.key)}`.\n\n"
        yield "| column | type | meaning |\n|---|---|---|\n"
        yield from (f"| `{name}` | {kind} | {meaning} |\n" for name, (kind, meaning) in relation.columns.items())


def _short(kind: str) -> str:
    return "array of structs" if kind.startswith("array<struct") else kind


if __name__ == "__main__":
    PLACE.write_text(page(), encoding="utf-8")
