"""Queries of the agents' application on its relations, in SQL, and the answers of the lake's tables, in pandas."""

from collections.abc import Callable, Collection
from typing import Any

import pandas as pd
import psycopg

from sf_spark.publication.application.relations import REGISTER, RELATIONS
from sf_spark.publication.application.scores import ALERTS

Table = Callable[[str], pd.DataFrame]
_PAGE = 1_000


class Application:
    """A reader of the relations in a schema."""

    def __init__(self, uri: str, schema: str = "sfdata") -> None:
        self._uri, self._schema = uri, schema

    def ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._uri) as connection:
            connection.execute(f'SET search_path TO "{self._schema}"')
            return connection.execute(question, values or None).fetchall()

    def in_pages(self, name: str, key: str) -> list[tuple[Any, ...]]:
        """All rows, page by page in the order of the key, like the application's copy."""
        rows: list[tuple[Any, ...]] = []
        while page := self.ask(f"SELECT * FROM {name} ORDER BY {key} LIMIT {_PAGE} OFFSET {len(rows)}"):
            rows += page
        return rows


def copied_whole(application: Application, delivered: Collection[str]) -> None:
    """Consecutive pages hold every row once; a copy from a date on holds the rows of its months.

    Args:
        application: The reader.
        delivered: The delivered sources: a relation without any of them is empty, the others are not.
    """
    for relation in RELATIONS:
        everything = application.ask(f"SELECT * FROM {relation.name}")
        key = ", ".join(relation.columns) if not relation.is_unique else ", ".join(relation.key)
        paged = application.in_pages(relation.name, key)
        assert sorted(map(repr, paged)) == sorted(map(repr, everything)), relation.name
        own = [source for source in relation.sources if source not in REGISTER] or relation.sources
        assert bool(everything) == (not own or bool(set(own) & set(delivered))), relation.name
        if everything and "periode" in relation.columns and relation.is_by_month:
            ((since,),) = application.ask(f"SELECT max(periode) - interval '3 months' FROM {relation.name}")
            months = application.ask(f"SELECT periode FROM {relation.name} WHERE periode >= %s", since)
            place = list(relation.columns).index("periode")
            assert len(months) == sum(row[place] >= since.date() for row in everything)


def proceedings_on(application: Application, table: Table, day: str) -> set[tuple[str, str]]:
    """Company and action of the proceedings open on a day, equal in both."""
    question = """
        SELECT siren, action_procol FROM (
          SELECT DISTINCT ON (siren, action_procol) siren, action_procol, stade_procol FROM clean_procol
          WHERE date_effet <= %s ORDER BY siren, action_procol, date_effet DESC, stade_procol = 'fin_procedure' DESC
        ) AS latest WHERE stade_procol <> 'fin_procedure'"""
    asked = set(application.ask(question, day))
    staged = table("staged/procol")
    staged = staged[staged["superseded_on"].isna() & staged["action_procol"].notna()]
    staged = staged[(staged["stade_procol"] != "solde_procedure") & (pd.to_datetime(staged["date_effet"]) <= day)]
    staged = staged.assign(over=staged["stade_procol"] == "fin_procedure")
    latest = staged.sort_values(["date_effet", "over"]).groupby(["siren", "action_procol"]).tail(1)
    kept = {siren for (siren,) in application.ask("SELECT DISTINCT siren FROM clean_effectif_ent")}
    ongoing = {(row.siren, row.action_procol) for row in latest[~latest["over"]].itertuples() if row.siren in kept}
    assert {pair for pair in asked if pair[0] in kept} == ongoing
    return ongoing


def debts_and_headcounts(application: Application, alerts: pd.DataFrame) -> int:
    """Debt and headcount of each company of a list, equal in both; returns the number with a debt."""
    owed = dict(
        application.ask(
            "SELECT left(siret, 9), sum(part_ouvriere + part_patronale) FROM clean_debit WHERE is_last GROUP BY 1"
        )
    )
    staff = dict(application.ask("SELECT siren, effectif_ent FROM clean_effectif_ent WHERE is_latest"))
    for row in alerts.itertuples():
        assert float(owed.get(row.siren, 0)) == round(row.dette_sociale, 2), row.siren
        assert staff[row.siren] == row.effectif, row.siren
    return sum(amount > 0 for siren, amount in owed.items() if siren in set(alerts["siren"]))


_FILTERED = """
    SELECT e.siren FROM company_score_entries e
    JOIN lists l ON l.label = e.list_name
    JOIN clean_sirene_ul u USING (siren)
    JOIN clean_effectif_ent f ON f.siren = e.siren AND f.is_latest
    LEFT JOIN (SELECT left(siret, 9) AS siren, sum(part_ouvriere + part_patronale) AS dette
               FROM clean_debit WHERE is_last GROUP BY 1) d ON d.siren = e.siren
    WHERE l.code = %(list)s AND f.effectif_ent >= %(effectif)s AND coalesce(d.dette, 0) >= %(dette)s
      AND e.alert = ANY(%(alerts)s) AND u.departement = ANY(%(departements)s)
      AND (NOT %(premieres)s OR NOT EXISTS (
           SELECT 1 FROM company_score_entries o WHERE o.siren = e.siren AND o.list_name <> e.list_name))
      AND (NOT %(sans_delai)s OR NOT EXISTS (
           SELECT 1 FROM clean_delai p WHERE left(p.siret, 9) = e.siren AND p.date_echeance > l.list_date
             AND p.stade NOT IN ('REFUS', 'REJ')))"""


def filtered(application: Application, alerts: pd.DataFrame, **asked: Any) -> set[str]:
    """The companies left by the filters of the application, equal in both."""
    values = {"effectif": 0, "dette": 0.0, "premieres": False, "sans_delai": False, **asked}
    values["departements"] = asked.get("departements", sorted(alerts["departement"].dropna().unique()))
    values["alerts"] = [ALERTS[level] for level in asked.get("niveaux", ALERTS)]
    values["list"] = alerts["list"].iloc[0]
    with psycopg.connect(application._uri) as connection:
        connection.execute(f'SET search_path TO "{application._schema}"')
        found = {siren for (siren,) in connection.execute(_FILTERED, values).fetchall()}
    kept = alerts[(alerts["effectif"] >= values["effectif"]) & (alerts["dette_sociale"] >= values["dette"])]
    kept = kept[kept["departement"].isin(values["departements"]) & kept["level"].isin(asked.get("niveaux", ALERTS))]
    if values["premieres"]:
        kept = kept[kept["first_alert"] == kept["periode"]]
    if values["sans_delai"]:
        kept = kept[~kept["a_delai_en_cours"].astype(bool)]
    assert found == set(kept["siren"]), asked
    return found
