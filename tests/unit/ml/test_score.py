import shutil
import subprocess
import sys
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from sf_spark.domain.calendar import start_of
from sf_spark.errors import SfSparkError
from sf_spark.lake.tables import location, read_table
from sf_spark.ml.explain import Explainer
from sf_spark.ml.registry import Registry, registered_name
from sf_spark.ml.scorer import Scorer, Served, coherent
from sf_spark.ml.signal_model import SignalModel
from sf_spark.ml.thresholds import Thresholds
from sf_spark.schema import PREDICTIONS_ENTREPRISE
from sf_spark.settings import AdjustmentSettings
from sf_spark.steps.score import months_to_score, replaced_rows, rows_to_score, score

HORIZON = 12


@pytest.fixture(scope="module")
def champion(trained, ml_settings):
    return Registry(ml_settings.tracking_store()).load(registered_name(ml_settings.train.model_name, HORIZON))


@pytest.fixture(scope="module")
def months(planted):
    return [start_of(int(month)) for month in sorted(planted["mois"].unique())[-2:]]


@pytest.fixture(scope="module")
def predictions(champion, spark, ml_settings, months):
    """The last two months, scored once: (rows written, rows by company and month)."""
    count = score(spark, ml_settings, months, print)
    return count, _rows(spark, ml_settings)


def _rows(spark, settings):
    rows = read_table(spark, settings.lake, PREDICTIONS_ENTREPRISE).collect()
    return {(row["siren"], row["periode"]): row.asDict() for row in rows}


def test_scores_are_those_of_the_model_itself(predictions, champion, planted, months):
    count, rows = predictions
    in_scope = (planted["mois"] >= planted["mois"].max() - 1) & ~planted["en_procedure"]
    expected = planted[in_scope & (planted["siren"] != "000000000")]
    assert count == len(rows) == len(expected)
    raw = champion.model.raw_score(expected[champion.model.signals].astype("float32"))
    probability = champion.model.calibrate(raw)
    level = champion.thresholds.levels(probability)
    for siren, mois, *values in zip(expected["siren"], expected["mois"], raw, probability, level, strict=True):
        row = rows[siren, start_of(mois)]
        assert (row["raw_score"], row["probability"]) == pytest.approx(values[:2], rel=1e-12)
        assert row["level"] == row["level_model"] == values[2]
        assert (row["horizon"], row["model_version"]) == (HORIZON, champion.version)
        assert (row["model_name"], row["run_id"]) == (champion.name, champion.run_id)


def test_who_may_come_onto_a_list_is_explained_and_the_sums_are_the_score(predictions, champion, ml_settings):
    _, rows = predictions
    base = Explainer(champion.model).expected
    assert {row["expected_value"] for row in rows.values()} == {base}
    least = ml_settings.lists.leave_share * champion.thresholds.modere  # a list may keep who is above it
    alerts = [row for row in rows.values() if row["probability"] >= least]
    others = [row for row in rows.values() if row["probability"] < least]
    assert others and {row["level"] for row in alerts} - {"aucun"}
    assert {row["level"] for row in others} == {"aucun"}
    cutoffs = {(row["cutoff_modere"], row["cutoff_fort"]) for row in rows.values()}
    assert cutoffs == {(champion.thresholds.modere, champion.thresholds.fort)}
    expected = float(champion.model.calibrate(np.array([base]))[0])
    assert {row["expected_probability"] for row in rows.values()} == {expected}
    for row in alerts:
        assert set(row["contributions"]) == set(champion.model.signals)
        assert sum(row["contributions"].values()) + base == pytest.approx(row["raw_score"], abs=1e-6)
        by_theme = dict.fromkeys(champion.decision["themes"].values(), 0.0)
        for signal, value in row["contributions"].items():
            by_theme[champion.decision["themes"][signal]] += value
        assert row["contributions_theme"] == pytest.approx(by_theme, abs=1e-5)
    assert all(row["contributions"] is None and row["contributions_theme"] is None for row in others)


