"""The inputs that a table was built from, and what is stale in it. Pure.

A build names the versions of the input tables, the deliveries in them, the settings and code that compute the table,
and its last month. It is recorded in the commit that it describes. After each commit the table equals a full
computation from the recorded inputs, so one build covers all months of a table.

Staleness follows from two builds: the recorded one, and the one that would be recorded now.

    what differs                                              first month to write
    nothing                                                   none
    a month more                                              that month
    a delivery: 2610 is new, or 2608_01, or corrected         2026-10, 2026-08
    a delivery older than the first one of its source,        every month: it dates the facts of the past
    or the first one of a source
    months of an input table                                  the first of these
    a setting, a module, a table changed in another way       every month
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sf_spark.domain.calendar import batch_date, index_of, start_of
from sf_spark.lake.contents import WHOLE, Content, Happened, changed_parts

_KIND = "sf_spark build 1"  # start of a commit's metadata; the number changes with its meaning
Deliveries = Mapping[str, Mapping[str, str]]  # source -> batch -> digest of the delivery
Since = Callable[[str, Content], Happened]  # path, and content as read -> what happened to the table since, by its log


@dataclass(frozen=True)
class Build:
    """The inputs of a table.

    Attributes:
        read: The input tables by path; None: it did not exist.
        deliveries: The deliveries in the staged tables among them.
        settings: Relevant settings, by name.
        code: Digests of the modules that compute the table.
        last: Its last month; None if it has none, or is not built by month.
        written: First (None: the beginning) and last month that its commit wrote.
        commit: Name of the commit.
    """

    read: Mapping[str, Content | None]
    settings: Mapping[str, Any]
    code: Mapping[str, str]
    deliveries: Deliveries = field(default_factory=dict)
    last: date | None = None
    written: tuple[date | None, date | None] = (None, None)
    commit: str = ""

    def as_text(self) -> str:
        """The build as stored in a commit."""
        content = {
            "kind": _KIND,
            "read": {path: None if c is None else [c.id, c.version, dict(c.files)] for path, c in self.read.items()},
            "settings": dict(self.settings),
            "code": dict(self.code),
            "deliveries": {source: dict(batches) for source, batches in self.deliveries.items()},
            "last": _text_of(self.last),
            "written": [_text_of(month) for month in self.written],
            "commit": self.commit,
        }
        return json.dumps(content, separators=(",", ":"))


@dataclass(frozen=True)
class Stale:
    """What must be written again: the first month (None: all months), and why."""

    first: date | None
    reasons: tuple[str, ...]


def build_from(text: str | None) -> Build | None:
    """The build in a commit's metadata; None for any other metadata."""
    try:
        content = json.loads(text or "")
    except ValueError:
        return None
    if not isinstance(content, dict) or content.get("kind") != _KIND:
        return None
    first, last = (_month_of(month) for month in content["written"])
    return Build(
        read={path: None if c is None else Content(*c) for path, c in content["read"].items()},
        settings=content["settings"],
        code=content["code"],
        deliveries=content["deliveries"],
        last=_month_of(content["last"]),
        written=(first, last),
        commit=content["commit"],
    )


def what_is_stale(before: Build | None, now: Build, by_month: bool, since: Since) -> Stale | None:
    """Compare the recorded build with the build of now; None when nothing is stale.

    Args:
        before: The recorded build; None if unknown.
        now: The build that would be recorded now.
        by_month: Whether a month depends only on facts known then, so that earlier months stay valid.
        since: Returns what happened to a table: it may only have been compacted, or changed by hand.
    """
    if before is None:
        return Stale(None, ("nothing says what it was made of",))
    found = [*_rules(before, now), *_tables(before, now, since), *_deliveries(before, now), *_months(before, now)]
    if not found:
        return None
    reasons = tuple(reason for _, reason in found)
    firsts = [first for first, _ in found if first is not None]
    whole = not by_month or len(firsts) < len(found)
    return Stale(None if whole else min(firsts), reasons)


def shown(value: Any) -> str:
    """A setting, in a line for people."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."


_Found = Iterator[tuple[date | None, str]]  # the first month that is stale (None: all), and why


def _rules(before: Build, now: Build) -> _Found:
    wanted = json.loads(json.dumps(dict(now.settings)))  # as read back from a commit
    for name in sorted(before.settings.keys() | wanted):
        old, new = before.settings.get(name), wanted.get(name)
        if old != new:
            yield None, f"{name} was {shown(old)}, is {shown(new)}"
    changed = sorted(name for name in before.code.keys() | now.code if before.code.get(name) != now.code.get(name))
    if changed:
        yield None, f"code has changed: {', '.join(changed[:3])}{' ...' if len(changed) > 3 else ''}"


def _tables(before: Build, now: Build, since: Since) -> _Found:
    delivered = {f"staged/{source}" for source in _changed_sources(before.deliveries, now.deliveries)}
    for path in sorted(before.read.keys() | now.read):
        old, new = before.read.get(path), now.read.get(path)
        if old is None and new is None:
            continue
        if old is None or new is None:
            if path not in delivered:
                yield None, f"{path} is {'new' if old is None else 'gone'}"
            continue
        if old.id != new.id:
            yield None, f"{path} is another table of this name"
            continue
        parts = changed_parts(old, new)
        happened = since(path, old) if parts else "nothing"
        if happened == "nothing" or (happened == "written" and path in delivered):
            continue
        months = [date.fromisoformat(part) for part in parts if part != WHOLE]
        how = f"from {months[0]:%Y-%m} on" if len(months) == len(parts) else "by something else than a delivery"
        yield (months[0] if len(months) == len(parts) else None), f"{path} was changed {how}"


def _deliveries(before: Build, now: Build) -> _Found:
    for source, batches in _changed_sources(before.deliveries, now.deliveries).items():
        taken_in = before.deliveries.get(source, {})
        for batch in batches:
            if not taken_in:
                yield None, f"{source} was delivered for the first time ({batch})"
            elif batch < min(taken_in):
                yield None, f"{batch} of {source} came after it was written and is older than the first one"
            else:
                gone = batch not in now.deliveries.get(source, {})
                what = "is gone" if gone else "was corrected" if batch in taken_in else "came after it was written"
                yield start_of(index_of(batch_date(batch))), f"{batch} of {source} {what}"


def _changed_sources(before: Deliveries, now: Deliveries) -> dict[str, list[str]]:
    """For each source, the batches that were added, removed or changed."""
    found = {}
    for source in sorted(before.keys() | now.keys()):
        old, new = before.get(source, {}), now.get(source, {})
        changed = sorted(batch for batch in old.keys() | new.keys() if old.get(batch) != new.get(batch))
        if changed:
            found[source] = changed
    return found


def _months(before: Build, now: Build) -> _Found:
    if before.last == now.last:
        return
    if before.last is None or now.last is None:
        yield None, "its last month was unknown"
        return
    first = start_of(index_of(min(before.last, now.last)) + 1)
    yield first, f"its last month was {before.last:%Y-%m}, is {now.last:%Y-%m}"


def _text_of(month: date | None) -> str | None:
    return None if month is None else month.isoformat()


def _month_of(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
