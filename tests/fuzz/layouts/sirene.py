"""The Sirene register: establishments, companies, history."""

import random
import re
import unicodedata
from datetime import date

from tests.fuzz import readers as r
from tests.fuzz.layouts import cells as c
from tests.fuzz.layouts.layout import BEFORE_ALL, Fact, Fuzzed, Row, cell, one_fact, words

_STREETS = {
    "ALL": "ALLÉE", "AV": "AVENUE", "BD": "BOULEVARD", "CAR": "CARREFOUR", "CHE": "CHEMIN", "CHS": "CHAUSSÉE",
    "CITE": "CITÉ", "COR": "CORNICHE", "CRS": "COURS", "DOM": "DOMAINE", "DSC": "DESCENTE", "ECA": "ECART",
    "ESP": "ESPLANADE", "FG": "FAUBOURG", "GR": "GRANDE RUE", "HAM": "HAMEAU", "HLE": "HALLE", "IMP": "IMPASSE",
    "LD": "LIEU DIT", "LOT": "LOTISSEMENT", "MAR": "MARCHÉ", "MTE": "MONTÉE", "PAS": "PASSAGE", "PL": "PLACE",
    "PLN": "PLAINE", "PLT": "PLATEAU", "PRO": "PROMENADE", "PRV": "PARVIS", "QUA": "QUARTIER", "QUAI": "QUAI",
    "RES": "RÉSIDENCE", "RLE": "RUELLE", "ROC": "ROCADE", "RPT": "ROND POINT", "RTE": "ROUTE", "RUE": "RUE",
    "SEN": "SENTE - SENTIER", "SQ": "SQUARE", "TPL": "TERRE-PLEIN", "TRA": "TRAVERSE", "VLA": "VILLA",
    "VLGE": "VILLAGE",
}  # fmt: skip
_NUMBERS = {"B": "BIS", "T": "TER", "Q": "QUATER", "C": "QUINQUIES"}
_DOTTED = r.matching(r"[0-9]{2}\.[0-9]{2}[A-Z]")
_IN_FULL = [*_STREETS.values(), "SENTE", "SENTIER"]
_COMMUNE = r.matching("[0-9][0-9A-B][0-9]{3}")


def _created(fact: Fact) -> date:
    return fact["date_creation"] or BEFORE_ALL


def _activity(g: random.Random) -> list[str]:
    """Activity and nomenclature: sometimes an older or a newer one."""
    return g.choice(
        [
            *(["62.01Z", "NAFRev2"], ["52.21Z", "NAFRev2"], ["28.41X", "NAFRev1"], ["", ""], ["5221Z", "NAFRev2"]),
            *(["43.34Y", g.choice(["NAF2025", "naf 2025", "NAFRev2025", "NAF25"])], ["97.90", "NAF"], ["79.06", "NAP"]),
        ]
    )


def _activities(row: Row, of: str) -> Fact:
    """The activity in both nomenclatures; ``of`` ends the names of the header."""
    written_in = row[f"nomenclatureactiviteprincipale{of}"]
    main = _DOTTED(row[f"activiteprincipale{of}"])
    return {
        "ape": main if written_in == "NAFRev2" else None,
        "ape_naf25": row[f"activiteprincipalenaf25{of}"] or (main if _is_2025(written_in) else None),
        "nomenclature_ape": written_in or None,
    }


def _is_2025(written_in: str) -> bool:
    behind_naf = re.findall("naf[^0-9]*([0-9]+)", written_in.lower())
    return "25" in behind_naf or "2025" in behind_naf


def _nomenclature(cell: str) -> str | None:
    if cell not in ("", "NAFRev2", "NAFRev1", "NAF1993", "NAF", "NAP") and not _is_2025(cell):
        raise ValueError(cell)
    return cell or None


def _nomenclature_of(of: str) -> dict[str, tuple[str, r.Reader]]:
    return {"nomenclature_ape": (f"nomenclatureactiviteprincipale{of}", _nomenclature)}


