"""Run the whole flow, step after step: ingest, panels, signals, labels, model, scores, list. Run again, it goes on."""

import argparse
from functools import partial
from types import ModuleType

from pyspark.sql import SparkSession

from jobs import build_labels, build_panel, build_signals, generate, ingest, publish, score, train
from sf_spark.cli import Report, job_parser, main, reporter
from sf_spark.io.steps import finished_steps, run_name, run_step
from sf_spark.settings import Settings

STEPS: dict[str, ModuleType] = {
    "ingest": ingest,
    "build_panel": build_panel,
    "build_signals": build_signals,
    "build_labels": build_labels,
    "train": train,
    "score": score,
    "publish": publish,
}


def parser() -> argparse.ArgumentParser:
    """The arguments of this job."""
    arguments = job_parser("pipeline", __doc__ or "")
    arguments.add_argument("--generate", action="store_true", help="generate the deliveries first (a demonstration)")
    return arguments


def check(settings: Settings, options: argparse.Namespace) -> None:
    """Make or find the deliveries before Spark starts."""
    if options.generate:
        generate.run(settings, options, reporter("generate"))
    ingest.check(settings, ingest.parser().parse_args([]))


def run(spark: SparkSession, settings: Settings, options: argparse.Namespace, report: Report) -> int:
    """Run the steps that this run has not finished yet; the list is always printed."""
    name = run_name(settings, list(STEPS))
    done = finished_steps(spark, settings.lake, name)
    for rank, (step, job) in enumerate(STEPS.items(), start=1):
        title = f"step {rank}/{len(STEPS)} {step}"
        if step in done and step != "publish":
            report(f"{title}: already done")
            continue
        report(title)
        defaults = job.parser().parse_args([])
        action = partial(job.run, spark, settings, defaults, reporter(step))
        code = run_step(spark, settings.lake, name, step, action)
        if code:
            report(f"{step} failed: put it right and run the pipeline again, it goes on from here")
            return code
    report(f"done. Tables: {settings.lake}; models: {settings.tracking_store()} (make ui)")
    return 0


if __name__ == "__main__":
    main("pipeline", parser(), run, check)
