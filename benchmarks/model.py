"""Judges the models on generated companies, times training and scoring; writes RESULTS-model.md.

    python -m benchmarks.model study --set lake=bench-model/lake [--models ...]       methods, horizons, protocols
    python -m benchmarks.model training --set lake=bench-model/lake [--rows 5000000]  beside scikit-learn alone
    python -m benchmarks.model scoring [--rows 400000]                                beside scikit-learn and shap alone

`make bench-model` first generates 20 000 companies over 9 years, 2 % of which fail in a year, and builds their tables.
The oracle is the hazard from which the generator drew failures, known exactly: a ceiling for predictions from health.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.process_memory import peak_memory
from sf_spark.demo import DemoPlan
from sf_spark.demo.world.oracle import monthly_hazards
from sf_spark.ml.bootstrap import Interval, intervals, paired_difference
from sf_spark.ml.dataset import Dataset
from sf_spark.ml.definition import definition_of
from sf_spark.ml.evaluate import Evaluation
from sf_spark.ml.explain import Explainer
from sf_spark.ml.fit import LearningTask, fit_calibrated
from sf_spark.ml.metrics import Ranking
from sf_spark.ml.model_files import read_definitions
from sf_spark.ml.models import build
from sf_spark.ml.records import RunRecord
from sf_spark.ml.registry import Registry
from sf_spark.ml.scorer import Scorer, Served, coherent
from sf_spark.ml.split import PROTOCOLS
from sf_spark.ml.thresholds import Thresholds
from sf_spark.ml.tracking import Tracker
from sf_spark.session import build_session
from sf_spark.settings import PROJECT_ROOT, Settings, load_settings
from sf_spark.steps.evaluate import evaluate_protocols
from sf_spark.steps.inputs.bench import Bench, evaluation_of
from sf_spark.steps.inputs.training import TrainingInputs
from sf_spark.steps.train import horizons_of

RESULTS = Path(__file__).parent / "RESULTS-model.md"
MEASURED = Path(__file__).parent / "model.json"  # measurements so far, the source of RESULTS-model.md
MODELS = PROJECT_ROOT / "conf" / "models"
METHODS, DIFFERENCES, INVERSIONS, TRAINING, SCORING = (
    "methods, horizons and protocols",
    "paired differences in average precision",
    "inversions of horizons",
    "training",
    "scoring with explanations",
)
RULE, LINEAR = "rule_2016", "logistic_regression"
RESAMPLES, SEED = 400, 1


def study(settings: Settings, chosen: list[str], protocols: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Evaluate each model at each horizon by each protocol (others than the headline at the list's horizon only).

    Each evaluation is a run in the lake's tracking store, and a finished one is used again.
    """
    spark, store = build_session(settings, "bench-model"), settings.tracking_store()
    tracker = Tracker(store, settings.train.experiment, settings.artifact_store())
    oracle, definitions = _oracle(settings), read_definitions(MODELS, chosen)
    figures, differences = [], []
    by_model: dict[str, dict[int, Evaluation]] = {definition.name: {} for definition in definitions}
    for horizon in horizons_of(settings.train):
        train = settings.train.model_copy(update={"horizon": horizon})
        bench = Bench(tracker, Registry(store), TrainingInputs(spark, settings.lake, train, print), horizon, print)
        found: dict[str, Evaluation] = {}
        for definition in definitions:
            asked = protocols if horizon == settings.train.horizon else protocols[:1]
            for protocol, record in evaluate_protocols(bench, definition, asked).items():
                figures.append(_figures(definition.name, horizon, protocol, record))
                if protocol == PROTOCOLS[0]:
                    found[definition.name] = by_model[definition.name][horizon] = evaluation_of(record)
        differences += _compared(found, horizon)
        figures.append(_oracle_figures(oracle, next(iter(found.values())), horizon))
    spark.stop()
    inverted = [{"model": name, **inversions(each)} for name, each in by_model.items() if len(each) > 1]
    return {METHODS: figures, DIFFERENCES: differences, INVERSIONS: inverted}


