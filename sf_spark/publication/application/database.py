"""The application's PostgreSQL: each relation is replaced in one transaction, part by part, by COPY.

Two tables beside them record the inputs of each relation and part, written in the same transaction. One job at a time
fills a schema: it holds a lock that PostgreSQL releases when the connection ends, for any reason. Credentials come from
where libpq finds them: PGPASSWORD, ~/.pgpass, PGSERVICE, certificates.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.errors import ConcurrentWriteError, ConfigurationError, SfSparkError
from sf_spark.publication.application.address import check_schema, check_uri, name_of, without_values
from sf_spark.publication.application.relations import Relation

RELATIONS, PARTS = "sf_spark_relations", "sf_spark_parts"  # beside the application's own
_BOOK_COLUMNS = {
    RELATIONS: {"relation": "text", "made_of": "text", "written_at": "timestamp with time zone"},
    PARTS: {
        "relation": "text",
        "part": "text",
        "rows": "bigint",
        "digest": "text",
        "written_at": "timestamp with time zone",
    },
}
_BOOKS = f"""
CREATE TABLE IF NOT EXISTS {{schema}}.{RELATIONS} (
  relation text PRIMARY KEY, made_of text NOT NULL, written_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS {{schema}}.{PARTS} (
  relation text, part text, rows bigint NOT NULL, digest text NOT NULL, written_at timestamptz NOT NULL,
  PRIMARY KEY (relation, part));
COMMENT ON TABLE {{schema}}.{RELATIONS} IS 'De quoi chaque relation a été faite';
COMMENT ON TABLE {{schema}}.{PARTS} IS 'Nombre de lignes et empreinte de chaque partie (mois, département, liste)';
"""


@dataclass(frozen=True)
class Part:
    """The rows of one month, department or list: their number, and a digest of their content."""

    rows: int
    digest: str


@dataclass(frozen=True)
class _Found:
    kind: str  # of pg_class: r is a table
    columns: Mapping[str, str]  # their types, in order


class Database:
    """A schema of the application's database, locked against other jobs."""

    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]", schema: str) -> None:
        self._connection = connection
        self._schema = schema

    def made_of(self, relation: Relation) -> str | None:
        """The recorded inputs of a relation; None before it is written."""
        found = self._rows(f"SELECT made_of FROM {{schema}}.{RELATIONS} WHERE relation = %s", relation.name)
        return str(found[0][0]) if found else None

    def parts(self, relation: Relation) -> dict[str, Part]:
        """The parts of a relation as stored."""
        found = self._rows(f"SELECT part, rows, digest FROM {{schema}}.{PARTS} WHERE relation = %s", relation.name)
        return {str(part): Part(int(str(rows)), str(digest)) for part, rows, digest in found}

    def rows(self, relation: Relation) -> int | None:
        """The number of rows that a relation holds now; None if it does not exist."""
        with _one_line(relation.name):
            if self._found(relation.name) is None:
                return None
            return int(str(self._rows(f"SELECT count(*) FROM {{schema}}.{relation.name}")[0][0]))

    def note(self, relation: Relation, made_of: str) -> None:
        """Record that a relation is up to date with these inputs."""
        with _one_line(relation.name), self._connection.transaction():
            self._note(relation, made_of)

    def replace(
        self,
        relation: Relation,
        made_of: str,
        parts: Mapping[str, Part | None],
        lines: Iterable[bytes],
        whole: bool = False,
    ) -> None:
        """Replace parts of a relation in one transaction: readers see either the old or the new state.

        Args:
            relation: The relation; created if missing.
            made_of: Inputs of the whole relation from now on.
            parts: The replacement of each part; None: remove it.
            lines: Their rows in PostgreSQL's CSV, in blocks of any size.
            whole: These are all parts: rows of no recorded part go too.

        Raises:
            SfSparkError: When the relation is not ours, or the database refuses.
        """
        with _one_line(relation.name), self._connection.transaction():
            self._make(relation)
            before = self.parts(relation)
            if whole:  # not TRUNCATE, for which readers would wait
                self._run("DELETE FROM {schema}.{name}", relation)
                parts = dict.fromkeys(before) | dict(parts)
            else:
                for name in before.keys() & parts:
                    self._delete(relation, name)
            columns = sql.SQL(", ").join(sql.Identifier(name) for name in relation.columns)
            copy = self._sql("COPY {schema}.{name} ({columns}) FROM STDIN (FORMAT csv)", relation, columns=columns)
            with self._connection.cursor() as cursor:
                with cursor.copy(copy) as target:
                    for block in lines:
                        target.write(block)
                expected = sum(part.rows for part in parts.values() if part is not None)
                if cursor.rowcount != expected:
                    raise SfSparkError(f"{cursor.rowcount} rows arrived of {expected}: nothing was stored")
            self._index(relation)
            self._note_parts(relation, parts)
            self._note(relation, made_of)

    def check(self, relation: Relation) -> None:
        """Refuse a relation of this name that another program created.

        Raises:
            ConfigurationError: It names the schema, the relation and what it is.
        """
        found = self._found(relation.name)
        if found is None:
            return
        wanted = {name: _type(kind) for name, (kind, _) in relation.columns.items()}
        what = _other(found, wanted)
        if what is None and self._is_unknown(relation) and self.rows(relation):
            what = "was not written by this job"
        self._refuse(relation.name, what or _other_types(found, wanted))

    def prepare(self) -> None:
        """Create the schema and the tables of this job, if missing.

        Raises:
            ConfigurationError: When another program has tables of these names.
        """
        with _one_line(self._schema), self._connection.transaction():
            if not self._rows("SELECT 1 FROM pg_namespace WHERE nspname = %s", self._schema):
                self._run("CREATE SCHEMA {schema}")
            books = {name: self._found(name) for name in _BOOK_COLUMNS}
            for name, found in books.items():
                if found is not None:
                    self._refuse(name, _other(found, _BOOK_COLUMNS[name]) or _other_types(found, _BOOK_COLUMNS[name]))
            if None in books.values():
                self._run(_BOOKS)

    def close(self) -> None:
        """Release the schema before the block ends."""
        self._connection.close()

    def _found(self, name: str) -> "_Found | None":
        found = self._rows(
            "SELECT c.relkind::text, a.attname::text, format_type(a.atttypid, a.atttypmod) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
            "WHERE n.nspname = %s AND c.relname = %s ORDER BY a.attnum",
            self._schema,
            name,
        )
        columns = {str(column): str(kind) for _, column, kind in found if column is not None}
        return _Found(str(found[0][0]), columns) if found else None

    def _is_unknown(self, relation: Relation) -> bool:
        return self.made_of(relation) is None and not self.parts(relation)

    def _refuse(self, name: str, what: str | None) -> None:
        if what:
            raise ConfigurationError(
                f"{self._schema}.{name} {what}: it is not touched; name another schema with --schema, or drop it"
            )

    def _delete(self, relation: Relation, part: str) -> None:
        column = sql.Identifier(relation.part)
        delete = "DELETE FROM {schema}.{name} WHERE {part_column} "
        if not part:
            empty = "" if relation.is_by_month else " OR {part_column} = ''"
            self._run(delete + "IS NULL" + empty, relation, part_column=column)
        elif relation.is_by_month:  # a range condition, which can use an index
            first = date.fromisoformat(f"{part}-01")
            after = start_of(index_of(first) + 1)
            self._run(delete + ">= %s AND {part_column} < %s", relation, first, after, part_column=column)
        else:
            self._run(delete + "= %s", relation, part, part_column=column)

    def _make(self, relation: Relation) -> None:
        columns = sql.SQL(", ").join(
            sql.SQL(f"{{}} {kind}").format(sql.Identifier(name)) for name, (kind, _) in relation.columns.items()
        )
        self._run("CREATE TABLE IF NOT EXISTS {schema}.{name} ({columns})", relation, columns=columns)
        comment = sql.Literal(relation.description)
        self._run("COMMENT ON TABLE {schema}.{name} IS {comment}", relation, comment=comment)
        for name, (_, meaning) in relation.columns.items():
            texts = {"column": sql.Identifier(name), "comment": sql.Literal(meaning)}
            self._run("COMMENT ON COLUMN {schema}.{name}.{column} IS {comment}", relation, **texts)

    def _index(self, relation: Relation) -> None:
        """Create indexes after the first rows: faster than maintaining them during the copy."""
        keys = sql.SQL(", ").join(sql.Identifier(name) for name in relation.key)
        index = sql.Identifier(f"{relation.name}_key")
        unique = sql.SQL("UNIQUE" if relation.is_unique else "")
        make = "CREATE {unique} INDEX IF NOT EXISTS {index} ON {schema}.{name} ({keys})"
        self._run(make, relation, unique=unique, index=index, keys=keys)
        if relation.part not in relation.key[:1]:
            part = {"index": sql.Identifier(f"{relation.name}_part"), "part_column": sql.Identifier(relation.part)}
            self._run("CREATE INDEX IF NOT EXISTS {index} ON {schema}.{name} ({part_column})", relation, **part)

    def _note_parts(self, relation: Relation, parts: Mapping[str, Part | None]) -> None:
        self._run(
            f"DELETE FROM {{schema}}.{PARTS} WHERE relation = %s AND part = ANY(%s)", None, relation.name, list(parts)
        )
        rows = [(relation.name, name, part.rows, part.digest) for name, part in parts.items() if part is not None]
        with self._connection.cursor() as cursor:
            cursor.executemany(self._sql(f"INSERT INTO {{schema}}.{PARTS} VALUES (%s, %s, %s, %s, now())"), rows)

    def _note(self, relation: Relation, made_of: str) -> None:
        self._run(
            f"INSERT INTO {{schema}}.{RELATIONS} VALUES (%s, %s, now()) "
            "ON CONFLICT (relation) DO UPDATE SET made_of = excluded.made_of, written_at = excluded.written_at",
            None,
            relation.name,
            made_of,
        )

    def _sql(self, text: str, relation: Relation | None = None, **parts: sql.Composable) -> sql.Composed:
        names = {"schema": sql.Identifier(self._schema)}
        if relation is not None:
            names["name"] = sql.Identifier(relation.name)
        return sql.SQL(text).format(**names, **parts)

    def _run(self, text: str, relation: Relation | None = None, *values: object, **parts: sql.Composable) -> None:
        self._connection.execute(self._sql(text, relation, **parts), values or None)

    def _rows(self, text: str, *values: object) -> list[tuple[object, ...]]:
        return self._connection.execute(self._sql(text), values or None).fetchall()


