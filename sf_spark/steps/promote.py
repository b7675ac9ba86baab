"""Promote a version to champion, or roll back; who, why and the former version are logged with the model."""

from sf_spark.ml.registry import Promotion, Registry
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.model_names import model_name_of


def promote(settings: Settings, version: str, why: str, who: str, report: Report) -> Promotion:
    """Make a version the champion of ``train.horizon``, or of ``table``.

    Raises:
        ConfigurationError: When the version does not exist, or no reason is given.
    """
    name, registry = model_name_of(settings), Registry(settings.tracking_store())
    if registry.champion_version(name) == version and why.strip():
        last = registry.promote(name, version, why, who)
        report(f"{name}: version {version} is champion already, since {last.at}, by {last.who}: {last.why}")
        return last
    return _reported(name, registry.promote(name, version, why, who), report)


def rollback(settings: Settings, why: str, who: str, report: Report) -> Promotion:
    """Put back the version that the champion of ``train.horizon``, or of ``table`` replaced.

    Raises:
        SfSparkError: When there is no champion, or it replaced nobody.
    """
    name = model_name_of(settings)
    return _reported(name, Registry(settings.tracking_store()).rollback(name, why, who), report)


def _reported(name: str, move: Promotion, report: Report) -> Promotion:
    report(f"{name}: version {move.before or 'none'} -> {move.after}, by {move.who}: {move.why}")
    report("run score, then publish: scores and the next lists follow the champion; published lists stay")
    return move
