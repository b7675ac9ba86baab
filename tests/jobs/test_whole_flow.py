"""The whole flow on small generated deliveries: tables, registry, list; interrupted and run again."""

import argparse
import contextlib
import io
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs import pipeline
from sf_spark.errors import ConfigurationError
from sf_spark.publication import meanings
from sf_spark.publication.application.relations import RELATIONS
from sf_spark.publication.list_columns import STATUSES
from sf_spark.session import interpreted
from sf_spark.settings import Settings, load_settings
from sf_spark.steps import publish as publish_step
from sf_spark.steps import report as report_step
from sf_spark.steps.pipeline import STEPS
from sf_spark.steps.serve import serve
from sf_spark.steps.show_builds import show_builds
from tests import bi_examples
from tests.oracles import application_questions as questions

ROOT = Path(__file__).resolve().parents[2]
SIZE = (
    *("generate.entreprises=400", "generate.annees=5", "generate.monthly_deliveries=1", "generate.last_batch=2610"),
    "signals.families=[cotisations, dettes, effectifs, secteur]",
    # Enough predictable failures: a model of so few companies must rank clearly better than chance.
    *("generate.failure_rate=0.1", "generate.announced_share=0.95", "train.models=[gradient_boosting, rule_2016]"),
    *("train.resamples=50", "train.gate.resamples=100", "score.months=2"),
)
TABLES = {
    **{f"staged/{name}": ["_batch", "_file", "_line"] for name in ("cotisation", "debit", "procol", "sirene")},
    **{f"staged/{name}": ["_batch", "_file", "_line", "periode"] for name in ("effectif", "effectif_ent")},
    "staged/sirene_ul": ["_batch", "_file", "_line"],
    "quarantine": ["source", "_batch", "_file", "_line"],
    "deliveries": ["source", "_batch", "_file"],
    "panel/etablissement": ["siret", "periode"],
    "panel/entreprise": ["siren", "periode"],
    "signals/etablissement": ["siret", "periode"],
    "signals/entreprise": ["siren", "periode"],
    "signals/dictionary": ["name"],
    "labels/entreprise": ["siren", "periode"],
    "predictions/entreprise": ["siren", "periode", "horizon", "model_version"],
    "lists/detection": ["list", "siren"],
    "monitoring/lists": ["list"],
    "cards/entreprise": ["siren"],
    "cards/etablissement": ["siret"],
}
WATCHED = {
    "monitoring/drift": ["periode", "name"],
    "monitoring/coverage": ["periode", "measure"],
    "monitoring/freshness": ["periode", "source"],
}
# One of each way in which tables are written; Spark needs most of a second for a table.
READ_BY_SPARK = ("staged/cotisation", "panel/entreprise", "signals/entreprise", "cards/entreprise", "deliveries")
# Columns that identify the run, not its result.
OF_THE_RUN = ["run_id", "started_at", "finished_at"]


@dataclass(frozen=True)
class Lake:
    """A lake filled by the whole flow, and the flow's output."""

    settings: Settings
    said: list[str]

    def table(self, name: str) -> pd.DataFrame:
        return DeltaTable(f"{self.settings.lake}/{name}").to_pyarrow_table().to_pandas()


def overrides(folder: Path) -> list[str]:
    return [*(f"{key}={folder / key}" for key in ("landing", "truth", "lake")), *SIZE]


@pytest.fixture(scope="module")
def flow(
    spark: SparkSession,
    production_plans: None,
    tmp_path_factory: pytest.TempPathFactory,
    generate_some_sources: Callable[[Settings], None],
) -> Lake:
    folder = tmp_path_factory.mktemp("flow")
    settings = load_settings("test", overrides(folder))
    generate_some_sources(settings)
    options = argparse.Namespace(generate=False, verbose=True)
    pipeline.check(settings, options)
    said, printed = list[str](), io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert pipeline.run(spark, settings, options, said.append) == 0
    return Lake(settings, [*said, *printed.getvalue().splitlines()])


def test_every_table_opens_without_spark_and_has_its_key(flow: Lake) -> None:
    for name, key in (TABLES | WATCHED).items():
        rows = flow.table(name)
        assert len(rows), name
        assert not rows.duplicated(key).any(), name
        protocol = DeltaTable(f"{flow.settings.lake}/{name}").protocol()
        assert (protocol.min_reader_version, protocol.reader_features) == (1, None), name


