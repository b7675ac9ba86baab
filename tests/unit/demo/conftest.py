"""A small landing zone generated once, and a strict reader of its files written from the partners' formats alone."""

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pytest

from sf_spark.demo import DemoPlan, GenerationSummary, generate

PLAN = DemoPlan(entreprises=620, annees=3, seed=7, dirty_share=0.01)  # more than one block of 500


def read_period(text: str) -> tuple[int, int]:
    """Return (first month as 12 x year + month - 1, number of months) of a period on 4 or 6 characters."""
    if not re.fullmatch(r"\d{4}|\d{6}", text):
        raise ValueError(f"period {text!r}")
    full = text if len(text) == 6 else ("20" if text[:2] < "50" else "19") + text
    year, quarter, rank = int(full[:4]), int(full[4]), int(full[5])
    if full[4:] == "62":
        return 12 * year, 12
    if quarter not in (1, 2, 3, 4) or rank > 3:
        raise ValueError(f"period {text!r}")
    first = 12 * year + 3 * (quarter - 1)
    return (first, 3) if rank == 0 else (first + rank - 1, 1)


def read_urssaf_date(text: str) -> date:
    """Return the date of an (A)AAMMJJ."""
    return datetime.strptime(str(int(text) + 19_000_000), "%Y%m%d").date()


def read_english_date(text: str) -> date:
    """Return the date of a JJMMMAAAA."""
    if not re.fullmatch(r"\d{2}[A-Za-z]{3}\d{4}", text):
        raise ValueError(f"date {text!r}")
    return datetime.strptime(text.title(), "%d%b%Y").date()


def read_french_date(text: str) -> date:
    return datetime.strptime(text, "%d/%m/%Y").date()


def read_number(text: str) -> float:
    """Return a number with a dot or a comma; an empty one is refused here, since none is delivered empty."""
    if not re.fullmatch(r"-?\d+([.,]\d+)?", text):
        raise ValueError(f"number {text!r}")
    return float(text.replace(",", "."))


def _of_form(pattern: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"{text!r} is not {pattern}")
        return text

    return check


siret, siren, boolean = _of_form(r"\d{14}"), _of_form(r"\d{9}"), _of_form(r"[01]|true|false")
integer = _of_form(r"\d+")

CHECKS: dict[str, dict[str, Callable[[str], object]]] = {
    "sigfaible_cotisdues.csv.gz": {
        "Siret": siret, "periode": read_period, "enc_direct": read_number, "cotis_due": read_number,
    },
    "sigfaible_debits.csv.gz": {
        "Siret": siret, "Periode": read_period, "Num_Hist_Ecn": integer, "Dt_trt_ecn": read_urssaf_date,
        "Mt_PO": read_number, "Mt_PP": read_number, "Recours_en_cours": boolean, "Etat_cpte": integer,
    },
    "sigfaible_delais.csv": {
        "Siret": siret, "Date_creation": read_french_date, "Date_echeance": read_french_date,
        "Annee_creation": integer, "Montant_global_echeancier": read_number,
    },
    "sigfaible_ccsf.csv": {"Siret": siret, "Date_de_traitement": read_urssaf_date},
    "sigfaible_pcoll.csv": {"Siret": siret, "Dt_effet": read_english_date},
    "sigfaible_effectif_siret.csv": {"siret": siret},
    "sigfaible_effectif_siren.csv": {"siren": siren},
    "consommation_ap.csv": {
        "ETAB_SIRET": siret, "HEURES": read_number, "MONTANTS": read_number, "EFFECTIFS": read_number,
        "MOIS": date.fromisoformat,
    },
    "demande_ap.csv": {
        "ETAB_SIRET": siret, "DATE_STATUT": date.fromisoformat, "DATE_DEB": date.fromisoformat,
        "DATE_FIN": date.fromisoformat, "HTA": read_number, "MTA": read_number, "MOTIF_RECOURS_SE": _of_form("[1-7]"),
    },
    "StockEtablissement_utf8_geo.csv": {"siren": siren, "nic": _of_form(r"\d{5}"), "etablissementSiege": boolean},
    "sireneUL.csv": {"siren": siren},
    "StockEtablissementHistorique_utf8.csv": {
        "siret": siret, "dateDebut": date.fromisoformat, "changementEtatAdministratifEtablissement": boolean,
    },
    "Retro-Paydex": {"SIREN": siren, "NB_JOURS": integer, "DATE_VALEUR": read_french_date},
    "ratios_inpi_bce.csv": {"siren": siren, "date_cloture_exercice": date.fromisoformat},
}  # fmt: skip
STATE = "etatAdministratifEtablissement"  # empty in spells of unknown state, which are left out
COMMAS = {
    "consommation_ap.csv", "demande_ap.csv", "StockEtablissement_utf8_geo.csv", "sireneUL.csv",
    "StockEtablissementHistorique_utf8.csv",
}  # fmt: skip


