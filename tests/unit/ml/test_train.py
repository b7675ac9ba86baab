import pytest

import mlflow
from sf_spark.errors import ConfigurationError, MissingTableError, SfSparkError
from sf_spark.ml import fingerprint
from sf_spark.ml.definition import definition_of
from sf_spark.ml.fingerprint import of_evaluation, of_training
from sf_spark.ml.gate import Check, Verdict
from sf_spark.ml.model_files import read_definitions
from sf_spark.ml.registry import Registry, registered_name
from sf_spark.ml.rows import Counts
from sf_spark.ml.tracking import Tracker
from sf_spark.steps.evaluate import evaluate_champion
from sf_spark.steps.inputs.training import TrainingInputs, draw_shares
from sf_spark.steps.promote import promote, rollback
from sf_spark.steps.train import train
from sf_spark.steps.tune import tune

TREES = {"pipeline": [{"sklearn.ensemble.HistGradientBoostingClassifier": {"max_iter": 3}}]}


@pytest.fixture
def client(ml_settings):
    return mlflow.MlflowClient(ml_settings.tracking_store())


def runs_of(client, settings, **tags):
    experiment = client.get_experiment_by_name(settings.train.experiment).experiment_id
    clause = " and ".join(f"tags.`sf_spark.{key}` = '{value}'" for key, value in tags.items())
    return client.search_runs([experiment], clause)


@pytest.fixture
def registry(ml_settings):
    return Registry(ml_settings.tracking_store())


@pytest.fixture(scope="session")
def name(ml_settings):
    return registered_name(ml_settings.train.model_name, 12)


def with_train(settings, **changes):
    return settings.model_copy(update={"train": settings.train.model_copy(update=changes)})


def test_each_model_has_a_run_and_the_better_one_inside_the_training_periods_is_champion(
    trained, client, registry, name
):
    result, said = trained
    assert [run.name for run in result.runs] == ["line", "rule", "trees"]
    learned = [run for run in result.runs if run.name != "rule"]
    assert result.best == max(learned, key=lambda run: run.metrics["inner_average_precision"])
    assert result.champion == result.version == "1"
    for alias in ("champion", "challenger"):
        assert client.get_model_version_by_alias(name, alias).run_id == result.best.run_id
    (move,) = registry.promotions(name)
    assert (move.before, move.after, move.who) == (None, "1", "train") and "better than chance: passed" in move.why
    assert any("champion: version 1" in line for line in said)
    assert client.get_model_version(name, "1").tags["sf_spark.proven"] in (
        "yes",
        "not yet proven against the rule of 2016",
    )


def test_a_run_says_what_it_read_and_how_much(trained, client, ml_settings, planted, planted_data):
    result, said = trained
    run = client.get_run(result.best.run_id)
    for table in ("signals/entreprise", "labels/entreprise", "panel/entreprise", "signals/dictionary"):
        assert run.data.params[f"version.{table}"] == "0"
    assert run.data.tags["sf_spark.horizon"] == "12" and run.data.tags["sf_spark.commit"]
    assert run.info.run_name == f"{run.data.params['model']} 12m 2021-12"
    assert "Fiche du modèle" in run.data.tags["mlflow.note.content"]
    assert run.info.end_time - run.info.start_time > 200  # milliseconds: the fits are part of it
    rows = int(run.data.params["training_rows"])
    assert any(f"learned from {rows} rows" in line for line in said)
    assert int(run.data.params["training_failing_companies"]) < int(run.data.params["training_failures"])
    assert {artifact.path for artifact in client.list_artifacts(result.best.run_id)} == {
        *("by_segment.json", "evaluation.json", "gain.png", "importance.png", "lift.png", "model-card.md", "model.yml"),
        *("precision_recall.png", "reliability.png", "stability.png", "test-rows.npz"),
    }  # fmt: skip


