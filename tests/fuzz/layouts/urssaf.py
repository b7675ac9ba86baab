"""URSSAF: contributions, debts, deferrals, plans, proceedings, accounts, headcounts."""

import random
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise

from tests.fuzz import readers as r
from tests.fuzz.layouts import cells as c
from tests.fuzz.layouts.layout import (
    ACCEPTED,
    BEFORE_ALL,
    REJECTED,
    SKIPPED,
    Fact,
    Fuzzed,
    Outcome,
    Row,
    Rule,
    cell,
    identity,
    one_fact,
    words,
)

# The accounts that files before December 2025 are read with: two establishments one after the other, one that closed.
TWICE, CLOSED = "111982477292496174", "636043216536562844"
FAR = date(2899, 1, 1)
ACCOUNTS: Mapping[str, list[tuple[date, str]]] = {
    TWICE: [(date(2012, 1, 1), "01234567800011"), (FAR, "01234567800029")],
    CLOSED: [(date(2010, 7, 1), "87654321000015")],
}
COMPTES_HEADER = "Urssaf_gestion;Dep;Compte;Etat_compte;Siren;Siret;Date_crea_siret;Date_disp_siret"
# Months in which an account should have an establishment: the fuzzed batch of accounts is January 2018.
_SERIES = (date(2016, 1, 1), date(2018, 1, 1))


def good_accounts() -> str:
    """The file of ACCOUNTS."""
    lines = [
        f"1;1;{account};1;x;{siret};1030828;{'' if closing == FAR else int(f'{closing:%Y%m%d}') - 19_000_000}"
        for account, sites in ACCOUNTS.items()
        for closing, siret in sites
    ]
    return "\n".join([COMPTES_HEADER, *lines, ""])


def _account(g: random.Random) -> str:
    return g.choice([TWICE, TWICE, TWICE, CLOSED, c.digits(g, 18)])


def _by_account(rule: Rule, account: str, day: str, reader: r.Reader) -> Rule:
    """The rule of a layout that knows accounts only: without an establishment on its day a line is skipped."""

    def by_account(row: Row) -> list[Outcome]:
        sites = ACCOUNTS.get(row[account])
        if sites is None:
            return [Outcome(SKIPPED)]
        try:
            at = reader(row[day])
        except ValueError:
            return [Outcome(REJECTED)]
        found = next((siret for closing, siret in sites if at < closing), None)
        return [Outcome(SKIPPED)] if found is None else rule(row.having(siret=found))

    return by_account


_PERIOD = {
    "periode_debut": ("periode", r.period_start),
    "periode_fin": ("periode", r.period_end),
    "est_periode_atypique": ("periode", r.odd_period),
}
_SIRET = frozenset({"siret"})

# cotisation
_cotisation = one_fact(
    "siret",
    cell("siret"),
    {
        "numero_compte": ("compte", r.whole),
        **_PERIOD,
        "encaisse": ("enc_direct", r.comma),
        "du": ("cotis_due", r.comma),
    },
)
_COTISATION = words("compte periode enc_direct cotis_due")


def _due(fact: Fact) -> date:
    return fact["periode_fin"] + timedelta(days=19)


_COTISATION_FILE = ("sigfaible_cotisdues.csv", ";", True)
COTISATION = (
    Fuzzed(
        *("cotisation", "2025-12", *_COTISATION_FILE),
        "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due",
        lambda g: [
            "671",
            "14",
            c.siret(g),
            c.digits(g, 18),
            c.period(g),
            "5",
            c.maybe(g, c.amount(g)),
            c.with_comma(g),
        ],
        _cotisation,
        _due,
        _COTISATION | _SIRET,
        money=("encaisse", "du"),
    ),
    Fuzzed(
        *("cotisation", "2018", *_COTISATION_FILE),
        "compte;periode_debit;mer;enc_direct;periode;cotis_due;ecriture",
        lambda g: [_account(g), "x", "5", c.amount(g), c.period(g), c.amount(g), c.digits(g, 3)],
        _by_account(_cotisation, "compte", "periode", r.period_start),
        _due,
        _COTISATION | {"periode_debit"},
        without=_SIRET,
        money=("encaisse", "du"),
    ),
    Fuzzed(
        *("cotisation", "2019-07", *_COTISATION_FILE),
        "Urssaf_gestion;Dep;Compte;periode;mer;enc_direct;cotis_due",
        lambda g: ["671", c.digits(g, 6), _account(g), c.period(g), "5", c.amount(g), c.amount(g)],
        _by_account(_cotisation, "compte", "periode", r.period_start),
        _due,
        _COTISATION,
        without=_SIRET,
        money=("encaisse", "du"),
    ),
)

