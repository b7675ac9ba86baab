"""Resolve jars once, by their Maven coordinates, into a folder: later starts need no network.

Usage: resolve_jars.py FOLDER               the two Delta jars
       resolve_jars.py FOLDER s3a           what Spark needs to reach S3, and servers that speak as it does
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pyspark

SPARK_HOME = Path(pyspark.__file__).parent
DELTA = version("delta-spark")
SPARK_MINOR = ".".join(pyspark.__version__.split(".")[:2])
HADOOP = next((SPARK_HOME / "jars").glob("hadoop-client-api-*.jar")).stem.removeprefix("hadoop-client-api-")
AWS = "2.35.4"  # the one that Hadoop 3.5.0 is built with (hadoop-project, aws-java-sdk-v2.version)

WANTED = {
    "delta": (f"io.delta:delta-spark_{SPARK_MINOR}_2.13:{DELTA}", f"io.delta:delta-storage:{DELTA}"),
    # hadoop-aws asks for the bundle of every Amazon service, 690 MB; S3 takes these few, 15 MB with what they need.
    "s3a": (
        f"org.apache.hadoop:hadoop-aws:{HADOOP}",
        *(f"software.amazon.awssdk:{name}:{AWS}" for name in ("s3", "s3-transfer-manager", "sts", "apache-client")),
        f"software.amazon.awssdk:netty-nio-client:{AWS}",
    ),
}
EXCLUDED = {
    # Spark itself carries the rest of Delta's dependency tree.
    "delta": (
        *("org.*:*", "com.*:*", "io.netty:*", "net.*:*", "javax.*:*", "jakarta.*:*", "commons-*:*"),
        *("io.delta:delta-kernel*", "io.unitycatalog:*"),
    ),
    "s3a": (
        *("software.amazon.awssdk:bundle", "io.netty:*", "org.slf4j:*", "org.apache.hadoop:hadoop-client*"),
        *("org.apache.httpcomponents:*", "commons-*:*"),
    ),
}


def missing(folder: Path, wanted: Sequence[str]) -> list[str]:
    """The coordinates whose jar is not in the folder."""
    names = {coordinate: ":".join(coordinate.split(":")[1:]).replace(":", "-") for coordinate in wanted}
    return [coordinate for coordinate, name in names.items() if not list(folder.glob(f"*{name}.jar"))]


def resolve(folder: Path, wanted: Sequence[str], excluded: Sequence[str]) -> str:
    """Let Spark's own resolver fetch the jars; returns its output."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as ivy:
        program = Path(ivy) / "nothing.py"
        program.write_text("")
        command = [
            str(SPARK_HOME / "bin" / "spark-submit"),
            *("--master", "local[1]"),
            *("--packages", ",".join(wanted), "--exclude-packages", ",".join(excluded)),
            *("--conf", f"spark.jars.ivy={ivy}"),
            *("--conf", f"spark.jars.ivySettings={Path(__file__).resolve().with_name('ivysettings.xml').as_uri()}"),
            str(program),
        ]
        environment = os.environ | {"SPARK_HOME": str(SPARK_HOME), "PYSPARK_PYTHON": sys.executable}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        for jar in Path(ivy).glob("jars/*.jar"):
            name = jar.name.partition("_")[2]  # behind its group
            partial = folder / f".{name}.part"
            shutil.copyfile(jar, partial)
            partial.rename(folder / name)
    return done.stdout + done.stderr


def main(folder: Path, what: str = "delta") -> int:
    """Resolve what is missing; 2 when it cannot be had."""
    wanted = WANTED[what]
    output = resolve(folder, wanted, EXCLUDED[what]) if missing(folder, wanted) else ""
    if lacking := missing(folder, wanted):
        log = folder / "resolve.log"
        log.write_text(output)
        by_hand = (
            "put the two jars into a folder and run DELTA_JARS=/that/folder make setup"
            if what == "delta"
            else f"put them and what they need into {folder}"
        )
        print(
            f"sf_spark: cannot fetch {' and '.join(lacking)} from Maven Central; on a site without internet "
            f"{by_hand} (details: {log})",
            file=sys.stderr,
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:3]))
