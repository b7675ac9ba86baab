"""Exports of a lake: every department, files that open, the log, a kill before and after it."""

import csv
import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from deltalake import DeltaTable
from openpyxl import load_workbook
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs import export as job
from sf_spark.domain.territories import departments, departments_of_former_regions, departments_of_regions
from sf_spark.errors import ConfigurationError
from sf_spark.lake.tables import replace_all
from sf_spark.publication.card_parts import ALERTS, FRESHNESS, SERIES
from sf_spark.publication.filters import Filters
from sf_spark.publication.list_columns import SCHEMA
from sf_spark.schema import CARDS_ENTREPRISE, CARDS_ETABLISSEMENT, LISTS_DETECTION
from sf_spark.settings import Settings, load_settings
from sf_spark.steps import export as step
from sf_spark.steps.export import Asked, export

MARCH, NAME = date(2026, 3, 1), "detection-2026-03"
PLACES: list[str | None] = [*sorted(departments()), None]
# A company in each place, by its rank; the last one was in 25 when the list was drawn, and is in Mayotte now.
COMPANIES = {f"{rank:09d}": place for rank, place in enumerate(PLACES, start=1)} | {"999999999": "976"}
COMPANY = (
    "siren string, departement string, raison_sociale string, statut_procedure string, effectif int, dette double, "
    f"ape_libelle string, serie {SERIES}, alertes {ALERTS}, fraicheur {FRESHNESS}, empreinte string"
)
SITE = f"siret string, siren string, departement string, departement_entreprise string, dette double, serie {SERIES}, "
SITE += f"fraicheur {FRESHNESS}, empreinte string"
CLEARANCES = {
    "national": {"france_entiere": True, "droits": ["scores", "urssaf", "activite_partielle", "banque_de_france"]},
    "corse": {"departements": ["2A", "2B"], "segment": "prefecture"},
    "comte": {"anciennes_regions": ["Franche-Comté"], "droits": ["scores"]},
    "outre_mer": {"groupes": ["Outre-mer"], "droits": ["urssaf"], "libelle": "Outre-mer"},
}


