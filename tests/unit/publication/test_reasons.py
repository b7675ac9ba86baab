"""Which signals speak for an alert, and how they read."""

from math import inf, nan

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.publication.reasons import french, measure, reasons, sentence

DICTIONARY = [
    ("dette", "dette envers l'URSSAF", "EUR", "dette_urssaf"),
    ("dette_mean6m", "dette envers l'URSSAF, moyenne sur 6 mois", "EUR", "dette_urssaf"),
    ("dette_max12m_sur_cotisation_mean12m", "dette URSSAF maximale", "ratio", "dette_urssaf"),
    ("effectif", "effectif salarie, dernier publie", "salaries", "effectif"),
    ("effectif_change12m", "effectif salarie, variation relative sur 12 mois", "ratio", "effectif"),
    ("age_mois", "age", "mois", "demographie"),
]


def told(spark: SparkSession, weights: dict[str, float] | None, values: dict[str, float]) -> list[tuple[str, str]]:
    contributions = spark.createDataFrame([("1", weights)], "siren string, contributions map<string,float>")
    names = [row[0] for row in DICTIONARY]
    row = ("1", *(values.get(name) for name in names))
    signals = spark.createDataFrame([row], "siren string, " + ", ".join(f"{name} float" for name in names))
    dictionary = spark.createDataFrame(DICTIONARY, "name string, description string, unit string, theme string")
    rows = reasons(contributions, signals, dictionary).collect()
    return [(reason["signal"], reason["text"]) for reason in (rows[0]["reasons"] if rows else [])]


def signals_of(answer: list[tuple[str, str]]) -> list[str]:
    return [signal for signal, _ in answer]


def test_one_signal_speaks_for_its_measure(spark: SparkSession) -> None:
    weights = {"dette_mean6m": 0.9, "dette": 0.8, "effectif": 0.1, "age_mois": 0.05, "effectif_change12m": 0.02}
    assert signals_of(told(spark, weights, {})) == ["dette_mean6m", "effectif", "age_mois"]


def test_a_share_of_the_debt_is_still_the_debt(spark: SparkSession) -> None:
    weights = {"dette_max12m_sur_cotisation_mean12m": 0.9, "dette": 0.8, "effectif": 0.1, "age_mois": 0.05}
    assert signals_of(told(spark, weights, {})) == ["dette_max12m_sur_cotisation_mean12m", "effectif", "age_mois"]


def test_variants_come_when_measures_are_short(spark: SparkSession) -> None:
    weights = {"dette_mean6m": 0.9, "dette": 0.8, "effectif": 0.1, "age_mois": -1.0}
    assert signals_of(told(spark, weights, {})) == ["dette_mean6m", "effectif", "dette"]


def test_only_what_weighs_towards_the_alert_is_a_reason(spark: SparkSession) -> None:
    assert signals_of(told(spark, {"dette": 0.2, "effectif": 0.0, "age_mois": -0.3}, {})) == ["dette"]
    assert told(spark, {"age_mois": -0.3}, {}) == []
    assert told(spark, {}, {}) == []
    assert told(spark, None, {}) == []


def test_equal_weights_go_by_name(spark: SparkSession) -> None:
    weights = {"effectif": 0.5, "dette_mean6m": 0.5, "dette": 0.5, "age_mois": 0.5}
    assert signals_of(told(spark, weights, {})) == ["age_mois", "dette", "effectif"]


def test_a_signal_out_of_the_dictionary_is_told_by_its_name(spark: SparkSession) -> None:
    assert told(spark, {"taux_endettement": 0.5}, {}) == [("taux_endettement", "Taux_endettement : valeur inconnue")]


def test_the_reason_carries_value_weight_and_theme(spark: SparkSession) -> None:
    contributions = spark.createDataFrame([("1", {"dette": 0.5})], "siren string, contributions map<string,float>")
    signals = spark.createDataFrame([("1", 12500.0), ("2", 7.0)], "siren string, dette float")
    dictionary = spark.createDataFrame(DICTIONARY, "name string, description string, unit string, theme string")
    (row,) = reasons(contributions, signals, dictionary).collect()
    assert [reason.asDict() for reason in row["reasons"]] == [
        {
            "signal": "dette",
            "theme": "dette_urssaf",
            "value": 12500.0,
            "contribution": 0.5,
            "text": "Dette envers l'URSSAF : 12 500 EUR",
        }
    ]


