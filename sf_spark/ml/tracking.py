"""The store and runs of MLflow, used by this module and the registry only. Every operation survives a repeat or a kill.

A run carries a fingerprint of its data, settings, model and code. It counts once its status is FINISHED, which is
written last. A run that a killed process left RUNNING is closed as KILLED by the next process: trainings on one store
hold a lock, so no other can be alive.
"""

import hashlib
import json
import logging
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.types import ColSpec, Schema, TensorSpec
from sqlalchemy import event
from sqlalchemy.engine import Engine

import sf_spark
from sf_spark.environment import login_name
from sf_spark.errors import ConfigurationError
from sf_spark.ml.lock import exclusive
from sf_spark.ml.moved import follow_move
from sf_spark.ml.records import RunContent, RunRecord
from sf_spark.ml.signal_model import SignalModel
from sf_spark.ml.views import experiment_tags

_SQLITE = "sqlite:///"
_MODEL = "model"
_EVALUATION = "evaluation.json"
ROWS = "test-rows.npz"  # the test rows and their probabilities, for paired comparisons
TAG = "sf_spark."
NOTE = "mlflow.note.content"  # the tag that the pages show as a description
_PARENT = "mlflow.parentRunId"  # the UI nests runs by this tag
# Types allowed in a model beside scikit-learn's own. A file with another type is not loaded.
TRUSTED = [
    "numpy.dtype",
    "sf_spark.ml.categories.CategoryEncoder",
    "sf_spark.ml.hazard.DiscreteHazard",
    "sf_spark.ml.rules.ThresholdRules",
    "sf_spark.ml.signal_model.SignalModel",
    # Trees do not check their node indexes: a forged file could crash the process. Ours come from our own store.
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
]
_REQUIREMENTS = ("scikit-learn", "scipy", "threadpoolctl", "numpy", "pandas", "skops")


