"""The expected outcome of a damaged file and of each of its records, by the readers of this folder only."""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from tests.fuzz.layouts.layout import ACCEPTED, REJECTED, Fact, Fuzzed, Outcome, Row
from tests.go_csv import Record, lines_of, records

_UTF8_MARK, _UTF16_MARK = b"\xef\xbb\xbf", b"\xff\xfe"


@dataclass(frozen=True)
class Fate:
    """A record's first physical line, its text, and its expected outcome."""

    line: int
    raw: str
    outcome: Outcome

    @property
    def kept(self) -> str:
        """The text as expected in quarantine: bytes that are not UTF-8 are U+FFFD."""
        return self.raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@dataclass(frozen=True)
class Verdict:
    """The expected outcome of a file: why it must fail, or its layout and its records."""

    failure: str = ""
    layout: Fuzzed | None = None
    fates: list[Fate] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """The number of records of a class."""
        return sum(fate.outcome.kind == kind for fate in self.fates)

    def money(self) -> dict[str, float]:
        """The sums over the accepted records, to the hundredth of a cent."""
        names = self.layout.money if self.layout else ()
        accepted = [fact for fate in self.fates if fate.outcome.kind == ACCEPTED for fact in fate.outcome.facts]
        return {name: float(sum((_exact(fact[name]) for fact in accepted), Decimal())) for name in names}


def judge(layouts: list[Fuzzed], name: str, content: bytes) -> Verdict:
    """The expected outcome of a file.

    Args:
        layouts: Layouts of its source, the newest first.
        name: Its name.
        content: Its bytes as delivered.
    """
    try:
        data = gzip.decompress(content) if name.endswith(".gz") and content else content
    except (OSError, EOFError, zlib.error):
        return Verdict("cannot be decompressed")
    if name.endswith(".gz") and not any(content[-8:]):
        return Verdict("ends with zero bytes")
    try:
        header, number, encoding, mark = _header(data)
    except ValueError as error:
        return Verdict(str(error))
    names = next(csv.reader([header], delimiter=layouts[0].delimiter), [])
    for layout in layouts:
        if layout.encoding == encoding and (layout.mark or not mark) and layout.fits(header, names):
            if not layout.positional and not layout.custom_fit and (damaged := _nearly_spelled(layouts, names)):
                return Verdict(f"column {damaged} nearly spells one that is absent")
            return _read(layout, names, data, number - bool(layout.first_record))
    return Verdict(f"no layout in {encoding}{' with a mark' if mark else ''} has these columns: {header[:200]!r}")


def _nearly_spelled(layouts: list[Fuzzed], names: list[str]) -> str:
    """An unknown column, one edit away from the name of an absent one; '' for none."""
    known = {name for layout in layouts for name in (*layout.required, *layout.optional)}
    present = {name.lower() for name in names}
    strange = present - known - {"siren", "siret"}
    return next((name for name in strange for absent in known - present if absent in _changed(name, absent)), "")


def _changed(text: str, signs: str) -> set[str]:
    """The texts one edit away, with characters of another text."""
    cuts = [(text[:place], text[place:]) for place in range(len(text) + 1)]
    return {
        changed
        for before, behind in cuts
        for changed in (
            *(before + sign + rest for sign in signs for rest in (behind, behind[1:])),
            *(before + behind[1:], before + behind[:2][::-1] + behind[2:]),
        )
    }


def expected_facts(verdicts: Mapping[str, Verdict], batch_day: date) -> dict[str, list[tuple[int, Fact]]]:
    """The facts that the files of a delivery give together, by file, with the line of each.

    Byte-identical lines of a delivery give one fact: the first one counts.
    """
    found: dict[str, list[tuple[int, Fact]]] = {name: [] for name in verdicts}
    seen = set()
    for name, verdict in sorted(verdicts.items()):
        for fate in verdict.fates:
            for fact in fate.outcome.facts:
                key = (fate.raw, tuple(sorted(fact.items())))
                if key in seen:
                    continue
                seen.add(key)
                assert verdict.layout is not None  # it has records
                known = min(verdict.layout.known(fact) or batch_day, batch_day)
                found[name].append((fate.line, fact | {"known_on": known, "superseded_on": None}))
    return found


def _header(data: bytes) -> tuple[str, int, str, bool]:
    """The header's text and line, the encoding, and whether there is a byte order mark.

    Raises:
        ValueError: When there is none.
    """
    encoding = "utf-16-le" if data.startswith(_UTF16_MARK) else "utf-8"
    if encoding == "utf-16-le":
        try:
            data = data.decode("utf-16-le").encode("utf-8")
        except UnicodeError:
            raise ValueError("not UTF-16 to its end") from None
    number, line = next(
        ((at, text) for at, text in enumerate(data.split(b"\n"), start=1) if text.strip(b"\r")), (0, b"")
    )
    if not number:
        raise ValueError("no header")
    line = line.removesuffix(b"\r")
    mark, line = line.startswith(_UTF8_MARK), line.removeprefix(_UTF8_MARK)
    try:
        return line.decode("utf-8"), number, encoding, mark
    except UnicodeDecodeError:
        return line.decode("iso-8859-15"), number, "iso-8859-15", False


def _read(layout: Fuzzed, names: list[str], data: bytes, header_line: int) -> Verdict:
    text = data.decode(layout.encoding, "surrogateescape" if layout.encoding == "utf-8" else "strict")
    body = lines_of(text)[header_line:]
    fates: list[Fate] = []
    gathered: list[tuple[int, str, Row]] = []
    for record in records("".join(body), layout.delimiter, layout.lazy):
        raw = "".join(body[record.first - 1 : record.last - 1]) + body[record.last - 1].removesuffix("\n")
        line = header_line + record.first
        if layout.trailer and re.match(layout.trailer, raw):
            continue
        if not _is_well_framed(record, len(names), raw):
            fates.append(Fate(line, raw, Outcome(REJECTED, fatal=layout.whole)))
        elif layout.gather:
            gathered.append((line, raw, layout.row(names, record.fields)))
        else:
            fates += [Fate(line, raw, outcome) for outcome in layout.rule(layout.row(names, record.fields))]
    if layout.gather:
        fates += [Fate(*made) for made in layout.gather(gathered)]
    fatal = next((fate for fate in fates if fate.outcome.fatal), None)
    return Verdict(f"line {fatal.line} makes it fail") if fatal else Verdict("", layout, fates)


def _is_well_framed(record: Record, width: int, raw: str) -> bool:
    return not record.error and len(record.fields) == width and not re.search("[\udc80-\udcff]", raw)


def _exact(amount: float | None) -> Decimal:
    return Decimal(repr(amount or 0.0)).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def lines(found: list[tuple[int, Fact]]) -> Iterator[tuple[int, tuple[tuple[str, object], ...]]]:
    """Facts in a hashable form."""
    for line, fact in found:
        yield line, tuple(sorted(fact.items()))
