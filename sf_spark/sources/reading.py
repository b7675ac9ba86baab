"""From the numbered lines of one file to typed rows with the reasons of rejection. Pure and lazy.

Every line ends up in exactly one class (``_class``), decided in the reference loader's order:

    skipped    a rule of the source leaves the line out; its errors do not count
    rejected   at least one error, or an invalid key when there is no other error
    accepted   the rest
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.calendar import period_of_header
from sf_spark.columns import fingerprint, is_luhn_valid, is_pseudo_siret, siren_of
from sf_spark.errors import BrokenFileError
from sf_spark.sources.checks import or_else, problem, problems
from sf_spark.sources.comptes import with_siret
from sf_spark.sources.framing import frame
from sf_spark.sources.source import LATIN9, UTF8, UTF16, Layout, Source

ACCEPTED, REJECTED, SKIPPED = "accepted", "rejected", "skipped"
Series = tuple[date, date] | None
_FRAMING_MESSAGES = {
    "bare_quote": "a quote inside an unquoted field",
    "extraneous_quote": "a stray quote inside a quoted field",
    "unclosed_quote": "a quoted field that does not end",
}


FRAMING_CODES = ("encoding", *_FRAMING_MESSAGES, "field_count")


@dataclass(frozen=True)
class Reading:
    """How the lines of one file are read: its layout, and its columns as the header gives them."""

    source: Source
    layout: Layout
    columns: tuple[str, ...]

    @property
    def delimiter(self) -> str:
        """The delimiter of the file."""
        return self.layout.delimiter or self.source.delimiter


def recognise(source: Source, header: str, encoding: str = UTF8, byte_order_mark: bool = False) -> Reading:
    """Tell the layout of a file from its header: the newest one that fits.

    Raises:
        BrokenFileError: When none does; it names what is missing for the newest one, and what is there.
    """
    for layout in source.layouts:
        if layout.encoding != encoding or (byte_order_mark and not layout.byte_order_mark):
            continue
        columns = header_columns(header, layout.delimiter or source.delimiter)
        if _fits(source, layout, columns) and re.match(layout.first_record, header):
            return Reading(source, layout, tuple(columns))
    raise BrokenFileError(_why_not(source, header, encoding, byte_order_mark))


def header_columns(header: str, delimiter: str) -> list[str]:
    """The column names of a header line, as written."""
    return next(csv.reader([header], delimiter=delimiter), [])


def _fits(source: Source, layout: Layout, columns: list[str]) -> bool:
    lowered = {name.lower() for name in columns}
    # With a SIRET it is a newer file that lacks something else: read by account, all of its lines would be skipped.
    if layout.by_account and "siret" in lowered:
        return False
    # Without any month every line would be accepted and give nothing.
    if source.wide and not _months(source, columns):
        return False
    if layout.positional:
        wide_enough = len(columns) >= 1 if layout.first_record else len(columns) == len(layout.positional)
        return wide_enough and not lowered & set(layout.forbidden)
    names = {name.lower() for name in layout.reshape(columns)[0]} if layout.reshape else lowered
    return names.issuperset(layout.required) and not names & set(layout.forbidden)


def _why_not(source: Source, header: str, encoding: str, byte_order_mark: bool) -> str:
    expected = {layout.encoding for layout in source.layouts}
    if encoding not in expected or (byte_order_mark and not any(layout.byte_order_mark for layout in source.layouts)):
        found = {UTF16: "UTF-16", LATIN9: "not UTF-8"}.get(encoding, "UTF-8 with a byte order mark")
        return f"wrong encoding: the header is {found}, {' or '.join(sorted(expected))} is expected"
    newest = source.layouts[0]
    columns = header_columns(header, newest.delimiter or source.delimiter)
    there = newest.reshape(columns)[0] if newest.reshape else columns
    missing = [column for column in newest.required if column not in {name.lower() for name in there}]
    if source.wide and not _months(source, columns):
        missing.append(f"{source.wide}AAAATM")
    return f"column {', '.join(missing)} not found; the header has: {', '.join(columns)[:300]}"


def read_lines(
    lines: DataFrame,
    reading: Reading,
    accounts: DataFrame | None = None,
    series: Series = None,
    has_quotes: bool = True,
) -> DataFrame:
    """Type the records of a file.

    Args:
        lines: ``_line`` (physical number, header = 1) and ``_raw`` (text without its line end); blank lines left out.
        reading: The file's layout and columns.
        accounts: For a layout by account, the establishments of each: see :mod:`sf_spark.sources.comptes`.
        series: For a source that gathers lines, the first month of the series and the one after its last.
        has_quotes: Whether a line may have a quote; where none has, reading is faster.

    Returns:
        One row a record: the source's typed columns, ``_line, _raw, _errors, _class``.
    """
    source, layout, columns = reading.source, reading.layout, list(reading.columns)
    if layout.trailer:
        lines = lines.where(~F.col("_raw").rlike(layout.trailer))
    framed = lines.withColumn("_framed", frame(F.col("_raw"), reading.delimiter, source.lazy_quotes, has_quotes))
    framed = framed.select("_line", "_raw", "_framed.fields", _framing(len(columns)).alias("_framing"))
    if layout.reshape:
        columns, records = layout.reshape(columns)
        whole = F.when(F.size("_framing") == 0, records(F.col("fields"))).otherwise(F.array(F.col("fields")))
        framed = framed.select("_line", "_raw", "_framing", F.explode(whole).alias("fields"))
    fields = F.col("fields")
    text = framed.select(
        "_line", "_raw", "_framing", *_named_cells(reading, columns, fields), *_wide_cells(source, columns, fields)
    )
    cleaned = _cleaned(text, source, layout)
    if layout.by_account and accounts is not None:
        cleaned = with_siret(cleaned, accounts, source.account_date)
    if source.gather is not None and series is not None:
        cleaned = source.gather(cleaned, *series)
    return _classify(cleaned, source)


def compact(read: DataFrame) -> DataFrame:
    """The same rows with what is left to do with their text: it goes, but for that of rejected lines.

    Adds ``_raw_hash``, which stands for the text, ``_first`` and ``_second`` for what is read from it (of a wide line,
    for its entity), and ``_undecodable``: whether it is not UTF-8. Reasons are null where there are none.
    """
    raw, reasons = F.col("_raw"), F.col("_errors")
    return read.withColumns(
        {
            "_raw": F.when(F.col("_class") == REJECTED, raw),
            "_errors": F.when(F.size(reasons) > 0, reasons),
            "_raw_hash": F.xxhash64(raw),
            "_undecodable": ~F.is_valid_utf8(raw),
            **fingerprint(content_columns(read)),
        }
    )


def staged_lines(read: DataFrame, source: Source) -> DataFrame:
    """The compacted lines of a file that give facts: entity, values, ``_line``, hashes; see :func:`facts_of`.

    A rejected line gives none, except where the source says that its readable values stay.
    """
    kept = F.col("_class") == ACCEPTED
    if source.emits_rejected:
        kept = kept | ((F.col("_class") == REJECTED) & F.col("_framed_well") & _valid_key(source))
    # The key is looked at once a line: a wide line gives a fact for each of its months.
    rows = _with_identity(read.where(kept), source)
    return rows.drop("_raw", "_errors", "_class", "_framed_well", "_undecodable")


def facts_of(lines: DataFrame) -> DataFrame:
    """One row a fact: a line, or each of its ``_tuples`` where it has them; a tuple that lacks a value is no fact."""
    if "_tuples" not in lines.columns:
        return lines
    values = tuple_fields(lines)
    facts = lines.withColumn("_tuple", F.explode("_tuples")).drop("_tuples")
    return facts.select("*", "_tuple.*").drop("_tuple").na.drop(subset=values)


def tuple_fields(lines: DataFrame) -> list[str]:
    """The names of the values of each of the ``_tuples``."""
    return lines.select(F.explode("_tuples").alias("_tuple")).select("_tuple.*").columns


def _with_identity(rows: DataFrame, source: Source) -> DataFrame:
    """Put what the key says before the values: the company, and the flags of its number."""
    if source.key_column not in ("siret", "siren"):
        return rows
    key = F.col(source.key_column)
    identity = {source.key_column: key, "est_luhn_valide": is_luhn_valid(key, source.key_column)}
    if source.key_column == "siret":
        identity |= {"siren": siren_of(key), "est_pseudo_siret": is_pseudo_siret(key)}
    values = [name for name in rows.columns if name not in identity]
    return rows.select(*(column.alias(name) for name, column in identity.items()), *values)


def content_columns(rows: DataFrame) -> list[str]:
    """The columns of staged rows that hold what the partner says, as opposed to where it was read."""
    return [name for name in rows.columns if not name.startswith("_")]


def _cleaned(text: DataFrame, source: Source, layout: Layout) -> DataFrame:
    """Apply the layout's own rules, keeping the framing problems beside them."""
    carried = text.withColumn("_line", F.struct("_line", "_framing")).drop("_framing")
    cleaned = (layout.clean or source.clean)(carried)
    return cleaned.withColumn("_framing", F.col("_line._framing")).withColumn("_line", F.col("_line._line"))


