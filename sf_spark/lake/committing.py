"""Commits of derived tables by Spark: one for each plan, with its build; refused if another job was first.

Each commit carries a number: the version read by its plan, plus one. Delta stores the highest number of a transaction
name: it refuses two concurrent commits of that name, and skips one whose number is not higher, which happens when
another job has committed between a plan and its commit.
"""

import re
from collections.abc import Mapping

from delta import exceptions
from deltalake import Schema
from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame

from sf_spark.errors import ConcurrentWriteError
from sf_spark.lake.columns import WRITE_ANEW, check_columns, widen
from sf_spark.lake.files import open_table
from sf_spark.lake.ledger import has_commit, note_build
from sf_spark.lake.places import for_spark
from sf_spark.lake.planning import Plan
from sf_spark.lake.tables import location

TRANSACTION = "sf_spark build"
# Delta's Python classes do not derive from the one that is named like their parent in Java.
CONFLICTS = (
    exceptions.ConcurrentAppendException,
    exceptions.ConcurrentDeleteDeleteException,
    exceptions.ConcurrentDeleteReadException,
    exceptions.ConcurrentTransactionException,
    exceptions.ConcurrentWriteException,
    exceptions.DeltaConcurrentModificationException,
    exceptions.MetadataChangedException,
    exceptions.ProtocolChangedException,
)
_CONFLICT = re.compile(r"io\.delta\.exceptions\.(Concurrent|MetadataChanged|ProtocolChanged|DeltaConcurrent)")


def commit_rows(rows: DataFrame, plan: Plan, predicate: str | None = None, rows_per_file: int = 0) -> None:
    """Replace the rows that match a predicate, or all of them with their columns, in one commit.

    Args:
        rows: The new rows; all match the predicate.
        plan: See :meth:`sf_spark.lake.planning.Plan.writing`.
        predicate: SQL; None: all rows. A missing table is created.
        rows_per_file: Maximum; 0: all rows of a task.

    Raises:
        ConcurrentWriteError: When another job has changed the table since the plan was made.
        OtherColumnsError: When rows of another version stay in the table, with columns of other types.
    """
    folder = location(plan.lake, plan.table)
    options = {
        "userMetadata": plan.build.as_text(),
        "txnAppId": TRANSACTION,
        "txnVersion": str(plan.version + 1),
        **({"maxRecordsPerFile": str(rows_per_file)} if rows_per_file else {}),
    }
    try:
        _save(rows, plan, folder, predicate, options)
    except CONFLICTS as error:
        raise _changed(plan) from error
    except AnalysisException as error:
        if plan.stored is None and open_table(folder) is not None:
            raise _changed(plan) from error
        raise
    except Py4JJavaError as error:
        if _CONFLICT.search(str(error)):
            raise _changed(plan) from error
        raise
    note_commit(plan)


def note_commit(plan: Plan) -> None:
    """Check that the commit of a plan exists, and write it into the mirror.

    Raises:
        ConcurrentWriteError: When it does not: Delta skipped it.
    """
    stored = open_table(location(plan.lake, plan.table))
    if stored is None or not has_commit(stored, plan.build.commit, plan.version):
        raise _changed(plan)
    note_build(plan.lake, plan.table, stored, plan.build)


def _save(rows: DataFrame, plan: Plan, folder: str, predicate: str | None, options: Mapping[str, str]) -> None:
    if plan.stored is None:
        how = {"mode": "errorifexists"}
    elif predicate is None:
        how = {"mode": "overwrite", "overwriteSchema": "true"}
    else:
        schema = Schema.from_json(rows.schema.json())
        check_columns(folder, plan.stored, schema, plan.table.partition, WRITE_ANEW)
        widen(plan.stored, schema)  # first, because the predicate may name a new column; fields of a column are merged
        how = {"mode": "overwrite", "replaceWhere": predicate, "mergeSchema": "true"}
    mode = how.pop("mode")
    writer = rows.write.format("delta").mode(mode).options(**options, **how)
    (writer.partitionBy(plan.table.partition) if plan.table.partition else writer).save(for_spark(folder))


def _changed(plan: Plan) -> ConcurrentWriteError:
    return ConcurrentWriteError(f"another job has changed {plan.table.path} in {plan.lake} meanwhile: run it again")
