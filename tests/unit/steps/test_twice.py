"""A step overtaken by another job is run once more, and gives way the second time."""

from collections.abc import Callable

import pytest

from sf_spark.errors import ConcurrentWriteError, SfSparkError
from sf_spark.steps.twice import tried_twice


def step(*errors: Exception | None) -> tuple[list[int], Callable[[], int]]:
    left: list[Exception | None] = [*errors]
    done: list[int] = []

    def action() -> int:
        done.append(len(done))
        error = left.pop(0)
        if error is not None:
            raise error
        return 0

    return done, action


@pytest.mark.parametrize(
    ("errors", "times"), [([None], 1), ([ConcurrentWriteError("another job came first"), None], 2)]
)
def test_it_is_made_again_once(errors: list[Exception | None], times: int) -> None:
    said: list[str] = []
    done, action = step(*errors)
    assert tried_twice(action, said.append) == 0
    assert len(done) == times
    assert said == ["another job came first; trying once more"][: times - 1]


def test_the_second_time_it_gives_way() -> None:
    done, action = step(ConcurrentWriteError("first"), ConcurrentWriteError("second"))
    with pytest.raises(ConcurrentWriteError, match="second"):
        tried_twice(action, lambda text: None)
    assert len(done) == 2


def test_another_error_is_not_tried_again() -> None:
    done, action = step(SfSparkError("no disk"))
    with pytest.raises(SfSparkError, match="no disk"):
        tried_twice(action, lambda text: None)
    assert len(done) == 1