def test_nothing_is_lost_between_the_files_and_the_tables(flow: Lake) -> None:
    accounts = flow.table("deliveries")
    assert (
        accounts["lines_read"] == accounts["lines_accepted"] + accounts["lines_rejected"] + accounts["lines_skipped"]
    ).all()
    assert accounts["lines_rejected"].sum() == len(flow.table("quarantine"))
    planted = pd.read_csv(f"{flow.settings.truth}/dirty.csv", dtype=str)
    read = set(accounts.loc[accounts["status"] == "ok", "_file"])
    expected = {(row.batch, row.file, int(row.line)) for row in planted.itertuples(index=False) if row.file in read}
    found = flow.table("quarantine")[["_batch", "_file", "_line"]].itertuples(index=False, name=None)
    assert set(found) == expected
    totals = pd.read_csv(f"{flow.settings.truth}/totals.csv", dtype={"batch": str})
    both = totals.merge(accounts, left_on=["batch", "file"], right_on=["_batch", "_file"])
    assert len(both) == len(accounts)
    for counted, planted_lines in (("read", "data"), ("rejected", "dirty"), ("skipped", "skipped")):
        assert (both[f"lines_{counted}"] == both[f"{planted_lines}_lines"]).all(), counted


def test_contributions_are_conserved_to_the_cent_for_every_company(flow: Lake) -> None:
    staged = flow.table("staged/cotisation").assign(cents=lambda rows: (rows["du"] * 100).round().astype("int64"))
    panel = flow.table("panel/entreprise").assign(cents=lambda rows: (rows["cotisation"] * 100).round())
    last = pd.Timestamp(panel["periode"].max())
    due = staged[staged["superseded_on"].isna()].groupby("siren")["cents"].sum()
    posted = panel.groupby("siren")["cents"].sum().reindex(due.index, fill_value=0)
    to_come = _still_to_come(staged, last).reindex(due.index, fill_value=0)
    assert len(due) > 300
    assert (to_come != 0).sum() > 20  # quarters with one or two months after the end
    assert (posted + to_come == due).all()


def _still_to_come(staged: pd.DataFrame, last: pd.Timestamp) -> pd.Series:
    """Cents of each company that fall after the last month, from amounts recently known or withdrawn."""
    begin, end = (pd.to_datetime(staged[name]) for name in ("periode_debut", "periode_fin"))
    months = (end.dt.year - begin.dt.year) * 12 + end.dt.month - begin.dt.month
    total = pd.Series(0, index=staged.index)
    for column, sign in (("known_on", 1), ("superseded_on", -1)):
        day = pd.to_datetime(staged[column])
        # A fact after the 20th is known in the row of the next month.
        first = (day.dt.year - last.year) * 12 + day.dt.month - last.month + (day.dt.day > 20)
        past = (1 - first).clip(0, months).fillna(0).astype("int64")  # months of it that have a row
        whole, remainder = staged["cents"] // months, staged["cents"] % months
        gone_by = past * whole + remainder * past // months
        total += sign * (staged["cents"] - gone_by).where(day.notna(), 0)
    return total.groupby(staged["siren"]).sum()


def test_the_list_is_ranked_and_explained(flow: Lake) -> None:
    rows = flow.table("lists/detection")
    latest = rows[rows["list"] == rows["list"].max()]
    alerts = latest[latest["rank"].notna()].sort_values("rank")
    assert len(alerts)
    assert list(alerts["rank"]) == list(range(1, len(alerts) + 1))
    assert alerts["probability"].is_monotonic_decreasing
    assert alerts["level"].isin(["fort", "modere"]).all()
    assert alerts["reason_1"].str.contains(" : ").all()


def test_the_figures_of_the_lists_add_up(flow: Lake) -> None:
    lists, figures = flow.table("lists/detection"), flow.table("monitoring/lists").set_index("list")
    assert len(figures) == flow.settings.score.months
    counted = lists.groupby(["list", "status"]).size().unstack(fill_value=0).reindex(columns=STATUSES, fill_value=0)
    pd.testing.assert_frame_equal(figures[list(STATUSES)].sort_index(), counted, check_names=False)
    assert (figures["on_list"] == figures[list(STATUSES)].sum(axis=1) - figures["sortie"]).all()
    assert (lists["points_base"] + lists["points"].map(lambda parts: sum(value for _, value in parts or ())))[
        lists["rank"].notna()
    ].to_numpy() == pytest.approx(lists["score"][lists["rank"].notna()].to_numpy())


