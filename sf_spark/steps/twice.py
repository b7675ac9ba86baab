"""Run a step beside another job: if the other one has changed a table meanwhile, the step is run once more."""

from collections.abc import Callable

from sf_spark.errors import ConcurrentWriteError
from sf_spark.steps import Report


def tried_twice(action: Callable[[], int], report: Report) -> int:
    """Run a step, and once more if another job was first, whose result is then read.

    Raises:
        ConcurrentWriteError: When another job was first again.
    """
    try:
        return action()
    except ConcurrentWriteError as error:
        report(f"{error}; trying once more")
        return action()
