"""Places of files and tables, and their form for Spark.

    place                      form for Spark
    lake, /data/a b/lake       file:///data/a b/lake
    file:///data/a%20b/lake    file:///data/a b/lake
    s3a://bucket/lake          as it is; also hdfs, abfss, gs

Spark always gets a scheme, so that no Hadoop configuration (``fs.defaultFS``) redirects a local path.
"""

import os
import re
from urllib.parse import unquote

from sf_spark.errors import ConfigurationError

SCHEMES = ("file", "hdfs", "s3a", "s3", "abfss", "abfs", "gs")

_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/]*)")
_NO_TABLE = re.compile(r"[\[\]|^\\\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}")  # deltalake 1.6 panics on them, or uses a wrong path


def is_remote(place: str) -> bool:
    """True for a URI of a store; false for a path, with any characters, and for a ``file:`` URI."""
    scheme = _URI.match(place)
    return scheme is not None and scheme[1].lower() != "file"


def rooted(place: str) -> str:
    """A place that is valid in every process: an absolute path, or the URI as it is; without a final slash."""
    if is_remote(place):
        return place.rstrip("/")
    if place.startswith("file:"):
        place = unquote(re.sub(r"^file:(//[^/]*)?", "", place))
    return os.path.abspath(place)


def for_spark(place: str) -> str:
    """A place in Spark's form. Hadoop takes the characters of a path literally: no ``%20`` for a blank."""
    return place if is_remote(place) else f"file://{rooted(place)}"


def store_of(place: str) -> tuple[str, str]:
    """Scheme and authority of a URI; empty for a local place."""
    uri = _URI.match(place) if is_remote(place) else None
    return (uri[1].lower(), uri[2]) if uri else ("", "")


def check_place(key: str, place: str) -> None:
    """Refuse a place with an unknown scheme, or one that cannot hold Delta tables.

    Raises:
        ConfigurationError: It names the setting, the place and the character.
    """
    scheme, _ = store_of(place)
    if scheme and scheme not in SCHEMES:
        raise ConfigurationError(
            f"{key} '{place}': '{scheme}://' is not a store that it may be in: a folder, {', '.join(SCHEMES)}"
        )
    if key == "lake" and (sign := _NO_TABLE.search(place if scheme else os.path.realpath(rooted(place)))):
        raise ConfigurationError(
            f"lake '{place}' cannot hold Delta tables: deltalake does not open folders with {sign[0]!r} in their path; "
            "name another with --set lake=FOLDER"
        )
