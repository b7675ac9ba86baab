"""Connections are made from options: which store, which address, which keys. None is opened here."""

import pytest
from pyarrow import fs

from sf_spark.errors import ConfigurationError
from sf_spark.lake import stores

S3 = {
    "AWS_ACCESS_KEY_ID": "k",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9/",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
}
AZURE = {"AZURE_STORAGE_ACCOUNT_NAME": "account", "AZURE_STORAGE_ACCOUNT_KEY": "aaaa"}


@pytest.fixture(autouse=True)
def used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(stores.VARIABLE, "")
    stores.use({"s3a://bucket": S3, "abfss://box@account.dfs.core.windows.net": AZURE})


def test_a_path_is_local() -> None:
    system, path = stores.file_system("/data/lake")
    assert (system.type_name, path) == ("local", "/data/lake")
    assert stores.delta_options("/data/lake") == {}


def test_a_bucket_is_reached_at_its_endpoint_with_its_keys() -> None:
    system, path = stores.file_system("s3a://bucket/a b/lake")
    assert isinstance(system, fs.S3FileSystem) and path == "bucket/a b/lake"
    assert (system.region, stores.delta_options("s3a://bucket/x")) == ("us-east-1", S3)
    assert stores.file_system("s3a://bucket/other")[0] is system  # one connection a store


def test_a_container_of_azure_is_the_first_part_of_the_path() -> None:
    system, path = stores.file_system("abfss://box@account.dfs.core.windows.net/lake")
    assert (system.type_name, path) == ("abfs", "box/lake")


def test_a_store_without_options_of_its_own_takes_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "theirs")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert stores.delta_options("s3a://another/lake")["AWS_ACCESS_KEY_ID"] == "theirs"


def test_a_hadoop_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HADOOP_HOME", "ARROW_LIBHDFS_DIR", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match=r"^hdfs://name:9 cannot be reached: [^\n]+$"):
        stores.file_system("hdfs://name:9/lake")
