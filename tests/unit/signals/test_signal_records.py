"""The records of the catalogue: properties that the dictionary, models and refreshes rely on."""

import re
from collections import Counter
from typing import Any, get_args

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from sf_spark.domain.ratios import PUBLISHED, RATIOS_BDF
from sf_spark.errors import ConfigurationError
from sf_spark.settings import load_settings
from sf_spark.signals.catalogue import catalogue_from, months_needed
from sf_spark.signals.dictionary import coverage, dictionary, page
from sf_spark.signals.measures import BDF, BILANS
from sf_spark.signals.record import Theme

CONTENT: dict[str, Any] = load_settings("test").signals.catalogue
CATALOGUE = catalogue_from(CONTENT)
COMPANY = CATALOGUE.of("siren")
UNITS = {"EUR", "salaries", "mois", "jours", "heures", "ratio", "nombre", "code", "%"}


def test_a_name_is_given_once_and_there_are_at_least_800() -> None:
    assert [name for name, times in Counter(signal.name for signal in COMPANY).items() if times > 1] == []
    assert len(COMPANY) >= 800


def test_accounts_have_a_measure_for_each_published_ratio() -> None:
    assert (tuple(BILANS), tuple(BDF)) == (PUBLISHED, RATIOS_BDF)


def test_records_are_complete() -> None:
    for signal in COMPANY:
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", signal.name), signal.name
        assert signal.theme in get_args(Theme) and signal.unit in UNITS, signal.name
        assert signal.description and signal.null_rule and signal.source, signal.name


def test_a_window_is_what_the_name_says() -> None:
    for signal in COMPANY:
        months = [
            int(n)
            for n in re.findall(r"(?:mean|sum|max|min|std|slope|part|first|last|serie|dette_)(\d+)m", signal.name)
        ]
        months += [int(n) + 1 for n in re.findall(r"(?:lag|diff|change)(\d+)m", signal.name)]
        assert signal.window >= max(months, default=1), signal.name
        if months and "_sur_" not in signal.name:
            assert signal.window == max(months), signal.name


def test_the_dictionary_has_one_row_a_signal_with_its_coverage(spark: SparkSession) -> None:
    table = pa.table(
        {
            "siren": ["1", "2", "3", "4"],
            "dette": pa.array([1.0, None, 3.0, 2.0], pa.float32()),
            "effectif": pa.array([None] * 4, pa.float32()),
        }
    )
    known = coverage(table)
    rows = {row["name"]: row for row in dictionary(spark, COMPANY, known).collect()}
    assert list(rows) == [signal.name for signal in COMPANY]
    assert (rows["dette"]["coverage"], rows["dette"]["example"], rows["dette"]["window"]) == (3 / 4, 3.0, 1)
    assert (rows["effectif"]["coverage"], rows["effectif"]["example"]) == (0.0, None)
    text = page(COMPANY, known)
    assert "| `dette` | dette envers l'URSSAF | EUR | debit | dette_urssaf | 1 |" in text and "| 75% | 3 |" in text


def test_an_establishment_has_all_signals_but_those_of_a_company() -> None:
    sites = CATALOGUE.of("siret")
    assert sites == tuple(signal for signal in COMPANY if not signal.company_only)
    assert 300 < len(sites) < len(COMPANY)


def test_families_are_switched_on_one_by_one() -> None:
    some = catalogue_from(CONTENT, ("age", "secteur")).of("siren")
    assert {signal.family for signal in some} == {"age", "secteur"}
    assert "secteur_part_endettee" in {signal.name for signal in some}
    with pytest.raises(ConfigurationError, match="unknown family agee; known families: cotisations"):
        catalogue_from(CONTENT, ("agee",))


@pytest.mark.parametrize(
    ("family", "message"),
    [
        ({"measures": ["dette", "inconnu"], "level": True}, "family x: unknown inconnu"),
        ({"measures": ["dette"], "moyenne": [3]}, "family x: unknown moyenne; operators: lag"),
        ({"measures": ["dette", "dette"], "level": True}, "signal dette is made twice"),
    ],
)
def test_a_wrong_family_is_named(family: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        catalogue_from({"families": {"x": family}})


def test_a_choice_keeps_its_order_and_an_unknown_signal_is_named() -> None:
    assert [s.name for s in CATALOGUE.of("siret", ["effectif_lag3m", "dette"])] == ["effectif_lag3m", "dette"]
    for key, name in (("siren", "effectif_lag4m"), ("siret", "nb_etablissements")):
        with pytest.raises(ConfigurationError, match=f"{name} at {key}"):
            CATALOGUE.of(key, ["dette", name])


def test_a_refresh_reads_as_far_back_as_the_longest_window() -> None:
    assert months_needed(CATALOGUE.of("siren", ["dette"])) == 0
    assert months_needed(CATALOGUE.of("siren", ["dette_max6m", "dette_lag12m"])) == 12
    assert months_needed(COMPANY) == 35
    assert months_needed([]) == 0
