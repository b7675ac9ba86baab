"""Any table: numbers and categories, with and without a time column, through the same protocols."""

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from sf_spark.errors import ConfigurationError, SfSparkError
from sf_spark.ml.categories import CategoryEncoder
from sf_spark.ml.definition import definition_of
from sf_spark.ml.explain import Explainer
from sf_spark.ml.fit import LearningTask, fit_calibrated
from sf_spark.ml.models import build
from sf_spark.ml.registry import Registry
from sf_spark.steps.inputs import any_table
from sf_spark.steps.inputs.any_table import TableInputs
from sf_spark.steps.inputs.table_rows import content_digest, row_hashes
from sf_spark.steps.score_table import score_table
from sf_spark.steps.train import train

LINE = {"pipeline": [{"sklearn.impute.SimpleImputer": {"add_indicator": True, "keep_empty_features": True}},
                     {"sklearn.linear_model.LogisticRegression": {"max_iter": 500}}]}  # fmt: skip


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """300 companies over 6 years; those of sector b fail more, and so do those with a high ratio."""
    draw = np.random.default_rng(0)
    company = np.repeat(np.arange(300), 6)
    ratio, sector = draw.normal(size=1800), draw.choice(list("abc"), 300)[company]
    fails = draw.random(1800) < 1 / (1 + np.exp(2.5 - 1.5 * ratio - 1.5 * (sector == "b")))
    ratio[draw.random(1800) < 0.1] = np.nan
    columns = {"company": [f"c{k}" for k in company], "year": np.tile(np.arange(2015, 2021), 300), "ratio": ratio}
    return pd.DataFrame({**columns, "noise": draw.normal(size=1800), "sector": sector, "failed": fails.astype(int)})


