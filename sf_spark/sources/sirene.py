"""Establishments of the Sirene register, geocoded or as INSEE has them: one line for an establishment."""

from functools import partial

import polars as pl

from sf_spark.landing import dates, numbers, register
from sf_spark.landing.rules import Rules, unreadable
from sf_spark.landing.source import Layout, Source
from sf_spark.landing.texts import boolean, diffused_and_filled, matching, spelled_out

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
_ACCENTS = str.maketrans("ÀÂÇÉÈÊËÎÏÔÛÙ", "AACEEEEIIOUU")
# Words in full, with or without accents and hyphens, to the word of the table.
_WORDS = {
    spelling: word
    for word in (*_STREET.values(), "SENTE", "SENTIER")
    for plain in (word, word.translate(_ACCENTS))
    for spelling in (plain, plain.replace("-", " "), plain.replace(" ", "-"))
}
_COORDINATES = ("longitude", "latitude")
_ACTIVITY = (
    "activiteprincipaleetablissement",
    "nomenclatureactiviteprincipaleetablissement",
    "activiteprincipalenaf25etablissement",  # since December 2025
)
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


def departement_of(commune: pl.Expr) -> pl.Expr:
    """Department of a commune code: 2 characters (2A and 2B too), 3 overseas (97, 98). Null for an invalid code."""
    overseas = commune.str.head(2).is_in(["97", "98"])
    return pl.when(overseas).then(commune.str.head(3)).otherwise(commune.str.head(2))


def street(text: pl.Expr, any_word: bool = False) -> pl.Expr:
    """The type of a street in full, from its code (``CHE``) or a word in any case (``Allee`` is ``ALLÉE``).

    Args:
        text: Cell of the file.
        any_word: Whether an unknown word is kept, in upper case; otherwise it is null.
    """
    word = text.str.to_uppercase()
    known = pl.coalesce(spelled_out(text, _STREET), spelled_out(word, _WORDS))
    return pl.coalesce(known, diffused_and_filled(word)) if any_word else known


def clean(any_street: bool = False) -> Rules:
    """Type the lines. A bad coordinate, head-office flag or nomenclature rejects a line, but keeps its other values.

    A line whose state is neither A (open) nor F (closed) is skipped, and closes nothing.

    Args:
        any_street: Whether unknown types of street are kept.
    """
    commune, head_office = pl.col("_commune"), pl.col("_siege")
    coordinates = {name: pl.col(f"_{name}") for name in _COORDINATES}
    return Rules(
        columns={
            "siret": pl.concat_str(pl.col("siren"), pl.col("nic")),
            "nic": pl.col("nic"),
            "siege": head_office,
            **{name: diffused_and_filled(pl.col(column)) for name, column in _VERBATIM.items()},
            "indrep": spelled_out(pl.col("indicerepetitionetablissement"), _REPETITION),
            "type_voie": street(pl.col("typevoieetablissement"), any_street),
            "code_postal": matching(pl.col("codepostaletablissement"), r"^[0-9]{5}\z"),
            "code_commune": commune,
            "departement": departement_of(commune),
            **register.activities(*_ACTIVITY),
            "date_creation": dates.iso_date(pl.col("datecreationetablissement")),
            "date_debut": dates.iso_date(pl.col("datedebut")),
            **coordinates,
            "est_actif": pl.col("etatadministratifetablissement") == "A",
        },
        checks=(
            unreadable(
                "etablissementsiege", head_office, "bad_boolean", "true or false", required=True, column="siege"
            ),
            *(unreadable(name, value, "bad_number", "a number") for name, value in coordinates.items()),
            register.unknown_nomenclature(_ACTIVITY[1]),
        ),
        read={
            "_commune": matching(pl.col("codecommuneetablissement"), r"^[0-9][0-9A-B][0-9]{3}\z"),
            "_siege": boolean(pl.col("etablissementsiege")),
            **{f"_{name}": numbers.number(pl.col(name)) for name in coordinates},
        },
        skip=register.unknown_state(pl.col("etatadministratifetablissement"), "A", "F"),
    )


_REQUIRED = (
    *("siren", "nic", "etablissementsiege", "typevoieetablissement", "indicerepetitionetablissement"),
    *_VERBATIM.values(),
    *("codecommuneetablissement", "codepostaletablissement", "datecreationetablissement"),
    "etatadministratifetablissement",
)
_OPTIONAL = (*_ACTIVITY, "datedebut")

SOURCE = Source(
    name="sirene",
    description="establishments of the Sirene register, INSEE",
    file_pattern=r"StockEtablissement_utf8(_geo)?\.csv",
    delimiter=",",
    layouts=(
        Layout("2019", (*_REQUIRED, *_COORDINATES), _OPTIONAL),
        Layout("insee", _REQUIRED, _OPTIONAL, forbidden=_COORDINATES, clean=partial(clean, any_street=True)),
    ),
    key_column="siret",
    natural_key=("siret",),
    clean=clean,
    known_on=register.known_on,
    emits_rejected=True,
)
