"""Accounts from Diane+ (Bureau van Dijk): one line for a company, with one column for each item and year.

The export is UTF-16 and wide: every financial item has a column for every year. A line gives one record for each year
between the first and the last of the header, even without any figure.
"""

import re

import polars as pl

from sf_spark.domain.timing import BILANS_DELAY_MONTHS
from sf_spark.errors import BrokenFileError
from sf_spark.landing import dates, numbers
from sf_spark.landing.rules import Rules
from sf_spark.landing.source import UTF8, UTF16, Layout, Reshaped, Source
from sf_spark.landing.texts import filled

_YEARLY = re.compile(r"^(.*) ([0-9]{4})$")
_LONGEST_SERIES = 30  # years in a header: with one damaged digit, each line would give a thousand records
_YEAR = "annee"
_TEXTS = {
    "nom de l'entreprise": "nom_entreprise",
    "numéro siren": "numero_siren",
    "statut juridique": "statut_juridique",
    "procédure collective": "procedure_collective",
    "date de clôture": "arrete_bilan_diane",
}
_INTEGERS = {
    "effectif consolidé": "effectif_consolide",
    "nombre d'es": "nombre_etab_secondaire",
    "nombre de filiales": "nombre_filiale",
    "taille de la composition du groupe": "taille_compo_groupe",
    "nombre de mois": "nombre_mois",
}
# Amounts in thousands of euros, ratios in percent or days, as their header says.
_NUMBERS = {
    "dettes fiscales et sociales keur": "dette_fiscale_et_sociale",
    "frais de r&d : net keur": "frais_de_RetD",
    "conces., brev. et droits sim. : net keur": "conces_brev_et_droits_sim",
    "conc. banc. cour. & sold. cr. keur": "concours_bancaire_courant",
    "equilibre financier": "equilibre_financier",
    "indépendance fin. %": "independance_financiere",
    "endettement %": "endettement",
    "autonomie fin. %": "autonomie_financiere",
    "degré d'amort. des immob. corp. %": "degre_immo_corporelle",
    "financ. de l'actif circ. net": "financement_actif_circulant",
    "liquidité générale": "liquidite_generale",
    "liquidité réduite": "liquidite_reduite",
    "rotation des stocks jours": "rotation_stocks",
    "crédit clients jours": "credit_client",
    "crédit fournisseurs jours": "credit_fournisseur",
    "c. a. par effectif (milliers/pers.) keur": "ca_par_effectif",
    "taux d'intérêt financier %": "taux_interet_financier",
    "intérêts / chiffre d'affaires %": "taux_interet_sur_ca",
    "endettement global jours": "endettement_global",
    "taux d'endettement %": "taux_endettement",
    "capacité de remboursement": "capacite_remboursement",
    "capacité d'autofin. %": "capacite_autofinancement",
    "couv. du c.a. par le f.d.r. jours": "couverture_ca_fdr",
    "couv. du c.a. par bes. en fdr jours": "couverture_ca_besoin_fdr",
    "poids des bfr d'exploitation %": "poids_bfr_exploitation",
    "exportation %": "exportation",
    "efficacité économique (milliers/pers.) keur": "efficacite_economique",
    "prod. du potentiel de production": "productivite_potentiel_production",
    "productivité du capital financier": "productivite_capital_financier",
    "productivité du capital investi": "productivite_capital_investi",
    "taux d'invest. productif %": "taux_d_investissement_productif",
    "rentabilité économique %": "rentabilite_economique",
    "performance %": "performance",
    "rend. brut des f. propres nets %": "rendement_brut_fonds_propres",
    "rentabilité nette %": "rentabilite_nette",
    "rend. des capitaux propres nets %": "rendement_capitaux_propres",
    "rend. des res. durables nettes %": "rendement_ressources_durables",
    "taux de marge commerciale %": "taux_marge_commerciale",
    "taux de valeur ajoutée %": "taux_valeur_ajoutee",
    "part des salariés %": "part_salaries",
    "part de l'etat %": "part_etat",
    "part des prêteurs %": "part_preteur",
    "part de l'autofin. %": "part_autofinancement",
    "chiffre d'affaires net (h.t.) keur": "ca",
    "dont exportation keur": "ca_exportation",
    "achats march. et autres approv. keur": "achat_marchandises",
    "achats de mat. prem. et autres approv. keur": "achat_matieres_premieres",
    "production de l'ex. keur": "production",
    "marge commerciale keur": "marge_commerciale",
    "consommation de l'ex. keur": "consommation",
    "autres achats et charges externes keur": "autres_achats_charges_externes",
    "valeur ajoutée keur": "valeur_ajoutee",
    "charges de personnel keur": "charge_personnel",
    "impôts, taxes et vers. assimil. keur": "impots_taxes",
    "subventions d'expl. keur": "subventions_d_exploitation",
    "excédent brut d'exploitation keur": "excedent_brut_d_exploitation",
    "autres prod., char. et repr. keur": "autres_produits_charges_reprises",
    "dot. d'exploit. aux amort. et prov. keur": "dotation_amortissement",
    "résultat d'expl. keur": "resultat_expl",
    "opérations en commun keur": "operations_commun",
    "produits fin. keur": "produits_financiers",
    "charges fin. keur": "charges_financieres",
    "intérêts et charges assimilées keur": "interets",
    "résultat courant avant impôts keur": "resultat_avant_impot",
    "produits except. keur": "produit_exceptionnel",
    "charges except. keur": "charge_exceptionnelle",
    "particip. des sal. aux résul. keur": "participation_salaries",
    "impôts sur le bénéf. et impôts diff. keur": "impot_benefice",
    "bénéfice ou perte keur": "benefice_ou_perte",
}
_NAMES = {**_TEXTS, **_INTEGERS, **_NUMBERS}