def test_twice_is_once_and_neighbours_do_not_move(predictions, spark, ml_settings, months, lines):
    count, before = predictions
    assert score(spark, ml_settings, months[1:], lines.append) < count
    assert _rows(spark, ml_settings) == before
    assert f"scoring {months[1]:%Y-%m} with" in lines[1]
    assert score(spark, ml_settings, months[1:], lines.append) < count
    assert "are scored with" in lines[-3] and "already" in lines[-3]


def test_predictions_of_an_earlier_version_gain_the_columns_that_they_lack(
    predictions, spark, ml_settings, months, lines, tmp_path
):
    settings = _with_predictions(ml_settings, tmp_path, [("000000001", months[1], 0.5, "old")])
    count = score(spark, settings, months[1:], lines.append)
    rows = [row.asDict() for row in read_table(spark, settings.lake, PREDICTIONS_ENTREPRISE).collect()]
    old = [row for row in rows if row["remark"] == "old"]
    assert (len(rows), len(old)) == (count + 1, 1)  # it names no model, so no other row replaces it
    assert (old[0]["probability"], old[0]["level"], old[0]["horizon"]) == (0.5, None, None)
    scored = {row["siren"]: row["probability"] for row in rows if row["remark"] is None}
    of_month = {siren: row for (siren, month), row in predictions[1].items() if month == months[1]}
    assert scored == {siren: row["probability"] for siren, row in of_month.items()}


def test_predictions_of_a_version_with_other_types_are_refused_in_one_line(
    predictions, spark, ml_settings, months, tmp_path
):
    settings = _with_predictions(ml_settings, tmp_path, [("000000001", months[1], "0,5", "old")])
    with pytest.raises(SfSparkError, match=r"\(probability: expected double, found string\): move this folder away"):
        score(spark, settings, months[1:], print)


def _with_predictions(settings, folder, rows):
    """A lake with predictions that none of our versions has written."""
    shutil.copytree(settings.lake, folder / "lake", ignore=shutil.ignore_patterns("predictions", "monitoring"))
    siren, periode, probability, remark = zip(*rows, strict=True)
    columns = {"siren": siren, "periode": periode, "probability": probability, "remark": remark}
    path = location(str(folder / "lake"), PREDICTIONS_ENTREPRISE)
    write_deltalake(path, pa.table({name: list(values) for name, values in columns.items()}), partition_by=["periode"])
    return settings.model_copy(update={"lake": str(folder / "lake")})


def test_all_rows_are_explained_on_request(champion):
    scorer = scorer_of(champion, Thresholds(modere=2.0, fort=3.0), explain_all=True)
    scored = scorer.score(_batch(champion.model.signals, 3))
    assert scored.column("level_model").to_pylist() == ["aucun"] * 3
    assert all(
        len(contributions) == len(champion.model.signals)
        for contributions in scored.column("contributions").to_pylist()
    )


def test_a_batch_without_an_alert_has_no_contribution(champion):
    scorer = scorer_of(champion, Thresholds(modere=2.0, fort=3.0), explain_all=False)
    scored = scorer.score(_batch(champion.model.signals, 3))
    assert scored.column("contributions").to_pylist() == [None] * 3
    assert scored.column("contributions_theme").to_pylist() == [None] * 3


def test_only_rows_at_or_above_modere_are_explained(champion):
    batch = _batch(champion.model.signals, 50)
    values = np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in champion.model.signals])
    probability = champion.model.predict_proba(values)[:, 1]
    cutoffs = Thresholds(modere=float(np.quantile(probability, 0.6)), fort=float(np.quantile(probability, 0.9)))
    scored = scorer_of(champion, cutoffs, explain_all=False).score(batch)
    explained = [each is not None for each in scored.column("contributions").to_pylist()]
    assert explained == (probability >= cutoffs.modere).tolist()
    expected = Explainer(champion.model).contributions(values[probability >= cutoffs.modere])
    given = [dict(each) for each in scored.column("contributions").to_pylist() if each is not None]
    for row, contributions in zip(expected, given, strict=True):
        assert [contributions[name] for name in champion.model.signals] == pytest.approx(row, abs=1e-9)


