"""Settings are checked as a whole, and every mistake is one line."""

from pathlib import Path

import pytest

from sf_spark.errors import ConfigurationError
from sf_spark.session import spark_jars
from sf_spark.settings import load_settings


def test_overrides_reach_into_sections_and_keep_text_as_text() -> None:
    settings = load_settings("local", ["lake=/somewhere", "train.horizon=12", "generate.last_batch=0910"])
    assert (settings.lake, settings.train.horizon, settings.generate.last_batch) == ("/somewhere", 12, "0910")


def test_an_environment_holds_only_what_differs() -> None:
    assert load_settings("test").train.origins == 1
    assert load_settings("test").cutoff_day == load_settings("local").cutoff_day == 20


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("lak=/x", "unknown setting 'lak': did you mean 'lake'"),
        ("train.horizn=3", "did you mean 'train.horizon'"),
        ("lake", "--set takes key=value, not 'lake'"),
        ("train.horizon=never", "setting 'train.horizon': .*given: 'never'"),
        ("cutoff_day=40", "setting 'cutoff_day'"),
        ("train.horizon=[", "cannot read the value"),
    ],
)
def test_a_mistake_names_the_key_and_what_would_be_right(override: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_settings("local", [override])
    assert "\n" not in str(caught.value)


def test_an_unknown_environment_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="unknown environment 'prod': choose cluster, local, test"):
        load_settings("prod")


def test_missing_jars_say_what_is_there_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "delta-spark_4.2_2.13-4.4.0.jar").touch()
    settings = load_settings("local", [f"jars={tmp_path}"])
    with pytest.raises(ConfigurationError, match=r"delta-storage is not in .*available: delta-spark_4.2.*make setup"):
        spark_jars(settings)


def test_texts_become_lists_and_keys_of_spark_stay_whole() -> None:
    settings = load_settings("local", ["train.models=a, b", "spark.sql.shuffle.partitions=7"])
    assert settings.train.models == ("a", "b")
    assert settings.spark["spark.sql.shuffle.partitions"] == "7"


@pytest.mark.parametrize(
    ("overrides", "store", "artifacts"),
    [
        (("lake=/data/lake",), "sqlite:////data/mlflow.db", ""),
        (("lake=/data/lake", "tracking_uri=postgresql://h/m"), "postgresql://h/m", "file:///data/mlruns"),
        (("lake=s3a://b/x/lake", "tracking_uri=postgresql://h/m"), "postgresql://h/m", "s3://b/x/mlruns"),
        (("lake=s3a://b/x/lake", "tracking_uri=https://m"), "https://m", ""),
        (("lake=/data/lake", "artifact_uri=s3://a/"), "sqlite:////data/mlflow.db", "s3://a"),
    ],
)
def test_models_are_kept_beside_the_lake_unless_a_place_is_named(
    overrides: tuple[str, ...], store: str, artifacts: str
) -> None:
    settings = load_settings("local", overrides)
    assert (settings.tracking_store(), settings.artifact_store()) == (store, artifacts)


def test_no_sqlite_file_stands_beside_a_lake_in_a_store() -> None:
    with pytest.raises(ConfigurationError, match="no tracking_uri is set.*beside s3a://bucket/lake"):
        load_settings("local", ["lake=s3a://bucket/lake"]).tracking_store()
