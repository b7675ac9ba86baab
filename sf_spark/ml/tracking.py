"""The only file that knows MLflow: store, runs, registry. Everything may be repeated, and killed at any moment.

A run carries a fingerprint of its data, settings, model and code. A run counts once its status is FINISHED, which is
written last. A run that a killed process left RUNNING is closed as KILLED by the next one: trainings on one store hold
a lock, so whoever holds it knows that no other is alive.
"""

import hashlib
import json
import logging
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from datetime import UTC, datetime
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import Any

import mlflow.sklearn
import numpy as np
import pandas as pd
import skops.io  # type: ignore[import-untyped]
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.types import ColSpec, Schema, TensorSpec
from skops.io.exceptions import UntrustedTypesFoundException  # type: ignore[import-untyped]
from sqlalchemy import event
from sqlalchemy.engine import Engine

import sf_spark
from sf_spark.environment import login_name
from sf_spark.errors import ConfigurationError, SfSparkError
from sf_spark.ml.lock import exclusive
from sf_spark.ml.moved import follow_move
from sf_spark.ml.records import Champion, RunContent, RunRecord
from sf_spark.ml.signal_model import SignalModel

ALIAS = "champion"
_SQLITE = "sqlite:///"
_MODEL = "model"
_EVALUATION = "evaluation.json"
_TAG = "sf_spark."
# The types that a model of ours may hold beside scikit-learn's own. A file that holds another one is not loaded.
_TRUSTED = [
    "numpy.dtype",
    "sf_spark.ml.signal_model.SignalModel",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]
_REQUIREMENTS = ("scikit-learn", "numpy", "pandas", "skops")


