"""The partner files. One file a source; this list is what ``ingest`` reads."""

from sf_spark.sources import cotisation, debit, effectif, effectif_ent, procol, sirene, sirene_ul
from sf_spark.sources.source import Source

SOURCES: tuple[Source, ...] = (
    sirene_ul.SOURCE,
    sirene.SOURCE,
    effectif_ent.SOURCE,
    effectif.SOURCE,
    cotisation.SOURCE,
    debit.SOURCE,
    procol.SOURCE,
)


def source_of(file_name: str) -> Source | None:
    """The source that a delivered file belongs to, by its name; None for an unsupported file."""
    return next((source for source in SOURCES if source.delivers(file_name)), None)


def source_named(name: str) -> Source:
    """The source of this name."""
    return next(source for source in SOURCES if source.name == name)
