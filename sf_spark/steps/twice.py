"""A step beside another job: when the other one has changed a table meanwhile, the step is made once more."""

from collections.abc import Callable

from sf_spark.errors import ConcurrentWriteError
from sf_spark.steps import Report


def tried_twice(action: Callable[[], int], report: Report) -> int:
    """Run a step, and once more when another job came first; what that one has written is seen then.

    Raises:
        ConcurrentWriteError: When another job came first again.
    """
    try:
        return action()
    except ConcurrentWriteError as error:
        report(f"{error}; trying once more")
        return action()