class Tracker:
    """One experiment in one tracking store, and the registry beside it.

    Args:
        uri: The tracking store; a SQLite file is created, once, with its artifacts beside it.
        experiment: Name of the experiment, created when absent.
        artifacts: Where a new experiment puts its artifacts; '': beside a SQLite file, else where the server says.
    """

    def __init__(self, uri: str, experiment: str, artifacts: str = "") -> None:
        self._uri, self._artifacts = uri, artifacts
        self._client = open_store(uri)
        with exclusive(_lock_file(uri, "store")):
            self._experiment = self._experiment_id(experiment)

    @contextmanager
    def alone(self, report: Callable[[str], None]) -> Iterator[None]:
        """Hold the store's training lock: of two trainings, the second waits and then reuses the first one's runs."""
        with exclusive(_lock_file(self._uri, "train"), lambda: report("waiting for another training on this store")):
            yield

    def finished(self, tag: str, fingerprint: str) -> RunRecord | None:
        """The first finished run whose tag ``training`` or ``evaluation`` holds this fingerprint."""
        runs = [run for run in self._runs(tag, fingerprint) if run.info.status == "FINISHED"]
        if not runs:
            return None
        run = min(runs, key=lambda each: each.info.end_time)
        folder = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=_EVALUATION)
        evaluation = json.loads(Path(folder).read_text(encoding="utf-8"))
        with np.load(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=ROWS)) as rows:
            arrays = {name: rows[name] for name in rows.files}
        name = run.data.tags.get(TAG + "model", run.info.run_name)
        return RunRecord(run.info.run_id, name, evaluation["pooled"], evaluation, arrays)

    def close_killed(self, tag: str, fingerprint: str) -> int:
        """Mark as KILLED the runs that a killed process left RUNNING; return how many. Only under :meth:`alone`."""
        left = [run for run in self._runs(tag, fingerprint) if run.info.status == "RUNNING"]
        for run in left:
            self._client.set_terminated(run.info.run_id, "KILLED")
        return len(left)

    def log(self, content: RunContent) -> str:
        """Log one run, whose id is returned: FINISHED once all is written, FAILED when something goes wrong."""
        tags = {
            **{TAG + key: value for key, value in content.tags.items()},
            TAG + "kind": content.kind,
            TAG + "code": sf_spark.__version__,
            NOTE: content.description,
            "mlflow.user": login_name(),
            "mlflow.source.name": f"sf_spark {content.kind}",
            "mlflow.source.type": "JOB",
        }
        # Not the fluent API: it would take over the run of an enclosing `mlflow run`.
        # Starts with the fit, so that the duration includes it.
        run = self._client.create_run(self._experiment, content.started_at, run_name=content.name, tags=tags)
        run_id = run.info.run_id
        with mlflow.start_run(run_id=run_id), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about deliberate choices: skops, requirements, doubles
            _fill(content)
        return run_id

    def open_search(self, name: str, mark: str, horizon: int) -> str:
        """The run of a search: an interrupted one, or a new one."""
        for run in self._runs("search", mark):
            if run.info.status != "FINISHED" and run.data.tags.get(_PARENT) is None:
                self._client.update_run(run.info.run_id, status="RUNNING")
                return str(run.info.run_id)
        tags = {TAG + "search": mark, TAG + "kind": "search", TAG + "horizon": str(horizon)}
        return str(self._client.create_run(self._experiment, run_name=name, tags=tags).info.run_id)

    def close_search(
        self, run_id: str, metrics: Mapping[str, float], params: Mapping[str, Any], texts: Mapping[str, str]
    ) -> None:
        """Log what a search found, and finish its run."""
        for name, value in metrics.items():
            self._client.log_metric(run_id, name, value)
        for name, value in params.items():
            self._client.log_param(run_id, name, value)
        for name, text in texts.items():
            self._client.log_text(run_id, text, name)
        self._client.set_terminated(run_id, "FINISHED")

    def trial(self, mark: str, params: Mapping[str, Any]) -> float | None:
        """The average precision of a finished trial of a search, None where there is none."""
        wanted = _trial_mark(mark, params)
        runs = [run for run in self._runs("trial", wanted) if run.info.status == "FINISHED"]
        return float(runs[0].data.metrics["average_precision"]) if runs else None

    def log_trial(
        self, parent: str, mark: str, params: Mapping[str, Any], metrics: Mapping[str, float], started_at: int
    ) -> None:
        """Log one trial under its search; it counts once it is FINISHED, which is written last."""
        tags = {TAG + "trial": _trial_mark(mark, params), TAG + "kind": "trial", _PARENT: parent}
        name = ", ".join(
            f"{key.rpartition('.')[2]} {value if isinstance(value, str) else format(value, '.4g')}"
            for key, value in params.items()
        )
        run = self._client.create_run(self._experiment, started_at, run_name=name, tags=tags)
        for key, value in params.items():
            self._client.log_param(run.info.run_id, key, value)
        for key, value in metrics.items():
            self._client.log_metric(run.info.run_id, key, value)
        self._client.set_terminated(run.info.run_id, "FINISHED")

    def log_table(self, run_id: str, name: str, columns: Mapping[str, list[Any]]) -> None:
        """Add a table to a run, replacing an earlier one."""
        self._client.log_dict(
            run_id, {"columns": list(columns), "data": list(zip(*columns.values(), strict=True))}, name
        )

    def _experiment_id(self, name: str) -> str:
        found, wanted = self._client.get_experiment_by_name(name), experiment_tags()
        if found is not None:
            for key in wanted.keys() - found.tags.keys():
                self._client.set_experiment_tag(found.experiment_id, key, wanted[key])
            return str(found.experiment_id)
        beside = _artifact_root(self._uri).as_uri() if self._uri.startswith(_SQLITE) else ""
        root = self._artifacts or beside
        return str(self._client.create_experiment(name, f"{root}/{name}" if root else None, wanted))

    def _runs(self, tag: str, fingerprint: str) -> list[Run]:
        return list(self._client.search_runs([self._experiment], f"tags.`{TAG}{tag}` = '{fingerprint}'"))


def _trial_mark(mark: str, params: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps([mark, params], sort_keys=True).encode()).hexdigest()[:32]