def split_fields(line: str, delimiter: str) -> list[str]:
    """Split a line as a strict CSV reader does: a quote inside an unquoted field is an error."""
    fields, rest = [], line
    while True:
        if rest.startswith('"'):
            quoted = re.match(r'"((?:[^"]|"")*)"(?=$|' + re.escape(delimiter) + ")", rest)
            if not quoted:
                raise ValueError("quote")
            field, rest = quoted.group(1).replace('""', '"'), rest[quoted.end() :]
        else:
            end = rest.find(delimiter)
            field, rest = (rest, "") if end < 0 else (rest[:end], rest[end:])
            if '"' in field:
                raise ValueError("quote")
        fields.append(field)
        if not rest:
            return fields
        rest = rest[1:]
        if not rest:
            return [*fields, ""]


@dataclass(frozen=True)
class Reading:
    """The result of a strict reader; line numbers are physical, and the header is line 1."""

    header: list[str]
    accepted: list[dict[str, str]]
    rejected: list[int]
    skipped: list[int]
    blank: list[int]


@dataclass(frozen=True)
class Demo:
    """A landing zone and its truth."""

    plan: DemoPlan
    landing: Path
    truth: Path
    summary: GenerationSummary
    _readings: dict[tuple[str, str], Reading] = field(default_factory=dict, compare=False, repr=False)

    @property
    def batches(self) -> list[str]:
        return sorted(path.name for path in self.landing.iterdir() if path.is_dir())

    def file_name(self, batch: str, file: str) -> str:
        """The delivered name of a file: that of payment behaviour holds two dates."""
        return f"E_20{batch}080930_Retro-Paydex_20{batch}15.csv" if file == "Retro-Paydex" else file

    def content(self, batch: str, file: str) -> str:
        raw = (self.landing / batch / self.file_name(batch, file)).read_bytes()
        return (gzip.decompress(raw) if file.endswith(".gz") else raw).decode("utf-8")

    def read(self, batch: str, file: str) -> Reading:
        if (batch, file) not in self._readings:
            self._readings[batch, file] = self._read(batch, file)
        return self._readings[batch, file]

    def _read(self, batch: str, file: str) -> Reading:
        delimiter = "," if file in COMMAS else ";"
        lines = self.content(batch, file).removesuffix("\n").split("\n")
        header = split_fields(lines[0].removesuffix("\r"), delimiter)
        reading = Reading(header, [], [], [], [])
        for number, line in enumerate(lines[1:], start=2):
            text = line.removesuffix("\r")
            if not text:
                reading.blank.append(number)
                continue
            try:
                fields = split_fields(text, delimiter)
                row = dict(zip(header, fields, strict=True))
                if row.get(STATE) == "":
                    reading.skipped.append(number)
                    continue
                for column, check in CHECKS[file].items():
                    check(row[column])
                reading.accepted.append(row)
            except ValueError:
                reading.rejected.append(number)
        return reading

    def rows(self, batch: str, file: str) -> list[dict[str, str]]:
        return self.read(batch, file).accepted

    def truth_rows(self, name: str) -> list[dict[str, str]]:
        header, *lines = (self.truth / name).read_text(encoding="utf-8").splitlines()
        return [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]


def make_demo(plan: DemoPlan, folder: Path) -> Demo:
    landing, truth = folder / "landing", folder / "truth"
    return Demo(plan, landing, truth, generate(plan, landing, truth, lambda _: None))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return make_demo(PLAN, tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def new_demo() -> Callable[[DemoPlan, Path], Demo]:
    """Generate another plan in another folder."""
    return make_demo


@pytest.fixture(scope="session")
def period() -> Callable[[str], tuple[int, int]]:
    return read_period


@pytest.fixture(scope="session")
def urssaf_date() -> Callable[[str], date]:
    return read_urssaf_date


@pytest.fixture(scope="session")
def english_date() -> Callable[[str], date]:
    return read_english_date


@pytest.fixture(scope="session")
def french_date() -> Callable[[str], date]:
    return read_french_date
