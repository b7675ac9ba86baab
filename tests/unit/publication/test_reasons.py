"""The measures behind an alert, and their sentences."""

from math import inf, nan

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.publication.reasons import french, number, quantity, reasons
from sf_spark.publication.wording import WORDINGS

DICTIONARY = [
    ("dette", "dette envers l'URSSAF", "EUR", "dette_urssaf", "dette"),
    ("dette_mean6m", "dette envers l'URSSAF, moyenne sur 6 mois", "EUR", "dette_urssaf", "dette"),
    ("dette_sur_cotisation_mean12m", "dette URSSAF rapportée", "ratio", "dette_urssaf", "dette"),
    ("nb_delais", "nombre de délais", "nombre", "dette_urssaf", "nb_delais"),
    ("effectif", "effectif salarié", "salaries", "effectif", "effectif"),
    ("effectif_change12m", "effectif salarié, variation relative sur 12 mois", "ratio", "effectif", "effectif"),
    ("age_mois", "âge", "mois", "demographie", "age_mois"),
    ("secteur_section", "section", "code", "secteur", "secteur_section"),
]
NAMES = [row[0] for row in DICTIONARY]
VALUES = dict(zip(NAMES, (9000.0, 7000.0, 3.2, 1.0, 12.0, -0.2, 30.0, 6.0), strict=True))


def frame(spark: SparkSession, rows: list[tuple[str, dict[str, float]]]):
    schema = "siren string, " + ", ".join(f"{name} float" for name in NAMES)
    return spark.createDataFrame([(siren, *(values.get(name) for name in NAMES)) for siren, values in rows], schema)


def reasons_of(
    spark: SparkSession, weights: dict[str, float] | None, values: dict[str, float] = VALUES, **frames
) -> list[dict]:
    contributions = spark.createDataFrame([("1", weights)], "siren string, contributions map<string,double>")
    schema = "name string, description string, unit string, theme string, measure string"
    dictionary = spark.createDataFrame(DICTIONARY, schema)
    rows = reasons(contributions, frame(spark, [("1", values)]), dictionary, **frames).collect()
    return [reason.asDict() for reason in (rows[0]["reasons"] if rows else [])]


def measures_of(answer: list[dict]) -> list[str]:
    return [reason["measure"] for reason in answer]


def test_signals_are_netted_by_measure_before_anything_is_ranked(spark: SparkSession) -> None:
    weights = {"dette_mean6m": 0.9, "dette": -0.7, "effectif": 0.3, "age_mois": 0.1}
    answer = reasons_of(spark, weights)
    assert measures_of(answer) == ["effectif", "dette", "age_mois"]
    assert [reason["contribution"] for reason in answer] == pytest.approx([0.3, 0.9 - 0.7, 0.1])


def test_a_measure_or_a_theme_that_in_sum_speaks_for_the_company_is_no_reason(spark: SparkSession) -> None:
    assert measures_of(reasons_of(spark, {"effectif_change12m": 0.4, "effectif": -0.5, "age_mois": 0.1})) == [
        "age_mois"
    ]
    assert measures_of(reasons_of(spark, {"nb_delais": 0.4, "dette": -0.5, "age_mois": 0.1})) == [
        "age_mois"
    ]  # one theme
    assert measures_of(reasons_of(spark, {"effectif": 0.5, "effectif_change12m": -0.5})) == []
    assert reasons_of(spark, {"age_mois": -0.3}) == reasons_of(spark, {}) == reasons_of(spark, None) == []


def test_three_themes_come_before_a_second_measure_of_one(spark: SparkSession) -> None:
    weights = {"dette": 0.9, "nb_delais": 0.8, "effectif": 0.2, "age_mois": 0.1}
    assert measures_of(reasons_of(spark, weights)) == ["dette", "effectif", "age_mois"]
    assert measures_of(reasons_of(spark, {"dette": 0.9, "nb_delais": 0.8, "effectif": 0.2})) == [
        "dette",
        "effectif",
        "nb_delais",
    ]


def test_equal_weights_go_by_name(spark: SparkSession) -> None:
    weights = {"effectif": 0.5, "dette": 0.5, "age_mois": 0.5}
    assert measures_of(reasons_of(spark, weights)) == ["age_mois", "dette", "effectif"]


def test_what_is_unknown_is_never_a_reason(spark: SparkSession) -> None:
    weights = {"dette": 0.9, "effectif_change12m": 0.5, "age_mois": 0.1}
    assert measures_of(reasons_of(spark, weights, {**VALUES, "age_mois": nan})) == ["dette", "effectif"]
    nothing = {"dette": nan, "dette_sur_cotisation_mean12m": nan, "effectif": nan, "effectif_change12m": nan}
    assert measures_of(reasons_of(spark, weights, {**VALUES, **nothing})) == ["age_mois"]
    assert reasons_of(spark, weights, {}) == []


