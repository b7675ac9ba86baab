"""Files as users receive them: INSEE's register, former layouts, odd names and numbers, and broken files."""

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sf_spark.settings import Settings
from sf_spark.sources import SOURCES, source_of
from sf_spark.sources.diane import SOURCE as DIANE
from sf_spark.staging.deliveries import FileAccount
from sf_spark.staging.intake import take_in

Deliver = Callable[[str, str, bytes | str], None]
Take = Callable[[str], dict[str, FileAccount]]
Rows = Callable[[str], list[dict[str, Any]]]

PCOLL = "siret;dt_effet;lib_actx_stdx\n73282932000074;26MAY2014;ouverture_redressement\n"
DEBITS = (
    "Siret;num_cpte;Siren;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;Mt_PO;Mt_PP;Cd_op_ecn;"
    "Motif_ecn;Recours_en_cours\n73282932000074;1;732829320;20150708;5;0;201712;659;9;1170505;100;200;3;74;0\n"
)


@pytest.fixture
def take(settings: Settings) -> Take:
    """Take a batch in, without Spark; returns the account of each file by name."""

    def taken(batch: str) -> dict[str, FileAccount]:
        return {account.file.name: account for account in take_in(None, settings, batch, lambda text: None)}

    return taken


def outcome(account: FileAccount) -> tuple[str, int, int, int]:
    """Layout and counts of a file that was read."""
    assert account.status == "ok", account.message
    return account.layout, account.accepted, account.rejected, account.skipped


