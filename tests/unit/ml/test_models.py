import numpy as np
import pytest

from sf_spark.errors import ConfigurationError
from sf_spark.ml.definition import definition_of
from sf_spark.ml.model_files import read_definitions
from sf_spark.ml.models import SignalInfo, build, directions, idle_constraints
from sf_spark.ml.rules import ThresholdRules
from sf_spark.ml.spaces import plain

NAME = "HistGradientBoostingClassifier"
TREES = f"sklearn.ensemble.{NAME}"


def one_step(path: str, **params) -> dict:
    return {"description": "d", "pipeline": [{path: params}]}


def test_a_new_model_is_one_file(tmp_path):
    (tmp_path / "forest.yml").write_text(
        "description: a forest\npipeline:\n- sklearn.ensemble.RandomForestClassifier: {n_estimators: 3}\n"
    )
    (definition,) = read_definitions(tmp_path)
    model = build(definition, ["a"], seed=5)
    assert definition.name == "forest"
    assert definition.flat_params() == {"RandomForestClassifier.n_estimators": 3}
    assert model.pipeline[-1].n_estimators == 3
    assert model.pipeline[-1].random_state == 5


def test_a_seed_in_the_file_wins():
    model = build(definition_of("m", one_step(TREES, random_state=9)), ["a"], seed=5)
    assert model.pipeline[-1].random_state == 9


def test_a_definition_survives_its_own_dictionary():
    definition = definition_of("m", one_step(TREES, max_iter=7))
    assert definition_of("m", definition.as_dict()) == definition


def test_a_table_of_ones_own_may_have_parameters_of_its_own():
    definition = definition_of("m", one_step(TREES, max_iter=7, max_leaf_nodes=4) | {"table": {f"{NAME}.max_iter": 90}})
    assert definition.for_table().flat_params() == {f"{NAME}.max_iter": 90, f"{NAME}.max_leaf_nodes": 4}
    assert definition.flat_params()[f"{NAME}.max_iter"] == 7
    assert definition.essentials() != definition.for_table().essentials()
    assert definition_of("m", definition.as_dict()) == definition


