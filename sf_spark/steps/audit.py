"""Prove that the lake does not look ahead: rebuild months from facts cut at their cut-off, compare every cell.

Exit code 1 on any difference. The report is in monitoring/audit: one row for each month, table and differing column,
and one for each table and month without a difference.
"""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.audit.lookahead import Difference, as_known_on, chunks, differences
from sf_spark.domain.calendar import index_of, start_of
from sf_spark.errors import ConfigurationError, MissingTableError
from sf_spark.lake.deliveries import delivered
from sf_spark.lake.files import append_rows
from sf_spark.lake.months import write_months
from sf_spark.lake.places import rooted
from sf_spark.lake.planning import Read, plan
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.storage import remove_folder
from sf_spark.lake.tables import exists, location, read_table
from sf_spark.panel.build import entreprise_panel, etablissement_panel
from sf_spark.panel.inputs import COLUMNS, StagedTables
from sf_spark.schema import MONITORING_AUDIT, PANEL_ENTREPRISE, PANEL_ETABLISSEMENT, Table
from sf_spark.settings import Settings
from sf_spark.signals.catalogue import Catalogue, months_needed
from sf_spark.steps import Report
from sf_spark.steps.build_panel import codes_at_hand, rules_of
from sf_spark.steps.outputs.signal_tables import GRAINS, Months, write_signals
from sf_spark.steps.recipes import catalogue_of, panel_recipes, signal_recipes

_CELLS_AT_ONCE = 20_000_000
_REPORT = pa.schema(
    [
        *(("audited_at", pa.timestamp("us", tz="UTC")), ("periode", pa.date32())),
        *(("table", pa.string()), ("column", pa.string())),
        *(("rows", pa.int64()), ("cells", pa.int64()), ("example", pa.string())),
    ]
)


@dataclass(frozen=True)
class _Audit:
    """Rebuilds months of one lake in a separate folder."""

    spark: SparkSession
    settings: Settings
    catalogue: Catalogue

    def differences(self, month: date) -> Iterator[tuple[Table, int, list[Difference]]]:
        """For each table, its rows in a month, and the differences from the rebuilt ones."""
        # Beside the tables, where executors on other machines can write.
        lake = f"{rooted(self.settings.lake)}/_scratch/audit-{uuid.uuid4().hex}"
        try:
            self._rebuild(lake, month)
            for key, tables in GRAINS.items():
                for table in tables:
                    yield table, *self._compare(lake, table, key, month)
        finally:
            remove_folder(lake)

    def _rebuild(self, lake: str, month: date) -> None:
        """The panels that the windows of the month need, and its signals, from facts known at its cut-off."""
        spark, own = self.spark, self.settings.lake
        cutoff, inputs = month.replace(day=self.settings.cutoff_day), delivered(own, COLUMNS)
        whole = StagedTables.read(
            lambda name, ddl: read_or_empty(spark, own, name, ddl, inputs.version(name)), self.settings.cutoff_day
        )
        staged = StagedTables(**{name: as_known_on(frame, cutoff) for name, frame in vars(whole).items()})
        before = index_of(month) - months_needed(self.catalogue.signals)
        rules = rules_of(self.settings, index_of(month), inputs.absent, max(before, 1))
        codes = codes_at_hand(spark, staged, rules)
        sites, companies = panel_recipes(self.settings)
        read = Read(last=month)
        write_months(etablissement_panel(staged, rules, codes), plan(lake, sites, read), month, _say_nothing)
        rows = entreprise_panel(staged, read_table(spark, lake, PANEL_ETABLISSEMENT), rules, codes)
        write_months(rows, plan(lake, companies, read), month, _say_nothing)
        plans = {key: plan(lake, recipe, read) for key, recipe in signal_recipes(self.settings).items()}
        months = Months(month, month, whole=True)
        write_signals(spark, plans, self.catalogue, months, self.settings.signals.rows_per_task, _say_nothing)

    def _compare(self, lake: str, table: Table, key: str, month: date) -> tuple[int, list[Difference]]:
        stored_rows, rebuilt = (self._rows(root, table, month) for root in (self.settings.lake, lake))
        missing = [name for name in rebuilt.columns if name not in stored_rows.columns]
        found = [Difference(name, 0, "the lake has no such column") for name in missing]
        rows = stored_rows.count()
        for names in chunks([c for c in rebuilt.columns if c not in (key, "periode", *missing)], rows, _CELLS_AT_ONCE):
            stored, wanted = (frame.select(key, *names).toArrow() for frame in (stored_rows, rebuilt))
            found += [each for each in differences(stored, wanted, key) if each not in found]
        return rows, found

    def _rows(self, lake: str, table: Table, month: date) -> DataFrame:
        return read_table(self.spark, lake, table).where(F.col("periode") == F.lit(month))


def audit(
    spark: SparkSession,
    settings: Settings,
    report: Report,
    count: int = 12,
    chosen: Sequence[date] = (),
    seed: int | None = None,
) -> int:
    """Audit months at random, or those named; 1 when a cell differs.

    Args:
        spark: The session.
        settings: All settings.
        report: Takes progress lines.
        count: Number of months to draw.
        chosen: These months instead.
        seed: Seed of the draw; None: a new one each time.
    """
    seed = seed if seed is not None else random.SystemRandom().randrange(1 << 32)
    months = _drawn(spark, settings, count, chosen, seed)
    span = f"{len(months)} months" + ("" if chosen else f" (--seed {seed})")
    report(f"auditing {span}: {', '.join(f'{month:%Y-%m}' for month in months)}")
    rebuilt = _Audit(spark, settings, catalogue_of(settings))
    moment, lines, cells = datetime.now(UTC), [], 0
    for month in months:
        for table, rows, found in rebuilt.differences(month):
            width = len(read_table(spark, settings.lake, table).columns) - len(table.key)
            cells += rows * width
            report(f"{month:%Y-%m} {table.path}: {rows} rows of {width} columns, {len(found)} columns differ")
            lines += [(moment, month, table.path, each.column, rows, each.cells, each.example) for each in found]
            lines += [] if found else [(moment, month, table.path, "", rows, 0, "")]
            for each in found[:10]:
                report(f"  {each.column}: {each.cells} cells ({each.example})")
    rows = pa.Table.from_pylist([dict(zip(_REPORT.names, line, strict=True)) for line in lines], schema=_REPORT)
    append_rows(location(settings.lake, MONITORING_AUDIT), rows)
    differing = sum(line[5] for line in lines)
    wrong = sorted({line[3] for line in lines if line[3]})
    report(f"{cells} cells compared, {differing} differ" + (f": {', '.join(wrong[:20])}" if wrong else ""))
    return 1 if wrong else 0


def _drawn(spark: SparkSession, settings: Settings, count: int, chosen: Sequence[date], seed: int) -> list[date]:
    if not exists(settings.lake, PANEL_ENTREPRISE):
        raise MissingTableError(f"table {PANEL_ENTREPRISE.path} is not in {settings.lake}: run build_panel first")
    panel = read_table(spark, settings.lake, PANEL_ENTREPRISE)
    first, last = panel.agg(F.min("periode"), F.max("periode")).first()  # type: ignore[misc]
    months = [start_of(index) for index in range(index_of(first), index_of(last) + 1)]
    unknown = [month for month in chosen if month not in months]
    if unknown:
        raise ConfigurationError(f"month {unknown[0]:%Y-%m} is not in the panel: choose {first:%Y-%m} to {last:%Y-%m}")
    return list(chosen) or sorted(random.Random(seed).sample(months, min(count, len(months))))


def _say_nothing(text: str) -> None:
    """Discard the progress lines of the rebuild."""