def training(settings: Settings, count: int, models: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Train on so many rows: those of the lake, again and again as other companies.

    Beside it, one fit of the same pipeline by scikit-learn alone; a training fits twice, the first time for the
    calibration.
    """
    spark = build_session(settings, "bench-model")
    inputs = TrainingInputs(spark, settings.lake, settings.train, print)
    data, infos = inputs.final_data, inputs.infos
    spark.stop()
    data, rows = repeated(data, count), []
    for definition in read_definitions(MODELS, models):
        task = LearningTask(definition, settings.train.horizon, settings.train, infos)
        for way in ("sf_spark", "scikit-learn"):
            with peak_memory() as memory:
                start = time.monotonic()
                if way == "sf_spark":
                    fit_calibrated(task, data)
                else:
                    matured = data.matured(task.horizon)
                    alone = build(definition, data.signals, settings.train.seed, task.horizon, infos)
                    alone.pipeline.fit(matured.values, matured.target(task.horizon))
            rows.append(
                {
                    "model": definition.name,
                    "way": way,
                    "rows": len(data),
                    "signals": len(data.signals),
                    "seconds": time.monotonic() - start,
                    "matrix_mb": data.values.nbytes / 2**20,
                    "memory_mb": memory.total - memory.java,
                }
            )
            print(json.dumps(rows[-1]), flush=True)
    return {TRAINING: rows}


def repeated(data: Dataset, count: int) -> Dataset:
    """So many rows: those of the dataset again and again, each time as other companies."""
    times = -(-count // len(data))
    numbers = np.char.add(np.repeat(np.arange(times), len(data)).astype(str), np.tile(data.siren, times))[:count]
    names = ("month", "ahead", "seen", "values", "weight", "in_procedure")
    arrays: dict[str, Any] = {
        name: np.resize(getattr(data, name), (count, *getattr(data, name).shape[1:])) for name in names
    }
    return Dataset(data.signals, numbers, **arrays)


def scoring(count: int) -> dict[str, list[dict[str, Any]]]:
    """Score and explain so many companies in one process: with the platform's scorer, and with the libraries alone."""
    import pyarrow as pa

    draw = np.random.default_rng(SEED)
    names = [f"signal_{k:03d}" for k in range(147)]
    values = draw.normal(size=(count, len(names))).astype(np.float32)
    target = (draw.random(20_000) < 1 / (1 + np.exp(3 - values[:20_000, 0]))).astype(int)
    content = next(each for each in read_definitions(MODELS) if each.name == "gradient_boosting").as_dict()
    model = build(definition_of("m", content), names, SEED).fit(values[:20_000], target)
    scorer = Scorer(
        [Served(model, Thresholds(0, 1), 18, dict.fromkeys(names, "t"), Explainer(model).expected)], 18, True
    )
    rows = []
    for way in ("sf_spark", "scikit-learn and shap", "sf_spark"):
        with peak_memory() as memory:
            start = time.monotonic()
            if way == "sf_spark":
                for first in range(0, count, 10_000):
                    part = {name: pa.array(values[first : first + 10_000, rank]) for rank, name in enumerate(names)}
                    size = len(part[names[0]])
                    keys = {"siren": pa.array(["1"] * size), "periode": pa.array([0] * size, pa.date32())}
                    scorer.score(pa.RecordBatch.from_pydict({**keys, **part}))
            else:
                import shap

                trees = shap.TreeExplainer(model.pipeline[-1])
                for first in range(0, count, 10_000):
                    model.pipeline.predict_proba(values[first : first + 10_000].astype(np.float64))
                    trees.shap_values(values[first : first + 10_000].astype(np.float64), check_additivity=False)
        rows.append({"way": way, "rows": count, "seconds": time.monotonic() - start, "memory_mb": memory.total})
        print(json.dumps(rows[-1]), flush=True)
    return {SCORING: rows}


def _figures(model: str, horizon: int, protocol: str, record: RunRecord) -> dict[str, Any]:
    shown = ("average_precision", "average_precision_low", "average_precision_high", "roc_auc", "base_rate", "brier",
             "calibration_error", "precision_at_100", "precision_at_500", "lift_at_100", "companies",
             "failing_companies", "lead_time_months")  # fmt: skip
    figures = {name: record.metrics.get(name) for name in shown}
    return {"model": model, "horizon": horizon, "protocol": protocol, **figures}


def _compared(found: dict[str, Evaluation], horizon: int) -> list[dict[str, Any]]:
    """Paired differences between every model and the rule, and the logistic regression."""
    rows = []
    for name, evaluation in found.items():
        for other in (RULE, LINEAR):
            if other in found and name not in (RULE, other):
                rows.append(
                    {"model": name, "beside": other, "horizon": horizon, **_difference(evaluation, found[other])}
                )
    return rows


def _difference(first: Evaluation, second: Evaluation) -> dict[str, float]:
    found: Interval = paired_difference(
        first.target, first.probability, second.probability, first.weight, first.siren, SEED, RESAMPLES
    )
    return {"difference": found.value, "low": found.low, "high": found.high}


def inversions(found: dict[int, Evaluation]) -> dict[str, float]:
    """Rows tested at all horizons, and how many violate p(12) <= p(18) <= p(24), before and after."""
    horizons = sorted(found)
    by_row = [
        dict(zip(zip(found[h].siren, found[h].month, strict=True), found[h].probability, strict=True)) for h in horizons
    ]
    shared = sorted(set.intersection(*(set(each) for each in by_row)))
    matrix = np.array([[each[key] for each in by_row] for key in shared])
    after = coherent(matrix, horizons, horizons[len(horizons) // 2])
    broken = [(np.diff(values, axis=1) < 0).any(axis=1).sum() for values in (matrix, after)]
    return {"rows": len(shared), "before": int(broken[0]), "published": int(broken[1])}


def _oracle(settings: Settings) -> dict[tuple[str, int], float]:
    plan = DemoPlan(**settings.generate.model_dump())
    return {
        (siren, first + month): float(hazard[rank, month])
        for sirens, first, hazard in monthly_hazards(plan)
        for rank, siren in enumerate(sirens)
        for month in range(hazard.shape[1])
    }


def _oracle_figures(oracle: dict[tuple[str, int], float], rows: Evaluation, horizon: int) -> dict[str, Any]:
    score = np.array([oracle.get(key, 0.0) for key in zip(rows.siren.tolist(), rows.month.tolist(), strict=True)])
    ranking = Ranking.of(rows.target, score)
    figures = {"average_precision": ranking.average_precision(rows.weight), "roc_auc": ranking.roc_auc(rows.weight)}
    figures |= intervals(rows.target, score, rows.weight, rows.siren, SEED, RESAMPLES)
    return {"model": "oracle: the planted hazard", "horizon": horizon, "protocol": PROTOCOLS[0], **figures}


def merged(
    before: dict[str, list[dict[str, Any]]], measured: dict[str, list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """The measurements of before, with those made again in their places."""

    def named(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row.get(name) for name in ("model", "beside", "horizon", "protocol", "way", "rows"))

    result = dict(before)
    for title, rows in measured.items():
        places = {named(row): row for row in before.get(title, [])} | {named(row): row for row in rows}
        result[title] = list(places.values())
    return result


def write_results(measured: dict[str, list[dict[str, Any]]]) -> None:
    """Write the page from the measurements."""
    lines = ["# Models, measured", "", f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}.", ""]
    for title, rows in measured.items():
        names = list(dict.fromkeys(name for row in rows for name in row))
        lines += [f"## {title}", "", f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
        lines += [f"| {' | '.join(_cell(row.get(name)) for name in names)} |" for row in rows] + [""]
    RESULTS.write_text("\n".join(lines), encoding="utf-8")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["study", "training", "scoring"])
    parser.add_argument("--set", dest="overrides", action="extend", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--protocols", nargs="*", default=list(PROTOCOLS))
    parser.add_argument("--rows", type=int)
    options = parser.parse_args()
    before = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
    settings = load_settings("local", options.overrides)
    if options.part == "study":
        measured = study(settings, options.models, options.protocols)
    elif options.part == "training":
        measured = training(settings, options.rows or 5_000_000, options.models or ["gradient_boosting"])
    else:
        measured = scoring(options.rows or 400_000)
    result = merged(before, measured)
    MEASURED.write_text(json.dumps(result, indent=1), encoding="utf-8")
    write_results(result)


if __name__ == "__main__":
    main()
