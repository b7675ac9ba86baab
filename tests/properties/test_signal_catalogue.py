"""Every signal of the catalogue, without naming it: no look-ahead, month plan = history plan, and a slow oracle.

Copies of the same companies, moved by 50 years each, go through one computation: the whole history, the history cut at
a month, and for each window only the months that it says it needs.
"""

import random
import re
from collections.abc import Callable, Sequence
from datetime import date
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sf_spark.calendar import index_of, start_of
from sf_spark.signals.catalogue import CATALOGUE, compute_signals, months_needed, signals_for
from sf_spark.signals.record import Signal

FIRST, MONTHS = index_of(date(2022, 1, 1)), 31
LAST = FIRST + MONTHS - 1
CUT = LAST - 3
APART = 50 * 12  # between copies: further than any window reaches
WINDOWS = sorted({signal.window for signal in CATALOGUE})
FEWEST = 20  # companies that make a sector
MEASURES = {
    "cotisation": "double",
    "dette": "double",
    "montant_part_ouvriere": "double",
    "montant_part_patronale": "double",
    "nb_ecarts_negatifs": "int",
    "effectif": "int",
    "effectif_age_mois": "int",
    "nb_etablissements": "int",
    "age_mois": "int",
    "ape": "string",
    "categorie_juridique": "string",
}
SCHEMA = "siren string, periode date, " + ", ".join(f"{name} {kind}" for name, kind in MEASURES.items())
Row = dict[str, Any]
Panel = dict[str, dict[int, Row]]
SINGLE, ZERO, HOLE, SMALL_SECTOR, NO_SECTOR = "single", "zero", "hole", "small sector", "no sector"


def company(rng: random.Random, name: str) -> dict[int, Row]:
    """The months of one company; one in three has unknown values, all have debts that come and go."""
    gaps = 0.15 if rng.random() < 0.35 else 0.0
    ape = {SMALL_SECTOR: "01.11Z", NO_SECTOR: None}.get(name, rng.choice(("62.01Z", "63.11Z")))
    legal = rng.choice(("1000", "5710", None))
    owed, staff, rows = 0.0, rng.randint(0, 30), {}
    for month in range(FIRST, FIRST + MONTHS):
        owed = max(0.0, owed + rng.choice((0, 0, 250.5, -400.25))) if rng.random() < 0.9 else 0.0
        staff = max(0, staff + rng.randint(-2, 2))
        ouvriere = round(owed / 3, 2)
        rows[month] = {
            "cotisation": None if rng.random() < gaps else 0.0 if name == ZERO else round(rng.uniform(0, 9000), 2),
            "dette": owed,
            "montant_part_ouvriere": ouvriere,
            "montant_part_patronale": round(owed - ouvriere, 2),
            "nb_ecarts_negatifs": int(owed > 0) * rng.randint(1, 3),
            "effectif": None if month < FIRST + 3 or rng.random() < gaps else staff,
            "effectif_age_mois": rng.randint(3, 6),
            "nb_etablissements": rng.randint(0, 4),
            "age_mois": month - FIRST + 12,
            "ape": ape,
            "categorie_juridique": legal,
        }
    return rows


@pytest.fixture(scope="module")
def panel() -> Panel:
    rng = random.Random(20)
    names = [f"company {number}" for number in range(FEWEST + 6)] + [ZERO, HOLE, SMALL_SECTOR, NO_SECTOR]
    made = {name: company(rng, name) for name in names}
    for missing in (FIRST + 9, CUT - 5, CUT - 4):
        del made[HOLE][missing]
    made[SINGLE] = {CUT: company(rng, SINGLE)[CUT]}
    return made


def frame(spark: SparkSession, rows: Sequence[tuple[str, int, Row]]) -> DataFrame:
    values = [(name, start_of(month), *(row[measure] for measure in MEASURES)) for name, month, row in rows]
    return spark.createDataFrame(values, SCHEMA)


def flat(panel: Panel, first: int = FIRST, last: int = LAST) -> list[tuple[str, int, Row]]:
    return [(name, m, row) for name, months in panel.items() for m, row in months.items() if first <= m <= last]