@pytest.fixture(scope="module")
def parquet(frame, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("table") / "ratios.parquet"
    frame.to_parquet(path)
    return str(path)


@pytest.fixture
def by_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads tables without Spark, which takes a second each: how Spark reads them is another test."""
    monkeypatch.setattr(any_table, "read_any", lambda spark, path: (pq.read_table(path), -1))


def settings_of(ml_settings, table, **changes):
    return ml_settings.model_copy(update={"table": table, "label": "failed", "keys": ("company",), **changes})


def test_with_a_time_column_periods_are_tested_on_those_before(spark, ml_settings, parquet, lines):
    inputs = TableInputs(spark, settings_of(ml_settings, parquet, time="year"), lines.append)
    parts = list(inputs.parts(LearningTask(definition_of("line", LINE), 1, inputs.train)))
    assert [part.name for part in parts] == ["2020"]  # train.origins is 1 in tests
    assert set(parts[0].past.month) == {12 * year for year in range(2015, 2020)}
    assert set(parts[0].test.month) == {12 * 2020}
    assert inputs.final_data.signals == ("noise", "ratio", "sector") and inputs.categorical == (2,)
    assert inputs.categories == {"sector": ["a", "b", "c"]}
    assert "rolling origins over year" in lines[0]


def test_without_one_groups_or_rows_are_dealt_into_folds_and_the_run_says_so(spark, ml_settings, parquet, lines):
    grouped = TableInputs(spark, settings_of(ml_settings, parquet, group="company"), lines.append)
    task = LearningTask(definition_of("line", LINE), 1, grouped.train)
    for part in grouped.parts(task):
        assert not set(part.past.siren) & set(part.test.siren)
    assert "5 folds of company: no time column" in lines[-1]
    alone = TableInputs(spark, settings_of(ml_settings, parquet), lines.append)
    parts = list(alone.parts(task))
    rates = [part.test.target(1).mean() for part in parts]
    assert sum(len(part.test) for part in parts) == 1800 and max(rates) - min(rates) < 0.005
    assert "no time and no group column" in lines[-1]


def test_a_label_or_a_column_that_is_not_there_is_one_clear_line(spark, ml_settings, parquet, tmp_path, report):
    with pytest.raises(ConfigurationError, match="needs label=...: its columns are company, year"):
        TableInputs(spark, settings_of(ml_settings, parquet, label=""), report)
    with pytest.raises(ConfigurationError, match=r"has no column month \(available: company, year"):
        TableInputs(spark, settings_of(ml_settings, parquet, time="month"), report)
    with pytest.raises(SfSparkError, match="label year must be 0 or 1"):
        TableInputs(spark, settings_of(ml_settings, parquet, label="year"), report).final_data  # noqa: B018
    rows = {"failed": [0, 1, None], "said": ["no", "yes", "yes"], "year": [2020, None, 2020], "ratio": [0.5, 1.5, 2.5]}
    gaps = tmp_path / "gaps.parquet"
    pd.DataFrame(rows).to_parquet(gaps)
    with pytest.raises(SfSparkError, match="label said must be 0 or 1 .or true or false., found no, yes"):
        TableInputs(spark, settings_of(ml_settings, str(gaps), label="said", keys=()), report).final_data  # noqa: B018
    with pytest.raises(SfSparkError, match="year has no value in 1 of 3 rows"):
        TableInputs(spark, settings_of(ml_settings, str(gaps), time="year", keys=()), report).final_data  # noqa: B018
    with pytest.raises(SfSparkError, match="no Delta or Parquet table at"):
        TableInputs(spark, settings_of(ml_settings, str(tmp_path / "nothing")), report)
    dated = tmp_path / "dated.parquet"
    pd.DataFrame({"failed": [0, 1], "when": [date(2020, 1, 1)] * 2}).to_parquet(dated)
    with pytest.raises(ConfigurationError, match="neither number nor text: when"):
        TableInputs(spark, settings_of(ml_settings, str(dated), keys=()), report)


def test_rows_are_identified_by_their_content_in_any_order():
    def digest(columns):
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        return content_digest(table.column_names, row_hashes(table))

    table = pa.table({"ratio": [0.5, None, 2.0], "sector": ["a", "b", None], "failed": [0, 1, 0]})
    assert digest(table.take([2, 0, 1]).select(["failed", "sector", "ratio"])) == digest(table)
    for changed in (
        {"ratio": [0.5, None, 2.0], "sector": ["a", "b", None], "failed": [1, 0, 0]},  # the same sums
        {"ratio": [0.5, None, 2.0], "sector": ["a", "a", None], "failed": [0, 1, 0]},
        {"ratio": [0.5, None, 2.0], "sector": ["a", "b", None], "fails": [0, 1, 0]},
    ):
        assert digest(changed) != digest(table)


@pytest.mark.usefixtures("by_arrow")
@pytest.mark.parametrize("roles", [{}, {"group": "company"}, {"time": "year"}])
def test_rows_in_another_order_are_the_same_rows(spark, ml_settings, frame, parquet, tmp_path, report, roles):
    shuffled = tmp_path / "ratios.parquet"
    frame.sample(frac=1, random_state=3).reset_index(drop=True).to_parquet(shuffled)
    one, other = (
        TableInputs(spark, settings_of(ml_settings, str(path), **roles), report) for path in (parquet, shuffled)
    )
    assert one.identity == other.identity
    for name in ("siren", "month", "ahead", "values"):
        np.testing.assert_array_equal(getattr(one.final_data, name), getattr(other.final_data, name))
    task = LearningTask(definition_of("line", LINE), 1, one.train)
    for first, second in zip(one.parts(task), other.parts(task), strict=True):
        np.testing.assert_array_equal(first.test.values, second.test.values)


@pytest.mark.usefixtures("by_arrow")
def test_equal_rows_are_never_on_both_sides(spark, ml_settings, frame, tmp_path, report):
    path = tmp_path / "copies.parquet"
    pd.concat([frame.drop(columns="company")] * 3, ignore_index=True).to_parquet(path)
    inputs = TableInputs(spark, settings_of(ml_settings, str(path), keys=()), report)
    for part in inputs.parts(LearningTask(definition_of("line", LINE), 1, inputs.train)):
        assert not set(part.past.siren) & set(part.test.siren)


@pytest.mark.usefixtures("by_arrow")
def test_other_roles_make_another_training(spark, ml_settings, parquet, report):
    roles = ({}, {"group": "company"}, {"time": "year"}, {"keys": ("company", "year")})
    found = [TableInputs(spark, settings_of(ml_settings, parquet, **each), report).identity for each in roles]
    assert len({repr(each) for each in found}) == len(roles)


@pytest.mark.parametrize(
    ("columns", "roles", "message"),
    [
        ({"failed": [1, 1], "ratio": [0.5, 2.0]}, {}, "label failed of .* is 1 in all 2 rows"),
        ({"failed": [None, None], "ratio": [0.5, 2.0]}, {}, "must be 0 or 1|empty in all rows"),
        ({"failed": [0, 2], "ratio": [0.5, 2.0]}, {}, "label failed must be 0 or 1 .*found 2"),
        ({"failed": [0, 1], "ratio": [0.5, 2.0], "t": [3, 3]}, {"time": "t"}, "time t of .* is 3 in every row"),
        ({"failed": [0, 1], "ratio": [0.5, 2.0]}, {"group": "failed"}, "failed cannot be the label and a key"),
        ({"failed": [0, 1], "ratio": [[1], [2]]}, {}, "neither number nor text: ratio"),
        ({"failed": [0, 1], "ratio": [0.5, 2.0], "k": [[1], [2]]}, {"keys": ("k",)}, "k holds a list"),
        ({"failed": [0, 1], "ratio": [0.5, 2.0], "code siren": [1, 2]}, {"keys": ("code siren",)}, "without blanks"),
        (
            {"failed": [0, 1], "ratio": [0.5, 2.0], "level": [1, 2]},
            {"keys": ("level",)},
            "level is a column of the pred",
        ),
        ({"failed": [], "ratio": []}, {}, "has no row"),
    ],
)
@pytest.mark.usefixtures("by_arrow")
def test_a_table_that_cannot_be_learned_from_says_why(spark, ml_settings, tmp_path, report, columns, roles, message):
    path = tmp_path / "odd.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(SfSparkError, match=message):
        TableInputs(spark, settings_of(ml_settings, str(path), **{"keys": (), **roles}), report).final_data  # noqa: B018


@pytest.mark.usefixtures("by_arrow")
def test_labels_and_values_of_any_number_type(spark, ml_settings, tmp_path, report, recwarn):
    for label in ([Decimal("0.00"), Decimal("1.00"), None], [False, True, None], [0.0, 1.0, float("nan")]):
        path = tmp_path / "types.parquet"
        pq.write_table(pa.table({"failed": label, "ratio": [1e300, -2.0, 0.0]}), path)
        data = TableInputs(spark, settings_of(ml_settings, str(path), keys=()), report).final_data
        assert sorted(data.target(1).tolist()) == [0, 1]
        assert set(data.values[:, 0].tolist()) == {float("inf"), -2.0}
    assert not [each for each in recwarn if issubclass(each.category, RuntimeWarning)]


def test_another_table_of_the_same_name_takes_nobody_s_place(
    spark, ml_settings, tracking_store, frame, models_folder, tmp_path, report
):
    lake = {"lake": str(tmp_path / "lake")}
    for folder, names in (("a", {}), ("b", {"ratio": "other"})):
        (tmp_path / folder).mkdir()
        frame.rename(columns=names).to_parquet(tmp_path / folder / "12m.parquet")
    first = settings_of(ml_settings, f"{tmp_path}/a/12m.parquet", group="company", **lake)
    train(spark, first, report, models_folder)
    registry, name = Registry(ml_settings.tracking_store()), f"{ml_settings.train.model_name}_table_12m"
    champion = registry.champion_version(name)
    other = first.model_copy(update={"table": f"{tmp_path}/b/12m.parquet"})
    with pytest.raises(ConfigurationError, match="table_name=..."):
        train(spark, other, report, models_folder)
    with pytest.raises(SfSparkError, match="lacks columns that .*_table_12m needs: ratio"):
        score_table(spark, other, report)
    assert registry.champion_version(name) == champion
    assert registry.champion_version(f"{ml_settings.train.model_name}_12m") != champion or champion == "1"

    assert score_table(spark, first, report) == 1800
    moved = first.model_copy(update={"table": f"{tmp_path}/c.parquet", "table_name": "12m"})
    frame.assign(ratio=frame["ratio"].astype(str)).to_parquet(moved.table)
    with pytest.raises(SfSparkError, match="column ratio was a number .*, and is (large_)?string"):
        score_table(spark, moved, report)


def test_a_table_is_evaluated_tracked_and_registered_beside_the_platforms_own(
    spark, ml_settings, tracking_store, parquet, models_folder, lines
):
    settings = settings_of(ml_settings, parquet, group="company", keys=("company", "year"))
    (result,) = train(spark, settings, lines.append, models_folder)
    assert [run.name for run in result.runs] == ["line", "trees"]
    assert any("rule left out: it needs dette" in line for line in lines)
    assert result.best.metrics["roc_auc"] > 0.75 and result.champion == "1"
    registry = Registry(ml_settings.tracking_store())
    champion = registry.load(f"{ml_settings.train.model_name}_table_ratios")
    assert champion.decision["categories"] == {"sector": ["a", "b", "c"]}

    assert score_table(spark, settings, lines.append) == 1800
    scored = spark.read.format("delta").load(f"{settings.lake}/predictions/table_ratios").toPandas()
    scored = scored.sort_values(["company", "year"])
    frame = pd.read_parquet(parquet).sort_values(["company", "year"])
    assert list(scored["company"]) == list(frame["company"])
    assert roc_auc_score(frame["failed"], scored["probability"]) > 0.75
    alerts = scored[scored["level"] != "aucun"]
    sums = alerts["contributions"].map(lambda each: sum(each.values()))
    assert len(alerts) and (sums + alerts["expected_value"] - alerts["raw_score"]).abs().max() < 1e-6


def test_categories_are_spread_inside_the_pipeline_and_explained_as_one_column(spark, ml_settings, parquet, report):
    inputs = TableInputs(spark, settings_of(ml_settings, parquet, group="company"), report)
    task = LearningTask(definition_of("line", LINE), 1, inputs.train, inputs.infos, inputs.categorical)
    data = inputs.final_data
    fitted = fit_calibrated(task, data)
    contributions = Explainer(fitted.model).contributions(data.values)
    sector = contributions[:, data.signals.index("sector")]
    by_code = [np.unique(sector[data.values[:, 2] == code].round(9)) for code in (0, 1, 2)]
    assert all(len(found) == 1 for found in by_code) and by_code[1] > max(by_code[0], by_code[2])


def test_the_encoder_learns_frequent_categories_inside_the_fold():
    values = np.array([[0.5, 0], [1.5, 1], [2.5, np.nan], [3.5, 2]] * 10)[:39]  # category 2 comes 9 times
    encoder = CategoryEncoder([1], least=10).fit(values)
    assert encoder.transform(np.array([[9, 1], [9, 2], [9, 7], [9, np.nan]])).tolist() == [
        [9, 0, 1], [9, 0, 0], [9, 0, 0], [9, 0, 0]
    ]  # fmt: skip
    assert encoder.get_feature_names_out(["x", "y"]).tolist() == ["x", "y", "y"]


def test_constraints_and_categories_do_not_mix_up_columns():
    content = {"pipeline": [{"sklearn.ensemble.HistGradientBoostingClassifier": {"max_iter": 3}}]}
    model = build(definition_of("m", content), ["a", "b"], seed=0, categorical=(1,))
    values = np.column_stack([np.random.default_rng(0).normal(size=200), np.arange(200) % 2]).astype(np.float32)
    model.fit(values, (values[:, 1] == 1).astype(int))
    contributions = Explainer(model).contributions(values[:20])
    assert np.abs(contributions[:, 0]).max() < np.abs(contributions[:, 1]).min()
