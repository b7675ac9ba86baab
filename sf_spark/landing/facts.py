"""Turn typed records into facts: named by their content, dated, as rows of a staged table."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
import pyarrow as pa

from sf_spark.landing.hashing import fingerprints, hash_months, look_at_numbers, string_views
from sf_spark.landing.source import Source

# What identifies a fact of a delivery: 128 bits of content, the text of its line, and its place in the file.
NAME = np.dtype([("first", "<u8"), ("second", "<u8"), ("raw", "<u8"), ("place", "<u8")])
_RANGE_BITS, _AT_BITS, _PART_BITS = 20, 32, 12
_PSEUDO_SIRET_MARKS = ["5", "6", "7", "9"]  # first digit of the NIC of numbers forged by ACOSS for temporary workforces
IDENTITY = pa.struct([("first", pa.int64()), ("second", pa.int64()), ("rank", pa.int32())])


@dataclass(frozen=True)
class Facts:
    """The facts of some records.

    Attributes:
        rows: The typed columns of the records, and ``_line``.
        names: Name of each fact: see ``NAME``.
        record: Row of each fact, in a wide file; None: one fact a row.
        months: Month of each fact of a wide file, in days since 1970.
        numbers: Headcount of each fact of a wide file.
    """

    rows: pl.DataFrame
    names: np.ndarray
    record: np.ndarray | None = None
    months: np.ndarray | None = None
    numbers: np.ndarray | None = None


@dataclass(frozen=True)
class Stamp:
    """Values that all facts of a file share.

    Attributes:
        file: Name of the delivered file.
        day: The day of the batch.
        by_rule: Whether a fact may be known earlier, by the source's rule.
    """

    file: str
    day: date
    by_rule: bool


def place_of(rank: int, at: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Pack range, position and record of a line into one number that sorts like them."""
    return (
        np.uint64(rank) << np.uint64(_AT_BITS + _PART_BITS)
        | at.astype(np.uint64) << np.uint64(_PART_BITS)
        | part.astype(np.uint64)
    )


def range_of(places: np.ndarray) -> np.ndarray:
    """The rank of the range that a place is in."""
    return (places >> np.uint64(_AT_BITS + _PART_BITS)).astype(np.int64)


def position_of(places: np.ndarray) -> np.ndarray:
    """The position inside its range."""
    return (places >> np.uint64(_PART_BITS)).astype(np.int64) & ((1 << _AT_BITS) - 1)


def facts_of(rows: pl.DataFrame, raw: np.ndarray, rank: int, source: Source) -> Facts:
    """One fact a row.

    Args:
        rows: ``PLACE`` and typed columns.
        raw: A hash of the text of each row's record.
        rank: Rank of the range.
        source: The source.
    """
    if "_tuples" in rows.columns:
        return _facts_of_tuples(rows, raw, rank)
    content = [rows[name] for name in rows.columns if not name.startswith("_")]
    names = _names(fingerprints(content, len(rows)), raw, rank, rows)
    return Facts(rows.drop("_at", "_part"), names)


def _facts_of_tuples(rows: pl.DataFrame, raw: np.ndarray, rank: int) -> Facts:
    """One fact for each tuple; its fingerprint continues that of its record."""
    content = [rows[name] for name in rows.columns if not name.startswith("_")]
    entity = fingerprints(content, len(rows))
    numbered = rows.with_columns(
        pl.Series("_first", entity[0]), pl.Series("_second", entity[1]), pl.Series("_raw_hash", raw)
    )
    lists = numbered.with_columns(pl.int_ranges(pl.col("_tuples").list.len()).alias("_part"))
    long = lists.explode("_tuples", "_part", empty_as_null=False).unnest("_tuples")
    values = [name for name in long.columns if not name.startswith("_") and name not in rows.columns]
    long = long.drop_nulls(values)
    start = np.stack([long["_first"].to_numpy(), long["_second"].to_numpy()])
    hashes = fingerprints([long[name] for name in values], len(long), start)
    names = _names(hashes, long["_raw_hash"].to_numpy(), rank, long)
    return Facts(long.drop("_at", "_part", "_first", "_second", "_raw_hash"), names)


