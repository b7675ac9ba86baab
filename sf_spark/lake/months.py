"""Tables with one partition a month: a refresh writes the stale months (see ``builds``) and keeps the others."""

from collections.abc import Callable
from datetime import date

from pyspark.sql import DataFrame

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.lake.committing import commit_rows
from sf_spark.lake.files import open_table, table_at
from sf_spark.lake.planning import Plan, describe_plan
from sf_spark.lake.tables import location
from sf_spark.schema import Table


def months_of(lake: str, table: Table, version: int | None = None) -> list[date]:
    """The months of a table, at a version or now, in order, from its log: Spark would start a job."""
    folder = location(lake, table)
    stored = open_table(folder) if version is None else table_at(folder, version)
    if stored is None:
        return []
    return sorted(set(stored.get_add_actions(flatten=True).column("partition.periode").to_pylist()))


def write_months(rows: DataFrame, plan: Plan, last: date, report: Callable[[str], None]) -> None:
    """Write the stale months up to ``last`` in one commit; earlier months stay, later months are removed.

    Args:
        rows: Rows with a column ``periode``; they may hold other months too.
        plan: Plan of the table.
        last: The last month.
        report: Takes progress lines.

    Raises:
        ConcurrentWriteError: When another job has changed the table since the plan was made.
    """
    if plan.stale is None:
        report(f"{plan.table.path}: all months to {last:%Y-%m} are up to date")
        return
    first, after = plan.stale.first, start_of(index_of(last) + 1)
    report(describe_plan(plan))
    wanted = f"periode < '{after}'" if first is None else f"periode >= '{first}' and periode < '{after}'"
    # One file a month: all rows of a month go to one task.
    months = rows.where(wanted).repartition("periode")
    commit_rows(months, plan.writing(first, last), None if first is None else f"periode >= '{first}'")
    written = sum(count for month, count in _rows_of_files(plan) if (first or date.min) <= month <= last)
    since = "from the first" if first is None else first
    report(f"{plan.table.path}: {written} rows written, months {since} to {last:%Y-%m}")


def _rows_of_files(plan: Plan) -> list[tuple[date, int]]:
    """The month and the number of rows of each present file of the table, from its log."""
    stored = open_table(location(plan.lake, plan.table))
    assert stored is not None  # just written
    files = stored.get_add_actions(flatten=True)
    months, counts = (files.column(name).to_pylist() for name in ("partition.periode", "num_records"))
    return [(month, count or 0) for month, count in zip(months, counts, strict=True)]
