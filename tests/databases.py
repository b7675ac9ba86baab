"""A PostgreSQL for tests, and what happens to a test without one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from sf_spark.errors import ConfigurationError
from tests.cluster.servers import postgresql


@contextmanager
def database_server(work: Path) -> Iterator[str]:
    """Run a server on loopback; yields its URI without a database name.

    Without PostgreSQL, a test fails if it could be installed (as root with apt-get: ``make test`` does it), else it is
    skipped.
    """
    try:
        with postgresql(work) as uri:
            yield uri.replace("postgresql+psycopg:", "postgresql:").rpartition("/")[0]
    except ConfigurationError as error:
        if os.getuid() == 0 and shutil.which("apt-get"):
            pytest.fail(f"{error}; 'make test' installs it")
        pytest.skip(str(error))


@contextmanager
def new_database(server: str, name: str) -> Iterator[str]:
    """Create an empty database; returns its URI."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield f"{server}/{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
