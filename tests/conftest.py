"""One Spark session for the whole suite: the JVM costs seconds, once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from sf_spark.session import build_session
from sf_spark.settings import Settings, load_settings


@pytest.fixture(scope="session")
def base_settings() -> Settings:
    """The test environment's settings, as the files give them."""
    return load_settings("test")


@pytest.fixture(scope="session")
def spark(base_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Real Spark with real Delta, pinned to two cores and two shuffle partitions."""
    warehouse = tmp_path_factory.mktemp("warehouse")
    settings = base_settings.model_copy(
        update={"spark": {**base_settings.spark, "spark.sql.warehouse.dir": str(warehouse)}}
    )
    session = build_session(settings, "tests")
    yield session
    session.stop()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose lake, landing and truth are this test's own."""
    return load_settings("test", [f"{key}={tmp_path / key}" for key in ("lake", "landing", "truth")])
