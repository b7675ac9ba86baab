"""Accounts, ratios, payment behaviour."""

import random
import re
from datetime import date
from typing import Any

from tests.fuzz import readers as r
from tests.fuzz.layouts import cells as c
from tests.fuzz.layouts.layout import (
    ACCEPTED,
    REJECTED,
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

_BLANKS = "[ \u00a0\u202f]"


def _grouped(reader: r.Reader) -> r.Reader:
    """The same, where blanks may stand between thousands."""

    def read(cell: str) -> Any:
        if re.fullmatch(f"[+-]?[0-9]{{1,3}}({_BLANKS}[0-9]{{3}})+([.,][0-9]*)?", cell):
            return reader(re.sub(_BLANKS, "", cell))
        return reader(cell)

    return read


def _observed(fact: Fact) -> date:
    return r.months_later(fact["date_valeur"], 1)


# paydex
def _paydex(siren: str, day: tuple[str, r.Reader], numbers: dict[str, str], days: dict[str, r.Reader]) -> Rule:
    """``days``: the columns that may hold the days late; the first one that does counts."""
    return one_fact(
        "siren",
        cell(siren),
        {
            "date_valeur": day,
            **{name: (column, r.comma) for name, column in numbers.items()},
            **{f"_{rank}": (name, reader) for rank, (name, reader) in enumerate(days.items())},
        },
        lambda row, fact: {"nb_jours": _first_known([fact.pop(f"_{rank}") for rank in range(len(days))])},
    )


def _first_known(values: list[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)


_STOCK_NUMBERS = {
    "nb_fournisseurs": "nbr_fournisseurs",
    "encours_etudies": "encours_etudies",
    "fpi_30": "note100_alerteur_plus_30",
    "fpi_90": "note100_alerteur_plus_90_jours",
}
_NUMBERS_OF_2023 = {
    "nb_fournisseurs": "nbr_fournisseurs",
    "encours_etudies": "encours_étudiés",
    "fpi_30": "note_100_alerteur_plus_30",
    "fpi_90": "note_100_alerteur_plus_90_jours",
}
_INCREMENT_HEADER = (
    "Référence Client;Siren;Siret;Raison sociale 1;Raison sociale 2;Enseigne;Sigle;Complément d'adresse;Adresse;"
    "Distribution spéciale;Code postal et bureau distributeur;Pays;Code postal;Ville;Qualité Etablissement;"
    "Code type d'établissement;Libellé type d'établissement;Etat d'activité établissement;Etat d'activité entreprise;"
    "Etat de procédure collective;Diffusible;Paydex;Retard moyen de paiements (j);Nombre de fournisseurs analysés;"
    "Montant total des encours étudiés (€);Montant total des encours échus non réglés (€);FPI 30+;FPI 90+;"
    "Code du mouvement;Libellé du mouvement;Date d'effet du mouvement"
)
_INCREMENT = tuple(
    {1: "siren", 21: "code", 22: "retard", 23: "fournisseurs", 24: "encours", 26: "fpi30", 27: "fpi90", 30: "jour"}.get(
        rank, f"colonne {rank}"
    )
    for rank in range(31)
)


def _code(g: random.Random) -> str:
    return f"{g.randrange(0, 95):03d}"


def _stock_cells(g: random.Random) -> list[str]:
    delay = g.choice([("050", "30"), (_code(g), ""), ("", "12.0"), ("", "")])
    return [
        *(c.siren(g), "Actif", delay[0], "x", delay[1], "4", c.maybe(g, c.with_comma(g)), "7", "12", c.maybe(g, "3")),
        c.french(g),
    ]


def _cells_of_2023(g: random.Random) -> list[str]:
    delay = g.choice([("067", "18"), (_code(g), ""), ("", "12.0"), ("", "")])
    return [c.siren(g), "ACTIF", *delay, "4", c.maybe(g, c.amount(g)), "41", c.maybe(g, "52"), c.day(g)]


def _increment_cells(g: random.Random) -> list[str]:
    delay = g.choice([(_code(g), ""), ("", c.digits(g, 2)), (_code(g), c.digits(g, 2))])
    return [
        *("r", c.siren(g), c.siret(g), "Société œuvre", *[""] * 16, "O", *delay, "4", c.with_comma(g), "0", "1", "2"),
        *("M", "mvt", c.day(g)),
    ]


PAYDEX = (
    Fuzzed(
        *("paydex", "simple", "E_202011095813_Retro-Paydex_2020120{}.csv", ";", False),
        "SIREN;NB_JOURS;NB_JOURS_LIB;DATE_VALEUR",
        lambda g: [c.siren(g), c.digits(g, 2), "x", c.french(g)],
        _paydex("siren", ("date_valeur", r.french), _STOCK_NUMBERS, {"nb_jours": r.required_integer}),
        _observed,
        words("siren nb_jours date_valeur"),
    ),
    Fuzzed(
        *("paydex", "2023-11", "paydex_2023_{}.csv", ";", False),
        "siren;état_organisation;code_paydex;nbr_jrs_retard;nbr_fournisseurs;encours_étudiés;"
        "note_100_alerteur_plus_30;note_100_alerteur_plus_90_jours;date_valeur",
        _cells_of_2023,
        _paydex(
            "siren", ("date_valeur", r.iso), _NUMBERS_OF_2023, {"nbr_jrs_retard": r.staff, "code_paydex": r.paydex}
        ),
        _observed,
        words("siren code_paydex nbr_jrs_retard date_valeur", *_NUMBERS_OF_2023.values()),
        mark=True,
    ),
    Fuzzed(
        *("paydex", "stock", "paydex_stock_{}.csv", ";", False),
        "SIREN;ETAT_ORGANISATION;CODE_PAYDEX;PAYDEX;NBR_JRS_RETARD;NBR_FOURNISSEURS;ENCOURS_ETUDIES;"
        "NBR_EXPERIENCES_PAIEMENT;NOTE100_ALERTEUR_PLUS_30;NOTE100_ALERTEUR_PLUS_90_JOURS;DATE_VALEUR",
        _stock_cells,
        _paydex(
            "siren", ("date_valeur", r.french), _STOCK_NUMBERS, {"nbr_jrs_retard": r.staff, "code_paydex": r.paydex}
        ),
        _observed,
        words("siren code_paydex nbr_jrs_retard date_valeur", *_STOCK_NUMBERS.values()),
        mark=True,
    ),
    Fuzzed(
        *("paydex", "increment", "paydex_increment_{}.csv", ";", False),
        _INCREMENT_HEADER,
        _increment_cells,
        _paydex(
            "siren",
            ("jour", r.iso),
            {"nb_fournisseurs": "fournisseurs", "encours_etudies": "encours", "fpi_30": "fpi30", "fpi_90": "fpi90"},
            {"code": r.paydex, "retard": r.staff},
        ),
        _observed,
        frozenset(),
        without=words("nb_jours code_paydex"),
        positional=_INCREMENT,
        trailer=r"Fin du fichier : total [0-9]+ ligne",
        encoding="iso-8859-15",
    ),
)


# bdf
def _deposited(column: str):
    return lambda fact: r.months_later(fact[column], 7)


BDF = (
    Fuzzed(
        *("bdf", "2019-11", "bdf_{}.csv", ";", True),
        "D1;ANNEE;ARRETE_BILAN;DENOM;CP;REGION;SECTEUR;POIDS_FRNG;TX_MARGE;DELAI_FRS;POIDS_DFISC_SOC;POIDS_FIN_CT;POIDS_FRAIS_FIN",
        lambda g: [
            *(g.choice([c.siren(g), f"{c.digits(g, 3)} {c.digits(g, 3)} {c.digits(g, 3)}"]), c.digits(g, 4)),
            *(g.choice(["31DEC2012", "30juin2015", "31déc2013", "28févr2014"]), 'SOC "X"', "75", "IDF", "01 Industrie"),
            *(g.choice(["", c.amount(g), c.with_comma(g), "1\u00a0234,5", "-12\u202f000"]) for _ in range(6)),
        ],
        one_fact(
            "siren",
            lambda row: row["d1"].replace(" ", ""),
            {
                "annee_bdf": ("annee", r.integer),
                "arrete_bilan_bdf": ("arrete_bilan", r.bilan),
                "raison_sociale": ("denom", r.text),
                "secteur": ("secteur", r.text),
                "poids_frng": ("poids_frng", _grouped(r.comma)),
                "taux_marge": ("tx_marge", _grouped(r.comma)),
                "delai_fournisseur": ("delai_frs", _grouped(r.comma)),
                "dette_fiscale": ("poids_dfisc_soc", _grouped(r.comma)),
                "financier_court_terme": ("poids_fin_ct", _grouped(r.comma)),
                "frais_financier": ("poids_frais_fin", _grouped(r.comma)),
            },
        ),
        _deposited("arrete_bilan_bdf"),
        words(
            "d1 annee arrete_bilan denom secteur",
            "poids_frng tx_marge delai_frs poids_dfisc_soc poids_fin_ct poids_frais_fin",
        ),
    ),
)

# ratios
_RATIOS = (
    *("chiffre_d_affaires", "marge_brute", "ebe", "ebit", "resultat_net", "taux_d_endettement", "ratio_de_liquidite"),
    *("ratio_de_vetuste", "autonomie_financiere", "poids_bfr_exploitation_sur_ca", "couverture_des_interets"),
    *("caf_sur_ca", "capacite_de_remboursement", "marge_ebe", "resultat_courant_avant_impots_sur_ca"),
    *("poids_bfr_exploitation_sur_ca_jours", "rotation_des_stocks_jours", "credit_clients_jours"),
    "credit_fournisseurs_jours",
)
RATIOS = (
    Fuzzed(
        *("ratios", "open", "ratios_inpi_bce.csv", ";", False),
        ";".join(["siren", "date_cloture_exercice", *_RATIOS, "type_bilan", "confidentiality"]),
        lambda g: [
            *(c.siren(g), c.day(g), *(c.maybe(g, c.amount(g)) for _ in _RATIOS), g.choice("CKS")),
            g.choice(["Public", "Confidentiel", ""]),
        ],
        one_fact(
            "siren",
            cell("siren"),
            {
                "date_cloture_exercice": ("date_cloture_exercice", r.iso),
                "type_bilan": ("type_bilan", r.text),
                "confidentialite": ("confidentiality", r.text),
                **{name: (name, r.number) for name in _RATIOS},
            },
        ),
        _deposited("date_cloture_exercice"),
        words("siren date_cloture_exercice type_bilan", *_RATIOS),
        mark=True,
        optional=words("confidentiality"),
    ),
)

# diane: header name to staged column
_DIANE_COMPANY = {
    "Nom de l'entreprise": "nom_entreprise",
    "Numéro Siren": "",
    "Statut juridique ": "statut_juridique",
    "Procédure collective": "procedure_collective",
    "Nombre d’ES": "nombre_etab_secondaire",
    "Nombre de filiales": "nombre_filiale",
    "Taille de la Composition du Groupe": "taille_compo_groupe",
}
_DIANE_YEARLY = {
    "Effectif consolidé": "effectif_consolide",
    "Dettes fiscales et sociales kEUR": "dette_fiscale_et_sociale",
    "Frais de R&D : net kEUR": "frais_de_RetD",
    "Conces., brev. et droits sim. : net kEUR": "conces_brev_et_droits_sim",
    "Date de clôture": "arrete_bilan_diane",
    "Nombre de mois": "nombre_mois",
    "Conc.  banc. cour. & sold. cr. kEUR": "concours_bancaire_courant",
    "Equilibre financier": "equilibre_financier",
    "Indépendance fin. %": "independance_financiere",
    "Endettement %": "endettement",
    "Autonomie fin. %": "autonomie_financiere",
    "Degré d'amort. des immob. corp. %": "degre_immo_corporelle",
    "Financ. de l'actif circ. net": "financement_actif_circulant",
    "Liquidité générale": "liquidite_generale",
    "Liquidité réduite": "liquidite_reduite",
    "Rotation des stocks jours": "rotation_stocks",
    "Crédit clients jours": "credit_client",
    "Crédit fournisseurs jours": "credit_fournisseur",
    "C. A. par effectif (milliers/pers.) kEUR": "ca_par_effectif",
    "Taux d'intérêt financier %": "taux_interet_financier",
    "Intérêts / Chiffre d'affaires %": "taux_interet_sur_ca",
    "Endettement global jours": "endettement_global",
    "Taux d'endettement %": "taux_endettement",
    "Capacité de remboursement": "capacite_remboursement",
    "Capacité d'autofin. %": "capacite_autofinancement",
    "Couv. du C.A. par le f.d.r. jours": "couverture_ca_fdr",
    "Couv. du C.A. par bes. en fdr jours": "couverture_ca_besoin_fdr",
    "Poids des BFR d'exploitation %": "poids_bfr_exploitation",
    "Exportation %": "exportation",
    "Efficacité économique (milliers/pers.) kEUR": "efficacite_economique",
    "Prod. du potentiel de production": "productivite_potentiel_production",
    "Productivité du capital financier": "productivite_capital_financier",
    "Productivité du capital investi": "productivite_capital_investi",
    "Taux d'invest. productif %": "taux_d_investissement_productif",
    "Rentabilité économique %": "rentabilite_economique",
    "Performance %": "performance",
    "Rend. brut des f. propres nets %": "rendement_brut_fonds_propres",
    "Rentabilité nette %": "rentabilite_nette",
    "Rend. des capitaux propres nets %": "rendement_capitaux_propres",
    "Rend. des res. durables nettes %": "rendement_ressources_durables",
    "Taux de marge commerciale %": "taux_marge_commerciale",
    "Taux de valeur ajoutée %": "taux_valeur_ajoutee",
    "Part des salariés %": "part_salaries",
    "Part de l'Etat %": "part_etat",
    "Part des prêteurs %": "part_preteur",
    "Part de l'autofin. %": "part_autofinancement",
    "Chiffre d'affaires net (H.T.) kEUR": "ca",
    "Dont exportation kEUR": "ca_exportation",
    "Achats march. et autres approv. kEUR": "achat_marchandises",
    "Achats de mat. prem. et autres approv. kEUR": "achat_matieres_premieres",
    "Production de l'ex. kEUR": "production",
    "Marge commerciale kEUR": "marge_commerciale",
    "Consommation de l'ex. kEUR": "consommation",
    "Autres achats et charges externes kEUR": "autres_achats_charges_externes",
    "Valeur ajoutée kEUR": "valeur_ajoutee",
    "Charges de personnel kEUR": "charge_personnel",
    "Impôts, taxes et vers. assimil. kEUR": "impots_taxes",
    "Subventions d'expl. kEUR": "subventions_d_exploitation",
    "Excédent brut d'exploitation kEUR": "excedent_brut_d_exploitation",
    "Autres Prod., char. et Repr. kEUR": "autres_produits_charges_reprises",
    "Dot. d'exploit. aux amort. et prov. kEUR": "dotation_amortissement",
    "Résultat d'expl. kEUR": "resultat_expl",
    "Opérations en commun kEUR": "operations_commun",
    "Produits fin. kEUR": "produits_financiers",
    "Charges fin. kEUR": "charges_financieres",
    "Intérêts et charges assimilées kEUR": "interets",
    "Résultat courant avant impôts kEUR": "resultat_avant_impot",
    "Produits except. kEUR": "produit_exceptionnel",
    "Charges except. kEUR": "charge_exceptionnelle",
    "Particip. des sal. aux résul. kEUR": "participation_salaries",
    "Impôts sur le bénéf. et impôts diff. kEUR": "impot_benefice",
    "Bénéfice ou perte kEUR": "benefice_ou_perte",
}
_DIANE_IGNORED = ("Marquée", "Dernière année disponible")
_DIANE_INTEGERS = {
    *("effectif_consolide", "nombre_etab_secondaire", "nombre_filiale", "taille_compo_groupe", "nombre_mois"),
}
_DIANE_TEXTS = {"nom_entreprise", "statut_juridique"}
_YEARS = (2016, 2017)


def _plain(name: str) -> str:
    return re.sub(" +", " ", name.replace("’", "'")).strip().lower()


def _items(names: list[str]) -> tuple[dict[str, int], dict[str, dict[int, int]]]:
    """The position of each field in the header, for the company and each year; the last one of equal names."""
    company: dict[str, int] = {}
    yearly: dict[str, dict[int, int]] = {}
    for place, name in enumerate(map(_plain, names)):
        match = re.fullmatch(r"(.*) ([0-9]{4})", name)
        if match:
            yearly.setdefault(_plain(match[1]), {})[int(match[2])] = place
        else:
            company[name] = place
    return company, yearly


def _years(yearly: dict[str, dict[int, int]]) -> range:
    found = [year for places in yearly.values() for year in places]
    return range(min(found), max(found) + 1) if found else range(0)


def _is_an_export(names: list[str]) -> bool:
    company, yearly = _items(names)
    years = _years(yearly)
    # Every year in between counts, so a damaged year must not give a thousand.
    if not years or len(years) > 30:
        return False
    wanted = {_plain(name) for name in (*_DIANE_COMPANY, *_DIANE_YEARLY)}
    return wanted <= company.keys() | yearly.keys()


def _company_years(row: Row) -> list[Outcome]:
    """A record for each year between the first and the last of the header; what cannot be read is unknown."""
    company, yearly = _items(row.columns)
    staged = {_plain(name): column for name, column in (_DIANE_COMPANY | _DIANE_YEARLY).items()}
    outcomes = []
    for year in _years(yearly):
        fact: Fact = {"exercice_diane": year}
        siren = ""
        for name, column in staged.items():
            place = yearly[name].get(year) if name in yearly else company[name]
            text = "" if place is None else row.fields[place]
            if not column:
                siren = text
            elif column in _DIANE_TEXTS:
                fact[column] = text or None
            elif column == "procedure_collective":
                fact[column] = text == "Oui"
            elif column == "arrete_bilan_diane":
                fact[column] = r.lenient(r.french)(text)
            else:
                fact[column] = r.lenient(_grouped(r.integer if column in _DIANE_INTEGERS else r.comma))(text)
        good = re.fullmatch("[0-9]{9}", siren) is not None
        outcomes.append(Outcome(ACCEPTED, (fact | identity(siren, "siren"),)) if good else Outcome(REJECTED))
    return outcomes


def _diane_header() -> str:
    yearly = [f"{name} {year}" for name in (*_DIANE_YEARLY, "Achats de march. kEUR") for year in _YEARS]
    names = [_DIANE_IGNORED[0], *_DIANE_COMPANY, _DIANE_IGNORED[1], *yearly]
    return ";".join(c.quoted(name) for name in names)


def _diane_cells(g: random.Random) -> list[str]:
    company = ['SOC ""X""', c.siren(g), "SAS", g.choice(["Oui", "Non", ""]), "3", "0", c.maybe(g, "12")]
    yearly = [
        {"arrete_bilan_diane": c.maybe(g, c.french(g)), "nombre_mois": "12", "effectif_consolide": c.digits(g, 2)}.get(
            column, c.maybe(g, c.with_comma(g))
        )
        for column in (*_DIANE_YEARLY.values(), "achats")
        for _ in _YEARS
    ]
    return [c.quoted(text) for text in ["", *company, "2017", *yearly]]


def _accounts_known(fact: Fact) -> date:
    return r.months_later(fact["arrete_bilan_diane"] or date(fact["exercice_diane"], 12, 31), 7)


def _diane(layout: str, encoding: str) -> Fuzzed:
    return Fuzzed(
        *("diane", layout, f"Diane_{{}}_{encoding}.txt", ";", True),
        _diane_header(),
        _diane_cells,
        _company_years,
        _accounts_known,
        frozenset(),
        encoding=encoding,
        mark=True,
        whole=True,
        wide=True,
        custom_fit=_is_an_export,
    )


DIANE = (_diane("export", "utf-16-le"), _diane("export in UTF-8", "utf-8"))

LAYOUTS = (*PAYDEX, *BDF, *DIANE, *RATIOS)
