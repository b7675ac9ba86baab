"""Where an establishment stands and what it does, from the last row of the register, the same in all months."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.columns import siren_of
from sf_spark.compat.naf import add_naf
from sf_spark.compat.series import ARRIVAL, age_in, last_to_arrive

# The original's own table. It knows Corsica by a number that communes no longer have, and nothing overseas.
REGIONS = {
    "Auvergne-Rhône-Alpes": "01 03 07 15 26 38 42 43 63 69 73 74",
    "Hauts-de-France": "02 59 60 62 80",
    "Provence-Alpes-Côte d'Azur": "04 05 06 13 83 84",
    "Grand Est": "08 10 51 52 54 55 57 67 68 88",
    "Occitanie": "09 11 12 30 31 32 34 46 48 65 66 81 82",
    "Normandie": "14 27 50 61 76",
    "Centre-Val de Loire": "18 28 36 37 41 45",
    "Nouvelle-Aquitaine": "16 17 19 23 24 33 40 47 64 79 86 87",
    "Corse": "20",
    "Bourgogne-Franche-Comté": "21 25 39 58 70 71 89 90",
    "Bretagne": "22 29 35 56",
    "Pays de la Loire": "44 49 53 72 85",
    "Île-de-France": "75 77 78 91 92 93 94 95",
}


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
    # Activities get their labels here, once an establishment, and not once a month.
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
    """The region of a department; an empty text for one that the original does not know (2A, 2B, overseas)."""
    by_departement = {code: region for region, codes in REGIONS.items() for code in codes.split()}
    table = F.create_map(*(F.lit(text) for pair in by_departement.items() for text in pair))
    return F.when(departement.isNotNull(), F.coalesce(F.try_element_at(table, departement), F.lit("")))


def code_ape(ape: Column) -> Column:
    """The activity without its dot (``5221Z``); null when it has another form."""
    undotted = F.replace(ape, F.lit("."), F.lit(""))
    return F.when(undotted.rlike(r"^[0-9]{4}[A-Z]\z"), undotted)