# debit
_DEBIT = words("num_cpte num_ecn dt_trt_ecn mt_po mt_pp num_hist_ecn etat_cpte cd_pro_col periode cd_op_ecn motif_ecn")
_DEBIT_TAIL = "Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn"
_DEBIT_VALUES = {
    "numero_compte": ("num_cpte", r.whole),
    "numero_ecart_negatif": ("num_ecn", r.whole),
    **_PERIOD,
    "numero_historique": ("num_hist_ecn", r.integer),
    "date_traitement": ("dt_trt_ecn", r.aammjj),
    "part_ouvriere": ("mt_po", r.centimes),
    "part_patronale": ("mt_pp", r.centimes),
    "etat_compte": ("etat_cpte", r.integer),
    "code_procedure_collective": ("cd_pro_col", r.text),
    "code_operation_ecart_negatif": ("cd_op_ecn", r.text),
    "code_motif_ecart_negatif": ("motif_ecn", r.text),
}


def _debit_derived(row: Row, fact: Fact) -> Fact:
    treated, start, end = fact["date_traitement"], fact["periode_debut"], fact["periode_fin"]
    counted = treated.replace(day=1) if treated.day <= 20 else r.months_later(treated.replace(day=1), 1)
    days = "".join(f"{day.year:04d}{day.month:02d}{day.day:02d}" for day in (start, end))
    return {"periode_prise_en_compte": counted, "debit_id": fact["siret"] + days + row["num_ecn"]}


_debit = one_fact(
    "siret", cell("siret"), _DEBIT_VALUES | {"recours_en_cours": ("recours_en_cours", r.boolean)}, _debit_derived
)
_debit_before_2020 = one_fact(
    "siret",
    cell("siret"),
    _DEBIT_VALUES | {"recours_en_cours": ("recours_en_cours", r.optional(r.boolean))},
    _debit_derived,
)


def _treated(fact: Fact) -> date:
    return fact["date_traitement"]


def _debit_cells(g: random.Random) -> list[str]:
    return [
        *(c.digits(g, 8), g.choice("123"), "0", c.period(g), c.digits(g, 3), c.digits(g, 1), c.aammjj(g)),
        *(c.digits(g, 6), c.digits(g, 5), c.digits(g, 1), c.digits(g, 2)),
    ]


_DEBIT_MONEY = ("part_ouvriere", "part_patronale")
DEBIT = (
    Fuzzed(
        *("debit", "2025-12", "sigfaible_debits_{}.csv", ";", False),
        f"Urssaf_gestion;Dep;num_cpte;Siren;Siret;{_DEBIT_TAIL};Recours_en_cours",
        lambda g: ["939", "27", c.digits(g, 18), "012345678", c.siret(g), *_debit_cells(g), g.choice("01")],
        _debit,
        _treated,
        _DEBIT | _SIRET | {"recours_en_cours"},
        money=_DEBIT_MONEY,
    ),
    Fuzzed(
        *("debit", "2020-02", "sigfaible_debits_{}.csv", ";", False),
        f"Urssaf_gestion;Dep;num_cpte;Siren;{_DEBIT_TAIL};Recours_en_cours",
        lambda g: ["939", "27", _account(g), "012345678", *_debit_cells(g), g.choice("01")],
        _by_account(_debit, "num_cpte", "periode", r.period_start),
        _treated,
        _DEBIT | {"recours_en_cours"},
        without=_SIRET,
        money=_DEBIT_MONEY,
    ),
    Fuzzed(
        *("debit", "2018", "sigfaible_debits_{}.csv", ";", False),
        f"num_cpte;Siren;{_DEBIT_TAIL}",
        lambda g: [_account(g), "012345678", *_debit_cells(g)],
        _by_account(_debit_before_2020, "num_cpte", "periode", r.period_start),
        _treated,
        _DEBIT,
        without=_SIRET,
        money=_DEBIT_MONEY,
    ),
)

# delai
_DELAI_TAIL = (
    "Date_creation;Date_echeance;Duree_delai;Denomination_premiere_ligne;Indic_6M;Annee_creation;"
    "Montant_global_echeancier;Code_externe_stade;Code_externe_action"
)
_DELAI = words("numero_compte_externe numero_structure", _DELAI_TAIL.replace(";", " "))


