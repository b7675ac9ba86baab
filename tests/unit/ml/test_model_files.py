"""What a model's file may not say: each is refused when the file is read, in one line that names it."""

import re
from pathlib import Path

import pytest
import yaml

from sf_spark.errors import ConfigurationError
from sf_spark.ml.definition import definition_of
from sf_spark.ml.model_files import read_definition, read_definitions
from sf_spark.ml.models import build

SHIPPED = Path(__file__).parents[3] / "conf" / "models"
LINE = "sklearn.linear_model.LogisticRegression"
FOREST = "sklearn.ensemble.RandomForestClassifier"
TREES = "sklearn.ensemble.HistGradientBoostingClassifier"
RULES = "sf_spark.ThresholdRules"
HAZARD = "sf_spark.DiscreteHazard"
RUNS = "sklearn.utils._testing.assert_run_python_script_without_output"
RULE = {"signal": "dette", "above": 1, "points": 1}
UP = {"measure": "dette", "direction": "increasing"}


def steps(*paths: str, **params) -> dict:
    """A file whose last step has these parameters."""
    return {"description": "d", "pipeline": [*({path: {}} for path in paths[:-1]), {paths[-1]: params}]}


def refusal(tmp_path: Path, content) -> str:
    file = tmp_path / "mine.yml"
    file.write_bytes(content if isinstance(content, bytes) else yaml.safe_dump(content).encode())
    with pytest.raises(ConfigurationError) as caught:
        read_definition(file)
    text = str(caught.value)
    assert text.startswith(str(file)) and "\n" not in text
    return text


@pytest.mark.parametrize("name", [each.stem for each in sorted(SHIPPED.glob("*.yml"))])
def test_each_shipped_model_builds(name):
    (definition,) = read_definitions(SHIPPED, [name])
    for each in (definition, definition.for_table(), definition_of(name, definition.as_dict())):
        assert len(build(each, sorted({"a", *each.needs()}), seed=0).pipeline) == len(definition.steps)


@pytest.mark.parametrize("path", [RUNS, "sklearn.datasets.clear_data_home"])
@pytest.mark.parametrize("last", [True, False])
def test_a_file_or_a_stored_definition_runs_no_code(tmp_path, path, last):
    made, kept = tmp_path / "made", tmp_path / "kept"
    kept.mkdir()
    params = {"source_code": f"open({str(made)!r}, 'w')"} if path == RUNS else {"data_home": str(kept)}
    pipeline = [{path: params}] if last else [{path: params}, {LINE: {}}]
    assert "classes of scikit-learn" in refusal(tmp_path, {"description": "d", "pipeline": pipeline})
    with pytest.raises(ConfigurationError, match="model 'mine': steps are"):
        build(definition_of("mine", {"name": "mine", "description": "d", "pipeline": pipeline}), ["a"], seed=0)
    assert kept.is_dir() and not made.exists()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("sklearn.ensemble", "classes of scikit-learn, and 'sklearn.ensemble' is none"),
        ("sklearn.base.clone", "classes of scikit-learn, and 'sklearn.base.clone' is none"),
        ("sklearn.utils.Bunch", "classes of scikit-learn, and 'sklearn.utils.Bunch' is none"),
        ("sklearn.linear_model._logistic.LogisticRegression", "public classes of scikit-learn"),
        ("sklearn.conftest.pytest", "public classes of scikit-learn"),
        ("sklearn.tests.test_base.MyEstimator", "public classes of scikit-learn"),
        ("sklearn..clone", "public classes of scikit-learn"),
        ("sklearn", "classes of scikit-learn, not 'sklearn'"),
        ("subprocess.run", "classes of scikit-learn, not 'subprocess.run'"),
        ("sklearn.linear_model.LogisticRegresion", "has no .*; did you mean 'LogisticRegression'"),
        ("sklearn.linear_modle.Line", "has no .*; did you mean 'sklearn.linear_model'"),
        ("sf_spark.DiscreteHazrd", "did you mean 'sf_spark.DiscreteHazard'"),
        ("sklearn.ensemble.BaseEnsemble", "abstract class BaseEnsemble"),
        ("sklearn.model_selection.GridSearchCV", r"GridSearchCV needs estimator, param_grid \(given: nothing\)"),
    ],
)
def test_a_step_is_a_public_estimator_class(tmp_path, path, message):
    assert re.search(message, refusal(tmp_path, steps(path)))


