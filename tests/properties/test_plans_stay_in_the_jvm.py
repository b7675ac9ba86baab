"""No row passes through Python between the staged tables and the signals: the physical plans say so.

The staged tables have the columns written by ingest, so this also proves that the panel finds them.
"""

import re

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.calendar import index_of
from sf_spark.domain.proceedings import proceeding_events
from sf_spark.labels.events import openings
from sf_spark.labels.target import build_labels
from sf_spark.landing.staged_schema import staged_schema
from sf_spark.panel.build import PanelRules, StagedTables, activity_codes, entreprise_panel, etablissement_panel
from sf_spark.panel.proceedings import proceedings_changes
from sf_spark.settings import load_settings
from sf_spark.signals.catalogue import catalogue_from
from sf_spark.sources import source_named
from tests.oracles.signals_in_sql import compute_signals

LAST = index_of(pd.Timestamp("2024-06-01").date())
# BatchEvalPython, ArrowEvalPython, FlatMapGroupsInPandas, MapInPandas, MapInArrow, PythonMapInArrow, ...
PYTHON = re.compile(r"\w*(?:Python|InPandas|InArrow)\w*")


def staged(spark: SparkSession, name: str) -> DataFrame:
    """An empty staged table, with the columns that ingest writes."""
    return empty(spark.createDataFrame(staged_schema(source_named(name), "_batch").empty_table()))


def empty(like: DataFrame) -> DataFrame:
    """An empty table with the same columns, whose own plan is not part of its readers' plans."""
    spark = like.sparkSession
    return spark.createDataFrame(spark.sparkContext.emptyRDD(), like.schema)


@pytest.fixture(scope="module")
def tables(spark: SparkSession) -> dict[str, DataFrame]:
    """Both panels, both tables of signals, and the labels."""
    sources = StagedTables.read(lambda name, ddl: staged(spark, name), cutoff_day=20)
    rules = PanelRules(LAST, 10, 36, cutoff_day=20)
    codes = activity_codes(sources, rules)
    sites = etablissement_panel(sources, rules, codes)
    panels = (sites, entreprise_panel(sources, empty(sites), rules, codes))
    etablissement, entreprise = map(empty, panels)
    some = catalogue_from(load_settings("test").signals.catalogue, ("cotisations", "effectifs", "secteur"))
    events = proceeding_events(sources.procol, sources.procedures)
    labels = build_labels(
        entreprise.select("siren", "periode"),
        openings(events, cutoff_day=20),
        proceedings_changes(events.where("superseded_on is null"), "date_effet", cutoff_day=20),
        (12, 18, 24),
        LAST,
    )
    return {
        "panel/etablissement": panels[0],
        "panel/entreprise": panels[1],
        "signals/etablissement": compute_signals(etablissement, "siret", some.of("siret")),
        "signals/entreprise": compute_signals(entreprise, "siren", some.of("siren")),
        "labels/entreprise": labels,
    }


def plan(df: DataFrame) -> str:
    """The physical plan, as Spark will run it."""
    return df._jdf.queryExecution().executedPlan().treeString()


def python_nodes(df: DataFrame) -> set[str]:
    return set(PYTHON.findall(plan(df)))


@pytest.mark.parametrize(
    "name",
    [
        "panel/etablissement",
        "panel/entreprise",
        "signals/etablissement",
        "signals/entreprise",
        "labels/entreprise",
    ],
)
def test_no_row_passes_through_python(tables: dict[str, DataFrame], name: str) -> None:
    assert python_nodes(tables[name]) == set()
    assert {"Window", "Exchange"} <= set(re.findall(r"\w+", plan(tables[name])))  # the plan was not optimised away


def test_a_python_function_would_be_seen(spark: SparkSession) -> None:
    frame = spark.range(3)
    slow = frame.select(F.udf(lambda x: x, "long")("id"))
    batches = frame.mapInPandas(lambda some: some, "id long")
    assert python_nodes(slow) and python_nodes(batches)
    assert python_nodes(frame.repartition(2)) == set()
