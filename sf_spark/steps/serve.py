"""The application's tables: staged/*, lists, predictions -> PostgreSQL, relation by relation, changed parts only."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import SfSparkError
from sf_spark.lake.code import code_of
from sf_spark.lake.contents import Content, content_of
from sf_spark.lake.deliveries import Delivered, delivered
from sf_spark.lake.files import open_table
from sf_spark.lake.places import for_spark, rooted
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.storage import files_below, open_bytes, remove_folder
from sf_spark.lake.tables import location, read_version
from sf_spark.panel.inputs import completed
from sf_spark.panel.rules import Exclusions
from sf_spark.publication.application import facts, registers, scores
from sf_spark.publication.application.address import name_of
from sf_spark.publication.application.database import Database, Part, connected
from sf_spark.publication.application.relations import CLEAN, LISTS, RELATIONS, SCORES, Relation
from sf_spark.publication.application.rows import CSV_OPTIONS, PART, digests, sendable
from sf_spark.schema import LISTS_DETECTION, PREDICTIONS_ENTREPRISE, Table, staged
from sf_spark.settings import Settings
from sf_spark.steps import Report

_ROOM = "sf_spark.publication.application"
_CODE = tuple(f"{_ROOM}.{name}" for name in ("facts", "registers", "relations", "rows", "scores"))
_BLOCK = 1 << 20  # bytes sent to COPY at a time


def serve(spark: SparkSession, settings: Settings, report: Report, uri: str, schema: str, rebuild: bool = False) -> int:
    """Fill the relations of the application's database.

    Args:
        spark: The session.
        settings: All settings; the lists are those of ``train.horizon``.
        report: Takes progress lines.
        uri: URI of the database, without a password.
        schema: Schema of the relations.
        rebuild: Write every part again, even if it has not changed.

    Raises:
        SfSparkError: When there are lists, but none at the horizon; nothing has changed then.
    """
    lists = _lists(spark, settings)
    with connected(uri, schema) as database:
        for relation in RELATIONS:
            database.check(relation)
        filler = _Filler(settings, report, database, _scratch(settings.lake, uri, schema), rebuild)
        try:
            _serve_facts(spark, settings, filler)
            if isinstance(lists, str):
                report(f"{lists}: {LISTS.name} and {SCORES.name} stay as they are")
            else:
                _serve_lists(lists, settings, filler)
        finally:
            remove_folder(filler.scratch)
        report(f"done: {name_of(uri)}, schema {schema}")
    return 0


def _serve_facts(spark: SparkSession, settings: Settings, filler: "_Filler") -> None:
    inputs = delivered(settings.lake, facts.COLUMNS)
    exclusions = _exclusions(settings, inputs)
    tables = {
        name: completed(read_or_empty(spark, settings.lake, name, ddl, inputs.version(name)), ddl)
        for name, ddl in facts.COLUMNS.items()
    }
    perimeter = facts.perimeter(tables, exclusions)
    perimeter = replace(perimeter, companies=perimeter.companies.persist())  # used by seven relations
    try:
        for relation in CLEAN:
            read = {staged(name).path: inputs.contents[name] for name in relation.sources}
            build = partial(_clean, relation.name, tables, perimeter)
            filler.fill(relation, made_of(read, repr(exclusions)), build)
    finally:
        perimeter.companies.unpersist()


def _clean(name: str, tables: Mapping[str, DataFrame], perimeter: facts.Perimeter) -> DataFrame:
    if name in facts.CLEAN:
        return perimeter.of(facts.CLEAN[name](tables))
    return registers.CLEAN[name](tables)


def _lists(spark: SparkSession, settings: Settings) -> "dict[Table, tuple[Content, DataFrame]] | str":
    """The tables of the lists, with lists at the horizon; a text says why there are none at all."""
    read: dict[Table, tuple[Content, DataFrame]] = {}
    for table in (LISTS_DETECTION, PREDICTIONS_ENTREPRISE):
        found = open_table(location(settings.lake, table))
        if found is None:
            return f"{table.path} does not exist"
        read[table] = (content_of(found), read_version(spark, settings.lake, table, found.version()))
    horizons = sorted(row["horizon"] for row in read[LISTS_DETECTION][1].select("horizon").distinct().collect())
    if not horizons:
        return f"{LISTS_DETECTION.path} is empty"
    if settings.train.horizon not in horizons:
        there = ", ".join(map(str, horizons))
        raise SfSparkError(
            f"no list has train.horizon {settings.train.horizon}: {LISTS_DETECTION.path} has lists of horizon {there}; "
            "nothing has changed"
        )
    return read


def _serve_lists(read: Mapping[Table, tuple[Content, DataFrame]], settings: Settings, filler: "_Filler") -> None:
    horizon, day = settings.train.horizon, settings.cutoff_day
    (of_lists, detection), (_, predictions) = read.values()
    now = {table.path: content for table, (content, _) in read.items()}
    rules = f"horizon {horizon}, cut-off {day}"
    filler.fill(LISTS, made_of({LISTS_DETECTION.path: of_lists}, rules), lambda: scores.lists(detection, horizon, day))
    filler.fill(SCORES, made_of(now, rules), lambda: scores.company_score_entries(detection, predictions, horizon))


def made_of(read: Mapping[str, Content | None], rules: str) -> str:
    """The inputs of a relation, as stored in its database: tables, rules, code."""
    tables = {path: None if content is None else [content.id, content.digest] for path, content in read.items()}
    code = hashlib.sha256(json.dumps(code_of(*_CODE)).encode()).hexdigest()[:12]
    return json.dumps({"tables": tables, "rules": rules, "code": code})


class _Filler:
    """Updates a relation in the database: computes it if its inputs have changed, writes the changed parts."""

    def __init__(self, settings: Settings, report: Report, database: Database, scratch: str, rebuild: bool) -> None:
        self.report, self.scratch = report, scratch
        self._database, self._rebuild = database, rebuild

    def fill(self, relation: Relation, inputs: str, build: Callable[[], DataFrame]) -> None:
        """Compute the relation, and replace the parts that differ from the stored ones."""
        start = time.monotonic()
        known, before = self._database.made_of(relation), self._database.parts(relation)
        held, noted = self._database.rows(relation), sum(part.rows for part in before.values())
        # Rows that somebody has removed or added show in no record.
        again = self._rebuild or held != noted
        if known == inputs and not again:
            self.report(f"{relation.name}: up to date, built from the same tables")
            return
        if held != noted and (before or known is not None):
            there = "it is gone" if held is None else f"it holds {held} rows where {noted} were written"
            self.report(f"{relation.name}: {there}: every part is written again")
        rows = sendable(build(), relation).persist()
        try:
            now = {row[PART]: Part(row["rows"], row["digest"]) for row in digests(rows, relation).collect()}
            changed = {part: now.get(part) for part in sorted(now | before) if now.get(part) != before.get(part)}
            changed = now | dict.fromkeys(before.keys() - now) if again else changed
            if changed or not before:
                self._write(relation, inputs, rows, changed, len(changed) == len(now | before))
            else:
                self._database.note(relation, inputs)
        finally:
            rows.unpersist()
        written = sum(part.rows for part in changed.values() if part is not None)
        self.report(
            f"{relation.name}: {len(changed)} of {len(now | before)} parts written ({relation.part}), {written} of "
            f"{sum(part.rows for part in now.values())} rows, {time.monotonic() - start:.1f} s"
        )

    def _write(
        self, relation: Relation, inputs: str, rows: DataFrame, changed: Mapping[str, Part | None], whole: bool
    ) -> None:
        folder = f"{self.scratch}/{relation.name}"
        wanted = rows if whole else rows.where(F.col(PART).isin(*changed))
        wanted.drop(PART).write.mode("overwrite").options(**CSV_OPTIONS).csv(for_spark(folder))
        self._database.replace(relation, inputs, changed, _blocks(folder), whole)
        remove_folder(folder)


def _blocks(folder: str) -> Iterator[bytes]:
    for name in files_below(folder):
        if name.endswith(".csv"):
            with open_bytes(f"{folder}/{name}") as file:
                while block := file.read(_BLOCK):
                    yield block


def _scratch(lake: str, uri: str, schema: str) -> str:
    """The folder in which rows wait for COPY: one for each schema, as one job at a time fills it."""
    return f"{rooted(lake)}/_scratch/serve_{hashlib.sha256(f'{uri} {schema}'.encode()).hexdigest()[:12]}"


def _exclusions(settings: Settings, inputs: Delivered) -> Exclusions:
    panel = settings.panel
    seats = panel.siege_en_france and "sirene" not in inputs.absent
    return Exclusions(panel.categories_juridiques, panel.activites, seats)
