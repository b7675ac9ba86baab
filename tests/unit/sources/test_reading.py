"""Typed rows, reasons and classes, source by source, from lines in the partners' exact layouts."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from sf_spark.errors import BrokenFileError
from sf_spark.landing.recognition import recognise
from sf_spark.landing.staged_schema import staged_schema
from sf_spark.sources import SOURCES, source_named, source_of
from tests.reading import Record, header_of, read_file

SIRET = "01234567800011"
COTISATION = "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due"
DEBIT = (
    "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;"
    "Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours"
)


def read(folder: Path, name: str, header: str, *lines: str) -> tuple[list[Record], list[dict[str, Any]]]:
    """The records and the facts of a small file."""
    path = folder / "delivered"
    path.write_bytes("\n".join([header, *lines, ""]).encode())
    found = read_file(path, source_named(name))
    return found.records, found.facts


def test_cotisation_reads_amounts_with_comma_or_dot_and_keeps_negative_ones(tmp_path: Path) -> None:
    lines, facts = read(
        tmp_path,
        "cotisation",
        COTISATION,
        f"671;14;{SIRET};000000000000000012;1031;5;-68231;-21099",
        f"671;14;{SIRET};000000000000000012;202410;5;12,50;1e2",
        f"671;14;{SIRET};000000000000000012;1862;5;;",
    )
    assert [row.kind for row in lines] == ["accepted"] * 3
    assert [(f["periode_debut"], f["periode_fin"], f["encaisse"], f["du"]) for f in facts] == [
        (date(2010, 7, 1), date(2010, 8, 1), -68231.0, -21099.0),
        (date(2024, 1, 1), date(2024, 4, 1), 12 + 50 / 100, 100.0),
        (date(2018, 1, 1), date(2019, 1, 1), None, None),
    ]
    assert facts[0]["numero_compte"] == "000000000000000012"  # ids are text: leading zeros live
    assert facts[0]["siren"] == "012345678"


@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        (f"671;14;{SIRET};c;2011T1;5;1;1", [("bad_period", "periode")]),
        (f"671;14;{SIRET};c;;5;1;1", [("bad_period", "periode")]),
        (f"671;14;{SIRET};c;202411;5;abc;1,2,3", [("bad_number", "enc_direct"), ("bad_number", "cotis_due")]),
        (f"671;14;{SIRET};c;202411;5;NaN;1e400", [("bad_number", "enc_direct"), ("bad_number", "cotis_due")]),
        (f"671;14;{SIRET};c;202411;5;1", [("field_count", "")]),
        (f"671;14;{SIRET};c;202411;5;1;2;3", [("field_count", "")]),
        ("671;14;0123456780001X;c;202411;5;1;1", [("provisional_siret", "siret")]),
        ("671;14;012345678000111;c;202411;5;1;1", [("bad_key", "siret")]),
        ("671;14;123;c;202411;5;x;1", [("bad_number", "enc_direct")]),  # a bad key is reported only alone
    ],
)
def test_cotisation_rejects_with_every_reason(tmp_path: Path, line: str, reasons: list) -> None:
    (row,), facts = read(tmp_path, "cotisation", COTISATION, line)
    assert (row.kind, row.codes, facts) == ("rejected", reasons, [])
    assert row.raw == line


def test_a_quote_is_a_character_in_cotisation_and_an_error_in_debit(tmp_path: Path) -> None:
    (row,), _ = read(tmp_path, "cotisation", COTISATION, f'67"1;14;{SIRET};c;202411;5;1;1')
    assert row.kind == "accepted"
    good = f"939;27;c;000000000;{SIRET};20150708;5;0;201712;659;9;990505;195907;864497;3;74;0"
    lines, facts = read(tmp_path, "debit", DEBIT, good, good.replace("939", '9"39'))
    assert [row.kind for row in lines] == ["accepted", "rejected"]
    assert lines[1].codes == [("bare_quote", "")]
    assert len(facts) == 1


def test_debit_reads_centimes_dates_and_the_month_that_takes_the_operation_in(tmp_path: Path) -> None:
    _, facts = read(
        tmp_path,
        "debit",
        DEBIT,
        f"939;27;c;000000000;{SIRET};20150708;5;0;201712;659;9;990505;195907;864497;3;74;0",
        f"238;72;c;111111111;{SIRET};19990830;4;4;201511;397;9;1050824;3;2;63;74;true",
        f"838;36;c;222222222;{SIRET};20050501;1;1;199904;738;4;1121020;-1;2;43;40;1",
        f"838;36;c;222222222;{SIRET};20050501;;;201511;738;;1121221;1;2;43;40;f",
    )
    assert [(f["part_ouvriere"], f["part_patronale"]) for f in facts] == [
        (195907 / 100, 864497 / 100),
        (3 / 100, 2 / 100),
        (-1 / 100, 2 / 100),
        (1 / 100, 2 / 100),
    ]
    assert [f["periode_prise_en_compte"] for f in facts] == [
        date(1999, 5, 1),
        date(2005, 9, 1),  # the 24th
        date(2012, 10, 1),  # the 20th still counts
        date(2013, 1, 1),  # the 21st of December
    ]
    assert [f["recours_en_cours"] for f in facts] == [False, True, True, False]
    assert facts[0]["debit_id"] == SIRET + "20170201" + "20170301" + "659"
    assert (facts[2]["periode_debut"], facts[2]["est_periode_atypique"]) == (date(1999, 1, 1), True)
    assert (facts[3]["numero_historique"], facts[3]["etat_compte"], facts[3]["code_procedure_collective"]) == (
        None,
    ) * 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("990505", "11A0203"), ("bad_date", "dt_trt_ecn")),
        (("990505", "1180151"), ("bad_date", "dt_trt_ecn")),
        ((";195907;", ";;"), ("bad_number", "mt_po")),
        ((";864497;", ";;"), ("bad_number", "mt_pp")),
        ((";9;99", ";9.5;99"), ("bad_integer", "num_hist_ecn")),
        ((";74;0", ";74;"), ("bad_boolean", "recours_en_cours")),
        ((";74;0", ";74;oui"), ("bad_boolean", "recours_en_cours")),
    ],
)
def test_debit_rejects(tmp_path: Path, change: tuple[str, str], reason: tuple[str, str]) -> None:
    line = f"939;27;c;000000000;{SIRET};20150708;5;0;201712;659;9;990505;195907;864497;3;74;0"
    assert change[0] in line
    (row,), facts = read(tmp_path, "debit", DEBIT, line.replace(*change))
    assert (row.codes, facts) == ([reason], [])


def test_procol_takes_the_token_that_names_a_proceeding_wherever_it_stands(tmp_path: Path) -> None:
    lines, facts = read(
        tmp_path,
        "procol",
        "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx",
        f"{SIRET};012345678;26MAY2014;1;Solde_procedure_redressement",
        f"{SIRET};012345678;04oct2017;1;Redressement_plan_continuation",
        f"{SIRET};012345678;31DEC2012;1;LIQUIDATION",
        f"{SIRET};012345678;31DEC2012;1;Autre_chose",
        f"{SIRET};012345678;31FEB2012;1;Liquidation_ouverture",
    )
    assert [(f["date_effet"], f["action_procol"], f["stade_procol"]) for f in facts] == [
        (date(2014, 5, 26), "redressement", "solde_procedure"),
        (date(2017, 10, 4), "redressement", "plan_continuation"),
        (date(2012, 12, 31), "liquidation", None),
        (date(2012, 12, 31), None, None),
    ]
    assert lines[4].codes == [("bad_date", "dt_effet")]


def test_effectif_gives_one_fact_a_cell_and_keeps_those_of_a_rejected_line(tmp_path: Path) -> None:
    lines, facts = read(
        tmp_path,
        "effectif",
        "compte;SIRET;rais_soc;ape_ins;dep;eff202411;eff202412;eff202413;eff202421;effectif_total;base;UR_EMET",
        f"c;{SIRET};x;1086e;23;1 234;089;0;;99;719;733965",
        f"c;{SIRET};x;1086e;23;12,5;-;-3;;99;719;733965",
    )
    assert [row.kind for row in lines] == ["accepted", "rejected"]
    assert lines[1].codes == [("bad_number", "eff*")]
    assert "'-'" in lines[1].reasons[0]["message"]
    assert [(f["_line"], f["periode"], f["effectif"]) for f in facts] == [
        (2, date(2024, 1, 1), 1234),
        (2, date(2024, 2, 1), 89),
        (2, date(2024, 3, 1), 0),
        (3, date(2024, 1, 1), 125),  # every character that is no digit is deleted, as at the source
        (3, date(2024, 3, 1), 3),
    ]


def test_empty_headcounts_give_nothing_wherever_they_stand(tmp_path: Path) -> None:
    header = "compte;siret;eff202411;eff202412;eff202413;eff202421;eff202422"
    beside = [(";;;;", []), ("007;;;0;", [(1, 7), (4, 0)]), (";;3;;", [(3, 3)]), ("1;2;3;4;999999999", None)]
    _, facts = read(tmp_path, "effectif", header, *(f"c;{SIRET};{cells}" for cells, _ in beside))
    expected = [(line, month, value) for line, (_, some) in enumerate(beside, start=2) for month, value in some or []]
    expected += [(5, 1, 1), (5, 2, 2), (5, 3, 3), (5, 4, 4), (5, 5, 999_999_999)]
    assert [(f["_line"], f["periode"].month, f["effectif"]) for f in facts] == expected
    # Columns of months with another one between them, and a cell that is no plain number: the same headcounts.
    scattered = "compte;eff202411;siret;eff202412;eff202413;eff202421;eff202422"
    moved = [f"c;{first or ' '};{SIRET};{rest}" for first, rest in (cells.split(";", 1) for cells, _ in beside[1:])]
    lines, facts = read(tmp_path, "effectif", scattered, *moved)
    assert [row.kind for row in lines] == ["accepted", "rejected", "accepted"]  # a blank is no headcount
    assert [(f["_line"] + 1, f["periode"].month, f["effectif"]) for f in facts] == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("1;12,5;3", [1, 125, 3]),
        ('1;"2;3";4', [1, 23, 4]),
        ('"1;2";;', [12]),
        (";;", []),
        ("1,2;;3", [12, 3]),
        ('1;"2\n3";4', [1, 23, 4]),
    ],
)
def test_what_separates_numbers_inside_a_cell_separates_no_cells(
    tmp_path: Path, cells: str, expected: list[int]
) -> None:
    lines, facts = read(tmp_path, "effectif", "compte;siret;eff202411;eff202412;eff202413", f"c;{SIRET};{cells}")
    assert [row.kind for row in lines] == ["accepted"]
    assert [f["effectif"] for f in facts] == expected


def test_an_establishment_without_an_account_has_its_headcounts(tmp_path: Path) -> None:
    lines, facts = read(tmp_path, "effectif", "compte;siret;eff202411", f";{SIRET};3", f"c;{SIRET};4")
    assert [row.kind for row in lines] == ["accepted", "accepted"]
    assert [(f["numero_compte"], f["effectif"]) for f in facts] == [(None, 3), ("c", 4)]


def test_effectif_ent_reads_the_layout_with_the_siren_first_and_the_older_one(tmp_path: Path) -> None:
    _, facts = read(tmp_path, "effectif_ent", "siren;eff201011;eff201012;rais_soc", "542368702;629;0;abcde")
    _, older = read(
        tmp_path,
        "effectif_ent",
        "compte;siren;rais_soc;ape_ins;dep;eff201011;eff201012;base;UR_EMET",
        "c;542368702;x;1086e;23;629;0;719;733965",
    )
    expected = [(date(2010, 1, 1), 629), (date(2010, 2, 1), 0)]
    assert [(f["periode"], f["effectif"]) for f in facts] == expected
    assert [(f["periode"], f["effectif"]) for f in older] == expected


SIRENE = (
    "siren,nic,siret,dateCreationEtablissement,etablissementSiege,complementAdresseEtablissement,"
    "numeroVoieEtablissement,indiceRepetitionEtablissement,typeVoieEtablissement,libelleVoieEtablissement,"
    "codePostalEtablissement,libelleCommuneEtablissement,libelleCommuneEtrangerEtablissement,"
    "distributionSpecialeEtablissement,codeCommuneEtablissement,codeCedexEtablissement,libelleCedexEtablissement,"
    "codePaysEtrangerEtablissement,libellePaysEtrangerEtablissement,dateDebut,etatAdministratifEtablissement,"
    "activitePrincipaleEtablissement,nomenclatureActivitePrincipaleEtablissement,longitude,latitude"
)


def sirene_line(**changes: str) -> str:
    values = dict.fromkeys(SIRENE.split(","), "")
    values |= {"siren": "012345678", "nic": "00011", "siret": "99999999999999", "etablissementSiege": "true"}
    values |= {"etatAdministratifEtablissement": "A", "nomenclatureActivitePrincipaleEtablissement": "NAFRev2"}
    return ",".join((values | changes).values())


def test_sirene_expands_codes_and_finds_the_department(tmp_path: Path) -> None:
    _, facts = read(
        tmp_path,
        "sirene",
        SIRENE,
        sirene_line(codeCommuneEtablissement="2A004", typeVoieEtablissement="CHE", indiceRepetitionEtablissement="B"),
        sirene_line(codeCommuneEtablissement="97411", codePostalEtablissement="97400", typeVoieEtablissement="ZZ"),
        sirene_line(codeCommuneEtablissement="", codePostalEtablissement="ABC", etatAdministratifEtablissement="F"),
        sirene_line(
            activitePrincipaleEtablissement="62.01Z", dateCreationEtablissement="invalid_date", longitude="2.5"
        ),
    )
    assert [f["departement"] for f in facts] == ["2A", "974", None, None]
    assert [(f["type_voie"], f["indrep"]) for f in facts[:2]] == [("CHEMIN", "BIS"), (None, None)]
    assert [f["code_postal"] for f in facts[1:3]] == ["97400", None]
    assert [f["est_actif"] for f in facts] == [True, True, False, True]
    assert (facts[3]["ape"], facts[3]["date_creation"], facts[3]["longitude"]) == ("62.01Z", None, 2.5)
    assert facts[0]["siret"] == "01234567800011"  # siren and nic, not the file's own column


def test_sirene_takes_other_nomenclatures_in_and_keeps_the_values_of_a_rejected_line(tmp_path: Path) -> None:
    lines, facts = read(
        tmp_path,
        "sirene",
        SIRENE,
        sirene_line(activitePrincipaleEtablissement="28.41X", nomenclatureActivitePrincipaleEtablissement="NAFRev1"),
        sirene_line(longitude="NOT_VALID", latitude="NOT_VALID"),
        sirene_line(etablissementSiege="oui"),
        sirene_line(siren="12"),
    )
    assert [row.kind for row in lines] == ["accepted", "rejected", "rejected", "rejected"]
    assert lines[1].codes == [("bad_number", "longitude"), ("bad_number", "latitude")]
    assert [f["_line"] for f in facts] == [2, 3, 4]  # a line without a valid key gives nothing
    assert (facts[0]["ape"], facts[0]["nomenclature_ape"]) == (None, "NAFRev1")


def test_sirene_ul_keeps_an_unreadable_creation_date_as_unknown(tmp_path: Path) -> None:
    header = (
        "siren,dateCreationUniteLegale,prenom1UniteLegale,prenom2UniteLegale,prenom3UniteLegale,prenom4UniteLegale,"
        "etatAdministratifUniteLegale,nomUniteLegale,nomUsageUniteLegale,denominationUniteLegale,"
        "categorieJuridiqueUniteLegale,activitePrincipaleUniteLegale,nomenclatureActivitePrincipaleUniteLegale,"
        "activitePrincipaleNAF25UniteLegale"
    )
    lines, facts = read(
        tmp_path,
        "sirene_ul",
        header,
        '112233445,1967-01-01,,,,,C,,,"Dupont, ""fils""",5422,68.01Z,NAFRev2,68.01Z',
        "789211558,invalid_date,ana,,,,A,martin,,,1000,71.06B,NAFRev2,71.06B",
        "238307776,1964-01-01,x,,,,A,y,,,4263,97.90,NAF,",
    )
    assert [row.kind for row in lines] == ["accepted", "accepted", "accepted"]
    assert [(f["raison_sociale"], f["date_creation"], f["est_actif"]) for f in facts] == [
        ('Dupont, "fils"', date(1967, 1, 1), False),
        ("", None, True),
        ("", date(1964, 1, 1), True),
    ]


