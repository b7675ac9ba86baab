"""Jobs in bad environments, through the real command: they still work, or say what is expected."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deltalake import DeltaTable

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "cat", "chmod", "dirname", "env", "grep", "head", "id", "ls", "mktemp", "paste", "rm", "sed", "tr")
CONTEXT = "type;code;drapeau;debut;fin\nsiren;000000001;aide;2024-01-01;\n"
# Deliveries, a table written by Spark from rows of Python workers, and an export: everything that opens a file.
JOB = """
import os
import sys

from sf_spark.cli import job_parser, main
from sf_spark.lake.places import for_spark
from sf_spark.lake.tables import read_table, replace_all
from sf_spark.schema import Table
from sf_spark.steps.ingest import ingest

ESSAI = Table("essai", ("id",))


def worker(batches):
    assert os.path.realpath(sys.prefix) == os.path.realpath(os.environ["OURS"]), sys.prefix
    yield from batches


def run(spark, settings, options, report):
    assert ingest(spark, settings, report) == 0
    replace_all(spark.range(3).mapInArrow(worker, "id long"), settings.lake, ESSAI)
    rows = read_table(spark, settings.lake, ESSAI)
    rows.write.csv(for_spark(f"{settings.lake}/exports/essai"))
    report(f"{rows.count()} rows")


main("essai", job_parser("essai", ""), run)
"""
# Where the kernel allows it, the user has an id without a name. The files stay ours.
NAMELESS = ["unshare", "--user", "--map-user=4242", "--map-group=4242"]


def tools(folder: Path) -> str:
    """A PATH with the tools of a shell script, and no Java."""
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    return str(folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout under a path with a blank, with environment and jars as after set-up."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("conf", "jobs", "sf_spark", "spark-submit.sh"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    # Python takes the link for the environment itself; PYTHONPATH precedes its path to this checkout.
    (folder / ".venv").symlink_to(Path(sys.prefix))
    (folder / ".jars").symlink_to((ROOT / ".jars").resolve())
    return folder


@pytest.mark.parametrize("submit", [[], ["--master", "local[1]"]])
def test_no_java_is_exit_2_and_one_line(tmp_path: Path, submit: list[str]) -> None:
    (tmp_path / "landing" / "2403").mkdir(parents=True)
    settings = [part for key in ("landing", "lake") for part in ("--set", f"{key}={tmp_path / key}")]
    command = ["/bin/bash", str(ROOT / "spark-submit.sh"), *submit, str(ROOT / "jobs" / "ingest.py"), *settings]
    environment = {"PATH": tools(tmp_path / "bin"), "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert "Java 17 or newer is needed, found: none: install it" in line


@pytest.mark.parametrize(("python", "wanted"), [(sys.executable, "Java 17"), ("/nowhere/python", "Python 3.11")])
def test_set_up_says_in_one_line_what_it_does_not_find(tmp_path: Path, python: str, wanted: str) -> None:
    environment = {"PATH": tools(tmp_path / "bin"), "HOME": str(tmp_path), "LANG": "C.UTF-8", "PYTHON": python}
    command = ["/bin/bash", str(ROOT / "conf" / "setup.sh")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"sf_spark: {wanted} or newer is needed, found: none. Install it with: ")


def nameless() -> list[str]:
    """A command prefix that runs as a user without a name; empty where that is not possible."""
    if shutil.which("unshare") is None or subprocess.run([*NAMELESS, "true"], capture_output=True).returncode:
        return []
    return NAMELESS


@pytest.mark.parametrize("submit", [[], pytest.param(["--master", "local[1]"], marks=pytest.mark.long)])
def test_a_job_works_whatever_the_environment_says(tmp_path: Path, checkout: Path, submit: list[str]) -> None:
    """All at once, since each would cost a session: none of them may change the result."""
    hadoop = tmp_path / "hadoop"
    hadoop.mkdir()
    redirected = "<property><name>fs.defaultFS</name><value>hdfs://127.0.0.1:1</value></property>"
    (hadoop / "core-site.xml").write_text(f"<configuration>{redirected}</configuration>")
    landing, lake = tmp_path / "à lire [x]{y}:z" / "landing", tmp_path / "é {lac}:1 #" / "lake"
    (landing / "2403").mkdir(parents=True)
    (landing / "2403" / "contexte_été.csv").write_text(CONTEXT)
    (tmp_path / "essai.py").write_text(JOB)
    command = ["/bin/bash", str(checkout / "spark-submit.sh"), *submit, str(tmp_path / "essai.py"), "--env", "test"]
    environment = {
        "PATH": os.environ["PATH"],
        "OURS": sys.prefix,
        "LC_ALL": "POSIX",
        **(
            {} if submit else {"PYSPARK_PYTHON": "python3"}
        ),  # behind --master it names the Python of a cluster's workers
        "SPARK_HOME": "/nowhere/spark-3.5",
        "HADOOP_CONF_DIR": str(hadoop),
        "JAVA_HOME": "/nowhere/java",
        "HOME": "/nowhere",
    }
    settings = [part for key, place in (("landing", landing), ("lake", lake)) for part in ("--set", f"{key}={place}")]
    command = [*([] if submit else nameless()), *command, *settings]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd="/", env=environment)
    assert done.returncode == 0, done.stderr
    assert "1 lines = 1 accepted" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("essai: 3 rows")
    for table, column, values in (("staged/contexte", "code", ["000000001"]), ("essai", "id", [0, 1, 2])):
        assert sorted(DeltaTable(str(lake / table)).to_pyarrow_table().column(column).to_pylist()) == values
    assert list(lake.glob("exports/essai/*.csv"))


@pytest.mark.skipif(not nameless(), reason="no user without a name can be made here")
def test_spark_s_own_submit_refuses_a_user_without_a_name_in_one_line(tmp_path: Path) -> None:
    command = [str(ROOT / "spark-submit.sh"), "--master", "local[1]", str(ROOT / "jobs" / "ingest.py")]
    done = subprocess.run([*NAMELESS, *command], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("spark-submit.sh: user id 4242 has no name") and "/etc/passwd" in line


KILLED = """
import os