def test_another_signal_speaks_for_a_measure_whose_own_is_unknown(spark: SparkSession) -> None:
    (reason,) = reasons_of(spark, {"dette_mean6m": 0.5}, {"dette_mean6m": 7000.0})
    assert reason["signal"] == "dette_mean6m"
    assert reason["text"] == "Dette envers l'URSSAF, moyenne sur 6 mois : 7 000 €"
    (reason,) = reasons_of(spark, {"dette_mean6m": 0.5}, {"dette_mean6m": 7000.0, "dette": 8000.0})
    assert reason["signal"] == "dette" and reason["text"] == "Dette envers l'URSSAF : 8 000 €"


def test_a_sentence_compares_with_a_year_ago_and_with_the_sector(spark: SparkSession) -> None:
    month = frame(spark, [("1", VALUES), ("2", {"dette_sur_cotisation_mean12m": 0.0}), ("3", {"effectif": 20.0}),
                          ("4", {"dette_sur_cotisation_mean12m": 0.0, "effectif": 30.0})])  # fmt: skip
    sectors = spark.createDataFrame([(str(n), "F") for n in range(1, 5)], "siren string, section string")
    before = frame(spark, [("1", {"dette_sur_cotisation_mean12m": 0.4, "effectif": 15.0, "secteur_section": 6.0})])
    weights = {"dette": 0.9, "effectif": 0.5, "secteur_section": 0.1}
    contributions = spark.createDataFrame([("1", weights)], "siren string, contributions map<string,double>")
    schema = "name string, description string, unit string, theme string, measure string"
    dictionary = spark.createDataFrame(DICTIONARY, schema)
    (row,) = reasons(contributions, month, dictionary, before, sectors).collect()
    assert [reason["text"] for reason in row["reasons"]] == [
        "Dette URSSAF : 3,2 mois de cotisation, contre 0,4 il y a un an ; médiane du secteur 0",
        "Effectif salarié : 12 salariés, contre 15 il y a un an ; médiane du secteur 20",
        "Secteur : Construction",
    ]
    first = row["reasons"][0]
    assert (first["value"], first["value_year_ago"], first["sector_median"]) == pytest.approx((3.2, 0.4, 0.0))


def test_an_uninformative_value_gives_way_to_another_signal_of_the_measure(spark: SparkSession) -> None:
    nought, twelve = {"dette_sur_cotisation_mean12m": 0.0, "dette": 0.0, "dette_mean6m": 7000.0}, {"effectif": 12.0}
    month = frame(spark, [("1", nought | twelve), ("2", nought | twelve), ("3", nought | twelve)])
    sectors = spark.createDataFrame([(str(n), "F") for n in range(1, 4)], "siren string, section string")
    weights = spark.createDataFrame(
        [("1", {"dette_mean6m": 0.9, "effectif": 0.5})], "siren string, contributions map<string,double>"
    )
    schema = "name string, description string, unit string, theme string, measure string"
    dictionary = spark.createDataFrame(DICTIONARY, schema)
    (row,) = reasons(weights, month, dictionary, None, sectors).collect()
    assert [(reason["signal"], reason["text"]) for reason in row["reasons"]] == [
        ("dette_mean6m", "Dette envers l'URSSAF, moyenne sur 6 mois : 7 000 €"),
        ("effectif", "Effectif salarié : 12 salariés ; médiane du secteur 12"),  # nothing else speaks for its theme
    ]
    # It was 3 a year ago: 0 is informative.
    before = frame(spark, [("1", {"dette_sur_cotisation_mean12m": 3.0})])
    (row,) = reasons(weights, month, dictionary, before, sectors).collect()
    text = "Dette URSSAF : 0 mois de cotisation, contre 3 il y a un an ; médiane du secteur 0"
    assert row["reasons"][0]["text"] == text


def test_within_a_theme_a_measure_with_an_informative_value_comes_first(spark: SparkSession) -> None:
    values = {"dette": 0.0, "dette_sur_cotisation_mean12m": 0.0, "nb_delais": 2.0}
    (first, second) = reasons_of(spark, {"dette": 0.9, "nb_delais": 0.1}, values)
    assert [first["measure"], second["measure"]] == ["nb_delais", "dette"]


def test_an_age_is_written_in_years_and_not_compared(spark: SparkSession) -> None:
    before = frame(spark, [("1", {"age_mois": 523.0})])
    (reason,) = reasons_of(spark, {"age_mois": 0.5}, {"age_mois": 535.0}, year_ago=before)
    assert reason["text"] == f"Âge de l'entreprise : {535 // 12} ans"


def test_what_did_not_change_says_so(spark: SparkSession) -> None:
    before = frame(spark, [("1", {"effectif": 12.0})])
    (reason,) = reasons_of(spark, {"effectif": 0.5}, year_ago=before)
    assert reason["text"] == "Effectif salarié : 12 salariés, comme il y a un an"


def test_a_signal_out_of_the_dictionary_is_a_measure_of_its_own(spark: SparkSession) -> None:
    contributions = spark.createDataFrame([("1", {"taux": 0.5})], "siren string, contributions map<string,double>")
    signals = spark.createDataFrame([("1", 2.5)], "siren string, taux float")
    schema = "name string, description string, unit string, theme string, measure string"
    (row,) = reasons(contributions, signals, spark.createDataFrame(DICTIONARY, schema)).collect()
    assert [reason["text"] for reason in row["reasons"]] == ["Taux : 2,5"]


