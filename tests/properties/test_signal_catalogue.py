"""Properties of every signal of the catalogue: no look-ahead, the same value by every plan, a slow oracle, and SQL."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from sf_spark.domain.calendar import start_of
from sf_spark.signals.catalogue import months_needed
from sf_spark.signals.expression import Measure, Node
from sf_spark.signals.measures import DERIVED
from sf_spark.signals.record import Signal
from tests.oracles import signals_in_sql as sql
from tests.properties.signal_frames import CATALOGUE, CUT, LAST, SINGLE, ZERO, panels, run_kernel
from tests.properties.signal_oracle import Oracle

Tables = dict[str, pd.DataFrame]
_AT_ONCE = 300  # signals in one Spark query


@pytest.fixture(scope="module")
def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    return panels()


@pytest.fixture(scope="module")
def whole(frames: tuple[pd.DataFrame, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return run_kernel(*frames, tmp_path_factory.mktemp("whole"))


def until(frames: tuple[pd.DataFrame, pd.DataFrame], month: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    companies, sites = frames
    return companies[companies["mois"] <= month], sites[sites["mois"] <= month]


def same(left: Tables, right: Tables, months: range | None = None) -> None:
    for key in ("siren", "siret"):
        expected = right[key]
        if months is not None:
            expected = expected[expected.index.get_level_values(1).isin(months)]
        pd.testing.assert_frame_equal(left[key], expected, check_exact=True)


def test_there_are_at_least_800_signals_and_every_row_has_them(frames, whole: Tables) -> None:
    assert len(whole["siren"].columns) == len(CATALOGUE.of("siren")) >= 800
    assert len(whole["siren"]) == len(frames[0]) and len(whole["siret"]) == len(frames[1])


def test_cutting_the_future_changes_no_bit_of_the_past(frames, whole: Tables, tmp_path: Path) -> None:
    same(run_kernel(*until(frames, CUT), tmp_path, last=CUT), whole, range(CUT + 1))


def test_the_plan_of_a_month_gives_the_bits_of_the_history(frames, whole: Tables, tmp_path: Path) -> None:
    """It reads only the months needed by the windows."""
    needed = months_needed([*CATALOGUE.of("siren"), *CATALOGUE.of("siret")])
    assert needed == 36 - 1
    recent = tuple(frame[frame["mois"] >= CUT - needed] for frame in frames)
    same(run_kernel(*recent, tmp_path, first=CUT, last=CUT), whole, range(CUT, CUT + 1))


@pytest.mark.parametrize("one_in", [5, pytest.param(1, marks=pytest.mark.long)])
def test_order_and_partition_of_the_rows_change_no_bit(frames, whole: Tables, tmp_path: Path, one_in: int) -> None:
    shuffled = tuple(frame.sample(frac=1, random_state=3) for frame in frames)
    chosen = {key: CATALOGUE.of(key)[::one_in] for key in ("siren", "siret")}
    few = {key: whole[key][[signal.name for signal in signals]] for key, signals in chosen.items()}
    same(run_kernel(*shuffled, tmp_path, partition_of=lambda siren: siren % 4, signals=chosen), few)


def test_a_few_signals_alone_are_those_among_all(frames, whole: Tables, tmp_path: Path) -> None:
    names = ["ecart_secteur_effectif_change12m", "effectif_change12m_min_etablissements", "dette_slope24m"]
    alone = run_kernel(*frames, tmp_path, signals={"siren": CATALOGUE.of("siren", names)})["siren"]
    pd.testing.assert_frame_equal(alone, whole["siren"][names], check_exact=True)


def test_a_single_month_gives_nulls_and_no_error(whole: Tables) -> None:
    row = whole["siren"].loc[f"{SINGLE}"].loc[CUT]
    longer = [
        signal.name
        for signal in CATALOGUE.of("siren")
        if signal.window > 1
        and not any(part in signal.name for part in ("serie", "_last", "_first", "secteur_eff"))
        and not signal.name.startswith(("nb_mois_", "mois_depuis_"))
    ]
    assert len(longer) > 700 and row[longer].isna().all()
    assert row[["dette", "effectif_age_mois", "nb_mois_dette_consecutifs"]].notna().all()


def test_zero_contributions_keep_their_rows(whole: Tables) -> None:
    rows = whole["siren"].loc[f"{ZERO}"]
    assert len(rows) == 44 and set(rows["cotisation"].dropna()) == {0.0}
    assert rows["dette_sur_cotisation_mean12m"].isna().all()  # no denominator: unknown, not zero


@pytest.mark.parametrize("key", ["siren", "siret"])
def test_every_signal_is_what_its_name_says(frames, whole: Tables, key: str) -> None:
    companies, sites = frames
    oracle = Oracle(companies, "siren", sites) if key == "siren" else Oracle(sites, "siret")
    wrong, untried = [], []
    for signal in CATALOGUE.of(key):
        computed = whole[key][signal.name]
        wanted = oracle.signal(signal.name).to_numpy().astype(np.float32)
        scale = np.nanmax(np.abs(wanted)) if np.isfinite(wanted).any() else 1.0
        if not np.allclose(computed.to_numpy(), wanted, rtol=2e-5, atol=1e-6 * scale, equal_nan=True):
            wrong.append(signal.name)
        if np.isfinite(wanted).sum() < 20:
            untried.append(signal.name)
    assert wrong == [] and untried == []


def spark_panel(spark: SparkSession, frame: pd.DataFrame) -> DataFrame:
    texts = {key: frame[key].map("{:d}".format) for key in ("siren", "siret") if key in frame}
    made = frame.assign(periode=frame["mois"].map(start_of), **texts).drop(columns="mois").astype(object)
    kinds = {"siren": "string", "siret": "string", "periode": "date"}
    schema = ", ".join(f"{name} {kinds.get(name, 'double')}" for name in made.columns)
    return spark.createDataFrame(made.where(made.notna(), None).values.tolist(), schema)


def kind(node: Node) -> str:
    """The computation of a node, without measures, months and thresholds."""
    if isinstance(node, Measure):
        return "measure"
    parts = (getattr(node, item.name) for item in fields(node))  # type: ignore[arg-type]
    operands = [kind(part) if isinstance(part, Node) else part for part in parts if isinstance(part, Node | str)]
    return f"{type(node).__name__}({', '.join(operands)})"


def one_of_each_kind(signals: Sequence[Signal]) -> list[Signal]:
    """The first signal of each kind, in the order of the catalogue."""
    first: dict[str, Signal] = {}
    for signal in signals:
        first.setdefault(kind(signal.expression), signal)
    return [*first.values()]


@pytest.mark.parametrize("key", ["siren", "siret"])
def test_spark_sql_agrees_on_a_signal_of_each_kind(
    spark: SparkSession, frames, whole: Tables, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    chosen = one_of_each_kind(CATALOGUE.of(key))
    assert len(chosen) >= {"siren": 31, "siret": 24}[key]
    monkeypatch.setattr(sql, "derived", lambda panel: panel)  # these panels hold the numbers already
    assert differences_from_sql(spark, frames, whole, key, chosen) == []


@pytest.mark.long  # minutes of planning; the test above covers one of each kind
@pytest.mark.parametrize("key", ["siren", "siret"])
def test_spark_sql_agrees_on_every_signal(
    spark: SparkSession, frames, whole: Tables, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr(sql, "derived", lambda panel: panel)
    assert differences_from_sql(spark, frames, whole, key, CATALOGUE.of(key)) == []


def differences_from_sql(spark: SparkSession, frames, whole: Tables, key: str, signals: Sequence[Signal]) -> list[str]:
    """The signals for which Spark SQL and the kernel differ."""
    companies, sites = (spark_panel(spark, frame).cache() for frame in frames)
    wrong = []
    for start in range(0, len(signals), _AT_ONCE):
        some = signals[start : start + _AT_ONCE]
        panel = companies if key == "siren" else sites
        computed: Any = sql.compute_signals(panel, key, some, sites if key == "siren" else None).toPandas()
        months = [day.year * 12 + day.month - 1 for day in computed["periode"]]
        found = computed.set_index(pd.MultiIndex.from_arrays([computed[key], months])).sort_index()
        assert list(found.index) == list(whole[key].index)
        for signal in some:
            left, right = found[signal.name].to_numpy(), whole[key][signal.name].to_numpy()
            scale = np.nanmax(np.abs(right)) if np.isfinite(right).any() else 1.0
            if not np.allclose(left, right, rtol=2e-5, atol=1e-6 * scale, equal_nan=True):
                wrong.append(signal.name)
    return wrong


def test_the_frames_hold_the_boundaries_they_should(frames) -> None:
    companies, _ = frames
    assert {*DERIVED} <= set(companies.columns)
    assert companies["mois"].max() == LAST and start_of(LAST) == date(2024, 8, 1)
    assert companies["cotisation"].isna().any() and (companies["dette"] == 0).any()