def indexed(signals: DataFrame, key: str = "siren") -> pd.DataFrame:
    """One line for each company and month (as its index), in order."""
    read = signals.toPandas()
    months = [index_of(day) for day in read["periode"]]
    assert set(read.dtypes.drop([key, "periode"]).astype(str)) == {"float32"}
    table = read.drop(columns=[key, "periode"]).set_index(pd.MultiIndex.from_arrays([read[key], months])).sort_index()
    assert table.index.is_unique
    return table


@pytest.fixture(scope="module")
def copies(spark: SparkSession, panel: Panel) -> dict[str, pd.DataFrame]:
    """The signals of each copy: ``whole``, ``cut``, and by window the months from CUT - window + 1 to CUT."""
    spans = {"whole": (FIRST, LAST), "cut": (FIRST, CUT)}
    spans |= {str(window): (CUT - window + 1, CUT) for window in WINDOWS}
    rows = [
        (f"{copy}/{name}", month + rank * APART, row)
        for rank, (copy, (first, last)) in enumerate(spans.items())
        for name, month, row in flat(panel, first, last)
    ]
    table = indexed(compute_signals(frame(spark, rows), "siren", CATALOGUE))
    assert len(table) == len(rows)  # every row is kept
    owners, months = table.index.get_level_values(0), table.index.get_level_values(1)
    found = {}
    for rank, copy in enumerate(spans):
        mine = owners.str.startswith(f"{copy}/")
        names = owners[mine].str.removeprefix(f"{copy}/")
        found[copy] = table[mine].set_index(pd.MultiIndex.from_arrays([names, months[mine] - rank * APART]))
    return found


def at(table: pd.DataFrame, month: int) -> pd.DataFrame:
    return table[table.index.get_level_values(1) == month]


every_signal = pytest.mark.parametrize("signal", CATALOGUE, ids=lambda signal: signal.name)


@every_signal
def test_cutting_the_future_changes_no_past_value(copies: dict[str, pd.DataFrame], signal: Signal) -> None:
    whole = copies["whole"][signal.name]
    past = whole[whole.index.get_level_values(1) <= CUT]
    pd.testing.assert_series_equal(copies["cut"][signal.name], past, check_exact=True)


@every_signal
def test_one_month_needs_no_more_than_the_window_says(copies: dict[str, pd.DataFrame], signal: Signal) -> None:
    """Scoring reads the months of the windows, training the whole history: the row of the month is the same."""
    history = at(copies["whole"], CUT)[signal.name]
    month = at(copies[str(signal.window)], CUT)[signal.name]
    pd.testing.assert_series_equal(month, history, check_exact=True)


def test_the_plan_of_a_month_reads_the_longest_window(copies: dict[str, pd.DataFrame]) -> None:
    assert months_needed(CATALOGUE) == WINDOWS[-1] - 1
    month = at(copies[str(WINDOWS[-1])], CUT)
    pd.testing.assert_frame_equal(month, at(copies["whole"], CUT), check_exact=True)
    assert len(month) == FEWEST + 6 + 5


def test_the_order_and_the_place_of_rows_do_not_matter(
    spark: SparkSession, panel: Panel, copies: dict[str, pd.DataFrame]
) -> None:
    rows = random.Random(3).sample(flat(panel), len(flat(panel)))
    shuffled = frame(spark, rows).repartition(5, F.rand(3))
    table = indexed(compute_signals(shuffled, "siren", CATALOGUE[::-1]))
    expected = copies["whole"][table.columns].rename_axis(table.index.names)
    pd.testing.assert_frame_equal(table, expected, check_exact=True)


@pytest.mark.parametrize(
    "name",
    [
        "ecart_secteur_effectif_change12m",  # needs what needs another signal
        "dette_diff3m_sur_cotisation_mean12m",
        "nb_mois_dette_consecutifs",
        "cotisation_std12m",
    ],
)
def test_a_signal_alone_is_the_signal_among_all(
    spark: SparkSession, panel: Panel, copies: dict[str, pd.DataFrame], name: str
) -> None:
    alone = indexed(compute_signals(frame(spark, flat(panel)), "siren", signals_for("siren", [name])))
    assert list(alone.columns) == [name]
    expected = copies["whole"][[name]].rename_axis(alone.index.names)
    pd.testing.assert_frame_equal(alone, expected, check_exact=True)


