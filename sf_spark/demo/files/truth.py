"""The planted truth, written beside the deliveries and never inside them, for models to predict."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from sf_spark.demo.files.encodings import iso_table
from sf_spark.demo.files.writing import FileCount
from sf_spark.demo.world import reference
from sf_spark.demo.world.arrays import NEVER
from sf_spark.demo.world.population import Population
from sf_spark.demo.world.procedures import FORMER, Procedure

COMPANIES, DIRTY, TOTALS, MONEY = "entreprises.csv", "dirty.csv", "totals.csv", "totals_money.csv"
TRUTH_FILES: tuple[str, ...] = (COMPANIES, DIRTY, TOTALS, MONEY)
_HEADERS: dict[str, str] = {
    COMPANIES: (
        "siren,taille,naf,categorie_juridique,date_creation,siege_etranger,qualite,sante_debut,sante_fin,"
        "date_defaillance,nature_defaillance,cause_defaillance,date_rechute,ancienne_procedure,date_fin_activite,"
        "fermeture_volontaire"
    ),
    DIRTY: "batch,file,line,kind",
    TOTALS: "batch,file,data_lines,dirty_lines,skipped_lines,blank_lines,money_cents",
    MONEY: "batch,file,column,sum_cents",
}


class TruthFiles:
    """The four files of the truth, open for writing."""

    def __init__(self, files: dict[str, IO[str]]) -> None:
        self._files = files
        for name, header in _HEADERS.items():
            self._write(name, [header])

    def add_companies(self, population: Population) -> None:
        """Write the identity and the fate of the companies of a block."""
        self._write(COMPANIES, (_company(population, rank) for rank in range(len(population.companies))))

    def add_dirty(self, batch: str, file: str, line: int, kind: str) -> None:
        """Write where a line stands that a strict reader rejects; the header is line 1."""
        self._write(DIRTY, [f"{batch},{file},{line},{kind}"])

    def add_totals(self, counts: Iterable[FileCount]) -> None:
        """Write how many lines each file holds, and the sums of its money columns over accepted lines."""
        for count in counts:
            key = f"{count.batch},{count.file}"
            total = sum(count.money_cents.values()) if count.money_cents else ""
            lines = f"{count.data_lines},{count.dirty_lines},{count.skipped_lines},{count.blank_lines}"
            self._write(TOTALS, [f"{key},{lines},{total}"])
            self._write(MONEY, (f"{key},{column},{cents}" for column, cents in count.money_cents.items()))

    def _write(self, name: str, lines: Iterable[str]) -> None:
        self._files[name].writelines(line + "\n" for line in lines)


@contextmanager
def open_truth(folder: Path) -> Iterator[TruthFiles]:
    """Open the files of the truth in a folder, and close them whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, IO[str]] = {}
    try:
        for name in TRUTH_FILES:
            files[name] = (folder / name).open("w", encoding="utf-8", newline="")
        yield TruthFiles(files)
    finally:
        for file in files.values():
            file.close()


def read_totals(folder: Path, sizes: dict[str, int]) -> tuple[FileCount, ...]:
    """Read back the content of files; `sizes` gives the bytes of each `batch/file`."""
    money: dict[tuple[str, str], dict[str, int]] = {}
    for batch, file, column, cents in _rows(folder / MONEY):
        money.setdefault((batch, file), {})[column] = int(cents)
    counts = []
    for batch, file, data, dirty, skipped, blank, _ in _rows(folder / TOTALS):
        lines = (int(data), int(dirty), int(skipped), int(blank))
        counts.append(FileCount(batch, file, *lines, sizes[f"{batch}/{file}"], money.get((batch, file), {})))
    return tuple(counts)


def _rows(path: Path) -> list[list[str]]:
    return [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def _company(population: Population, rank: int) -> str:
    companies, fates = population.companies, population.fates
    story, again, former = _stories(fates.procedures[rank])
    health = np.round(population.health[rank, [0, population.timeline.last]], 3).tolist()
    values = [
        companies.siren[rank],
        int(companies.taille[rank]),
        reference.ALL_ACTIVITES[int(companies.activite[rank])].code,
        companies.categorie[rank],
        _date(int(companies.created_day[rank])),
        int(companies.abroad[rank]),
        float(companies.qualite[rank]),
        *health,
        _date(story.opening_day) if story else "",
        story.kind if story else "",
        story.cause if story else "",
        _date(again.opening_day) if again else "",
        _date(former.opening_day) if former else "",
        _date(int(fates.end_day[rank])),
        int(fates.closed_freely[rank]),
    ]
    return ",".join(str(value) for value in values)


def _stories(procedures: list[Procedure]) -> tuple[Procedure | None, Procedure | None, Procedure | None]:
    """Return the first proceeding opened from the history on, the next one, and the one opened before."""
    recent = [story for story in procedures if story.cause != FORMER]
    former = [story for story in procedures if story.cause == FORMER]
    padded = [*recent, None, None]
    return padded[0], padded[1], former[0] if former else None


def _date(day: int) -> str:
    return "" if day == NEVER else iso_table()[day]
