"""The report: lists/detection, cards/entreprise, monitoring/* -> a folder of pages for one clearance.

It is logged as an export. The folder is written under another name, then moved to its place; an existing folder that is
not a report is left alone.
"""

import glob
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import ConfigurationError
from sf_spark.lake.files import open_table
from sf_spark.lake.places import is_remote, rooted
from sf_spark.lake.storage import open_output, remove_folder
from sf_spark.lake.tables import location, read_table
from sf_spark.publication.clearances import SCORES, Clearance
from sf_spark.publication.exported import exported_rows
from sf_spark.publication.filters import Filters
from sf_spark.publication.lists import Stay
from sf_spark.publication.report.model import Edition, Quality
from sf_spark.publication.report.pages import report_pages
from sf_spark.publication.report.quality import quality, rejected_lines
from sf_spark.publication.visible import visible_cards, visible_list
from sf_spark.schema import (
    CARDS_ENTREPRISE,
    DELIVERIES,
    LISTS_DETECTION,
    MONITORING_DRIFT,
    MONITORING_FRESHNESS,
    MONITORING_LISTS,
    MONITORING_PERFORMANCE,
    MONITORING_WARNINGS,
    QUARANTINE,
    SIGNALS_DICTIONARY,
    Table,
)
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.export import (
    Asked,
    chosen_companies,
    clearance_for,
    follow_ups,
    latest_list,
    log_export,
    log_row,
)

_MONITORING = (
    *(MONITORING_DRIFT, MONITORING_FRESHNESS, MONITORING_LISTS, MONITORING_PERFORMANCE),
    MONITORING_WARNINGS,
)
_FIRST_PAGE = "index.html"  # written last
_MARK = '<meta name="generator" content="sf_spark report">'  # in each page: only a report is replaced by one
_FORMER = ".part.former"


@dataclass(frozen=True)
class AskedReport:
    """A report to write.

    Attributes:
        service: The service that receives it.
        folder: Folder to write; '' for the exports of the service in a local lake.
        name: Name of the list; '' for the edition in force of the last month.
        agent: The agent who asks; '' for the user of this machine.
    """

    service: str
    folder: str = ""
    name: str = ""
    agent: str = ""


def check_report(settings: Settings, asked: AskedReport) -> Clearance:
    """Check a report before Spark starts; returns the clearance.

    Raises:
        ConfigurationError: For a service without clearance, or a non-empty folder that is not a report.
    """
    clearance, folder = clearance_for(settings, asked.service), Path(_folder(settings, asked))
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file: name a folder with --to")
    if folder.is_dir() and any(folder.iterdir()) and not _is_report(folder):
        raise ConfigurationError(f"{folder} is not empty, and not a report: name another folder with --to")
    return clearance


def report(spark: SparkSession, settings: Settings, asked: AskedReport, say: Report) -> str:
    """Write a report, replacing an existing one; returns its folder.

    Raises:
        ConfigurationError: See :func:`check_report`; and for an unknown list.
    """
    clearance, lake, now = check_report(settings, asked), settings.lake, datetime.now(UTC)
    _recover(_folder(settings, asked))
    lists = read_table(spark, lake, LISTS_DETECTION)
    name = asked.name or latest_list(lists, settings.train.horizon)
    listed = lists.where(F.col("list") == name)
    if listed.isEmpty():
        raise ConfigurationError(f"no list '{name}' is published")
    say(f"reading {LISTS_DETECTION.path} ({name}), {CARDS_ENTREPRISE.path}, monitoring/*")
    rows = _rows(spark, lake, listed, clearance)
    edition = _edition(listed, rows, settings, clearance, name, now)
    edition = replace(edition, months=_months(lists, edition))
    cards = _cards(spark, lake, [row["siren"] for row in rows], clearance)
    count = cards.count()
    folder = _folder(settings, asked)
    what = Asked(asked.service, name, agent=asked.agent)
    row = log_row(clearance, what, name, len(rows), (count, 0), now)
    pages = report_pages(edition, rows, _one_by_one(cards), _quality(settings, edition))
    beside = f"{folder}.{uuid.uuid4().hex[:6]}.part"
    try:
        _write(beside, pages)
        log_export(lake, row | {"export_id": f"{now:%Y%m%dT%H%M%SZ}_{uuid.uuid4().hex[:6]}", "folder": folder})
        _put_in_place(beside, folder)
    except BaseException:
        remove_folder(beside)
        raise
    say(
        f"{name} for {clearance.label} ({clearance.territory}): {len(rows)} companies, {count} cards: "
        f"{Path(folder, _FIRST_PAGE).as_uri()}"
    )
    return folder