def test_months_are_the_last_ones_or_those_asked_for(spark):
    days = [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]
    signals = spark.createDataFrame([(day,) for day in days], "periode date")
    assert months_to_score(signals, None, 2) == days[1:]
    assert months_to_score(signals, None, 9) == days
    assert months_to_score(signals, [days[2], days[0], days[0]], 1) == [days[0], days[2]]
    with pytest.raises(SfSparkError, match=r"no signals for 2023-12, 2024-04 \(available: 2024-01 \.\. 2024-03\)"):
        months_to_score(signals, [date(2024, 4, 1), date(2023, 12, 1), days[0]], 1)
    with pytest.raises(SfSparkError, match="nothing to score"):
        months_to_score(signals.where("periode is null"), None, 1)


def test_rows_out_of_the_perimeter_or_in_proceedings_are_not_scored(spark):
    day = date(2024, 1, 1)
    signals = spark.createDataFrame(
        [("1", day, 1.0), ("2", day, 2.0), ("3", day, 3.0), ("4", day, None), ("5", date(2024, 2, 1), 5.0)],
        "siren string, periode date, dette double",
    )
    panel = spark.createDataFrame(
        [
            ("1", day, True, False),
            ("2", day, False, False),
            ("3", day, True, True),
            ("4", day, True, False),
            ("5", date(2024, 2, 1), True, False),
        ],
        "siren string, periode date, est_dans_perimetre boolean, en_procedure boolean",
    )
    rows = rows_to_score(signals, panel, [day], ["dette"]).collect()
    assert {(row["siren"], row["dette"]) for row in rows} == {("1", 1.0), ("4", None)}
    with pytest.raises(SfSparkError, match="no longer holds: effectif; train again"):
        rows_to_score(signals, panel, [day], ["dette", "effectif"])


def test_replaced_rows_are_months_horizon_and_version():
    predicate = replaced_rows([date(2023, 12, 1), date(2024, 2, 1)], {12: "3", 18: "7"})
    assert predicate == (
        "((periode >= '2023-12-01' and periode < '2024-01-01') or (periode >= '2024-02-01' and periode < '2024-03-01'))"
        " and ((horizon = 12 and model_version = '3') or (horizon = 18 and model_version = '7'))"
    )


def test_no_champion_is_one_clear_line_and_writes_nothing(trained, spark, ml_settings, tmp_path, report):
    train = ml_settings.train.model_copy(update={"model_name": "personne"})
    settings = ml_settings.model_copy(update={"train": train, "lake": str(tmp_path)})
    with pytest.raises(SfSparkError, match="no model 'personne_12m' is champion"):
        score(spark, settings, None, report)
    assert not (tmp_path / location("", PREDICTIONS_ENTREPRISE).lstrip("/")).exists()