class Tracker:
    """One experiment in one tracking store, and the registry beside it.

    Args:
        uri: The tracking store; a SQLite file is created, once, with its artifacts beside it.
        experiment: Name of the experiment, created when absent.
        artifacts: Where a new experiment puts its artifacts; '': beside a SQLite file, else where the server says.
    """

    def __init__(self, uri: str, experiment: str, artifacts: str = "") -> None:
        self._uri, self._artifacts = uri, artifacts
        _quiet()
        with exclusive(_lock_file(uri, "store")):
            _create_store(uri)
            mlflow.set_tracking_uri(uri)
            mlflow.set_registry_uri(uri)
            self._client = mlflow.MlflowClient(uri, uri)
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
        path = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=_EVALUATION)
        evaluation = json.loads(Path(path).read_text(encoding="utf-8"))
        return RunRecord(run.info.run_id, run.info.run_name, evaluation["pooled"], evaluation)

    def close_killed(self, tag: str, fingerprint: str) -> int:
        """Mark as KILLED the runs that a killed process left RUNNING; only under :meth:`alone`. Says how many."""
        left = [run for run in self._runs(tag, fingerprint) if run.info.status == "RUNNING"]
        for run in left:
            self._client.set_terminated(run.info.run_id, "KILLED")
        return len(left)

    def log(self, content: RunContent) -> str:
        """Log one run, whose id is returned: FINISHED once all is written, FAILED when something goes wrong."""
        tags = {
            **{_TAG + key: value for key, value in content.tags.items()},
            _TAG + "kind": content.kind,
            _TAG + "code": sf_spark.__version__,
            "mlflow.user": login_name(),
            "mlflow.source.name": f"sf_spark {content.kind}",
            "mlflow.source.type": "JOB",
        }
        # The client, not the fluent call: that one would take over the run of an enclosing `mlflow run`.
        run_id = self._client.create_run(self._experiment, run_name=content.name, tags=tags).info.run_id
        with mlflow.start_run(run_id=run_id), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about our explicit choices: skops, requirements, doubles
            _fill(content)
        return run_id

    def register(self, run_id: str, model_name: str, fingerprint: str) -> tuple[str, bool]:
        """Register the model of a run: (version, was it there already). A fingerprint is registered once, ever."""
        for version in self._client.search_model_versions(f"name = '{model_name}'"):
            if version.tags.get(_TAG + "training") == fingerprint:
                return str(version.version), True
        model_id = self._client.get_run(run_id).outputs.model_outputs[0].model_id  # type: ignore[union-attr]
        tags = {_TAG + "training": fingerprint}  # with the version, not after it: a kill in between would repeat it
        with redirect_stderr(StringIO()):  # MLflow prints what the job says in its own words
            version = mlflow.register_model(f"models:/{model_id}", model_name, tags=tags)
        return str(version.version), False

    def promote(self, model_name: str, version: str, reason: str) -> str:
        """Make a version the champion, once, and log the move: aliases have no history of their own.

        The log is the tags ``promotion.NNNN`` of the registered model. A version that was promoted before is not
        promoted again, so that a champion chosen by hand stays. Returns the champion's version.
        """
        model = self._client.get_registered_model(model_name)
        now = (
            str(model.aliases[ALIAS]) if ALIAS in model.aliases else None
        )  # MLflow gives a number here, text elsewhere
        log = {key: json.loads(text) for key, text in model.tags.items() if key.startswith("promotion.")}
        if any(entry["to"] == version for entry in log.values()) and now is not None:
            return now
        entry = {"alias": ALIAS, "from": None if now == version else now, "to": version, "reason": reason}
        entry["at"] = datetime.now(UTC).isoformat(timespec="seconds")
        self._client.set_registered_model_alias(model_name, ALIAS, version)
        self._client.set_registered_model_tag(model_name, f"promotion.{len(log) + 1:04d}", json.dumps(entry))
        return version

    def champion(self, model_name: str) -> Champion:
        """Load the model in charge, through a list of the types that it may hold.

        Raises:
            SfSparkError: When there is none, or it is not one of ours.
        """
        try:
            version = self._client.get_model_version_by_alias(model_name, ALIAS)
        except MlflowException:
            raise SfSparkError(f"no model '{model_name}' is {ALIAS} in {self._uri}: run the job train first") from None
        folder = Path(mlflow.artifacts.download_artifacts(f"models:/{model_name}/{version.version}"))
        logged = Model.load(folder)
        try:
            model = skops.io.load(folder / logged.flavors["python_function"]["model_path"], trusted=_TRUSTED)
        except UntrustedTypesFoundException as error:
            raise SfSparkError(f"model '{model_name}' version {version.version} is not one of ours: {error}") from None
        decision = json.loads((logged.metadata or {})["decision"])
        return Champion(model, decision, model_name, str(version.version), str(version.run_id))

    def _experiment_id(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return found.experiment_id
        beside = _artifact_root(self._uri).as_uri() if self._uri.startswith(_SQLITE) else ""
        root = self._artifacts or beside
        return self._client.create_experiment(name, artifact_location=f"{root}/{name}" if root else None)

    def _runs(self, tag: str, fingerprint: str) -> list[Run]:
        return list(self._client.search_runs([self._experiment], f"tags.`{_TAG}{tag}` = '{fingerprint}'"))


def _fill(content: RunContent) -> None:
    mlflow.log_params(dict(content.params))
    mlflow.log_metrics(dict(content.metrics))
    for month, metrics in content.metrics_by_month.items():
        mlflow.log_metrics({f"by_origin.{key}": value for key, value in metrics.items()}, step=month)
    for table, version in content.tables.items():
        source = DeltaDatasetSource(path=f"{content.lake.rstrip('/')}/{table}", delta_table_version=version)
        mlflow.log_input(MetaDataset(source, name=table, digest=f"version-{version}"), context=content.kind)  # type: ignore[abstract]
    for name, figure in content.figures.items():
        mlflow.log_figure(figure, name)
    for name, text in content.texts.items():
        mlflow.log_text(text, name)
    mlflow.log_dict(dict(content.evaluation), _EVALUATION)
    if content.model is not None:
        _log_model(content.model, content.decision, content.example)


def _log_model(model: SignalModel, decision: Mapping[str, Any], example: np.ndarray | None) -> None:
    # Doubles that may be absent: a long would refuse an unknown value.
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
            skops_trusted_types=_TRUSTED,
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
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
