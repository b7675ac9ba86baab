"""Writing one delivered file, line after line, with its damaged and blank lines, and counting what it holds."""

import gzip
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from sf_spark.demo.files.damage import PROVISIONAL_KIND, spoil
from sf_spark.demo.files.layouts import Layout
from sf_spark.demo.files.lines import BatchLines

ReportDirty = Callable[[int, str], None]


@dataclass(frozen=True)
class FileCount:
    """What one file of one delivery holds; a reader accepts `data_lines - dirty_lines - skipped_lines`."""

    batch: str
    file: str
    data_lines: int  # blank lines and the header left out
    dirty_lines: int  # a strict reader rejects them
    skipped_lines: int  # spells of unknown state: a reader leaves them out
    blank_lines: int
    bytes: int
    money_cents: dict[str, int]  # by column, over the lines that a reader accepts


class DeliveryFile:
    """One file being written: damage goes in on the way, and `report_dirty` learns where (header = line 1)."""

    def __init__(
        self,
        folder: Path,
        batch: str,
        name: str,
        layout: Layout,
        header: str,
        rng: np.random.Generator,
        dirty_share: float,
        report_dirty: ReportDirty,
    ) -> None:
        self.batch, self.name, self.layout = batch, name, layout
        self._path = folder / name
        self._raw: IO[bytes] = self._path.open("wb")
        self._out: IO[bytes] = _compressed(self._raw) if layout.compressed else self._raw
        self._rng, self._dirty_share, self._report_dirty = rng, dirty_share, report_dirty
        # Damage owed so far: starting just below one gives even the smallest file a damaged line.
        self._owed = 0.999 if dirty_share else 0.0
        self._line = 0  # physical lines written so far
        self._counts = Counter[str]()
        self._money = Counter[str]()
        self._write([header])

    def append(self, lines: BatchLines) -> None:
        """Write the lines of a block, damaged copies among them."""
        if not lines.text:
            return
        sources = self._lines_to_damage(lines)
        text: list[str] = []
        done = 0
        moved_down = np.searchsorted(sources, lines.refused).tolist()
        places = zip(lines.refused, moved_down, strict=True)
        dirty = [(self._line + 1 + rank + shift, PROVISIONAL_KIND) for rank, shift in places]
        for source in sources:
            text += lines.text[done : source + 1]
            kind, damaged = spoil(self._rng, self.layout, lines.text[source])
            text.append(damaged)
            dirty.append((self._line + len(text), kind))
            done = source + 1
        self._write(text + lines.text[done:])
        for line, kind in sorted(dirty):
            self._report_dirty(line, kind)
        self._counts.update(data=len(lines.text) + len(sources), dirty=len(dirty), skipped=len(lines.skipped))
        self._money.update(lines.money)
        if self.layout.blank_lines:
            self._write([""])
            self._counts["blank"] += 1

    def release(self) -> None:
        """Close the file; closing it again changes nothing."""
        self._out.close()
        self._raw.close()

    def finish(self) -> FileCount:
        """Close the file and say what it holds."""
        self.release()
        counts = self._counts
        return FileCount(
            batch=self.batch,
            file=self.name,
            data_lines=counts["data"],
            dirty_lines=counts["dirty"],
            skipped_lines=counts["skipped"],
            blank_lines=counts["blank"],
            bytes=self._path.stat().st_size,
            money_cents=dict(self._money),
        )

    def _lines_to_damage(self, lines: BatchLines) -> list[int]:
        self._owed += self._dirty_share * len(lines.text)
        wanted = int(self._owed)
        # A line that is refused or left out anyway would prove nothing.
        good = np.setdiff1d(np.arange(len(lines.text)), [*lines.refused, *lines.skipped])
        chosen = np.sort(self._rng.permutation(good)[:wanted]) if wanted else good[:0]
        self._owed -= len(chosen)
        return [int(rank) for rank in chosen]

    def _write(self, lines: list[str]) -> None:
        newline = self.layout.newline
        self._out.write((newline.join(lines) + newline).encode("utf-8"))
        self._line += len(lines)


def _compressed(raw: IO[bytes]) -> IO[bytes]:
    # No name and no time in the header, so that the same lines give the same bytes.
    return gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0)  # type: ignore[return-value]
