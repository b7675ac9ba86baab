"""Which months of signals to write: those of the panel that are not there yet, or whose panel was corrected."""

from collections.abc import Callable

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import MissingTableError, SfSparkError
from sf_spark.lake.months import last_month, months_to_write
from sf_spark.lake.tables import exists, read_table
from sf_spark.schema import PANEL_ENTREPRISE
from sf_spark.signals.catalogue import Catalogue
from sf_spark.steps.signal_tables import GRAINS, Plan


def plan_of(
    spark: SparkSession, lake: str, catalogue: Catalogue, rebuild: bool, report: Callable[[str], None]
) -> Plan | None:
    """The months to write; None when all are there.

    Raises:
        MissingTableError: When the panel has not been written.
        SfSparkError: When the tables hold other signals than the catalogue: months would differ in their columns.
    """
    last = last_month(spark, lake, PANEL_ENTREPRISE)
    if last is None:
        raise MissingTableError(f"table {PANEL_ENTREPRISE.path} is not in {lake}: run the job that writes it first")
    starts = [months_to_write(spark, lake, target, rebuild, report) for _, target in GRAINS.values()]
    if None in starts:
        first = min(
            row[0]
            for source, _ in GRAINS.values()
            if (row := read_table(spark, lake, source).agg(F.min("periode")).first()) is not None and row[0] is not None
        )
        return Plan(first, last, whole=True)
    first = min(start for start in starts if start is not None)
    if first > last:
        return None
    _check_columns(spark, lake, catalogue)
    return Plan(first, last, whole=False)


def _check_columns(spark: SparkSession, lake: str, catalogue: Catalogue) -> None:
    for key, (_, target) in GRAINS.items():
        if exists(spark, lake, target):
            there = set(read_table(spark, lake, target).columns) - {key, "periode"}
            differing = sorted(there ^ {signal.name for signal in catalogue.of(key)})
            if differing:
                raise SfSparkError(
                    f"table {target.path} was written with other signals ({', '.join(differing[:5])}...): "
                    "run build_signals with --rebuild"
                )