def _without_accents(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


def _street(cell: str) -> str | None:
    """The word of the table for a code, or for any spelling of the word."""
    if cell in _STREETS:
        return _STREETS[cell]
    written = cell.upper()
    for word in _IN_FULL:
        for spelling in (word, _without_accents(word)):
            if written in (spelling, spelling.replace("-", " "), spelling.replace(" ", "-")):
                return word
    return None


def _any_street(cell: str) -> str | None:
    return _street(cell) or _DIFFUSED(cell.upper())


def _diffused(reader: r.Reader) -> r.Reader:
    return lambda cell: None if cell == "[ND]" else reader(cell)


_DIFFUSED = _diffused(r.text)


# sirene
def _unknown_state(row: Row) -> bool:
    return row["etatadministratifetablissement"] not in ("A", "F")


def _departement(row: Row, fact: Fact) -> Fact:
    commune = fact["code_commune"]
    return {
        "departement": commune and commune[: 3 if commune[:2] in ("97", "98") else 2],
        "nic": row["nic"],
        "est_actif": row["etatadministratifetablissement"] == "A",
        **_activities(row, "etablissement"),
    }


_SIRENE_HEADER = (
    "siren,nic,siret,statutDiffusionEtablissement,dateCreationEtablissement,trancheEffectifsEtablissement,"
    "anneeEffectifsEtablissement,activitePrincipaleRegistreMetiersEtablissement,dateDernierTraitementEtablissement,"
    "etablissementSiege,nombrePeriodesEtablissement,complementAdresseEtablissement,numeroVoieEtablissement,"
    "indiceRepetitionEtablissement,typeVoieEtablissement,libelleVoieEtablissement,codePostalEtablissement,"
    "libelleCommuneEtablissement,libelleCommuneEtrangerEtablissement,distributionSpecialeEtablissement,"
    "codeCommuneEtablissement,codeCedexEtablissement,libelleCedexEtablissement,codePaysEtrangerEtablissement,"
    "libellePaysEtrangerEtablissement,complementAdresse2Etablissement,numeroVoie2Etablissement,"
    "indiceRepetition2Etablissement,typeVoie2Etablissement,libelleVoie2Etablissement,codePostal2Etablissement,"
    "libelleCommune2Etablissement,libelleCommuneEtranger2Etablissement,distributionSpeciale2Etablissement,"
    "codeCommune2Etablissement,codeCedex2Etablissement,libelleCedex2Etablissement,codePaysEtranger2Etablissement,"
    "libellePaysEtranger2Etablissement,dateDebut,etatAdministratifEtablissement,enseigne1Etablissement,"
    "enseigne2Etablissement,enseigne3Etablissement,denominationUsuelleEtablissement,activitePrincipaleEtablissement,"
    "nomenclatureActivitePrincipaleEtablissement,caractereEmployeurEtablissement,longitude,latitude,geo_score,geo_type,"
    "geo_adresse,geo_id,geo_ligne,geo_l4,geo_l5"
)

_GEOCODED = ["longitude", "latitude", "geo_score", "geo_type", "geo_adresse", "geo_id", "geo_ligne", "geo_l4", "geo_l5"]


def _own_site(g: random.Random) -> list[str]:
    """A line of INSEE's own file: without coordinates, with the activity in NAF 2025."""
    cells = _site(g)
    return [*cells[: -len(_GEOCODED)], c.maybe(g, "43.34Y")]


def _site(g: random.Random) -> list[str]:
    return [
        *(c.siren(g), c.digits(g, 5), c.siret(g), "t", g.choice([c.day(g), "invalid_date", ""]), "", "", "", ""),
        *(
            g.choice(["true", "false"]),
            "2",
            g.choice(["", "[ND]"]),
            g.choice(["8", '"8, 10"']),
            g.choice(["", "B", "T", "Z"]),
        ),
        *(
            g.choice(["CHE", "AV", "XX", "", "Allee", "CHAUSSEE", "[ND]"]),
            "dguy",
            g.choice(["64276", "ABC", ""]),
            "rjkxla",
            "",
            "",
        ),
        *(g.choice(["73187", "2A004", "97411", "99", ""]), "", "", "", "", *[""] * 14, c.day(g), g.choice("AF")),
        *("", "", "", "", *_activity(g), "w", c.maybe(g, "6.125600"), c.maybe(g, "14.106745"), "4.74"),
        *("rmyvud", "pycq", "52756", "p", "hkcil", ""),
    ]


_SITE_VALUES: dict[str, tuple[str, r.Reader]] = {
    "siege": ("etablissementsiege", r.boolean),
    "complement_adresse": ("complementadresseetablissement", _DIFFUSED),
    "numero_voie": ("numerovoieetablissement", _DIFFUSED),
    "voie": ("libellevoieetablissement", _DIFFUSED),
    "commune": ("libellecommuneetablissement", _DIFFUSED),
    "commune_etranger": ("libellecommuneetrangeretablissement", _DIFFUSED),
    "distribution_speciale": ("distributionspecialeetablissement", _DIFFUSED),
    "code_cedex": ("codecedexetablissement", _DIFFUSED),
    "cedex": ("libellecedexetablissement", _DIFFUSED),
    "code_pays_etranger": ("codepaysetrangeretablissement", _DIFFUSED),
    "pays_etranger": ("libellepaysetrangeretablissement", _DIFFUSED),
    "indrep": ("indicerepetitionetablissement", _NUMBERS.get),
    "type_voie": ("typevoieetablissement", _street),
    "code_postal": ("codepostaletablissement", r.matching("[0-9]{5}")),
    "code_commune": ("codecommuneetablissement", _COMMUNE),
    "date_creation": ("datecreationetablissement", r.lenient(r.iso)),
    "date_debut": ("datedebut", r.lenient(r.iso)),
    "longitude": ("longitude", r.number),
    "latitude": ("latitude", r.number),
}
_SITE_READ = words(
    "siren nic etablissementSiege complementAdresseEtablissement numeroVoieEtablissement",
    "indiceRepetitionEtablissement typeVoieEtablissement libelleVoieEtablissement libelleCommuneEtablissement",
    "libelleCommuneEtrangerEtablissement distributionSpecialeEtablissement codeCommuneEtablissement",
    "codeCedexEtablissement libelleCedexEtablissement codePaysEtrangerEtablissement",
    "libellePaysEtrangerEtablissement codePostalEtablissement dateCreationEtablissement",
    "etatAdministratifEtablissement",
)


_SITE_ACTIVITY = words(
    "activitePrincipaleEtablissement nomenclatureActivitePrincipaleEtablissement activitePrincipaleNAF25Etablissement"
)
_SITE_OPTIONAL = _SITE_ACTIVITY | words("dateDebut")
_SITE_READERS = {**_SITE_VALUES, **_nomenclature_of("etablissement")}


def _siret(row: Row) -> str:
    return row["siren"] + row["nic"]


SIRENE = (
    Fuzzed(
        *("sirene", "2019", "StockEtablissement_utf8_geo.csv", ",", False),
        _SIRENE_HEADER,
        _site,
        one_fact("siret", _siret, _SITE_READERS, _departement, emits_rejected=True, skip=_unknown_state),
        _created,
        _SITE_READ | words("longitude latitude"),
        optional=_SITE_OPTIONAL,
    ),
    Fuzzed(
        *("sirene", "insee", "StockEtablissement_utf8_geo.csv", ",", False),
        f"{_SIRENE_HEADER.removesuffix(','.join(_GEOCODED))}activitePrincipaleNAF25Etablissement",
        _own_site,
        one_fact(
            *("siret", _siret),
            {**_SITE_READERS, "type_voie": ("typevoieetablissement", _any_street)},
            _departement,
            emits_rejected=True,
            skip=_unknown_state,
        ),
        _created,
        _SITE_READ,
        without=words("longitude latitude"),
        optional=_SITE_OPTIONAL,
    ),
)

# sirene_ul
_UL_READ = (
    "siren denominationUniteLegale prenom1UniteLegale prenom2UniteLegale prenom3UniteLegale prenom4UniteLegale "
    "nomUniteLegale nomUsageUniteLegale categorieJuridiqueUniteLegale dateCreationUniteLegale "
    "etatAdministratifUniteLegale"
)
_UL_HEADER = (
    "siren,dateCreationUniteLegale,prenom1UniteLegale,prenom2UniteLegale,prenom3UniteLegale,prenom4UniteLegale,"
    "etatAdministratifUniteLegale,nomUniteLegale,nomUsageUniteLegale,denominationUniteLegale,"
    "categorieJuridiqueUniteLegale,activitePrincipaleUniteLegale,nomenclatureActivitePrincipaleUniteLegale"
)
_company = one_fact(
    "siren",
    cell("siren"),
    {
        "raison_sociale": ("denominationunitelegale", _diffused(r.verbatim)),
        **{f"prenom{rank}_unite_legale": (f"prenom{rank}unitelegale", _DIFFUSED) for rank in range(1, 5)},
        "nom_unite_legale": ("nomunitelegale", _DIFFUSED),
        "nom_usage_unite_legale": ("nomusageunitelegale", _DIFFUSED),
        "categorie_juridique": ("categoriejuridiqueunitelegale", _DIFFUSED),
        "date_creation": ("datecreationunitelegale", r.lenient(r.iso)),
        **_nomenclature_of("unitelegale"),
    },
    lambda row, fact: {
        "est_actif": row["etatadministratifunitelegale"] == "A",
        **_activities(row, "unitelegale"),
    },
    skip=lambda row: row["etatadministratifunitelegale"] not in ("A", "C"),
)


def _company_cells(g: random.Random) -> list[str]:
    person = g.random() < 0.3
    return [
        *(c.siren(g), g.choice([c.day(g), "invalid_date", ""]), *(["Zoé", "", "", ""] if person else [""] * 4)),
        *(g.choice("AC"), g.choice(["DUPONT", "[ND]"]) if person else "", ""),
        *("" if person else g.choice(['"SOC ""X"", SA"', "[ND]"]), "5710", *_activity(g)),
    ]


SIRENE_UL = (
    Fuzzed(
        *("sirene_ul", "2026-05", "sireneUL.csv", ",", False),
        f"{_UL_HEADER},activitePrincipaleNAF25UniteLegale",
        lambda g: [*_company_cells(g), c.maybe(g, "62.02Y")],
        _company,
        _created,
        words(_UL_READ, "activitePrincipaleNAF25UniteLegale"),
    ),
    Fuzzed(
        *("sirene_ul", "2019", "sireneUL.csv", ",", False),
        f"{_UL_HEADER},societeMissionUniteLegale",
        lambda g: [*_company_cells(g), ""],
        _company,
        _created,
        words(_UL_READ),
        optional=words("activitePrincipaleUniteLegale nomenclatureActivitePrincipaleUniteLegale"),
    ),
)

# sirene_histo
_STATE, _CHANGE = "etatadministratifetablissement", "changementetatadministratifetablissement"
SIRENE_HISTO = (
    Fuzzed(
        *("sirene_histo", "2025-11", "StockEtablissementHistorique_utf8.csv", ",", False),
        "siren,nic,siret,dateFin,dateDebut,etatAdministratifEtablissement,changementEtatAdministratifEtablissement,"
        "activitePrincipaleEtablissement,nomenclatureActivitePrincipaleEtablissement",
        lambda g: [
            *("012345678", "00011", c.siret(g), c.maybe(g, c.day(g)), c.maybe(g, c.day(g)), g.choice("AAF"), "true"),
            *_activity(g),
        ],
        one_fact(
            "siret",
            cell("siret"),
            {
                "date_debut": ("datedebut", r.optional(r.iso)),
                "date_fin": ("datefin", r.optional(r.iso)),
                "changement_statut_actif": (_CHANGE, r.boolean),
                **_nomenclature_of("etablissement"),
            },
            lambda row, fact: {"est_actif": row[_STATE] == "A", **_activities(row, "etablissement")},
            skip=lambda row: row["datedebut"] == row["datefin"] == "" or row[_STATE] not in ("A", "F"),
        ),
        lambda fact: fact["date_debut"] or BEFORE_ALL,
        words("siret dateDebut dateFin", _STATE, _CHANGE),
        optional=_SITE_ACTIVITY,
    ),
)

LAYOUTS = (*SIRENE_UL, *SIRENE, *SIRENE_HISTO)