def zipped(name: str, content: str | bytes) -> bytes:
    """A zip archive of one file."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return target.getvalue()


def parquet(columns: dict[str, Any], rows: int, rows_of_a_group: int = 1) -> bytes:
    """A Parquet file of several row groups; a column is its values, or one value for all rows."""
    values = {name: value if isinstance(value, list) else [value] * rows for name, value in columns.items()}
    target = io.BytesIO()
    pq.write_table(pa.table(values), target, row_group_size=rows_of_a_group)
    return target.getvalue()


def csv(columns: dict[str, Any], rows: int) -> str:
    """The same file as delimited text."""
    values = [value if isinstance(value, list) else [value] * rows for value in columns.values()]
    lines = [",".join(_text(cells[row]) for cells in values) for row in range(rows)]
    return "\n".join([",".join(columns), *lines, ""])


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)


# StockEtablissement as INSEE publishes it: 52 columns until 2024, 53 and 54 since.
_SECOND_ADDRESS = [
    f"{name}2Etablissement"
    for name in (
        *("complementAdresse", "numeroVoie", "indiceRepetition", "typeVoie", "libelleVoie", "codePostal"),
        *("libelleCommune", "libelleCommuneEtranger", "distributionSpeciale", "codeCommune", "codeCedex"),
        *("libelleCedex", "codePaysEtranger", "libellePaysEtranger"),
    )
]
SITES: dict[str, Any] = {
    "siren": ["732829320", "732829320", "404833048"],
    "nic": ["00074", "00082", "00022"],
    "siret": ["73282932000074", "73282932000082", "40483304800022"],
    "statutDiffusionEtablissement": ["O", "O", "P"],
    "dateCreationEtablissement": [date(2007, 4, 20), None, date(2012, 1, 1)],
    "trancheEffectifsEtablissement": "NN",
    "anneeEffectifsEtablissement": None,
    "activitePrincipaleRegistreMetiersEtablissement": None,
    "dateDernierTraitementEtablissement": "2024-03-29T12:00:00",
    "etablissementSiege": [True, False, True],
    "nombrePeriodesEtablissement": 2,
    "complementAdresseEtablissement": [None, "BAT B", "[ND]"],
    "numeroVoieEtablissement": ["8", "9", "[ND]"],
    "dernierNumeroVoieEtablissement": None,
    "indiceRepetitionEtablissement": ["B", None, "[ND]"],
    "indiceRepetitionDernierNumeroVoieEtablissement": None,
    "typeVoieEtablissement": ["Allee", "ZONE INDUSTRIELLE", "[ND]"],
    "libelleVoieEtablissement": ["DES LILAS", "NORD", "[ND]"],
    "codePostalEtablissement": ["75001", "97400", "[ND]"],
    "libelleCommuneEtablissement": ["PARIS", "SAINT-DENIS", "LYON"],
    "libelleCommuneEtrangerEtablissement": None,
    "distributionSpecialeEtablissement": [None, "BP 1", "[ND]"],
    "codeCommuneEtablissement": ["75056", "97411", "69123"],
    "codeCedexEtablissement": None,
    "libelleCedexEtablissement": None,
    "codePaysEtrangerEtablissement": None,
    "libellePaysEtrangerEtablissement": None,
    "identifiantAdresseEtablissement": "x",
    "coordonneeLambertAbscisseEtablissement": "652345.1",
    "coordonneeLambertOrdonneeEtablissement": ["6862275.3", "[ND]", "[ND]"],
    **dict.fromkeys(_SECOND_ADDRESS),
    "dateDebut": [date(2007, 11, 19), date(2008, 1, 1), date(2012, 1, 1)],
    "etatAdministratifEtablissement": ["A", "F", "A"],
    "enseigne1Etablissement": "[ND]",
    "enseigne2Etablissement": None,
    "enseigne3Etablissement": None,
    "denominationUsuelleEtablissement": None,
    "activitePrincipaleEtablissement": ["52.21Z", "68.20B", "01.11Z"],
    "nomenclatureActivitePrincipaleEtablissement": "NAFRev2",
    "activitePrincipaleNAF25Etablissement": ["52.21Y", None, "01.11Y"],
    "caractereEmployeurEtablissement": "O",
}
_SINCE_2024 = [
    *("dernierNumeroVoieEtablissement", "indiceRepetitionDernierNumeroVoieEtablissement"),
    *("identifiantAdresseEtablissement", "coordonneeLambertAbscisseEtablissement"),
    "coordonneeLambertOrdonneeEtablissement",
]
COMPANIES: dict[str, Any] = {
    "siren": ["732829320", "404833048", "552100554"],
    "statutDiffusionUniteLegale": ["O", "P", "P"],
    "unitePurgeeUniteLegale": None,
    "dateCreationUniteLegale": [date(1999, 1, 2), None, date(2012, 1, 1)],
    "sigleUniteLegale": "[ND]",
    "prenom1UniteLegale": [None, "[ND]", None],
    "prenom2UniteLegale": None,
    "prenom3UniteLegale": None,
    "prenom4UniteLegale": None,
    "etatAdministratifUniteLegale": ["A", "C", "A"],
    "nomUniteLegale": [None, "[ND]", None],
    "nomUsageUniteLegale": [None, "[ND]", None],
    "denominationUniteLegale": ["SOCIETE X", None, "[ND]"],
    "categorieJuridiqueUniteLegale": ["5710", "1000", "5499"],
    "activitePrincipaleUniteLegale": ["52.21Z", "68.20B", "01.11Z"],
    "nomenclatureActivitePrincipaleUniteLegale": "NAFRev2",
}
HISTORY: dict[str, Any] = {
    "siren": "732829320",
    "nic": "00074",
    "siret": "73282932000074",
    "dateFin": [None, date(2009, 5, 26), None],
    "dateDebut": [date(2009, 5, 27), date(2008, 1, 1), None],
    "etatAdministratifEtablissement": ["F", "A", "A"],
    "changementEtatAdministratifEtablissement": [True, False, False],
}


def without(columns: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values for name, values in columns.items() if name not in names}


@pytest.mark.parametrize("packing", ["csv", "zip", "parquet"])
def test_the_register_of_insee_is_read_as_it_is_published(
    deliver: Deliver, take: Take, rows: Rows, packing: str
) -> None:
    for name, columns in (
        ("StockEtablissement_utf8", SITES),
        ("StockUniteLegale_utf8", COMPANIES),
        ("StockEtablissementHistorique_utf8", HISTORY),
    ):
        text = csv(columns, 3)
        packed = {"csv": text, "zip": zipped(f"{name}.csv", text), "parquet": parquet(columns, 3)}
        deliver("2403", f"{name}.{packing}", packed[packing])
    accounts = take("2403")
    assert outcome(accounts[f"StockEtablissement_utf8.{packing}"]) == ("insee", 3, 0, 0)
    assert outcome(accounts[f"StockUniteLegale_utf8.{packing}"]) == ("2019", 3, 0, 0)
    assert outcome(accounts[f"StockEtablissementHistorique_utf8.{packing}"]) == ("2025-11", 2, 0, 1)

    first, second, third = sorted(rows("staged/sirene"), key=lambda row: row["_line"])
    assert (first["siret"], first["siege"], first["est_actif"]) == ("73282932000074", True, True)
    assert (first["date_creation"], first["date_debut"]) == (date(2007, 4, 20), date(2007, 11, 19))
    assert (first["longitude"], first["latitude"]) == (None, None)
    assert (first["indrep"], first["type_voie"], first["voie"]) == ("BIS", "ALLÉE", "DES LILAS")
    assert (second["type_voie"], second["departement"], second["est_actif"]) == ("ZONE INDUSTRIELLE", "974", False)
    assert second["complement_adresse"] == "BAT B" and second["date_creation"] is None
    hidden = (
        "complement_adresse",
        "numero_voie",
        "indrep",
        "type_voie",
        "voie",
        "code_postal",
        "distribution_speciale",
    )
    assert {name: third[name] for name in hidden} == dict.fromkeys(hidden)
    assert (third["commune"], third["departement"]) == ("LYON", "69")

    company, person, undiffused = sorted(rows("staged/sirene_ul"), key=lambda row: row["_line"])
    assert (company["raison_sociale"], company["date_creation"]) == ("SOCIETE X", date(1999, 1, 2))
    assert (person["raison_sociale"], person["nom_unite_legale"], person["prenom1_unite_legale"]) == ("", None, None)
    assert person["nom_usage_unite_legale"] is None and person["categorie_juridique"] == "1000"
    assert undiffused["raison_sociale"] is None

    now, before = sorted(rows("staged/sirene_histo"), key=lambda row: row["_line"])
    assert (now["date_debut"], now["date_fin"], now["est_actif"]) == (date(2009, 5, 27), None, False)
    assert (before["date_fin"], before["changement_statut_actif"]) == (date(2009, 5, 26), False)


@pytest.mark.parametrize("missing", [["activitePrincipaleNAF25Etablissement"], _SINCE_2024], ids=["53", "before 2024"])
def test_columns_of_the_register_come_and_go(deliver: Deliver, take: Take, missing: list[str]) -> None:
    deliver("2403", "stocketablissement_UTF8.csv", csv(without(SITES, *missing), 3))
    assert outcome(take("2403")["stocketablissement_UTF8.csv"]) == ("insee", 3, 0, 0)


def test_row_groups_of_a_parquet_file_are_read_once_each(deliver: Deliver, take: Take, rows: Rows) -> None:
    many = {**HISTORY, "dateFin": None, "dateDebut": [date(2000 + at, 1, 1) for at in range(7)]}
    many |= {"etatAdministratifEtablissement": "A", "changementEtatAdministratifEtablissement": True}
    deliver("2403", "StockEtablissementHistorique_utf8.parquet", parquet(many, 7, rows_of_a_group=3))
    assert outcome(take("2403")["StockEtablissementHistorique_utf8.parquet"]) == ("2025-11", 7, 0, 0)
    found = sorted((row["_line"], row["date_debut"].year) for row in rows("staged/sirene_histo"))
    assert found == [(at + 2, 2000 + at) for at in range(7)]


def test_a_geocoded_register_that_lacks_one_coordinate_is_damaged(deliver: Deliver, take: Take) -> None:
    deliver("2403", "StockEtablissement_utf8_geo.csv", csv({**SITES, "longitude": "2.5"}, 3))
    account = take("2403")["StockEtablissement_utf8_geo.csv"]
    assert account.status == "failed" and account.message.startswith("column latitude not found")


def test_a_column_that_is_missing_is_named_for_the_layout_that_the_file_is_nearest_to(
    deliver: Deliver, take: Take
) -> None:
    deliver("2403", "StockEtablissement_utf8.csv", csv(without(SITES, "nic"), 3))
    assert take("2403")["StockEtablissement_utf8.csv"].message.startswith("column nic not found")


def test_streets_written_in_full_are_those_of_the_table(deliver: Deliver, take: Take, rows: Rows) -> None:
    spelled = ["RUE", "Avenue", "CHE", "CHAUSSÉE", "CHAUSSEE", "TERRE PLEIN", "ROND-POINT", "SENTIER", "XX", ""]
    sites = {name: values[0] if isinstance(values, list) else values for name, values in SITES.items()}
    sites |= {"typeVoieEtablissement": spelled, "longitude": "2.5", "latitude": "48.5"}
    deliver("2403", "StockEtablissement_utf8_geo.csv", csv(sites, len(spelled)))
    assert outcome(take("2403")["StockEtablissement_utf8_geo.csv"])[:2] == ("2019", 10)
    found = [row["type_voie"] for row in sorted(rows("staged/sirene"), key=lambda row: row["_line"])]
    assert found == [
        *("RUE", "AVENUE", "CHEMIN", "CHAUSSÉE", "CHAUSSÉE", "TERRE-PLEIN", "ROND POINT", "SENTIER", None, None)
    ]


ACTIVITIES = {  # main activity, nomenclature, NAF 2025 column: what is staged
    ("43.34Z", "NAFRev2", "43.34Y"): ("43.34Z", "43.34Y", "NAFRev2"),
    ("43.34Z", "NAFRev2", ""): ("43.34Z", None, "NAFRev2"),
    ("4334Z", "NAFRev2", ""): (None, None, "NAFRev2"),
    ("43.34Y", "NAF2025", ""): (None, "43.34Y", "NAF2025"),
    ("43.34Y", "NAF2025", "43.35Y"): (None, "43.35Y", "NAF2025"),
    ("43.34Y", "naf 25", ""): (None, "43.34Y", "naf 25"),
    ("43.34Y", "NAFRev2025", ""): (None, "43.34Y", "NAFRev2025"),
    ("43.34Y", "NAF-2025 ", ""): (None, "43.34Y", "NAF-2025 "),
    ("4334Y", "NAF2025", ""): (None, None, "NAF2025"),
    ("45.4C", "NAFRev1", ""): (None, None, "NAFRev1"),
    ("28.41X", "NAF1993", ""): (None, None, "NAF1993"),
    ("79.06", "NAP", "43.34Y"): (None, "43.34Y", "NAP"),
    ("43.34Z", "", ""): (None, None, None),
    ("", "", ""): (None, None, None),
}


@pytest.mark.parametrize(
    ("name", "columns", "of"),
    [
        ("StockEtablissement_utf8.csv", SITES, "Etablissement"),
        ("StockEtablissement_utf8_geo.csv", {**SITES, "longitude": None, "latitude": None}, "Etablissement"),
        ("StockUniteLegale_utf8.csv", COMPANIES, "UniteLegale"),
        ("StockEtablissementHistorique_utf8.csv", HISTORY, "Etablissement"),
    ],
)
def test_no_unit_of_the_register_is_left_out_for_its_nomenclature(
    deliver: Deliver, take: Take, rows: Rows, name: str, columns: dict[str, Any], of: str
) -> None:
    code, nomenclature, code_naf25 = zip(*ACTIVITIES, strict=True)
    units = {column: values[0] if isinstance(values, list) else values for column, values in columns.items()}
    units |= {
        f"activitePrincipale{of}": list(code),
        f"nomenclatureActivitePrincipale{of}": list(nomenclature),
        f"activitePrincipaleNAF25{of}": list(code_naf25),
    }
    deliver("2701", name, csv(units, len(ACTIVITIES)))
    account = take("2701")[name]
    assert outcome(account)[1:] == (len(ACTIVITIES), 0, 0)
    found = sorted(rows(f"staged/{account.source}"), key=lambda row: row["_line"])
    behind = list(found[0])[list(found[0]).index("ape") :][:3]
    assert behind == ["ape", "ape_naf25", "nomenclature_ape"]
    assert [tuple(row[column] for column in behind) for row in found] == list(ACTIVITIES.values())


def test_a_history_without_activities_has_none(deliver: Deliver, take: Take, rows: Rows) -> None:
    deliver("2403", "StockEtablissementHistorique_utf8.csv", csv(HISTORY, 3))
    assert outcome(take("2403")["StockEtablissementHistorique_utf8.csv"]) == ("2025-11", 2, 0, 1)
    activities = {(row["ape"], row["ape_naf25"], row["nomenclature_ape"]) for row in rows("staged/sirene_histo")}
    assert activities == {(None, None, None)}


PAYDEX_2023 = (
    "siren;état_organisation;code_paydex;nbr_jrs_retard;nbr_fournisseurs;encours_étudiés;note_100_alerteur_plus_30;"
    "note_100_alerteur_plus_90_jours;date_valeur"
)


@pytest.mark.parametrize("header", [PAYDEX_2023, PAYDEX_2023.upper(), f"\ufeff{PAYDEX_2023}"])
def test_payment_behaviour_as_delivered_in_november_2023(deliver: Deliver, take: Take, rows: Rows, header: str) -> None:
    lines = [
        "732829320;ACTIF;067;18;4;12500.50;41;52;2023-10-15",
        "404833048;ACTIF;;;;;;;2023-10-15",
        "552100554;ACTIF;072;;4;1,5;;;2023-10-15",
        "552100554;ACTIF;072;12;4;;;;15/10/2023",
        "552100554;ACTIF;072;x;4;;;;2023-10-15",
    ]
    deliver("2311", "E_202311270930_Retro-Paydex_20231127.csv", "\n".join([header, *lines, ""]))
    assert outcome(take("2311")["E_202311270930_Retro-Paydex_20231127.csv"]) == ("2023-11", 3, 2, 0)
    first, unknown, coded = sorted(rows("staged/paydex"), key=lambda row: row["_line"])
    day = date(2023, 10, 15)
    assert (first["nb_jours"], first["encours_etudies"], first["date_valeur"]) == (18, 12500.5, day)
    assert (first["nb_fournisseurs"], first["fpi_30"], first["fpi_90"]) == (4.0, 41.0, 52.0)
    assert (unknown["nb_jours"], unknown["date_valeur"], unknown["fpi_30"]) == (None, day, None)
    assert (coded["nb_jours"], coded["encours_etudies"]) == (12, 1.5)


def diane_export(cells: dict[str, str]) -> str:
    """An export as it was before 2021-01-27: every cell in quotes, and a quote inside one of the header."""
    layout = DIANE.layouts[0]
    plain = [name for name in layout.required if name != "annee"]
    fixed = {
        *("nom de l'entreprise", "numéro siren", "statut juridique", "procédure collective", "nombre d'es"),
        *("nombre de filiales", "taille de la composition du groupe"),
    }
    header = [name.replace("d'es", 'd"ES') if name in fixed else f"{name} 2018" for name in plain]
    lines = [[f'"{name.upper()}"' for name in header], [f'"{cells.get(name, "")}"' for name in plain]]
    return "".join(";".join(line) + "\r\n" for line in lines)


@pytest.mark.parametrize("mark", ["\ufeff", ""], ids=["with a byte order mark", "without"])
def test_an_export_of_accounts_before_2021(deliver: Deliver, take: Take, rows: Rows, mark: str) -> None:
    cells = {
        "numéro siren": "732829320",
        "nombre d'es": "1\u202f203",
        "nombre de filiales": "7",
        "chiffre d'affaires net (h.t.) keur": "12\u00a0345\u00a0678,50",
        "valeur ajoutée keur": "-1 234",
        "consommation de l'ex. keur": "1 2345",  # no thousands
        "production de l'ex. keur": "1\u202f234.5",
    }
    deliver("2012", "Diane_export.txt", (mark + diane_export(cells)).encode("utf-16-le"))
    assert outcome(take("2012")["Diane_export.txt"]) == ("export", 1, 0, 0)
    (row,) = rows("staged/diane")
    assert (row["siren"], row["exercice_diane"]) == ("732829320", 2018)
    assert (row["nombre_etab_secondaire"], row["nombre_filiale"]) == (1203, 7)
    assert (row["ca"], row["valeur_ajoutee"]) == (12345678.5, -1234.0)
    assert (row["consommation"], row["production"]) == (None, 1234.5)


def test_ratios_of_the_banque_de_france_with_decimal_commas_and_thousands(
    deliver: Deliver, take: Take, rows: Rows
) -> None:
    header = (
        "D1;Annee;arrete_bilan;Denom;CP;Region;Secteur;Poids_FRNG;TX_Marge;Delai_FRS;Poids_DFISC_SOC;Poids_Fin_CT;"
        "Poids_Frais_Fin"
    )
    lines = [
        "732 829 320;2013;31DEC2012;SOC;87000;NA;01;-37,5;1\u00a0234,5;1\u202f000;561.0;1 000 000;",
        "732 829 320;2014;31DEC2013;SOC;87000;NA;01;12 34;1;1;1;1;1",
        "732 829 320;2015;31DEC2014;SOC;87000;NA;01;1,234,5;1;1;1;1;1",
    ]
    deliver("2003", "bdf.csv", "\n".join([header, *lines, ""]))
    assert outcome(take("2003")["bdf.csv"]) == ("2019-11", 1, 2, 0)
    (row,) = rows("staged/bdf")
    assert (row["poids_frng"], row["taux_marge"], row["delai_fournisseur"]) == (-37.5, 1234.5, 1000.0)
    assert (row["dette_fiscale"], row["financier_court_terme"], row["frais_financier"]) == (561.0, 1e6, None)


def _header_files() -> list[tuple[str, str, str]]:
    """Source, file name and a header in its newest layout that is named; layouts by position have no names."""
    names = {
        "comptes": "sigfaible_etablissement_utf8.csv",
        "sirene_ul": "sireneUL.csv",
        "debit": "sigfaible_debits.csv",
        "sirene": "StockEtablissement_utf8.csv",
        "sirene_histo": "StockEtablissementHistorique_utf8.csv",
        "effectif_ent": "sigfaible_effectif_siren.csv",
        "effectif": "sigfaible_effectif_siret.csv",
        "cotisation": "sigfaible_cotisdues.csv",
        "delai": "sigfaible_delais.csv",
        "ccsf": "sigfaible_ccsf.csv",
        "procol": "sigfaible_pcoll.csv",
        "apdemande": "demande_ap.csv",
        "apconso": "consommation_ap.csv",
        "paydex": "paydex.csv",
        "bdf": "bdf.csv",
        "ratios": "ratios_inpi_bce.csv",
        "filter": "filter.csv",
        "procedures": "bodacc_procedures.csv",
        "contexte": "contexte_x.csv",
        "suivi": "suivi_x.csv",
        "avis": "avis_x.csv",
        "liste_retraitee": "liste_retraitee.csv",
    }
    found = []
    for source in SOURCES:
        if source.name == "diane":  # its own test
            continue
        layout = source.layouts[0]
        columns = [*layout.required, f"{source.wide}202411"] if source.wide else list(layout.required)
        found.append((source.name, names[source.name], (layout.delimiter or source.delimiter).join(columns)))
    return found


@pytest.mark.parametrize("case", _header_files(), ids=lambda case: case[0])
@pytest.mark.parametrize("change", [str.upper, str.title, str.lower], ids=["upper", "title", "lower"])
def test_a_header_may_be_in_any_case(
    deliver: Deliver, take: Take, case: tuple[str, str, str], change: Callable[[str], str]
) -> None:
    source, name, header = case
    read_by = source_of(name)
    assert read_by is not None and read_by.name == source
    company = "012345678\n" if source == "filter" else ""  # a perimeter of nobody is refused
    deliver("2403", name, change(header) + "\n" + company)
    assert outcome(take("2403")[name])[1:] == (len(company) // 10, 0, 0)


NAMES = [
    *("_debits.csv", "[x]_debits.csv", "{a,b}_debits.csv", "a:b_debits.csv", "*_debits*.csv", "%20_debits%.csv"),
    *("#_debits#.csv", "été 2024_debits (é).csv", "Sigfaible_DEBITS.csv", "x_debits.CSV", "?_debits&x=1.csv"),
    "a\\b_debits.csv",
]


@pytest.mark.parametrize("folder", ["landing", "reçu [2024] {a}: *%20 #1", "s3:"])
def test_names_and_folders_may_hold_any_sign(tmp_path: Path, settings: Settings, rows: Rows, folder: str) -> None:
    batch = tmp_path / folder / "2403"
    batch.mkdir(parents=True)
    for name in NAMES:
        (batch / name).write_text(DEBITS)
    here = settings.model_copy(update={"landing": str(tmp_path / folder)})
    accounts = take_in(None, here, "2403", lambda text: None)
    assert {account.file.name: account.status for account in accounts} == dict.fromkeys(NAMES, "ok")
    assert len(rows("staged/debit")) == 1  # a line is a fact once


def test_packed_files_and_a_capital_first_letter(deliver: Deliver, take: Take) -> None:
    deliver("2403", "Sigfaible_pcoll.csv", PCOLL)
    deliver("2403", "sigfaible_debits.csv.GZ", gzip.compress(DEBITS.encode()))
    deliver("2403", "StockUniteLegale_utf8.ZIP", zipped("StockUniteLegale_utf8.csv", csv(COMPANIES, 3)))
    assert {name: outcome(account)[1] for name, account in take("2403").items()} == {
        "Sigfaible_pcoll.csv": 1,
        "sigfaible_debits.csv.GZ": 1,
        "StockUniteLegale_utf8.ZIP": 3,
    }


def _encrypted(archive: bytes) -> bytes:
    """The same archive, with the flag of an encrypted file."""
    damaged = bytearray(archive)
    damaged[6] |= 1
    damaged[damaged.find(b"PK\x01\x02") + 8] |= 1
    return bytes(damaged)


_PARQUET, _ZIP, _GZIP = parquet(HISTORY, 3), zipped("sigfaible_debits.csv", DEBITS), gzip.compress(DEBITS.encode())
BROKEN: dict[str, tuple[str, bytes, str]] = {
    "gzip under a plain name": ("sigfaible_debits.csv", _GZIP, "packed (gzip) under a name that does not say so"),
    "text named as gzip": ("sigfaible_debits.csv.gz", DEBITS.encode(), "named as gzip, but it holds plain text"),
    "zip named as gzip": ("sigfaible_debits.csv.gz", _ZIP, "named as gzip, but it holds a zip file"),
    "unfinished": ("sigfaible_debits.csv.part", DEBITS.encode(), "unfinished, as its name says"),
    "corrupt parquet": (
        "StockEtablissementHistorique_utf8.parquet",
        _PARQUET[: len(_PARQUET) // 2] + bytes(40) + _PARQUET[len(_PARQUET) // 2 + 40 :],
        "cannot be read",
    ),
    "truncated parquet": ("StockEtablissementHistorique_utf8.parquet", _PARQUET[:-20], "cannot be read"),
    "parquet of four bytes": ("StockEtablissementHistorique_utf8.parquet", b"PAR1", "cannot be read"),
    "zip with a password": ("sigfaible_debits.zip", _encrypted(_ZIP), "password required"),
    "truncated zip": ("sigfaible_debits.zip", _ZIP[:-30], "File is not a zip file"),
    "truncated gzip": ("sigfaible_debits.csv.gz", _GZIP[:-12], "Compressed file ended before"),
    "empty": ("sigfaible_debits.csv", b"", "the file is empty"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_fails_by_name_and_the_others_are_taken_in(
    deliver: Deliver, take: Take, case: tuple[str, bytes, str]
) -> None:
    name, content, message = case
    deliver("2403", name, content)
    deliver("2403", "sigfaible_pcoll.csv", PCOLL)
    accounts = take("2403")
    assert accounts[name].status == "failed" and message in accounts[name].message
    assert outcome(accounts["sigfaible_pcoll.csv"]) == ("2018", 1, 0, 0)
