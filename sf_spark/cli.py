"""The command line that all jobs share: arguments, settings, session, exit codes, one clear line for every error."""

import argparse
import logging
import os
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import date, datetime
from typing import NoReturn

from pyspark.sql import SparkSession

from sf_spark.errors import ConfigurationError, SfSparkError, UnexpectedError
from sf_spark.lake.places import check_place, is_remote
from sf_spark.lake.runs import TIMED, note_run
from sf_spark.lake.storage import check_writable
from sf_spark.session import build_session, end_session, java_has_died, reach_stores
from sf_spark.settings import Settings, load_settings

_CAUSE = re.compile(r"^(Caused by: |\S*(Error|Exception): )")  # a line of a stack trace that names a cause
# Messages of Spark and Arrow for a missing column.
_NO_COLUMN = re.compile(r"\[UNRESOLVED_COLUMN|^No match for FieldRef")
_BRING_UP_TO_DATE = (
    "; where another version of the package wrote the table: jobs/pipeline.py brings all tables up to date"
)

Report = Callable[[str], None]
Run = Callable[[SparkSession, Settings, argparse.Namespace, Report], int | None]
RunWithoutSpark = Callable[[Settings, argparse.Namespace, Report], int | None]
Check = Callable[[Settings, argparse.Namespace], None]


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{message} (see {self.prog} --help)")


def job_parser(name: str, description: str) -> argparse.ArgumentParser:
    """The arguments that every job understands."""
    parser = _OneLineParser(prog=name, description=description)
    parser.add_argument("--env", default="local", help="environment: a file of conf/env (default: local)")
    parser.add_argument(
        "--set", dest="overrides", action="extend", nargs="+", default=[], metavar="KEY=VALUE", help="override settings"
    )
    return parser


def month(text: str) -> date:
    """Read AAAA-MM as the first day of that month."""
    try:
        return datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a month: write 2024-03 for March 2024") from None


def main(
    name: str,
    parser: argparse.ArgumentParser,
    run: Run,
    check: Check | None = None,
    argv: list[str] | None = None,
) -> NoReturn:
    """Run one job as a process and leave with its exit code: 0 done, 1 failed, 2 bad arguments or configuration."""
    sys.exit(_guarded(name, lambda: _run(name, parser, run, check, argv)))


def main_without_spark(
    name: str, parser: argparse.ArgumentParser, run: RunWithoutSpark, argv: list[str] | None = None
) -> NoReturn:
    """Run a job that needs no Spark as a process, with the same settings and exit codes."""

    def action() -> int:
        options = parser.parse_args(argv)
        settings = load_settings(options.env, options.overrides)
        reach_stores(settings)
        return run(settings, options, reporter(name)) or 0

    sys.exit(_guarded(name, action))


def reporter(name: str) -> Report:
    """Progress lines: seconds since the start, job, text."""
    start = time.monotonic()

    def report(text: str) -> None:
        print(f"[{time.monotonic() - start:6.1f} s] {name}: {text}", flush=True)

    return report


def _run(name: str, parser: argparse.ArgumentParser, run: Run, check: Check | None, argv: list[str] | None) -> int:
    options = parser.parse_args(argv)
    settings = load_settings(options.env, options.overrides)
    reach_stores(settings)
    # Stores can be read once Spark's own configuration is known.
    local = not any(map(is_remote, (settings.lake, settings.landing, settings.truth)))
    if check is not None and local:
        check(settings, options)
    check_place("landing", settings.landing)
    check_writable("lake", settings.lake)
    report = reporter(name)
    # PySpark logs a failed query as one line of JSON with its stack; the user gets our line, the trace file the rest.
    logging.getLogger("DataFrameQueryContextLogger").disabled = True
    # Likewise for Py4J, which logs two stacks when the Java process dies.
    logging.getLogger().addFilter(lambda record: record.msg != "Exception while sending command.")
    spark, start = build_session(settings, name), time.monotonic()
    try:
        if not local:
            reach_stores(settings, spark)
            if check is not None:
                check(settings, options)
        code = run(spark, settings, options, report) or 0
        if name in TIMED:
            note_run(settings.lake, name, time.monotonic() - start, code)
        return code
    except (SfSparkError, KeyboardInterrupt):
        raise
    except Exception as error:
        # Its text may come from Java, which ends with the session.
        cause = "the Java process of Spark has died" if java_has_died() else _one_line(error)
        raise UnexpectedError(f"{cause} (details: {_write_trace()})") from None
    finally:
        end_session(spark)


def _guarded(name: str, action: Callable[[], int]) -> int:
    try:
        return action()
    except SfSparkError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{name}: interrupted; run it again to go on", file=sys.stderr)
        return 1
    except Exception as error:  # last resort: one line for the user, the file for a developer
        print(f"{name}: {_one_line(error)} (details: {_write_trace()})", file=sys.stderr)
        return 1


def _one_line(error: Exception) -> str:
    """The cause of an error: the last one named by Java or Python, else the first line of the error."""
    lines = [line.strip() for line in _text(error).splitlines() if line.strip()]
    causes = [line for line in lines if _CAUSE.match(line)]
    said = _CAUSE.sub("", causes[-1]) if causes else lines[0] if lines else "no message"
    hint = _BRING_UP_TO_DATE if any(_NO_COLUMN.search(line) for line in lines) else ""
    return f"{type(error).__name__}: {said[:300]}{hint}"


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as dead:  # the text of an error is lost if its Java process has died
        return f"the Java process of Spark does not answer any more ({type(dead).__name__})"


def _write_trace() -> str:
    handle, path = tempfile.mkstemp(prefix="sf_spark-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        try:
            traceback.print_exc(file=file)
        except Exception as dead:
            file.write(f"(the rest is not to be had: {type(dead).__name__})\n")
    return path
