"""Take a batch in: read or refuse every file, stage facts once, keep rejected lines, account for each file.

Order of the commits of a batch: staged rows of each source, then quarantine, the facts held back, and the accounts in
``deliveries``. Each commit replaces that of an earlier run of the same batch, so an interrupted batch is simply taken
in again.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any

from pyspark.sql import SparkSession

from sf_spark.lake.places import rooted
from sf_spark.landing.files import DeliveredFile, find_batch, list_files
from sf_spark.landing.names import finished_name, unfinished
from sf_spark.settings import Settings
from sf_spark.sources import SOURCES, Source, source_of
from sf_spark.staging.deliveries import FAILED, UNSUPPORTED, Before, FileAccount, taken_in, write_accounts
from sf_spark.staging.delivery import PERIMETER, Delivery
from sf_spark.staging.held_back import write_held_back
from sf_spark.staging.known import KnownFacts
from sf_spark.staging.perimeter_files import why_stopped
from sf_spark.staging.refusals import STOPPED, UNFINISHED, refusal_of
from sf_spark.staging.rejected import write_rejected

_READ_BY_OTHERS = (PERIMETER, "comptes")
Report = Callable[[str], None]


def take_in(
    spark: SparkSession, settings: Settings, batch: str, report: Report, sources: tuple[Source, ...] = SOURCES
) -> list[FileAccount]:
    """Take in the files of a batch that have not been taken in yet.

    Args:
        spark: The session; files too small for workers are read without it.
        settings: All settings.
        batch: ``AAMM`` or ``AAMM_NN``.
        report: Takes progress lines.
        sources: What is read.

    Returns:
        The account of each file handled in this run; empty when there was nothing to do. A file that cannot be taken in
        is listed as failed: see :func:`~sf_spark.staging.refusals.refusal_of` for those of the
        wrong batch.
    """
    listed = list_files(find_batch(settings.landing, batch), batch)
    files = [file for file in listed if not file.unreadable or _source_of(file, sources) or unfinished(file.name)]
    history = taken_in(settings)
    known = {(row["_file"], row["sha256"]) for row in history if row["_batch"] == batch}
    before = frozenset(name for name, _ in known)
    todo = [file for file in files if (file.name, file.sha256) not in known]
    if not todo:
        report(f"batch {batch}: nothing new ({len(files)} files already taken in)")
        return []
    if any(source.name in _READ_BY_OTHERS for file in todo if (source := _source_of(file, sources))):
        todo = files  # perimeter or accounts have changed: read the other files again
    deliveries = _deliveries(spark, settings, batch, files, todo, history, report, sources)
    perimeters = next((source for source in sources if source.name == PERIMETER), None)
    given = perimeters if settings.ingest.perimetre == PERIMETER else None
    stopped = why_stopped(settings, batch, given, files) if given else ""
    for each in deliveries:
        start = time.monotonic()
        each.stage(stopped)
        for account in each.accounts:
            report(f"{account.line()} ({time.monotonic() - start:.1f} s)")
        if each.source is given:
            stopped = next((STOPPED.format(a.file.name) for a in each.accounts if a.status == FAILED), "")
    read = [(each.source.name, account.file.name) for each in deliveries for account in each.done]
    write_rejected(settings, batch, read, [(each.source.name, *rows) for each in deliveries for rows in each.rejects])
    held_back = [table for each in deliveries for table in each.held_back]
    write_held_back(settings, list(dict.fromkeys(source for source, _ in read)), held_back)
    strange = [_without_source(file, sources) for file in todo if _source_of(file, sources) is None]
    for account in strange:
        report(account.line())
    accounts = [account for each in deliveries for account in each.accounts] + strange
    # The stored facts of a file taken in before stay, and so does its account.
    write_accounts(settings, batch, [a for a in accounts if a.status != FAILED or a.file.name not in before])
    return accounts


def _deliveries(
    spark: SparkSession,
    settings: Settings,
    batch: str,
    files: list[DeliveredFile],
    todo: list[DeliveredFile],
    history: list[dict[str, Any]],
    report: Report,
    sources: tuple[Source, ...],
) -> list[Delivery]:
    """The deliveries to take in: of each source with something to do, all files; when refused, the changed ones."""
    facts, found = KnownFacts(spark, settings), []
    known = {(row["_file"], row["sha256"]) for row in history if row["_batch"] == batch}
    before = frozenset(name for name, _ in known)
    unchanged = frozenset(file.name for file in files if (file.name, file.sha256) in known)
    for source in sources:
        delivered = [file for file in files if _source_of(file, sources) is source]
        late = [file for file in delivered if file in todo]
        past = [(row["_batch"], row["_file"]) for row in history if row["source"] == source.name]
        if not late:
            continue
        refusal = refusal_of(batch, source, delivered, past)
        taken = [file for file in late if file.name not in unchanged] if refusal else delivered
        if refusal and len(taken) < len(late):
            report(f"{source.name}: not read again: {refusal}")
        others = tuple(sorted({other for other, _ in past if other != batch}))
        said = _said(history, batch, source)
        scratch = f"{rooted(settings.lake)}/_scratch/{uuid.uuid4().hex}"
        found.append(
            Delivery(
                *(spark, settings, batch, source, taken, others, refusal, facts, before, unchanged, said, scratch),
                Before.of(history, source.name, batch),
            )
        )
    return found


def _source_of(file: DeliveredFile, sources: tuple[Source, ...]) -> Source | None:
    """The source of a file; for an unfinished file, by its final name."""
    return source_of(finished_name(file.name), sources)


def _without_source(file: DeliveredFile, sources: tuple[Source, ...]) -> FileAccount:
    if unfinished(file.name):
        account = FileAccount(file, source="")
        account.fail(UNFINISHED)
        return account
    names = ", ".join(source.name for source in sources)
    message = f"no source reads a file of this name (sources: {names})"
    return FileAccount(file, source="", status=UNSUPPORTED, message=message)


def _said(history: list[dict[str, Any]], batch: str, source: Source) -> str:
    """The option of an earlier run for the delivery: ``whole``, ``partial`` or ''."""
    deliveries = {row["delivery"] for row in history if (row["_batch"], row["source"]) == (batch, source.name)}
    return next((says for says in ("whole", "partial") if f"{source.delivery} ({says})" in deliveries), "")
