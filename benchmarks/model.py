"""Judges the models on generated companies, and times scoring; writes RESULTS-model.md.

    python -m benchmarks.model study --set lake=bench-model/lake [--models ...]     methods, horizons, protocols
    python -m benchmarks.model scoring [--rows 400000]                              beside scikit-learn and shap alone

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
from sf_spark.ml.evaluate import Evaluation, evaluate
from sf_spark.ml.explain import Explainer
from sf_spark.ml.fit import Recipe
from sf_spark.ml.metrics import Ranking
from sf_spark.ml.models import Definition, build, definition_of, read_definitions
from sf_spark.ml.scorer import Scorer, Served, coherent
from sf_spark.ml.split import PROTOCOLS
from sf_spark.ml.thresholds import Thresholds
from sf_spark.session import build_session
from sf_spark.settings import PROJECT_ROOT, Settings, load_settings
from sf_spark.steps.inputs.training import TrainingInputs

RESULTS = Path(__file__).parent / "RESULTS-model.md"
MEASURED = Path(__file__).parent / "model.json"  # measurements so far, the source of RESULTS-model.md
MODELS = PROJECT_ROOT / "conf" / "models"
RULE, LINEAR = "rule_2016", "logistic_regression"
RESAMPLES, SEED = 400, 1


def study(settings: Settings, chosen: list[str], protocols: tuple[str, ...]) -> list[dict[str, Any]]:
    """Evaluate each model at each horizon by each protocol (others than the headline at the list's horizon only)."""
    spark = build_session(settings, "bench-model")
    oracle = _oracle(settings)
    rows: list[dict[str, Any]] = []
    by_model: dict[str, dict[int, Evaluation]] = {}
    for horizon in sorted(settings.train.horizons):
        train = settings.train.model_copy(update={"horizon": horizon})
        inputs = TrainingInputs(spark, settings.lake, train, print)
        found: dict[str, Evaluation] = {}
        for definition in read_definitions(MODELS, chosen):
            recipe = Recipe(definition, horizon, train, inputs.infos)
            for protocol in protocols if horizon == settings.train.horizon else PROTOCOLS[:1]:
                start = time.monotonic()
                evaluation = evaluate(recipe, inputs.parts(recipe, protocol), print)
                rows.append(_row(definition, horizon, protocol, evaluation, time.monotonic() - start))
                print(json.dumps(rows[-1]), flush=True)
                if protocol == PROTOCOLS[0]:
                    found[definition.name] = evaluation
                    by_model.setdefault(definition.name, {})[horizon] = evaluation
        rows += _compared(found, horizon) + [_oracle_row(oracle, next(iter(found.values())), horizon)]
    spark.stop()
    for model, evaluations in by_model.items():
        rows.append({"model": model, "inversions of horizons": inversions(evaluations)})
    return rows


def scoring(count: int) -> list[dict[str, Any]]:
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
    return rows


def _row(definition: Definition, horizon: int, protocol: str, found: Evaluation, seconds: float) -> dict[str, Any]:
    shown = ("average_precision", "average_precision_low", "average_precision_high", "roc_auc", "base_rate", "brier",
             "calibration_error", "precision_at_100", "precision_at_500", "lift_at_100", "companies",
             "failing_companies", "lead_time_months")  # fmt: skip
    figures = {name: found.pooled.get(name) for name in shown}
    return {"model": definition.name, "horizon": horizon, "protocol": protocol, "seconds": seconds, **figures}


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


def _oracle_row(oracle: dict[tuple[str, int], float], rows: Evaluation, horizon: int) -> dict[str, Any]:
    score = np.array([oracle.get(key, 0.0) for key in zip(rows.siren.tolist(), rows.month.tolist(), strict=True)])
    ranking = Ranking.of(rows.target, score)
    figures = {"average_precision": ranking.average_precision(rows.weight), "roc_auc": ranking.roc_auc(rows.weight)}
    figures |= intervals(rows.target, score, rows.weight, rows.siren, SEED, RESAMPLES)
    return {"model": "oracle: the planted hazard", "horizon": horizon, "protocol": PROTOCOLS[0], **figures}


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["study", "scoring"])
    parser.add_argument("--set", dest="overrides", action="extend", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--protocols", nargs="*", default=list(PROTOCOLS))
    parser.add_argument("--rows", type=int, default=400_000)
    options = parser.parse_args()
    measured = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
    if options.part == "study":
        settings = load_settings("local", options.overrides)
        rows = study(settings, options.models, tuple(options.protocols))
        measured["methods, horizons and protocols"] = [row for row in rows if "protocol" in row]
        measured["inversions of horizons"] = [row for row in rows if "inversions of horizons" in row]
        measured["paired differences in average precision"] = [row for row in rows if "beside" in row]
    else:
        measured["scoring with explanations"] = scoring(options.rows)
    MEASURED.write_text(json.dumps(measured, indent=1), encoding="utf-8")
    write_results(measured)


if __name__ == "__main__":
    main()
