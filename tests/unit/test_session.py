"""A session's ends: another version of Spark, a Java process that is gone or does not go, a missing connector."""

import subprocess
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark import SparkContext
from pyspark.sql import SparkSession

from sf_spark import session
from sf_spark.errors import ConfigurationError
from sf_spark.lake import stores
from sf_spark.settings import load_settings


class Stopped:
    """A session of another Spark."""

    version = "3.5.0"
    stopped = False

    def stop(self) -> None:
        self.stopped = True


def test_another_version_of_spark_is_refused_and_stopped() -> None:
    spark: Any = Stopped()
    with pytest.raises(ConfigurationError, match="^Spark 3.5.0 of .* the packages are made for 4"):
        session._check_versions(spark)
    assert spark.stopped


@pytest.fixture
def java(monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the place of Java that does not end when its input does."""
    with subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE) as process:
        gateway = SimpleNamespace(proc=process, shutdown=lambda: None)
        monkeypatch.setattr(SparkContext, "_gateway", gateway)
        monkeypatch.setattr(SparkContext, "_jvm", None)
        yield process
        process.kill()


def test_a_java_process_that_does_not_go_is_killed(
    java: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not session.java_has_died()
    monkeypatch.setattr(session, "PATIENCE", 0.1)
    spark: Any = Stopped()
    session.end_session(spark)
    assert spark.stopped and java.poll() is not None
    session.end_session(spark)  # nothing is left to end
    assert not session.java_has_died()


def test_a_java_process_that_has_died_is_seen(java: subprocess.Popen[bytes]) -> None:
    java.kill()
    assert session.java_has_died()


def test_long_runs_are_compiled_and_short_ones_are_not(spark: SparkSession) -> None:
    key, before = "spark.sql.codegen.factoryMode", spark.conf.get("spark.sql.codegen.factoryMode")
    spark.conf.set(key, "FALLBACK")
    for rows, expected in ((10, "NO_CODEGEN"), (10_000_000, "FALLBACK")):
        with session.interpreted(spark, rows):
            assert spark.conf.get(key) == expected
        assert spark.conf.get(key) == "FALLBACK"
    spark.conf.set(key, str(before))


def test_stores_are_reached_by_settings_without_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(stores.VARIABLE, "")
    places = [f"{key}=s3a://bucket/{key}" for key in ("lake", "landing", "truth")]
    own = ["spark.hadoop.fs.s3a.access.key=k", "spark.hadoop.fs.s3a.secret.key=s"]
    session.reach_stores(load_settings("test", [*places, *own]))
    assert stores.delta_options("s3a://bucket/lake")["AWS_ACCESS_KEY_ID"] == "k"


def test_a_connector_that_is_missing_is_said_by_spark(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(stores.VARIABLE, "")
    with pytest.raises(Exception, match="S3AFileSystem not found"):
        session.reach_stores(load_settings("test", ["lake=s3a://bucket/lake"]), spark)
    spark.sparkContext.environment.pop(stores.VARIABLE, None)
