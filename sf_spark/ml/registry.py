"""The registry: which version of a horizon's model is champion, since when, by whom and why.

Each horizon has its registered model, ``<model_name>_<horizon>m``, with two aliases: ``champion``, which scores and
lists follow, and ``challenger``, the newest one that was trained. MLflow keeps no history of aliases: every move of the
champion is a tag ``promotion.NNNN`` of the registered model.
"""

import json
from collections.abc import Iterable
from contextlib import redirect_stderr
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import skops.io
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from skops.io.exceptions import UntrustedTypesFoundException

import mlflow
from sf_spark.environment import login_name
from sf_spark.errors import ConfigurationError, SfSparkError
from sf_spark.ml.records import Champion
from sf_spark.ml.tracking import NOTE, TAG, TRUSTED, open_store

CHAMPION, CHALLENGER = "champion", "challenger"
FORWARD, ROLLBACK = "promotion", "rollback"
_PROMOTION = "promotion."
_FINGERPRINT = TAG + "training"


@dataclass(frozen=True)
class Promotion:
    """One move of the champion: from which version (None: there was none) to which, who, why, when (UTC), which way."""

    before: str | None
    after: str
    who: str
    why: str
    at: str
    way: str = FORWARD


def line_of(moves: Iterable[Promotion]) -> list[str]:
    """The versions that replaced one another, the present champion last; a rollback takes the last ones off.

    1 -> 2, rollback to 1, 1 -> 3     1, 3     the next rollback leads to 1, and none after it
    """
    line: list[str] = []
    for move in moves:
        if move.way == ROLLBACK and move.after in line:
            del line[line.index(move.after) + 1 :]
            continue
        if move.before is not None and (not line or line[-1] != move.before):
            line.append(move.before)
        line.append(move.after)
    return line


def registered_name(model_name: str, horizon: int) -> str:
    """The registered model of a horizon."""
    return f"{model_name}_{horizon}m"


