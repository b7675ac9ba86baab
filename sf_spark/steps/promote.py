"""Promote a version to champion, or roll back; who, why and the former version are logged with the model."""

from sf_spark.ml.registry import Promotion, Registry, registered_name
from sf_spark.settings import Settings
from sf_spark.steps import Report


def promote(settings: Settings, version: str, why: str, who: str, report: Report) -> Promotion:
    """Make a version the champion of ``train.horizon``.

    Raises:
        ConfigurationError: When the version does not exist, or no reason is given.
    """
    name = registered_name(settings.train.model_name, settings.train.horizon)
    move = Registry(settings.tracking_store()).promote(name, version, why, who)
    return _reported(name, move, report)


def rollback(settings: Settings, why: str, who: str, report: Report) -> Promotion:
    """Put back the version that the champion of ``train.horizon`` replaced.

    Raises:
        SfSparkError: When there is no champion, or it replaced nobody.
    """
    name = registered_name(settings.train.model_name, settings.train.horizon)
    return _reported(name, Registry(settings.tracking_store()).rollback(name, why, who), report)


def _reported(name: str, move: Promotion, report: Report) -> Promotion:
    report(f"{name}: version {move.before or 'none'} -> {move.after}, by {move.who}: {move.why}")
    report("run score, then publish: scores and the next lists follow the champion; published lists stay")
    return move
