"""Relations in a real PostgreSQL: old or new, never partial; tables of other programs are not touched."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from sf_spark.errors import ConcurrentWriteError, ConfigurationError, SfSparkError
from sf_spark.publication.application.database import Database, Part, connected
from sf_spark.publication.application.relations import RELATIONS

SCHEMA = "sf data"  # a name that has to be quoted
BY_NAME = {relation.name: relation for relation in RELATIONS}
DUES, REGISTER, SCORES = (BY_NAME[name] for name in ("clean_cotisation", "clean_sirene", "company_score_entries"))
JANUARY, FEBRUARY = "2026-01", "2026-02"
A, B = "01234567800011", "98765432100010"


def ask(uri: str, question: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(uri) as connection:
        return connection.execute(question, values or None).fetchall()


def dues(uri: str) -> list[tuple[Any, ...]]:
    return ask(uri, f'SELECT siret, periode, du FROM "{SCHEMA}".clean_cotisation ORDER BY siret, periode')


@pytest.fixture
def database(database_uri: str) -> Iterator[Database]:
    """A schema with the contributions of two months in it."""
    with connected(database_uri, SCHEMA) as database:
        parts = {JANUARY: Part(2, "one"), FEBRUARY: Part(1, "two")}
        database.replace(
            DUES,
            "first",
            parts,
            [b"%s,2026-01-01,1.50\n%s,2026-01-01,\n" % (A.encode(), B.encode()), b"%s,2026-02-01,2\n" % A.encode()],
        )
        yield database


BEFORE = [(A, date(2026, 1, 1), Decimal("1.50")), (A, date(2026, 2, 1), Decimal(2)), (B, date(2026, 1, 1), None)]


def test_parts_are_replaced_and_noted(database: Database, database_uri: str) -> None:
    assert dues(database_uri) == BEFORE
    assert (database.made_of(DUES), database.parts(DUES)) == (
        "first",
        {JANUARY: Part(2, "one"), FEBRUARY: Part(1, "two")},
    )
    database.replace(DUES, "second", {JANUARY: Part(1, "new")}, [B.encode(), b",2026-01", b"-01,9\n"])
    assert dues(database_uri) == [BEFORE[1], (B, date(2026, 1, 1), Decimal(9))]
    database.replace(DUES, "third", {FEBRUARY: None}, [])
    assert dues(database_uri) == [(B, date(2026, 1, 1), Decimal(9))]
    assert (database.made_of(DUES), database.parts(DUES)) == ("third", {JANUARY: Part(1, "new")})
    database.note(DUES, "fourth")
    assert database.made_of(DUES) == "fourth"


def test_rows_without_a_part_and_texts_of_any_kind(database: Database, database_uri: str) -> None:
    def line(siret: str, departement: str, address: str) -> bytes:
        return f"{siret[:9]},{siret},true,{address},,{departement},,,,,true\n".encode()

    parts = {"2A": Part(1, "a"), "": Part(1, "b")}
    database.replace(REGISTER, "first", parts, [line(A, "2A", '"12, ""RUE"" É\\N"'), line(B, "", '""')])
    rows = f'SELECT siret, departement, adresse, ape FROM "{SCHEMA}".clean_sirene ORDER BY siret'
    assert ask(database_uri, rows) == [(A, "2A", '12, "RUE" É\\N', None), (B, None, "", None)]
    database.replace(REGISTER, "second", {"": None}, [])
    assert [row[0] for row in ask(database_uri, rows)] == [A]
    database.replace(REGISTER, "third", {"2A": Part(1, "c")}, [line(B, "2A", "là")])
    assert ask(database_uri, rows) == [(B, "2A", "là", None)]


def test_a_failure_in_the_middle_leaves_what_was_there(database: Database, database_uri: str) -> None:
    def cut() -> Iterator[bytes]:
        yield b"%s,2026-01-01,7\n" % A.encode()
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        database.replace(DUES, "second", {JANUARY: Part(1, "new")}, cut())
    wrong = {
        "a line of letters": ([b"%s,2026-01-01,abc\n" % A.encode()], Part(1, "new")),
        "one row twice": ([b"%s,2026-01-01,1\n" % A.encode()] * 2, Part(2, "new")),
        "fewer rows than said": ([b"%s,2026-01-01,1\n" % A.encode()], Part(2, "new")),
    }
    for what, (lines, part) in wrong.items():
        with pytest.raises(SfSparkError, match=r"clean_cotisation: PostgreSQL refuses|1 rows arrived of 2"):
            database.replace(DUES, what, {JANUARY: part}, lines)
    assert dues(database_uri) == BEFORE
    assert database.made_of(DUES) == "first"
    assert database.parts(DUES)[JANUARY] == Part(2, "one")


_IN_THE_MIDDLE = """
import sys, time
from sf_spark.publication.application.database import Part, connected
from tests.unit.publication.application.test_database import A, DUES, JANUARY, SCHEMA

def lines():
    yield b"%s,2026-01-01,7\\n" % A.encode() * 100_000
    print("in the middle", flush=True)
    time.sleep(600)

with connected(sys.argv[1], SCHEMA) as database:
    database.replace(DUES, "second", {JANUARY: Part(1, "new")}, lines())