def open_store(uri: str) -> mlflow.MlflowClient:
    """The client of a store, which is created when absent."""
    _quiet()
    with exclusive(_lock_file(uri, "store")):
        _create_store(uri)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    return mlflow.MlflowClient(uri, uri)


def _fill(content: RunContent) -> None:
    mlflow.log_params(dict(content.params))
    mlflow.log_metrics(dict(content.metrics))
    for month, metrics in content.metrics_by_month.items():
        mlflow.log_metrics({f"by_origin.{key}": value for key, value in metrics.items()}, step=month)
    for table, version in content.tables.items():
        source = _DeltaSource(path=f"{content.lake.rstrip('/')}/{table}", delta_table_version=version)
        mlflow.log_input(MetaDataset(source, name=table, digest=f"version-{version}"), context=content.kind)  # type: ignore[abstract]
    for name, figure in content.figures.items():
        mlflow.log_figure(figure, name)
    for name, text in content.texts.items():
        mlflow.log_text(text, name)
    for name, columns in content.tables_shown.items():
        mlflow.log_table(pd.DataFrame(columns), name)
    mlflow.log_dict(dict(content.evaluation), _EVALUATION)
    if content.arrays:
        _log_arrays(content.arrays)
    if content.model is not None:
        _log_model(content.model, content.decision, content.example)


class _DeltaSource(DeltaDatasetSource):
    """A Delta table at a version; MLflow's own class drops version 0."""

    def to_dict(self) -> dict[Any, Any]:
        """The path and the version, even 0."""
        return {**super().to_dict(), "delta_table_version": self.delta_table_version}


def _log_arrays(arrays: Mapping[str, np.ndarray]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ROWS
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
        mlflow.log_artifact(str(path))


def _log_model(model: SignalModel, decision: Mapping[str, Any], example: np.ndarray | None) -> None:
    # Optional doubles: a long would refuse an unknown value.
    inputs = Schema([ColSpec("double", name, required=False) for name in model.signals])
    outputs = Schema([TensorSpec(np.dtype(np.float64), (-1, 2))])
    package = Path(sf_spark.__file__).parent
    try:
        mlflow.sklearn.log_model(
            model,
            name=_MODEL,
            signature=ModelSignature(inputs, outputs),
            input_example=None if example is None else pd.DataFrame(example.astype(np.float64), columns=model.signals),
            pip_requirements=[f"{name}=={metadata.version(name)}" for name in _REQUIREMENTS],
            code_paths=[str(package)] if package.is_dir() else None,  # absent when the package came as a zip
            pyfunc_predict_fn="predict_proba",
            skops_trusted_types=TRUSTED,
            metadata={"decision": json.dumps(decision)},
        )
    except MlflowException as error:
        if "skops" in str(error):
            raise ConfigurationError(f"a step of this model cannot be saved safely: {str(error)[:300]}") from None
        raise


def _create_store(uri: str) -> None:
    """Create a SQLite store under a name of its own, then rename: a kill leaves no half-migrated store behind."""
    if not uri.startswith(_SQLITE):
        return
    path = Path(uri.removeprefix(_SQLITE))
    if path.exists():
        follow_move(path, _artifact_root(uri))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    event.listen(Engine, "connect", _no_sync)  # a hundred small transactions: seconds of waiting for the disk
    try:
        SqlAlchemyStore(f"{_SQLITE}{part}", _artifact_root(uri).as_uri()).engine.dispose()
    finally:
        event.remove(Engine, "connect", _no_sync)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, path)


def _no_sync(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def _artifact_root(uri: str) -> Path:
    return Path(uri.removeprefix(_SQLITE)).resolve().parent / "mlruns"


def _lock_file(uri: str, purpose: str) -> Path:
    if uri.startswith(_SQLITE):
        return Path(f"{uri.removeprefix(_SQLITE)}.{purpose}.lock")
    name = hashlib.sha256(uri.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"sf_spark-{name}.{purpose}.lock"


def _quiet() -> None:
    # psycopg warns about each row that already exists, which MLflow expects.
    for name in ("mlflow", "alembic", "psycopg"):
        logging.getLogger(name).setLevel(logging.ERROR)