MEASURES = {
    "dette": "dette",
    "dette_mean6m": "dette",
    "dette_lag12m": "dette",
    "dette_max12m_sur_cotisation_mean12m": "dette",
    "cotisation_mean3m_sur_mean12m": "cotisation",
    "montant_part_ouvriere_diff3m": "montant_part_ouvriere",
    "nb_mois_dette_12m": "nb_mois_dette",
    "nb_mois_dette_consecutifs": "nb_mois_dette_consecutifs",
    "ecart_secteur_effectif_change12m": "ecart_secteur_effectif",
    "effectif_age_mois": "effectif_age_mois",
}

SENTENCES = [
    ("dette", "EUR", 12500.4, "12 500 EUR"),
    ("dette", "EUR", 1234567.0, "1 234 567 EUR"),
    ("dette", "EUR", 100.0, "100 EUR"),
    ("dette", "EUR", 99.5, "99,50 EUR"),
    ("dette", "EUR", 42.0, "42 EUR"),
    ("dette", "EUR", 0.0, "0 EUR"),
    ("dette", "EUR", -0.001, "0 EUR"),
    ("dette_diff3m", "EUR", 12500.0, "+12 500 EUR"),
    ("dette_diff3m", "EUR", -12500.0, "-12 500 EUR"),
    ("dette_diff3m", "EUR", 0.0, "0 EUR"),
    ("effectif", "salaries", 1.0, "1 salarié"),
    ("effectif_mean3m", "salaries", 1.96, "2 salariés"),
    ("effectif_mean3m", "salaries", 1.5, "1,5 salarié"),
    ("effectif", "salaries", 1200.0, "1 200 salariés"),
    ("effectif_diff12m", "salaries", 3.0, "+3 salariés"),
    ("effectif_change12m", "ratio", -0.256, "-26 %"),
    ("effectif_change12m", "ratio", 0.043, "+4,3 %"),
    ("effectif_change12m", "ratio", 0.04, "+4 %"),
    ("dette_sur_cotisation_mean12m", "ratio", 12.5, "1 250 %"),
    ("dette_diff3m_sur_cotisation_mean12m", "ratio", 0.5, "+50 %"),
    ("ecart_secteur_effectif", "ratio", 0.5, "+50 %"),
    ("age_mois", "mois", 1.0, "1 mois"),
    ("nb_mois_dette_12m", "mois", 12.0, "12 mois"),
    ("nb_etablissements", "nombre", 3.0, "3"),
    ("nb_etablissements_mean3m", "nombre", 2.333, "2,3"),
    ("nb_etablissements_diff3m", "nombre", 2.0, "+2"),
    ("est_personne_physique", "code", 1.0, "oui"),
    ("est_personne_physique", "code", 0.0, "non"),
    ("a_une_dette", "code", None, "valeur inconnue"),
    ("secteur_section", "code", 9.0, "Hébergement et restauration"),
    ("secteur_division", "code", 56.0, "56"),
    ("dette", "EUR", None, "valeur inconnue"),
    ("dette", "EUR", nan, "valeur inconnue"),
]


def test_measures(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(signal,) for signal in MEASURES], "signal string").coalesce(1)
    rows = frame.select("signal", measure(F.col("signal")).alias("measure")).collect()
    assert {row["signal"]: row["measure"] for row in rows} == MEASURES


def test_sentences(spark: SparkSession) -> None:
    frame = spark.createDataFrame(SENTENCES, "signal string, unit string, value double, expected string").coalesce(1)
    text = sentence(F.col("signal"), F.lit("mesure, moyenne sur 6 mois"), F.col("unit"), F.col("value"))
    rows = frame.select("expected", text.alias("text")).collect()
    assert [row["text"] for row in rows] == [f"Mesure, moyenne sur 6 mois : {row['expected']}" for row in rows]


def test_a_section_is_called_as_its_nomenclature_calls_it(spark: SparkSession) -> None:
    row = ("secteur_section", "code", 11.0)  # the eleventh letter is K
    frame = spark.createDataFrame([row], "signal string, unit string, value double")
    columns = (F.col("signal"), F.lit("secteur"), F.col("unit"), F.col("value"))
    found = frame.select(*(sentence(*columns, one).alias(one) for one in ("naf_rev2", "naf2025"))).first()
    assert found["naf_rev2"] == "Secteur : Activités financières et d'assurance"
    assert found["naf2025"].startswith("Secteur : Télécommunications, programmation")


def test_numbers_as_a_french_reader_expects(spark: SparkSession) -> None:
    numbers = [(1234.5, "1 234,5"), (-0.04, "0,0"), (0.25, "0,3"), (-0.25, "-0,3"), (999.95, "1 000,0"), (inf, "∞")]
    frame = spark.createDataFrame([(value,) for value, _ in numbers], "value double").coalesce(1)
    texts = [row[0] for row in frame.select(french(F.col("value"), 1)).collect()]
    assert texts == [text for _, text in numbers]
