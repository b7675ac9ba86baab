"""Identity of a company, from the last row of the register, the same in all months."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.compat.series import ARRIVAL, age_in, last_to_arrive
from sf_spark.domain.identifiers import filled

_PRENOMS = tuple(f"prenom{rank}_unite_legale" for rank in (1, 2, 3, 4))


def add_sirene_ul(rows: DataFrame, sirene_ul: DataFrame) -> DataFrame:
    """Add raison_sociale, statut_juridique, date_creation_entreprise (year), age_entreprise (years) to the rows."""
    attributes = sirene_ul.select(
        "siren",
        *ARRIVAL,
        F.coalesce(filled(F.col("raison_sociale")), name_of_person()).alias("raison_sociale"),
        filled(F.col("categorie_juridique")).alias("statut_juridique"),
        F.year("date_creation").alias("date_creation_entreprise"),
        "date_creation",
    )
    joined = rows.join(last_to_arrive(attributes, "siren"), on="siren", how="left")
    return joined.select(
        *rows.columns,
        "raison_sociale",
        "statut_juridique",
        "date_creation_entreprise",
        age_in(F.col("mois"), F.col("date_creation")).alias("age_entreprise"),
    )


def name_of_person() -> Column:
    """The register's notation for a person: ``roger*pierre henry/``, ``toto*titi/mathilde louisette/``."""
    usual = filled(F.col("nom_usage_unite_legale"))
    return F.concat(
        F.trim(
            F.concat(
                F.coalesce("nom_unite_legale", F.lit("")),
                F.lit("*"),
                F.coalesce(F.concat(usual, F.lit("/")), F.lit("")),
                # Not concat_ws, which would drop the blanks of missing first names.
                *_between([F.coalesce(name, F.lit("")) for name in _PRENOMS], F.lit(" ")),
            )
        ),
        F.lit("/"),
    )


def _between(parts: list[Column], blank: Column) -> list[Column]:
    return [parts[0], *(piece for part in parts[1:] for piece in (blank, part))]
