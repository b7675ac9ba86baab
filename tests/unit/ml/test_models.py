import pytest

from sf_spark.errors import ConfigurationError
from sf_spark.ml.models import build, definition_of, read_definitions

TREES = "sklearn.ensemble.HistGradientBoostingClassifier"


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "'pipeline' must list steps"),
        ([], "'pipeline' must list steps"),
        ({"pipeline": [TREES]}, "a step is one"),
        ({"pipeline": [{TREES: ["max_iter"]}]}, "must be 'key: value'"),
        (one_step("os.system", command="true"), "classes of scikit-learn, not 'os.system'"),
        (one_step("sklearn.ensemble.Nothing"), "has no 'sklearn.ensemble.Nothing'"),
        (one_step("sklearn.nothing.Nothing"), "has no 'sklearn.nothing.Nothing'"),
        (one_step(TREES, max_iters=3), "cannot be given 'max_iters' here; did you mean 'max_iter'"),
        (one_step(TREES, categorical_features=[0]), "cannot be given 'categorical_features' here"),
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
