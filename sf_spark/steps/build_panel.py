"""The panels: staged/* -> panel/etablissement, panel/entreprise."""

from pyspark.sql import DataFrame, SparkSession

from sf_spark.domain.calendar import index_of
from sf_spark.lake.deliveries import Delivered, delivered
from sf_spark.lake.months import write_months
from sf_spark.lake.planning import Plan, Read, plan
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.tables import read_version
from sf_spark.panel.build import Exclusions, PanelRules, activity_codes, entreprise_panel, etablissement_panel
from sf_spark.panel.inputs import COLUMNS, StagedTables
from sf_spark.schema import PANEL_ETABLISSEMENT
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.recipes import panel_recipes
from sf_spark.steps.twice import tried_twice


def build_panel(spark: SparkSession, settings: Settings, report: Report, rebuild: bool = False) -> int:
    """Write the months whose cut-off has passed and that are missing or stale."""
    return tried_twice(lambda: _build_panels(spark, settings, report, rebuild), report)


def _build_panels(spark: SparkSession, settings: Settings, report: Report, rebuild: bool) -> int:
    inputs = delivered(settings.lake, COLUMNS)
    report(f"reading {', '.join(f'staged/{name}' for name in COLUMNS if name not in inputs.absent)}")
    if inputs.absent:
        report(f"never delivered, their measures are unknown: {', '.join(sorted(inputs.absent))}")
    staged = StagedTables.read(
        lambda name, ddl: read_or_empty(spark, settings.lake, name, ddl, inputs.version(name)), settings.cutoff_day
    )
    codes: list[DataFrame | None] = []  # computed when the first stale panel needs it
    for recipe in panel_recipes(settings):
        todo = plan(settings.lake, recipe, Read(inputs, inputs.last), rebuild)
        if todo.stale is None:
            report(f"{todo.table.path}: all months to {inputs.last:%Y-%m} are up to date")
            continue
        rules = _rules(settings, inputs, todo)
        codes = codes or [codes_at_hand(spark, staged, rules)]
        if recipe.table is PANEL_ETABLISSEMENT:
            rows = etablissement_panel(staged, rules, codes[0])
        else:
            version = todo.version_of(PANEL_ETABLISSEMENT)
            assert version is not None  # inputs of a plan exist
            sites = read_version(spark, settings.lake, PANEL_ETABLISSEMENT, version)
            rows = entreprise_panel(staged, sites, rules, codes[0])
        write_months(rows, todo, inputs.last, report)
    return 0


def _rules(settings: Settings, inputs: Delivered, todo: Plan) -> PanelRules:
    assert todo.stale is not None
    first = todo.stale.first
    return rules_of(settings, index_of(inputs.last), inputs.absent, index_of(first) if first else None)


def codes_at_hand(spark: SparkSession, tables: StagedTables, rules: PanelRules) -> DataFrame | None:
    """The bridge between nomenclatures, computed once for both panels; None while no unit is known under both codes."""
    codes = activity_codes(tables, rules)
    rows = codes.collect()
    return spark.createDataFrame(rows, codes.schema) if rows else None


def rules_of(settings: Settings, last_month: int, absent: frozenset[str], first_month: int | None) -> PanelRules:
    """The rules of a panel of these months, from the settings."""
    panel = settings.panel
    return PanelRules(
        last_month=last_month,
        perimeter_effectif=panel.perimeter_effectif,
        perimeter_months=panel.perimeter_months,
        cutoff_day=settings.cutoff_day,
        first_month=first_month,
        exclusions=Exclusions(panel.categories_juridiques, panel.activites, panel.siege_en_france),
        absent=absent,
        nomenclature=panel.nomenclature,
    )
