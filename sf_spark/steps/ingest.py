"""Delivered batches: landing/<batch>/files -> staged/*, quarantine, deliveries."""

from collections.abc import Sequence

from pyspark.sql import SparkSession

from sf_spark.errors import ConfigurationError
from sf_spark.landing.files import check_landing, find_batch, list_batches
from sf_spark.settings import Settings
from sf_spark.sources import SOURCES
from sf_spark.staging.deliveries import FAILED, FileAccount
from sf_spark.staging.intake import take_in
from sf_spark.steps import Report


def check_deliveries(
    settings: Settings, batches: Sequence[str] = (), whole: Sequence[str] = (), partial: Sequence[str] = ()
) -> None:
    """Refuse a missing landing folder, an unknown batch or source before Spark starts."""
    check_landing(settings.landing)
    known = [source.name for source in SOURCES if source.delivery == "snapshot"]
    for name in (*settings.ingest.whole, *settings.ingest.partial, *whole, *partial):
        if name not in known:
            raise ConfigurationError(f"'{name}' is not a source that delivers snapshots: choose {', '.join(known)}")
    for batch in batches:
        find_batch(settings.landing, batch)
    if not batches and not list_batches(settings.landing):
        raise ConfigurationError(f"landing folder '{settings.landing}' holds no batch (folders named AAMM or AAMM_NN)")


def ingest(
    spark: SparkSession,
    settings: Settings,
    report: Report,
    batches: Sequence[str] = (),
    whole: Sequence[str] = (),
    partial: Sequence[str] = (),
) -> int:
    """Take batches in, in order; 1 when a file failed.

    Args:
        spark: The session.
        settings: All settings.
        report: Takes progress lines.
        batches: Batches to take in; empty: all in the landing folder.
        whole: Sources whose snapshot is complete, however small.
        partial: Sources whose snapshot only adds and corrects.
    """
    said = {"whole": (*settings.ingest.whole, *whole), "partial": (*settings.ingest.partial, *partial)}
    settings = settings.model_copy(update={"ingest": settings.ingest.model_copy(update=said)})
    accounts, chosen = list[FileAccount](), sorted(batches) or list_batches(settings.landing)
    for batch in chosen:
        report(f"reading {find_batch(settings.landing, batch)}, writing {settings.lake}/staged")
        accounts += take_in(spark, settings, batch, report)
    failed = [f"{account.file.batch}/{account.file.name}" for account in accounts if account.status == FAILED]
    read, rejected, held_back = (
        sum(getattr(account, count) for account in accounts) for count in ("read", "rejected", "held_back")
    )
    report(
        f"{len(accounts) - len(failed)} files of {len(chosen)} batches taken in: {read} lines, {rejected} rejected, "
        f"{held_back} facts held back from ending"
    )
    if failed:
        report(f"{len(failed)} file(s) failed: {', '.join(failed)}; the others are taken in")
    return 1 if failed else 0
