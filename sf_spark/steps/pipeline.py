"""The whole flow, step by step, from ingest to the list and monitoring. A second run continues it."""

import time
from collections.abc import Callable, Iterable

from pyspark.sql import SparkSession

from sf_spark.lake.runs import note_run
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.build_cards import build_cards
from sf_spark.steps.build_follow_up import build_follow_up
from sf_spark.steps.build_labels import build_labels
from sf_spark.steps.build_panel import build_panel
from sf_spark.steps.build_signals import build_signals
from sf_spark.steps.describe import describe
from sf_spark.steps.ingest import ingest
from sf_spark.steps.monitor import monitor
from sf_spark.steps.publish import publish
from sf_spark.steps.score import score
from sf_spark.steps.train import train

Step = Callable[[SparkSession, Settings, Report], int | None]


def _train(spark: SparkSession, settings: Settings, report: Report) -> None:
    train(spark, settings, report)


def _score(spark: SparkSession, settings: Settings, report: Report) -> None:
    score(spark, settings, None, report)


STEPS: dict[str, Step] = {
    "ingest": ingest,
    "build_panel": build_panel,
    "build_signals": build_signals,
    "build_labels": build_labels,
    "train": _train,
    "score": _score,
    "build_follow_up": build_follow_up,
    "publish": publish,
    "build_cards": build_cards,
    "monitor": monitor,
    "describe": describe,
}


def pipeline(
    spark: SparkSession, settings: Settings, report: Report, reporter: Callable[[str], Report], verbose: bool = False
) -> int:
    """Run the steps in order; each compares the builds of its tables, and writes what is stale.

    Args:
        spark: The session.
        settings: All settings.
        report: Takes progress lines of the pipeline.
        reporter: Returns, for the name of a step, the function that takes its progress lines.
        verbose: Pass on all lines of the steps; else one line a step, and all lines of a failed step.
    """
    for rank, (step, action) in enumerate(STEPS.items(), start=1):
        start, lines, of_step = time.monotonic(), list[str](), reporter(step)
        if verbose:
            report(f"step {rank}/{len(STEPS)} {step}")
        try:
            code = action(spark, settings, of_step if verbose else lines.append) or 0
        except BaseException:
            _pass_on(lines, of_step)
            raise
        seconds = time.monotonic() - start
        note_run(settings.lake, step, seconds, code)
        if code:
            _pass_on(lines, of_step)
            report(f"{step} failed: put it right and run the pipeline again, it goes on from here")
            return code
        if lines:
            report(f"step {rank}/{len(STEPS)} {step}: {lines[-1]} ({seconds:.0f} s)")
    report(f"done. Tables: {settings.lake}; models: {settings.tracking_store()} (make ui)")
    return 0


def _pass_on(lines: Iterable[str], report: Report) -> None:
    for line in lines:
        report(line)