def _classify(cleaned: DataFrame, source: Source) -> DataFrame:
    key = F.col(source.key_column)
    provisional = key.rlike(r"^[0-9A-Za-z]{14}\z") if source.key_column == "siret" else F.lit(False)
    invalid_key = F.coalesce(
        problem(
            ~_valid_key(source) & provisional, "provisional_siret", "siret", key, "a final SIRET: it holds letters"
        ),
        problem(~_valid_key(source), "bad_key", source.key_column, key, _key_name(source)),
    )
    well_framed = F.size("_framing") == 0
    errors = F.when(well_framed, or_else(F.col("_errors"), invalid_key)).otherwise(F.col("_framing"))
    skipped = well_framed & F.col("_skip").isNotNull()
    return (
        cleaned.withColumn("_errors", errors)
        .withColumn(
            "_class",
            F.when(skipped, SKIPPED).when(F.size("_errors") > 0, REJECTED).otherwise(ACCEPTED),
        )
        .withColumn("_framed_well", well_framed)
        .drop("_framing", "_skip")
    )


def _framing(width: int) -> Column:
    """Why a record is not well-formed: array<struct>, empty when it is."""
    error, fields = F.col("_framed.error"), F.col("_framed.fields")
    return problems(
        problem(~F.is_valid_utf8("_raw"), "encoding", "", F.lit("the line"), "UTF-8"),
        _framing_problem(error),
        problem(
            error.isNull() & (F.size(fields) != width),
            "field_count",
            "",
            F.concat(F.size(fields).cast("string"), F.lit(" fields")),
            f"the {width} of the header",
        ),
    )


