"""The meanings of tables and columns: a new table needs one."""

from sf_spark import schema
from sf_spark.publication import meanings
from sf_spark.publication.report import names
from sf_spark.sources import SOURCES

# The former system's variables have its own names; the other two are for those who run the platform.
NOT_DESCRIBED = {"compat/etablissement", "compat/entreprise", "monitoring/audit", "monitoring/builds"}


def test_every_table_says_what_it_holds() -> None:
    tables = {table.path for table in vars(schema).values() if isinstance(table, schema.Table)}
    assert tables - set(meanings.TABLES) == NOT_DESCRIBED
    assert all(text[0].isupper() and not text.endswith(".") for text in meanings.TABLES.values())


def test_every_source_has_a_comment_for_its_table_and_a_name_for_agents() -> None:
    assert {f"staged/{source.name}" for source in SOURCES} - set(meanings.TABLES) == set()
    assert {source.name for source in SOURCES} - names.NAMES.keys() - names.SOURCES.keys() == set()
