"""The command line in this process: exit codes, one line for each error, the details in a file."""

import argparse
from argparse import Namespace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from sf_spark import cli
from sf_spark.errors import SfSparkError
from sf_spark.settings import Settings


def ended(run: cli.RunWithoutSpark, *argv: str) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main_without_spark("essai", cli.job_parser("essai", "A job."), run, [*argv])
    assert isinstance(left.value.code, int)
    return left.value.code


def nothing(settings: Settings, options: Namespace, report: cli.Report) -> None:
    report(f"lake {settings.lake}")


def failing(error: BaseException) -> cli.RunWithoutSpark:
    def run(settings: Settings, options: Namespace, report: cli.Report) -> None:
        raise error

    return run


def test_a_job_that_is_done_leaves_with_0_and_has_said_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(nothing, "--env", "test", "--set", "lake=/a", "landing=/b", "--set", "lake=/c") == 0
    assert capsys.readouterr().out.endswith(" s] essai: lake /c\n")


def test_the_exit_code_of_a_job_is_its_own() -> None:
    assert ended(lambda settings, options, report: 1) == 1


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--nonsense"], "essai: unrecognized arguments: --nonsense (see essai --help)"),
        (["--env"], "essai: argument --env: expected one argument (see essai --help)"),
        (["--env", "prod"], "essai: unknown environment 'prod': choose cluster, local, test"),
        (["--set", "lake"], "essai: --set takes key=value, not 'lake'"),
        (["--set", "cutoff_day=31"], "essai: setting 'cutoff_day': "),
    ],
)
def test_bad_arguments_are_2_and_one_line(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(nothing, *argv) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith(message) and said.out == ""


def test_a_failure_that_is_known_is_1_and_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(failing(SfSparkError("no signals for 2024-04"))) == 1
    assert capsys.readouterr().err == "essai: no signals for 2024-04\n"


def test_an_interruption_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(failing(KeyboardInterrupt())) == 1
    assert capsys.readouterr().err == "essai: interrupted; run it again to go on\n"


def test_any_other_error_is_1_a_line_and_a_file_with_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    error = ValueError("An error occurred while calling o1.\n: x.JobException: lost\nCaused by: java.io.Error: no disk")
    assert ended(failing(error)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("essai: ValueError: java.io.Error: no disk (details: ")  # the last cause
    details = Path(line.rsplit("(details: ", 1)[1].removesuffix(")"))
    assert "Traceback" in details.read_text()
    details.unlink()


@pytest.mark.parametrize(("text", "line"), [("", "no message"), ("\n  first\nsecond", "first"), ("x" * 400, "x" * 300)])
def test_an_error_in_one_line(text: str, line: str) -> None:
    assert cli._one_line(RuntimeError(text)) == f"RuntimeError: {line}"


def test_a_table_that_lacks_a_column_may_be_of_another_version(spark: SparkSession, tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), pa.table({"siren": ["1"]}))
    reads = (
        lambda: spark.read.format("delta").load(str(tmp_path)).select("horizon"),
        lambda: DeltaTable(str(tmp_path)).to_pyarrow_table(columns=["horizon"]),
    )
    for read in reads:
        with pytest.raises(Exception, match="horizon") as error:
            read()
        line = cli._one_line(error.value)
        assert "horizon" in line and line.endswith(": jobs/pipeline.py brings all tables up to date")


def test_an_error_that_java_can_no_longer_tell() -> None:
    class DeadError(Exception):
        def __str__(self) -> str:
            raise ConnectionRefusedError

    said = "the Java process of Spark does not answer any more (ConnectionRefusedError)"
    assert cli._one_line(DeadError()) == f"DeadError: {said}"


def test_a_month_is_written_as_in_french_files() -> None:
    assert cli.month("2024-03") == date(2024, 3, 1)
    for wrong in ("2024-13", "03-2024", ""):
        with pytest.raises(argparse.ArgumentTypeError, match=f"'{wrong}' is not a month: write 2024-03"):
            cli.month(wrong)