def _named_cells(reading: Reading, columns: list[str], fields: Column) -> list[Column]:
    """One text column for each column that the source reads; '' where the file does not have it."""
    layout = reading.layout
    names = layout.positional or [layout.rename.get(name.lower(), name.lower()) for name in columns]
    positions: Mapping[str, int] = {name: rank for rank, name in enumerate(names)}  # the last of a name wins
    return [
        (F.coalesce(F.get(fields, F.lit(positions[name])), F.lit("")) if name in positions else F.lit("")).alias(name)
        for name in reading.source.columns_read
    ]


def _wide_cells(source: Source, columns: list[str], fields: Column) -> list[Column]:
    """``_wide``: struct<periodes: array<date>, cells: array<string>> of the columns whose header names a month."""
    if not source.wide:
        return []
    months = _months(source, columns)
    days = F.array(*(F.lit(day) for _, day in months)).cast("array<date>")
    first, last = months[0][0], months[-1][0]
    if last - first + 1 == len(months):  # one beside the other, as they are delivered
        texts = F.slice(fields, first + 1, len(months))
    else:
        texts = F.array(*(F.get(fields, F.lit(rank)) for rank, _ in months))
    return [F.struct(days.alias("periodes"), texts.alias("cells")).alias("_wide")]


def _months(source: Source, columns: list[str]) -> list[tuple[int, date]]:
    """Where a wide header names a month, and which."""
    return [
        (rank, periode)
        for rank, name in enumerate(columns)
        if name.startswith(source.wide) and (periode := period_of_header(name[len(source.wide) :][:6])) is not None
    ]


def _framing_problem(error: Column) -> Column:
    messages = F.create_map(*(F.lit(text) for pair in _FRAMING_MESSAGES.items() for text in pair))
    return F.when(
        error.isNotNull(),
        F.struct(error.alias("code"), F.lit("").alias("column"), F.try_element_at(messages, error).alias("message")),
    )


def _valid_key(source: Source) -> Column:
    return F.coalesce(F.col(source.key_column).rlike(source.valid_key), F.lit(False))


def _key_name(source: Source) -> str:
    names = {"siret": "a SIRET of 14 digits", "siren": "a SIREN of 9 digits"}
    return names.get(source.key_column, f"a key like {source.key_pattern}")