def test_an_establishment_has_the_same_rules(
    spark: SparkSession, panel: Panel, copies: dict[str, pd.DataFrame]
) -> None:
    """One signal of each kind, over rows that carry a SIRET for a SIREN."""
    kinds: dict[str, str] = {}
    for signal in signals_for("siret"):
        kinds.setdefault(re.sub(r"\d+", "", signal.name.removeprefix("montant_part_")), signal.name)
    some = signals_for(
        "siret", [name for kind, name in kinds.items() if re.search("lag|change|std|consec|_sur_", kind)]
    )
    rows = frame(spark, flat(panel)).withColumnRenamed("siren", "siret").withColumn("siren", F.lit("one"))
    table = indexed(compute_signals(rows, "siret", some), "siret")
    expected = copies["whole"][table.columns].rename_axis(table.index.names)
    pd.testing.assert_frame_equal(table, expected, check_exact=True)


def test_a_company_with_a_single_month_has_nulls_and_no_error(copies: dict[str, pd.DataFrame]) -> None:
    row = copies["whole"].loc[(SINGLE, CUT)]
    rolling = [s.name for s in CATALOGUE if s.window > 1 and re.search(r"(mean|max|min|std|lag|diff|change)\d", s.name)]
    own = [name for name in rolling if not name.startswith("secteur_")]
    assert row[own].isna().all()
    assert row[["dette", "effectif", "age_mois", "nb_mois_dette_consecutifs"]].notna().all()


def test_a_company_without_contributions_keeps_its_rows(copies: dict[str, pd.DataFrame]) -> None:
    rows = copies["whole"].loc[ZERO]
    assert len(rows) == MONTHS
    assert set(rows["cotisation"].dropna()) == {0.0}
    assert rows["dette_sur_cotisation_mean12m"].isna().all()  # nothing to compare with, which is not zero
    assert rows["dette"].notna().all()


# The oracle, from the names alone. A signal whose name it cannot read asks for a function below.

History = dict[int, Row]
Oracle = Callable[[Panel, str, int], float | None]
SECTIONS = {1: range(1, 4), 10: range(58, 64)}  # A: agriculture; J: information and communication (INSEE, NAF rev. 2)
STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "mean": fmean,
    "sum": sum,
    "max": max,
    "min": min,
    "std": stdev,
}
NAMED = re.compile(rf"(?P<measure>{'|'.join(MEASURES)})_(?P<what>[a-z]+)(?P<n>\d+)m")


def value(history: History, month: int, measure: str) -> float | None:
    return history[month][measure] if month in history else None


def rolled(measure: str, what: str, n: int) -> Oracle:
    def oracle(panel: Panel, name: str, month: int) -> float | None:
        known = [value(panel[name], month - back, measure) for back in range(n)]
        return None if None in known else STATISTICS[what](known)  # type: ignore[arg-type]

    return oracle


def shifted(measure: str, what: str, n: int) -> Oracle:
    def oracle(panel: Panel, name: str, month: int) -> float | None:
        now, before = value(panel[name], month, measure), value(panel[name], month - n, measure)
        if what == "lag" or before is None:
            return before
        if now is None or (what == "change" and before <= 0):
            return None
        return now - before if what == "diff" else (now - before) / before

    return oracle


def ratio(over: str, under: str) -> Oracle:
    """``cotisation_mean3m_sur_mean12m``: what is below the line may leave out its measure."""
    if not (under in MEASURES or NAMED.fullmatch(under)):
        measure = over if over in MEASURES else NAMED.fullmatch(over)["measure"]  # type: ignore[index]
        under = f"{measure}_{under}"

    def oracle(panel: Panel, name: str, month: int) -> float | None:
        a, b = (oracle_of(part)(panel, name, month) for part in (over, under))
        return None if a is None or b is None or b <= 0 else a / b

    return oracle