def by_year(columns: list[str]) -> Reshaped:
    """Split the wide header into records of one year each: ``annee``, then the names without their year.

    A field that has no column for a year is empty in that year. Without any year in the header there is no record.

    Raises:
        BrokenFileError: When the years span more than an export can hold.
    """
    names = [_plain(name) for name in columns]
    yearly = {rank: match for rank, name in enumerate(names) if (match := _YEARLY.match(name))}
    fixed = {name: rank for rank, name in enumerate(names) if rank not in yearly}
    ranks = {(_plain(match[1]), int(match[2])): rank for rank, match in yearly.items()}
    years = range(min(year for _, year in ranks), max(year for _, year in ranks) + 1) if ranks else range(0)
    if len(years) > _LONGEST_SERIES:
        raise BrokenFileError(f"the header names years from {years[0]} to {years[-1]}: one of them is damaged")
    items = list(dict.fromkeys(name for name, _ in ranks))
    records = tuple((str(year), *fixed.values(), *(ranks.get((name, year)) for name in items)) for year in years)
    return Reshaped((_YEAR, *fixed, *items), records)


def clean() -> Rules:
    """Type the records of a company and a year; what cannot be read is unknown, never an error."""
    return Rules(
        columns={
            "siren": pl.col("numero_siren"),
            "exercice_diane": numbers.integer(pl.col(_YEAR)),
            "arrete_bilan_diane": dates.french_date(pl.col("arrete_bilan_diane")),
            "nom_entreprise": filled(pl.col("nom_entreprise")),
            "statut_juridique": filled(pl.col("statut_juridique")),
            "procedure_collective": pl.col("procedure_collective") == "Oui",
            **{name: numbers.integer(pl.col(name), thousands=True) for name in _INTEGERS.values()},
            **{name: numbers.number(pl.col(name), comma=True, thousands=True) for name in _NUMBERS.values()},
        }
    )


def known_on() -> pl.Expr:
    """Seven months after the closing day; the end of the year where there is none."""
    end_of_year = pl.date(pl.col("exercice_diane"), 12, 31)
    closing = pl.coalesce(pl.col("arrete_bilan_diane"), end_of_year)
    return dates.months_later(closing, BILANS_DELAY_MONTHS)


def _plain(name: str) -> str:
    """A column's name without artefacts of the export: doubled or trailing blanks, odd apostrophes.

    Until January 2021 exports wrote ``"Nombre d"ES"``.
    """
    return re.sub(" +", " ", name.replace("\u2019", "'")).strip().lower().replace('nombre d"es', "nombre d'es")


def _layout(name: str, encoding: str) -> Layout:
    return Layout(
        name,
        required=(_YEAR, *_NAMES),
        rename=_NAMES,
        encoding=encoding,
        byte_order_mark=True,
        reshape=by_year,
    )


SOURCE = Source(
    name="diane",
    description="accounts, Bureau van Dijk",
    file_pattern=r"[Dd]iane.*",
    delimiter=";",
    layouts=(_layout("export", UTF16), _layout("export in UTF-8", UTF8)),
    key_column="siren",
    natural_key=("siren", "exercice_diane"),
    clean=clean,
    known_on=known_on,
    lazy_quotes=True,
    delivery="increment",
    fatal_codes=("bare_quote", "extraneous_quote", "unclosed_quote", "field_count", "encoding"),
)