def record_of(months: int) -> np.dtype:
    """The dtype of a record of so many months: 128 bits of its entity, its text and place, its cells (-1: none)."""
    return np.dtype([*((name, "<u8") for name in NAME.names or ()), ("cells", "<i4", (months,))])


def records_of(rows: pl.DataFrame, raw: np.ndarray, rank: int, numbers: np.ndarray) -> np.ndarray:
    """The records of a wide file, named by their entities, with the facts in their cells.

    Args:
        rows: ``PLACE`` and typed columns of the entities.
        raw: A hash of the text of each row's record.
        rank: Rank of the range.
        numbers: See :func:`sf_spark.landing.months.headcounts`.
    """
    records = np.empty(len(rows), record_of(numbers.shape[1]))
    content = [rows[name] for name in rows.columns if not name.startswith("_")]
    records["first"], records["second"] = fingerprints(content, len(rows))
    records["raw"], records["place"] = raw, place_of(rank, rows["_at"].to_numpy(), np.zeros(len(rows), np.int64))
    records["cells"] = np.maximum(numbers, -1)
    return records


def entities_of(rows: pa.Table) -> np.ndarray:
    """The fingerprints of entities, as :func:`records_of` gives them, from columns of a staged table."""
    columns = [pl.Series(column.combine_chunks().cast(pa.large_string())) for column in rows.columns]
    return fingerprints(columns, len(rows))