def test_the_flow_watches_the_month_and_itself(flow: Lake) -> None:
    drift = flow.table("monitoring/drift")
    assert set(drift["kind"]) == {"score", "sector", "signal"} and drift["psi"].notna().all()
    assert set(flow.table("monitoring/freshness")["months_since"]) == {0}
    assert flow.table("monitoring/coverage")["known"].between(0, 1).all()
    runs = flow.table("monitoring/runs")
    assert list(runs.sort_values("started_at")["job"]) == list(STEPS) and (runs["exit_code"] == 0).all()


def test_logs_and_artifacts_name_no_company(flow: Lake) -> None:
    companies = flow.table("panel/entreprise")
    sirens = set(companies["siren"])
    names = {name for name in companies["raison_sociale"].dropna() if len(name) > 8}
    assert len(sirens) > 300 and len(names) > 100
    said = "\n".join(flow.said)
    assert "build_cards" in said and "companies on the list" in said
    folder = Path(flow.settings.lake).parent / "mlruns"
    artifacts = [path for path in folder.rglob("*") if path.is_file()]
    assert artifacts
    for text in (said, *(path.read_bytes().decode("latin-1") for path in artifacts)):
        assert not sirens & {number[:9] for number in re.findall("[0-9]{9,14}", text)}
        assert not [name for name in names if name in text]


def test_cards_say_what_panel_and_list_say(flow: Lake) -> None:
    cards = flow.table("cards/entreprise").set_index("siren")
    lists, panel = flow.table("lists/detection"), flow.table("panel/entreprise")
    months = pd.to_datetime(panel["periode"])
    lately = set(panel.loc[months >= months.max() - pd.DateOffset(months=23), "siren"])
    assert set(cards.index) == lately | set(lists["siren"])
    alerts = lists[lists["list"] == lists["list"].max()].head(20)
    measures, explained = {"effectif", "cotisation", "dette", "montant_part_ouvriere", "montant_part_patronale"}, 0
    for row in alerts.itertuples():
        series = {month["periode"]: month for month in cards.loc[row.siren, "serie"]}
        for reason in row.reasons:
            if reason["signal"] in measures:
                explained += 1
                assert reason["value"] == pytest.approx(series[row.periode][reason["signal"]], rel=1e-6)
        assert row.list in {alert["list"] for alert in cards.loc[row.siren, "alertes"]}
    assert explained  # at least one reason shows a measure of the series itself


def test_a_second_run_finds_everything_done(flow: Lake, spark: SparkSession) -> None:
    before = {name: DeltaTable(f"{flow.settings.lake}/{name}").version() for name in TABLES}
    watched = {name: flow.table(name) for name in WATCHED}
    said, printed = list[str](), io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert pipeline.run(spark, flow.settings, argparse.Namespace(generate=False, verbose=True), said.append) == 0
    assert sum("step " in text for text in said) == len(STEPS)
    assert "used again" in printed.getvalue() and "learned from" not in printed.getvalue()
    assert before == {name: DeltaTable(f"{flow.settings.lake}/{name}").version() for name in before}
    for name, key in WATCHED.items():
        pd.testing.assert_frame_equal(_comparable(flow.table(name), key), _comparable(watched[name], key))


