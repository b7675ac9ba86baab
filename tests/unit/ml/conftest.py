"""A small lake with a planted cause of failure, and one MLflow store for all tests: creating it costs seconds."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.calendar import start_of
from sf_spark.lake.tables import replace_all
from sf_spark.ml.dataset import NEVER, Dataset
from sf_spark.ml.fit import LearningTask
from sf_spark.ml.model_files import read_definitions
from sf_spark.schema import LABELS_ENTREPRISE, PANEL_ENTREPRISE, SIGNALS_DICTIONARY, SIGNALS_ENTREPRISE
from sf_spark.settings import Settings, TrainSettings, load_settings
from sf_spark.steps.train import TrainingResult, train

FIRST = 2019 * 12  # January 2019
HORIZON = 12
THEMES = ["dette_urssaf", "effectif", "secteur"]


def plant(companies: int, months: int, signals: int, seed: int = 1) -> pd.DataFrame:
    """Rows (siren, mois, en_procedure, cible, dette, signal_*): failure follows the debt, the rest is noise."""
    draw = np.random.default_rng(seed)
    health = draw.normal(size=companies)
    debt = np.empty((months, companies))
    failed = np.full(companies, 10_000)
    for month in range(months + HORIZON):
        health = 0.95 * health + 0.31 * draw.normal(size=companies)
        if month < months:
            debt[month] = np.where(health < 0, np.exp(-3 * health), 0.0)
        fails = draw.random(companies) < 1 / (1 + np.exp(2.8 * health + 8.5))
        failed = np.where(fails & (failed == 10_000), month, failed)
    mois, company = (axis.ravel() for axis in np.mgrid[0:months, 0:companies])
    ahead = failed[company] - mois
    frame = pd.DataFrame(
        {
            "siren": np.char.zfill(company.astype(str), 9),
            "mois": FIRST + mois,
            "en_procedure": ahead <= 0,
            "ahead": np.where((ahead > 0) & (failed[company] < months), ahead, NEVER),
            "cible": np.where(mois + HORIZON < months, ((ahead > 0) & (ahead <= HORIZON)).astype(float), np.nan),
            "dette": debt.ravel(),
        }
    )
    noise = draw.normal(size=(len(frame), signals - 1)).astype(np.float32)
    noise[draw.random(noise.shape) < 0.1] = np.nan
    return pd.concat([frame, pd.DataFrame(noise, columns=[f"signal_{k:03d}" for k in range(signals - 1)])], axis=1)


def dataset_of(frame: pd.DataFrame) -> Dataset:
    """The rows as a dataset, companies in proceedings included."""
    rows = frame.sort_values(["siren", "mois"])
    names = signals_of(frame)
    month = rows["mois"].to_numpy().astype(np.int32)
    seen = (month.max() - month).astype(np.int16)
    return Dataset(
        tuple(names),
        rows["siren"].to_numpy().astype("U9"),
        month,
        rows["ahead"].to_numpy().astype(np.int16),
        seen,
        rows[names].to_numpy(np.float32),
        np.ones(len(rows), dtype=np.float32),
        rows["en_procedure"].to_numpy(),
    )


def signals_of(frame: pd.DataFrame) -> list[str]:
    """The signals of planted rows, by name."""
    return sorted(name for name in frame.columns if name == "dette" or name.startswith("signal_"))


def write_lake(spark: SparkSession, lake: str, frame: pd.DataFrame) -> None:
    """Write planted rows as the four tables that training reads. The company 000000000 is out of the perimeter."""
    names = signals_of(frame)
    days = {month: start_of(month) for month in frame["mois"].unique()}
    rows = _create(spark, frame.assign(periode=frame["mois"].map(days))).coalesce(1)  # one file a month
    key = ["siren", "periode"]
    replace_all(rows.select(*key, *(F.col(name).cast("float") for name in names)), lake, SIGNALS_ENTREPRISE)
    target = F.when(~F.isnan("cible"), F.col("cible") == 1).alias(f"cible_{HORIZON}m")
    before = F.when(F.col("ahead") < NEVER, F.col("ahead").cast("int")).alias("mois_avant_defaillance")
    replace_all(rows.select(*key, "en_procedure", target, before), lake, LABELS_ENTREPRISE)
    perimeter = (F.col("siren") != "000000000").alias("est_dans_perimetre")
    replace_all(rows.select(*key, perimeter, "en_procedure"), lake, PANEL_ENTREPRISE)
    themes = [(name, THEMES[rank % len(THEMES)], name, "level") for rank, name in enumerate(names)]
    schema = "name string, theme string, measure string, statistic string"
    replace_all(spark.createDataFrame(themes, schema), lake, SIGNALS_DICTIONARY)


def _create(spark: SparkSession, frame: pd.DataFrame) -> DataFrame:
    rows = spark.createDataFrame(frame)  # NaN stays NaN through Arrow: signals use null for unknown
    return rows.select(
        *(
            F.nanvl(F.col(name), F.lit(None).cast(kind)).alias(name) if name.startswith("signal_") else name
            for name, kind in rows.dtypes
        )
    )


@pytest.fixture(scope="session")
def planted() -> pd.DataFrame:
    """400 companies over 48 months, 4 signals; the labels of the first 36 months have matured."""
    return plant(companies=400, months=48, signals=4)


@pytest.fixture(scope="session")
def planted_data(planted: pd.DataFrame) -> Dataset:
    """The same rows, in memory, companies in proceedings left out."""
    data = dataset_of(planted)
    return data.where(~data.in_procedure)


@pytest.fixture(scope="session")
def ml_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of the session's lake and store."""
    root = tmp_path_factory.mktemp("ml")
    own = {"lake": root / "lake", "tracking_uri": f"sqlite:///{root}/store/mlflow.db", "train.horizon": HORIZON}
    own |= {"train.horizons": [HORIZON], "train.months_between_samples": 6}  # few months, few files
    own |= {"train.capacity": 30, "train.resamples": 50, "train.gate.resamples": 50}
    own |= {"lists.leave_share": 0.8}  # most companies are then below, and are not explained
    return load_settings("test", [f"{key}={value}" for key, value in own.items()])


