"""The former system's variables: staged/* -> compat/etablissement, compat/entreprise."""

from datetime import date

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.compat.build import compat_entreprise, compat_etablissement
from sf_spark.compat.inputs import COLUMNS
from sf_spark.compat.series import Series
from sf_spark.errors import SfSparkError
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.tables import read_table, replace_all
from sf_spark.schema import COMPAT_ENTREPRISE, COMPAT_ETABLISSEMENT, DELIVERIES
from sf_spark.settings import Settings
from sf_spark.steps import Report


def compat(
    spark: SparkSession, settings: Settings, report: Report, date_debut: date, date_fin: date | None = None
) -> int:
    """Write both tables again, whole: each column depends on the end of the series."""
    staged = {name: read_or_empty(spark, settings.lake, name, ddl) for name, ddl in COLUMNS.items()}
    delivered = read_table(spark, settings.lake, DELIVERIES).where("status = 'ok'")
    last = date_fin or delivered.agg(F.max("known_on")).first()[0].replace(day=1)  # type: ignore[index]
    counted = staged["effectif"].where("superseded_on is null and effectif is not null")
    published = counted.agg(F.max("periode")).first()[0]  # type: ignore[index]
    if published is None or date_debut >= last:
        raise SfSparkError(f"no series from {date_debut:%Y-%m} to {last:%Y-%m}: last headcount {published}")
    series = Series(date_debut, last, published)
    report(f"reading {', '.join(f'staged/{name}' for name in COLUMNS)}; headcounts up to {published:%Y-%m}")
    outputs = ((COMPAT_ETABLISSEMENT, compat_etablissement), (COMPAT_ENTREPRISE, compat_entreprise))
    for table, build in outputs:
        replace_all(build(staged, series).repartition("periode"), settings.lake, table)
        report(
            f"{table.path}: {read_table(spark, settings.lake, table).count()} rows written, months up to {last:%Y-%m}"
        )
    return 0
