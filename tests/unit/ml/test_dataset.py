import shutil
from datetime import date

import numpy as np
import pytest

from sf_spark.errors import MissingTableError, SfSparkError
from sf_spark.lake.tables import replace_all
from sf_spark.ml.dataset import (
    collect,
    data_identity,
    data_versions,
    eligible_rows,
    read_version,
    rows_by_month,
    sample,
    signal_names,
    themes_of,
)
from sf_spark.schema import SIGNALS_ENTREPRISE

JANUARY, FEBRUARY = date(2020, 1, 1), date(2020, 2, 1)
INDEX = 2020 * 12


@pytest.fixture(scope="module")
def frames(spark):
    labels = spark.createDataFrame(
        [
            ("000000002", JANUARY, False, True),
            ("000000002", FEBRUARY, False, None),  # has not matured
            ("000000001", FEBRUARY, False, False),
            ("000000001", JANUARY, False, False),
            ("000000003", JANUARY, True, True),  # in proceedings, though nobody knew
            ("000000004", JANUARY, False, True),  # out of the perimeter
            ("000000005", JANUARY, False, True),  # no panel row
            ("000000006", JANUARY, False, True),  # was known to be in proceedings, whatever is known today
        ],
        "siren string, periode date, en_procedure boolean, cible_12m boolean",
    )
    known = ("000000001", "000000002", "000000003")
    panel = spark.createDataFrame(
        [
            *((siren, day, True, False) for siren in known for day in (JANUARY, FEBRUARY)),
            ("000000004", JANUARY, False, False),
            ("000000006", JANUARY, True, True),
        ],
        "siren string, periode date, est_dans_perimetre boolean, en_procedure boolean",
    )
    signals = spark.createDataFrame(
        [
            ("000000002", JANUARY, 2.5, None),
            ("000000001", FEBRUARY, -1.0, 3),
            ("000000001", JANUARY, None, 4),
            ("000000003", JANUARY, 1.0, 1),
        ],
        "siren string, periode date, dette float, code int",
    )
    return signals, labels, panel


def test_rows_are_those_in_the_perimeter_out_of_proceedings_and_matured(frames):
    signals, labels, panel = frames
    rows = eligible_rows(labels, panel, 12).collect()
    assert {(row["siren"], row["periode"], row["cible"]) for row in rows} == {
        ("000000002", JANUARY, 1),
        ("000000001", FEBRUARY, 0),
        ("000000001", JANUARY, 0),
    }


def test_months_without_signals_are_not_counted(frames, spark):
    signals, labels, panel = frames
    eligible = eligible_rows(labels, panel, 12)
    assert rows_by_month(eligible, signals) == {INDEX: 2, INDEX + 1: 1}
    assert rows_by_month(eligible, signals.where(signals.periode == JANUARY)) == {INDEX: 2}


def test_rows_arrive_as_float32_in_order_with_unknown_as_nan(frames):
    signals, labels, panel = frames
    names = signal_names(signals)
    data = collect(sample(signals, eligible_rows(labels, panel, 12), [INDEX, INDEX + 1], names, share=1.0), names)
    assert data.signals == ("code", "dette")
    assert data.siren.tolist() == ["000000001", "000000001", "000000002"]
    assert data.month.tolist() == [INDEX, INDEX + 1, INDEX]
    assert data.target.tolist() == [0, 0, 1]
    assert data.values.dtype == np.float32
    np.testing.assert_array_equal(data.values, np.array([[4, np.nan], [3, -1], [np.nan, 2.5]], dtype=np.float32))


def test_only_the_months_asked_for_are_read(frames):
    signals, labels, panel = frames
    data = collect(sample(signals, eligible_rows(labels, panel, 12), [INDEX + 1], ["dette"], share=1.0), ["dette"])
    assert data.month.tolist() == [INDEX + 1]


def test_a_share_draws_whole_companies_and_always_the_same(spark):
    rows = [(f"{company:09d}", day, float(company)) for company in range(200) for day in (JANUARY, FEBRUARY)]
    signals = spark.createDataFrame(rows, "siren string, periode date, dette float")
    everyone = signals.selectExpr("siren", "periode", "cast(0 as tinyint) as cible")
    some, again = (
        collect(sample(table, everyone, [INDEX, INDEX + 1], ["dette"], share=0.4), ["dette"])
        for table in (signals, signals.orderBy("dette", ascending=False))
    )
    assert 200 * 0.25 < len(set(some.siren)) < 200 * 0.55
    assert len(some) == 2 * len(set(some.siren))
    assert (some.siren == again.siren).all() and (some.values == again.values).all()


def test_a_missing_horizon_names_those_that_are_there(frames):
    _, labels, panel = frames
    with pytest.raises(SfSparkError, match=r"no cible_18m \(there: cible_12m\)"):
        eligible_rows(labels, panel, 18)


def test_a_signal_that_is_no_number_is_refused(spark):
    with pytest.raises(SfSparkError, match="numbers only, found: ape"):
        signal_names(spark.createDataFrame([], "siren string, periode date, dette float, ape string"))
    with pytest.raises(SfSparkError, match="found: no signal"):
        signal_names(spark.createDataFrame([], "siren string, periode date"))


def test_a_table_is_read_as_it_stood(spark, tmp_path):
    lake = str(tmp_path)
    schema = "siren string, periode date, dette float"
    replace_all(spark.createDataFrame([("000000001", JANUARY, 1.0)], schema), lake, SIGNALS_ENTREPRISE)
    versions = {SIGNALS_ENTREPRISE.path: 0}
    replace_all(spark.createDataFrame([("000000001", JANUARY, 2.0)], schema), lake, SIGNALS_ENTREPRISE)
    assert [row["dette"] for row in read_version(spark, lake, SIGNALS_ENTREPRISE, versions).collect()] == [1.0]


def test_a_lake_written_anew_in_the_same_place_is_another_one(spark, tmp_path):
    lake, versions = str(tmp_path), {SIGNALS_ENTREPRISE.path: 0}
    row = spark.createDataFrame([("000000001", JANUARY, 1.0)], "siren string, periode date, dette float")
    replace_all(row, lake, SIGNALS_ENTREPRISE)
    first = data_identity(lake, versions)
    assert first == data_identity(f"{lake}/", versions)
    shutil.move(tmp_path / "signals", tmp_path / "moved" / "signals")
    assert data_identity(f"{lake}/moved", versions) == first
    replace_all(row, lake, SIGNALS_ENTREPRISE)
    assert data_identity(lake, versions) != first
    assert data_identity(lake, {"signals/dictionary": -1}) == {"signals/dictionary": "-1 "}


def test_a_missing_table_is_named(spark, tmp_path):
    with pytest.raises(MissingTableError, match="signals/entreprise"):
        data_versions(spark, str(tmp_path))


def test_themes_come_from_the_dictionary(spark):
    dictionary = spark.createDataFrame([("dette", "dette_urssaf"), ("old", "effectif")], "name string, theme string")
    assert themes_of(dictionary, ["dette", "new"]) == {"dette": "dette_urssaf", "new": "autre"}
    assert themes_of(None, ["dette"]) == {"dette": "autre"}