@contextmanager
def connected(uri: str, schema: str) -> Iterator[Database]:
    """Connect to the application's database, and lock a schema.

    Args:
        uri: ``postgresql://user@host:5432/name``, without a password.
        schema: Schema of the relations; created if missing.

    Raises:
        ConfigurationError: When the URI or the schema is invalid, or the database cannot be reached.
        ConcurrentWriteError: When another job fills the schema.
    """
    check_uri(uri)
    check_schema(schema)
    try:
        connection = psycopg.connect(uri, autocommit=True, application_name="sf_spark serve")
    except psycopg.Error as error:
        raise ConfigurationError(f"{name_of(uri)} cannot be reached: {without_values(_said(error), uri)}") from None
    with connection:
        is_locked = connection.execute(
            "SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", ("sf_spark serve", schema)
        ).fetchone()
        if is_locked != (True,):
            raise ConcurrentWriteError(
                f"another job fills {schema} of {name_of(uri)}: run it again when that one has ended"
            )
        database = Database(connection, schema)
        database.prepare()
        yield database


def _type(kind: str) -> str:
    """A type as PostgreSQL's catalogue writes it."""
    return kind.removesuffix(" NOT NULL").replace("varchar", "character varying")


def _other(found: _Found, wanted: Mapping[str, str]) -> str | None:
    if found.kind != "r":
        return "is not a table"
    if list(found.columns) != list(wanted):
        return f"has other columns ({', '.join(found.columns)})"
    return None


def _other_types(found: _Found, wanted: Mapping[str, str]) -> str | None:
    others = [
        f"{name} {kind} instead of {wanted[name]}" for name, kind in found.columns.items() if kind != wanted[name]
    ]
    return f"has columns of other types ({', '.join(others)})" if others else None


@contextmanager
def _one_line(what: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise SfSparkError(f"{what}: PostgreSQL refuses: {_said(error)}; nothing of it has changed") from error


def _said(error: psycopg.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
