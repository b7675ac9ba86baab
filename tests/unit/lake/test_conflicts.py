"""Whatever Delta calls a conflict, a job looks again, and then names the table."""

from collections.abc import Callable
from pathlib import Path

import delta.exceptions
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from sf_spark.errors import ConcurrentWriteError
from sf_spark.lake import committing
from sf_spark.lake.planning import Read, Recipe, plan
from sf_spark.schema import Table

TABLE = Table("small/table", ("id",))
KINDS = [
    kind
    for kind in vars(delta.exceptions).values()
    if isinstance(kind, type) and issubclass(kind, PySparkException) and kind is not PySparkException
]


def raising(kind: type[Exception]) -> Callable[..., None]:
    def save(*arguments: object) -> None:
        raise kind("the other job was first")

    return save


@pytest.mark.parametrize("kind", KINDS)
def test_every_conflict_names_the_table(
    spark: SparkSession, tmp_path: Path, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    todo = plan(str(tmp_path), Recipe(TABLE, {}, ("sf_spark.schema",)), Read()).writing(None, None)
    monkeypatch.setattr(committing, "_save", raising(kind))
    with pytest.raises(ConcurrentWriteError, match="another job has changed small/table"):
        committing.commit_rows(spark.range(1), todo)


def test_these_are_all_of_them() -> None:
    assert len(KINDS) == 8