@pytest.mark.parametrize("value", [print, FOREST.join, object(), {"a": {1, 2}}, [[[[1]]]], b"a"])
def test_a_parameter_is_plain_data(value):
    with pytest.raises(ConfigurationError, match="'scoring' of HistGradientBoostingClassifier must be a number"):
        build(definition_of("m", steps(TREES, scoring=value)), ["a"], seed=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("description: modèle".encode("latin-1"), "is not UTF-8: save it as such (byte 17)"),
        (b"description: d\npipeline: [", "is not YAML: expected the node content, but found '<stream end>' (line 2)"),
        (b"description: 2024-13-01", "is not YAML: month must be in 1..12"),
        (b"", "'pipeline' must list steps"),
        (b"description: d\npipeline: &a [*a]", "a step is one '- sklearn.module.Class: {...}'"),
        (steps(RULES, rules="abc"), "'rules' must list rules, as {signal: a, above: 1, points: 2}, not 'abc'"),
        (steps(RULES, rules=[{"above": 1, "points": 1}]), "a rule is {signal, above or below, points}, not {'above'"),
        (steps(RULES, rules=[{"signal": "a", "above": "x", "points": 1}]), "with numbers but for the signal"),
        (steps(RULES, rules=[{"signal": "a", "abov": 1, "points": 1}]), "did you mean 'above'?"),
        (steps(RULES, rules=[RULE | {"belo": 1}]), "unknown key 'belo' in rule"),
        (steps(RULES, rules=[RULE | {"below": 0}]), "a rule has one threshold"),
        (steps(RULES), "ThresholdRules needs 'rules'"),
        (steps(TREES) | {"monotonic": 5}, "'monotonic' must list constraints, not 5"),
        (steps(TREES) | {"monotonic": [UP | {"direction": ["increasing"]}]}, "a constraint is {theme or measure"),
        (steps(TREES) | {"monotonic": [UP | {"direction": "increasin"}]}, "did you mean 'increasing'?"),
        (steps(TREES) | {"monotonic": [UP | {"statistic": ["level"]}]}, "did you mean 'statistics'?"),
        (steps(TREES) | {"monotonic": [UP | {"statistics": "level"}]}, "lists statistics, as [level, max]"),
        (steps(LINE) | {"monotonic": [UP]}, "'monotonic' is not for LogisticRegression"),
        (steps(RULES, rules=[RULE]) | {"monotonic": [UP]}, "'monotonic' is not for ThresholdRules"),
        (steps(TREES) | {"search": [1, 2]}, "'search' gives Class.parameter: value, not [1, 2]"),
        (steps(TREES) | {"table": 3}, "'table' gives Class.parameter: value, not 3"),
        (steps(TREES) | {"monotonc": [UP]}, "unknown key 'monotonc' (known: description, pipeline, monotonic, table"),
        (steps(TREES) | {"serach": {}}, "did you mean 'search'?"),
        (steps(TREES) | {"name": "mine"}, "unknown key 'name'"),
        (steps(TREES) | {1: 2}, "unknown key 1"),
        (steps(TREES) | {"description": " "}, "'description' must say what the model is"),
        ({"pipeline": [{TREES: {}}]}, "'description' must say what the model is, not None"),
        (steps(LINE) | {"table": {"LogisticRegresion.C": 1}}, "did you mean 'LogisticRegression'?"),
        (steps(LINE) | {"table": {"LogisticRegression.c": 1}}, "table: LogisticRegression cannot be given 'c' here"),
        (steps(LINE) | {"table": {"LogisticRegression.C": -1}}, "table: The 'C' parameter of LogisticRegression must"),
        (steps(RULES, rules=[RULE]) | {"table": {"ThresholdRules.rules": 3}}, "table: 'rules' must list rules"),
        (steps(LINE, C=-1), "The 'C' parameter of LogisticRegression must be a float in the range (0.0, inf]. Got -1"),
        (steps(LINE, solver="newton-chol"), "did you mean 'newton-cholesky'?"),
        (steps(LINE, penality="l2"), "did you mean 'penalty'?"),
        (steps(HAZARD, max_iter=-1), "The 'max_iter' parameter of DiscreteHazard must be an int"),
        (steps(HAZARD, periods=0), "The 'periods' parameter of DiscreteHazard must be an int"),
        (steps("sklearn.linear_model.LinearRegression", LINE), "LinearRegression does not transform"),
        (steps(RULES, LINE), "ThresholdRules does not transform"),
        (steps("sklearn.linear_model.LinearRegression"), "the last step must be a classifier, and LinearRegression is"),
        (steps("sklearn.frozen.FrozenEstimator", estimator=LINE), "FrozenEstimator: "),
    ],
)
def test_a_bad_file_is_refused_when_it_is_read(tmp_path, content, message):
    assert message in refusal(tmp_path, content)


