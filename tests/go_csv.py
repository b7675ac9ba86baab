"""An oracle for delimited files: the documented rules of the reference reader, one character at a time."""

from dataclasses import dataclass, field


@dataclass
class Record:
    """One record: its lines (1 for the first of the text), its fields, and its errors."""

    first: int
    last: int
    fields: list[str] = field(default_factory=list)
    error: str | None = None


def lines_of(text: str) -> list[str]:
    """Lines, each ending in one line feed, and the rest after the last line end, without its carriage return."""
    *ended, rest = text.split("\n")
    return [*(line.removesuffix("\r") + "\n" for line in ended), rest.removesuffix("\r")]


def records(text: str, delimiter: str, lazy: bool) -> list[Record]:
    """All records of a text without its header; blank lines between records are none."""
    lines = lines_of(text)
    found, at = [], 0
    while at < len(lines):
        if lines[at] in ("", "\n"):
            at += 1
            continue
        record = _read(lines, at, delimiter, lazy)
        found.append(record)
        at = record.last
    return found


def _read(lines: list[str], at: int, delimiter: str, lazy: bool) -> Record:
    record = Record(at + 1, at + 1)
    line, place = lines[at], 0
    while True:
        if not line.startswith('"', place):
            end = line.find(delimiter, place)
            value = line[place:] if end < 0 else line[place:end]
            if '"' in value and not lazy:
                record.error = "bare_quote"
                return record
            record.fields.append(value.removesuffix("\n") if end < 0 else value)
            if end < 0:
                return record
            place = end + 1
            continue
        place += 1
        value = ""
        while True:
            if place >= len(line):  # the line ends inside the field
                at += 1
                if at >= len(lines):
                    record.error = None if lazy else "unclosed_quote"
                    record.fields.append(value)
                    return record
                line, place, record.last = lines[at], 0, at + 1
                continue
            character = line[place]
            place += 1
            if character != '"':
                value += character
            elif line.startswith('"', place):
                value += '"'
                place += 1
            elif line.startswith(delimiter, place):
                place += 1
                break
            elif line[place:] in ("", "\n"):
                record.fields.append(value)
                return record
            elif lazy:
                value += '"'
            else:
                record.error = "extraneous_quote"
                return record
        record.fields.append(value)