def _delai(day: r.Reader) -> Rule:
    return one_fact(
        "siret",
        cell("siret"),
        {
            "numero_compte": ("numero_compte_externe", r.whole),
            "numero_contentieux": ("numero_structure", r.whole),
            "date_creation": ("date_creation", day),
            "date_echeance": ("date_echeance", day),
            "duree_delai": ("duree_delai", r.lenient(r.integer)),
            "denomination": ("denomination_premiere_ligne", r.text),
            "indic_6m": ("indic_6m", r.text),
            "annee_creation": ("annee_creation", r.integer),
            "montant_echeancier": ("montant_global_echeancier", r.comma),
            "stade": ("code_externe_stade", r.text),
            "action": ("code_externe_action", r.text),
        },
    )


def _created(fact: Fact) -> date:
    return fact["date_creation"]


def _delai_cells(g: random.Random) -> list[str]:
    return [
        *(c.digits(g, 13), c.french(g), c.french(g), c.digits(g, 3), "x y", g.choice(["SUP", "INF"])),
        *(c.digits(g, 4), c.with_comma(g), "APPROB", "SUR PO"),
    ]


def _delai_of_2018(g: random.Random) -> list[str]:
    litigation = c.digits(g, 13)
    return [
        *(_account(g), litigation, c.day(g), c.day(g), c.digits(g, 3), "x y", "SUP", c.digits(g, 4), c.amount(g)),
        *(litigation, "APPROB", "SUR PO"),
    ]


_DELAI_FILE = ("sigfaible_delais.csv", ";", False)
DELAI = (
    Fuzzed(
        *("delai", "2025-12", *_DELAI_FILE),
        f"Urssaf_gestion;Dep;Siret;Numero_compte_externe;Numero_structure;{_DELAI_TAIL}",
        lambda g: ["217", "63", c.siret(g), c.digits(g, 18), *_delai_cells(g)],
        _delai(r.french),
        _created,
        _DELAI | _SIRET,
        money=("montant_echeancier",),
    ),
    Fuzzed(
        *("delai", "2018", *_DELAI_FILE),
        "Numero_compte_externe;Numero_structure;Date_creation;Date_echeance;Duree_delai;Denomination_premiere_ligne;"
        "Indic_6M;Annee_creation;Montant_global_echeancier;Numero_structure;Code_externe_stade;Code_externe_action",
        _delai_of_2018,
        _by_account(_delai(r.iso), "numero_compte_externe", "date_creation", r.iso),
        _created,
        frozenset(),
        without=words("siret urssaf_gestion dep"),
        positional=(
            *("numero_compte_externe", "numero_structure", "date_creation", "date_echeance", "duree_delai"),
            *("denomination_premiere_ligne", "indic_6m", "annee_creation", "montant_global_echeancier", "encore"),
            *("code_externe_stade", "code_externe_action"),
        ),
        money=("montant_echeancier",),
    ),
    Fuzzed(
        *("delai", "2019-07", *_DELAI_FILE),
        f"Urssaf_gestion;Dep;Numero_compte_externe;Numero_structure;{_DELAI_TAIL}",
        lambda g: ["217", "63", _account(g), *_delai_cells(g)],
        _by_account(_delai(r.french), "numero_compte_externe", "date_creation", r.french),
        _created,
        _DELAI,
        without=_SIRET,
        money=("montant_echeancier",),
    ),
)


# ccsf
def _ccsf(day: str, stage: str, action: str) -> Rule:
    return one_fact(
        "siret",
        cell("siret"),
        {
            "numero_compte": ("compte", r.whole),
            "date_traitement": (day, r.aammjj),
            "stade": (stage, r.text),
            "action": (action, r.text),
        },
    )


def _ccsf_cells(g: random.Random) -> list[str]:
    return [c.aammjj(g), g.choice(["DEBUT", "REFUS", "APPROB", "FIN", "REJ"]), "CCSF"]


