"""Deliveries that went wrong in the field: nothing ends, moves or vanishes because of them."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from sf_spark.settings import Settings
from sf_spark.staging import storing
from sf_spark.staging.intake import take_in

Deliver = Callable[[str, str, bytes | str], None]
RNG = random.Random(4)
SITES = ["".join(RNG.choices("0123456789", k=14)) for _ in range(20)]
ACCOUNT = {site: "".join(RNG.choices("0123456789", k=18)) for site in SITES}
DEBIT = (
    "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;"
    "Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours\n"
)
COMPTES = "Urssaf_gestion;Dep;Compte;Etat_compte;Siren;Siret;Date_crea_siret;Date_disp_siret\n" + "".join(
    f"1;1;{ACCOUNT[site]};1;{site[:9]};{site};1100101;\n" for site in SITES
)


def debit(site: str, amount: int = 100) -> str:
    return f"939;27;{ACCOUNT[site]};{site[:9]};{site};20150708;5;0;202411;101;1;1240120;{amount};200;3;74;0\n"


def debits(sites: list[str] = SITES, amount: int = 100) -> str:
    return DEBIT + "".join(debit(site, amount) for site in sites)


@pytest.fixture
def take(settings: Settings) -> Callable[..., dict[str, Any]]:
    def taken(batch: str, **ingest: Any) -> dict[str, Any]:
        update = {"smallest_share": 0.8, **ingest}
        own = settings.model_copy(update={"ingest": settings.ingest.model_copy(update=update)})
        done = take_in(None, own, batch, lambda line: None)  # type: ignore[arg-type]
        return {account.file.name: account for account in done}

    return taken


@pytest.fixture
def in_force(settings: Settings) -> Callable[..., int]:
    def count(source: str = "debit") -> int:
        rows = DeltaTable(f"{settings.lake}/staged/{source}").to_pyarrow_table().column("superseded_on")
        return rows.null_count

    return count


def test_a_damaged_account_number_ends_nothing(deliver: Deliver, take: Callable, in_force: Callable) -> None:
    by_account = DEBIT.replace("Siret;", "")
    lines = [debit(site).replace(f";{site};", ";", 1) for site in SITES]
    damaged = lines[2].replace(ACCOUNT[SITES[2]], "x" + ACCOUNT[SITES[2]][1:])
    for batch, text in (("2401", lines), ("2402", [*lines[:2], damaged, *lines[3:]])):
        deliver(batch, "sigfaible_etablissement_utf8.csv", COMPTES)
        deliver(batch, "x_debits.csv", by_account + "".join(text))
        done = take(batch)["x_debits.csv"]
    assert (done.skipped, done.ended, done.held_back, in_force()) == (1, 0, 1, 20)


@pytest.mark.parametrize("label", ["liquidatiox_ouverture", "liquidation_ouvertuxe", "???", ""])
def test_a_damaged_label_ends_no_proceeding(deliver: Deliver, take: Callable, in_force: Callable, label: str) -> None:
    lines = [f"{site};{site[:9]};05FEB2024;LQ;liquidation_ouverture\n" for site in SITES]
    header = "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx\n"
    deliver("2401", "sigfaible_pcoll.csv", header + "".join(lines))
    deliver(
        "2402", "sigfaible_pcoll.csv", header + "".join(lines[1:]) + lines[0].replace("liquidation_ouverture", label)
    )
    take("2401")
    assert (take("2402")["sigfaible_pcoll.csv"].ended, in_force("procol")) == (0, 21)


@pytest.mark.parametrize(
    ("change", "rejected", "skipped"), [((",A\n", ",x\n"), 0, 1), ((",A\n", ",\n"), 0, 1), (("true,", "???,"), 1, 0)]
)
def test_a_damaged_line_of_the_register_changes_no_establishment(
    deliver: Deliver, take: Callable, settings: Settings, change: tuple[str, str], rejected: int, skipped: int
) -> None:
    columns = (
        "siren,nic,etablissementSiege,complementAdresseEtablissement,numeroVoieEtablissement,"
        "indiceRepetitionEtablissement,typeVoieEtablissement,libelleVoieEtablissement,libelleCommuneEtablissement,"
        "libelleCommuneEtrangerEtablissement,distributionSpecialeEtablissement,codeCedexEtablissement,"
        "libelleCedexEtablissement,codePaysEtrangerEtablissement,libellePaysEtrangerEtablissement,"
        "codeCommuneEtablissement,codePostalEtablissement,dateCreationEtablissement,longitude,latitude,"
        "etatAdministratifEtablissement\n"
    )
    lines = [f"{s[:9]},{s[9:]},true,,,,,,,,,,,,,14118,14000,2001-01-01,1,2,A\n" for s in SITES]
    deliver("2401", "StockEtablissement_utf8_geo.csv", columns + "".join(lines))
    deliver("2402", "StockEtablissement_utf8_geo.csv", columns + "".join(lines[1:]) + lines[0].replace(*change))
    take("2401")
    done = take("2402")["StockEtablissement_utf8_geo.csv"]
    assert (done.rejected, done.skipped, done.added, done.ended, done.held_back) == (rejected, skipped, 0, 0, 1)
    rows = DeltaTable(f"{settings.lake}/staged/sirene").to_pyarrow_table().to_pylist()
    assert all(row["est_actif"] and row["siege"] for row in rows)


def test_a_file_that_turns_broken_leaves_its_delivery_as_it_was(
    deliver: Deliver, take: Callable, in_force: Callable, settings: Settings
) -> None:
    deliver("2401", "a_debits.csv", debits())
    deliver("2402", "a_debits.csv", debits(SITES[:17]))
    deliver("2402", "b_debits.csv", debits(SITES[17:], 500))
    for batch in ("2401", "2402"):
        take(batch)
    deliver("2402", "b_debits.csv", "rubbish\n")
    # Its unchanged sibling stays as taken in, and is not a failure.
    assert {name: account.status for name, account in take("2402").items()} == {"b_debits.csv": "failed"}
    assert in_force() == 20
    accounts = DeltaTable(f"{settings.lake}/deliveries").to_pyarrow_table().to_pylist()
    assert {(row["_batch"], row["_file"], row["status"]) for row in accounts} == {
        ("2401", "a_debits.csv", "ok"),
        ("2402", "a_debits.csv", "ok"),
        ("2402", "b_debits.csv", "ok"),
    }


def test_an_unfinished_file_counts_as_a_broken_one(deliver: Deliver, take: Callable, in_force: Callable) -> None:
    deliver("2401", "a_debits.csv", debits())
    deliver("2402", "a_debits.csv", debits(SITES[:17]))
    deliver("2402", "b_debits.csv.part", "x")
    take("2401")
    assert (take("2402")["a_debits.csv"].held_back, in_force()) == (3, 20)
    deliver("2403", "a_debits.csv", debits())
    deliver("2403", "filter_siren.csv.part", "x")
    assert {account.status for account in take("2403").values()} == {"failed"}


def test_a_perimeter_corrected_after_later_batches_breaks_nothing(
    deliver: Deliver, take: Callable, settings: Settings
) -> None:
    companies = "siren\n" + "".join(f"{site[:9]}\n" for site in SITES)
    deliver("2401", "filter.csv", companies)
    for batch in ("2401", "2402"):
        deliver(batch, "a_debits.csv", debits())
        take(batch)
    deliver("2401", "filter.csv", companies + "111111111\n")
    assert {name: account.status for name, account in take("2401").items()} == {"filter.csv": "ok"}
    assert take("2401") == {}
    accounts = DeltaTable(f"{settings.lake}/deliveries").to_pyarrow_table().to_pylist()
    assert {row["status"] for row in accounts} == {"ok"}


def test_what_was_said_of_a_delivery_holds_when_another_file_of_it_comes(
    deliver: Deliver, take: Callable, in_force: Callable
) -> None:
    deliver("2401", "a_debits.csv", debits())
    deliver("2402", "a_debits.csv", debits(SITES[:2]))
    take("2401")
    assert take("2402", partial=("debit",))["a_debits.csv"].held_back == 18
    deliver("2402", "c_debits.csv", debits(SITES[:17]))
    take("2402")
    assert in_force() == 20


def test_a_second_file_without_lines_does_not_empty_a_first_batch(
    deliver: Deliver, take: Callable, in_force: Callable
) -> None:
    deliver("2401", "a_debits.csv", debits())
    take("2401")
    deliver("2401", "a_debits.csv", DEBIT)
    assert "holds 0 facts where 20 are in force" in take("2401")["a_debits.csv"].message
    assert in_force() == 20


def test_a_batch_that_died_before_its_account_holds_the_next_one_up(
    deliver: Deliver, take: Callable, in_force: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for batch, amount in (("2401", 1), ("2402", 2), ("2403", 3)):
        deliver(batch, "a_debits.csv", debits(amount=amount))
    take("2401")
    with monkeypatch.context() as patched:
        patched.setattr("sf_spark.staging.intake.write_accounts", _killed)
        with pytest.raises(KeyboardInterrupt):
            take("2402")
    assert "batch 2402 of debit was interrupted" in take("2403")["a_debits.csv"].message
    assert [take(batch)["a_debits.csv"].status for batch in ("2402", "2403")] == ["ok", "ok"]
    assert in_force() == 20


def test_who_gives_way_twice_leaves_no_rejected_line(
    deliver: Deliver, take: Callable, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("2401", "a_debits.csv", debits() + "bad\n")
    take("2401")
    deliver("2402", "a_debits.csv", debits(amount=7) + "worse\n")
    with monkeypatch.context() as patched:
        patched.setattr(storing, "commit_files", _too_late)
        assert take("2402")["a_debits.csv"].status == "failed"
    rows = DeltaTable(f"{settings.lake}/quarantine").to_pyarrow_table().to_pylist()
    assert [row["raw"] for row in rows] == ["bad"]


def test_a_month_whose_header_is_damaged_is_not_gone(deliver: Deliver, take: Callable, in_force: Callable) -> None:
    months = [f"eff2023{quarter}{month}" for quarter in "1234" for month in "123"]
    cells = ";".join("5" for _ in months)
    text = f"siret;compte;{';'.join(months)}\n" + "".join(f"{s};{ACCOUNT[s]};{cells}\n" for s in SITES)
    deliver("2401", "x_effectif_y.csv", text)
    deliver("2402", "x_effectif_y.csv", text.replace("eff202321", "eff2o2321"))
    take("2401")
    assert (take("2402")["x_effectif_y.csv"].held_back, in_force("effectif")) == (20, 20 * 12)


def test_what_parquet_holds_is_read_or_fails_by_name(
    deliver: Deliver, take: Callable, in_force: Callable, tmp_path: Path
) -> None:
    columns = {"siret": SITES, "compte": [ACCOUNT[s] for s in SITES], "eff202311": ["5"] * 20, "eff202312": [""] * 20}
    pq.write_table(pa.table(columns), tmp_path / "wide.parquet")
    deliver("2401", "x_effectif_siret.parquet", (tmp_path / "wide.parquet").read_bytes())
    texts = pa.table({name: ["KLMNO"] for name in ("Siret", "Dt_effet", "Lib_actx_stdx")})
    pq.write_table(texts, tmp_path / "text.parquet", compression="none", use_dictionary=False, write_statistics=False)
    damaged = (tmp_path / "text.parquet").read_bytes().replace(b"KLMNO", b"KL\xff\xfeO")
    deliver("2401", "sigfaible_pcoll.parquet", damaged)
    done = take("2401")
    assert (done["x_effectif_siret.parquet"].accepted, in_force("effectif")) == (20, 20)
    assert done["sigfaible_pcoll.parquet"].status == "failed"


def test_a_month_that_stands_twice_counts_once(deliver: Deliver, take: Callable, settings: Settings) -> None:
    header = "siret;compte;eff202311;eff202312;eff202311\n"
    deliver("2401", "x_effectif_y.csv", header + f"{SITES[0]};{ACCOUNT[SITES[0]]};10;7;12\n")
    columns = {"siret": SITES[:1], "compte": ["c"], "eff202311": ["10"], "eff202312": ["7"], "EFF202311": ["12"]}
    pq.write_table(pa.table(columns), Path(settings.landing) / "2401" / "y_effectif_z.parquet")
    done = take("2401")
    assert [account.accepted for account in done.values()] == [1, 1]
    rows = DeltaTable(f"{settings.lake}/staged/effectif").to_pyarrow_table().to_pylist()
    assert sorted((row["_file"], row["periode"].month, row["effectif"]) for row in rows) == [
        *(("x_effectif_y.csv", 1, 12), ("x_effectif_y.csv", 2, 7)),
        *(("y_effectif_z.parquet", 1, 12), ("y_effectif_z.parquet", 2, 7)),
    ]


def test_parquet_with_two_columns_of_one_name_fails_alone(deliver: Deliver, take: Callable, settings: Settings) -> None:
    deliver("2401", "a_debits.csv", debits())
    names = ["Siret", "Dt_effet", "Lib_actx_stdx", "Siret"]
    table = pa.Table.from_arrays([pa.array([text]) for text in (SITES[0], "05FEB2024", "x", SITES[1])], names=names)
    pq.write_table(table, Path(settings.landing) / "2401" / "sigfaible_pcoll.parquet")
    done = take("2401")
    assert (done["a_debits.csv"].status, done["sigfaible_pcoll.parquet"].status) == ("ok", "failed")
    assert done["sigfaible_pcoll.parquet"].message == "several columns of one name: Siret"


def test_a_perimeter_that_turns_broken_fails_alone(deliver: Deliver, take: Callable, in_force: Callable) -> None:
    deliver("2401", "filter.csv", "siren\n" + "".join(f"{site[:9]}\n" for site in SITES))
    deliver("2401", "a_debits.csv", debits())
    take("2401")
    deliver("2401", "filter.csv", "???\n")
    assert {name: account.status for name, account in take("2401").items()} == {"filter.csv": "failed"}
    deliver("2401", "sigfaible_pcoll.csv", "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx\n")
    assert {name: account.status for name, account in take("2401").items()} == {
        "filter.csv": "failed",
        "sigfaible_pcoll.csv": "failed",  # not read without perimeter while that file is broken
    }
    assert in_force() == 20


@pytest.mark.parametrize("column", ["Dt_immat", "Mt_PP"])
def test_a_stray_quote_that_makes_one_line_of_many_ends_nothing(
    deliver: Deliver, take: Callable, in_force: Callable, column: str
) -> None:
    lines = debits().splitlines(keepends=True)
    old, opened, closed = {"Dt_immat": (";20150708;", ';"20150708;', ';20150708";'), "Mt_PP": (";200;", ';"200;', "")}[
        column
    ]
    damaged = [
        *lines[:5],
        lines[5].replace(old, opened),
        *lines[6:9],
        lines[9].replace(old, closed or old),
        *lines[10:],
    ]
    deliver("2401", "a_debits.csv", debits())
    deliver("2402", "a_debits.csv", "".join(damaged))
    take("2401")
    done = take("2402", smallest_share=0.1)["a_debits.csv"]
    # Four lines are merged, and the last one gets the key of the first; or all later lines are merged.
    assert (done.ended, in_force()) == (0, 20)
    assert done.held_back == (4 if closed else 16)


def test_a_company_with_a_name_of_two_lines_holds_nothing_back(deliver: Deliver, take: Callable) -> None:
    header = "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx\n"
    lines = [f"{site};{site[:9]};05FEB2024;LQ;liquidation_ouverture\n" for site in SITES]
    new = f'{SITES[1][::-1]};{SITES[1][:9]};05FEB2024;"L\nQ";liquidation_ouverture\n'
    deliver("2401", "sigfaible_pcoll.csv", header + "".join(lines))
    deliver("2402", "sigfaible_pcoll.csv", header + "".join(lines[2:]) + new)
    take("2401")
    done = take("2402")["sigfaible_pcoll.csv"]
    assert (done.accepted, done.ended, done.held_back) == (19, 1, 1)  # its text names the company of the second site


@pytest.mark.parametrize("text", ["00000000000000", "000000000"])
def test_a_number_of_zeros_is_nobodys(deliver: Deliver, take: Callable, in_force: Callable, text: str) -> None:
    source, name, header = ("debit", "a_debits.csv", DEBIT) if len(text) == 14 else ("bilan", "", "")
    if not name:
        source, name, header = "sirene_ul", "sireneUL.csv", COMPANY_HEADER
    lines = [debit(site) if source == "debit" else company(site[:9]) for site in SITES]
    key = SITES[4][: len(text)]
    damaged = lines[4].replace(f"{key}", text, 1) if source != "debit" else lines[4].replace(f";{key};", f";{text};")
    deliver("2401", name, header + "".join(lines))
    deliver("2402", name, header + "".join([*lines[:4], damaged, *lines[5:]]))
    take("2401")
    done = take("2402")[name]
    assert (done.accepted, done.ended, done.held_back, in_force(source)) == (20, 0, 1, 21)


@pytest.mark.parametrize("at_fault", ["2402", "2402 twice", "2402 put right"])
@pytest.mark.parametrize("later", ["2402_01", "2403"])
def test_a_broken_perimeter_stops_the_batches_behind_it(
    deliver: Deliver, take: Callable, in_force: Callable, at_fault: str, later: str
) -> None:
    inside = "siren\n" + "".join(f"{site[:9]}\n" for site in SITES[:10])
    deliver("2401", "filter.csv", inside)
    take("2401")
    deliver("2402", "filter.csv", "siren\nx\n")
    if at_fault == "2402 twice":  # taken in before it was broken
        deliver("2402", "filter.csv", inside)
        take("2402")
        deliver("2402", "filter.csv", "siren\nx\n")
    assert take("2402")["filter.csv"].status == "failed"
    deliver(later, "a_debits.csv", debits())
    done = take(later, perimetre="filter")["a_debits.csv"]
    assert done.status == "failed"
    assert done.message.startswith("not read: the perimeter file filter.csv of batch 2402 could not be taken in")
    if at_fault == "2402 put right":
        deliver("2402", "filter.csv", inside)
        assert take("2402")["filter.csv"].status == "ok"
    else:  # or the batch has a perimeter of its own
        deliver(later, "filter.csv", inside)
    assert take(later)["a_debits.csv"].status == "ok"
    assert in_force() == 10


def test_a_perimeter_under_another_name_puts_a_broken_one_right(
    deliver: Deliver, take: Callable, settings: Settings
) -> None:
    deliver("2402", "filter.csv", "siren\nx\n")
    take("2402")
    (Path(settings.landing) / "2402" / "filter.csv").unlink()
    deliver("2402", "a_debits.csv", debits())
    assert take("2402")["a_debits.csv"].status == "failed"  # the file is gone, and the others have no perimeter
    deliver("2402", "filter_2.csv", f"siren\n{SITES[0][:9]}\n")
    assert {name: account.status for name, account in take("2402").items()} == {
        "filter_2.csv": "ok",
        "a_debits.csv": "ok",
    }
    deliver("2403", "a_debits.csv", debits())
    assert take("2403")["a_debits.csv"].accepted == 1


def test_without_a_perimeter_a_broken_one_stops_nobody(deliver: Deliver, take: Callable) -> None:
    deliver("2402", "filter.csv", "siren\nx\n")
    take("2402", perimetre="off")
    deliver("2403", "a_debits.csv", debits())
    assert take("2403", perimetre="off")["a_debits.csv"].accepted == 20


COMPANY_HEADER = (
    "siren,denominationUniteLegale,prenom1UniteLegale,prenom2UniteLegale,prenom3UniteLegale,prenom4UniteLegale,"
    "nomUniteLegale,nomUsageUniteLegale,categorieJuridiqueUniteLegale,dateCreationUniteLegale,"
    "etatAdministratifUniteLegale,activitePrincipaleUniteLegale,nomenclatureActivitePrincipaleUniteLegale\n"
)


def company(siren: str, nomenclature: str = "NAFRev2", name: str = "SOC") -> str:
    return f"{siren},{name},,,,,,,5710,2010-01-01,A,62.01Z,{nomenclature}\n"


@pytest.mark.parametrize("written", ["NAFRe2", "NAFRev22", "nafrev2", "x", " "])
def test_a_damaged_nomenclature_takes_no_code_back(
    deliver: Deliver, take: Callable, settings: Settings, written: str
) -> None:
    lines = [company(site[:9]) for site in SITES]
    deliver("2401", "sireneUL.csv", COMPANY_HEADER + "".join(lines))
    deliver("2402", "sireneUL.csv", COMPANY_HEADER + "".join([company(SITES[0][:9], written, "SARL"), *lines[1:]]))
    take("2401")
    done = take("2402")["sireneUL.csv"]
    rows = DeltaTable(f"{settings.lake}/staged/sirene_ul").to_pyarrow_table().to_pylist()
    assert {(row["ape"], row["superseded_on"]) for row in rows} == {("62.01Z", None)}
    assert (done.rejected, done.ended, len(rows)) == (1, 0, 20)


@pytest.mark.parametrize("damaged", ["nomenclatureActivitePrincipaleUniteLegal", "activitePrincipaleUniteLegale "])
def test_a_damaged_header_takes_no_code_back(
    deliver: Deliver, take: Callable, settings: Settings, damaged: str
) -> None:
    right = damaged.strip().removesuffix("e") + "e"
    lines = "".join(company(site[:9]) for site in SITES)
    deliver("2401", "sireneUL.csv", COMPANY_HEADER + lines)
    deliver("2402", "sireneUL.csv", COMPANY_HEADER.replace(f",{right}", f",{damaged}") + lines)
    take("2401")
    done = take("2402")["sireneUL.csv"]
    assert (done.status, done.message) == (
        *("failed",),
        f"column {damaged} is not known, and nearly spells {right.lower()}, which is absent",
    )


def test_rows_of_parquet_that_differ_where_nobody_reads_are_two_facts(
    deliver: Deliver, take: Callable, settings: Settings
) -> None:
    names = [*DEBIT.strip().split(";"), "octets", "liste"]
    cells = debit(SITES[0]).strip().split(";")
    rows = [[*cells, b"\xff", [1]], [*cells, b"\xfe", [1]], [*cells, b"\xff", [1, 2]], [*cells, b"\xff", [1]]]
    deliver("2401", "a_debits.parquet", b"")
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})
    pq.write_table(table, Path(settings.landing) / "2401" / "a_debits.parquet")
    done = take("2401")["a_debits.parquet"]
    assert (done.accepted, done.added) == (4, 3)  # the last row repeats the first


def test_a_name_that_is_no_text_fails_alone(deliver: Deliver, take: Callable, settings: Settings) -> None:
    deliver("2401", "a_debits.csv", debits())
    folder = os.fsencode(settings.landing) + b"/2401/d\xe9_debits.csv"
    with open(folder, "wb") as file:
        file.write(b"x")
    done = take("2401")
    assert {name: account.status for name, account in done.items()} == {
        "a_debits.csv": "ok",
        "d\ufffd_debits.csv": "failed",
    }


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def _too_late(*_: object) -> None:
    raise storing.ConcurrentWriteError("another job has changed it meanwhile")


@pytest.mark.parametrize("header", ["ef202321", "xff202321", "eff20232", "eff 202321", ""])
def test_a_month_that_no_header_names_is_not_gone(
    deliver: Deliver, take: Callable, in_force: Callable, header: str
) -> None:
    text = f"siret;compte;eff202321;eff202322\n{''.join(f'{s};{ACCOUNT[s]};5;6' + chr(10) for s in SITES)}"
    deliver("2401", "x_effectif_y.csv", text)
    deliver("2402", "x_effectif_y.csv", text.replace("eff202321", header).replace(";6\n", ";7\n"))
    for batch in ("2401", "2402"):
        take(batch)
    assert in_force("effectif") == 2 * len(SITES)


def test_a_file_cut_inside_a_line_ends_nothing(deliver: Deliver, take: Callable, in_force: Callable) -> None:
    deliver("2401", "x_debits.csv", debits())
    deliver("2402", "x_debits.csv", debits()[: debits().index(SITES[18]) + 30])
    take("2401")
    done = take("2402")["x_debits.csv"]
    assert (done.accepted, done.rejected, done.held_back, in_force()) == (18, 1, 2, 20)


@pytest.mark.parametrize("earlier", [0, 15])
def test_a_damaged_line_of_the_same_batch_again_takes_nothing_away(
    deliver: Deliver, take: Callable, in_force: Callable, settings: Settings, earlier: int
) -> None:
    if earlier:
        deliver("2401", "x_debits.csv", debits(SITES[:earlier]))
        take("2401")
    deliver("2402", "x_debits.csv", debits())
    take("2402")
    whole = DeltaTable(f"{settings.lake}/staged/debit").to_pyarrow_table().sort_by("_line").to_pylist()
    deliver("2402", "x_debits.csv", debits().replace(debit(SITES[19]), debit(SITES[19]).replace("1240120", "x")))
    assert (take("2402")["x_debits.csv"].held_back, in_force()) == (1, 20)
    deliver("2402", "x_debits.csv", debits() + "\n")
    assert (take("2402")["x_debits.csv"].held_back, in_force()) == (0, 20)
    again = DeltaTable(f"{settings.lake}/staged/debit").to_pyarrow_table().sort_by("_line").to_pylist()
    assert again == whole


def test_the_same_batch_again_may_not_shrink_either(deliver: Deliver, take: Callable, in_force: Callable) -> None:
    deliver("2401", "x_debits.csv", debits(SITES[:2]))
    deliver("2402", "x_debits.csv", debits())
    for batch in ("2401", "2402"):
        take(batch)
    deliver("2402", "x_debits.csv", debits(SITES[:2]))
    message = take("2402")["x_debits.csv"].message
    assert "holds 2 facts where 20 are in force" in message
    assert in_force() == 20


@pytest.mark.parametrize(
    ("text", "ingest", "left"),
    [
        (debits(SITES[:1], amount=5), {"partial": ("debit",)}, 18),
        (debits(SITES[:18]) + "?\n", {}, 18),
        (debits(SITES[:18]).replace(debit(SITES[3]), debit(SITES[3]).replace("1240120", "x")), {}, 18),
        (debits(), {}, 20),  # and facts of the correction are in force again
    ],
)
def test_a_sub_batch_leaves_ended_what_the_delivery_before_it_ended(
    deliver: Deliver, take: Callable, in_force: Callable, text: str, ingest: dict[str, Any], left: int
) -> None:
    for batch, content in (("2401", debits()), ("2402", debits(SITES[:18])), ("2402_01", text)):
        deliver(batch, "x_debits.csv", content)
    take("2401")
    take("2402")
    assert in_force() == 18
    for _ in range(2):  # killed after its commit, it is taken in again
        take("2402_01", **ingest)
        assert in_force() == left


def test_a_file_beside_a_broken_one_adds_and_corrects(deliver: Deliver, take: Callable, in_force: Callable) -> None:
    deliver("2401", "a_debits.csv", debits(SITES[:10]))
    deliver("2401", "b_debits.csv", debits(SITES[10:]))
    deliver("2402", "a_debits.csv", debits(SITES[:10]).replace(debit(SITES[0]), debit(SITES[0], amount=5)))
    deliver("2402", "b_debits.csv", "")
    take("2401")
    done = take("2402")
    assert [done[f"{name}_debits.csv"].status for name in "ab"] == ["ok", "failed"]
    assert (done["a_debits.csv"].added, in_force()) == (1, 20)


LINES = [debit(site) for site in SITES]
AT = len("".join(LINES[:3]))  # where the fourth line begins


@pytest.mark.parametrize(
    ("start", "end", "instead", "held_back"),
    [
        (AT - 1, AT, b"", 4),  # the line feed alone: the third and the fourth line, and the two that are repaid
        (AT - 1, AT, b" ", 4),
        (AT - 10, AT + 60, b"", 3),  # with the numbers of the fourth line: the key of the missing line is unknown
        (AT - 10, 2 * AT, b"", 3),  # several lines
        (AT - 1, AT, b"\n\n", 2),  # a blank line may have been a record
        (AT - 10, AT + 60, b" " * 70, 3),
        (AT - 10, AT + 60, b"\0" * 70, 3),
        (AT - 30, AT + 2, b"\0" * 32, 3),  # zero bytes may have been anything
        (AT + 7, AT + 7 + 18, b"\0" * 18, 3),  # the account number
    ],
)
def test_a_lost_line_end_ends_no_debt_of_the_line_behind(
    deliver: Deliver, take: Callable, in_force: Callable, start: int, end: int, instead: bytes, held_back: int
) -> None:
    # Two debts are repaid. If a line end is lost, the number of lines is unknown: not even these end.
    body = "".join(LINES[:-2]).encode()
    deliver("2401", "a_debits.csv", debits())
    deliver("2402", "a_debits.csv", DEBIT.encode() + body[:start] + instead + body[end:])
    take("2401")
    done = take("2402", smallest_share=0.5)["a_debits.csv"]
    assert done.held_back >= held_back and (in_force(), done.ended) == (20, 0)
    deliver("2402", "a_debits.csv", DEBIT.encode() + body)
    assert (take("2402")["a_debits.csv"].ended, in_force()) == (2, 18)


def test_a_delimiter_too_many_in_a_name_is_no_lost_line_end(
    deliver: Deliver, take: Callable, in_force: Callable
) -> None:
    header = "siren;eff202411;eff202412;eff202413;rais_soc\n"
    lines = [f"{site[:9]};5;6;7;DUPONT ET FILS {rank:02d}\n" for rank, site in enumerate(SITES)]
    deliver("2401", "sigfaible_effectif_siren.csv", header + "".join(lines))
    slipped = lines[3].replace("DUPONT ET", "DUPONT;ET").replace(" 03", "")
    deliver("2402", "sigfaible_effectif_siren.csv", header + "".join([*lines[:3], slipped, *lines[4:-1]]))
    take("2401")
    done = take("2402")["sigfaible_effectif_siren.csv"]
    assert (done.rejected, done.ended, done.held_back) == (1, 3, 3)


def test_a_damaged_month_of_the_header_puts_no_headcount_into_another_month(
    deliver: Deliver, take: Callable, in_force: Callable, settings: Settings
) -> None:
    header = "siren;eff202411;eff202412;eff202413;eff202421;rais_soc\n"
    lines = "".join(f"{site[:9]};5;6;7;8;SA\n" for site in SITES)
    deliver("2401", "sigfaible_effectif_siren.csv", header + lines)
    deliver("2402", "sigfaible_effectif_siren.csv", header.replace("eff202412", "eff202212") + lines)
    take("2401")
    done = take("2402")["sigfaible_effectif_siren.csv"]
    assert (done.added, done.ended, done.held_back) == (0, 0, 20)
    assert done.line().endswith("; 20 facts held back from ending; columns in doubt: eff202212")
    assert in_force("effectif_ent") == 80


CONTRIBUTIONS = "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due\n"


def due(site: str, amount: str = "1234,56") -> str:
    return f"671;14;{site};{ACCOUNT[site]};202411;5;900;{amount}\n"


@pytest.mark.parametrize("first_ends", ["\n", ""])
def test_a_file_cut_inside_its_last_cell_is_a_cut_file(
    deliver: Deliver, take: Callable, settings: Settings, first_ends: str
) -> None:
    deliver("2401", "sigfaible_cotisdues.csv", (CONTRIBUTIONS + "".join(map(due, SITES))).rstrip("\n") + first_ends)
    whole = CONTRIBUTIONS + "".join(map(due, SITES[:18]))
    deliver("2402", "sigfaible_cotisdues.csv", whole[: -len("34,56\n")])
    take("2401")
    done = take("2402")["sigfaible_cotisdues.csv"]
    # If the delivery before had no last line end either, a cut cannot be detected: 12 replaces 1 234.56, two have
    # ended.
    assert (done.rejected, done.added, done.ended) == ((1, 0, 0) if first_ends else (0, 1, 3))
    deliver("2402", "sigfaible_cotisdues.csv", whole)
    take("2402")
    rows = DeltaTable(f"{settings.lake}/staged/cotisation").to_pyarrow_table().to_pylist()
    assert [row["du"] for row in rows if row["superseded_on"] is None] == [1234.56] * 18


def test_a_quote_that_swallows_the_key_of_a_line_ends_nothing(
    deliver: Deliver, take: Callable, in_force: Callable
) -> None:
    header = '"ID_DA","ETAB_SIRET","HEURES","MONTANTS","EFFECTIFS","MOIS"\n'
    lines = [f'"{100000 + rank}","{site}",1.5,2,3,"2020-12-01"\n' for rank, site in enumerate(SITES)]
    deliver("2401", "consommation_ap.csv", header + "".join(lines))
    take("2401")
    deliver("2402", "consommation_ap.csv", header + "".join([*lines[:4], '"10000\n', *lines[5:]]))
    take("2402")
    assert in_force("apconso") >= 20


def test_facts_that_damage_holds_in_force_do_not_make_the_corrected_file_too_small(
    deliver: Deliver, take: Callable, in_force: Callable
) -> None:
    others = ["".join(RNG.choices("0123456789", k=14)) for _ in range(8)]
    ACCOUNT.update({site: "".join(RNG.choices("0123456789", k=18)) for site in others})
    deliver("2401", "a_debits.csv", debits())
    deliver("2402", "a_debits.csv", debits([*SITES[8:], *others]) + "?????\n")
    take("2401")
    assert take("2402", smallest_share=0.5)["a_debits.csv"].held_back == 8
    assert in_force() == 28
    for batch, name in (("2402", "a_debits.csv"), ("2403", "a_debits.csv")):
        deliver(batch, name, debits([*SITES[8:], *others]))
        assert take(batch)[name].status == "ok"  # 20 facts where 28 are in force, of which 8 are held back
        assert in_force() == 20


@pytest.mark.parametrize("batch", ["2402", "2402_01"])
def test_a_value_that_comes_back_takes_the_place_of_the_one_that_damage_holds(
    deliver: Deliver, take: Callable, settings: Settings, batch: str
) -> None:
    damaged = debits().replace(debit(SITES[0]), "?????\n")
    for name, text in (("2401", debits()), ("2402", debits(amount=500)), (batch, damaged)):
        deliver(name, "a_debits.csv", text)
        take(name)
    rows = DeltaTable(f"{settings.lake}/staged/debit").to_pyarrow_table().to_pylist()
    amounts = {
        site: [r["part_ouvriere"] for r in rows if r["siret"] == site and not r["superseded_on"]] for site in SITES
    }
    assert all(amounts[site] == [1.0] for site in SITES[1:])
    assert amounts[SITES[0]] in ([1.0], [5.0])


def test_accounts_put_right_are_read_into_the_files_that_know_no_siret(
    deliver: Deliver, take: Callable, settings: Settings
) -> None:
    deliver("2401", "sigfaible_etablissement_utf8.csv", COMPTES.replace(f";{SITES[0]};", f";{SITES[1]};"))
    by_account = DEBIT.replace("Siret;", "") + debit(SITES[0]).replace(f";{SITES[0]};", ";", 1)
    deliver("2401", "a_debits.csv", by_account)
    take("2401")
    deliver("2401", "sigfaible_etablissement_utf8.csv", COMPTES)
    assert set(take("2401")) == {"sigfaible_etablissement_utf8.csv", "a_debits.csv"}
    rows = DeltaTable(f"{settings.lake}/staged/debit").to_pyarrow_table().to_pylist()
    assert [row["siret"] for row in rows if row["superseded_on"] is None] == [SITES[0]]


@pytest.mark.parametrize(("amounts", "says"), [("0;0", ""), ("0;0", "debit"), ("1;0", "")])
def test_a_column_that_is_empty_all_at_once_is_no_good_news(
    deliver: Deliver, take: Callable, in_force: Callable, amounts: str, says: str
) -> None:
    deliver("2401", "a_debits.csv", debits())
    deliver("2402", "a_debits.csv", debits().replace(";100;200;", f";{amounts};"))
    take("2401")
    done = take("2402", whole=[says] if says else [])["a_debits.csv"]
    assert (done.status, in_force()) == ("ok" if says else "failed", 20)
    if not says:
        named = "part_ouvriere, part_patronale" if amounts == "0;0" else "part_patronale"
        assert done.message.startswith(f"{named}: no line has a value")
        assert done.message.endswith("say --whole debit if that is right")


@pytest.mark.parametrize("sign", ["\t", "\x1a", "\xa0", "\ufeff"])
def test_an_account_number_with_a_character_that_does_not_show_is_no_other_account(
    deliver: Deliver, take: Callable, in_force: Callable, sign: str
) -> None:
    account = ACCOUNT[SITES[0]]
    deliver("2401", "a_debits.csv", debits())
    deliver("2402", "a_debits.csv", debits().replace(account, f"{account[:5]}{sign}{account[5:]}"))
    take("2401")
    done = take("2402")["a_debits.csv"]
    assert (done.rejected, done.added, done.ended, done.held_back, in_force()) == (1, 0, 0, 1, 20)
