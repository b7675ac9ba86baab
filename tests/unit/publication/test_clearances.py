"""Clearances: places and rights of a file; random clearances never see a company outside the territory."""

import csv
import random
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.territories import OVERSEAS_GROUPS
from sf_spark.errors import ConfigurationError
from sf_spark.publication.clearances import RIGHTS, Clearance, clearance_of, clearances_from

CONF = Path(__file__).parents[3] / "conf"
SHIPPED = clearances_from(yaml.safe_load((CONF / "habilitations.yml").read_text(encoding="utf-8")), "conf")


def only(**record: object) -> Clearance:
    return clearances_from({"habilitations": {"x": record}}, "file.yml")["x"]


def test_places_add_up() -> None:
    found = only(
        departements=["2A", "975"], regions=["Bretagne"], anciennes_regions=["Alsace"], groupes=["Océan Indien"]
    )
    assert found.departements == {"2A", "975", "22", "29", "35", "56", "67", "68", "974", "976"}
    assert found.territory == "2A, 975, Bretagne, Alsace, Océan Indien"
    assert found.rights == frozenset()


def test_the_shipped_file_is_read() -> None:
    assert SHIPPED["national"].departements is None
    assert SHIPPED["national"].may(*RIGHTS)
    assert SHIPPED["urssaf_alsace"].departements == {"67", "68"}
    assert not SHIPPED["urssaf_alsace"].may("scores", "activite_partielle")
    assert SHIPPED["crp_outre_mer"].departements == {str(code) for code in range(971, 979)}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"departements": ["20"]}, "unknown departements '20'"),
        ({"departements": [1]}, "is a list of texts in quotes"),
        ({"departements": "01"}, "is a list of texts in quotes"),
        ({"regions": ["Alsace"]}, "unknown regions 'Alsace'"),
        ({"regions": ["Bretagn"]}, "did you mean 'Bretagne'?"),
        ({"anciennes_regions": ["Grand Est"]}, "unknown anciennes_regions 'Grand Est'"),
        ({"droits": ["scores"]}, "no territory"),
        ({"france_entiere": True, "departements": ["01"]}, "both places and france_entiere"),
        ({"france_entiere": "yes"}, "true or false"),
        ({"departements": ["01"], "droits": ["urssafs"]}, "unknown right 'urssafs': did you mean 'urssaf'?"),
        ({"department": ["01"]}, "unknown key 'department': did you mean 'departements'?"),
    ],
)
def test_what_is_wrong_is_named(record: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        only(**record)
    assert message in str(raised.value)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("content", [None, [], {"habilitations": []}, {"habilitations": {}, "services": {}}], ids=str)
def test_a_file_of_another_form_is_refused(content: object) -> None:
    with pytest.raises(ConfigurationError, match="file.yml: expected one key 'habilitations'"):
        clearances_from(content, "file.yml")


@pytest.mark.parametrize("record", [None, "01", ["01"]], ids=str)
def test_a_clearance_of_another_form_is_refused(record: object) -> None:
    with pytest.raises(ConfigurationError, match="^file.yml: ici: expected a mapping of libelle"):
        clearances_from({"habilitations": {"ici": record}}, "file.yml")


@pytest.mark.parametrize("name", ["log", "DDETS 25", "../up", ""])
def test_a_name_that_is_no_folder_of_exports_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is not made of a-z, 0-9 and _"):
        clearances_from({"habilitations": {name: {"france_entiere": True}}}, "file.yml")


def test_an_unknown_service_sees_nothing() -> None:
    with pytest.raises(ConfigurationError, match="service 'nationale' has no clearance in conf.*mean 'national'"):
        clearance_of("nationale", SHIPPED, "conf")


def test_no_random_clearance_sees_a_company_outside(spark: SparkSession) -> None:
    """Every department, 2A, 2B, 97x and none; the oracle reads the official table itself, place by place."""
    table = files("sf_spark.domain").joinpath("departements.csv").read_text(encoding="utf-8").splitlines()
    lines = list(csv.DictReader(table, delimiter=";"))
    places = [line["departement"] for line in lines]
    drawn = random.Random(20260120)
    kinds = {
        "departements": [*places, "975", "977", "978"],
        "regions": sorted({line["region_libelle"] for line in lines}),
        "anciennes_regions": sorted({line["ancienne_region_libelle"] for line in lines}),
        "groupes": sorted(OVERSEAS_GROUPS),
    }
    records = [{kind: [name]} for kind, names in kinds.items() for name in names]  # each place alone
    for _ in range(100):
        some = drawn.sample(sorted(kinds), drawn.randint(1, 4))
        records.append({kind: drawn.sample(kinds[kind], drawn.randint(1, min(5, len(kinds[kind])))) for kind in some})
    companies = [*kinds["departements"], None, "20", "1", "99", ""]
    frame = spark.createDataFrame([(code,) for code in companies], "departement string").coalesce(1)
    seen = frame.select(
        *(only(**one).sees(F.col("departement")).alias(f"c{n}") for n, one in enumerate(records))
    ).collect()
    for n, one in enumerate(records):
        expected = {
            code
            for code in companies
            if code in one.get("departements", [])
            or any(
                line["departement"] == code
                and (
                    line["region_libelle"] in one.get("regions", [])
                    or line["ancienne_region_libelle"] in one.get("anciennes_regions", [])
                )
                for line in lines
            )
            or any(code in OVERSEAS_GROUPS[group] for group in one.get("groupes", []))
        }
        assert {code for code, row in zip(companies, seen, strict=True) if row[n]} == expected, one
    assert len(records) > 250


def test_the_whole_country_holds_companies_of_unknown_place(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("01",), (None,)], "departement string")
    assert frame.where(SHIPPED["national"].sees(F.col("departement"))).count() == 2