_CCSF_COLUMNS = ("date_de_traitement", "code_externe_stade", "code_externe_action")
_CCSF_FILE = ("sigfaible_ccsf.csv", ";", False)
CCSF = (
    Fuzzed(
        *("ccsf", "2025-12", *_CCSF_FILE),
        "Urssaf_gestion;Dep;Siret;Compte;Date_de_traitement;Code_externe_stade;Code_externe_action",
        lambda g: ["152", "75", c.siret(g), c.digits(g, 18), *_ccsf_cells(g)],
        _ccsf(*_CCSF_COLUMNS),
        _treated,
        frozenset({"siret", "compte", *_CCSF_COLUMNS}),
    ),
    Fuzzed(
        *("ccsf", "2019-07", *_CCSF_FILE),
        "Urssaf_gestion;Dep;Compte;Date_de_traitement;Code_externe_stade;Code_externe_action",
        lambda g: ["152", "75", _account(g), *_ccsf_cells(g)],
        _by_account(_ccsf(*_CCSF_COLUMNS), "compte", "date_de_traitement", r.aammjj),
        _treated,
        frozenset({"compte", *_CCSF_COLUMNS}),
        without=_SIRET,
    ),
    Fuzzed(
        *("ccsf", "2018", *_CCSF_FILE),
        "Compte;Date;Stade;Action",
        lambda g: [_account(g), *_ccsf_cells(g)],
        _by_account(_ccsf("date", "stade", "action"), "compte", "date", r.aammjj),
        _treated,
        words("compte date stade action"),
        without=_SIRET,
    ),
)


# procol
def _proceeding(row: Row, fact: Fact) -> Fact:
    tokens = row["lib_actx_stdx"].lower().split("_")
    action = next((t for t in tokens if re.search("liquidation|redressement|sauvegarde", t)), None)
    if action is not None:
        tokens.remove(action)
    return {"action_procol": action, "stade_procol": ("_".join(tokens) or None) if action is not None else None}


_LABELS = (
    *("Solde_procedure_redressement", "Redressement_plan_continuation", "LIQUIDATION", "Autre_chose"),
    *("Sauvegarde_ouverture", "Cloture_insuffisance_actif_liquidation", "Liquidation_redressement_x"),
)
PROCOL = (
    Fuzzed(
        *("procol", "2018", "sigfaible_pcoll.csv", ";", False),
        "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx",
        lambda g: [
            *(c.siret(g), "012345678"),
            f"{g.randrange(10, 29)}{g.choice(['MAY', 'feb', 'Oct'])}{g.randrange(1990, 2026)}",
            *("1", g.choice(_LABELS)),
        ],
        one_fact("siret", cell("siret"), {"date_effet": ("dt_effet", r.english)}, _proceeding),
        lambda fact: fact["date_effet"],
        words("siret dt_effet lib_actx_stdx"),
    ),
)


# comptes
def _closing(text: str) -> date:
    return r.aammjj(text) if text else FAR


def _gather_accounts(records: list[tuple[int, str, Row]]) -> list[tuple[int, str, Outcome]]:
    """One record an account: its establishments in order of their closing day."""
    found = []
    for account, lines in groupby(sorted(records, key=lambda at: (at[2]["compte"], at[0])), lambda at: at[2]["compte"]):
        account_lines = list(lines)
        try:
            sites = [(_closing(row["date_disp_siret"]), row["siret"]) for _, _, row in account_lines]
        except ValueError:
            return [(account_lines[0][0], account_lines[0][1], Outcome(REJECTED, fatal=True))]
        known = sorted(site for site in sites if re.fullmatch("[0-9]{14}", site[1]))
        facts = tuple({"numero_compte": account, "date_fermeture": day, "siret": siret} for day, siret in known)
        good_key = re.fullmatch(r"[^\n\r\u0085\u2028\u2029]+", account) is not None
        if not known:
            outcome = Outcome(SKIPPED)
        elif known[-1][0] <= r.months_later(_SERIES[1], -1) or not good_key:
            outcome = Outcome(REJECTED, facts if good_key else ())
        else:
            outcome = Outcome(ACCEPTED, facts)
        found.append((account_lines[0][0], "\n".join(text for _, text, _ in account_lines), outcome))
    return found


def _account_line(g: random.Random) -> list[str]:
    account = g.choice([c.digits(g, 18), *(f"4503598862460362{n}" for n in range(30, 40))])
    siret = g.choice([c.siret(g), c.siret(g), "0123456780X011"])
    return ["049", "05", account, "8", "000000000", siret, "1030828", g.choice(["", "", c.aammjj(g), "9990101"])]


COMPTES = (
    Fuzzed(
        *("comptes", "2019-07", "sigfaible_etablissement_utf8.csv", ";", False),
        COMPTES_HEADER,
        _account_line,
        lambda row: [],
        lambda fact: BEFORE_ALL,
        words("compte siret date_disp_siret"),
        whole=True,
        gather=_gather_accounts,
    ),
)


