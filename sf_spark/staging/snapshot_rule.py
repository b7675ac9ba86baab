"""When a snapshot is too small to be complete."""

from collections.abc import Sequence
from dataclasses import dataclass

from sf_spark.staging.batch import Batch
from sf_spark.staging.comparison import BucketOutcome


@dataclass(frozen=True)
class SnapshotRule:
    """When a snapshot is too small to be complete, and what the user says about it.

    Attributes:
        smallest_share: Smallest share of the facts in force; a smaller snapshot is refused.
        says: ``whole``: it is complete, however small; ``partial``: it only adds and corrects; '': nothing.
        damaged_header: Whether the header may lack or misname a month: see ``doubtful_months``.
        fewer_files: Whether there are fewer files than in the delivery before.
        held_back: Number of facts held back by the last delivery: they are in force, but in no delivery.
    """

    smallest_share: float
    says: str = ""
    damaged_header: bool = False
    fewer_files: bool = False
    held_back: int = 0

    def refusal(self, batch: Batch, outcomes: Sequence[BucketOutcome], absent: int, ended: int) -> str:
        """Why the snapshot is refused; '' when it is not.

        Args:
            batch: The delivery.
            outcomes: Outcomes of the comparison with what was in force before it.
            absent: Number of facts in force that it does not hold.
            ended: Number of these that an earlier run of it has ended.
        """
        delivered = sum(outcome.delivered for outcome in outcomes)
        in_force = sum(outcome.unchanged for outcome in outcomes) + absent
        if batch.own or batch.is_sub_batch:  # an earlier run or delivery of the month stored and ended some
            in_force += sum(max(file.rows, 0) for file in batch.own) - ended
        in_force -= self.held_back
        if self.says or delivered >= self.smallest_share * in_force:
            return ""
        name = batch.source.name
        return (
            f"holds {delivered} facts where {in_force} are in force (ingest.smallest_share: {self.smallest_share:g}): "
            f"nothing was taken in; say --whole {name} if the others have ended, or --partial {name} if this delivery "
            "only adds and corrects"
        )
