"""Place and activity of an establishment, from the last row of the register, the same in all months."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.compat.naf import add_naf
from sf_spark.compat.series import ARRIVAL, age_in, last_to_arrive
from sf_spark.domain.identifiers import siren_of
from sf_spark.domain.territories import regions

# The original has Corsica under its old number (20), and nothing overseas (97...).
REGIONS = {code: region for code, region in regions().items() if not code.startswith(("2A", "2B", "97"))}
REGIONS["20"] = regions()["2A"]


def add_sirene(rows: DataFrame, sirene: DataFrame) -> DataFrame:
    """Add siren, place, activity and its labels, date_creation_etablissement (a year), age (years) to ``siret, mois``.

    A coordinate of 0 is unknown.
    """
    departement = nonzero("departement")
    attributes = sirene.select(
        "siret",
        *ARRIVAL,
        *(F.nullif(F.col(name), F.lit(0.0)).alias(name) for name in ("latitude", "longitude")),
        nonzero("code_commune").alias("code_commune"),
        departement.alias("departement"),
        region_of(departement).alias("region"),
        code_ape(F.col("ape")).alias("code_ape"),
        F.year("date_creation").alias("date_creation_etablissement"),
        "date_creation",
    )
    # Labels of activities are joined here, once for each establishment instead of each month.
    joined = rows.join(add_naf(last_to_arrive(attributes, "siret")), on="siret", how="left")
    added = [name for name in joined.columns if name not in (*rows.columns, "date_creation")]
    return joined.select(
        *rows.columns,
        siren_of(F.col("siret")).alias("siren"),
        *added,
        age_in(F.col("mois"), F.col("date_creation")).alias("age"),
    )


def nonzero(name: str) -> Column:
    """The text of a column; null when it is empty or ``0``."""
    return F.when(~F.col(name).isin("", "0"), F.col(name))


def region_of(departement: Column) -> Column:
    """The region of a department; an empty text for one unknown to the original (2A, 2B, overseas)."""
    table = F.create_map(*(F.lit(text) for pair in REGIONS.items() for text in pair))
    return F.when(departement.isNotNull(), F.coalesce(F.try_element_at(table, departement), F.lit("")))


def code_ape(ape: Column) -> Column:
    """The activity without its dot (``5221Z``); null when it has another form."""
    undotted = F.replace(ape, F.lit("."), F.lit(""))
    return F.when(undotted.rlike(r"^[0-9]{4}[A-Z]\z"), undotted)
