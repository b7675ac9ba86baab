"""The register as the application shows it: establishments with an address in one line, companies with labels. Pure.

Unlike the facts, the register is not cut to the perimeter.
"""

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.legal_forms import legal_form
from sf_spark.domain.naf import NAF_REV2, classes_rev2, section_label, section_letter
from sf_spark.domain.naf_bridge import with_own_codes
from sf_spark.publication.application.facts import Tables, in_force

_STREET = ("numero_voie", "indrep", "type_voie", "voie")
_TOWN = (("code_postal", "commune"), ("code_cedex", "cedex"), ("commune_etranger", "pays_etranger"))


def sirene(tables: Tables) -> DataFrame:
    """Establishments."""
    return in_force(with_own_codes(tables["sirene"], ["siret"])).withColumns(
        {"ape": F.col("ape_propre"), "adresse": address()}
    )


def sirene_ul(tables: Tables) -> DataFrame:
    """Companies; their department is that of the head office."""
    units = in_force(with_own_codes(tables["sirene_ul"], ["siren"]))
    seats = in_force(tables["sirene"]).where("siege").groupBy("siren").agg(F.max("departement").alias("departement"))
    section = section_letter(F.col("ape_propre"), NAF_REV2)
    named = units.join(seats, on="siren", how="left").withColumns(
        {
            "raison_sociale": name_of(),
            "activite_principale": F.col("ape_propre"),
            "naf_section": section,
            "libelle_naf_section": section_label(section, NAF_REV2),
            "libelle_categorie_juridique": legal_form(F.col("categorie_juridique")),
            "creation": F.col("date_creation"),
        }
    )
    labels = units.sparkSession.createDataFrame(
        classes_rev2(), "activite_principale string, libelle_activite_principale string"
    )
    return named.join(F.broadcast(labels), on="activite_principale", how="left")


def address() -> Column:
    """The address of an establishment in one line: ``12 BIS RUE DE LA PAIX 75002 PARIS``; null if unknown.

    The town of a Cedex, if any, replaces the commune's; a foreign town comes last.
    """
    usual, cedex, abroad = (F.concat_ws(" ", *(F.nullif(name, F.lit("")) for name in pair)) for pair in _TOWN)
    town = F.when(F.col("code_cedex").isNotNull(), cedex).otherwise(usual)
    street = (F.nullif(name, F.lit("")) for name in ("complement_adresse", *_STREET, "distribution_speciale"))
    return F.nullif(
        F.trim(F.concat_ws(" ", *street, F.nullif(town, F.lit("")), F.nullif(abroad, F.lit("")))), F.lit("")
    )


def name_of() -> Column:
    """The company's denomination; for a sole trader, the person's name."""
    person = F.concat_ws(" ", "prenom1_unite_legale", "nom_unite_legale")
    return F.when(F.col("raison_sociale") != "", F.col("raison_sociale")).otherwise(F.nullif(person, F.lit("")))


CLEAN: Mapping[str, Callable[[Tables], DataFrame]] = {"clean_sirene": sirene, "clean_sirene_ul": sirene_ul}
