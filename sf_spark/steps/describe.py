"""The comments of tables and columns, in French, for readers who choose a column."""

from deltalake import DeltaTable, Field
from deltalake.exceptions import CommitFailedError
from pyspark.sql import SparkSession

from sf_spark.lake.committing import CONFLICTS
from sf_spark.lake.files import open_table, table_at
from sf_spark.lake.tables import location, spark_location
from sf_spark.publication.meanings import TABLES, meaning_of
from sf_spark.schema import Table
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.recipes import catalogue_of


def describe(spark: SparkSession, settings: Settings, report: Report) -> int:
    """Write missing or outdated comments; rows and files do not change."""
    signals = {signal.name: signal.description for signal in catalogue_of(settings).signals}
    described = 0
    for path, description in TABLES.items():
        table = Table(path, ())
        stored = open_table(location(settings.lake, table))
        if stored is None:
            continue
        new, changed = _out_of_date(stored, path, signals)
        is_described = stored.metadata().description == description
        try:
            # A column added once more takes over the comment, in one commit of milliseconds; only one that has another
            # comment has to be altered by Spark.
            if new:
                stored.alter.add_columns(new)
            if changed:
                place = spark_location(settings.lake, table)
                spark.sql(f"ALTER TABLE delta.`{place}` ALTER COLUMN {_clauses(changed)}")
            if not is_described:
                table_at(location(settings.lake, table)).alter.set_table_description(description)
        except (*CONFLICTS, CommitFailedError):
            report(f"{path}: another job is writing it; its comments are written the next time")
            continue
        described += bool(new or changed) or not is_described
    report(f"comments of {described} tables written" if described else "the comments of all tables are up to date")
    return 0


def _out_of_date(stored: DeltaTable, path: str, signals: dict[str, str]) -> tuple[list[Field], dict[str, str]]:
    """The columns that have no comment yet, with theirs; and column to comment, for other texts than those stored."""
    new, changed = list[Field](), dict[str, str]()
    for field in stored.schema().fields:
        meaning, now = meaning_of(path, field.name, signals), field.metadata.get("comment")
        if meaning is not None and now is None:
            new.append(
                Field(field.name, field.type, nullable=field.nullable, metadata={**field.metadata, "comment": meaning})
            )
        elif meaning is not None and now != meaning:
            changed[field.name] = meaning
    return new, changed


def _clauses(comments: dict[str, str]) -> str:
    """``a COMMENT 'x', b COMMENT 'y'``."""
    return ", ".join(f"`{name}` COMMENT '{_quoted(meaning)}'" for name, meaning in comments.items())


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
