"""From the numbered lines of one file to typed rows with the reasons of rejection. Pure and lazy.

Every line ends up in exactly one class (``_class``), decided in the reference loader's order:

    skipped    a rule of the source leaves the line out; its errors do not count
    rejected   at least one error, or an invalid key when there is no other error
    accepted   the rest
"""

import csv
from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.calendar import period_of_header
from sf_spark.columns import is_pseudo_siret, siren_of
from sf_spark.errors import BrokenFileError
from sf_spark.sources.checks import or_else, problem, problems
from sf_spark.sources.framing import frame
from sf_spark.sources.source import Source

ACCEPTED, REJECTED, SKIPPED = "accepted", "rejected", "skipped"
_FRAMING_MESSAGES = {
    "bare_quote": "a quote inside an unquoted field",
    "extraneous_quote": "a stray quote inside a quoted field",
    "unclosed_quote": "a quoted field that does not end on its line",
}


def header_columns(source: Source, header: str) -> list[str]:
    """The column names of a header line, as written.

    Raises:
        BrokenFileError: When a required column is missing; it names what is missing and what is there.
    """
    names = next(csv.reader([header], delimiter=source.delimiter), [])
    lowered = {name.lower() for name in names}
    missing = [column for column in source.required if column not in lowered]
    if missing:
        there = ", ".join(names)[:300]
        raise BrokenFileError(f"column {', '.join(missing)} not found; the header has: {there}")
    return names


def read_lines(lines: DataFrame, source: Source, columns: list[str]) -> DataFrame:
    """Type the lines of a file.

    Args:
        lines: ``_line`` (physical number, header = 1) and ``_raw`` (text without its line end); blank lines left out.
        source: The layout.
        columns: The header's column names, in the file's order.

    Returns:
        One row a line: the source's typed columns, ``_line, _raw, _errors, _class``.
    """
    width = len(columns)
    framed = lines.withColumn("_framed", frame(F.col("_raw"), source.delimiter, source.lazy_quotes))
    fields = F.col("_framed.fields")
    framing = problems(
        problem(~F.is_valid_utf8("_raw"), "encoding", "", F.lit("the line"), "UTF-8"),
        _framing_problem(F.col("_framed.error")),
        problem(
            F.col("_framed.error").isNull() & (F.size(fields) != width),
            "field_count",
            "",
            F.concat(F.size(fields).cast("string"), F.lit(" fields")),
            f"the {width} of the header",
        ),
    )
    text = framed.select("*", framing.alias("_framing")).select(
        "_line", "_raw", "_framing", *_named_cells(source, columns, fields), *_wide_cells(source, columns, fields)
    )
    return _classify(_cleaned(text, source), source)


def staged_rows(read: DataFrame, source: Source) -> DataFrame:
    """The facts that the lines of a file give, one row each: entity, values, ``_line`` and ``_raw_hash``.

    A rejected line gives none, except where the source says that its readable values stay.
    """
    kept = F.col("_class") == ACCEPTED
    if source.emits_rejected:
        kept = kept | ((F.col("_class") == REJECTED) & F.col("_framed_well") & _valid_key(source))
    rows = read.where(kept).withColumn("_raw_hash", F.xxhash64("_raw"))
    if source.wide:
        rows = rows.withColumn("_tuple", F.explode("_tuples")).select("*", "_tuple.*").drop("_tuple", "_tuples")
    rows = rows.drop("_raw", "_errors", "_class", "_framed_well")
    if source.key_column == "siret":
        values = [name for name in rows.columns if name not in ("siret", "siren")]
        rows = rows.select(
            "siret",
            siren_of(F.col("siret")).alias("siren"),
            is_pseudo_siret(F.col("siret")).alias("est_pseudo_siret"),
            *values,
        )
    return rows


def content_columns(rows: DataFrame) -> list[str]:
    """The columns of staged rows that hold what the partner says, as opposed to where it was read."""
    return [name for name in rows.columns if not name.startswith("_")]


def _cleaned(text: DataFrame, source: Source) -> DataFrame:
    """Apply the source's own rules, keeping the framing problems beside them."""
    carried = text.withColumn("_line", F.struct("_line", "_framing")).drop("_framing")
    cleaned = source.clean(carried)
    return cleaned.withColumn("_framing", F.col("_line._framing")).withColumn("_line", F.col("_line._line"))


def _classify(cleaned: DataFrame, source: Source) -> DataFrame:
    key = F.col(source.key_column)
    invalid_key = problem(~_valid_key(source), "bad_key", source.key_column, key, _key_name(source))
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


def _named_cells(source: Source, columns: list[str], fields: Column) -> list[Column]:
    """One text column for each column that the source reads; '' where the file does not have it."""
    positions: Mapping[str, int] = {name.lower(): rank for rank, name in enumerate(columns)}  # the last of a name wins
    return [
        (F.coalesce(F.get(fields, F.lit(positions[name])), F.lit("")) if name in positions else F.lit("")).alias(name)
        for name in (*source.required, *source.optional)
    ]


def _wide_cells(source: Source, columns: list[str], fields: Column) -> list[Column]:
    """``_wide``: array<struct<periode, cell>> of the columns whose header names a month."""
    if not source.wide:
        return []
    months = [
        (rank, periode)
        for rank, name in enumerate(columns)
        if name.startswith(source.wide) and (periode := period_of_header(name[len(source.wide) :][:6])) is not None
    ]
    named = F.array(*(F.struct(F.lit(rank).alias("rank"), F.lit(day).alias("periode")) for rank, day in months))
    cells = F.transform(
        named,
        lambda month: F.struct(
            month.periode.alias("periode"), F.coalesce(F.get(fields, month.rank), F.lit("")).alias("cell")
        ),
    )
    return [cells.cast("array<struct<periode: date, cell: string>>").alias("_wide")]


def _framing_problem(error: Column) -> Column:
    messages = F.create_map(*(F.lit(text) for pair in _FRAMING_MESSAGES.items() for text in pair))
    return F.when(
        error.isNotNull(),
        F.struct(error.alias("code"), F.lit("").alias("column"), F.try_element_at(messages, error).alias("message")),
    )


def _valid_key(source: Source) -> Column:
    return F.coalesce(F.col(source.key_column).rlike(source.key_pattern), F.lit(False))


def _key_name(source: Source) -> str:
    return "a SIRET of 14 digits" if source.key_column == "siret" else "a SIREN of 9 digits"