def test_parameters_for_a_table_that_no_step_knows_are_refused(tmp_path):
    (tmp_path / "m.yml").write_text(f"description: d\npipeline: [{TREES}: {{}}]\ntable: {{{NAME}.max_itr: 90}}\n")
    with pytest.raises(ConfigurationError, match="did you mean 'max_iter'"):
        read_definitions(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "'pipeline' must list steps"),
        (
            one_step(TREES) | {"table": {"LogisticRegression.C": 1}},
            r"'table' gives Class.parameter: value for classes of the pipeline .*, not LogisticRegression.C",
        ),
        ([], "'pipeline' must list steps"),
        ({"pipeline": [TREES]}, "a step is one"),
        ({"pipeline": [{TREES: ["max_iter"]}]}, "must be 'key: value'"),
        (one_step("os.system", command="true"), "classes of scikit-learn, not 'os.system'"),
        (one_step("sklearn.ensemble.Nothing"), "has no 'sklearn.ensemble.Nothing'"),
        (one_step("sklearn.nothing.Nothing"), "has no 'sklearn.nothing.Nothing'"),
        (one_step(TREES, max_iters=3), "cannot be given 'max_iters' here; did you mean 'max_iter'"),
        (one_step(TREES, categorical_features=[0]), "cannot be given 'categorical_features' here"),
        (one_step(TREES, monotonic_cst=[1]), "cannot be given 'monotonic_cst' here"),
        (one_step("sf_spark.DiscreteHazard", horizon=12), "cannot be given 'horizon' here"),
        ({**one_step(TREES), "monotonic": [{"measure": "a", "direction": "up"}]}, "a constraint is"),
        ({**one_step(TREES), "monotonic": [{"direction": "increasing"}]}, "a constraint is"),
        (one_step("sklearn.preprocessing.RobustScaler"), "last step must be a classifier"),
        (one_step("sklearn.preprocessing.FunctionTransformer", func="os.getcwd"), "not an element-wise function"),
        (one_step("sklearn.preprocessing.FunctionTransformer", func="numpy.load"), "not an element-wise function"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(content, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        build(definition_of("mine", content), ["a"], seed=0)
    assert "mine" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_models_or_with_broken_yaml_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="no model in"):
        read_definitions(tmp_path)
    (tmp_path / "bad.yml").write_text("pipeline: [")
    with pytest.raises(ConfigurationError, match=r"bad\.yml is not YAML"):
        read_definitions(tmp_path)


def test_constraints_speak_of_measures_themes_and_statistics():
    rule = {"measure": "dette", "statistics": ["level", "mean"], "direction": "increasing"}
    theme = {"theme": "effectif", "direction": "decreasing"}
    definition = definition_of("m", {**one_step(TREES, max_iter=3), "monotonic": [rule, theme]})
    infos = {
        "dette": SignalInfo("dette_urssaf", "dette", "level"),
        "dette_std6m": SignalInfo("dette_urssaf", "dette", "std"),
        "dette_mean6m": SignalInfo("dette_urssaf", "dette", "mean"),
        "effectif_lag3m": SignalInfo("effectif", "effectif", "lag"),
    }
    names = [*infos, "unknown"]
    assert directions(definition, names, infos) == [1, 0, 1, -1, 0]
    assert build(definition, names, 0, infos=infos).pipeline[-1].monotonic_cst == [1, 0, 1, -1, 0]
    assert build(definition, names, 0).pipeline[-1].monotonic_cst is None  # no dictionary, no constraint


def test_a_chance_never_falls_with_a_constrained_signal():
    draw = np.random.default_rng(0)
    values = draw.normal(size=(2000, 2)).astype(np.float32)
    target = (np.sin(2 * values[:, 0]) + values[:, 1] > draw.normal(size=2000)).astype(int)
    constraint = {"measure": "a", "direction": "increasing"}
    definition = definition_of("m", {**one_step(TREES, max_iter=30), "monotonic": [constraint]})
    infos = {"a": SignalInfo("t", "a", "level"), "b": SignalInfo("t", "b", "level")}
    model = build(definition, ["a", "b"], 0, infos=infos).fit(values, target)
    grid = np.column_stack([np.linspace(-3, 3, 100), np.zeros(100)])
    assert (np.diff(model.raw_score(grid)) >= 0).all()


def test_other_parameters_make_another_model_and_a_search_does_not():
    definition = definition_of("m", {**one_step(TREES, max_iter=3), "search": {"x": {"choice": [1]}}})
    changed = definition.with_params({"HistGradientBoostingClassifier.max_iter": 9})
    assert build(changed, ["a"], 0).pipeline[-1].max_iter == 9
    assert changed.essentials() != definition.essentials()
    assert definition_of("m", one_step(TREES, max_iter=3)).essentials() == definition.essentials()


def test_a_rule_without_its_signals_is_refused():
    rule = one_step("sf_spark.ThresholdRules", rules=[{"signal": "dette", "above": 1, "points": 1}])
    with pytest.raises(ConfigurationError, match="needs missing signals: dette"):
        build(definition_of("m", rule), ["a"], 0)


def test_only_chosen_models_are_read(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.yml").write_text(
            "description: a line\npipeline:\n- sklearn.linear_model.LogisticRegression: {}\n"
        )
    assert [each.name for each in read_definitions(tmp_path, ["b"])] == ["b"]
    with pytest.raises(ConfigurationError, match=r"no model c in .* \(available: a, b\)"):
        read_definitions(tmp_path, ["c"])


def test_constraints_on_what_no_signal_has_are_named() -> None:
    content = {
        "description": "d",
        "pipeline": [{"sklearn.ensemble.HistGradientBoostingClassifier": {}}],
        "monotonic": [{"measure": each, "direction": "increasing"} for each in ("dette", "dete")],
    }
    infos = {"dette_mean3m": SignalInfo("dette_urssaf", "dette", "mean")}
    assert idle_constraints(definition_of("m", content), infos) == ["dete"]


def test_points_of_rules_are_a_share_of_all_points_and_unknown_earns_none():
    rules = [{"signal": "dette", "above": 1, "points": 3}, {"signal": "effectif", "below": 10, "points": 1}]
    model = ThresholdRules(rules=rules, signals=["dette", "effectif"])
    values = np.array([[2, 5], [2, 50], [np.nan, 5], [1, 10]])
    np.testing.assert_array_equal(model.predict_proba(values)[:, 1], [4 / 4, 3 / 4, 1 / 4, 0])
    np.testing.assert_array_equal(model.predict_proba(values).sum(axis=1), 1)


def test_a_step_may_apply_a_function_of_numpy():
    steps = [
        {"sklearn.preprocessing.FunctionTransformer": {"func": "numpy.log1p"}},
        {"sklearn.linear_model.LogisticRegression": {}},
    ]
    model = build(definition_of("m", {"pipeline": steps}), ["a"], seed=0)
    assert model.pipeline.steps[0][1].func is np.log1p


def test_a_value_drawn_by_a_search_is_one_of_yaml():
    assert (plain({"quniform": [1, 9, 2]}, np.float64(3.0)), plain({"uniform": [0, 1]}, np.float64(0.5))) == (3, 0.5)
    assert type(plain({"quniform": [1, 9, 2]}, np.float64(3.0))) is int
    assert type(plain({"uniform": [0, 1]}, np.float64(0.5))) is float
