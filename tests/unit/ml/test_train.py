import pytest

import mlflow
from sf_spark.errors import ConfigurationError, MissingTableError, SfSparkError
from sf_spark.ml.fingerprint import of_evaluation, of_training
from sf_spark.ml.inputs import TrainingInputs
from sf_spark.ml.models import definition_of
from sf_spark.ml.tracking import Tracker
from sf_spark.ml.train import evaluate_champion, train

TREES = {"pipeline": [{"sklearn.ensemble.HistGradientBoostingClassifier": {"max_iter": 3}}]}


@pytest.fixture
def client(ml_settings):
    return mlflow.MlflowClient(ml_settings.tracking_store())


def runs_of(client, settings, **tags):
    experiment = client.get_experiment_by_name(settings.train.experiment).experiment_id
    clause = " and ".join(f"tags.`sf_spark.{key}` = '{value}'" for key, value in tags.items())
    return client.search_runs([experiment], clause)


def test_each_model_has_a_run_and_the_better_one_is_champion(trained, client, ml_settings):
    result, _ = trained
    assert [run.name for run in result.runs] == ["line", "trees"]
    best = max(result.runs, key=lambda run: run.metrics["average_precision"])
    assert result.best == best
    assert result.champion == result.version == "1"
    version = client.get_model_version_by_alias(ml_settings.train.model_name, "champion")
    assert version.run_id == best.run_id


def test_a_run_says_what_it_read_and_how_much(trained, client, ml_settings, planted, planted_data):
    result, said = trained
    run = client.get_run(result.best.run_id)
    for table in ("signals/entreprise", "labels/entreprise", "panel/entreprise", "signals/dictionary"):
        assert run.data.params[f"version.{table}"] == "0"
    months = planted_data.month
    final = range(months.max(), months.min() - 1, -ml_settings.train.months_between_samples)
    rows = sum(((months == month) & (planted_data.siren != "000000000")).sum() for month in final)
    assert int(run.data.params["training_rows"]) == rows
    assert any(f"learned from {rows} rows" in line for line in said)
    assert {artifact.path for artifact in client.list_artifacts(result.best.run_id)} == {
        "calibration.png",
        "evaluation.json",
        "model-card.md",
        "model.yml",
        "precision_recall.png",
    }


def test_a_second_training_changes_nothing_and_says_so(trained, spark, client, ml_settings, models_folder, lines):
    first, _ = trained
    before = len(runs_of(client, ml_settings, kind="training"))
    second = train(spark, ml_settings, lines.append, models_folder)
    assert second == first
    assert len(runs_of(client, ml_settings, kind="training")) == before
    assert len(client.search_model_versions(f"name = '{ml_settings.train.model_name}'")) == 1
    assert sum("used again" in line for line in lines) == 2
    assert not any(line.startswith("read ") for line in lines)  # no row was read


def test_a_run_that_a_kill_left_open_is_closed_and_trained_again(
    trained, spark, client, ml_settings, models_folder, lines
):
    """In an experiment of its own, where nothing is finished and the second model's run is still open."""
    first, _ = trained
    rules = ml_settings.train.model_copy(update={"experiment": "coupure"})
    settings = ml_settings.model_copy(update={"train": rules})
    tags = client.get_run(first.runs[1].run_id).data.tags
    killed = client.create_run(Tracker(settings.tracking_store(), "coupure")._experiment, tags=tags).info.run_id

    result = train(spark, settings, lines.append, models_folder)
    assert client.get_run(killed).info.status == "KILLED"
    assert "trees: closed 1 run(s) that a killed training left open" in lines
    assert [run.metrics for run in result.runs] == [run.metrics for run in first.runs]  # the same to the last digit
    assert not {run.run_id for run in result.runs} & {killed, *(run.run_id for run in first.runs)}
    assert (result.version, result.champion) == ("1", "1")  # this fingerprint was registered before


def test_the_champion_is_evaluated_once_and_not_registered(trained, spark, client, ml_settings, lines):
    result, _ = trained
    again = evaluate_champion(spark, ml_settings, lines.append)
    assert again.run_id == result.best.run_id  # same data, settings and code: the training's own evaluation
    assert again.evaluation == result.best.evaluation
    disjoint = evaluate_champion(spark, ml_settings, lines.append, disjoint=True)
    assert disjoint.run_id != result.best.run_id
    assert disjoint.metrics["rows"] < again.metrics["rows"] / 2
    assert evaluate_champion(spark, ml_settings, lines.append, disjoint=True) == disjoint
    assert client.get_run(disjoint.run_id).data.tags["sf_spark.kind"] == "evaluation"
    assert len(client.search_model_versions(f"name = '{ml_settings.train.model_name}'")) == 1


def test_no_champion_to_evaluate_is_one_clear_line(trained, spark, ml_settings, report):
    settings = ml_settings.model_copy(update={"train": ml_settings.train.model_copy(update={"model_name": "none"})})
    with pytest.raises(SfSparkError, match="no model 'none' is champion"):
        evaluate_champion(spark, settings, report)


def test_missing_tables_models_and_history_are_one_clear_line(
    trained, spark, ml_settings, models_folder, tmp_path, report
):
    with pytest.raises(MissingTableError, match="signals/entreprise"):
        train(spark, ml_settings.model_copy(update={"lake": str(tmp_path)}), report, models_folder)
    with pytest.raises(ConfigurationError, match="no model in"):
        train(spark, ml_settings, report, tmp_path)
    other = ml_settings.model_copy(update={"train": ml_settings.train.model_copy(update={"horizon": 24})})
    with pytest.raises(SfSparkError, match="no cible_24m"):
        train(spark, other, report, models_folder)


def test_whole_companies_are_drawn_when_the_rows_would_be_too_many(trained, spark, client, ml_settings, planted_data):
    said: list[str] = []
    few = int(client.get_run(trained[0].best.run_id).data.params["training_rows"])
    rules = ml_settings.train.model_copy(update={"max_values": few})
    inputs = TrainingInputs(spark, ml_settings.lake, rules, said.append)
    data, months = inputs.data, inputs.plan.months
    assert 0.5 * few < data.values.size < 1.5 * few
    share = few / (4 * sum(inputs.plan.rows[month] for month in months))  # 4 signals
    assert f"{share:.1%} of the companies drawn" in said[-1]
    whole = planted_data.of_months(months)
    for siren in set(data.siren):
        assert (data.siren == siren).sum() == (whole.siren == siren).sum()


def test_whatever_changes_the_model_changes_the_fingerprint(rules):
    definition, data = definition_of("m", TREES), {"signals/entreprise": "id 1"}
    base = of_evaluation(data, definition, rules)
    assert base == of_evaluation(dict(data), definition, rules)
    other_model = definition_of("m", {"pipeline": [{"sklearn.ensemble.HistGradientBoostingClassifier": {}}]})
    changed = [
        of_evaluation({"signals/entreprise": "id 2"}, definition, rules),
        of_evaluation(data, other_model, rules),
        of_evaluation(data, definition, rules.model_copy(update={"seed": 1})),
        of_evaluation(data, definition, rules.model_copy(update={"disjoint": True})),
    ]
    assert len({base, *changed}) == 1 + len(changed)
    renamed = rules.model_copy(update={"model_name": "x", "experiment": "y"})
    assert of_evaluation(data, definition, renamed) == base
    assert len({of_training(base, "a"), of_training(base, "b"), base}) == 3


def test_two_trackers_on_one_store_share_the_experiment(ml_settings, tracking_store):
    ids = {Tracker(tracking_store, ml_settings.train.experiment)._experiment for _ in range(2)}
    assert len(ids) == 1
