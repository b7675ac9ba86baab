"""Editions of the detection list: those published, those to make, and their names. Pure, without Spark.

There is one list for each month and horizon. Its first edition uses the champion of the day, and never changes; a
correction is a new edition that names the one before. The edition in force is the last one.

    list of 2026-10            horizon 18 (train.horizon)    horizon 12
    first edition              detection-2026-10             detection-2026-10-12m
    its first correction       detection-2026-10-v2          detection-2026-10-12m-v2

Names are for people: ``periode``, ``horizon`` and ``edition`` are columns. If ``train.horizon`` has changed and the
short name of a month is taken, the horizon is written out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sf_spark.errors import SfSparkError


@dataclass(frozen=True)
class Edition:
    """An edition, published or to be made.

    Attributes:
        name: Name of the edition, see above.
        periode: First day of the month of the list.
        horizon: Horizon of the model, in months.
        number: 1 for the first edition, 2 for its first correction.
        corrects: The edition that it corrects; empty for a first one.
        reason: Why; empty for a first one.
        previous: The edition of the month before that statuses are compared with; empty where there is none.
        model_name: Name of the model.
        model_version: Version of the model.
        run_id: Id of the training run.
        capacity: Companies that could be visited in the month.
        scored: Companies that the model scored.
    """

    name: str
    periode: date
    horizon: int
    number: int = 1
    corrects: str = ""
    reason: str = ""
    previous: str = ""
    model_name: str = ""
    model_version: str = ""
    run_id: str = ""
    capacity: int = 0
    scored: int = 0

    def record(self) -> dict[str, Any]:
        """The edition as stored in a commit."""
        return {**asdict(self), "periode": self.periode.isoformat()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Edition":
        """The edition stored in a commit."""
        return cls(**{**record, "periode": date.fromisoformat(record["periode"])})


def in_force(published: Iterable[Edition]) -> dict[tuple[int, date], Edition]:
    """The last edition of each horizon and month."""
    ordered = sorted(published, key=lambda each: each.number)
    return {(each.horizon, each.periode): each for each in ordered}


def first_editions(
    published: Iterable[Edition], scored: Mapping[int, Iterable[date]], main_horizon: int
) -> list[Edition]:
    """The first editions to make, month by month.

    Args:
        published: All editions.
        scored: By horizon, the months that its champion has scored.
        main_horizon: The horizon whose lists have the short name.

    Returns:
        For each horizon the scored months after its last list, because no list is inserted before published ones; for a
        horizon without a list, all scored months.
    """
    editions, made = list(published), []
    months = sorted((periode, horizon) for horizon, periodes in scored.items() for periode in set(periodes))
    for periode, horizon in months:
        last = max((each.periode for each in editions if each.horizon == horizon), default=date.min)
        if periode > last:
            edition = Edition(_free_name(editions, periode, horizon, main_horizon, 1), periode, horizon)
            made.append(following(editions, edition))
            editions.append(made[-1])
    return made


def correction(
    published: Iterable[Edition], horizon: int, periode: date | None, reason: str, main_horizon: int
) -> Edition | None:
    """The edition that corrects the one in force; None if that one has the same reason: the correction is done.

    Args:
        published: All editions.
        horizon: Horizon of the list.
        periode: Its month; None for the last one.
        reason: Why.
        main_horizon: The horizon whose lists have the short name.

    Raises:
        SfSparkError: When there is no such list.
    """
    editions = list(published)
    months = sorted({each.periode for each in editions if each.horizon == horizon})
    month = periode or (months[-1] if months else None)
    if month not in months:
        asked = "no list" if month is None else f"no list of {month:%Y-%m}"
        known = f"{months[0]:%Y-%m} .. {months[-1]:%Y-%m}" if months else "none"
        raise SfSparkError(f"{asked} at {horizon} months to correct (published: {known})")
    assert month is not None
    now = in_force(editions)[horizon, month]
    if now.reason == reason:
        return None
    number = now.number + 1
    name = _free_name(editions, month, horizon, main_horizon, number)
    return following(editions, Edition(name, month, horizon, number, now.name, reason))


def following(published: Iterable[Edition], edition: Edition) -> Edition:
    """The edition with ``previous`` set: the last edition of an earlier month."""
    before = [
        each
        for (horizon, periode), each in in_force(published).items()
        if horizon == edition.horizon and periode < edition.periode
    ]
    latest = max(before, key=lambda each: each.periode, default=None)
    return replace(edition, previous="" if latest is None else latest.name)


def earlier_in_force(published: Iterable[Edition], edition: Edition) -> list[str]:
    """The names of the editions in force of earlier months, in order: the history that an edition uses."""
    found = [
        each
        for (horizon, periode), each in in_force(published).items()
        if horizon == edition.horizon and periode < edition.periode
    ]
    return [each.name for each in sorted(found, key=lambda each: each.periode)]


def _free_name(published: Iterable[Edition], periode: date, horizon: int, main_horizon: int, number: int) -> str:
    taken = {each.name for each in published}
    short, full = f"detection-{periode:%Y-%m}", f"detection-{periode:%Y-%m}-{horizon}m"
    version = f"-v{number}" if number > 1 else ""
    return short + version if horizon == main_horizon and short + version not in taken else full + version