"""


def test_a_job_killed_in_the_middle_leaves_what_was_there_and_no_lock(database_uri: str, database: Database) -> None:
    database.close()
    job = subprocess.Popen([sys.executable, "-c", _IN_THE_MIDDLE, database_uri], stdout=subprocess.PIPE, text=True)
    assert job.stdout is not None
    try:
        assert job.stdout.readline() == "in the middle\n"
        assert dues(database_uri) == BEFORE  # a concurrent reader
        with pytest.raises(ConcurrentWriteError, match="another job fills sf data"), connected(database_uri, SCHEMA):
            pass
    finally:
        os.kill(job.pid, signal.SIGKILL)
        job.wait()
    assert dues(database_uri) == BEFORE
    with connected(database_uri, SCHEMA) as again:
        again.replace(DUES, "second", {JANUARY: Part(1, "new")}, [b"%s,2026-01-01,7\n" % A.encode()])
    assert dues(database_uri)[0] == (A, date(2026, 1, 1), Decimal(7))


def test_types_keys_and_meanings_are_the_application_s(database: Database, database_uri: str) -> None:
    for relation in RELATIONS:
        database.replace(relation, "empty", {}, [])
    found = ask(
        database_uri,
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum) "
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'",
        SCHEMA,
    )
    comments = {(name, column): (kind, meaning) for name, column, kind, meaning in found}
    for relation in RELATIONS:
        for column, (kind, meaning) in relation.columns.items():
            plain = kind.replace("varchar", "character varying").removesuffix(" NOT NULL")
            assert comments[relation.name, column] == (plain, meaning)
    described = "SELECT obj_description(%s::regclass)"
    assert ask(database_uri, described, f'"{SCHEMA}".lists') == [(BY_NAME["lists"].description,)]


@pytest.mark.parametrize(
    ("made", "what"),
    [
        ("CREATE VIEW {} AS SELECT 1 AS siret", "is not a table"),
        ("CREATE TABLE {} (siret text)", r"has other columns \(siret\)"),
        (
            "CREATE TABLE {} AS SELECT 'a' AS siret, date '2026-01-01' AS periode, 1 AS du",
            "was not written by this job",
        ),
        (
            "CREATE TABLE {} (siret text, periode date, du text)",
            r"has columns of other types \(siret text instead of character varying\(14\), du text instead of numeric\)",
        ),
    ],
)
def test_what_others_have_made_is_left_alone(database_uri: str, made: str, what: str) -> None:
    with psycopg.connect(database_uri) as connection:
        connection.execute(f'CREATE SCHEMA "{SCHEMA}"')
        connection.execute(made.format(f'"{SCHEMA}".clean_cotisation'))
    with connected(database_uri, SCHEMA) as database:
        with pytest.raises(ConfigurationError, match=f"sf data.clean_cotisation {what}: it is not touched"):
            database.check(DUES)
        database.check(REGISTER)


def test_an_empty_table_of_the_right_columns_is_ours(database_uri: str, database: Database) -> None:
    with psycopg.connect(database_uri) as connection:
        connection.execute(f'CREATE TABLE "{SCHEMA}".lists (label text, code text, list_date date)')
    for relation in RELATIONS:
        database.check(relation)


@pytest.mark.parametrize(
    ("made", "what"),
    [
        ("TABLE {}.sf_spark_parts (a text)", r"sf_spark_parts has other columns \(a\)"),
        (
            "TABLE {}.sf_spark_relations (relation text, made_of text, written_at text)",
            r"sf_spark_relations has columns of other types \(written_at text instead of timestamp with time zone\)",
        ),
        ("VIEW {}.sf_spark_relations AS SELECT 1 AS a", "sf_spark_relations is not a table"),
    ],
)
def test_records_of_others_are_left_alone(database_uri: str, made: str, what: str) -> None:
    with psycopg.connect(database_uri) as connection:
        connection.execute(f'CREATE SCHEMA "{SCHEMA}"')
        connection.execute(f"CREATE {made}".format(f'"{SCHEMA}"'))
    with (
        pytest.raises(ConfigurationError, match=f"^sf data.{what}: it is not touched"),
        connected(database_uri, SCHEMA),
    ):
        pass
    assert len(ask(database_uri, "SELECT 1 FROM pg_class c WHERE relname ~ '^sf_spark' AND relkind IN ('r', 'v')")) == 1


def test_types_changed_since_are_refused(database_uri: str, database: Database) -> None:
    with psycopg.connect(database_uri) as connection:
        connection.execute(f'ALTER TABLE "{SCHEMA}".clean_cotisation ALTER du TYPE text')
    with pytest.raises(ConfigurationError, match=r"clean_cotisation .*\(du text instead of numeric\): it is"):
        database.check(DUES)


def test_a_whole_replacement_leaves_nothing_else(database_uri: str, database: Database) -> None:
    with psycopg.connect(database_uri) as connection:
        connection.execute(f"INSERT INTO \"{SCHEMA}\".clean_cotisation VALUES ('{A}', '2030-01-01', 1)")
    assert database.rows(DUES) == 4
    database.replace(DUES, "second", {JANUARY: Part(1, "new")}, [b"%s,2026-01-01,7\n" % A.encode()], whole=True)
    assert dues(database_uri) == [(A, date(2026, 1, 1), Decimal(7))]
    assert database.parts(DUES) == {JANUARY: Part(1, "new")}
    assert database.rows(REGISTER) is None


def test_lost_records_are_made_again(database_uri: str, database: Database) -> None:
    database.close()
    with psycopg.connect(database_uri) as connection:
        connection.execute(f'DROP TABLE "{SCHEMA}".sf_spark_relations')
    with connected(database_uri, SCHEMA) as again:
        again.check(DUES)
        assert again.made_of(DUES) is None
