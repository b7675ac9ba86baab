"""Establishments of the Sirene register, geocoded: one line for an establishment."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark import arithmetic, calendar
from sf_spark.columns import filled
from sf_spark.sources import register
from sf_spark.sources.checks import problems, unreadable
from sf_spark.sources.source import Layout, Source

_REPETITION = {"B": "BIS", "T": "TER", "Q": "QUATER", "C": "QUINQUIES"}
_STREET = {
    "ALL": "ALLÉE", "AV": "AVENUE", "BD": "BOULEVARD", "CAR": "CARREFOUR", "CHE": "CHEMIN", "CHS": "CHAUSSÉE",
    "CITE": "CITÉ", "COR": "CORNICHE", "CRS": "COURS", "DOM": "DOMAINE", "DSC": "DESCENTE", "ECA": "ECART",
    "ESP": "ESPLANADE", "FG": "FAUBOURG", "GR": "GRANDE RUE", "HAM": "HAMEAU", "HLE": "HALLE", "IMP": "IMPASSE",
    "LD": "LIEU DIT", "LOT": "LOTISSEMENT", "MAR": "MARCHÉ", "MTE": "MONTÉE", "PAS": "PASSAGE", "PL": "PLACE",
    "PLN": "PLAINE", "PLT": "PLATEAU", "PRO": "PROMENADE", "PRV": "PARVIS", "QUA": "QUARTIER", "QUAI": "QUAI",
    "RES": "RÉSIDENCE", "RLE": "RUELLE", "ROC": "ROCADE", "RPT": "ROND POINT", "RTE": "ROUTE", "RUE": "RUE",
    "SEN": "SENTE - SENTIER", "SQ": "SQUARE", "TPL": "TERRE-PLEIN", "TRA": "TRAVERSE", "VLA": "VILLA",
    "VLGE": "VILLAGE",
}  # fmt: skip
_VERBATIM = {
    "complement_adresse": "complementadresseetablissement",
    "numero_voie": "numerovoieetablissement",
    "voie": "libellevoieetablissement",
    "commune": "libellecommuneetablissement",
    "commune_etranger": "libellecommuneetrangeretablissement",
    "distribution_speciale": "distributionspecialeetablissement",
    "code_cedex": "codecedexetablissement",
    "cedex": "libellecedexetablissement",
    "code_pays_etranger": "codepaysetrangeretablissement",
    "pays_etranger": "libellepaysetrangeretablissement",
}


def departement_of(commune: Column) -> Column:
    """Department of a commune code: 2 characters (2A and 2B too), 3 overseas (97, 98). Null for an invalid code."""
    overseas = F.substring(commune, 1, 2).isin("97", "98")
    return F.when(overseas, F.substring(commune, 1, 3)).otherwise(F.substring(commune, 1, 2))


def clean(df: DataFrame) -> DataFrame:
    """Type the lines. A bad coordinate or head-office flag rejects the line, whose other values stay all the same."""
    commune = F.when(
        F.col("codecommuneetablissement").rlike(r"^[0-9][0-9A-B][0-9]{3}\z"), F.col("codecommuneetablissement")
    )
    postal = F.when(F.col("codepostaletablissement").rlike(r"^\d{5}\z"), F.col("codepostaletablissement"))
    head_office = arithmetic.boolean(F.col("etablissementsiege"))
    coordinates = {name: arithmetic.number(F.col(name)) for name in ("longitude", "latitude")}
    return df.select(
        "_line",
        "_raw",
        F.concat("siren", "nic").alias("siret"),
        F.col("nic"),
        head_office.alias("siege"),
        *(filled(F.col(column)).alias(name) for name, column in _VERBATIM.items()),
        _expand(F.col("indicerepetitionetablissement"), _REPETITION).alias("indrep"),
        _expand(F.col("typevoieetablissement"), _STREET).alias("type_voie"),
        postal.alias("code_postal"),
        commune.alias("code_commune"),
        departement_of(commune).alias("departement"),
        register.activity(F.col("activiteprincipaleetablissement")).alias("ape"),
        calendar.iso_date(F.col("datecreationetablissement")).alias("date_creation"),
        calendar.iso_date(F.col("datedebut")).alias("date_debut"),
        *(value.alias(name) for name, value in coordinates.items()),
        (F.col("etatadministratifetablissement") == "A").alias("est_actif"),
        problems(
            unreadable(
                F.col("etablissementsiege"), head_office, "bad_boolean", "siege", "true or false", required=True
            ),
            *(unreadable(F.col(name), value, "bad_number", name, "a number") for name, value in coordinates.items()),
        ).alias("_errors"),
        register.skipped_nomenclature(
            F.col("activiteprincipaleetablissement"), F.col("nomenclatureactiviteprincipaleetablissement")
        ).alias("_skip"),
    )


def _expand(code: Column, words: dict[str, str]) -> Column:
    table = F.create_map(*(F.lit(text) for pair in words.items() for text in pair))
    return F.try_element_at(table, code)


SOURCE = Source(
    name="sirene",
    description="establishments of the Sirene register, INSEE",
    file_pattern=r"StockEtablissement_utf8_geo\.csv",
    delimiter=",",
    layouts=(
        Layout(
            "2019",
            required=(
                *("siren", "nic", "etablissementsiege", "typevoieetablissement", "indicerepetitionetablissement"),
                *_VERBATIM.values(),
                *("codecommuneetablissement", "codepostaletablissement", "datecreationetablissement"),
                *("longitude", "latitude", "etatadministratifetablissement"),
            ),
            optional=("activiteprincipaleetablissement", "nomenclatureactiviteprincipaleetablissement", "datedebut"),
        ),
    ),
    key_column="siret",
    natural_key=("siret",),
    clean=clean,
    known_on=register.known_on,
    emits_rejected=True,
)