def _rows(spark: SparkSession, lake: str, listed: DataFrame, clearance: Clearance) -> list[dict[str, Any]]:
    """The list as the service may see it, with companies that left it only if statuses may be seen."""
    cards = read_table(spark, lake, CARDS_ENTREPRISE)
    others = (follow_ups(spark, lake), chosen_companies(spark, lake))
    rows: list[dict[str, Any]] = exported_rows(listed, cards, *others, clearance, Filters()).toArrow().to_pylist()
    if not clearance.may(SCORES):
        return rows
    now = cards.select("siren", F.col("departement").alias("departement_actuel"))
    left = listed.where(F.col("rank").isNull()).join(now, on="siren", how="left")
    place = F.coalesce("departement_actuel", "departement")
    return rows + visible_list(left, clearance, place).orderBy("siren").toArrow().to_pylist()


def _edition(
    listed: DataFrame,
    rows: list[dict[str, Any]],
    settings: Settings,
    clearance: Clearance,
    name: str,
    now: datetime,
) -> Edition:
    about = listed.select("periode", "horizon", "previous").first()
    assert about is not None  # a list is never empty here
    cuts = next((row for row in rows if row.get("seuil_fort") is not None), {})
    return Edition(
        name=name,
        periode=about["periode"],
        cutoff=about["periode"].replace(day=settings.cutoff_day),
        horizon=about["horizon"],
        service=clearance.label,
        territory=clearance.territory,
        rights=clearance.rights,
        made_at=now.astimezone(),
        previous=about["previous"],
        low=cuts.get("seuil_modere"),
        high=cuts.get("seuil_fort"),
        rules={rule.name: rule.explanation for rule in settings.adjustments},
        stay=Stay(**settings.lists.model_dump()),
    )


def _months(lists: DataFrame, edition: Edition) -> tuple[date, ...]:
    """The months that have a list at the horizon of an edition, up to its own."""
    until = (F.col("horizon") == edition.horizon) & (F.col("periode") <= F.lit(edition.periode))
    return tuple(row["periode"] for row in lists.where(until).select("periode").distinct().collect())


def _cards(spark: SparkSession, lake: str, sirens: list[str], clearance: Clearance) -> DataFrame:
    wanted = spark.createDataFrame([(siren,) for siren in sirens], "siren string")
    cards = read_table(spark, lake, CARDS_ENTREPRISE).join(F.broadcast(wanted), on="siren", how="left_semi")
    return visible_cards(cards, clearance)


def _one_by_one(cards: DataFrame) -> Iterator[dict[str, Any]]:
    for row in cards.toLocalIterator(prefetchPartitions=True):
        yield row.asDict(recursive=True)


def _quality(settings: Settings, edition: Edition) -> Quality:
    lake = settings.lake
    deliveries = [row for row in _all_rows(lake, DELIVERIES) if row["status"] == "ok"]
    rejected = rejected_lines(_all_rows(lake, QUARANTINE, ["source", "_batch", "reasons"]))
    monitoring = {table.path.rpartition("/")[2]: _all_rows(lake, table) for table in _MONITORING}
    names = {row["name"]: row["description"] for row in _all_rows(lake, SIGNALS_DICTIONARY, ["name", "description"])}
    return quality(deliveries, rejected, monitoring, names, edition.periode, edition.horizon)


def _all_rows(lake: str, table: Table, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """The rows of a small table; none if it does not exist."""
    stored = open_table(location(lake, table))
    return [] if stored is None else stored.to_pyarrow_table(columns=columns).to_pylist()


def _folder(settings: Settings, asked: AskedReport) -> str:
    place = asked.folder or f"{rooted(settings.lake)}/exports/{asked.service}/rapport"
    if is_remote(place):
        raise ConfigurationError(f"a report needs a local folder, and {place} is not one: name one with --to FOLDER")
    return os.path.realpath(rooted(place))  # a link stays one


def _is_report(folder: Path) -> bool:
    page = folder / _FIRST_PAGE
    return page.is_file() and _MARK in page.read_text(encoding="utf-8", errors="replace")


def _write(folder: str, pages: Iterable[tuple[str, bytes]]) -> None:
    for name, content in pages:
        with open_output(f"{folder}/{name}") as file:
            file.write(content)


def _recover(folder: str) -> None:
    """Put back the former report, or remove it, after a kill between the two moves of :func:`_put_in_place`."""
    for left in sorted(Path(folder).parent.glob(f"{glob.escape(Path(folder).name)}.*{_FORMER}")):
        if Path(folder).exists():
            remove_folder(str(left))
        else:
            os.rename(left, folder)
        remove_folder(str(left).removesuffix(_FORMER) + ".part")


def _put_in_place(beside: str, folder: str) -> None:
    """Replace the former report by the new one."""
    former = beside.removesuffix(".part") + _FORMER
    if Path(folder).is_dir():
        os.rename(folder, former)
    os.rename(beside, folder)
    remove_folder(former)