def names_of_months(records: np.ndarray, months: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The facts of records of months, one for each cell that holds a number, in the order of the cells.

    Args:
        records: See :func:`record_of`.
        months: Month of each cell, in days since 1970.

    Returns:
        The names of the facts (see ``NAME``), the record and the cell of each.
    """
    record, month = np.nonzero(records["cells"] >= 0)
    first, second, raw, place = (records[name][record] for name in ("first", "second", "raw", "place"))
    names = np.empty(len(record), NAME)
    hashes = hash_months(first, second, months[month], records["cells"][record, month])
    names["first"], names["second"], names["raw"] = hashes[0], hashes[1], raw
    names["place"] = place | month.astype(np.uint64)
    return names, record, month


def facts_of_months(rows: pl.DataFrame, records: np.ndarray, months: np.ndarray) -> Facts:
    """One fact for each cell of a record that holds a number.

    Args:
        rows: ``PLACE`` and typed columns of the entities.
        records: The same, named: see :func:`records_of`.
        months: Month of each cell, in days since 1970.
    """
    names, record, month = names_of_months(records, months)
    return Facts(rows.drop("_at", "_part"), names, record, months[month], records["cells"][record, month])


def _names(hashes: np.ndarray, raw: np.ndarray, rank: int, rows: pl.DataFrame) -> np.ndarray:
    names = np.empty(len(rows), NAME)
    names["first"], names["second"], names["raw"] = hashes[0], hashes[1], raw
    names["place"] = place_of(rank, rows["_at"].to_numpy(), rows["_part"].to_numpy())
    return names


def ranked(facts: Facts, places: np.ndarray, ranks: np.ndarray, others: bool) -> tuple[np.ndarray, np.ndarray]:
    """Choose the facts to keep, and give each its rank among those of equal content.

    Args:
        facts: The facts.
        places: Places of facts, in order.
        ranks: Ranks of the facts in these places; 0 drops the fact.
        others: Whether the facts elsewhere are kept, as the first of their content.
    """
    rank = np.full(len(facts.names), 1 if others else 0, np.int32)
    if len(places):
        at = np.minimum(np.searchsorted(places, facts.names["place"]), len(places) - 1)
        listed = places[at] == facts.names["place"]
        rank[listed] = ranks[at][listed]
    kept = np.flatnonzero(rank)
    return kept, rank[kept]


def staged_rows(
    facts: Facts, kept: np.ndarray, rank: np.ndarray, source: Source, stamp: Stamp
) -> pl.DataFrame | pa.Table:
    """Some facts as rows of the staged table: identity, values, where they were read, when they were known."""
    names = facts.names if len(kept) == len(facts.names) else facts.names[kept]
    if facts.record is not None:
        return _rows_of_months(facts, kept, names, rank, source, stamp)
    rows = _with_key(facts.rows if len(kept) == len(facts.names) else facts.rows[kept], source)
    identity = pl.DataFrame(
        {"first": np.ascontiguousarray(names["first"]), "second": np.ascontiguousarray(names["second"]), "rank": rank}
    ).select(pl.struct(pl.col("first", "second").reinterpret(signed=True), "rank").alias("_identity"))
    values = [name for name in rows.columns if name != "_line"]
    return rows.hstack(identity).select(
        *values,
        pl.lit(stamp.file).alias("_file"),
        "_line",
        known_on(source, stamp).alias("known_on"),
        pl.lit(None, pl.Date).alias("superseded_on"),
        "_identity",
    )


def _rows_of_months(
    facts: Facts, kept: np.ndarray, names: np.ndarray, rank: np.ndarray, source: Source, stamp: Stamp
) -> pa.Table:
    """One row a month of each entity; values that the rows share are stored once, in dictionaries."""
    assert facts.record is not None and facts.months is not None and facts.numbers is not None
    record, entities = facts.record[kept], _with_key(facts.rows, source)
    columns = {name: _repeated(entities[name], record) for name in entities.columns if name != "_line"}
    periode = pl.Series("periode", facts.months[kept], pl.Int32).cast(pl.Date)
    dated = pl.DataFrame({"periode": periode.unique()}).with_columns(known_on(source, stamp).alias("known_on"))
    known = periode.replace_strict(dated["periode"], dated["known_on"], return_dtype=pl.Date)
    parts = [pa.array(np.ascontiguousarray(names[key]).view(np.int64)) for key in ("first", "second")]
    identity = pa.StructArray.from_arrays([*parts, pa.array(rank)], fields=list(IDENTITY))
    file = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(kept), np.int32)), pa.array([stamp.file]))
    columns |= {
        "periode": periode.to_arrow(),
        "effectif": pa.array(facts.numbers[kept], pa.int32()),
        "_file": file,
        "_line": pa.array(entities["_line"].to_numpy()[record]),
        "known_on": known.to_arrow(),
        "superseded_on": pa.nulls(len(kept), pa.date32()),
        "_identity": identity,
    }
    return pa.table(columns)


def known_on(source: Source, stamp: Stamp) -> pl.Expr:
    """The day a fact could be known: by the source's rule in a first delivery, the batch's date in a later one.

    A delivered fact is known, so the rule never gives a day after the batch's date.
    """
    day = pl.lit(stamp.day)
    return pl.min_horizontal(source.known_on(), day) if stamp.by_rule else day


def _repeated(column: pl.Series, record: np.ndarray) -> pa.Array:
    values = column.to_arrow(compat_level=pl.CompatLevel.oldest())
    indices = pa.array(record.astype(np.int32))
    if column.dtype != pl.String:
        return values.take(indices)
    return values.cast(pa.string()).dictionary_encode().take(indices)  # a Parquet dictionary cannot hold a null


def _with_key(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Put columns derived from the key before the values: the company, and the flags of its number."""
    if source.key_column not in ("siret", "siren"):
        return rows
    key = rows[source.key_column]
    views, base, buffers, kept = string_views(key)
    luhn = look_at_numbers(views, base, buffers, 14 if source.key_column == "siret" else 9) == 3
    del kept
    identity = [key, pl.Series("est_luhn_valide", luhn)]
    if source.key_column == "siret":
        mark = key.str.slice(9, 1).is_in(_PSEUDO_SIRET_MARKS)
        identity += [key.str.slice(0, 9).alias("siren"), mark.alias("est_pseudo_siret")]
    named = [column.name for column in identity]
    return pl.DataFrame([*identity, *(rows[name] for name in rows.columns if name not in named)])


def natural_keys(rows: pa.Table, source: Source) -> np.ndarray:
    """A hash of the natural key of each row of a staged table (64 bits; null is an ordinary value)."""
    columns = [pl.Series(rows.column(name).combine_chunks()) for name in source.natural_key]
    return fingerprints(columns, len(rows))[0]
