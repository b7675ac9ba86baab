"""The output of the pipeline: a line a step, and all lines of a failed step."""

import pytest

from sf_spark.errors import SfSparkError
from sf_spark.settings import Settings
from sf_spark.steps import Report, pipeline


def read(spark: object, settings: Settings, report: Report) -> None:
    report("reading")
    report("12 lines read")


def watch(spark: object, settings: Settings, report: Report) -> int:
    report("WARNING: drift")
    report("1 warning")
    return 0


def failing(spark: object, settings: Settings, report: Report) -> int:
    report("a.csv: failed: no header")
    report("1 file failed")
    return 1


def broken(spark: object, settings: Settings, report: Report) -> int:
    report("half-way")
    raise SfSparkError("no model")


def said_by(settings: Settings, verbose: bool = False) -> tuple[int, list[str]]:
    said: list[str] = []

    def reporter(step: str) -> Report:
        return lambda line: said.append(f"{step}: {line}")

    code = pipeline.pipeline(None, settings, said.append, reporter, verbose)  # type: ignore[arg-type]
    return code, [line.partition(" (")[0] for line in said]


def test_a_step_is_one_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "STEPS", {"read": read, "watch": watch})
    code, said = said_by(settings)
    assert (code, said[:-1]) == (0, ["step 1/2 read: 12 lines read", "step 2/2 watch: 1 warning"])
    assert said[-1].startswith("done. ")
    _, everything = said_by(settings, verbose=True)
    assert everything[:4] == ["step 1/2 read", "read: reading", "read: 12 lines read", "step 2/2 watch"]
    assert everything[4:6] == ["watch: WARNING: drift", "watch: 1 warning"]


def test_of_a_step_that_fails_everything_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "STEPS", {"failing": failing, "read": read})
    code, said = said_by(settings)
    assert code == 1
    assert said[:2] == ["failing: a.csv: failed: no header", "failing: 1 file failed"]
    assert said[2].startswith("failing failed: ") and len(said) == 3


def test_what_a_step_said_before_it_broke_is_not_lost(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "STEPS", {"broken": broken})
    said: list[str] = []
    with pytest.raises(SfSparkError, match="no model"):
        pipeline.pipeline(None, settings, said.append, lambda step: said.append)  # type: ignore[arg-type]
    assert said == ["half-way"]