@pytest.mark.long  # every place of a kill is tried on small lists: steps/test_publish.py
def test_a_publication_killed_between_two_lists_is_completed(
    flow: Lake, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def once(*arguments: Any) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(True)
        commit(*arguments)

    done: list[bool] = []
    commit = publish_step.commit_rows
    shutil.copytree(flow.settings.lake, tmp_path / "lake")
    shutil.rmtree(tmp_path / "lake" / "lists")
    store = flow.settings.tracking_store()  # says who is champion
    settings = flow.settings.model_copy(update={"lake": str(tmp_path / "lake"), "tracking_uri": store})
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(publish_step, "commit_rows", once)
        publish_step.publish(spark, settings, print)
    other = Lake(settings, [])
    assert other.table("lists/detection")["list"].nunique() == 1
    assert publish_step.publish(spark, settings, print) == 0
    name, key = "lists/detection", TABLES["lists/detection"]
    pd.testing.assert_frame_equal(_comparable(other.table(name), key), _comparable(flow.table(name), key))


@pytest.mark.long  # three more pipelines; kills between the commits of ingest are among the properties
def test_a_run_killed_twice_ends_with_the_tables_of_an_uninterrupted_one(flow: Lake, tmp_path: Path) -> None:
    shutil.copytree(flow.settings.landing, tmp_path / "landing")
    arguments = [argument for override in overrides(tmp_path) for argument in ("--set", override)]
    command = [str(ROOT / "spark-submit.sh"), "jobs/pipeline.py", "--env", "test", *arguments]
    _kill_when(command, lambda line: "staged/effectif:" in line, after=0.5)  # inside ingest
    _kill_when(command, lambda line: "gradient_boosting: average_precision" in line, after=0.2)  # inside train
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "build_signals: signals/*: all months to 2026-10 are up to date" in done.stdout
    other = Lake(load_settings("test", overrides(tmp_path)), [])
    for name, key in TABLES.items():
        pd.testing.assert_frame_equal(_comparable(other.table(name), key), _comparable(flow.table(name), key), obj=name)


def _kill_when(command: list[str], seen: Callable[[str], bool], after: float) -> None:
    """Start the pipeline and kill it shortly after a line of its output."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if seen(line):
                time.sleep(after)
                process.send_signal(signal.SIGKILL)
                break
        else:
            pytest.fail("the pipeline ended before it could be killed")
    assert process.returncode == -signal.SIGKILL


def _comparable(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    rows = rows.drop(columns=[name for name in OF_THE_RUN if name in rows.columns])
    for name in rows.columns:
        if rows[name].map(lambda value: isinstance(value, list | dict)).any():
            rows[name] = rows[name].map(_frozen)
    return rows.sort_values(key).reset_index(drop=True)[sorted(rows.columns)]


def _frozen(value: Any) -> Any:
    """The pairs of a map have no order."""
    pairs = isinstance(value, list) and all(isinstance(item, tuple) for item in value)
    return re.sub(r"\s+", " ", repr(sorted(value, key=repr) if pairs else value))


def test_the_application_s_questions_are_answered_as_by_the_lake(
    flow: Lake, spark: SparkSession, database_uri: str
) -> None:
    assert serve(spark, flow.settings, print, database_uri, "sfdata") == 0
    application = questions.Application(database_uri)
    questions.copied_whole(application, set(flow.table("deliveries")["source"]))
    assert len(questions.proceedings_on(application, flow.table, "2024-06-01")) > 5
    lists = flow.table("lists/detection")
    alerts = lists[(lists["list"] == lists["list"].max()) & lists["rank"].notna()]
    assert questions.debts_and_headcounts(application, alerts) > 5
    asked: list[dict[str, Any]] = [
        {},
        {"niveaux": ["fort"], "effectif": 20},
        {"dette": 5_000.0, "sans_delai": True},
        {"premieres": True},
        {"departements": sorted(alerts["departement"].unique())[:5]},
    ]
    assert all(questions.filtered(application, alerts, **each) for each in asked)
    for siren, score, themes in application.ask("SELECT siren, score, macro_expl FROM company_score_entries"):
        assert sum(map(Decimal, map(str, themes.values()))) == score, siren
    said: list[str] = []
    assert serve(spark, flow.settings, said.append, database_uri, "sfdata") == 0
    assert sum("up to date" in line for line in said) == len(RELATIONS)


def test_every_table_is_read_by_the_examples_of_the_page(flow: Lake, spark: SparkSession) -> None:
    readers = bi_examples.readers(flow.settings.lake, spark=spark)
    assert set(readers) == set(bi_examples.COUNTS)
    assert set(READ_BY_SPARK) < set(_described(flow))
    with interpreted(spark, rows=0):
        for table in _described(flow):
            rows = DeltaTable(f"{flow.settings.lake}/{table}").count()
            tools = [tool for tool in readers if tool != "Spark SQL" or table in READ_BY_SPARK]
            counts = {tool: bi_examples.COUNTS[tool](readers[tool](table)) for tool in tools}
            assert counts == dict.fromkeys(tools, rows), table


def test_tables_and_columns_say_in_french_what_they_are(flow: Lake) -> None:
    assert len(_described(flow)) > 25
    for table in _described(flow):
        stored = DeltaTable(f"{flow.settings.lake}/{table}")
        assert stored.metadata().description == meanings.TABLES[table]
        assert [field.name for field in stored.schema().fields if not field.metadata.get("comment")] == [], table
        assert stored.protocol().min_reader_version == 1


def _described(flow: Lake) -> list[str]:
    return [table for table in meanings.TABLES if DeltaTable.is_deltatable(f"{flow.settings.lake}/{table}")]


def test_the_report_holds_the_territory_and_nothing_else(flow: Lake, spark: SparkSession, tmp_path: Path) -> None:
    cards, lists = flow.table("cards/entreprise"), flow.table("lists/detection")
    latest = lists[lists["list"] == lists["list"].max()]
    places = cards.set_index("siren")["departement"].reindex(latest["siren"])
    wanted = set(places.index[places == places.mode()[0]])
    clearances = tmp_path / "habilitations.yml"
    clearances.write_text(
        f'habilitations: {{ici: {{departements: ["{places.mode()[0]}"], droits: [scores, urssaf]}}}}\n'
    )
    settings = flow.settings.model_copy(update={"habilitations": str(clearances)})
    asked = report_step.AskedReport("ici", str(tmp_path / "rapport"))
    for _ in range(2):  # the second replaces the first
        assert report_step.report(spark, settings, asked, print) == str(tmp_path / "rapport")
        assert {path.stem for path in (tmp_path / "rapport" / "fiches").iterdir()} == wanted
    data = (tmp_path / "rapport" / "donnees" / "liste.js").read_text(encoding="utf-8")
    assert set(re.findall(r'^\["(\d{9})"', data, flags=re.MULTILINE)) == wanted
    assert sorted(path.name for path in tmp_path.iterdir()) == ["habilitations.yml", "rapport"]
    logged = flow.table("exports/log")
    assert list(logged["folder"]).count(str(tmp_path / "rapport")) == 2
    with pytest.raises(ConfigurationError, match="has no clearance"):
        report_step.report(spark, settings, report_step.AskedReport("ailleurs", str(tmp_path / "autre")), print)
    (tmp_path / "plein").mkdir()
    (tmp_path / "plein" / "a").touch()
    with pytest.raises(ConfigurationError, match="is not empty, and not a report"):
        report_step.report(spark, settings, report_step.AskedReport("ici", str(tmp_path / "plein")), print)
    assert not (tmp_path / "autre").exists()
    (tmp_path / "plein" / "index.html").write_text("<h1>intranet</h1>")
    with pytest.raises(ConfigurationError, match="is not empty, and not a report"):
        report_step.check_report(settings, report_step.AskedReport("ici", str(tmp_path / "plein")))
    assert sorted(path.name for path in (tmp_path / "plein").iterdir()) == ["a", "index.html"]


def test_a_report_killed_between_its_two_moves_is_put_back(flow: Lake, spark: SparkSession, tmp_path: Path) -> None:
    clearances = tmp_path / "habilitations.yml"
    clearances.write_text("habilitations: {ici: {departements: ['75'], droits: []}}\n")
    settings = flow.settings.model_copy(update={"habilitations": str(clearances)})
    left, new = tmp_path / "rapport.a1b2c3.part.former", tmp_path / "rapport.a1b2c3.part"
    for folder in (left, new):
        folder.mkdir()
        (folder / "index.html").write_text('<meta name="generator" content="sf_spark report">')
    with pytest.raises(ConfigurationError, match="no list 'none' is published"):
        report_step.report(spark, settings, report_step.AskedReport("ici", str(tmp_path / "rapport"), "none"), print)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["habilitations.yml", "rapport"]


def test_nothing_is_stale_after_a_whole_flow(flow: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    show_builds(flow.settings, print)
    shown = capsys.readouterr().out
    assert "predictions/entreprise" in shown and "STALE" not in shown