def test_a_second_training_changes_nothing_and_says_so(trained, spark, client, ml_settings, models_folder, lines, name):
    first, _ = trained
    before = len(runs_of(client, ml_settings, kind="training"))
    (second,) = train(spark, ml_settings, lines.append, models_folder)
    assert (second.runs, second.best, second.version) == (first.runs, first.best, first.version)
    assert len(runs_of(client, ml_settings, kind="training")) == before
    assert len(client.search_model_versions(f"name = '{name}'")) == 1
    assert sum("used again" in line for line in lines) == 3
    assert not any(line.startswith("read ") for line in lines)  # no row was read


def test_a_changed_line_of_the_code_that_learns_retrains(rules, monkeypatch):
    definition, data = definition_of("m", TREES), {"signals/entreprise": "id 1"}
    base = of_evaluation(data, definition, rules)
    monkeypatch.setattr(fingerprint, "code_digest", lambda: "another")
    assert of_evaluation(data, definition, rules) != base


def test_a_run_that_a_kill_left_open_is_closed_and_trained_again(
    trained, spark, client, ml_settings, models_folder, lines
):
    """In an experiment of its own, where nothing is finished and the second model's run is still open."""
    first, _ = trained
    settings = with_train(ml_settings, experiment="coupure")
    tags = client.get_run(first.runs[2].run_id).data.tags
    killed = client.create_run(Tracker(settings.tracking_store(), "coupure")._experiment, tags=tags).info.run_id

    (result,) = train(spark, settings, lines.append, models_folder)
    assert client.get_run(killed).info.status == "KILLED"
    assert "trees: closed 1 run(s) that a killed training left open" in lines
    assert [run.metrics for run in result.runs] == [run.metrics for run in first.runs]  # the same to the last digit
    assert not {run.run_id for run in result.runs} & {killed, *(run.run_id for run in first.runs)}
    assert (result.version, result.champion) == ("1", "1")  # this fingerprint was registered before


def test_the_champion_is_evaluated_once_by_each_protocol_and_not_registered(
    trained, spark, client, ml_settings, lines, name
):
    result, _ = trained
    protocols = ("new_failures", "proceedings", "disjoint", "random")
    records = evaluate_champion(spark, ml_settings, lines.append, protocols)
    headline = records["new_failures"]
    assert headline.run_id == result.best.run_id  # same data, settings and code: the training's own evaluation
    assert headline.evaluation == result.best.evaluation
    assert len({record.run_id for record in records.values()}) == 4
    assert records["disjoint"].metrics["rows"] < headline.metrics["rows"] / 2
    assert records["proceedings"].metrics["base_rate"] > headline.metrics["base_rate"]
    assert client.get_run(records["random"].run_id).data.tags["sf_spark.protocol"] == "random"
    assert client.get_run(records["disjoint"].run_id).data.tags["sf_spark.kind"] == "evaluation"
    table = mlflow.artifacts.load_dict(f"{client.get_run(headline.run_id).info.artifact_uri}/protocols.json")
    assert [row[0] for row in table["data"]] == list(protocols)
    assert evaluate_champion(spark, ml_settings, lines.append, ("disjoint",))["disjoint"] == records["disjoint"]
    assert len(client.search_model_versions(f"name = '{name}'")) == 1


def test_no_champion_to_evaluate_is_one_clear_line(trained, spark, ml_settings, report):
    with pytest.raises(SfSparkError, match="no model 'none_12m' is champion"):
        evaluate_champion(spark, with_train(ml_settings, model_name="none"), report)


