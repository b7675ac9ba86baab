"""Exports for a service: lists/detection, cards/* -> a folder for one clearance, and a row of exports/log.

A folder is written under another name, logged, and then moved to its place: it is complete or absent, and never without
its row in the log. After a kill, the log may hold an export without a folder.
"""

import getpass
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.errors import ConfigurationError, SfSparkError
from sf_spark.lake.files import append_rows, open_table
from sf_spark.lake.places import rooted
from sf_spark.lake.staged import read_or_empty
from sf_spark.lake.storage import move_folder, remove_folder
from sf_spark.lake.tables import exists, location, read_table
from sf_spark.plain_yaml import load_plain
from sf_spark.publication.clearances import Clearance, clearance_of, clearances_from
from sf_spark.publication.exported import exported_rows
from sf_spark.publication.filters import Filters
from sf_spark.publication.follow_up import FOLLOW_UP as FOLLOW_UP_COLUMNS
from sf_spark.publication.follow_up import of_every_edition
from sf_spark.schema import CARDS_ENTREPRISE, EXPORTS_LOG, FOLLOW_UP, LISTS_DETECTION, staged
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.outputs.export_files import write_cards, write_list

_CHOSEN = "siren string, liste string, superseded_on date"
_LOG = pa.schema(
    [
        *(("export_id", pa.string()), ("exported_at", pa.timestamp("us", tz="UTC")), ("agent", pa.string())),
        *(("service", pa.string()), ("segment", pa.string()), ("territoire", pa.string())),
        *(("departements", pa.list_(pa.string())), ("droits", pa.list_(pa.string())), ("list", pa.string())),
        *(("filters", pa.string()), ("rows_list", pa.int64()), ("rows_cards_entreprise", pa.int64())),
        *(("rows_cards_etablissement", pa.int64()), ("folder", pa.string())),
    ]
)


@dataclass(frozen=True)
class Asked:
    """An export to write.

    Attributes:
        service: The service that receives it.
        name: The list; '' for the edition in force of the last month.
        filters: Filters on the companies of the list.
        agent: The agent who asks; '' for the user of this machine.
        cards: Whether to export the cards of the territory too.
    """

    service: str
    name: str = ""
    filters: Filters = Filters()
    agent: str = ""
    cards: bool = True


def clearance_for(settings: Settings, service: str) -> Clearance:
    """The clearance of a service.

    Raises:
        ConfigurationError: When the file of clearances cannot be read, or does not name the service.
    """
    place = settings.clearances_file()
    try:
        content = load_plain(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(
            f"habilitations '{place}' cannot be read ({reason}): name another with --set"
        ) from None
    return clearance_of(service, clearances_from(content, str(place)), str(place))


def check_export(settings: Settings, asked: Asked) -> Clearance:
    """Check an export before Spark starts; returns the clearance.

    Raises:
        ConfigurationError: For a service without clearance, or a filter that reveals what it may not see.
    """
    clearance = clearance_for(settings, asked.service)
    asked.filters.check(clearance)
    return clearance


def export(spark: SparkSession, settings: Settings, asked: Asked, report: Report) -> str:
    """Write an export; returns its folder.

    Raises:
        ConfigurationError: See :func:`check_export`; and for an unknown list.
    """
    clearance, lake = check_export(settings, asked), settings.lake
    lists = read_table(spark, lake, LISTS_DETECTION)
    name = asked.name or latest_list(lists, settings.train.horizon)
    listed = lists.where(F.col("list") == name)
    if listed.isEmpty():
        raise ConfigurationError(f"no list '{name}'; published: {', '.join(_names(lists))}")
    cards = read_table(spark, lake, CARDS_ENTREPRISE)
    rows = exported_rows(
        listed, cards, follow_ups(spark, lake), chosen_companies(spark, lake), clearance, asked.filters
    ).toArrow()
    now = datetime.now(UTC)
    export_id = f"{now:%Y%m%dT%H%M%SZ}_{uuid.uuid4().hex[:6]}"
    beside, place = f"{rooted(lake)}/_scratch/export_{export_id}", f"{rooted(lake)}/exports/{clearance.name}/{name}"
    place = f"{place}/{export_id}"
    try:
        write_list(beside, rows, clearance, asked.filters, name, now)
        counts = write_cards(spark, lake, beside, clearance) if asked.cards else (0, 0)
        row = log_row(clearance, asked, name, rows.num_rows, counts, now) | {"export_id": export_id, "folder": place}
        log_export(lake, row)
        _finish(beside, place, row)
    except BaseException:
        remove_folder(beside)
        raise
    report(
        f"{name} for {clearance.label} ({clearance.territory}; {', '.join(sorted(clearance.rights)) or 'no rights'}): "
        f"{rows.num_rows} companies, cards of {counts[0]} companies and {counts[1]} establishments: {place}"
    )
    return place


def latest_list(lists: DataFrame, horizon: int) -> str:
    """The edition in force of the last month.

    Raises:
        SfSparkError: When none is published at the horizon.
    """
    last = lists.where(F.col("horizon") == horizon).orderBy(F.col("periode").desc(), F.col("edition").desc()).first()
    if last is None:
        raise SfSparkError(f"no list is published at train.horizon={horizon}: run publish, or name one with --list")
    return str(last["list"])


def _names(lists: DataFrame) -> list[str]:
    return [row["list"] for row in lists.select("list").distinct().orderBy("list").collect()]


def follow_ups(spark: SparkSession, lake: str) -> DataFrame:
    """The table of follow-ups; empty if nothing was delivered."""
    if exists(lake, FOLLOW_UP):
        return read_table(spark, lake, FOLLOW_UP)
    return spark.createDataFrame([], FOLLOW_UP_COLUMNS)


def chosen_companies(spark: SparkSession, lake: str) -> DataFrame:
    """``siren, liste``: companies chosen by committees, for every edition of the list that they were chosen from."""
    stored = open_table(location(lake, staged("liste_retraitee")))
    rows = read_or_empty(spark, lake, "liste_retraitee", _CHOSEN, None if stored is None else stored.version())
    chosen = rows.where("superseded_on is null")
    if not exists(lake, LISTS_DETECTION):
        return chosen
    lists = read_table(spark, lake, LISTS_DETECTION)
    return of_every_edition(chosen.withColumnRenamed("liste", "list"), lists).withColumnRenamed("list", "liste")


def log_row(
    clearance: Clearance, asked: Asked, name: str, rows: int, cards: tuple[int, int], now: datetime
) -> dict[str, Any]:
    """The row of an export in the log, without its id and folder."""
    return {
        "exported_at": now,
        "agent": asked.agent or getpass.getuser(),
        "service": clearance.name,
        "segment": clearance.segment,
        "territoire": clearance.territory,
        "departements": None if clearance.departements is None else sorted(clearance.departements),
        "droits": sorted(clearance.rights),
        "list": name,
        "filters": asked.filters.as_json(),
        "rows_list": rows,
        "rows_cards_entreprise": cards[0],
        "rows_cards_etablissement": cards[1],
    }


def log_export(lake: str, row: Mapping[str, Any]) -> None:
    """Append a row to the log."""
    append_rows(location(lake, EXPORTS_LOG), pa.Table.from_pylist([dict(row)], schema=_LOG))


def _finish(beside: str, place: str, row: Mapping[str, Any]) -> None:
    """Move the folder to its place, with ``export.json``, which is written last where folders cannot be renamed."""
    content = json.dumps(dict(row), default=str, ensure_ascii=False, indent=1)
    move_folder(beside, place, "export.json", content.encode())
