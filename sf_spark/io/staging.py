"""Storing the facts of one delivery as versions: what appears, what ends, and what a repeat or a late batch changes.

Storing replaces whatever an earlier run of the same batch has left, in one commit, so it gives the same table when it
is repeated, when it was killed, and when the files of a delivery come in several runs:

    source       batch                     the table afterwards
    snapshot     after the latest          changes are added, absent facts end
    snapshot     the latest, again         as if this delivery had come at once: ends that it dated are undone first
    increment    any, in any order         each fact belongs to the first batch that holds it
"""

from dataclasses import dataclass
from datetime import date

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.calendar import batch_date
from sf_spark.io.delta import exists, literal_list, read_table, replace_where
from sf_spark.schema import Table, staged
from sf_spark.settings import Settings
from sf_spark.sources import Source
from sf_spark.sources.reading import content_columns
from sf_spark.sources.versions import (
    IDENTITY,
    appeared,
    compare,
    known_date,
    only_new,
    reopen,
    supersede,
    withdrawn,
)


@dataclass(frozen=True)
class Delivery:
    """The facts of a source in a batch.

    Attributes:
        source: The source.
        batch: ``AAMM`` or ``AAMM_NN``.
        facts: Identified rows: see :func:`sf_spark.sources.versions.identify`.
        broken: Names of the files that could not be read; what they gave in an earlier run stays.
        other_batches: Those that the source has been taken in for, this one apart.
    """

    source: Source
    batch: str
    facts: DataFrame
    broken: tuple[str, ...]
    other_batches: tuple[str, ...]

    @property
    def is_first(self) -> bool:
        """Whether no earlier batch of the source is there."""
        return not any(other < self.batch for other in self.other_batches)


def store(spark: SparkSession, settings: Settings, delivery: Delivery) -> None:
    """Write a delivery into its staged table, in one commit; nothing is written when it changes nothing."""
    lake, table = settings.lake, staged(delivery.source.name)
    if not exists(spark, lake, table):
        replace_where(
            _dated(delivery.facts, delivery, settings.cutoff_day), lake, table, f"_batch = '{delivery.batch}'"
        )
        return
    stored = read_table(spark, lake, table)
    if delivery.source.delivery == "snapshot":
        _store_snapshot(stored, delivery, settings, table)
    else:
        _store_increment(stored, delivery, settings, table)


def _store_snapshot(stored: DataFrame, delivery: Delivery, settings: Settings, table: Table) -> None:
    day = batch_date(delivery.batch, settings.cutoff_day)
    before = reopen(stored.where(F.col("_batch") < delivery.batch), day)
    # A snapshot with a broken file is not whole: what it lacks is not withdrawn.
    changes = compare(delivery.facts, before.where("superseded_on is null"), whole=not delivery.broken)
    changes = changes.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        ending = changes.select("_current_batch").distinct().collect()
        reopened = stored.where((F.col("superseded_on") == day) | (F.col("_batch") == delivery.batch))
        touched = {row[0] for row in (*ending, *reopened.select("_batch").distinct().collect())}
        if not touched:
            return
        partitions = sorted({*touched, delivery.batch} - {None})
        kept = supersede(before.where(F.col("_batch").isin(partitions)), withdrawn(changes, day))
        new = _dated(appeared(changes), delivery, settings.cutoff_day)
        rows = kept.unionByName(_of_broken_files(stored, delivery)).unionByName(new)
        replace_where(rows, settings.lake, table, f"_batch in ({literal_list(partitions)})")
    finally:
        changes.unpersist()


def _store_increment(stored: DataFrame, delivery: Delivery, settings: Settings, table: Table) -> None:
    own, later = F.col("_batch") == delivery.batch, F.col("_batch") > delivery.batch
    new = _dated(only_new(delivery.facts, stored.where(~own & ~later)), delivery, settings.cutoff_day)
    days = {batch: batch_date(batch, settings.cutoff_day) for batch in delivery.other_batches if batch > delivery.batch}
    # A batch behind this one is no first delivery (any more): its own date is the truth, and what both hold moves here.
    behind = only_new(stored.where(later), delivery.facts).withColumn("known_on", _day_of(days)) if days else None
    rows = new.unionByName(_of_broken_files(stored, delivery))
    rows = rows if behind is None else rows.unionByName(behind)
    partitions = sorted({delivery.batch, *days})
    replace_where(rows, settings.lake, table, f"_batch in ({literal_list(partitions)})")


def _dated(facts: DataFrame, delivery: Delivery, cutoff_day: int) -> DataFrame:
    day = batch_date(delivery.batch, cutoff_day)
    known = facts.withColumn("known_on", known_date(delivery.source.known_on(), day, delivery.is_first))
    ended = known.withColumn("superseded_on", F.lit(None).cast("date"))
    content = content_columns(delivery.facts)
    return ended.select(*content, "_batch", "_file", "_line", "known_on", "superseded_on", IDENTITY)


def _of_broken_files(stored: DataFrame, delivery: Delivery) -> DataFrame:
    """What an earlier run has read of files that are broken now."""
    return stored.where((F.col("_batch") == delivery.batch) & F.col("_file").isin(*delivery.broken))


def _day_of(days: dict[str, date]) -> Column:
    pairs = F.create_map(*(F.lit(part) for pair in days.items() for part in pair))
    return F.try_element_at(pairs, F.col("_batch"))
