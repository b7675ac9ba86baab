"""Where the application's database is: a URI without a secret, and the name of a schema."""

import re
from urllib.parse import quote

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from sf_spark.errors import ConfigurationError

_LONGEST_NAME = 63  # bytes, in PostgreSQL


def check_uri(uri: str) -> None:
    """Refuse an invalid PostgreSQL URI, and a password on the command line, where every user can see it.

    Raises:
        ConfigurationError: It repeats nothing of the URI, as a password can stand in any place of an invalid one.
    """
    parts = _parsed(uri)
    if parts is not None and (_secrets() & parts.keys() or re.search("[:/]", parts.get("user", ""))):
        raise ConfigurationError(
            "--to holds a password, which others see in the list of processes: leave it out, and set PGPASSWORD or "
            "write it into ~/.pgpass"
        )
    # An unescaped / or @ in a password makes libpq take pieces of it for a host, port or database.
    if (
        parts is None
        or "@" in parts.get("host", "")
        or re.search("[^0-9,]", parts.get("port", ""))
        or re.search("[@/]", parts.get("dbname", ""))
    ):
        raise ConfigurationError(
            "--to is not a postgresql:// URI with parameters of libpq: write postgresql://user@host:5432/name, without "
            "a password"
        )


def check_schema(schema: str) -> None:
    """Refuse a name that PostgreSQL takes for no schema, or would cut.

    Raises:
        ConfigurationError: It repeats the name.
    """
    if not (schema.strip() and schema.isprintable() and len(schema.encode()) <= _LONGEST_NAME):
        raise ConfigurationError(
            f"--schema {ascii(schema)} is not a name: 1 to {_LONGEST_NAME} bytes of printable text, for example sfdata"
        )


def name_of(uri: str) -> str:
    """Host, port and database of a URI that :func:`check_uri` accepts: what a message may show of it."""
    parts = _parsed(uri) or {}
    host, port = parts.get("host", ""), parts.get("port", "")
    shown = f"[{host}]" if ":" in host else quote(host, safe=",")
    database = quote(parts.get("dbname", ""), safe="")
    return f"postgresql://{shown}{port and f':{port}'}{database and f'/{database}'}"


def _parsed(uri: str) -> dict[str, str] | None:
    """The URI as libpq reads it; None if it does not."""
    if not uri.startswith(("postgresql://", "postgres://")):
        return None
    try:
        return {name: str(value) for name, value in conninfo_to_dict(uri).items()}
    except (psycopg.Error, UnicodeError):
        return None


def _secrets() -> set[str]:
    """The parameters that libpq itself does not show, and the keys that take the place of a password."""
    options = {option.keyword.decode(): option.dispchar for option in pq.Conninfo.get_defaults()}
    return {name for name, shown in options.items() if shown == b"*" or name.startswith("scram_")}


def without_values(said: str, uri: str) -> str:
    """A message of libpq, which quotes a value that it does not accept, without the values of parameters."""
    for name, value in (_parsed(uri) or {}).items():
        if name not in ("host", "port", "dbname", "user"):
            said = re.sub(f"([\"']){re.escape(value)}\\1", f"the value of {name}", said)
    return said
