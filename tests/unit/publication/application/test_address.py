"""Where the database is: a URI without a secret; what cannot be reached is named, and no value is repeated."""

import pytest

from sf_spark.errors import ConfigurationError
from sf_spark.publication.application.address import check_schema, check_uri, name_of
from sf_spark.publication.application.database import connected

SCHEMA = "sfdata"
PASSWORD, NO_URI = "PGPASSWORD", r"not a postgresql:// URI .*postgresql://user@host:5432/name"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("postgresql://me:secret@127.0.0.1/x", PASSWORD),
        ("postgresql://me@127.0.0.1/x?password=secret", PASSWORD),
        ("postgresql://me:se?secret@127.0.0.1/x", PASSWORD),
        ("postgresql://me:se#secret@127.0.0.1/x", PASSWORD),
        ("postgresql://me@127.0.0.1/x?pass%77ord=secret", PASSWORD),
        ("postgresql://me@127.0.0.1/x?sslpassword=secret", PASSWORD),
        ("postgresql://me@127.0.0.1/x?oauth_client_secret=abc", PASSWORD),
        ("postgresql://me%3Asecret@127.0.0.1/x", PASSWORD),
        ("postgresql://me@127.0.0.1/x?passWord=secret", NO_URI),
        ("postgresql://me@127.0.0.1/x?unknown=secret", NO_URI),
        ("postgresql://me:sec/secret@127.0.0.1/x", NO_URI),
        ("postgresql://me:123/secret@127.0.0.1/x", NO_URI),
        ("postgresql://me%3Asecret%40127.0.0.1/x", NO_URI),
        ("postgresql://me:secret@[::1/x", NO_URI),
        ("postgresql://me@127.0.0.1:secret/x", NO_URI),
        ("postgresql://me@127.0.0.1/x%ff\udcffsecret", NO_URI),
        ("host=127.0.0.1 password=secret", NO_URI),
        ("POSTGRESQL://me@127.0.0.1/secret", NO_URI),
        ("mysql://secret@127.0.0.1/x", NO_URI),
        ("", NO_URI),
    ],
)
def test_a_password_on_the_command_line_and_other_databases_are_refused(uri: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        check_uri(uri)
    assert not [part for part in ("secret", "127.0.0.1", "\n") if part in str(refused.value)]
    with pytest.raises(ConfigurationError, match=message), connected(uri, SCHEMA):
        pass


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("postgresql://me@h.example:5432/x?sslmode=require", "postgresql://h.example:5432/x"),
        ("postgres://me%40server@h/x%20y", "postgresql://h/x%20y"),
        ("postgresql://me@[::1]:54/x", "postgresql://[::1]:54/x"),
        ("postgresql://a:1,b:2/x", "postgresql://a,b:1,2/x"),
        ("postgresql:///x?host=/var/run", "postgresql://%2Fvar%2Frun/x"),
        ("postgresql://?service=national", "postgresql://"),
    ],
)
def test_a_database_is_named_by_host_port_and_database(uri: str, name: str) -> None:
    check_uri(uri)
    assert name_of(uri) == name


@pytest.mark.parametrize("schema", ["", " ", "a\nb", "é" * 32, "\udcff"])
def test_what_is_no_schema_is_refused_before_anything(schema: str) -> None:
    with pytest.raises(ConfigurationError, match="^--schema '.*' is not a name: 1 to 63 bytes"):
        check_schema(schema)
    with (
        pytest.raises(ConfigurationError, match="is not a name"),
        connected("postgresql://me@127.0.0.1:1/x", schema),
    ):
        pass


def test_a_database_that_does_not_answer_is_named_in_one_line() -> None:
    with (
        pytest.raises(ConfigurationError, match=r"^postgresql://127.0.0.1:1/x cannot be reached: .+") as refused,
        connected("postgresql://me@127.0.0.1:1/x", SCHEMA),
    ):
        pass
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["sslmode", "connect_timeout", "service", "hostaddr", "keepalives"])
def test_a_refused_value_is_not_repeated(name: str) -> None:
    uri = f"postgresql://me@127.0.0.1:1/x?{name}=secret"
    with (
        pytest.raises(ConfigurationError, match=f"cannot be reached: .*the value of {name}") as refused,
        connected(uri, SCHEMA),
    ):
        pass
    assert "secret" not in str(refused.value)
