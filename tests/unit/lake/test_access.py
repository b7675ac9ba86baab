"""Endpoints and credentials: Hadoop's configuration before the environment, a bucket's own before everybody's."""

from sf_spark.lake.access import access_options

KEYS = {"fs.s3a.access.key": "k", "fs.s3a.secret.key": "s"}
PATH_STYLE = {"AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false"}


def options(scheme: str, authority: str, hadoop: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    return access_options(scheme, authority, hadoop.get, environment)


def test_hadoop_counts_before_the_environment() -> None:
    said = {"AWS_ACCESS_KEY_ID": "other", "AWS_SESSION_TOKEN": "t", "AWS_DEFAULT_REGION": "eu-west-3"}
    assert options("s3a", "b", KEYS, said) == {
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "AWS_REGION": "eu-west-3",
    }


def test_a_bucket_of_its_own_counts_before_all_buckets() -> None:
    hadoop = {"fs.s3a.endpoint": "https://one", "fs.s3a.bucket.mine.endpoint": "https://two"}
    assert options("s3a", "mine", hadoop, {})["AWS_ENDPOINT_URL"] == "https://two"
    assert options("s3a", "other", hadoop, {})["AWS_ENDPOINT_URL"] == "https://one"


def test_plain_http_is_allowed_where_the_endpoint_says_so() -> None:
    assert options("s3a", "b", {}, {"AWS_ENDPOINT_URL": "http://h:1"}) == {
        "AWS_ENDPOINT_URL": "http://h:1",
        "AWS_ALLOW_HTTP": "true",
        **PATH_STYLE,
    }
    plain = {"fs.s3a.endpoint": "h:1", "fs.s3a.connection.ssl.enabled": "false"}
    assert options("s3a", "b", plain, {})["AWS_ENDPOINT_URL"] == "http://h:1"
    assert options("s3a", "b", {"fs.s3a.endpoint": "h:1"}, {}) == {"AWS_ENDPOINT_URL": "https://h:1", **PATH_STYLE}


def test_azure_by_key_or_by_client() -> None:
    host = "account.dfs.core.windows.net"
    assert options("abfss", f"c@{host}", {f"fs.azure.account.key.{host}": "k"}, {}) == {
        "AZURE_STORAGE_ACCOUNT_NAME": "account",
        "AZURE_STORAGE_ACCOUNT_KEY": "k",
    }
    client = {
        f"fs.azure.account.oauth2.client.id.{host}": "i",
        f"fs.azure.account.oauth2.client.secret.{host}": "s",
        f"fs.azure.account.oauth2.client.endpoint.{host}": "https://login.microsoftonline.com/tenant/oauth2/token",
    }
    assert options("abfss", f"c@{host}", client, {}) == {
        "AZURE_STORAGE_ACCOUNT_NAME": "account",
        "AZURE_STORAGE_CLIENT_ID": "i",
        "AZURE_STORAGE_CLIENT_SECRET": "s",
        "AZURE_STORAGE_TENANT_ID": "tenant",
    }
    assert options("abfss", f"c@{host}", {}, {"AZURE_CLIENT_ID": "e"})["AZURE_STORAGE_CLIENT_ID"] == "e"


def test_google_by_a_key_file_and_nothing_where_nothing_is_said() -> None:
    found = options("gs", "b", {"fs.gs.auth.service.account.json.keyfile": "/key.json"}, {})
    assert found == {"GOOGLE_APPLICATION_CREDENTIALS": "/key.json"}
    assert [options(scheme, "x", {}, {}) for scheme in ("s3a", "gs", "hdfs", "file")] == [{}, {}, {}, {}]