def test_a_missing_column_is_named_with_what_is_there() -> None:
    with pytest.raises(BrokenFileError, match="column siret, cotis_due not found; the header has: Compte, periode"):
        recognise(source_named("cotisation"), header_of("Compte;periode;enc_direct"))


def test_columns_are_found_by_name_whatever_their_order_and_case(tmp_path: Path) -> None:
    header = "COTIS_DUE;extra;siret;SIRET;enc_direct;periode;COMPTE"
    _, (fact,) = read(tmp_path, "cotisation", header, f"3;x;99999999999999;{SIRET};2;202411;c")
    assert (fact["siret"], fact["du"], fact["encaisse"]) == (SIRET, 3.0, 2.0)  # the last of two equal names counts


def test_a_file_with_a_siret_that_lacks_another_column_is_not_taken_for_an_older_one_by_account() -> None:
    without = DEBIT.removesuffix(";Recours_en_cours")
    with pytest.raises(BrokenFileError, match="column recours_en_cours not found"):
        recognise(source_named("debit"), header_of(without))
    assert recognise(source_named("debit"), header_of(without.replace("Siret;", ""))).layout.name == "2018"


def test_a_wide_file_without_a_month_is_refused_rather_than_read_to_nothing() -> None:
    with pytest.raises(BrokenFileError, match="column effAAAATM not found; the header has: compte, siret, eff99"):
        recognise(source_named("effectif"), header_of("compte;siret;eff99"))
    assert len(recognise(source_named("effectif"), header_of("compte;siret;EFF202411;eff99")).months) == 1


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("sigfaible_cotisdues.csv.gz", "cotisation"),
        ("sigfaible_debits.csv", "debit"),
        ("sigfaible_effectif_siren.csv", "effectif_ent"),
        ("sigfaibles_effectif_siret.csv.gz", "effectif"),
        ("sigfaible_pcoll.csv", "procol"),
        ("StockEtablissement_utf8_geo.csv", "sirene"),
        ("StockEtablissementHistorique_utf8.csv", "sirene_histo"),
        ("sigfaible_etablissement_utf8.csv", "comptes"),
        ("sigfaible_delais.csv.gz", "delai"),
        ("sigfaible_ccsf.csv", "ccsf"),
        ("demande_ap.csv", "apdemande"),
        ("consommation_ap.csv", "apconso"),
        ("E_202011095813_Retro-Paydex_20201207.csv", "paydex"),
        ("bdf.csv", "bdf"),
        ("Diane_export_2.txt", "diane"),
        ("filter_siren_2403.csv", "filter"),
        ("ratios_inpi_bce.csv", "ratios"),
        ("bodacc_procedures.csv", "procedures"),
        ("contexte_france_relance.csv", "contexte"),
        ("sireneUL.csv", "sirene_ul"),
        ("notes.txt", None),
    ],
)
def test_a_file_is_recognised_by_its_name(file: str, source: str | None) -> None:
    found = source_of(file)
    assert (found.name if found else None) == source


