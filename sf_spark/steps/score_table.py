"""Score any table with the champion trained on a similar one: its keys, and the prediction for each row."""

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

from sf_spark.errors import SfSparkError
from sf_spark.lake.tables import replace_where
from sf_spark.ml.records import Champion
from sf_spark.ml.registry import Registry
from sf_spark.ml.scorer import Served, contribution_maps
from sf_spark.ml.thresholds import NONE
from sf_spark.schema import Table
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.any_table import Columns, check_kept
from sf_spark.steps.inputs.model_names import model_name_of, table_name
from sf_spark.steps.inputs.table_rows import encode, read_any

_ROWS = 50_000  # rows explained at a time, in memory beside the table itself


def score_table(spark: SparkSession, settings: Settings, report: Report, version: str | None = None) -> int:
    """Score every row of ``table``, labelled or not, into ``predictions/table_<name>``, beside those of other versions.

    Args:
        spark: The session.
        settings: ``table`` and ``keys``; ``time`` and ``group`` are kept too.
        report: Takes progress lines.
        version: Version of the model; None for its champion.

    Returns:
        The number of rows written.

    Raises:
        SfSparkError: When there is no champion, or a column that it needs is missing.
    """
    name = model_name_of(settings)
    champion = Registry(settings.tracking_store()).load(name, version)
    table, _ = read_any(spark, settings.table)
    if not table.num_rows:
        raise SfSparkError(f"{settings.table} has no row")
    missing = sorted(set(champion.model.signals) - set(table.column_names))
    if missing:
        raise SfSparkError(
            f"{settings.table} lacks columns that {name} needs: {', '.join(missing)}; if it was trained on another "
            "table of that name, give each a name of its own (--set table_name=...) and train again"
        )
    columns = Columns.of(settings)
    check_kept(table, columns)
    parts = [_scored(table.slice(first, _ROWS), columns.kept, champion) for first in range(0, table.num_rows, _ROWS)]
    target = Table(f"predictions/table_{table_name(settings)}", ("model_version", *settings.keys))
    rows = spark.createDataFrame(pa.concat_tables(parts))
    replace_where(rows, settings.lake, target, f"model_version = '{champion.version}'")
    report(f"{champion.name} version {champion.version}: wrote {table.num_rows} rows to {settings.lake}/{target.path}")
    return table.num_rows


def _scored(table: pa.Table, keys: list[str], champion: Champion) -> pa.Table:
    decision = champion.decision
    model, expected = champion.model, decision["expected_value"]
    served = Served(model, champion.thresholds, champion.horizon, decision["themes"], expected)
    values = encode(table, tuple(model.signals), decision["categories"])
    raw = model.raw_score(values)
    probability = model.calibrate(raw)
    level = champion.thresholds.levels(probability)
    explained = level != NONE
    by_signal, _, _ = served.explain(values[explained], raw[explained])
    scores = {
        "probability": pa.array(probability),
        "raw_score": pa.array(raw),
        "expected_value": pa.array(np.full(len(raw), expected)),
        "level": pa.array(level, pa.string()),
        "contributions": contribution_maps(explained, model.signals, by_signal),
        "model_version": pa.array([champion.version] * len(raw)),
    }
    return pa.table({**{name: table.column(name) for name in keys}, **scores})
