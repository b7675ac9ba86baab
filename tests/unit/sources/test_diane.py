"""The wide export of accounts: one record for each company and year, with any header."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from sf_spark.errors import BrokenFileError
from sf_spark.landing.recognition import recognise
from sf_spark.settings import load_settings
from sf_spark.sources.diane import SOURCE, by_year
from sf_spark.staging.intake import take_in
from tests.reading import header_of

FIXED = [
    *(
        "Marquée",
        "Nom de l'entreprise",
        "Numéro Siren",
        "Statut juridique ",
        "Procédure collective",
        "Nombre d\u2019ES",
    ),
    *("Nombre de filiales", "Taille de la Composition du Groupe", "Dernière année disponible"),
]


def header(years: range, without: str = "") -> list[str]:
    """Every column that the source reads, yearly ones repeated, as an export writes them."""
    fixed = {name.strip().lower().replace("\u2019", "'") for name in FIXED}
    yearly = [name for name in SOURCE.layouts[0].required if name not in fixed and name not in ("annee", without)]
    return [*FIXED, *(f"{name} {year}" for name in yearly for year in years)]


def test_each_company_gives_one_record_a_year_of_the_header() -> None:
    columns = by_year(header(range(2012, 2018))).columns
    assert columns[0] == "annee"
    assert len(columns) == 1 + 9 + (73 - 1)  # one of the 73 yearly items is read by nobody


def test_values_go_to_their_own_year_and_a_missing_column_is_empty() -> None:
    wide = ["Marquée", "Numéro Siren", "Ca  net kEUR 2015", "Ca net kEUR 2017", "Stock 2016"]
    reshaped = by_year(wide)
    assert reshaped.columns == ("annee", "marquée", "numéro siren", "ca net keur", "stock")
    fields = ("x", "012345678", "10", "12", "7")
    records = [[fields[p] if isinstance(p, int) else p or "" for p in record] for record in reshaped.records]
    assert records == [
        ["2015", "x", "012345678", "10", ""],
        ["2016", "x", "012345678", "", "7"],
        ["2017", "x", "012345678", "12", ""],
    ]


def test_a_header_that_lacks_an_item_or_has_no_year_is_refused() -> None:
    lacking = ";".join(header(range(2012, 2014), without="liquidité générale"))
    with pytest.raises(BrokenFileError, match="column liquidité générale not found"):
        recognise(SOURCE, header_of(lacking, "utf-16-le", True))
    with pytest.raises(BrokenFileError, match="not found"):
        recognise(SOURCE, header_of(";".join(FIXED), "utf-16-le", True))


def test_a_damaged_year_does_not_make_a_thousand_records_of_a_line() -> None:
    damaged = ";".join(header(range(2012, 2014))).replace("liquidité générale 2012", "liquidité générale 1012")
    with pytest.raises(BrokenFileError, match="years from 1012 to 2013: one of them is damaged"):
        recognise(SOURCE, header_of(damaged, "utf-16-le", True))


def line(years: range, siren: str, **cells: str) -> str:
    columns, values = header(years), dict(cells)
    values["Numéro Siren"] = siren
    return ";".join(f'"{values.get(column, "")}"' for column in columns)


def test_an_export_in_utf_16_is_taken_in(spark, settings, deliver, ingest, rows) -> None:
    years = range(2015, 2018)
    names = {column.lower(): column for column in header(years)}
    ca, closing = names["chiffre d'affaires net (h.t.) keur 2016"], names["date de clôture 2016"]
    cells = {ca: "1234,5", closing: "31/12/2016", "Procédure collective": "Oui", names["nombre de mois 2016"]: "x"}
    text = "\r\n".join(
        [
            ";".join(f'"{name}"' for name in header(years)),
            line(years, "012345678", **cells),
            line(years, "876543210"),
            line(years, "12"),
        ]
    )
    deliver("2403", "Diane_export.txt", "\ufeff".encode("utf-16-le") + (text + "\r\n").encode("utf-16-le"))
    account = ingest("2403")["Diane_export.txt"]
    assert (account.layout, account.read, account.accepted, account.rejected) == ("export", 9, 6, 3)
    facts = {(row["siren"], row["exercice_diane"]): row for row in rows("staged/diane")}
    assert len(facts) == 6
    of_2016 = facts[("012345678", 2016)]
    assert (of_2016["ca"], of_2016["arrete_bilan_diane"], of_2016["nombre_mois"]) == (1234.5, date(2016, 12, 31), None)
    assert of_2016["procedure_collective"] and not facts[("876543210", 2015)]["procedure_collective"]
    assert facts[("012345678", 2015)]["ca"] is None


def test_an_export_cut_inside_a_character_is_refused_by_name(deliver, ingest) -> None:
    years = range(2015, 2016)
    text = "\ufeff" + "\n".join([";".join(header(years)), line(years, "012345678")])
    deliver("2403", "Diane_export.txt", text.encode("utf-16-le")[:-1])
    account = ingest("2403")["Diane_export.txt"]
    assert account.status == "failed" and "wrong encoding: the file is not utf-16-le to its end" in account.message


def test_a_malformed_line_makes_the_export_fail(deliver, ingest) -> None:
    years = range(2015, 2016)
    text = "\r\n".join([";".join(header(years)), line(years, "012345678"), "a;b"])
    deliver("2403", "diane.csv", text.encode())
    account = ingest("2403")["diane.csv"]
    assert account.status == "failed"
    assert "line 3: '2 fields' is not the 81 of the header" in account.message


def test_parquet_gives_the_facts_of_the_text(tmp_path: Path) -> None:
    columns, years = header(range(2015, 2018)), range(2015, 2018)
    rows = [
        ["012345678" if name == "Numéro Siren" else str(rank) if name[-4:].isdigit() else "" for name in columns]
        for rank in (1, 2)
    ]
    text = "\n".join(";".join(cells) for cells in (columns, *rows))
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(columns)})
    found = []
    for kind in ("csv", "parquet"):
        folder = tmp_path / kind / "2403"
        folder.mkdir(parents=True)
        if kind == "csv":
            (folder / "diane.csv").write_bytes(text.encode("utf-16"))
        else:
            pq.write_table(table, folder / "diane.parquet")
        settings = load_settings("test", [f"landing={tmp_path / kind}", f"lake={tmp_path / kind / 'lake'}"])
        (account,) = take_in(None, settings, "2403", lambda text: None)  # type: ignore[arg-type]
        stored = Path(settings.lake, "staged", "diane")
        lines = DeltaTable(str(stored)).to_pyarrow_table().to_pylist() if stored.exists() else []
        found.append((account.status, account.read, account.accepted, len(lines)))
    assert found[0][1] == 2 * len(years)
    assert found[0] == found[1]