QUANTITIES = [
    ("dette", "EUR", 12500.4, "12 500 €"),
    ("dette", "EUR", 1234567.0, "1 234 567 €"),
    ("dette", "EUR", 99.5, "99,50 €"),
    ("dette", "EUR", -0.001, "0 €"),
    ("effectif", "salaries", 1.0, "1 salarié"),
    ("effectif_mean3m", "salaries", 1.96, "2 salariés"),
    ("effectif_mean3m", "salaries", 1.5, "1,5 salarié"),
    ("effectif", "salaries", 1200.0, "1 200 salariés"),
    ("effectif_change12m", "ratio", -0.256, "-26 %"),
    ("bilan_marge_ebe", "%", 4.25, "4,3 %"),
    ("dette_sur_cotisation_mean12m", "mois de cotisation", 3.24, "3,2 mois de cotisation"),
    ("age_mois", "mois", 1.0, "1 mois"),
    ("age_mois", "mois", 35.0, "35 mois"),
    ("age_mois", "mois", 36.0, "3 ans"),
    ("bilan_capacite_de_remboursement", "ans", 0.4, "0,4 an"),
    ("bilan_capacite_de_remboursement", "ans", 2.5, "2,5 ans"),
    ("ecart_secteur_effectif_change12m", "points", -0.07, "-7 points"),
    ("ecart_secteur_effectif_change12m", "points", -0.011, "-1,1 point"),
    ("paydex_nb_jours", "jours", 1.0, "1 jour"),
    ("paydex_nb_jours", "jours", 14.0, "14 jours"),
    ("apart_heures_consommees", "heures", 250.5, "250,5 heures"),
    ("nb_etablissements", "nombre", 3.0, "3"),
    ("est_personne_physique", "code", 1.0, "oui"),
    ("est_personne_physique", "code", 0.0, "non"),
    ("secteur_section", "code", 9.0, "Hébergement et restauration"),
    ("secteur_division", "code", 56.0, "56"),
    ("inconnu", None, 2.0, "2"),
]


def as_text(nomenclature: str = "naf_rev2"):
    signal, unit, value = (F.col(name) for name in ("signal", "unit", "value"))
    return quantity(signal, unit, value, number(unit, value), nomenclature)


def test_quantities(spark: SparkSession) -> None:
    rows = spark.createDataFrame(QUANTITIES, "signal string, unit string, value double, expected string").coalesce(1)
    found = rows.select("expected", as_text().alias("text")).collect()
    assert [row["text"] for row in found] == [row["expected"] for row in found]


def test_every_measure_that_models_read_has_its_words() -> None:
    from sf_spark.settings import load_settings
    from sf_spark.signals.catalogue import catalogue_from

    signals = catalogue_from(load_settings("test").signals.catalogue).of("siren")
    core = {signal.measure for signal in signals if signal.core}
    assert core <= set(WORDINGS)
    names = {signal.name for signal in signals}
    assert {word.signal for word in WORDINGS.values() if word.signal} <= names


def test_a_section_is_called_as_its_nomenclature_calls_it(spark: SparkSession) -> None:
    row = ("secteur_section", "code", 11.0)  # the eleventh letter is K
    frame = spark.createDataFrame([row], "signal string, unit string, value double")
    found = frame.select(*(as_text(one).alias(one) for one in ("naf_rev2", "naf2025"))).first()
    assert found["naf_rev2"] == "Activités financières et d'assurance"
    assert found["naf2025"].startswith("Télécommunications, programmation")


def test_numbers_as_a_french_reader_expects(spark: SparkSession) -> None:
    numbers = [(1234.5, "1 234,5"), (-0.04, "0,0"), (0.25, "0,3"), (-0.25, "-0,3"), (999.95, "1 000,0"), (inf, "∞")]
    frame = spark.createDataFrame([(value,) for value, _ in numbers], "value double").coalesce(1)
    texts = [row[0] for row in frame.select(french(F.col("value"), 1)).collect()]
    assert texts == [text for _, text in numbers]


def test_a_figure_of_the_sector_is_not_compared_with_the_sector(spark: SparkSession) -> None:
    schema = "siren string, secteur_part_endettee double"
    month = spark.createDataFrame([(str(n), 0.12) for n in range(1, 4)], schema)
    sectors = spark.createDataFrame([(str(n), "F") for n in range(1, 4)], "siren string, section string")
    weights = spark.createDataFrame(
        [("1", {"secteur_part_endettee": 0.4})], "siren string, contributions map<string,double>"
    )
    entry = [("secteur_part_endettee", "part", "ratio", "secteur", "secteur_part_endettee")]
    dictionary = spark.createDataFrame(
        entry, "name string, description string, unit string, theme string, measure string"
    )
    (row,) = reasons(weights, month, dictionary, None, sectors).collect()
    assert row["reasons"][0]["text"] == "Part des entreprises du secteur avec une dette URSSAF : 12 %"
    assert row["reasons"][0]["sector_median"] is None
