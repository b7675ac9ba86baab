import pytest

from sf_spark.errors import ConfigurationError
from sf_spark.ml.definition import definition_of
from sf_spark.ml.tuning import search

TREES = "sklearn.ensemble.HistGradientBoostingClassifier"
SPACE = {
    "HistGradientBoostingClassifier.learning_rate": {"loguniform": [0.01, 1]},
    "HistGradientBoostingClassifier.max_iter": {"quniform": [10, 100, 10]},
    "HistGradientBoostingClassifier.max_features": {"uniform": [0.1, 1]},
    "HistGradientBoostingClassifier.min_samples_leaf": {"choice": [5, 20]},
}


def definition(space=None):
    return definition_of("trees", {"pipeline": [{TREES: {}}], "search": SPACE if space is None else space})


def bowl(params) -> float:
    rate = params["HistGradientBoostingClassifier.learning_rate"]
    return (rate - 0.1) ** 2 + params["HistGradientBoostingClassifier.max_iter"] / 1000


def test_two_searches_with_one_seed_are_the_same_and_another_seed_is_not():
    first, second, other = (search(definition(), bowl, 12, seed) for seed in (1, 1, 2))
    assert first == second != other
    assert first[0].loss == min(trial.loss for trial in first)


def test_parameters_are_plain_values_that_the_model_takes():
    for trial in search(definition(), bowl, 6, 1):
        kinds = {name.rpartition(".")[2]: type(value) for name, value in trial.params.items()}
        assert kinds == {"learning_rate": float, "max_iter": int, "max_features": float, "min_samples_leaf": int}
        assert 10 <= trial.params["HistGradientBoostingClassifier.max_iter"] <= 100
        definition().with_params(trial.params)


def test_a_search_that_was_interrupted_goes_on_as_if_it_had_not_been():
    whole = search(definition(), bowl, 12, 1)
    kept: dict[str, float] = {}
    fitted: list[str] = []

    def remembered(params, most: int) -> float:
        key = str(sorted(params.items()))
        if key not in kept:
            if len(kept) == most:
                raise KeyboardInterrupt
            kept[key] = bowl(params)
            fitted.append(key)
        return kept[key]

    with pytest.raises(KeyboardInterrupt):
        search(definition(), lambda params: remembered(params, 5), 12, 1)
    assert len(fitted) == 5
    assert search(definition(), lambda params: remembered(params, 99), 12, 1) == whole
    assert len(fitted) == len(kept) == len({str(sorted(trial.params.items())) for trial in whole})


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "has nothing to search"),
        ({"a": {"normal": [0, 1]}}, "must be one of uniform, loguniform"),
        ({"a": {"uniform": [0]}}, "uniform of a takes 2 values"),
        ({"a": [1, 2]}, "must be one of"),
        ({"a": {"loguniform": [0, 1]}}, "model 'trees': loguniform of a starts above 0"),
        ({"a": {"quniform": [0, 1, 0]}}, "model 'trees': quniform of a takes a step above 0"),
    ],
)
def test_a_space_that_cannot_be_read_is_one_clear_line(space, message):
    with pytest.raises(ConfigurationError, match=message):
        search(definition(space), bowl, 2, 1)
