"""Read rows of the panels' files in a worker: narrow rows of numbers, which never pass through Java.

Spark's reader fills, casts and hands over rows one by one; before it is warm, that takes several times longer than the
signals of a month. The files of a panel are plain Parquet, so Arrow reads just the columns needed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sf_spark.domain.naf import LETTERS
from sf_spark.lake.storage import file_system

_ROWS_AT_A_TIME = 100_000


@dataclass(frozen=True)
class PanelFile:
    """A file of one month of a panel, by URI: ``key`` is its id column, ``mois`` the index of the month."""

    key: str
    path: str
    mois: int


@dataclass(frozen=True)
class Reading:
    """What to read.

    Attributes:
        measures: The columns of the rows, behind ``id, mois``.
        wanted: For each id column, the measures to read; the others are unknown there.
    """

    measures: tuple[str, ...]
    wanted: Mapping[str, frozenset[str]]


def read_rows(files: Iterable[PanelFile], reading: Reading) -> Iterator[pa.RecordBatch]:
    """The rows of files: ``id`` (the SIRET as a number, or minus the SIREN), ``mois``, and the measures as doubles.

    A measure that the file lacks, or that is not wanted, is unknown.
    """
    for file in files:
        system, path = file_system(file.path)
        # From an object store, fetch the columns of a row group in one request.
        with pq.ParquetFile(path, filesystem=system, pre_buffer=system.type_name != "local") as parquet:
            stored = set(parquet.schema_arrow.names)
            sources = {
                name: column
                for name in reading.measures
                if name in reading.wanted[file.key] and (column := _SOURCE.get(name, name)) in stored
            }
            columns = [file.key, *sorted(set(sources.values()))]
            for batch in parquet.iter_batches(batch_size=_ROWS_AT_A_TIME, columns=columns):
                yield _rows(batch, file, sources, reading.measures)


def _rows(
    batch: pa.RecordBatch, file: PanelFile, sources: Mapping[str, str], measures: tuple[str, ...]
) -> pa.RecordBatch:
    number = batch.column(file.key).cast(pa.int64())
    columns = {
        "id": number if file.key == "siret" else pc.negate(number),
        "mois": pa.repeat(pa.scalar(file.mois, pa.int32()), batch.num_rows),
    }
    for name in measures:
        made = _DERIVED.get(name, _as_double)
        columns[name] = made(batch.column(sources[name])) if name in sources else pa.nulls(batch.num_rows, pa.float64())
    return pa.RecordBatch.from_pydict(columns)


def _as_double(column: pa.Array) -> pa.Array:
    return column.cast(pa.float64())


def _section(letter: pa.Array) -> pa.Array:
    return pc.add(pc.index_in(letter, pa.array(list(LETTERS))), 1).cast(pa.float64())


def _is_person(categorie: pa.Array) -> pa.Array:
    return pc.starts_with(categorie, "1").cast(pa.int8()).cast(pa.float64())


# Same as sf_spark.signals.measures.derived: from the sector and legal category of the row.
_SOURCE = {
    "secteur_division": "division",
    "secteur_section": "section",
    "est_personne_physique": "categorie_juridique",
}
_DERIVED: dict[str, Callable[[pa.Array], pa.Array]] = {
    "secteur_section": _section,
    "est_personne_physique": _is_person,
}
