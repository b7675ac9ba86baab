"""The Sirene register of legal units, in their present state of each delivery."""

import numpy as np

from sf_spark.demo.files.encodings import iso_table
from sf_spark.demo.files.layouts import UNITE_LEGALE_COLUMNS
from sf_spark.demo.files.lines import LineVersions, split_at
from sf_spark.demo.files.registre import (
    FOREIGN_SEQUENCE,
    REGISTRATION_DAYS,
    activity_of,
    band,
    by_era,
    csv_line,
    registered_on,
)
from sf_spark.demo.world import identifiers, names, reference
from sf_spark.demo.world.arrays import NEVER, IntArray
from sf_spark.demo.world.entreprises import Entreprises
from sf_spark.demo.world.etablissements import MOVED, OWN, Etablissements
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import Population

ANCIENT_SHARE = 0.01  # as many units that ceased long ago, in an older nomenclature: no code in NAF
_ANCIENT_RANK = 40_000_000  # rank of the first of them: beyond those of any plan
_ANCIENT_NOMENCLATURE = "NAP"


def unite_legale_lines(rng: np.random.Generator, population: Population) -> LineVersions:
    """Write every company; one that ended says C, one whose head office moved has a new nicSiege."""
    companies, timeline, ended_day = population.companies, population.timeline, population.fates.end_day
    moved_day = _moved_days(population)
    changed_day = np.minimum(moved_day, ended_day)
    first, change = (timeline.batch_of_day(day + REGISTRATION_DAYS) for day in (companies.created_day, changed_day))
    row, version, era, start, end = by_era(split_at(first, change, timeline.deliveries), timeline)
    constant = _constant_parts(rng, companies, timeline)
    text = []
    for company, changed, of_era in zip(row.tolist(), version.tolist(), era.tolist(), strict=True):
        # A company whose head office moves continues: it is one change or the other.
        moved = changed == 1 and moved_day[company] < NEVER
        ended = changed == 1 and not moved
        changing = _changing_parts(companies, population.sites, company, moved, ended_day[company] if ended else NEVER)
        coded = _activity(constant[company], of_era, ended_day[company] if ended else NEVER)
        text.append(csv_line(UNITE_LEGALE_COLUMNS, constant[company] | changing | coded))
    ancient = _ancient_units(rng, companies)
    return LineVersions(
        text=text + ancient,
        first=np.concatenate([start, np.zeros(len(ancient), dtype=np.int64)]),
        last=np.concatenate([end, np.full(len(ancient), timeline.deliveries)]),
    )


def _moved_days(population: Population) -> IntArray:
    month = population.sites.moved_month[population.sites.head]
    day = population.timeline.first_day(np.minimum(month, population.timeline.simulated))
    return np.where(month == NEVER, NEVER, day)


def _constant_parts(rng: np.random.Generator, companies: Entreprises, timeline: Timeline) -> list[dict[str, str]]:
    size = len(companies)
    surnames, first_names = names.surnames(rng, size), names.first_names(rng, size)
    chances, touched = rng.random(size).tolist(), registered_on(rng, companies.created_day, timeline)
    year = str(timeline.year_and_month(timeline.register_month)[0])
    parts = []
    for company in range(size):
        activity = reference.ALL_ACTIVITES[int(companies.activite[company])].code
        known = companies.created_month[company] <= timeline.register_month
        part = {
            "siren": companies.siren[company],
            "statutDiffusionUniteLegale": "P" if chances[company] > 0.97 else "O",
            "dateCreationUniteLegale": iso_table()[int(companies.created_day[company])],
            "trancheEffectifsUniteLegale": band(int(companies.taille[company])) if known else "NN",
            "anneeEffectifsUniteLegale": year if known else "",
            "dateDernierTraitementUniteLegale": f"{touched[company]}T08:15:22",
            "categorieEntreprise": _category(int(companies.taille[company])),
            "anneeCategorieEntreprise": year,
            "categorieJuridiqueUniteLegale": companies.categorie[company],
            "activitePrincipaleUniteLegale": activity,
            "activitePrincipaleNAF25UniteLegale": "" if chances[company] <= 0.1 else reference.NAF_2025[activity],
            "economieSocialeSolidaireUniteLegale": "O" if companies.categorie[company] == "9220" else "N",
        }
        parts.append(part | _name(companies, company, surnames[company], first_names[company]))
    return parts


def _activity(constant: dict[str, str], era: int, ended_day: int) -> dict[str, str]:
    """The activity as the era writes it; before the change some units have no code in NAF 2025 beside it."""
    code, nomenclature, naf_2025 = activity_of(constant["activitePrincipaleUniteLegale"], era, ended_day)
    beside = constant["activitePrincipaleNAF25UniteLegale"] and naf_2025
    return {
        "activitePrincipaleUniteLegale": code,
        "nomenclatureActivitePrincipaleUniteLegale": nomenclature,
        "activitePrincipaleNAF25UniteLegale": beside if ended_day == NEVER else "",
    }


def _category(taille: int) -> str:
    if taille >= 5000:
        return "GE"
    return "ETI" if taille >= 250 else "PME"


def _name(companies: Entreprises, company: int, surname: str, first_name: str) -> dict[str, str]:
    if companies.categorie[company] != reference.SOLE_TRADER:
        return {"denominationUniteLegale": companies.nom[company]}
    # A sole trader has no company name, but the owner's.
    return {"nomUniteLegale": surname.upper(), "prenom1UniteLegale": first_name, "prenomUsuelUniteLegale": first_name}


def _changing_parts(
    companies: Entreprises, sites: Etablissements, company: int, moved: bool, ended_day: int
) -> dict[str, str]:
    head = int(np.searchsorted(sites.company, company))
    siret = sites.siret[head][MOVED if moved else OWN]
    if companies.abroad[company]:
        siret = identifiers.siret(companies.siren[company], FOREIGN_SEQUENCE)
    parts = {
        "nombrePeriodesUniteLegale": "2" if moved else "1",
        "dateDebut": iso_table()[int(companies.created_day[company])],
        "etatAdministratifUniteLegale": "A",
        "nicSiegeUniteLegale": siret[9:],
        "caractereEmployeurUniteLegale": "O",
    }
    if ended_day == NEVER:
        return parts
    return parts | {
        "nombrePeriodesUniteLegale": "2",
        "dateDebut": iso_table()[ended_day],
        "etatAdministratifUniteLegale": "C",
        "dateDernierTraitementUniteLegale": f"{iso_table()[ended_day + REGISTRATION_DAYS]}T11:40:05",
        "caractereEmployeurUniteLegale": "N",
    }


def _ancient_units(rng: np.random.Generator, companies: Entreprises) -> list[str]:
    lines = []
    for rank in range(max(1, round(ANCIENT_SHARE * len(companies)))):
        siren = identifiers.siren(_ANCIENT_RANK + companies.first_index + rank)
        values = {
            "siren": siren,
            "statutDiffusionUniteLegale": "O",
            "nombrePeriodesUniteLegale": "1",
            "dateDebut": f"19{int(rng.integers(75, 95))}-12-31",
            "etatAdministratifUniteLegale": "C",
            "denominationUniteLegale": names.company_names(rng, 1)[0],
            "categorieJuridiqueUniteLegale": "5499",
            "activitePrincipaleUniteLegale": "64.11",
            "nomenclatureActivitePrincipaleUniteLegale": _ANCIENT_NOMENCLATURE,
            "nicSiegeUniteLegale": identifiers.siret(siren, 1)[9:],
            "caractereEmployeurUniteLegale": "N",
        }
        lines.append(csv_line(UNITE_LEGALE_COLUMNS, values))
    return lines
