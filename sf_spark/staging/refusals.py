"""Why files of a source cannot be taken in as a batch: one line each, of what is missing and what to do."""

from collections.abc import Sequence

from sf_spark.landing.files import DeliveredFile
from sf_spark.landing.range_task import RangeOutcome
from sf_spark.sources import Source

STOPPED = "not read: the perimeter file {} of this batch could not be taken in, and says whom the others are for"
UNFINISHED = "unfinished, as its name says: deliver it under its own name when it is whole"
EMPTIED = (
    "{}: no line has a value, and half of the lines or more had one in the delivery before: nothing was taken in; "
    "say --whole {} if that is right"
)


def refusal_of(batch: str, source: Source, delivered: list[DeliveredFile], past: list[tuple[str, str]]) -> str:
    """Why the files of a source cannot be taken in as this batch; '' when they can.

    A snapshot is compared with the one before, so it cannot be inserted before a stored one. The files already taken in
    for the batch belong to the same delivery, and must still exist.
    """
    if older := older_than_stored(batch, source, [other for other, _ in past]):
        return older
    gone = sorted({name for other, name in past if other == batch} - {file.name for file in delivered})
    if gone:
        return (
            f"{', '.join(gone)} of the same delivery is no longer in batch {batch}: "
            f"put it back, or deliver the new file as a sub-batch ({batch[:4]}_01)"
        )
    return ""


def older_than_stored(batch: str, source: Source, others: Sequence[str]) -> str:
    """Why a snapshot cannot come before a stored one; '' when it does not."""
    latest = max(others, default="")
    if source.delivery == "snapshot" and latest > batch:
        return (
            f"batch {batch} is older than {latest}, already taken in for {source.name}: "
            f"deliver the correction as a sub-batch of the latest ({latest[:4]}_01)"
        )
    return ""


def why_broken(outcomes: list[RangeOutcome], invalid_utf8_share: float) -> str:
    """Why a file that was read is broken as a whole; '' when it is not."""
    read, undecodable = sum(o.read for o in outcomes), sum(o.undecodable for o in outcomes)
    if undecodable > invalid_utf8_share * max(read, 1):
        return f"wrong encoding: {undecodable} of {read} lines are not UTF-8; convert the file and deliver it again"
    fatal = min((outcome.fatal for outcome in outcomes if outcome.fatal is not None), default=None)
    return f"line {fatal[0]}: {fatal[1]}; this file is taken whole or not at all" if fatal else ""
