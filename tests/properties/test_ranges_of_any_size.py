"""A file gives the same lake for any ranges, packing and blocks, and wherever it is read.

Fields hold delimiters, quotes and line ends, and some records are damaged. So ranges begin inside quoted fields; these
are not proven, and are read again.
"""

import gzip
import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from sf_spark.settings import Settings, load_settings
from sf_spark.sources import source_named
from sf_spark.staging import batch as delivery
from sf_spark.staging import comparison
from sf_spark.staging.deliveries import DONE
from sf_spark.staging.intake import take_in
from tests.compare_lakes import compare_lakes

SITES = ["01234567800011", "01234567800029", "87654321000015"]
CELLS = ["", "", "1", "2 3", '"4\n5"', "12,5", *map(str, range(20)), "-"]
WHOLE = 1 << 30
UTF8, UTF16, LATIN9 = "utf-8", "utf-16-le", "iso-8859-15"


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def multi_line(drawn: random.Random) -> str:
    return quoted("".join(drawn.choices('ab;, é"\n', weights=[5, 5, 2, 2, 2, 1, 1, 3], k=drawn.randint(0, 15))))


def damaged(drawn: random.Random, line: str) -> str:
    """Damage some lines: a stray or missing quote, an extra field, a blank line before."""
    kind = drawn.randrange(20)
    if kind == 0:
        return line.replace('"', "", 1)
    if kind == 1:
        place = drawn.randrange(len(line))
        return line[:place] + '"' + line[place:]
    return {2: f"{line};{line}", 3: f"\n{line}", 4: f"{line}\n\n", 5: line[: len(line) // 2]}.get(kind, line)


def strict(drawn: random.Random, lines: int) -> str:
    rows = [
        f'{multi_line(drawn)},"{drawn.choice(SITES)}",{drawn.randrange(99)}.5,2,3,"2020-{drawn.randint(1, 12):02d}-01"'
        for _ in range(lines)
    ]
    return "\n".join(['"ID_DA","ETAB_SIRET","HEURES","MONTANTS","EFFECTIFS","MOIS"', *_repeated(drawn, rows), ""])


def lazy(drawn: random.Random, lines: int) -> str:
    rows = [
        f"1;1;{drawn.choice(SITES)};{multi_line(drawn)};20{drawn.randint(10, 24)}11;1;1;{drawn.randrange(999)},5"
        for _ in range(lines)
    ]
    header = "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due"
    return "\n".join([header, *_repeated(drawn, rows), ""])


def in_utf_16(drawn: random.Random, lines: int) -> str:
    source = source_named("diane")
    columns = [name if place < 1 else f"{name} 2016" for place, name in enumerate(source.layouts[0].required[1:])]
    columns = [name.removesuffix(" 2016") if "siren" in name or "statut" in name else name for name in columns]

    def row() -> str:
        cells = [multi_line(drawn) if drawn.random() < 0.1 else str(drawn.randrange(99)) for _ in columns]
        cells[columns.index("numéro siren")] = drawn.choice(SITES)[:9]
        return ";".join(cells)

    return "\ufeff" + "\r\n".join([";".join(columns), *(row() for _ in range(lines)), ""])


def in_latin_9(drawn: random.Random, lines: int) -> str:
    names = ["Référence Client", "Siren", *(f"c{n}" for n in range(2, 30)), "Date d'effet du mouvement"]
    rows = [
        ";".join(
            [*("r", drawn.choice(SITES)[:9], multi_line(drawn), *[""] * 18), *("050", *[""] * 8)]
            + [f"2020-{drawn.randint(1, 12):02d}-09"]
        )
        for _ in range(lines)
    ]
    return "\r\n".join([";".join(names), *_repeated(drawn, rows), "Fin du fichier : total 3 ligne(s)", ""])


def wide(drawn: random.Random, lines: int) -> str:
    months = [f"eff20{year}{quarter}1" for year in (22, 23) for quarter in range(1, 5)]
    rows = [
        f"{multi_line(drawn)};{drawn.choice(SITES)};" + ";".join(drawn.choice(CELLS) for _ in months)
        for _ in range(lines)
    ]
    return "\n".join([f"compte;siret;{';'.join(months)}", *_repeated(drawn, rows), ""])


def _repeated(drawn: random.Random, rows: list[str]) -> list[str]:
    """Repeat some rows byte for byte; damage others."""
    return [damaged(drawn, row) for row in (*rows, *drawn.sample(rows, len(rows) // 4))]


@dataclass(frozen=True)
class Kind:
    """A kind of file: its source and name, its text and encoding, the size of its ranges (without header)."""

    source: str
    name: str
    text: Callable[[random.Random, int], str]
    encoding: str = UTF8
    lines: int = 14
    sizes: tuple[int, ...] = (7, 60)


KINDS = {
    "strict": Kind("apconso", "consommation_ap.csv", strict),
    "lazy": Kind("cotisation", "sigfaible_cotisdues.csv", lazy),
    "UTF-16": Kind("diane", "diane.csv", in_utf_16, UTF16, lines=5, sizes=(70,)),
    "Latin-9": Kind("paydex", "a_paydex_.csv", in_latin_9, LATIN9),
    "wide": Kind("effectif", "a_effectif_siret.csv", wide, sizes=(7, 60)),
}


def packed(content: bytes, packing: str) -> bytes:
    if packing == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("delivered", content)
        return file.getvalue()
    return gzip.compress(content) if packing == "gz" else content


class Again:
    """Counts the ranges that are read again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ranges = self.again = 0
        read = delivery.read_and_sort

        def counting(sort: delivery.SortTask) -> delivery.Sorted:
            part = sort.task.range
            self.ranges += 1
            self.again += part.exact and part.rank > 0
            return read(sort)

        monkeypatch.setattr(delivery, "read_and_sort", counting)


def settings_of(folder: Path, landing: Path, size: int) -> Settings:
    sizes = [
        f"ingest.range_bytes={size}",
        f"ingest.wide_range_bytes={size}",
        "ingest.invalid_utf8_share=1",
        "ingest.smallest_share=0",
    ]
    return load_settings("test", [f"landing={landing}", f"lake={folder / 'lake'}", f"truth={folder}", *sizes])


def taken(spark: SparkSession, folder: Path, landing: Path, size: int, batches: tuple[str, ...]) -> Path:
    settings = settings_of(folder, landing, size)
    for batch in batches:
        done = take_in(spark, settings, batch, lambda text: None)
        assert [account.message for account in done if account.status != DONE] == []
    return Path(settings.lake)


def differences(old: Path, new: Path) -> list[str]:
    return [
        finding for table in compare_lakes(old, new) for finding in (table.table, *table.findings) if table.findings
    ]


# Each kind once as it is or packed, and the smallest ranges of two kinds; the other cases are in the long suite.
_SHORT = {
    *(("strict", "", 7), ("strict", "", 60), ("lazy", "", 60), ("Latin-9", "", 60), ("wide", "", 7), ("wide", "", 60)),
    *(("strict", "gz", 60), ("lazy", "zip", 60), ("UTF-16", "gz", 70), ("Latin-9", "zip", 60), ("wide", "gz", 60)),
}
_CASES = [
    (kind, packing, size)
    for kind, of in KINDS.items()
    for packing in ("", "gz", "zip")
    for size in (of.sizes[-1:] if packing else of.sizes)
]


@pytest.mark.parametrize(
    ("kind", "packing", "size"),
    [pytest.param(*case, marks=[] if case in _SHORT else [pytest.mark.long]) for case in _CASES],
)
def test_ranges_of_any_size_give_the_lake_of_one(
    spark: SparkSession, tmp_path: Path, kind: str, packing: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    of, drawn = KINDS[kind], random.Random(f"{kind} {packing}")
    landing = tmp_path / "landing"
    for batch in ("2402", "2403"):  # the second is compared with the first: its new facts are read once more
        (landing / batch).mkdir(parents=True)
        name = f"{of.name}.{packing}" if packing else of.name
        content = of.text(drawn, of.lines).encode(of.encoding)
        (landing / batch / name).write_bytes(packed(content, packing))
    one = taken(spark, tmp_path / "one", landing, WHOLE, ("2402", "2403"))
    accounts = DeltaTable(str(one / "deliveries")).to_pyarrow_table().to_pylist()
    assert all(account["lines_accepted"] >= of.lines // 3 for account in accounts)
    with monkeypatch.context() as patched:
        seen = Again(patched)
        patched.setattr("sf_spark.landing.framing._BLOCK", size + 13)  # records also end after the block
        many = taken(spark, tmp_path / "many", landing, size, ("2402", "2403"))
    assert differences(one, many) == []
    assert seen.ranges > 10 and seen.again > 0, (seen.ranges, seen.again)


def test_a_range_read_wrong_would_be_seen(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    landing = tmp_path / "landing"
    (landing / "2402").mkdir(parents=True)
    (landing / "2402" / KINDS["strict"].name).write_text(strict(random.Random(1), 25), encoding="utf-8")
    one = taken(spark, tmp_path / "one", landing, WHOLE, ("2402",))
    with monkeypatch.context() as patched:  # every range accepted without proof
        patched.setattr(
            delivery,
            "_proven",
            lambda batch, found: delivery.FileRead(
                [task for task, _ in found],
                [sort.outcome for _, sort in found],
                [sort.names for _, sort in found],
                [task.output.uri[len(batch.folder) + 1 :] if sort.outcome.rows else "" for task, sort in found],
            ),
        )
        many = taken(spark, tmp_path / "many", landing, 40, ("2402",))
    assert differences(one, many)


def test_rows_of_a_parquet_file_are_those_of_a_text(spark: SparkSession, tmp_path: Path) -> None:
    drawn = random.Random(3)
    lines = [["1", "1", drawn.choice(SITES), f"c{n}", "202411", "1", "1", str(n % 7)] for n in range(50)]
    columns = ["Urssaf_gestion", "Dep", "Siret", "Compte", "periode", "mer", "enc_direct", "cotis_due"]
    for packing in ("csv", "parquet"):
        (tmp_path / packing / "2402").mkdir(parents=True)
    text = "\n".join(";".join(cells) for cells in (columns, *lines))
    (tmp_path / "csv" / "2402" / "sigfaible_cotisdues.csv").write_text(text)
    frame = pl.DataFrame(lines, schema=columns, orient="row").with_columns(pl.col("cotis_due").cast(pl.Int64))
    frame.write_parquet(tmp_path / "parquet" / "2402" / "sigfaible_cotisdues.parquet", row_group_size=8)
    found = []
    for packing in ("csv", "parquet"):
        lake = taken(spark, tmp_path / packing, tmp_path / packing, WHOLE, ("2402",))
        rows = DeltaTable(str(lake / "staged/cotisation")).to_pyarrow_table().to_pylist()
        found.append(sorted((row["_line"], row["siret"], row["numero_compte"], row["du"]) for row in rows))
    assert found[0] == found[1]
    assert len(found[0]) == 50


@pytest.mark.long  # mostly covered by the next test
@pytest.mark.parametrize(("kind", "of_a_bucket"), [("strict", 40), ("wide", 400)])
def test_tasks_in_workers_give_the_lake_of_the_driver(
    spark: SparkSession, tmp_path: Path, kind: str, of_a_bucket: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    of, drawn = KINDS[kind], random.Random(f"workers {kind}")
    landing, batches = tmp_path / "landing", ("2402", "2403", "2404")
    text = of.text(drawn, 60)
    lines = [line for line in text.split("\n")[1:] if line.count('"') % 2 == 0]  # records on one line
    texts = [text, "\n".join([text.split("\n")[0], *lines[5:]]), of.text(drawn, 20)]
    for batch, content in zip(batches, texts, strict=True):
        (landing / batch).mkdir(parents=True)
        (landing / batch / of.name).write_text(content, encoding="utf-8")
    one = taken(spark, tmp_path / "driver", landing, WHOLE, batches)
    with monkeypatch.context() as patched:
        patched.setattr(delivery, "_SMALL_TEXT", 0)
        patched.setattr(delivery, "_SMALL_TABLE", 0)
        patched.setattr(comparison, "_FACTS_OF_A_BUCKET", of_a_bucket)
        many = taken(spark, tmp_path / "workers", landing, len(text.encode()) // 3, batches)
    assert differences(one, many) == []
    files = DeltaTable(str(many / f"staged/{of.source}")).get_add_actions()
    assert files.num_rows > len(batches)
    assert not list((many / "_scratch").glob("*/*")), "what tasks leave for one another is removed"


def test_facts_that_end_in_workers_are_those_that_end_in_the_driver(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, landing, batches = lazy(random.Random(1), 0), tmp_path / "landing", ("2402", "2403")
    due = [f"1;1;{SITES[n % 3]};c{n};202411;1;1;{n},5\n" for n in range(200)]
    for batch, lines in zip(batches, (due[:150], due[:50] + due[75:]), strict=True):
        (landing / batch).mkdir(parents=True)
        (landing / batch / "sigfaible_cotisdues.csv").write_text(header + "".join(lines), encoding="utf-8")
    one = taken(spark, tmp_path / "driver", landing, WHOLE, batches)
    with monkeypatch.context() as patched:
        patched.setattr(delivery, "_SMALL_TEXT", 0)
        patched.setattr(delivery, "_SMALL_TABLE", 0)
        patched.setattr(comparison, "_FACTS_OF_A_BUCKET", 100)
        many = taken(spark, tmp_path / "workers", landing, 2000, batches)
    assert differences(one, many) == []
    ends = DeltaTable(str(many / "staged/cotisation")).to_pyarrow_table().column("superseded_on").to_pylist()
    assert (len(ends), ends.count(date(2024, 3, 20)), ends.count(None)) == (200, 25, 175)
