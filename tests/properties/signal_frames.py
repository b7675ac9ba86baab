"""Small panels for the catalogue, and a run of the kernel on them without Spark: input and output of a worker."""

import random
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sf_spark.domain.calendar import index_of
from sf_spark.settings import load_settings
from sf_spark.signals.catalogue import Catalogue, catalogue_from, months_needed
from sf_spark.signals.expression import measures_of, peers_of, sites_of
from sf_spark.signals.measures import DERIVED, MEASURES
from sf_spark.signals.worker import SignalRequest, count_peers, peer_tables, write_part

CATALOGUE: Catalogue = catalogue_from(load_settings("test").signals.catalogue)
FIRST, MONTHS = index_of(date(2021, 1, 1)), 44
LAST = FIRST + MONTHS - 1
CUT = LAST - 3
COLUMNS = (*MEASURES, *DERIVED)
SINGLE, ZERO, HOLE, SMALL_SECTOR, NO_SECTOR = 100000001, 100000002, 100000003, 100000004, 100000005
NAMES = (SINGLE, ZERO, HOLE, SMALL_SECTOR, NO_SECTOR, *range(200000001, 200000027))
Row = dict[str, Any]


def row_of(rng: random.Random, name: int, month: int, state: dict[str, float], gaps: float) -> Row:
    """One month of one entity; debts, plans and short-time work come and go, some values are unknown."""
    state["owed"] = max(0.0, state["owed"] + rng.choice((0, 0, 250.5, -400.25))) if rng.random() < 0.9 else 0.0
    state["staff"] = max(0, state["staff"] + rng.randint(-2, 2))
    if month % 12 == 3 or "year" not in state:
        state["year"] = rng.uniform(-50, 900)
    row: Row = {
        measure: round(state["year"] + len(measure), 3) for measure in MEASURES if measure[:3] in ("bil", "bdf")
    }
    row |= {measure: round(rng.choice((0, 0, rng.uniform(-3, 90))), 2) for measure in MEASURES if measure not in row}
    row |= {
        "cotisation": 0.0 if name == ZERO else round(rng.uniform(0, 9000), 2),
        "dette": state["owed"],
        "montant_part_ouvriere": round(state["owed"] / 3, 2),
        "nb_ecarts_negatifs": float(state["owed"] > 0) * rng.randint(1, 3),
        "effectif": None if month < FIRST + 3 else float(state["staff"]),
        "effectif_age_mois": float(rng.randint(3, 6)),
        "secteur_section": {SMALL_SECTOR: 2.0, NO_SECTOR: None}.get(name, 10.0),
        "secteur_division": {SMALL_SECTOR: 6.0, NO_SECTOR: None}.get(name, 62.0),
        "est_personne_physique": 0.0,
    }
    always = ("secteur_section", "secteur_division", "est_personne_physique")
    return {m: None if m not in always and rng.random() < gaps else value for m, value in row.items()}


def history(rng: random.Random, name: int) -> dict[int, Row]:
    """All months of one entity."""
    state = {"owed": 0.0, "staff": float(rng.randint(1, 18))}
    gaps = 0.1 if rng.random() < 0.3 and name != SINGLE else 0.0
    rows = {month: row_of(rng, name, month, state, gaps) for month in range(FIRST, LAST + 1)}
    for missing in (FIRST + 9, CUT - 5, CUT - 4) if name == HOLE else ():
        del rows[missing]
    return {CUT: rows[CUT]} if name == SINGLE else rows


