"""Staleness depends on two builds only: no clock, no file time."""

from dataclasses import replace
from datetime import date

import pytest

from sf_spark.lake.builds import Build, Stale, build_from, what_is_stale
from sf_spark.lake.contents import WHOLE, Content, Happened

DEBIT, PANEL = "staged/debit", "panel/etablissement"
DELIVERIES = {"debit": {"2401": "a", "2402": "b", "2403": "c"}}


def content(version: int, id_: str = "id", **files: str) -> Content:
    return Content(id_, version, files or {WHOLE: f"files of {version}"})


def months(**digests: str) -> dict[str, str]:
    return {f"2024-{name[1:]}-01": digest for name, digest in digests.items()}


BEFORE = Build(
    read={DEBIT: content(3), "staged/paydex": None, PANEL: Content("p", 1, months(m01="x", m02="y", m03="z"))},
    settings={"cutoff_day": 20, "panel.activites": ["O", "P"]},
    code={"sf_spark.panel.build": "1", "sf_spark.domain.calendar": "2"},
    deliveries=DELIVERIES,
    last=date(2024, 3, 1),
    written=(None, date(2024, 3, 1)),
    commit="c1",
)


def stale(
    now: Build, before: Build | None = BEFORE, by_month: bool = True, happened: Happened = "written"
) -> Stale | None:
    return what_is_stale(before, now, by_month, lambda path, old: happened)


def delivered(**batches: str | None) -> Build:
    """The build after some deliveries of ``debit``: ``b2403_01="d"`` came, ``b2402=None`` went."""
    digests = DELIVERIES["debit"] | {name[1:]: digest for name, digest in batches.items()}
    kept = {batch: digest for batch, digest in digests.items() if digest is not None}
    return replace(BEFORE, deliveries={"debit": kept}, read={**BEFORE.read, DEBIT: content(4)})


def reading(path: str, current: Content | None) -> Build:
    return replace(BEFORE, read={**BEFORE.read, path: current})


@pytest.mark.parametrize(
    ("now", "first", "why"),
    [
        (replace(BEFORE, last=date(2024, 4, 1)), date(2024, 4, 1), "last month was 2024-03, is 2024-04"),
        (replace(BEFORE, last=date(2024, 2, 1)), date(2024, 3, 1), "last month was 2024-03, is 2024-02"),
        (delivered(b2404="d"), date(2024, 4, 1), "2404 of debit came after it was written"),
        (delivered(b2403_02="d", b2404="e"), date(2024, 3, 1), "2403_02 of debit came"),
        (delivered(b2402="other"), date(2024, 2, 1), "2402 of debit was corrected"),
        (delivered(b2403=None), date(2024, 3, 1), "2403 of debit is gone"),
        (delivered(b2401_01="d", b2404="e"), date(2024, 1, 1), "2401_01 of debit came"),
        (delivered(b2312="d"), None, "2312 of debit came after it was written and is older than the first one"),
        (
            replace(
                BEFORE,
                deliveries=DELIVERIES | {"paydex": {"2403": "a"}},
                read={**BEFORE.read, "staged/paydex": content(0)},
            ),
            None,
            "paydex was delivered for the first time",
        ),
        (replace(BEFORE, settings={**BEFORE.settings, "cutoff_day": 15}), None, "cutoff_day was 20, is 15"),
        (
            replace(BEFORE, code={**BEFORE.code, "sf_spark.domain.calendar": "3"}),
            None,
            "code has changed: sf_spark.domain.calendar",
        ),
        (reading(PANEL, Content("p", 2, months(m01="x", m02="Y", m03="Z"))), date(2024, 2, 1), "from 2024-02 on"),
        (reading(PANEL, Content("p", 2, months(m01="x", m02="y"))), date(2024, 3, 1), "from 2024-03 on"),
        (reading(PANEL, replace(BEFORE.read[PANEL], id="q")), None, "another table of this name"),  # type: ignore[type-var]
        (reading(DEBIT, content(4)), None, "staged/debit was changed by something else than a delivery"),
        (reading(DEBIT, None), None, "staged/debit is gone"),
    ],
)
def test_what_is_stale_and_why(now: Build, first: date | None, why: str) -> None:
    found = stale(now)
    assert found is not None and found.first == first
    assert why in "; ".join(found.reasons)
    whole = stale(now, by_month=False)
    assert whole is not None and whole.first is None  # a table that looks ahead is written as a whole


def test_nothing_is_stale_when_all_is_as_it_was_recorded() -> None:
    assert stale(BEFORE) is None
    assert stale(replace(BEFORE, written=(None, None), commit="")) is None  # what a commit wrote is no input


def test_what_no_build_speaks_of_is_stale() -> None:
    assert stale(BEFORE, before=None) == Stale(None, ("nothing says what it was made of",))


def test_a_table_laid_out_anew_is_the_same() -> None:
    assert stale(reading(DEBIT, content(4)), happened="nothing") is None
    assert stale(reading(DEBIT, replace(content(9), files=BEFORE.read[DEBIT].files))) is None  # type: ignore[union-attr]


def test_a_delivery_does_not_hide_what_was_done_by_hand_beside_it() -> None:
    now = delivered(b2404="d")
    assert (found := stale(now)) is not None and found.first == date(2024, 4, 1)
    by_hand = stale(now, happened="changed by hand")
    assert by_hand is not None and by_hand.first is None


def test_settings_a_then_b_then_a() -> None:
    b = replace(BEFORE, settings={**BEFORE.settings, "cutoff_day": 15})
    assert stale(b) is not None
    assert stale(BEFORE, before=b) is not None
    assert stale(BEFORE, before=BEFORE) is None


def test_a_build_comes_back_from_a_commit_as_it_was() -> None:
    assert build_from(BEFORE.as_text()) == BEFORE
    assert (
        stale(replace(BEFORE, settings={**BEFORE.settings, "panel.activites": ("O", "P")})) is None
    )  # a tuple, a list


@pytest.mark.parametrize("text", [None, "", "a note by hand", "[]", '{"kind":"sf_spark build 0"}'])
def test_what_others_write_into_a_commit_is_no_build(text: str | None) -> None:
    assert build_from(text) is None