@pytest.fixture(scope="module")
def settings(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("exports")
    file = folder / "habilitations.yml"
    file.write_text(yaml.safe_dump({"habilitations": CLEARANCES}, allow_unicode=True), encoding="utf-8")
    settings = load_settings("test", [f"lake={folder / 'lake'}", f"habilitations={file}"])
    listed: list[Any] = []
    cards: list[Any] = []
    sites: list[Any] = []
    names = spark.createDataFrame([], SCHEMA).columns
    for rank, (siren, place) in enumerate(COMPANIES.items(), start=1):
        row: dict[str, Any] = {"list": NAME, "periode": MARCH, "horizon": 18, "edition": 1, "siren": siren}
        row |= {"rank": rank, "departement": "25" if siren == "999999999" else place, "level": "fort"}
        row |= {"raison_sociale": f"ENTREPRISE {siren}", "first_alert": MARCH, "dette_sociale": 1234.5, "reasons": []}
        listed.append(tuple(row.get(name) for name in names))
        series = [(MARCH, 12, 10.0, 617.25, 617.25, 1234.5, None, None)]
        cards.append((siren, place, f"ENTREPRISE {siren}", "In bonis", 12, 1234.5, None, series, [], [], "x"))
        # Its only establishment stands elsewhere: it goes with its company.
        sites.append((f"{siren}00011", siren, "75", place, 1234.5, series, [], "x"))
    for rows, ddl, table in (
        (listed, SCHEMA, LISTS_DETECTION),
        (cards, COMPANY, CARDS_ENTREPRISE),
        (sites, SITE, CARDS_ETABLISSEMENT),
    ):
        replace_all(spark.createDataFrame(rows, ddl).coalesce(1), settings.lake, table)
    return settings


def log_of(settings: Settings) -> list[dict[str, Any]]:
    rows = DeltaTable(f"{settings.lake}/exports/log").to_pyarrow_table().to_pylist()
    return sorted(rows, key=lambda row: row["exported_at"])


def csv_sirens(folder: str) -> list[str]:
    with open(f"{folder}/liste.csv", encoding="utf-8-sig", newline="") as file:
        return [row["Siren"] for row in csv.DictReader(file, delimiter=";")]


def of(places: set[str | None]) -> list[str]:
    return sorted(siren for siren, place in COMPANIES.items() if place in places)


def test_every_file_of_an_export_holds_its_territory_and_no_more(spark: SparkSession, settings: Settings) -> None:
    said: list[str] = []
    folder = export(spark, settings, Asked("outre_mer", agent="a.roy"), said.append)
    expected = of({str(code) for code in range(971, 979)})
    assert "999999999" in expected and len(expected) == 9
    assert csv_sirens(folder) == expected
    lists = [DeltaTable(f"{folder}/liste_delta").to_pyarrow_table(), pq.read_table(f"{folder}/liste.parquet")]
    for table in lists:
        assert sorted(table.column("siren").to_pylist()) == expected
        assert not {"level", "rank", "reasons", "points"} & set(table.column_names)  # no right to scores
        assert table.column("dette_sociale").to_pylist() == [1234.5] * len(expected)
    for name, key in (("entreprise", "siren"), ("etablissement", "siret")):
        cards = DeltaTable(f"{folder}/cartes_{name}").to_pyarrow_table()
        assert sorted(siren[:9] for siren in cards.column(key).to_pylist()) == expected
        as_files = pq.read_table(f"{folder}/cartes_{name}")
        assert as_files.num_rows == len(expected)  # the files of the Delta table are Parquet, all of them
    row = log_of(settings)[-1]
    assert (row["service"], row["agent"], row["territoire"], row["list"]) == ("outre_mer", "a.roy", "Outre-mer", NAME)
    assert (row["rows_list"], row["rows_cards_entreprise"], row["rows_cards_etablissement"]) == (9, 9, 9)
    assert (row["droits"], row["folder"], row["filters"]) == (["urssaf"], folder, "{}")
    assert row["departements"] == [str(code) for code in range(971, 979)]
    assert json.loads(Path(folder, "export.json").read_text(encoding="utf-8"))["export_id"] == row["export_id"]
    assert not any(siren in line or "ENTREPRISE" in line for line in said for siren in COMPANIES)


def test_the_workbook_has_the_list_and_its_filters(spark: SparkSession, settings: Settings) -> None:
    asked = Asked("comte", filters=Filters(departments=("25", "90")), cards=False)
    folder = export(spark, settings, asked, print)
    book = load_workbook(f"{folder}/liste.xlsx", read_only=True)
    assert book.sheetnames == ["Liste", "Filtres", "Motifs"]
    header, *lines = book["Liste"].iter_rows(values_only=True)
    assert header[:4] == ("Liste de détection", "Siren", "Siret", "Raison sociale") and len(header) == 24
    assert [line[1] for line in lines] == of({"25", "90"})
    assert {line[header.index("Montant de la dette sociale")] for line in lines} == {"-"}  # no right to debts
    assert {line[header.index("Niveau d'alerte")] for line in lines} == {"Alerte élevée"}
    filters = dict(book["Filtres"].iter_rows(min_row=2, values_only=True))
    assert (filters["Départements"], filters["Territoire"], filters["Nombre d'entreprises"]) == (
        "25, 90",
        "Franche-Comté",
        2,
    )
    assert json.loads(log_of(settings)[-1]["filters"]) == {"departments": ["25", "90"]}
    assert not Path(folder, "cartes_entreprise").exists()


def test_without_rights_no_amount_and_no_level_leaves(spark: SparkSession, settings: Settings) -> None:
    folder = export(spark, settings, Asked("corse"), print)
    assert csv_sirens(folder) == of({"2A", "2B"})
    content = b"".join(path.read_bytes() for path in Path(folder).rglob("*.csv"))
    assert b"1234" not in content and "Alerte élevée".encode() not in content
    cards = DeltaTable(f"{folder}/cartes_entreprise").to_pyarrow_table()
    assert "dette" not in cards.column_names
    assert set(cards.column("serie").to_pylist()[0][0]) == {"periode", "effectif"}


def test_random_clearances_of_a_file(spark: SparkSession, settings: Settings) -> None:
    """The step's own reading of a file, for drawn clearances; each place alone is tested with the clearances."""
    drawn = random.Random(20260120)
    kinds = {
        "departements": {code: {code} for code in departments()},
        "regions": departments_of_regions(),
        "anciennes_regions": departments_of_former_regions(),
    }
    records = [{kind: drawn.sample(sorted(names), 3) for kind, names in kinds.items()} for _ in range(20)]
    content = {"habilitations": {f"s{n}": one for n, one in enumerate(records)}}
    file = Path(settings.habilitations).with_name("drawn.yml")
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    other = settings.model_copy(update={"habilitations": str(file)})
    cards = spark.read.format("delta").load(f"{settings.lake}/cards/entreprise")
    sees = [step.clearance_for(other, f"s{n}").sees(F.col("departement")).alias(f"s{n}") for n in range(len(records))]
    seen = cards.select("siren", *sees).collect()
    for n, record in enumerate(records):
        places = {code for kind, names in record.items() for name in names for code in kinds[kind][name]}
        assert sorted(row["siren"] for row in seen if row[f"s{n}"]) == of({*places}), record


def test_an_unknown_service_or_list_gets_nothing(spark: SparkSession, settings: Settings) -> None:
    before = sorted(path.name for path in Path(settings.lake, "exports").iterdir())
    options = job.parser().parse_args(["--service", "nationale"])
    with pytest.raises(
        ConfigurationError, match="service 'nationale' has no clearance .* did you mean 'national'"
    ) as e:
        job.check(settings, options)
    assert e.value.exit_code == 2
    with pytest.raises(ConfigurationError, match="no list 'detection-2030-01'; published: detection-2026-03"):
        export(spark, settings, Asked("national", name="detection-2030-01"), print)
    assert sorted(path.name for path in Path(settings.lake, "exports").iterdir()) == before


@pytest.mark.parametrize("killed_at", ["write_cards", "log_export", "_finish"])
def test_a_killed_export_leaves_nothing_half(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    logged = len(log_of(settings))
    monkeypatch.setattr(step, killed_at, killed)
    with pytest.raises(KeyboardInterrupt):
        export(spark, settings, Asked("national", cards=killed_at == "write_cards"), print)
    assert not Path(settings.lake, "exports", "national").exists()
    assert not list(Path(settings.lake, "_scratch").iterdir())
    assert len(log_of(settings)) == logged + (killed_at == "_finish")  # what may have left is in the log


def test_options_become_filters() -> None:
    words = "--service x --department 25 --department 2A --level fort --min-debt 10 --no-recent --committee-list"
    asked = job.asked(job.parser().parse_args([*words.split(), "--text", "les platanes"]))
    assert asked == Asked(
        "x",
        filters=Filters(
            text="les platanes",
            departments=("25", "2A"),
            levels=("fort",),
            min_debt=10.0,
            no_recent=True,
            committee_list=True,
        ),
    )
