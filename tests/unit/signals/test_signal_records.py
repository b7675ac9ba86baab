"""The records of the catalogue: what a dictionary, a model and a refresh rely on."""

import re
from collections import Counter
from typing import get_args

import pytest
from pyspark.sql import SparkSession

from sf_spark.errors import ConfigurationError
from sf_spark.signals.catalogue import CATALOGUE, months_needed, signals_for
from sf_spark.signals.dictionary import dictionary
from sf_spark.signals.record import Signal, Theme

BY_NAME = {signal.name: signal for signal in CATALOGUE}
UNITS = {"EUR", "salaries", "mois", "ratio", "nombre", "code"}


def test_a_name_is_given_once() -> None:
    assert [name for name, times in Counter(signal.name for signal in CATALOGUE).items() if times > 1] == []


@pytest.mark.parametrize("signal", CATALOGUE, ids=lambda signal: signal.name)
def test_a_record_is_complete(signal: Signal) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", signal.name)
    assert signal.theme in get_args(Theme)
    assert signal.unit in UNITS
    assert signal.description and signal.null_rule and signal.source
    needs = [BY_NAME[need] for need in signal.needs]
    assert signal.window >= max((need.window for need in needs), default=1)
    # An establishment must not be asked for what only a company has.
    assert signal.company_only or not any(need.company_only for need in needs)


@pytest.mark.parametrize("signal", CATALOGUE, ids=lambda signal: signal.name)
def test_a_window_is_what_the_name_says(signal: Signal) -> None:
    months = [int(n) for n in re.findall(r"(?:mean|sum|max|min|std|dette_)(\d+)m", signal.name)]
    months += [int(n) + 1 for n in re.findall(r"(?:lag|diff|change)(\d+)m", signal.name)]
    assert signal.window >= max(months, default=1)
    if "_sur_" not in signal.name and months:
        assert signal.window == max(months)


def test_the_dictionary_has_one_row_a_signal(spark: SparkSession) -> None:
    rows = dictionary(spark).collect()
    assert [row["name"] for row in rows] == [signal.name for signal in CATALOGUE]
    assert [row["window"] for row in rows] == [signal.window for signal in CATALOGUE]
    assert not [row["name"] for row in rows if None in tuple(row)]


def test_an_establishment_has_all_signals_but_those_of_a_company() -> None:
    assert signals_for("siren") == CATALOGUE
    assert signals_for("siret") == tuple(signal for signal in CATALOGUE if not signal.company_only)
    assert len(signals_for("siret")) < len(CATALOGUE)


def test_a_choice_keeps_its_order() -> None:
    assert [signal.name for signal in signals_for("siret", ["effectif_lag3m", "dette"])] == ["effectif_lag3m", "dette"]


@pytest.mark.parametrize(("key", "name"), [("siren", "effectif_lag4m"), ("siret", "nb_etablissements")])
def test_an_unknown_signal_is_named(key: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} at {key}"):
        signals_for(key, ["dette", name])


def test_a_refresh_reads_as_far_back_as_the_longest_window() -> None:
    assert months_needed(signals_for("siren", ["dette"])) == 0
    assert months_needed(signals_for("siren", ["dette_max6m", "dette_lag12m"])) == 12
    assert months_needed([]) == 0