def streak(met: Callable[[Row], bool], limit: int) -> Oracle:
    def oracle(panel: Panel, name: str, month: int) -> float:
        for length in range(limit):
            if month - length not in panel[name] or not met(panel[name][month - length]):
                return length
        return limit

    return oracle


def months_in_debt(n: int) -> Oracle:
    def oracle(panel: Panel, name: str, month: int) -> float | None:
        owed = [value(panel[name], month - back, "dette") for back in range(n)]
        return None if None in owed else sum(debt > 0 for debt in owed)  # type: ignore[operator]

    return oracle


def months_since_debt(panel: Panel, name: str, month: int) -> float | None:
    return next((back for back in range(24) if (value(panel[name], month - back, "dette") or 0) > 0), None)


def sole_trader(panel: Panel, name: str, month: int) -> float | None:
    legal = panel[name][month]["categorie_juridique"]
    return None if legal is None else legal[0] == "1"


def division(panel: Panel, name: str, month: int) -> float | None:
    ape = panel[name][month]["ape"]
    return None if ape is None else int(ape[:2])


def section(panel: Panel, name: str, month: int) -> float | None:
    mine = division(panel, name, month)
    return next((rank for rank, divisions in SECTIONS.items() if mine in divisions), None)


def sector_mean(of_one: Oracle) -> Oracle:
    def oracle(panel: Panel, name: str, month: int) -> float | None:
        mine = section(panel, name, month)
        peers = [peer for peer in panel if month in panel[peer] and section(panel, peer, month) == mine]
        known = [x for x in (of_one(panel, peer, month) for peer in peers) if x is not None]
        return None if mine is None or len(known) < FEWEST else fmean(known)

    return oracle


def growth(panel: Panel, name: str, month: int) -> float | None:
    change = shifted("effectif", "change", 12)(panel, name, month)
    return None if change is None else min(change, 1.0)


def growth_gap(panel: Panel, name: str, month: int) -> float | None:
    own, sector = shifted("effectif", "change", 12)(panel, name, month), sector_mean(growth)(panel, name, month)
    return None if own is None or sector is None else own - sector


SPECIAL: dict[str, Oracle] = {
    "nb_mois_dette_consecutifs": streak(lambda row: row["dette"] > 0, 24),
    "nb_mois_sans_declaration": streak(lambda row: row["cotisation"] is None, 12),
    "mois_depuis_dette": months_since_debt,
    "est_personne_physique": sole_trader,
    "secteur_division": division,
    "secteur_section": section,
    "secteur_part_endettee": sector_mean(lambda panel, name, month: panel[name][month]["dette"] > 0),
    "secteur_effectif_change12m": sector_mean(growth),
    "ecart_secteur_effectif_change12m": growth_gap,
}


def oracle_of(name: str) -> Oracle:
    """What a signal should be, read from its name."""
    if name in SPECIAL:
        return SPECIAL[name]
    if name in MEASURES:
        return lambda panel, company, month: panel[company][month][name]
    if debts := re.fullmatch(r"nb_mois_dette_(\d+)m", name):
        return months_in_debt(int(debts[1]))
    if "_sur_" in name:
        return ratio(*name.split("_sur_", 1))
    found = NAMED.fullmatch(name)
    assert found, f"no oracle can read the name {name}: add one to SPECIAL"
    kind = rolled if found["what"] in STATISTICS else shifted
    return kind(found["measure"], found["what"], int(found["n"]))


@every_signal
def test_a_signal_is_what_its_name_says(panel: Panel, copies: dict[str, pd.DataFrame], signal: Signal) -> None:
    oracle, computed = oracle_of(signal.name), copies["whole"][signal.name]
    expected = [oracle(panel, name, month) for name, month in computed.index]
    wanted = np.array([np.nan if x is None else x for x in expected], dtype="float32")
    assert np.isfinite(wanted).sum() >= FEWEST  # the data put the signal to the test
    np.testing.assert_allclose(computed.to_numpy(), wanted, rtol=1e-5, atol=1e-6, equal_nan=True)