from pyspark import SparkContext

from sf_spark.cli import job_parser, main


def run(spark, settings, options, report):
    SparkContext._gateway.proc.kill()
    spark.range(3).count()


main("essai", job_parser("essai", ""), run)
"""


def test_a_java_process_that_dies_is_one_line_and_a_file_with_the_details(tmp_path: Path) -> None:
    (tmp_path / "essai.py").write_text(KILLED)
    command = [str(ROOT / "spark-submit.sh"), str(tmp_path / "essai.py"), "--env", "test", "--set"]
    done = subprocess.run([*command, f"lake={tmp_path / 'lake'}"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("essai: ")]
    assert line.startswith("essai: the Java process of Spark has died (details: ")
    assert "Traceback" not in done.stderr, done.stderr
    details = Path(line.rsplit("(details: ", 1)[1].removesuffix(")"))
    assert "spark.range(3).count()" in details.read_text()
    details.unlink()


def test_a_connector_that_is_missing_is_one_line_that_names_it(tmp_path: Path) -> None:
    command = [str(ROOT / "spark-submit.sh"), str(ROOT / "jobs" / "build_panel.py"), "--env", "test"]
    jars = [str(jar) for jar in (ROOT / ".jars").glob("delta-*.jar")]
    (tmp_path / "jars").mkdir()
    for jar in jars:
        (tmp_path / "jars" / Path(jar).name).symlink_to(Path(jar).resolve())
    settings = ["--set", "lake=s3a://bucket/lake", "--set", f"jars={tmp_path / 'jars'}"]
    done = subprocess.run([*command, *settings], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("build_panel: ")]
    assert "org.apache.hadoop.fs.s3a.S3AFileSystem not found" in line
    Path(line.rsplit("(details: ", 1)[1].removesuffix(")")).unlink()