def test_a_worker_needs_neither_mlflow_nor_shap_nor_plots():
    script = (
        "import sys, sf_spark.steps.score, sf_spark.ml.scorer\n"
        "print([name for name in ('mlflow', 'shap', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_wrong_explanation_stops_the_scoring(champion):
    scorer = scorer_of(champion, Thresholds(modere=0.0, fort=0.0), explain_all=False)
    scorer.served[0].explainer.expected += 1
    with pytest.raises(SfSparkError, match="do not add up"):
        scorer.score(_batch(champion.model.signals, 2))


def test_the_scorer_is_what_a_broadcast_can_carry(champion):
    import pickle

    scorer = scorer_of(champion, champion.thresholds, explain_all=True)
    batch = _batch(champion.model.signals, 5)
    carried = pickle.loads(pickle.dumps(scorer))
    assert isinstance(carried.served[0].model, SignalModel)
    assert carried.score(batch).equals(scorer.score(batch))


def _batch(signals: list[str], count: int) -> pa.RecordBatch:
    draw = np.random.default_rng(8)
    values = {name: pa.array(np.exp(draw.normal(size=count) * 2).astype(np.float32)) for name in signals}
    keys = {"siren": pa.array([f"{k:09d}" for k in range(count)]), "periode": pa.array([date(2024, 1, 1)] * count)}
    return pa.RecordBatch.from_pydict({**keys, **values})


def scorer_of(champion, thresholds: Thresholds, explain_all: bool) -> Scorer:
    decision = champion.decision
    served = Served(champion.model, thresholds, HORIZON, decision["themes"], decision["expected_value"])
    return Scorer([served], HORIZON, explain_all)


def test_probabilities_never_fall_as_the_horizon_grows():
    """Around the horizon of the list, whose own stay: see the table of the function."""
    rows = np.array([[0.10, 0.08, 0.05], [0.02, 0.08, 0.30], [0.02, 0.01, 0.30]])
    assert coherent(rows, [12, 18, 24], 18).tolist() == [[0.08, 0.08, 0.08], [0.02, 0.08, 0.30], [0.01, 0.01, 0.30]]
    assert coherent(rows, [12, 18, 24], 12).tolist() == [[0.10, 0.10, 0.10], [0.02, 0.08, 0.30], [0.02, 0.02, 0.30]]
    assert coherent(rows[:, ::-1], [24, 18, 12], 18).tolist() == coherent(rows, [12, 18, 24], 18)[:, ::-1].tolist()
    assert coherent(rows[:, :1], [18], 18).tolist() == rows[:, :1].tolist()
    draw = np.random.default_rng(0).random((1000, 3))
    for anchor in (12, 18, 24, 36):
        found = coherent(draw, [12, 18, 24], anchor)
        assert (np.diff(found, axis=1) >= 0).all()


def test_levels_are_those_of_the_coherent_probability(champion):
    """Two horizons of one model, the shorter one with a curve far above: its probabilities come down."""
    import copy

    shorter = copy.deepcopy(champion.model).set_params(calibration="platt", curve=np.array([1.0, 5.0]))
    decision = champion.decision
    served = [Served(model, Thresholds(0.3, 0.9), horizon, decision["themes"], 0.0)
              for model, horizon in ((shorter, 6), (champion.model, HORIZON))]  # fmt: skip
    scored = Scorer(served, HORIZON, explain_all=False).score(_batch(champion.model.signals, 40)).to_pylist()
    by_horizon = {horizon: [row for row in scored if row["horizon"] == horizon] for horizon in (6, HORIZON)}
    for short, long in zip(by_horizon[6], by_horizon[HORIZON], strict=True):
        assert short["siren"] == long["siren"] and short["probability"] == long["probability"]
        assert short["level_model"] == long["level_model"]


def test_a_version_is_scored_on_request_beside_the_champion(predictions, trained, spark, ml_settings, months, lines):
    score(spark, ml_settings, months[-1:], lines.append, version="1")
    assert "version 1" in lines[0]
    with pytest.raises(SfSparkError, match="has no version 99"):
        score(spark, ml_settings, months[-1:], lines.append, version="99")


def test_rows_that_a_rule_speaks_of_are_explained(champion):
    batch = _batch(champion.model.signals, 3)
    rules = pa.array([[], ["dette_recente"], []], pa.list_(pa.string()))
    scorer = scorer_of(champion, Thresholds(modere=2.0, fort=3.0), explain_all=False)
    scored = scorer.score(batch.append_column("rules", rules))
    assert [each is not None for each in scored.column("contributions").to_pylist()] == [False, True, False]
    assert scored.column("rules").to_pylist() == [[], ["dette_recente"], []]


def test_an_expert_rule_moves_the_level_and_is_named(predictions, spark, ml_settings, months, lines):
    _, before = predictions
    rule = {"name": "grosse_dette", "direction": "up", "when": "dette > 1", "explanation": "La dette est grosse"}
    settings = ml_settings.model_copy(update={"adjustments": (AdjustmentSettings(**rule),)})
    score(spark, settings, months[-1:], lines.append)
    rows = {key: row for key, row in _rows(spark, settings).items() if key[1] == months[-1]}
    moved = {key: row for key, row in rows.items() if row["adjustment"] == "grosse_dette"}
    steps = {"aucun": "modere", "modere": "fort"}
    assert moved and all(row["level"] == steps[row["level_model"]] and row["contributions"] for row in moved.values())
    assert all(row["level"] == row["level_model"] for key, row in rows.items() if key not in moved)
    assert all(row["level_model"] == before[key]["level_model"] for key, row in rows.items())
    score(spark, ml_settings, months[-1:], lines.append)  # back to the rules of the project
    assert {key: row["level"] for key, row in _rows(spark, settings).items()} == {
        k: r["level"] for k, r in before.items()
    }
