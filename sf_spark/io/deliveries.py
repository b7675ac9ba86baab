"""The table ``deliveries``: what became of every file delivered."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from sf_spark.calendar import batch_date
from sf_spark.io.delta import exists, literal_list, read_table, replace_where
from sf_spark.io.files import DeliveredFile
from sf_spark.schema import DELIVERIES
from sf_spark.settings import Settings

DONE, FAILED, UNSUPPORTED = "ok", "failed", "unsupported"
_DELIVERY_SCHEMA = (
    "source string, _batch string, _file string, sha256 string, bytes long, lines_read long, lines_accepted long, "
    "lines_rejected long, lines_skipped long, money map<string,double>, delivery string, layout string, "
    "status string, message string, known_on date, started_at timestamp, finished_at timestamp"
)


@dataclass
class FileAccount:
    """What became of one delivered file."""

    file: DeliveredFile
    source: str
    delivery: str = ""
    layout: str = ""
    status: str = DONE
    message: str = ""
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    money: dict[str, float] = field(default_factory=dict)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def line(self) -> str:
        """One line for the user."""
        if self.status != DONE:
            return f"{self.file.name}: {self.status}: {self.message}"
        return (
            f"{self.file.name} -> staged/{self.source}: {self.read} lines = {self.accepted} accepted"
            f" + {self.rejected} rejected + {self.skipped} skipped"
        )

    def row(self, known_on: Any) -> tuple[Any, ...]:
        """The file's row of ``deliveries``."""
        counts = (self.read, self.accepted, self.rejected, self.skipped)
        identity = (self.source, self.file.batch, self.file.name, self.file.sha256, self.file.size)
        end = (self.delivery, self.layout, self.status, self.message, known_on, self.started_at, datetime.now(UTC))
        return (*identity, *counts, self.money, *end)


def taken_in(spark: SparkSession, settings: Settings) -> list[Row]:
    """``source, _batch, _file, sha256`` of the files taken in so far; those that failed are left out."""
    if not exists(spark, settings.lake, DELIVERIES):
        return []
    deliveries = read_table(spark, settings.lake, DELIVERIES).where(F.col("status") != FAILED)
    return deliveries.select("source", "_batch", "_file", "sha256").collect()


def write_accounts(spark: SparkSession, settings: Settings, batch: str, accounts: list[FileAccount]) -> None:
    """Write the rows of these files, in place of those of an earlier run of the batch."""
    day = batch_date(batch, settings.cutoff_day)
    rows = spark.createDataFrame([account.row(day) for account in accounts], _DELIVERY_SCHEMA).coalesce(1)
    names = literal_list([account.file.name for account in accounts])
    replace_where(rows, settings.lake, DELIVERIES, f"_batch = '{batch}' and _file in ({names})")
