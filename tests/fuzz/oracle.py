"""What must become of each record of a damaged file, told by the readers of this folder alone."""

import csv
import re
from dataclasses import dataclass
from typing import Any

from tests.fuzz.layouts import ACCOUNT, SITE, Fuzzed
from tests.fuzz.readers import FAR, period_start
from tests.go_csv import Record, lines_of, records

ACCEPTED, REJECTED, SKIPPED = "accepted", "rejected", "skipped"


@dataclass(frozen=True)
class Fate:
    """A record's first physical line, its text, its class, and the values it must be staged with."""

    line: int
    raw: str
    kind: str
    values: dict[str, Any]


def fates(layout: Fuzzed, text: str) -> list[Fate] | None:
    """The fate of every record of a file; None where its header is too damaged to tell its columns."""
    lines = lines_of(text)
    start = next((rank for rank, line in enumerate(lines) if line.strip("\n")), len(lines))
    header = lines[start].rstrip("\n") if start < len(lines) else ""
    if header.count('"') % 2 or not header:
        return None
    columns = [name.lower() for name in next(csv.reader([header], delimiter=layout.delimiter))]
    body = lines[start + 1 :]
    found = []
    for record in records("".join(body), layout.delimiter, layout.lazy):
        raw = "".join(body[record.first - 1 : record.last - 1]) + body[record.last - 1].removesuffix("\n")
        kind, values = _fate(layout, columns, record, raw)
        found.append(Fate(start + 1 + record.first, raw, kind, values))
    return found


def _fate(layout: Fuzzed, columns: list[str], record: Record, raw: str) -> tuple[str, dict[str, Any]]:
    if record.error or len(record.fields) != len(columns) or re.search("[\udc80-\udcff]", raw):
        return REJECTED, {}
    cells = dict.fromkeys(layout.columns, "") | dict(zip(columns, record.fields, strict=True))
    siret = SITE
    if layout.by_account:
        if cells[layout.by_account] != ACCOUNT:
            return SKIPPED, {}  # whatever its day
        try:
            if not period_start(cells["periode"]) < FAR:
                return SKIPPED, {}
        except ValueError:
            siret = ""
    if layout.skip(cells):
        return SKIPPED, {}
    try:
        values = {staged: reader(cells[name]) for staged, (name, reader) in layout.values.items()}
    except ValueError:
        return REJECTED, {}
    names, length = layout.key
    key = (
        siret
        if layout.by_account
        else "".join(cells[name] for name in names).replace(" ", "" if names == ("d1",) else " ")
    )
    if not re.fullmatch(f"[0-9]{{{length}}}", key):
        return REJECTED, {}
    return (
        (REJECTED, {}) if layout.all_required and not all(record.fields) else (ACCEPTED, values | {_key(length): key})
    )


def _key(length: int) -> str:
    return "siret" if length == 14 else "siren"
