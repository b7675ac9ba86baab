"""Resolve the two Delta jars once, by their Maven coordinates, into a folder: later starts need no network.

Usage: resolve_jars.py FOLDER
"""

import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import pyspark

DELTA = version("delta-spark")
SPARK_MINOR = ".".join(pyspark.__version__.split(".")[:2])
COORDINATES = (f"io.delta:delta-spark_{SPARK_MINOR}_2.13:{DELTA}", f"io.delta:delta-storage:{DELTA}")
# Spark itself carries the rest of Delta's dependency tree.
EXCLUDED = (
    *("org.*:*", "com.*:*", "io.netty:*", "net.*:*", "javax.*:*", "jakarta.*:*", "commons-*:*"),
    *("io.delta:delta-kernel*", "io.unitycatalog:*"),
)


def missing(folder: Path) -> list[str]:
    """The coordinates whose jar is not in the folder."""
    return [c for c in COORDINATES if not list(folder.glob(f"*{c.split(':')[1]}-{DELTA}.jar"))]


def resolve(folder: Path) -> str:
    """Let Spark's own resolver fetch the jars; returns its output."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as ivy:
        program = Path(ivy) / "nothing.py"
        program.write_text("")
        done = subprocess.run(
            [
                str(Path(pyspark.__file__).parent / "bin" / "spark-submit"),
                *(
                    "--master",
                    "local[1]",
                    "--packages",
                    ",".join(COORDINATES),
                    "--exclude-packages",
                    ",".join(EXCLUDED),
                ),
                *("--conf", f"spark.jars.ivy={ivy}"),
                *("--conf", f"spark.jars.ivySettings={Path(__file__).parent / 'ivysettings.xml'}"),
                str(program),
            ],
            capture_output=True,
            text=True,
        )
        for jar in Path(ivy).glob("jars/io.delta_delta-s*.jar"):
            partial = folder / f".{jar.name}.part"
            shutil.copyfile(jar, partial)
            partial.rename(folder / jar.name.removeprefix("io.delta_"))
    return done.stdout + done.stderr


def main() -> int:
    """Resolve what is missing; 2 when it cannot be had."""
    folder = Path(sys.argv[1])
    output = resolve(folder) if missing(folder) else ""
    if missing(folder):
        log = folder / "resolve.log"
        log.write_text(output)
        print(
            f"sf_spark: cannot fetch {' and '.join(missing(folder))} from Maven Central; on a site without internet "
            f"put the two jars into a folder and run DELTA_JARS=/that/folder make setup (details: {log})",
            file=sys.stderr,
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
