"""Endpoints and credentials of an object store: from Spark's Hadoop configuration, else from the environment.

Spark, Arrow and deltalake use different libraries and option names for the same store. This module returns the names of
deltalake. It never reads the project's own files; without any setting, each library searches by itself (an instance's
role, a workload identity).

    Hadoop's configuration             environment                what counts
    fs.s3a.endpoint                    -                          Hadoop's
    fs.s3a.bucket.lake.endpoint        AWS_ENDPOINT_URL           Hadoop's, for the bucket `lake`
    -                                  AWS_ENDPOINT_URL           the environment's
"""

from collections.abc import Callable, Mapping

Options = dict[str, str]
Secret = Callable[[str], str | None]

_S3 = {
    "AWS_ACCESS_KEY_ID": ("access.key", ()),
    "AWS_SECRET_ACCESS_KEY": ("secret.key", ()),
    "AWS_SESSION_TOKEN": ("session.token", ()),
    "AWS_ENDPOINT_URL": ("endpoint", ("AWS_ENDPOINT_URL_S3",)),
    "AWS_REGION": ("endpoint.region", ("AWS_DEFAULT_REGION",)),
}
_AZURE = {
    "AZURE_STORAGE_ACCOUNT_KEY": "account.key",
    "AZURE_STORAGE_SAS_TOKEN": "sas.fixed.token",
    "AZURE_STORAGE_CLIENT_ID": "account.oauth2.client.id",
    "AZURE_STORAGE_CLIENT_SECRET": "account.oauth2.client.secret",
}
_OAUTH_ENDPOINT = "account.oauth2.client.endpoint"  # https://login.microsoftonline.com/<tenant>/oauth2/token


def access_options(scheme: str, authority: str, secret: Secret, environment: Mapping[str, str]) -> Options:
    """The options of deltalake for a store.

    Args:
        scheme: Scheme of its URIs: ``s3a``, ``abfss``, ``gs``; others need nothing.
        authority: The authority of its URIs: a bucket, a container and account.
        secret: Reads a key of Hadoop's configuration; None if it is not set.
        environment: Variables of the environment.

    Returns:
        Options by their names in deltalake; empty if neither sets any.
    """
    if scheme in ("s3", "s3a", "s3n"):
        return _s3(authority, secret, environment)
    if scheme in ("abfs", "abfss"):
        return _azure(authority, secret, environment)
    if scheme == "gs":
        key_file = secret("fs.gs.auth.service.account.json.keyfile") or environment.get(
            "GOOGLE_APPLICATION_CREDENTIALS"
        )
        return {"GOOGLE_APPLICATION_CREDENTIALS": key_file} if key_file else {}
    return {}


def _s3(bucket: str, secret: Secret, environment: Mapping[str, str]) -> Options:
    def hadoop_value(key: str) -> str | None:
        return secret(f"fs.s3a.bucket.{bucket}.{key}") or secret(f"fs.s3a.{key}")

    found: Options = {}
    for name, (key, others) in _S3.items():
        value = hadoop_value(key) or next(
            (environment[each] for each in (name, *others) if environment.get(each)), None
        )
        if value:
            found[name] = value
    if endpoint := found.get("AWS_ENDPOINT_URL"):
        if "://" not in endpoint:
            plain = hadoop_value("connection.ssl.enabled") == "false"
            endpoint = found["AWS_ENDPOINT_URL"] = f"{'http' if plain else 'https'}://{endpoint}"
        if endpoint.startswith("http://"):
            found["AWS_ALLOW_HTTP"] = "true"
        # Servers other than Amazon's have no host name for each bucket, which is Hadoop's default.
        found["AWS_VIRTUAL_HOSTED_STYLE_REQUEST"] = "true" if hadoop_value("path.style.access") == "false" else "false"
    if "AnonymousAWSCredentialsProvider" in (hadoop_value("aws.credentials.provider") or ""):
        found["AWS_SKIP_SIGNATURE"] = "true"
    return found


def _azure(authority: str, secret: Secret, environment: Mapping[str, str]) -> Options:
    host = authority.rsplit("@", 1)[-1]  # container@account.dfs.core.windows.net

    def hadoop_value(key: str) -> str | None:
        return secret(f"fs.azure.{key}.{host}") or secret(f"fs.azure.{key}")

    found: Options = {"AZURE_STORAGE_ACCOUNT_NAME": host.split(".", 1)[0]}
    for name, key in _AZURE.items():
        value = hadoop_value(key) or environment.get(name) or environment.get(name.replace("AZURE_STORAGE_", "AZURE_"))
        if value:
            found[name] = value
    tenant = (hadoop_value(_OAUTH_ENDPOINT) or "").removeprefix("https://login.microsoftonline.com/").split("/", 1)[0]
    if tenant := tenant or environment.get("AZURE_STORAGE_TENANT_ID") or environment.get("AZURE_TENANT_ID", ""):
        found["AZURE_STORAGE_TENANT_ID"] = tenant
    return found