@pytest.fixture(scope="session")
def rules(ml_settings: Settings) -> TrainSettings:
    """Settings of training."""
    return ml_settings.train


@pytest.fixture(scope="session")
def ml_lake(spark: SparkSession, ml_settings: Settings, planted: pd.DataFrame) -> str:
    """The four tables, written once: the months that training samples or tests on, and the last two, for scoring."""
    last = FIRST + 48 - 1 - HORIZON
    ages = last - planted["mois"]
    tested = (ages >= 0) & (ages < ml_settings.train.test_months)
    sampled = (ages >= 0) & (ages % ml_settings.train.months_between_samples == 0)
    write_lake(spark, ml_settings.lake, planted[tested | sampled | (ages < 2 - HORIZON)])
    return ml_settings.lake


@pytest.fixture
def lines() -> list[str]:
    """What was reported."""
    return []


@pytest.fixture
def report(lines: list[str]) -> Callable[[str], None]:
    """A reporter that stores its lines."""
    return lines.append


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models that fit in a moment, and a rule to beat."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "trees.yml").write_text(
        "description: small trees\npipeline:\n- sklearn.ensemble.HistGradientBoostingClassifier:\n"
        "    {max_iter: 20, max_leaf_nodes: 4, early_stopping: false}\n"
    )
    (folder / "line.yml").write_text(
        "description: a line\npipeline:\n- sklearn.impute.SimpleImputer: {strategy: median, add_indicator: true, "
        "keep_empty_features: true}\n- sklearn.linear_model.LogisticRegression: {C: 0.1, max_iter: 5000}\n"
    )
    (folder / "rule.yml").write_text(
        "description: a rule\npipeline:\n- sf_spark.ThresholdRules: {rules: [{signal: dette, above: 1, points: 1}]}\n"
    )
    return folder


@pytest.fixture(scope="session")
def tasks(models_folder: Path, rules: TrainSettings) -> dict[str, LearningTask]:
    """The same models, with what decides how they are fitted."""
    return {each.name: LearningTask(each, HORIZON, rules) for each in read_definitions(models_folder)}


@pytest.fixture(scope="session")
def tracking_store(ml_settings: Settings) -> str:
    """The store of all tests, created by two processes at once, which would break an unsafe creation."""
    uri = ml_settings.tracking_store()
    script = f"from sf_spark.ml.tracking import Tracker; Tracker({uri!r}, 'race')"
    racers = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [racer.wait(timeout=300) for racer in racers] == [0, 0]
    return uri


@pytest.fixture(scope="session")
def trained(
    spark: SparkSession, ml_settings: Settings, ml_lake: str, tracking_store: str, models_folder: Path
) -> tuple[TrainingResult, list[str]]:
    """A first training on the session's lake, and what it reported."""
    said: list[str] = []
    (result,) = train(spark, ml_settings, said.append, models_folder)
    return result, said
