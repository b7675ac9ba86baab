"""The application's tables after each delivery: what the lake says, and nothing written that has not changed."""

from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from sf_spark.errors import SfSparkError
from sf_spark.steps import serve as serve_step
from sf_spark.steps.serve import serve
from tests.steps.conftest import DUES, SITES, SmallLake, dues

SCHEMA = "sfdata"


def served(lake: SmallLake, uri: str) -> dict[str, str]:
    """Fill the database; what was said of each relation."""
    said: list[str] = []
    assert serve(lake.spark, lake.settings, said.append, uri, SCHEMA) == 0
    assert not [line for line in said if "secret" in line]
    return dict(line.split(": ", 1) for line in said if line.startswith("clean_"))


def ask(uri: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(uri) as connection:
        return connection.execute(question).fetchall()


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