class Registry:
    """The registry of one tracking store.

    Args:
        uri: The tracking store; a SQLite file is created when absent.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._client = open_store(uri)

    def register(
        self, run_id: str, name: str, fingerprint: str, summary: str, tags: dict[str, str]
    ) -> tuple[str, bool]:
        """Register the model of a run as challenger: (version, whether it was already registered).

        The version's description is the summary, then the run's model card. A fingerprint is registered once, ever.
        """
        version, known = self._version_of(run_id, name, fingerprint, tags)
        if not known:
            card = self._client.get_run(run_id).data.tags.get(NOTE, "")
            self._client.update_model_version(name, version, f"{summary}\n\n{card}".strip())
        self._client.set_registered_model_alias(name, CHALLENGER, version)
        return version, known

    def _version_of(self, run_id: str, name: str, fingerprint: str, tags: dict[str, str]) -> tuple[str, bool]:
        for version in self._client.search_model_versions(f"name = '{name}'"):
            if version.tags.get(_FINGERPRINT) == fingerprint:
                return str(version.version), True
        model_id = self._client.get_run(run_id).outputs.model_outputs[0].model_id  # type: ignore[union-attr]
        # Tagged with the version, not after it: a kill in between would register it again.
        all_tags = {_FINGERPRINT: fingerprint, **{TAG + key: value for key, value in tags.items()}}
        with redirect_stderr(StringIO()):  # MLflow would repeat what the job prints
            made = mlflow.register_model(f"models:/{model_id}", name, tags=all_tags)
        return str(made.version), False

    def tag_version(self, name: str, version: str, key: str, value: str) -> None:
        """Set a tag of a version."""
        self._client.set_model_version_tag(name, version, TAG + key, value)

    def promotions(self, name: str) -> list[Promotion]:
        """Every move of the champion, oldest first; none for an unknown model."""
        model = self._model(name)
        tags = sorted((key, text) for key, text in (model.tags if model else {}).items() if key.startswith(_PROMOTION))
        return [Promotion(**json.loads(text)) for _, text in tags]

    def champion_version(self, name: str) -> str | None:
        """The version in charge, None where there is none."""
        return self._alias(name, CHAMPION)

    def no_champion(self, name: str) -> SfSparkError:
        """The error for a model without champion: nothing was trained, or the gate refused the last version."""
        without = f"no model '{name}' is {CHAMPION} in {self._uri}"
        last = max(self._versions(name), key=lambda each: int(each.version), default=None)
        if last is None:
            return SfSparkError(f"{without}: run the job train first")
        verdict = last.tags.get(f"{TAG}gate", "not judged yet")
        return SfSparkError(
            f"{without}: version {last.version} did not pass the gate ({verdict}); "
            f"jobs/promote.py (with the same --set) --version {last.version} --why '...' puts it in charge all the same"
        )

    def newest_tags(self, name: str) -> dict[str, str]:
        """The tags of the newest version, without their prefix; none for an unknown model."""
        newest = max(self._versions(name), key=lambda each: int(each.version), default=None)
        return {key.removeprefix(TAG): value for key, value in (newest.tags if newest else {}).items()}

    def run_of(self, name: str, version: str) -> str:
        """The run that a version comes from."""
        return str(self._client.get_model_version(name, version).run_id)

    def promote(self, name: str, version: str, why: str, who: str = "", way: str = FORWARD) -> Promotion:
        """Make a version champion, and log the move; the champion is not promoted again: its last move is returned.

        Raises:
            ConfigurationError: When there is no such version (they are listed), or no reason.
        """
        if not why.strip():
            raise ConfigurationError("promote needs a reason: --why '...'")
        versions = sorted((str(each.version) for each in self._versions(name)), key=int)
        if version not in versions:
            raise ConfigurationError(
                f"model '{name}' has no version {version} (available: {', '.join(versions) or 'none'}) in {self._uri}"
            )
        log, now = self.promotions(name), self.champion_version(name)
        if now == version and log and log[-1].after == version:
            return log[-1]
        # After a kill between alias and log, the alias is already set; the log gives the former version.
        before = log[-1].after if now == version and log and log[-1].after != version else now
        at = datetime.now(UTC).isoformat(timespec="seconds")
        move = Promotion(None if before == version else before, version, who or login_name(), why.strip(), at, way)
        self._client.set_registered_model_alias(name, CHAMPION, version)
        self._client.set_registered_model_tag(name, f"{_PROMOTION}{len(log) + 1:04d}", json.dumps(asdict(move)))
        return move

    def rollback(self, name: str, why: str, who: str = "") -> Promotion:
        """Put back the version that the present champion replaced.

        Raises:
            SfSparkError: When there is no champion, or it replaced nobody (what was rolled back does not count).
        """
        now = self.champion_version(name)
        if now is None:
            raise SfSparkError(f"no model '{name}' is {CHAMPION} in {self._uri}: nothing to roll back")
        log = self.promotions(name)
        if log and log[-1].before == now != log[-1].after:  # killed between alias and log: only the log is missing
            return self.promote(name, now, why, who, ROLLBACK)
        line = line_of(log)
        earlier = line[: line.index(now)] if now in line else []
        if not earlier:
            raise SfSparkError(f"version {now} of '{name}' replaced no other: nothing to roll back to")
        return self.promote(name, earlier[-1], why, who, ROLLBACK)

    def load(self, name: str, version: str | None = None) -> Champion:
        """Load a version, or the champion, allowing only listed types.

        Raises:
            SfSparkError: When the version does not exist, or is not one of ours.
        """
        wanted = version or self.champion_version(name)
        if wanted is None:
            raise self.no_champion(name)
        try:
            found: ModelVersion = self._client.get_model_version(name, wanted)
        except MlflowException:
            versions = ", ".join(str(each.version) for each in self._versions(name)) or "none"
            raise SfSparkError(
                f"model '{name}' has no version {wanted} in {self._uri} (available: {versions})"
            ) from None
        folder = Path(mlflow.artifacts.download_artifacts(f"models:/{name}/{wanted}"))
        logged = Model.load(folder)
        try:
            model = skops.io.load(folder / logged.flavors["python_function"]["model_path"], trusted=TRUSTED)
        except UntrustedTypesFoundException as error:
            raise SfSparkError(f"model '{name}' version {wanted} is not one of ours: {error}") from None
        decision: dict[str, Any] = json.loads((logged.metadata or {})["decision"])
        return Champion(model, decision, name, str(found.version), str(found.run_id))

    def _model(self, name: str) -> RegisteredModel | None:
        try:
            return self._client.get_registered_model(name)
        except MlflowException:
            return None

    def _alias(self, name: str, alias: str) -> str | None:
        model = self._model(name)
        # MLflow returns a number here, a text elsewhere.
        return str(model.aliases[alias]) if model and alias in model.aliases else None

    def _versions(self, name: str) -> list[ModelVersion]:
        return list(self._client.search_model_versions(f"name = '{name}'"))