def test_no_step_reads_a_folder_of_pickles(tmp_path):
    agglomeration = {"sklearn.cluster.FeatureAgglomeration": {"memory": str(tmp_path / "cache")}}
    text = refusal(tmp_path, {"description": "d", "pipeline": [agglomeration, {LINE: {}}]})
    assert "FeatureAgglomeration cannot be given 'memory' here" in text


@pytest.mark.parametrize(
    ("name", "space", "message"),
    [
        ("LogisticRegresion.C", {"uniform": [0, 1]}, "did you mean 'LogisticRegression'?"),
        ("C", {"uniform": [0, 1]}, "'search' gives Class.parameter: value for classes of the pipeline"),
        ("LogisticRegression.CC", {"uniform": [1, 2]}, "search of LogisticRegression.CC: LogisticRegression cannot be"),
        ("LogisticRegression.C", 5, "must be one of uniform, loguniform, quniform, choice"),
        ("LogisticRegression.C", {"uniform": [0, 1]}, "search of LogisticRegression.C: The 'C' parameter"),
        ("LogisticRegression.C", {"loguniform": [0, 1]}, "loguniform of LogisticRegression.C starts above 0, not at 0"),
        ("LogisticRegression.C", {"loguniform": [1, 0.1]}, "goes from low to high, not from 1 to 0.1"),
        ("LogisticRegression.C", {"uniform": [1, 1]}, "goes from low to high, not from 1 to 1"),
        ("LogisticRegression.C", {"uniform": ["1e-4", 1]}, "takes numbers (1.0e-4; 1e-4 is a text), not ['1e-4', 1]"),
        ("LogisticRegression.C", {"uniform": [True, 2]}, "takes numbers"),
        ("LogisticRegression.C", {"uniform": [1, float("inf")]}, "takes numbers"),
        ("LogisticRegression.C", {"loguniform": [1, 10**400]}, "takes numbers"),
        ("LogisticRegression.max_iter", {"quniform": [10, 100, 0]}, "takes a step above 0, not 0"),
        ("LogisticRegression.max_iter", {"quniform": [10, 100, -10]}, "takes a step above 0, not -10"),
        ("LogisticRegression.max_iter", {"quniform": [10, 100]}, "takes 3 values, not [10, 100]"),
        ("LogisticRegression.max_iter", {"quniform": [-20, 100, 20]}, "'max_iter' parameter of LogisticRegression"),
        (
            "LogisticRegression.max_iter",
            {"uniform": [10, 100]},
            "'max_iter' parameter of LogisticRegression must",
        ),
        ("LogisticRegression.solver", {"choice": []}, "choice of LogisticRegression.solver takes some values, not []"),
        ("LogisticRegression.solver", {"choice": [["lbfgs"]]}, "takes plain values"),
        ("LogisticRegression.solver", {"choice": ["lbfgs", "lbfg"]}, "did you mean 'lbfgs'?"),
    ],
)
def test_a_bad_space_is_refused_when_its_file_is_read(tmp_path, name, space, message):
    assert message in refusal(tmp_path, steps(LINE) | {"search": {name: space}})


def test_what_an_earlier_release_stored_still_loads():
    stored = {
        "name": "old",
        "description": "",
        "note": "a key that no file may hold now",
        "pipeline": [{LINE: {"C": 0.1}}],
        "monotonic": [UP | {"statistics": "level"}],
        "search": {"LogisticRegresion.C": {"loguniform": [0, 1]}},
    }
    model = build(definition_of("old", stored), ["a"], seed=0)
    assert model.pipeline[-1].C == 0.1
    rules = {"name": "old", "description": "", "pipeline": [{RULES: {"rules": [RULE | {"note": "why"}]}}]}
    assert definition_of("old", rules).needs() == {"dette"}
