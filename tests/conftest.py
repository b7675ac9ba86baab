"""One Spark session for the whole suite: the JVM costs seconds, once."""

import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from sf_spark.session import build_session, end_session
from sf_spark.settings import Settings, load_settings
from sf_spark.sources import SOURCES, Source
from sf_spark.staging.deliveries import FileAccount
from sf_spark.staging.intake import take_in
from tests.databases import database_server, new_database

# The slowest files and folders, longest first: in this order, two processes end together.
LONGEST_FIRST = (
    "tests/jobs/test_whole_flow.py",
    "tests/unit/ml/",
    "tests/steps/test_stale_tables.py",
    "tests/steps/test_publish.py",
    "tests/steps/test_commits_that_hold.py",
    "tests/jobs/test_bad_environment.py",
    "tests/properties/test_signal_catalogue.py",
    "tests/properties/test_ranges_of_any_size.py",
    "tests/properties/test_panel_time.py",
    "tests/steps/test_cards_and_follow_ups.py",
    "tests/unit/publication/test_lists.py",
    "tests/unit/publication/test_reasons.py",
)
# Folders whose files share something slow to make (a trained model): one process runs them.
TOGETHER = ("tests/unit/ml/",)


class Scheduling(LoadFileScheduling):
    """One process runs a file, or the files of a folder that share what they make."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.split("::", 1)[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Called where there are several processes."""
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, then the others."""

    def rank(item: pytest.Item) -> int:
        return next(
            (place for place, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start)), len(LONGEST_FIRST)
        )

    items.sort(key=rank)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Archives contain their creation time, so two processes would give different names to their tests."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def base_settings() -> Settings:
    """The settings of the test environment."""
    return load_settings("test")


@pytest.fixture(scope="session")
def spark(base_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Real Spark with real Delta, on two cores."""
    warehouse = tmp_path_factory.mktemp("warehouse")
    settings = base_settings.model_copy(
        update={"spark": {**base_settings.spark, "spark.sql.warehouse.dir": str(warehouse)}}
    )
    session = build_session(settings, "tests")
    yield session
    end_session(session)


@pytest.fixture(scope="session")
def once_a_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Fill a folder once for all processes of a run: the first one fills it, the others wait."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, fill: Callable[[Path], None]) -> Path:
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / name).exists():
                shutil.rmtree(shared / f"{name}.part", ignore_errors=True)  # of a fill that failed
                fill(shared / f"{name}.part")
                (shared / f"{name}.part").rename(shared / name)
        return shared / name

    return folder


@pytest.fixture(scope="module")
def production_plans(spark: SparkSession) -> Iterator[None]:
    """Compiled and shuffled plans, as in jobs, for tests against an oracle. Other tests interpret their plans."""
    production = {
        "spark.sql.codegen.wholeStage": "true",
        "spark.sql.codegen.factoryMode": "FALLBACK",
        "spark.sql.shuffle.partitions": "2",
    }
    of_tests = {key: str(spark.conf.get(key)) for key in production}
    for key, value in production.items():
        spark.conf.set(key, value)
    yield
    for key, value in of_tests.items():
        spark.conf.set(key, value)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a lake, landing and truth of this test alone."""
    return load_settings("test", [f"{key}={tmp_path / key}" for key in ("lake", "landing", "truth")])


@pytest.fixture
def deliver(settings: Settings) -> Callable[[str, str, bytes | str], None]:
    """Puts a file into the landing folder: batch, name, content."""

    def write(batch: str, name: str, content: bytes | str) -> None:
        folder = Path(settings.landing) / batch
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return write


@pytest.fixture
def ingest(spark: SparkSession, settings: Settings) -> Callable[..., dict[str, FileAccount]]:
    """Takes a batch in, of all sources or some; the account of each file by its name."""

    def take(batch: str, sources: tuple[Source, ...] = SOURCES) -> dict[str, FileAccount]:
        done = take_in(spark, settings, batch, lambda text: None, sources)
        return {account.file.name: account for account in done}

    return take


@pytest.fixture
def rows(settings: Settings) -> Callable[[str], list[dict[str, Any]]]:
    """Read a table with another engine than the one that wrote it."""
    return lambda table: DeltaTable(f"{settings.lake}/{table}").to_pyarrow_table().to_pylist()


@pytest.fixture(scope="session")
def database_server_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL for the tests of this process."""
    with database_server(tmp_path_factory.mktemp("postgresql")) as uri:
        yield uri


@pytest.fixture
def database_uri(database_server_uri: str) -> Iterator[str]:
    """An empty database of this test's own."""
    with new_database(database_server_uri, f"test_{uuid.uuid4().hex[:8]}") as uri:
        yield uri
