"""Real servers on loopback for the duration of a block: an S3-compatible one, and PostgreSQL."""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyarrow import fs

from sf_spark.errors import ConfigurationError
from tests.cluster.standalone import HOST, process_group, wait_for

KEYS = {"AWS_ACCESS_KEY_ID": "a-key", "AWS_SECRET_ACCESS_KEY": "a-secret", "AWS_REGION": "us-east-1"}


@contextmanager
def s3_server(bucket: str, work: Path) -> Iterator[str]:
    """Run moto's server with one bucket, in memory; yields its address."""
    port, log = free_port(), work / "s3.log"
    command = [sys.executable, "-m", "moto.server", "--host", HOST, "--port", str(port)]
    with process_group(command, work, log) as process:
        wait_for(process, log, r"Running on http://", "the S3 server did not start")
        store = fs.S3FileSystem(
            access_key=KEYS["AWS_ACCESS_KEY_ID"],
            secret_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            region=KEYS["AWS_REGION"],
            endpoint_override=f"{HOST}:{port}",
            scheme="http",
            allow_bucket_creation=True,
        )
        store.create_dir(bucket)
        yield f"http://{HOST}:{port}"


@contextmanager
def postgresql(work: Path) -> Iterator[str]:
    """Run a new PostgreSQL with an empty database; yields its URI.

    Raises:
        ConfigurationError: Where PostgreSQL is not installed.
    """
    port, log = free_port(), work / "postgresql.log"
    user = "postgres" if os.getuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="sf_spark-postgresql-") as place:
        data = Path(place)
        if user:
            shutil.chown(data, user)
        create = [_program("initdb"), "-D", place, "-U", "sf_spark", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        with process_group(create, data, log, bare=True, user=user) as process:
            if process.wait():
                raise ConfigurationError(f"initdb failed (log: {log})")
        # No fsync: the data are temporary. No socket file: its default folder may not exist.
        serve = [_program("postgres"), "-D", place, "-h", HOST, "-p", str(port), "-k", "", "-F"]
        with process_group(serve, data, log, bare=True, user=user) as process:
            wait_for(process, log, "ready to accept connections", "PostgreSQL did not start")
            yield f"postgresql+psycopg://sf_spark@{HOST}:{port}/postgres"


def free_port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _program(name: str) -> str:
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))  # Debian keeps them off the PATH
    found = shutil.which(name) or (str(debian[-1]) if debian else None)
    if found is None:
        raise ConfigurationError(f"PostgreSQL's {name} is not installed: apt-get install postgresql (Debian, Ubuntu)")
    return found
