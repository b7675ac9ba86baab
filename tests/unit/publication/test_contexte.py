"""Flags of companies: which companies each kind of code matches, and when."""

from datetime import date

from pyspark.sql import SparkSession

from sf_spark.publication.contexte import COLUMNS, context_flags

HOTEL, FIRM, NEW, UNKNOWN = (f"{number}00000001" for number in range(1, 5))
COMPANIES = [
    (HOTEL, "55.10Z", None, "2A004"),
    (FIRM, "62.01Z", "62.10Y", "75108"),  # its code in NAF rev. 2 is its former one
    (NEW, None, "62.10Y", "75108"),
    (UNKNOWN, None, None, None),
]
EVER = date(1900, 1, 1)
CUTOFF = date(2024, 3, 20)


def flag(kind: str, code: str | None, name: str, start: date | None = None, end: date | None = None) -> tuple:
    return (kind, code, name, start, end, start or EVER, None)


FLAGS = [
    flag("siren", HOTEL, "plan"),
    flag("siret", FIRM + "00011", "etablissement"),
    flag("siret", FIRM + "00029", "etablissement"),  # the same flag twice is one
    flag("commune", "2A004", "territoire"),
    flag("naf", "55", "hebergement"),
    flag("naf", "62.01Z", "logiciel"),
    flag("naf", "62.10Y", "logiciel_naf25"),
    flag("naf", "62.1", "groupe_de_rev2"),
    flag("naf", None, "sans_code"),
    flag("siren", HOTEL, "le_20", CUTOFF, CUTOFF),
    flag("siren", HOTEL, "le_21", date(2024, 3, 21)),
    flag("siren", HOTEL, "fini_le_19", date(2024, 1, 1), date(2024, 3, 19)),
    ("siren", HOTEL, "connu_apres", None, None, date(2024, 4, 20), None),
    ("siren", HOTEL, "retire", None, None, EVER, date(2024, 3, 20)),
]


def test_flags_meet_companies_by_name_place_and_activity(spark: SparkSession) -> None:
    companies = spark.createDataFrame(COMPANIES, "siren string, ape string, ape_naf25 string, code_commune string")
    contexte = spark.createDataFrame(FLAGS, COLUMNS)
    found = {row["siren"]: row["context_flags"] for row in context_flags(contexte, companies, CUTOFF).collect()}
    assert found == {
        HOTEL: ["hebergement", "le_20", "plan", "territoire"],
        FIRM: ["etablissement", "logiciel", "logiciel_naf25"],
        NEW: ["logiciel_naf25"],
    }