def panels() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Companies (``siren, mois``) and establishments (``siren, siret, mois``), with every measure."""
    rng = random.Random(20)
    companies = [{"siren": name, "mois": month, **row} for name in NAMES for month, row in history(rng, name).items()]
    sites = [
        {"siren": name, "siret": name * 100_000 + rank, "mois": month, **row}
        for name in NAMES
        for rank in range(1, 2 + name % 3)
        for month, row in history(rng, name).items()
    ]
    of_sites = [measure for measure in COLUMNS if measure in MEASURES and not MEASURES[measure].company_only]
    return pd.DataFrame(companies), pd.DataFrame(sites)[["siren", "siret", "mois", *of_sites]]


def run_kernel(
    companies: pd.DataFrame,
    sites: pd.DataFrame,
    folder: Path,
    first: int = FIRST,
    last: int = LAST,
    partition_of: Callable[[int], int] = lambda siren: 0,
    signals: Mapping[str, Any] | None = None,
) -> dict[str, pd.DataFrame]:
    """The output of workers for a range of months, by grain: one sorted line for each entity and month."""
    chosen = signals or {key: CATALOGUE.of(key) for key in ("siren", "siret")}
    everything = [signal for of_grain in chosen.values() for signal in of_grain]
    roots = tuple(signal.expression for signal in everything)
    measures = {
        *measures_of(roots),
        *measures_of(tuple(node.of for node in sites_of(roots))),
        "effectif",
        "secteur_section",
    }
    request = SignalRequest(
        signals={key: [(signal.name, signal.expression) for signal in of_grain] for key, of_grain in chosen.items()},
        folders={key: str(folder / key) for key in chosen},
        measures=tuple(sorted(measures)),
        before=max(FIRST, first - months_needed(everything)),
        first=first,
        last=last,
    )
    rows = pd.concat([companies.assign(siret=None), sites], ignore_index=True)
    rows = rows[(rows["mois"] >= request.before) & (rows["mois"] <= last)]
    parts = [part for _, part in rows.groupby(rows["siren"].map(partition_of))]
    batches = [[batch_of(part, request)] for part in parts]
    nodes = peers_of(tuple(node for _, node in request.signals.get("siren", ())))
    asked = SignalRequest(**{**request.__dict__, "peers": dict.fromkeys(nodes)})
    counted = [batch for part in batches for batch in count_peers(part, asked)]
    peers = {}
    if nodes:
        together = pa.Table.from_batches(counted).group_by(["peer", "mois", "cell"])
        added = together.aggregate([("companies", "sum"), ("millionths", "sum")])
        peers = peer_tables(added.rename_columns(["peer", "mois", "cell", "companies", "millionths"]), nodes, request)
    request = SignalRequest(**{**request.__dict__, "peers": peers})
    files = [
        file
        for rank, part in enumerate(batches)
        for done in write_part(part, request, rank)
        for file in done.to_pylist()
    ]
    return {key: read(folder / key, key, [file for file in files if file["key"] == key]) for key in chosen}


def batch_of(rows: pd.DataFrame, request: SignalRequest) -> pa.RecordBatch:
    """Rows in the form in which a worker gets them from Spark."""
    columns = [
        pa.array(
            [-siren if pd.isna(siret) else int(siret) for siren, siret in rows[["siren", "siret"]].values], pa.int64()
        ),
        pa.array(rows["mois"], pa.int32()),
        *(
            pa.array([None if pd.isna(value) else float(value) for value in rows[name]], pa.float64())
            if name in rows
            else pa.nulls(len(rows), pa.float64())
            for name in request.measures
        ),
    ]
    return pa.RecordBatch.from_arrays(columns, names=["id", "mois", *request.measures])


def read(folder: Path, key: str, files: list[dict[str, Any]]) -> pd.DataFrame:
    """Written files as one table, indexed by id and month."""
    tables = []
    for file in files:
        table = pq.read_table(folder / file["path"], partitioning=None).to_pandas()
        assert (len(table), table[key].iloc[0], table[key].iloc[-1]) == (file["rows"], file["low"], file["high"])
        tables.append(table.assign(mois=index_of(date.fromisoformat(file["periode"]))))
    whole = pd.concat(tables, ignore_index=True).set_index([key, "mois"]).sort_index()
    assert whole.index.is_unique and set(whole.dtypes.astype(str)) == {"float32"}
    return whole