def test_every_source_declares_a_key_that_it_types() -> None:
    for source in SOURCES:
        newest = source.layouts[0]
        columns = [*newest.required, *(["eff202411"] if source.wide else [])]
        if newest.reshape:  # the year is in the names of the columns
            columns = [f"{name} 2024" for name in columns if name != "annee"]
        assert recognise(source, header_of(source.delimiter.join(columns), newest.encoding)).layout is newest
        schema = staged_schema(source, "_batch")
        assert {source.key_column, "_batch", "_file", "_line", "known_on", "superseded_on"} <= set(schema.names)
        assert schema.field(source.key_column).type == pa.string()


def test_only_accepted_lines_outside_the_perimeter_are_skipped(tmp_path: Path) -> None:
    other = "87654321000015"
    lines = [
        f"1;1;{SIRET};c;202411;1;1;1",
        f"1;1;{other};c;202411;1;1;1",
        f"1;1;{other};c;x;1;1;1",
        "1;1;12;c;202411;1;1;1",
    ]
    (tmp_path / "delivered").write_text("\n".join([COTISATION, *lines]))
    for inside, kinds in (([12345678], "asrr"), ([], "ssrr"), ([12345678, 876543210], "aarr"), (None, "aarr")):
        found = read_file(tmp_path / "delivered", source_named("cotisation"), inside=inside)
        assert "".join(kind[0] for kind in found.kinds) == kinds
        assert [fact["_line"] for fact in found.facts] == [n for n, kind in enumerate(kinds, start=2) if kind == "a"]
