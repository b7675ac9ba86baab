"""Whole batches of unusual files: accounts, perimeters, records over lines, encodings, corrections."""

import gzip

A, B = "01234567800011", "87654321000015"
HEADER = "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due\n"
DEBIT = (
    "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;"
    "Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours\n"
)
COMPTES = "Urssaf_gestion;Dep;Compte;Etat_compte;Siren;Siret;Date_crea_siret;Date_disp_siret\n"
BY_ACCOUNT = "Urssaf_gestion;Dep;Compte;periode;mer;enc_direct;cotis_due\n"


def counts(account) -> tuple[int, int, int, int]:
    return account.read, account.accepted, account.rejected, account.skipped


def test_files_by_account_find_their_siret_in_the_accounts_of_the_batch_or_an_earlier_one(
    deliver, ingest, rows
) -> None:
    deliver("1901", "sigfaible_cotisdues.csv", BY_ACCOUNT + "1;1;c1;201811;1;1;10\n")
    alone = ingest("1901")["sigfaible_cotisdues.csv"]
    assert alone.status == "failed" and "sigfaible_etablissement_utf8.csv is needed" in alone.message
    deliver(
        "1901",
        "sigfaible_etablissement_utf8.csv",
        COMPTES + f"1;1;c1;1;x;{A};1130828;1180601\n1;1;c1;1;x;{B};1130828;\n",
    )
    done = ingest("1901")
    assert counts(done["sigfaible_etablissement_utf8.csv"]) == (1, 1, 0, 0)  # one account
    assert counts(done["sigfaible_cotisdues.csv"]) == (1, 1, 0, 0)
    lines = "1;1;c1;201811;1;1;10\n1;1;c1;201841;1;1;20\n1;1;c2;201811;1;1;30\n"
    deliver("1902", "sigfaible_cotisdues.csv", BY_ACCOUNT + lines)
    assert counts(ingest("1902")["sigfaible_cotisdues.csv"]) == (3, 2, 0, 1)
    assert sorted((row["siret"], row["du"]) for row in rows("staged/cotisation")) == [(A, 10.0), (B, 20.0)]
    assert {row["layout"] for row in rows("deliveries") if row["status"] == "ok"} == {"2019-07"}


def test_an_unreadable_closing_day_makes_the_accounts_fail(deliver, ingest) -> None:
    deliver("1901", "sigfaible_etablissement_utf8.csv", COMPTES + f"1;1;c1;1;x;{A};1130828;soon\n")
    account = ingest("1901")["sigfaible_etablissement_utf8.csv"]
    assert account.status == "failed" and "line 2: 'soon' is not a date (A)AAMMJJ" in account.message


def test_a_given_perimeter_skips_the_lines_of_other_companies(deliver, ingest, rows) -> None:
    deliver("2403", "filter_siren_2403.csv", "siren\n012345678\n012345678\n")
    line = "671;14;{};c;{};5;0;1\n"
    lines = line.format(A, "202411") + line.format(B, "202411") + line.format(B, "x") + line.format("12", "202411")
    deliver("2403", "sigfaible_cotisdues.csv", HEADER + lines)
    done = ingest("2403")
    assert counts(done["filter_siren_2403.csv"]) == (2, 2, 0, 0)
    assert counts(done["sigfaible_cotisdues.csv"]) == (4, 1, 2, 1)  # the bad line stays rejected
    assert [row["siret"] for row in rows("staged/cotisation")] == [A]
    deliver("2404", "filter.csv", "012345678\n0123\n")
    broken = ingest("2404")["filter.csv"]
    assert broken.status == "failed" and "line 2: '0123' is not a SIREN of 9 digits" in broken.message


def test_records_over_several_lines_are_whole_and_keep_their_number(deliver, ingest, rows) -> None:
    header = '"ID_DA","ETAB_SIRET","HEURES","MONTANTS","EFFECTIFS","MOIS"\n'
    text = (
        f'"a\n\n""b""","{A}",1.5,2,3,"2020-12-01"\r\n\r\n"c","{A}",x,2,3,"2020-12-01"\n"d","{A}",1,2,3,"2020-12-01"\n'
    )
    deliver("2403", "consommation_ap.csv", header + text + '"e\nf"g,1\n"h","oops')
    account = ingest("2403")["consommation_ap.csv"]
    assert counts(account) == (5, 2, 3, 0)
    assert sorted((row["_line"], row["id_conso"]) for row in rows("staged/apconso")) == [(2, 'a\n\n"b"'), (7, "d")]
    rejected = {row["_line"]: (row["raw"], row["reasons"][0]["code"]) for row in rows("quarantine")}
    assert rejected == {
        6: (f'"c","{A}",x,2,3,"2020-12-01"', "bad_number"),
        8: ('"e\nf"g,1', "extraneous_quote"),
        10: ('"h","oops', "unclosed_quote"),
    }


