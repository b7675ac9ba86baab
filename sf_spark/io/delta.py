"""Delta tables: read, append once, replace, supersede. Every write is one commit and safe to repeat."""

from collections.abc import Mapping, Sequence

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import MissingTableError
from sf_spark.schema import Table


def location(lake: str, table: Table) -> str:
    """The full path of a table."""
    return f"{lake.rstrip('/')}/{table.path}"


def exists(spark: SparkSession, lake: str, table: Table) -> bool:
    """True when the table has been written."""
    return DeltaTable.isDeltaTable(spark, location(lake, table))


def read_table(spark: SparkSession, lake: str, table: Table) -> DataFrame:
    """Read a table as it stands.

    Raises:
        MissingTableError: When no job has written it yet.
    """
    if not exists(spark, lake, table):
        raise MissingTableError(f"table {table.path} is not in {lake}: run the job that writes it first")
    return spark.read.format("delta").load(location(lake, table))


def table_version(spark: SparkSession, lake: str, table: Table) -> int:
    """The number of the table's last commit; -1 when there is none."""
    if not exists(spark, lake, table):
        return -1
    return int(DeltaTable.forPath(spark, location(lake, table)).history(1).select("version").first()[0])  # type: ignore[index]


def append_once(df: DataFrame, lake: str, table: Table, transaction: str) -> None:
    """Append rows in one commit; a repeat of the same transaction is recognised and changes nothing."""
    options = {"txnAppId": transaction, "txnVersion": "1"}
    _writer(df, table, "append", options).save(location(lake, table))


def replace_where(df: DataFrame, lake: str, table: Table, predicate: str) -> None:
    """Replace, in one commit, the rows that match a predicate; the table is created when absent."""
    if not exists(df.sparkSession, lake, table):
        _writer(df, table, "errorifexists", {}).save(location(lake, table))
    else:
        _writer(df, table, "overwrite", {"replaceWhere": predicate}).save(location(lake, table))


def replace_all(df: DataFrame, lake: str, table: Table) -> None:
    """Replace a whole table in one commit, its schema included."""
    _writer(df, table, "overwrite", {"overwriteSchema": "true"}).save(location(lake, table))


def append_and_supersede(
    new_rows: DataFrame,
    withdrawn: DataFrame,
    lake: str,
    table: Table,
    identity: str,
    transaction: str,
) -> None:
    """Append new versions and date the end of withdrawn ones, in one commit that is recognised when repeated.

    Args:
        new_rows: Rows to append, in the table's columns.
        withdrawn: One row for each current row to end: ``identity``, ``_batch`` (its partition), ``superseded_on``.
        lake: Root of the tables.
        table: The staged table; it must exist.
        identity: Column that names a current row; unique among rows whose ``superseded_on`` is null.
        transaction: Name of this write.
    """
    spark = new_rows.sparkSession
    changes = new_rows.withColumn("_ends", F.lit(None).cast("date")).unionByName(
        withdrawn.withColumnRenamed("superseded_on", "_ends"), allowMissingColumns=True
    )
    # Merge takes its transaction from the session, not from an option.
    settings = {
        "spark.databricks.delta.write.txnAppId": transaction,
        "spark.databricks.delta.write.txnVersion": "1",
    }
    for key, value in settings.items():
        spark.conf.set(key, value)
    try:
        (
            DeltaTable.forPath(spark, location(lake, table))
            .alias("now")
            .merge(
                changes.alias("change"),
                f"now.{identity} = change.{identity} and now._batch = change._batch "
                "and now.superseded_on is null and change._ends is not null",
            )
            .whenMatchedUpdate(set={"superseded_on": "change._ends"})
            .whenNotMatchedInsert(
                condition="change._ends is null", values={name: f"change.{name}" for name in new_rows.columns}
            )
            .execute()
        )
    finally:
        for key in settings:
            spark.conf.unset(key)


def _writer(df: DataFrame, table: Table, mode: str, options: Mapping[str, str]):  # type: ignore[no-untyped-def]
    writer = df.write.format("delta").mode(mode).options(**options)
    return writer.partitionBy(table.partition) if table.partition else writer


def literal_list(values: Sequence[str]) -> str:
    """SQL text of a list of string literals, for a predicate."""
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
