"""The panels: staged/* -> panel/etablissement, panel/entreprise."""

from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.calendar import index_of, start_of
from sf_spark.lake.months import months_to_write, write_months
from sf_spark.lake.staged import absent_sources, read_or_empty
from sf_spark.lake.tables import read_table
from sf_spark.panel.build import Exclusions, PanelRules, activity_codes, entreprise_panel, etablissement_panel
from sf_spark.panel.inputs import COLUMNS, StagedTables
from sf_spark.schema import DELIVERIES, PANEL_ENTREPRISE, PANEL_ETABLISSEMENT
from sf_spark.settings import Settings
from sf_spark.steps import Report


def build_panel(spark: SparkSession, settings: Settings, report: Report, rebuild: bool = False) -> int:
    """Write the months whose cut-off has passed that are not there yet, or that a later delivery corrects."""
    absent = absent_sources(spark, settings.lake, [*COLUMNS])
    report(f"reading {', '.join(f'staged/{name}' for name in COLUMNS if name not in absent)}")
    if absent:
        report(f"never delivered, their measures are unknown: {', '.join(sorted(absent))}")
    tables = StagedTables.read(partial(read_or_empty, spark, settings.lake))
    last_day = read_table(spark, settings.lake, DELIVERIES).where("status = 'ok'").agg(F.max("known_on")).first()[0]  # type: ignore[index]
    last_month = index_of(last_day)
    codes = codes_at_hand(spark, tables, rules_of(settings, last_month, absent, None))
    for table in (PANEL_ETABLISSEMENT, PANEL_ENTREPRISE):
        first = months_to_write(spark, settings.lake, table, rebuild, report)
        rules = rules_of(settings, last_month, absent, index_of(first) if first else None)
        if table is PANEL_ETABLISSEMENT:
            rows = etablissement_panel(tables, rules, codes)
        else:
            rows = entreprise_panel(tables, read_table(spark, settings.lake, PANEL_ETABLISSEMENT), rules, codes)
        write_months(rows, settings.lake, table, first, start_of(last_month), report)
    return 0


def codes_at_hand(spark: SparkSession, tables: StagedTables, rules: PanelRules) -> DataFrame | None:
    """The bridge between nomenclatures, computed once for both panels; None while no unit is known under both codes."""
    codes = activity_codes(tables, rules)
    rows = codes.collect()
    return spark.createDataFrame(rows, codes.schema) if rows else None


def rules_of(settings: Settings, last_month: int, absent: frozenset[str], first_month: int | None) -> PanelRules:
    """What a panel of these months depends on, as the settings say."""
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