# effectif, effectif_ent
def _month(name: str) -> date | None:
    try:
        return r.period_start(name.strip()[3:9]) if name.strip().lower().startswith("eff") else None
    except ValueError:
        return None


def _meant(columns: Sequence[str]) -> list[date | None]:
    """The month of each column; none where the columns around it imply another month, or it is in no series."""
    months = [_month(name) for name in columns]
    counts = [None if month is None else 12 * month.year + month.month for month in months]
    pairs = [(one, two) for one, two in pairwise(counts) if one is not None and two is not None]
    ways = [sum(two - one == way for one, two in pairs) for way in (1, -1)]
    is_series = len(pairs) >= 3 and max(ways) > len(pairs) / 2
    way = 1 if ways[0] > ways[1] else -1

    def is_meant(place: int) -> bool:
        left, this, right = ([None, *counts, None][place + step] for step in (0, 1, 2))
        if this is None:
            return False
        if left is not None and right is not None and right - left in (2, -2):
            return this == left + (right - left) // 2
        if not is_series or (left is None and right is None):
            return True
        return (left is not None and this == left + way) or (right is not None and right == this + way)

    return [month if is_meant(place) else None for place, month in enumerate(months)]


def _headcounts(kind: str, carried: Mapping[str, tuple[str, r.Reader]]) -> Rule:
    """A fact for each cell that holds a number; a cell without any digit rejects the line, whose other cells stay."""
    form = {"siret": "[0-9]{14}", "siren": "[0-9]{9}"}[kind]

    def rule(row: Row) -> list[Outcome]:
        named = Row([name.lower() for name in row.columns], row.fields)
        facts: dict[date, Fact] = {}  # if the header names a month twice, the last cell counts, even if empty
        wrong = False
        for periode, text in zip(_meant(row.columns), row.fields, strict=True):
            if periode is None:
                continue
            facts.pop(periode, None)
            if not text:
                continue
            try:
                facts[periode] = {"periode": periode, "effectif": r.headcount(text)}
            except ValueError:
                wrong = True
        if not re.fullmatch(form, named[kind]):
            return [Outcome(REJECTED)]
        shared = identity(named[kind], kind) | {
            staged: reader(named[name]) for staged, (name, reader) in carried.items()
        }
        return [Outcome(REJECTED if wrong else ACCEPTED, tuple(shared | fact for fact in facts.values()))]

    return rule


def _has_months(needed: frozenset[str]):
    return lambda names: (
        {n.lower() for n in names} >= needed and any(month is not None for month in _meant(list(names)))
    )


def _counted(g: random.Random) -> str:
    return g.choice(["", "0", "089", "1 234", "12,5", c.digits(g, 2), c.digits(g, 3)])


def _published(fact: Fact) -> date:
    return r.months_later(fact["periode"], 4)


_MONTHS = [f"eff{year}{quarter}{rank}" for year in (2016, 2017) for quarter in range(1, 5) for rank in range(1, 4)]
EFFECTIF = (
    Fuzzed(
        *("effectif", "2018", "a{}_effectif_siret.csv", ";", False),
        f"compte;siret;rais_soc;ape_ins;dep;{';'.join(_MONTHS)};base;UR_EMET",
        lambda g: [c.digits(g, 18), c.siret(g), "x", "1086e", "23", *(_counted(g) for _ in _MONTHS), "719", "733965"],
        _headcounts("siret", {"numero_compte": ("compte", r.text)}),
        _published,
        words("siret compte"),
        wide=True,
        custom_fit=_has_months(words("siret compte")),
    ),
)
EFFECTIF_ENT = (
    Fuzzed(
        *("effectif_ent", "2018", "a{}_effectif_siren.csv", ";", False),
        f"siren;{';'.join(_MONTHS)};rais_soc",
        lambda g: [c.siren(g), *(_counted(g) for _ in _MONTHS), "abcde"],
        _headcounts("siren", {}),
        _published,
        words("siren"),
        wide=True,
        custom_fit=_has_months(words("siren")),
    ),
)

OF_ACCOUNTS = (*COMPTES, *COTISATION, *DEBIT, *DELAI, *CCSF)
OTHERS = (*EFFECTIF_ENT, *EFFECTIF, *PROCOL)
