"""The application's tables after each delivery: what the lake says, and nothing written that has not changed."""

from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from jobs import serve as serve_job
from sf_spark.errors import ConfigurationError, SfSparkError
from sf_spark.lake.tables import replace_all
from sf_spark.publication.list_columns import SCHEMA as DETECTION
from sf_spark.schema import LISTS_DETECTION, PREDICTIONS_ENTREPRISE
from sf_spark.steps import serve as serve_step
from sf_spark.steps.serve import serve
from tests.steps.conftest import DUES, SITES, SmallLake, dues

SCHEMA = "sfdata"


def served(lake: SmallLake, uri: str) -> dict[str, str]:
    """Fill the database; what was said of each relation."""
    said: list[str] = []
    assert serve(lake.spark, lake.settings, said.append, uri, SCHEMA) == 0
    assert not [line for line in said if "secret" in line]
    return dict(line.split(": ", 1) for line in said if line.startswith(("clean_", "lists:", "company_")))


def ask(uri: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(uri) as connection:
        return connection.execute(question).fetchall()


def change(uri: str, *statements: str) -> None:
    with psycopg.connect(uri) as connection:
        for statement in statements:
            connection.execute(statement)


def publish(lake: SmallLake, **scores: float) -> None:
    """A list a month (``february=10.0``) at horizon 18, of one company with this score."""
    names = lake.spark.createDataFrame([], DETECTION).columns
    months = {"january": date(2024, 1, 1), "february": date(2024, 2, 1), "march": date(2024, 3, 1)}
    listed = []
    for month, score in scores.items():
        row: dict[str, Any] = {"list": month, "periode": months[month], "horizon": 18, "edition": 1, "rank": 1}
        row |= {"siren": SITES[0][:9], "score": score, "points": {}, "points_base": 0.0, "model_version": "1"}
        listed.append(tuple(row.get(name) for name in names))
    replace_all(lake.spark.createDataFrame(listed, DETECTION).coalesce(1), lake.settings.lake, LISTS_DETECTION)
    explained = "siren string, periode date, horizon int, model_version string, contributions map<string,float>"
    replace_all(lake.spark.createDataFrame([], explained), lake.settings.lake, PREDICTIONS_ENTREPRISE)


def contributions(lake: SmallLake) -> list[tuple[Any, ...]]:
    """Site, month and sum in force, as the staged table says."""
    sums: dict[tuple[str, date], float] = {}
    for row in lake.rows("staged/cotisation"):
        if row["superseded_on"] is None:
            key = (row["siret"], row["periode_debut"])
            sums[key] = sums.get(key, 0) + row["du"]
    return sorted((*key, Decimal(f"{total:.2f}")) for key, total in sums.items())


def test_each_delivery_changes_the_months_that_it_changes(lake: SmallLake, database_uri: str) -> None:
    everything = "SELECT siret, periode, du FROM sfdata.clean_cotisation ORDER BY siret, periode"
    first = served(lake, database_uri)
    assert first["clean_cotisation"].startswith("4 of 4 parts written (periode), 12 of 12 rows")
    assert ask(database_uri, everything) == contributions(lake)
    assert ask(database_uri, "SELECT siren, date_effet, libelle_procol FROM sfdata.clean_procol") == [
        (SITES[2][:9], date(2024, 1, 26), "Redressement judiciaire")
    ]
    assert ask(database_uri, "SELECT count(*) FROM sfdata.clean_debit") == [(0,)]  # never delivered

    again = served(lake, database_uri)
    assert set(again.values()) == {"up to date, built from the same tables"}

    lake.deliver("2403", DUES, dues(100, 100, 100, 75, 70))  # January is corrected, February is new
    lake.take("2403")
    changed = served(lake, database_uri)
    assert changed["clean_cotisation"].startswith("2 of 5 parts written (periode), 6 of 15 rows")
    assert set(changed.values()) - {changed["clean_cotisation"]} == {"up to date, built from the same tables"}
    assert ask(database_uri, everything) == contributions(lake)


def test_a_run_that_ended_between_two_relations_goes_on(
    lake: SmallLake, database_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = serve_step._blocks

    def failing(folder: str) -> Any:
        if folder.endswith("clean_procol"):
            raise SfSparkError("the machine is gone")
        return blocks(folder)

    with monkeypatch.context() as patched, pytest.raises(SfSparkError, match="machine"):
        patched.setattr(serve_step, "_blocks", failing)
        served(lake, database_uri)
    assert ask(database_uri, "SELECT to_regclass('sfdata.clean_procol')") == [(None,)]
    assert ask(database_uri, "SELECT count(*) FROM sfdata.clean_cotisation") == [(12,)]
    assert not list((lake.folder / "lake" / "_scratch").glob("serve_*"))
    again = served(lake, database_uri)
    assert again["clean_cotisation"] == "up to date, built from the same tables"
    assert again["clean_procol"].startswith("1 of 1 parts written (date_effet), 1 of 1 rows")


def test_what_was_removed_from_the_database_is_written_again(lake: SmallLake, database_uri: str) -> None:
    dues_now = "SELECT siret, periode, du FROM sfdata.clean_cotisation ORDER BY siret, periode"
    listed = "SELECT list_name, score FROM sfdata.company_score_entries ORDER BY list_name"
    publish(lake, january=10.0, february=20.0)
    served(lake, database_uri)
    change(
        database_uri,
        "DROP TABLE sfdata.clean_debit",
        "TRUNCATE sfdata.clean_procol",
        f"INSERT INTO sfdata.clean_cotisation VALUES ('{SITES[0]}', '2030-01-01', 1)",
        "DELETE FROM sfdata.lists WHERE label = 'Janvier 2024'",
        "DROP TABLE sfdata.company_score_entries",
    )
    publish(lake, january=10.0, february=21.0)
    again = served(lake, database_uri)
    assert again["clean_debit"].startswith("0 of 0 parts written")
    assert again["clean_procol"].startswith("1 of 1 parts written")
    assert again["clean_cotisation"].startswith("4 of 4 parts written (periode), 12 of 12 rows")
    assert again["lists"].startswith("2 of 2 parts written")
    assert again["company_score_entries"].startswith("2 of 2 parts written")
    assert again["clean_sirene"] == "up to date, built from the same tables"
    assert ask(database_uri, "SELECT count(*) FROM sfdata.clean_debit") == [(0,)]
    assert ask(database_uri, "SELECT count(*) FROM sfdata.clean_procol") == [(1,)]
    assert ask(database_uri, dues_now) == contributions(lake)
    assert ask(database_uri, "SELECT count(*) FROM sfdata.lists") == [(2,)]
    assert ask(database_uri, listed) == [("Février 2024", 21), ("Janvier 2024", 10)]
    assert set(served(lake, database_uri).values()) == {"up to date, built from the same tables"}

    change(database_uri, "DROP TABLE sfdata.sf_spark_relations, sfdata.clean_cotisation")
    served(lake, database_uri)
    assert ask(database_uri, dues_now) == contributions(lake)


def test_a_horizon_without_a_list_changes_nothing(lake: SmallLake, database_uri: str) -> None:
    publish(lake, january=10.0)
    other = lake.with_settings("train.horizon=12")
    message = r"^no list has train.horizon 12: lists/detection has lists of horizon 18; nothing has changed$"
    with pytest.raises(SfSparkError, match=message):
        served(other, database_uri)
    assert ask(database_uri, "SELECT to_regnamespace('sfdata')") == [(None,)]
    served(lake, database_uri)
    with pytest.raises(SfSparkError, match=message):
        served(other, database_uri)
    assert ask(database_uri, "SELECT label FROM sfdata.lists") == [("Janvier 2024",)]
    assert ask(database_uri, "SELECT count(*) FROM sfdata.company_score_entries") == [(1,)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--to", "postgresql://me@127.0.0.1:1/x", "--schema", ""],
        ["--to", "postgresql://me@127.0.0.1:1/x?unknown=secret"],
        ["--to", "POSTGRESQL://me@127.0.0.1:1/secret"],
    ],
)
def test_bad_arguments_are_refused_before_spark_starts(lake: SmallLake, arguments: list[str]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        serve_job.check(lake.settings, serve_job.parser().parse_args(arguments))
    assert refused.value.exit_code == 2
    assert "secret" not in str(refused.value)
