"""Companies and establishments in the present registers, and the names of places and activities. Pure."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain import territories
from sf_spark.domain.naf import CODE_COLUMN, classes_rev2, section_label
from sf_spark.publication.card_inputs import Facts


def registered_sites(facts: Facts) -> DataFrame:
    """The register's row of each establishment, with its address; of two lines the one delivered last."""
    return _last(facts.staged["sirene"], "siret", ("known_on", "_batch", "_line")).select(
        "siret",
        F.col("siren").alias("_siren"),
        F.col("siege").alias("_siege"),
        F.col("departement").alias("_departement"),
        F.col("code_commune").alias("_commune"),
        *("commune", "date_creation", F.coalesce("est_actif", F.lit(False)).alias("est_actif")),
        _address().alias("adresse"),
        *(F.col(name).alias(f"_{name}") for name in CODE_COLUMN.values()),
    )


def head_offices(facts: Facts) -> DataFrame:
    """``siren`` and its head office: the one known last, as in the panel."""
    seats = facts.staged["sirene"].where("siege")
    return _last(seats, "siren", ("known_on", "date_creation", "siret", "_batch", "_line")).select(
        "siren",
        F.col("siret").alias("siret_siege"),
        F.col("departement").alias("_departement"),
        F.col("code_commune").alias("_commune"),
        "commune",
        _address().alias("adresse"),
    )


def names(facts: Facts) -> DataFrame:
    """``siren, _nom, _categorie, _creation`` from the register of companies."""
    person = F.concat_ws(" ", "prenom1_unite_legale", "nom_unite_legale")
    named = F.when(F.col("raison_sociale") != "", F.col("raison_sociale")).otherwise(F.nullif(person, F.lit("")))
    return _last(facts.staged["sirene_ul"], "siren", ("known_on", "_batch", "_line")).select(
        "siren",
        named.alias("_nom"),
        F.col("categorie_juridique").alias("_categorie"),
        F.col("date_creation").alias("_creation"),
    )


def with_labels(rows: DataFrame, facts: Facts, register: str) -> DataFrame:
    """The rows with ``_place`` (the register's department, else the panel's) and the names of places and activities."""
    place = F.coalesce(register, "departement")
    activities = rows.sparkSession.createDataFrame(classes_rev2(), "ape string, ape_libelle string")
    placed = rows.withColumn("_place", place).withColumns(
        {
            "departement_libelle": territories.department_label(F.col("_place")),
            "region": territories.region_code(F.col("_place")),
            "region_libelle": territories.region_label(F.col("_place")),
            "section_libelle": section_label(F.col("section"), facts.nomenclature),
        }
    )
    return placed.join(F.broadcast(activities), on="ape", how="left")


def _last(register: DataFrame, key: str, order: Sequence[str]) -> DataFrame:
    """One row a key: the last in the order."""
    ordered = F.struct(*(F.col(name) for name in order))
    return register.groupBy(key).agg(F.max_by(F.struct("*"), ordered).alias("_row")).select("_row.*")


def _address() -> Column:
    street = F.concat_ws(" ", "numero_voie", "indrep", "type_voie", "voie")
    town = F.concat_ws(" ", "code_postal", "commune")
    lines = F.concat_ws(", ", *(F.nullif(text, F.lit("")) for text in (F.col("complement_adresse"), street, town)))
    return F.nullif(lines, F.lit(""))
