"""A year of deliveries across January 2027, when the register changes all its codes, without visible effect.

December and January may differ no more than two ordinary months of the year: in the sector of each company, in its
peers, in the perimeter, and in the list. And every cell of the panels is the same as without the change.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs import build_labels, build_panel, build_signals, generate, ingest, publish, score, train
from sf_spark.demo.files import registre, sirene_histo
from sf_spark.demo.world.arrays import NEVER
from sf_spark.settings import Settings, load_settings

pytestmark = pytest.mark.long  # twelve deliveries twice, a model and five lists: minutes

SIZE = (
    *("generate.entreprises=500", "generate.annees=5", "generate.monthly_deliveries=11", "generate.last_batch=2706"),
    *("ingest.smallest_share=0.8", "signals.families=[cotisations, dettes, effectifs, secteur]"),
    *(
        "generate.failure_rate=0.1",
        "generate.announced_share=0.95",
        "train.models=[gradient_boosting, rule_2016]",
    ),  # enough for a champion
)
BEFORE, AFTER = "2026-12", "2027-01"
MONTHS = ["2026-10", "2026-11", BEFORE, AFTER, "2027-02"]  # the months with lists
PEERS = ["secteur_part_endettee", "secteur_effectif_change12m"]
Frames = dict[str, pd.DataFrame]  # by month, the companies as index


@dataclass(frozen=True)
class Year:
    """A lake with a year of deliveries in it."""

    settings: Settings

    def months(self, table: str, columns: list[str], months: list[str]) -> Frames:
        rows = DeltaTable(f"{self.settings.lake}/{table}").to_pyarrow_table(columns=["siren", "periode", *columns])
        frame = rows.to_pandas()
        month = frame["periode"].astype(str).str.slice(0, 7)
        return {name: frame[month == name].set_index("siren")[columns] for name in months}

    @property
    def codes_written_twice(self) -> set[str]:
        """The codes of NAF 2025 that some unit of the register holds beside a former code."""
        rows = [
            DeltaTable(f"{self.settings.lake}/staged/{name}").to_pyarrow_table(columns=["ape", "ape_naf25"]).to_pandas()
            for name in ("sirene", "sirene_ul")
        ]
        return set(pd.concat(rows).dropna()["ape_naf25"])

    @property
    def every_month(self) -> list[str]:
        return [f"{month:%Y-%m}" for month in pd.date_range("2026-07-01", "2027-06-01", freq="MS")]


def lived(spark: SparkSession, folder: Path) -> Year:
    """A year of deliveries taken in, and the panels."""
    settings = load_settings("test", [*(f"{key}={folder / key}" for key in ("landing", "truth", "lake")), *SIZE])
    generate.run(settings, argparse.Namespace(), quiet)
    for job in (ingest, build_panel):
        assert not job.run(spark, settings, job.parser().parse_args([]), quiet), job.__name__
    return Year(settings)


@pytest.fixture(scope="module")
def year(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Year:
    return lived(spark, tmp_path_factory.mktemp("change"))


@pytest.fixture(scope="module")
def listed(spark: SparkSession, year: Year) -> Year:
    """The same lake with signals, a model, and the lists of some months."""
    for job, arguments in (
        *((build_signals, []), (build_labels, []), (train, [])),
        (score, [part for month in MONTHS for part in ("--periode", month)]),
        (publish, []),
    ):
        assert not job.run(spark, year.settings, job.parser().parse_args(arguments), quiet), job.__name__
    return year


@pytest.fixture(scope="module")
def unchanged(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Year:
    """The same companies in a year in which INSEE changes nothing."""
    with pytest.MonkeyPatch.context() as patched:
        first_deliveries = registre._first_deliveries
        patched.setattr(registre, "_first_deliveries", lambda timeline: (first_deliveries(timeline)[0], NEVER))
        patched.setattr(sirene_histo, "CHANGE_DAY", NEVER)
        return lived(spark, tmp_path_factory.mktemp("unchanged"))


@pytest.mark.parametrize(("table", "key"), [("panel/etablissement", "siret"), ("panel/entreprise", "siren")])
def test_every_cell_is_what_it_would_have_been_without_the_change(
    year: Year, unchanged: Year, table: str, key: str
) -> None:
    frames = [
        DeltaTable(f"{one.settings.lake}/{table}").to_pyarrow_table().to_pandas().sort_values([key, "periode"])
        for one in (year, unchanged)
    ]
    frames = [frame.reset_index(drop=True) for frame in frames]
    # Beside the new code itself, only this may differ: a unit created after the change has no former code.
    naf25_columns = ["ape_naf25", "ape_est_derive"]
    changed, same = (frame.drop(columns=naf25_columns) for frame in frames)
    # In such a small population there may be no unit to derive a former code from: then nothing is guessed.
    new = frames[0]["ape_naf25"]
    bridgeless = (changed["ape"].isna() & new.notna() & ~new.isin(year.codes_written_twice)).to_numpy()
    assert bridgeless.mean() < 0.001
    assert (changed["periode"].astype(str)[bridgeless] >= "2027-01-01").all()
    coded = ["ape", "section", "division"]
    for frame in (changed, same):
        frame.loc[bridgeless, coded] = None
    pd.testing.assert_frame_equal(changed, same, check_exact=True)
    derived = [frame["ape_est_derive"].astype(str) for frame in frames]  # no code: None, which differs from itself
    assert (derived[0] != derived[1]).mean() < 0.01
    assert (changed["periode"].astype(str) >= "2027-01-01").mean() > 0.05


def quiet(_: str) -> None:
    pass


def differences(frames: Frames, differ: Callable[[pd.DataFrame, pd.DataFrame], float]) -> dict[str, float]:
    """How much each month differs from the one before it, by the later month."""
    return {later: differ(frames[earlier], frames[later]) for earlier, later in pairwise(frames)}


def no_more_than_ordinary(what: str, found: dict[str, float]) -> None:
    print(f"{what}: {', '.join(f'{month} {value:.4f}' for month, value in found.items())}")
    ordinary = [value for month, value in found.items() if month != AFTER]
    assert found[AFTER] <= max(ordinary), what


def share_changed(before: pd.DataFrame, after: pd.DataFrame) -> float:
    """The share of the companies of both months in which a column differs, nulls being equal."""
    both = before.index.intersection(after.index)
    old, new = before.loc[both], after.loc[both]
    return float((~((old == new) | (old.isna() & new.isna()))).any(axis=1).mean())


def test_the_register_is_written_in_the_new_nomenclature(year: Year) -> None:
    rows = DeltaTable(f"{year.settings.lake}/staged/sirene_ul").to_pyarrow_table().to_pandas()
    written = rows[rows["superseded_on"].isna()].groupby("nomenclature_ape").size()
    assert written["NAF2025"] > 300 and {"NAFRev2", "NAP"} <= set(written.index)  # units that ended before keep theirs
    new = rows[(rows["_batch"] >= "2701") & (rows["nomenclature_ape"] == "NAF2025")]
    assert new["ape"].isna().all()


@pytest.mark.parametrize("columns", [["ape"], ["section", "division"], ["departement"], ["raison_sociale"]])
def test_companies_keep_what_they_are(year: Year, columns: list[str]) -> None:
    frames = year.months("panel/entreprise", columns, year.every_month)
    no_more_than_ordinary(columns[0], differences(frames, share_changed))
    assert share_changed(frames[BEFORE], frames[AFTER]) == 0
    known = [float(frames[month].notna().all(axis=1).mean()) for month in (BEFORE, AFTER)]
    assert known[1] >= known[0] - 0.01, known


def test_establishments_keep_what_they_are(year: Year) -> None:
    frames = year.months("panel/etablissement", ["siret", "ape", "departement", "est_ouvert"], year.every_month)
    by_site = {month: frame.set_index("siret") for month, frame in frames.items()}
    no_more_than_ordinary("establishments", differences(by_site, share_changed))
    for column in ("ape", "departement"):
        found = {month: frame[[column]] for month, frame in by_site.items()}
        assert share_changed(found[BEFORE], found[AFTER]) == 0


def test_the_perimeter_stays(year: Year) -> None:
    inside = {
        month: frame[frame["est_dans_perimetre"]]
        for month, frame in year.months("panel/entreprise", ["est_dans_perimetre"], year.every_month).items()
    }
    no_more_than_ordinary("perimeter", differences(inside, share_of_either))
    assert len(inside[AFTER]) > 200


def share_of_either(before: pd.DataFrame, after: pd.DataFrame) -> float:
    """The share of the companies of either month that are in one of them only."""
    one, other = set(before.index), set(after.index)
    return len(one ^ other) / len(one | other)


def known_or_not(before: pd.DataFrame, after: pd.DataFrame) -> float:
    both = before.index.intersection(after.index)
    return float((before.loc[both].isna() != after.loc[both].isna()).any(axis=1).mean())


@pytest.mark.parametrize("signal", PEERS)
def test_companies_are_compared_with_the_same_peers(listed: Year, signal: str) -> None:
    def moved(before: pd.DataFrame, after: pd.DataFrame) -> float:
        both = before.join(after, how="inner", lsuffix="_before").dropna()
        return float((both[signal] - both[f"{signal}_before"]).abs().median())

    frames = listed.months("signals/entreprise", [signal], listed.every_month)
    no_more_than_ordinary(f"companies with {signal} or without", differences(frames, known_or_not))
    no_more_than_ordinary(signal, differences(frames, moved))


def test_the_list_stays(listed: Year) -> None:
    lists = DeltaTable(f"{listed.settings.lake}/lists/detection").to_pyarrow_table().to_pandas()
    alerts = lists[lists["rank"].notna()]
    frames = {month: alerts[alerts["list"].str.endswith(month)].set_index("siren") for month in MONTHS}
    assert min(map(len, frames.values())) > 20
    no_more_than_ordinary("list", differences(frames, share_of_either))


def test_sectors_stay_in_the_new_nomenclature_too(year: Year, spark: SparkSession) -> None:
    panel = year.settings.panel.model_copy(update={"nomenclature": "naf2025"})
    settings = year.settings.model_copy(update={"panel": panel})
    options = build_panel.parser().parse_args(["--rebuild"])
    assert build_panel.run(spark, settings, options, quiet) == 0
    frames = year.months("panel/entreprise", ["section", "division", "nomenclature"], MONTHS)
    assert {name for frame in frames.values() for name in frame["nomenclature"].dropna()} == {"naf2025"}
    no_more_than_ordinary("section in NAF 2025", differences(frames, share_changed))