def test_a_challenger_that_is_not_better_stays_one_and_moves_by_hand_only(
    trained, spark, client, registry, ml_settings, models_folder, lines, name
):
    """Another seed is another training of nearly the same model: the gate finds no difference."""
    settings = with_train(ml_settings, seed=7)
    (result,) = train(spark, settings, lines.append, models_folder)
    assert (result.version, result.champion) == ("2", "1")
    assert not result.verdict.passed and "better than the champion" in result.verdict.failed
    assert any("version 2 stays challenger: better than the champion" in line for line in lines)
    assert client.get_model_version(name, "2").tags["sf_spark.gate"] == str(result.verdict)

    move = promote(settings, "2", "on the advice of the regions", "chef", lines.append)
    assert (move.before, move.after, move.who, move.why) == ("1", "2", "chef", "on the advice of the regions")
    assert registry.load(name).version == "2"
    back = rollback(settings, "too many alerts", "", lines.append)
    assert (back.before, back.after, back.why) == ("2", "1", "too many alerts") and back.who
    assert registry.load(name).version == "1"
    (again,) = train(spark, settings, lines.append, models_folder)
    assert (again.version, again.champion) == ("2", "1")  # a choice by hand stays
    log = [(None, "1"), ("1", "2"), ("2", "1")]
    assert [(each.before, each.after) for each in registry.promotions(name)] == log
    promote(settings, "1", "once more", "", lines.append)
    assert "version 1 is champion already" in lines[-1]
    with pytest.raises(SfSparkError, match="version 1 of .* replaced no other"):
        rollback(settings, "further back", "", lines.append)  # not to the version that was rolled back
    assert [(each.before, each.after) for each in registry.promotions(name)] == log


def interrupted(*arguments, **named):
    raise KeyboardInterrupt


def test_after_a_rollback_the_next_move_is_made_by_hand(
    trained, spark, registry, ml_settings, models_folder, lines, name, monkeypatch
):
    settings = with_train(ml_settings, seed=11)
    (first,) = train(spark, settings, lines.append, models_folder)
    promote(settings, first.version, "to be tried", "", lines.append)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("mlflow.MlflowClient.set_registered_model_tag", interrupted)  # after the alias, before the log
        rollback(settings, "too many alerts", "chef", lines.append)
    rollback(settings, "too many alerts", "chef", lines.append)  # completes it
    assert registry.champion_version(name) == "1" and registry.promotions(name)[-1].way == "rollback"
    passed = Verdict((Check("any", True, "better"),), True)
    monkeypatch.setattr("sf_spark.steps.outputs.champion.judge", lambda *arguments: passed)
    (result,) = train(spark, with_train(ml_settings, seed=12), lines.append, models_folder)
    assert result.version != first.version and result.champion == registry.champion_version(name) == "1"
    assert lines[-1].startswith("champion: version 1, put back by chef (too many alerts)")
    assert f"version {result.version} stays challenger" in lines[-1]


def test_a_promotion_that_a_kill_left_without_its_log_is_logged_by_the_next_training(
    trained, spark, client, registry, ml_settings, models_folder, lines, name
):
    logged = len(registry.promotions(name))
    now = registry.champion_version(name)
    settings = with_train(ml_settings, seed=13)
    (first,) = train(spark, settings, lines.append, models_folder)
    client.set_registered_model_alias(name, "champion", first.version)  # and killed
    train(spark, settings, lines.append, models_folder)
    assert len(registry.promotions(name)) == logged + 1
    move = registry.promotions(name)[-1]
    assert (move.before, move.after, move.who) == (now, first.version, "train")
    rollback(settings, "as before", "", lines.append)
    assert registry.champion_version(name) == now


def test_a_version_or_a_reason_that_is_not_there_is_one_clear_line(trained, ml_settings, report):
    with pytest.raises(ConfigurationError, match=r"has no version 99 \(available: 1"):
        promote(ml_settings, "99", "why not", "", report)
    with pytest.raises(ConfigurationError, match="promote needs a reason"):
        promote(ml_settings, "1", "  ", "", report)
    with pytest.raises(SfSparkError, match="nothing to roll back"):
        rollback(with_train(ml_settings, model_name="none"), "why", "", report)


def test_missing_tables_models_and_history_are_one_clear_line(
    trained, spark, ml_settings, models_folder, tmp_path, report
):
    with pytest.raises(MissingTableError, match="signals/entreprise"):
        train(spark, ml_settings.model_copy(update={"lake": str(tmp_path)}), report, models_folder)
    with pytest.raises(ConfigurationError, match="no model in"):
        train(spark, ml_settings, report, tmp_path)
    other = with_train(ml_settings, horizon=24, horizons=(24,))
    with pytest.raises(SfSparkError, match="no cible_24m"):
        train(spark, other, report, models_folder)


