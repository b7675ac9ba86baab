"""The whole flow, step after step: ingest, panels, signals, labels, model, scores, list. Run again, it goes on."""

from collections.abc import Callable
from functools import partial

from pyspark.sql import SparkSession

from sf_spark.ml.score import score
from sf_spark.ml.train import train
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.build_labels import build_labels
from sf_spark.steps.build_panel import build_panel
from sf_spark.steps.build_signals import build_signals
from sf_spark.steps.finished import finished_steps, run_name, run_step
from sf_spark.steps.ingest import ingest
from sf_spark.steps.publish import publish

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
    "publish": publish,
}


def pipeline(spark: SparkSession, settings: Settings, report: Report, reporter: Callable[[str], Report]) -> int:
    """Run the steps that this run has not finished yet; the list is always printed.

    Args:
        spark: The session.
        settings: All settings.
        report: Takes progress lines of the pipeline.
        reporter: Makes, for the name of a step, what takes its progress lines.
    """
    name = run_name(settings, list(STEPS))
    done = finished_steps(spark, settings.lake, name)
    for rank, (step, action) in enumerate(STEPS.items(), start=1):
        title = f"step {rank}/{len(STEPS)} {step}"
        if step in done and step != "publish":
            report(f"{title}: already done")
            continue
        report(title)
        code = run_step(spark, settings.lake, name, step, partial(action, spark, settings, reporter(step)))
        if code:
            report(f"{step} failed: put it right and run the pipeline again, it goes on from here")
            return code
    report(f"done. Tables: {settings.lake}; models: {settings.tracking_store()} (make ui)")
    return 0
