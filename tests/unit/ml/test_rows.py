from datetime import date

import numpy as np
import pytest
from pyspark.sql import functions as F

from sf_spark.errors import SfSparkError
from sf_spark.ml.dataset import NEVER
from sf_spark.ml.models import SignalInfo
from sf_spark.ml.rows import Counts, collect, eligible_rows, rows_by_month, sample, signal_infos, signal_names

JANUARY, FEBRUARY = date(2020, 1, 1), date(2020, 2, 1)
LATER = date(2020, 8, 1)
INDEX = 2020 * 12


@pytest.fixture(scope="module")
def frames(spark):
    """The labels are known up to February 2021: those of February 2020 are the last that matured."""
    labels = spark.createDataFrame(
        [
            ("000000002", JANUARY, False, True, 5),
            ("000000002", FEBRUARY, False, True, 4),
            ("000000002", LATER, False, None, 2),  # has not matured, and is known to fail
            ("000000001", FEBRUARY, False, False, None),
            ("000000001", JANUARY, False, False, 20),  # beyond what is known
            ("000000003", JANUARY, True, True, 1),  # in proceedings, though nobody knew
            ("000000004", JANUARY, False, True, 1),  # out of the perimeter
            ("000000005", JANUARY, False, True, 1),  # no panel row
            ("000000006", JANUARY, False, True, 1),  # was known to be in proceedings, whatever is known today
        ],
        "siren string, periode date, en_procedure boolean, cible_12m boolean, mois_avant_defaillance int",
    )
    known = ("000000001", "000000002", "000000003")
    panel = spark.createDataFrame(
        [
            *((siren, day, True, False, "A") for siren in known for day in (JANUARY, FEBRUARY, LATER)),
            ("000000004", JANUARY, False, False, "A"),
            ("000000006", JANUARY, True, True, None),
        ],
        "siren string, periode date, est_dans_perimetre boolean, en_procedure boolean, section string",
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
    return signals, eligible_rows(labels, panel, 12, 6, {"section": F.col("section")}).cache(), (labels, panel)


def test_rows_are_those_in_the_perimeter_with_what_is_known_of_them(frames):
    rows = frames[1].collect()
    assert {(row["siren"], row["periode"], row["ahead"], row["seen"], row["in_procedure"]) for row in rows} == {
        ("000000002", JANUARY, 5, 13, False),
        ("000000002", FEBRUARY, 4, 12, False),
        ("000000002", LATER, 2, 6, False),
        ("000000001", FEBRUARY, NEVER, 12, False),
        ("000000001", JANUARY, NEVER, 13, False),
        ("000000003", JANUARY, 1, 13, True),
        ("000000006", JANUARY, 1, 13, True),
    }
    assert {row["group_section"] for row in rows if row["siren"] == "000000006"} == {"inconnu"}


def test_months_without_signals_are_not_counted(frames):
    signals, eligible, _ = frames
    assert rows_by_month(eligible, signals) == {INDEX: Counts(4, 3, 13), INDEX + 1: Counts(2, 1, 12)}
    assert rows_by_month(eligible, signals.where(signals.periode == JANUARY)) == {INDEX: Counts(4, 3, 13)}


def test_rows_arrive_as_float32_in_order_with_unknown_as_nan(frames):
    signals, eligible, _ = frames
    names = signal_names(signals)
    data = collect(sample(signals, eligible, [INDEX, INDEX + 1], names, others=1.0, companies=1.0), names)
    assert data.signals == ("code", "dette")
    assert data.siren.tolist() == ["000000001", "000000001", "000000002", "000000003"]
    assert data.month.tolist() == [INDEX, INDEX + 1, INDEX, INDEX]
    assert data.target(12).tolist() == [0, 0, 1, 1] and data.in_procedure.tolist() == [False, False, False, True]
    assert data.values.dtype == np.float32 and data.groups["section"].tolist() == ["A"] * 4
    expected = np.array([[4, np.nan], [3, -1], [np.nan, 2.5], [1, 1]], dtype=np.float32)
    np.testing.assert_array_equal(data.values, expected)


def test_only_the_months_asked_for_are_read(frames):
    signals, eligible, _ = frames
    data = collect(sample(signals, eligible, [INDEX + 1], ["dette"], others=1.0, companies=1.0), ["dette"])
    assert data.month.tolist() == [INDEX + 1]


def test_rows_without_failure_are_drawn_and_stand_for_the_others(spark):
    rows = [(f"{company:09d}", day, float(company)) for company in range(300) for day in (JANUARY, FEBRUARY)]
    signals = spark.createDataFrame(rows, "siren string, periode date, dette float")
    failing = F.col("siren") < "000000030"
    eligible = signals.select(
        "siren",
        "periode",
        F.when(failing, 3).otherwise(NEVER).cast("smallint").alias("ahead"),
        F.lit(12).cast("smallint").alias("seen"),
        F.lit(False).alias("in_procedure"),
    )
    months = [INDEX, INDEX + 1]
    some, again = (
        collect(sample(table, eligible, months, ["dette"], others=0.25, companies=1.0), ["dette"])
        for table in (signals, signals.orderBy("dette", ascending=False))
    )
    assert (some.siren == again.siren).all() and (some.values == again.values).all()
    fail = some.ahead < NEVER
    assert fail.sum() == 60 and (some.weight[fail] == 1).all() and (some.weight[~fail] == 4).all()
    assert some.weight.sum() == pytest.approx(600, rel=0.25)
    fewer = collect(sample(signals, eligible, months, ["dette"], others=1.0, companies=0.4), ["dette"])
    assert 300 * 0.25 < fewer.companies() < 300 * 0.55
    assert len(fewer) == 2 * fewer.companies()


def test_a_missing_horizon_names_those_that_are_there(frames):
    labels, panel = frames[2]
    with pytest.raises(SfSparkError, match=r"no cible_18m \(available: cible_12m\)"):
        eligible_rows(labels, panel, 18, 6, {})


def test_a_signal_that_is_no_number_is_refused(spark):
    with pytest.raises(SfSparkError, match="numbers only, found: ape"):
        signal_names(spark.createDataFrame([], "siren string, periode date, dette float, ape string"))
    with pytest.raises(SfSparkError, match="found: no signal"):
        signal_names(spark.createDataFrame([], "siren string, periode date"))


def test_themes_and_measures_come_from_the_dictionary(spark):
    schema = "name string, theme string, measure string, statistic string"
    rows = [("dette_max6m", "dette_urssaf", "dette", "max"), ("old", "effectif", "old", "level")]
    infos = signal_infos(spark.createDataFrame(rows, schema), ["dette_max6m", "new"])
    assert infos == {
        "dette_max6m": SignalInfo("dette_urssaf", "dette", "max"),
        "new": SignalInfo("autre", "new", "level"),
    }
    assert signal_infos(None, ["dette"]) == {"dette": SignalInfo("autre", "dette", "level")}
