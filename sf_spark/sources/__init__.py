"""The partner files, one module a source. ``ingest`` reads the sources of this list, in this order."""

from sf_spark.landing.source import Source
from sf_spark.sources import (
    apconso,
    apdemande,
    avis,
    bdf,
    ccsf,
    comptes,
    contexte,
    cotisation,
    debit,
    delai,
    diane,
    effectif,
    effectif_ent,
    filtre,
    liste_retraitee,
    paydex,
    procedures,
    procol,
    ratios,
    sirene,
    sirene_histo,
    sirene_ul,
    suivi,
)

# Accounts and the perimeter come first: the other files are read with their help.
SOURCES: tuple[Source, ...] = (
    filtre.SOURCE,
    comptes.SOURCE,
    sirene_ul.SOURCE,
    sirene.SOURCE,
    sirene_histo.SOURCE,
    effectif_ent.SOURCE,
    effectif.SOURCE,
    cotisation.SOURCE,
    debit.SOURCE,
    delai.SOURCE,
    ccsf.SOURCE,
    procol.SOURCE,
    apdemande.SOURCE,
    apconso.SOURCE,
    paydex.SOURCE,
    bdf.SOURCE,
    diane.SOURCE,
    ratios.SOURCE,
    procedures.SOURCE,
    contexte.SOURCE,
    suivi.SOURCE,
    avis.SOURCE,
    liste_retraitee.SOURCE,
)


def source_of(file_name: str, sources: tuple[Source, ...] = SOURCES) -> Source | None:
    """The source of a delivered file, by its name; None for an unsupported file."""
    return next((source for source in sources if source.delivers(file_name)), None)


def source_named(name: str) -> Source:
    """The source of this name."""
    return next(source for source in SOURCES if source.name == name)
