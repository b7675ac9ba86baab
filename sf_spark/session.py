"""The Spark session, built in one place."""

import contextlib
import os
import sys
from pathlib import Path
from subprocess import TimeoutExpired

import joblib
from pyspark import SparkContext
from pyspark.sql import SparkSession

from sf_spark.errors import ConfigurationError
from sf_spark.settings import PROJECT_ROOT, Settings

_DELTA_JARS = ("delta-spark", "delta-storage")  # the two that Delta needs; the other 31 of its tree are Spark's own


def build_session(settings: Settings, name: str) -> SparkSession:
    """Start Spark, or take the session that spark-submit prepared.

    Raises:
        ConfigurationError: If the Delta jars are not there or the master does not answer.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # workers need this environment's packages
    # Where the system tells no physical cores (containers), scikit-learn would warn, with a stack, when it counts them:
    # it does not count where the number of threads is given. joblib knows what a container may use.
    os.environ.setdefault("OMP_NUM_THREADS", str(joblib.cpu_count()))
    builder = SparkSession.builder.appName(f"sf_spark {name}")
    if not submitted():
        if settings.master.startswith("local"):
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")  # nothing listens outside this machine
        builder = builder.master(settings.master).config("spark.jars", ",".join(delta_jars(settings)))
        log4j = f"-Dlog4j2.configurationFile=file:{PROJECT_ROOT / 'conf' / 'log4j2.properties'}"
        builder = builder.config("spark.driver.extraJavaOptions", log4j)
    for key, value in settings.spark.items():
        builder = builder.config(key, str(value))
    spark = builder.getOrCreate()
    if settings.env == "test":
        spark.sparkContext.setLogLevel("ERROR")
    return spark


def end_session(spark: SparkSession) -> None:
    """Stop Spark and wait until its Java process, if we started it, is gone.

    Left to itself it outlives this process by seconds, holding files of a folder or a mount that its caller may want
    to remove.
    """
    gateway = SparkContext._gateway
    java = getattr(gateway, "proc", None)
    with contextlib.suppress(Exception):  # a Java process that has died cannot be told to stop
        spark.stop()
    if gateway is None or java is None:
        return
    with contextlib.suppress(Exception):
        gateway.shutdown()
    with contextlib.suppress(OSError):
        java.stdin.close()  # the sign for it to end
    SparkContext._gateway = SparkContext._jvm = None  # a later session starts another one
    try:
        java.wait(timeout=60)
    except TimeoutExpired:
        java.kill()
        java.wait()


def submitted() -> bool:
    """True when spark-submit started this process: master and jars are its business then."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def delta_jars(settings: Settings) -> list[str]:
    """The paths of the two Delta jars, which set-up resolved or a site put into its own folder."""
    folder = Path(settings.jars)
    folder = folder if folder.is_absolute() else PROJECT_ROOT / folder
    jars = []
    for artifact in _DELTA_JARS:
        found = sorted(folder.glob(f"*{artifact}*.jar"))
        if not found:
            there = ", ".join(sorted(p.name for p in folder.glob("*.jar"))) or "no jar"
            raise ConfigurationError(
                f"the Delta jar {artifact} is not in {folder} (there: {there}): "
                "run 'make setup', or name a folder that holds it with DELTA_JARS=/folder make setup"
            )
        jars.append(str(found[-1]))
    return jars