def test_lines_that_other_readers_bend_are_caught_and_counted(deliver, ingest, rows) -> None:
    good = f"939;27;c;012345678;{A};20150708;5;0;201712;659;{{}};1170505;195907;864497;3;74;0\n"
    long_line = good.format(3).replace(";c;", ";" + "c" * (10 << 20) + ";")
    lines = [
        good.format(1),
        good.format(2).replace("939", "9\x0039"),  # a NUL is a character
        long_line,
        good.format(4).replace("\n", ";\n"),
        good.format(5).replace(";74;", ';7"4;'),
        "\n",
        good.format(6).replace("\n", "\r\n"),
        "\r\n",
        good.format(7).rstrip("\n") + "\r",
    ]
    deliver("2403", "sigfaible_debits.csv", DEBIT + "".join(lines))
    assert counts(ingest("2403")["sigfaible_debits.csv"]) == (7, 5, 2, 0)
    assert sorted(row["numero_historique"] for row in rows("staged/debit")) == [1, 2, 3, 6, 7]
    assert sorted(row["_line"] for row in rows("quarantine")) == [5, 6]
    deliver("2404", "sigfaible_debits.csv", "\ufeff" + DEBIT + good.format(1))
    marked = ingest("2404")["sigfaible_debits.csv"]
    assert marked.status == "failed" and "byte order mark" in marked.message


def test_a_corrected_file_comes_again_in_a_sub_batch(deliver, ingest, rows) -> None:
    deliver("2403", "sigfaible_cotisdues.csv", HEADER + f"1;1;{A};c;202411;1;1;10\n1;1;{A};c;20241;1;1;20\n")
    assert counts(ingest("2403")["sigfaible_cotisdues.csv"]) == (2, 1, 1, 0)
    deliver("2403/2403_01", "sigfaible_cotisdues.csv", HEADER + f"1;1;{A};c;202411;1;1;10\n1;1;{A};c;202412;1;1;20\n")
    assert counts(ingest("2403_01")["sigfaible_cotisdues.csv"]) == (2, 2, 0, 0)
    assert sorted((row["du"], row["_batch"]) for row in rows("staged/cotisation")) == [
        (10.0, "2403"),
        (20.0, "2403_01"),
    ]
    assert [row["_batch"] for row in rows("quarantine")] == ["2403"]  # the rejected line stays, verbatim


def test_increments_in_latin_9_with_a_trailer_are_read(deliver, ingest, rows) -> None:
    names = ["Référence Client", "Siren", *(f"c{n}" for n in range(2, 30)), "Date d'effet du mouvement"]
    cells = ["r", "012345678", *[""] * 19, "050", *[""] * 8, "2020-11-09"]
    text = ";".join(names) + "\r\n" + ";".join(cells) + "\r\nFin du fichier : total 1 ligne(s)\r\n"
    deliver("2403", "E_202011095813_Retro-Paydex_20201207.csv", text.encode("iso-8859-15"))
    (account,) = ingest("2403").values()
    assert (account.layout, counts(account)) == ("increment", (1, 1, 0, 0))
    assert [(row["siren"], row["nb_jours"]) for row in rows("staged/paydex")] == [("012345678", 180 - 3 * 50)]


def test_what_a_file_name_says_of_its_packing_counts_in_any_case(deliver, ingest, rows) -> None:
    text = HEADER + f"1;1;{A};c;202411;1;1;10\n"
    deliver("2403", "SIGFAIBLE_COTISDUES.CSV.GZ", gzip.compress(text.encode()))
    deliver("2403", "sigfaible_cotisdues.csv.part", text)
    deliver("2403", "sigfaible_debits.CSV.FILEPART", text)
    deliver("2403", "sigfaible_pcoll.csv", gzip.compress(text.encode()))
    deliver("2403", "sigfaible_delais.parquet", b"PAR1 and no more")
    done = ingest("2403")
    assert counts(done["SIGFAIBLE_COTISDUES.CSV.GZ"]) == (1, 1, 0, 0)
    for name, message in (
        ("sigfaible_cotisdues.csv.part", "unfinished, as its name says"),
        ("sigfaible_debits.CSV.FILEPART", "unfinished, as its name says"),
        ("sigfaible_pcoll.csv", "call it sigfaible_pcoll.csv.gz"),
        ("sigfaible_delais.parquet", "cannot be read"),
    ):
        assert done[name].status == "failed" and message in done[name].message
        assert "\n" not in done[name].message
    assert [row["du"] for row in rows("staged/cotisation")] == [10.0]