def test_rows_without_failure_are_drawn_before_companies_are(trained, spark, ml_settings, planted_data):
    said: list[str] = []
    rules = ml_settings.train.model_copy(update={"max_values": 10_000})
    data = TrainingInputs(spark, ml_settings.lake, rules, said.append).data
    assert "of the rows without failure drawn" in said[-1] and "of the companies" not in said[-1]
    assert data.values.size < 1.2 * 10_000
    whole = TrainingInputs(spark, ml_settings.lake, ml_settings.train, said.append).data
    assert data.weight.sum() == pytest.approx(len(whole), rel=0.1)
    failing = (whole.ahead < 32_767) | whole.in_procedure
    assert ((data.ahead < 32_767) | data.in_procedure).sum() == failing.sum()


def test_shares_keep_the_failures_and_fall_on_the_others_first():
    counts = [Counts(1000, 100, 20)] * 2
    assert draw_shares(counts, 10, 20_000).others == 1
    shares = draw_shares(counts, 10, 11_000)
    assert (shares.others, shares.companies) == (pytest.approx((1100 - 200) / 1800), 1)
    shares = draw_shares(counts, 10, 1000)
    assert (shares.others, shares.companies) == (0.05, pytest.approx(100 / (200 + 0.05 * 1800)))


def test_whatever_changes_the_model_changes_the_fingerprint(rules):
    definition, data = definition_of("m", TREES), {"signals/entreprise": "id 1"}
    base = of_evaluation(data, definition, rules)
    assert base == of_evaluation(dict(data), definition, rules)
    other_model = definition_of("m", {"pipeline": [{"sklearn.ensemble.HistGradientBoostingClassifier": {}}]})
    changed = [
        of_evaluation({"signals/entreprise": "id 2"}, definition, rules),
        of_evaluation(data, other_model, rules),
        of_evaluation(data, definition, rules.model_copy(update={"seed": 1})),
        of_evaluation(data, definition, rules.model_copy(update={"horizon": 24})),
        of_evaluation(data, definition, rules, "disjoint"),
    ]
    assert len({base, *changed}) == 1 + len(changed)
    renamed = rules.model_copy(update={"model_name": "x", "experiment": "y"})
    assert of_evaluation(data, definition, renamed) == base
    assert len({of_training(base, "a"), of_training(base, "b"), base}) == 3


def test_two_trackers_on_one_store_share_the_experiment(ml_settings, tracking_store):
    ids = {Tracker(tracking_store, ml_settings.train.experiment)._experiment for _ in range(2)}
    assert len(ids) == 1


def test_a_search_is_logged_with_its_trials_and_goes_on_where_it_was_interrupted(
    trained, spark, client, ml_settings, tmp_path, lines
):
    (tmp_path / "trees.yml").write_text(
        "description: small trees\npipeline:\n"
        "- sklearn.ensemble.HistGradientBoostingClassifier: {max_leaf_nodes: 4, early_stopping: false}\n"
        "search: {HistGradientBoostingClassifier.max_iter: {quniform: [5, 25, 5]}}\n"
    )
    settings = with_train(ml_settings, trials=2, experiment="recherche")
    short = tune(spark, settings, "trees", lines.append, models=tmp_path)
    assert "inside the training period" in lines[-1]
    longer = tune(spark, with_train(settings, trials=4), "trees", lines.append, models=tmp_path)
    again = tune(spark, with_train(settings, trials=4), "trees", lines.append, "found", tmp_path)
    assert again == longer and longer.loss <= short.loss
    runs = runs_of(client, settings, kind="trial")
    assert 2 <= len(runs) <= 4  # equal parameters are fitted once
    parents = {run.data.tags["mlflow.parentRunId"] for run in runs}
    kinds = {client.get_run(parent).data.tags["sf_spark.kind"] for parent in parents}
    assert kinds == {"search"} and all(run.info.status == "FINISHED" for run in runs)
    (found,) = (each for each in read_definitions(tmp_path) if each.name == "found")
    assert found.flat_params()["HistGradientBoostingClassifier.max_iter"] == next(iter(longer.params.values()))
    with pytest.raises(ConfigurationError, match="already exists"):
        tune(spark, settings, "trees", lines.append, "found", tmp_path)
