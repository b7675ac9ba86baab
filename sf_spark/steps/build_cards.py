"""The cards: panel/*, staged/*, lists/detection, follow_up -> cards/etablissement, cards/entreprise."""

from pyspark.sql import DataFrame, SparkSession

from sf_spark.domain.calendar import index_of, start_of
from sf_spark.lake.deliveries import Delivered, delivered
from sf_spark.lake.planning import Plan, Read, plan
from sf_spark.lake.row_commits import commit_changed
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.tables import read_version
from sf_spark.publication.card_inputs import STAGED, Facts, facts_in_force, first_month
from sf_spark.publication.cards import company_cards, site_cards
from sf_spark.publication.follow_up import FOLLOW_UP as FOLLOW_UP_COLUMNS
from sf_spark.publication.list_columns import SCHEMA as LIST_COLUMNS
from sf_spark.schema import (
    CARDS_ETABLISSEMENT,
    FOLLOW_UP,
    LISTS_DETECTION,
    PANEL_ENTREPRISE,
    PANEL_ETABLISSEMENT,
    Table,
)
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.recipes import card_recipes
from sf_spark.steps.twice import tried_twice


def build_cards(spark: SparkSession, settings: Settings, report: Report) -> int:
    """Write the cards that have changed; the others stay."""
    return tried_twice(lambda: _build_cards(spark, settings, report), report)


def _build_cards(spark: SparkSession, settings: Settings, report: Report) -> int:
    inputs = delivered(settings.lake, STAGED)
    report(f"reading panel/*, {', '.join(f'staged/{name}' for name in STAGED if name not in inputs.absent)}, lists/*")
    for recipe in card_recipes(settings):
        todo = plan(settings.lake, recipe, Read(inputs, inputs.last))
        if todo.stale is None:
            report(f"{todo.table.path}: up to date, built from the same tables")
            continue
        facts = _facts(spark, settings, todo, inputs)
        if recipe.table is CARDS_ETABLISSEMENT:
            commit_changed(site_cards(facts), todo, "siret", report)
        else:
            sites = read_version(spark, settings.lake, CARDS_ETABLISSEMENT, _version(todo, CARDS_ETABLISSEMENT))
            commit_changed(company_cards(facts, sites), todo, "siren", report)
    return 0


def _facts(spark: SparkSession, settings: Settings, todo: Plan, inputs: Delivered) -> Facts:
    months = [start_of(month) for month in range(index_of(first_month(inputs.last)), index_of(inputs.last) + 1)]

    def panel(table: Table) -> DataFrame:
        return read_version(spark, settings.lake, table, _version(todo, table), months)

    def or_empty(table: Table, columns: str) -> DataFrame:
        version = todo.version_of(table)
        if version is None:
            return spark.createDataFrame([], columns)
        return read_version(spark, settings.lake, table, version)

    return Facts(
        companies=panel(PANEL_ENTREPRISE),
        sites=panel(PANEL_ETABLISSEMENT),
        staged=facts_in_force(
            lambda name, ddl: read_or_empty(spark, settings.lake, name, ddl, inputs.version(name)), settings.cutoff_day
        ),
        lists=or_empty(LISTS_DETECTION, LIST_COLUMNS),
        follow_up=or_empty(FOLLOW_UP, FOLLOW_UP_COLUMNS),
        last=inputs.last,
        cutoff_day=settings.cutoff_day,
        nomenclature=settings.panel.nomenclature,
    )


def _version(todo: Plan, table: Table) -> int:
    version = todo.version_of(table)
    assert version is not None  # inputs of a plan exist
    return version
