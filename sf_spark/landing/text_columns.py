"""Which fields of a record are read, and the text columns that they become."""

import numpy as np
import polars as pl

from sf_spark.landing.recognition import Reading
from sf_spark.landing.scan import NOT_WANTED


class TextColumns:
    """The fields of a record to read, and their names in ``clean``.

    Attributes:
        records: Number of records that a line holds: several only where the layout is reshaped.
        places: Fields to read as text, in order.
        texts: Number of these.
        wanted: For each field of a line, its rank among the columns to scan (texts, then the months of a wide file), or
            ``NOT_WANTED``.
    """

    def __init__(self, reading_: Reading) -> None:
        layout, source, columns = reading_.layout, reading_.source, list(reading_.columns)
        self._columns_read = source.columns_read
        if layout.reshape:
            reshaped = layout.reshape(columns)
            names = [layout.rename.get(name.lower(), name.lower()) for name in reshaped.columns]
            self._records = [dict(zip(names, record, strict=True)) for record in reshaped.records]
        else:
            self._records = [{name: rank for rank, name in enumerate(reading_.names)}]  # the last of one name wins
        self._records = [{n: p for n, p in record.items() if n in self._columns_read} for record in self._records]
        self.records = len(self._records)
        self.places = sorted({place for record in self._records for place in record.values() if isinstance(place, int)})
        self.texts = len(self.places)
        self.wanted = np.full(len(columns), NOT_WANTED, np.int64)
        self.wanted[self.places] = np.arange(self.texts)
        months = [place for place, _ in reading_.months]
        self.wanted[months] = np.arange(self.texts, self.texts + len(months))

    def text(self, place: pl.DataFrame, columns: list[pl.Series]) -> pl.DataFrame:
        """One text column for each column that the source reads, '' where the file lacks it; one row a record."""
        at = {place: columns[rank] for rank, place in enumerate(self.places)}
        frames = [
            place.with_columns(
                pl.lit(part, pl.UInt16).alias("_part"),
                *(_column(name, record.get(name), at) for name in self._columns_read),
            )
            for part, record in enumerate(self._records)
        ]
        if len(frames) == 1:
            return frames[0]
        return pl.concat(frames).sort("_at", "_part") if frames else _nothing(place, self._columns_read)


def _nothing(place: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    empty = place.clear().with_columns(pl.lit(0, pl.UInt16).alias("_part"))
    return empty.with_columns(*(pl.lit("").alias(name) for name in names))


def _column(name: str, place: int | str | None, columns: dict[int, pl.Series]) -> pl.Series | pl.Expr:
    if isinstance(place, int):
        return columns[place].alias(name)
    return pl.lit(place or "").alias(name)
