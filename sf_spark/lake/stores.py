"""Connections to stores: Arrow's file systems, and the options of deltalake.

    place                  Arrow opens it with
    a path, file:          the local file system
    s3a://bucket/...       S3, or a compatible server
    abfss://c@account/...  Azure
    gs://bucket/...        Google Cloud
    hdfs://name/...        libhdfs, of an installed Hadoop

Workers open the same places: they get the options of :func:`use` from the driver through one environment variable.
"""

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from pyarrow import fs

from sf_spark.errors import ConfigurationError
from sf_spark.lake.access import Options, access_options
from sf_spark.lake.places import rooted, store_of

VARIABLE = "SF_SPARK_STORAGE"  # options by store, as JSON, for workers


def use(options: Mapping[str, Options]) -> str:
    """Use these options for stores from now on; returns the value of :data:`VARIABLE` for workers.

    Args:
        options: Options by the prefix of a store's URIs: ``s3a://bucket``.
    """
    os.environ[VARIABLE] = json.dumps(options, sort_keys=True)
    _connected.cache_clear()
    return os.environ[VARIABLE]


def delta_options(place: str) -> Options:
    """The options of deltalake for a place."""
    scheme, authority = store_of(place)
    store_options = json.loads(os.environ.get(VARIABLE) or "{}")
    if not scheme or f"{scheme}://{authority}" in store_options:
        return cast("Options", store_options.get(f"{scheme}://{authority}", {}))
    return access_options(scheme, authority, lambda key: None, os.environ)


def file_system(place: str) -> tuple[fs.FileSystem, str]:
    """The file system of a place, and the path in it."""
    scheme, authority = store_of(place)
    if not scheme:
        return fs.LocalFileSystem(), rooted(place)
    path = place.split("://", 1)[1][len(authority) :]
    if scheme == "hdfs":
        return _connected(scheme, authority, ""), path
    container = authority.split("@", 1)[0]
    return _connected(scheme, authority, json.dumps(delta_options(place), sort_keys=True)), f"{container}{path}"


@lru_cache(maxsize=16)  # a connection takes milliseconds and, without a region, a request
def _connected(scheme: str, authority: str, options: str) -> fs.FileSystem:
    store_options: Options = json.loads(options or "{}")
    if scheme in ("s3", "s3a"):
        return _s3(authority, store_options)
    if scheme in ("abfs", "abfss"):
        names = ("account_name", "account_key", "sas_token", "tenant_id", "client_id", "client_secret")
        given = {
            name: store_options[f"AZURE_STORAGE_{name.upper()}"]
            for name in names
            if f"AZURE_STORAGE_{name.upper()}" in store_options
        }
        return fs.AzureFileSystem(**given)
    if scheme == "gs":
        os.environ.update(store_options)  # Google's library reads the key file from this variable only
        return fs.GcsFileSystem()
    if scheme == "hdfs":
        host, _, port = authority.partition(":")
        try:
            return fs.HadoopFileSystem(host or "default", int(port or 0))
        except OSError as error:
            raise ConfigurationError(f"hdfs://{authority} cannot be reached: {str(error).splitlines()[0]}") from None
    raise AssertionError(scheme)  # excluded by check_place


def _s3(bucket: str, store_options: Options) -> fs.FileSystem:
    scheme, _, endpoint = store_options.get("AWS_ENDPOINT_URL", "").rpartition("://")
    given: dict[str, Any] = {
        "access_key": store_options.get("AWS_ACCESS_KEY_ID"),
        "secret_key": store_options.get("AWS_SECRET_ACCESS_KEY"),
        "session_token": store_options.get("AWS_SESSION_TOKEN"),
        "anonymous": "AWS_SKIP_SIGNATURE" in store_options,
        "region": store_options.get("AWS_REGION") or ("us-east-1" if endpoint else fs.resolve_s3_region(bucket)),
    }
    if endpoint:
        given |= {"scheme": scheme, "endpoint_override": endpoint.rstrip("/")}
        given["force_virtual_addressing"] = store_options.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST") == "true"
    return fs.S3FileSystem(**given)
