"""The Sirene register of establishments, in their present state of each delivery."""

from typing import NamedTuple

import numpy as np

from sf_spark.demo.files.encodings import iso_table
from sf_spark.demo.files.layouts import COLUMNS_OF_ERA
from sf_spark.demo.files.lines import LineVersions, split_at
from sf_spark.demo.files.registre import (
    CHANGE_DAY,
    CURRENT_NOMENCLATURE,
    FOREIGN_SEQUENCE,
    REGISTRATION_DAYS,
    Era,
    activity_of,
    band,
    by_era,
    csv_line,
    registered_on,
)
from sf_spark.demo.world import identifiers, names, reference
from sf_spark.demo.world.arrays import NEVER, in_window, pick_share
from sf_spark.demo.world.entreprises import Entreprises
from sf_spark.demo.world.etablissements import MOVED, OWN
from sf_spark.demo.world.plan import Timeline
from sf_spark.demo.world.population import Population

ANCIENT_SHARE = 0.08  # share of old companies with an establishment closed under an older nomenclature: no code in NAF
QUOTED_SHARE = 0.05  # share of establishments whose sign holds a comma or quotes
_OLDER_NOMENCLATURE = "NAFRev1"
_ANCIENT_SEQUENCE = 2


class Fiche(NamedTuple):
    """One establishment of the register."""

    siret: str
    company: int
    head: bool
    moved_away: bool  # closes because it moves: a head office no longer
    created_day: int
    closed_day: int
    commune: int  # -1 abroad
    activity: str
    nomenclature: str
    staff: int


def etablissement_lines(rng: np.random.Generator, population: Population) -> LineVersions:
    """Write every establishment but the pseudo ones; a closed one says F, and since when."""
    timeline = population.timeline
    fiches = registered(rng, population)
    created = np.array([fiche.created_day for fiche in fiches], dtype=np.int64)
    closed = np.array([fiche.closed_day for fiche in fiches], dtype=np.int64)
    first, change = (timeline.batch_of_day(day + REGISTRATION_DAYS) for day in (created, closed))
    row, version, era, start, end = by_era(split_at(first, change, timeline.deliveries), timeline)
    constant = _constant_parts(rng, fiches, timeline)
    text = [
        _line(fiches[rank], closing == 1, of_era, constant[rank])
        for rank, closing, of_era in zip(row.tolist(), version.tolist(), era.tolist(), strict=True)
    ]
    return LineVersions(text, start, end)


def registered(rng: np.random.Generator, population: Population) -> list[Fiche]:
    """Return every establishment of the register, in the order of its lines."""
    fiches = _present(population) + _foreign_heads(population.companies)
    fiches += _ancient(rng, population.companies, population.timeline)
    return sorted(fiches, key=lambda fiche: (fiche.company, fiche.siret))


def _present(population: Population) -> list[Fiche]:
    companies, sites, timeline = population.companies, population.sites, population.timeline
    staff = population.employed_on_site[:, timeline.register_month]
    fiches = []
    for site in np.flatnonzero(~sites.pseudo).tolist():
        company, month = int(sites.company[site]), int(sites.moved_month[site])
        head = bool(sites.head[site]) and not companies.abroad[company]
        activity = reference.ALL_ACTIVITES[int(companies.activite[company])].code
        opened, closed = int(sites.opened_day[site]), int(sites.closed_day[site])
        moved = int(timeline.first_day(month)) if month < NEVER else NEVER
        same = (int(sites.commune[site]), activity, CURRENT_NOMENCLATURE, int(staff[site]))
        fiches.append(Fiche(sites.siret[site][OWN], company, head, moved < NEVER, opened, min(moved, closed), *same))
        if moved < NEVER:
            fiches.append(Fiche(sites.siret[site][MOVED], company, head, False, moved, closed, *same))
    return fiches


def _foreign_heads(companies: Entreprises) -> list[Fiche]:
    """Head offices in another country: a line of the register without a French commune."""
    fiches = []
    for company in np.flatnonzero(companies.abroad).tolist():
        siret = identifiers.siret(companies.siren[company], FOREIGN_SEQUENCE)
        activity = reference.ALL_ACTIVITES[int(companies.activite[company])].code
        born = int(companies.created_day[company])
        fiches.append(Fiche(siret, company, True, False, born, NEVER, -1, activity, CURRENT_NOMENCLATURE, 0))
    return fiches


def _ancient(rng: np.random.Generator, companies: Entreprises, timeline: Timeline) -> list[Fiche]:
    """Establishments closed before 2008, whose activity is written in the nomenclature of the time."""
    latest = int(np.datetime64("2007-12-31", "M").astype(np.int64)) + 12 * 1970 - timeline.first_month
    old = pick_share(rng, np.flatnonzero(companies.created_month < latest - 36), ANCIENT_SHARE)
    fiches = []
    for company in old.tolist():
        siret = identifiers.siret(companies.siren[company], _ANCIENT_SEQUENCE)
        born = int(companies.created_day[company])
        closed = int(rng.integers(born + 300, int(timeline.first_day(latest))))
        place = int(companies.commune[company])
        fiches.append(Fiche(siret, company, False, False, born, closed, place, "52.4C", _OLDER_NOMENCLATURE, 0))
    return fiches


def _constant_parts(rng: np.random.Generator, fiches: list[Fiche], timeline: Timeline) -> list[dict[str, str]]:
    """Return what does not change from one delivery to the next: address, sign, coordinates, first registration."""
    size = len(fiches)
    created = np.array([fiche.created_day for fiche in fiches], dtype=np.int64)
    numbers, touched = in_window(rng, 1, 180, size).tolist(), registered_on(rng, created, timeline)
    year = str(timeline.year_and_month(timeline.register_month)[0])
    kinds, streets, signs = names.street_types(rng, size), names.streets(rng, size), names.surnames(rng, size)
    shifts, chances = rng.normal(0.0, 0.012, (size, 2)).tolist(), rng.random(size).tolist()
    parts = []
    for rank, fiche in enumerate(fiches):
        chance = chances[rank]
        part = {
            "statutDiffusionEtablissement": "P" if chance > 0.97 else "O",
            "numeroVoieEtablissement": str(numbers[rank]),
            "indiceRepetitionEtablissement": "B" if chance < 0.04 else "",
            "typeVoieEtablissement": kinds[rank],
            "libelleVoieEtablissement": streets[rank],
            "dateDernierTraitementEtablissement": f"{touched[rank]}T09:31:07",
            "trancheEffectifsEtablissement": band(fiche.staff) if fiche.staff else "NN",
            "anneeEffectifsEtablissement": year if fiche.staff else "",
            "enseigne1Etablissement": _sign(signs[rank].upper(), chance),
        }
        part |= _abroad(rank) if fiche.commune < 0 else _in_france(fiche, shifts[rank], chance)
        parts.append(part)
    return parts


def _sign(name: str, chance: float) -> str:
    if chance < QUOTED_SHARE / 5:
        return f'LE "PETIT" {name}'
    if chance < QUOTED_SHARE:
        return f"{name}, CAFÉ ET TRAITEUR"
    return name if chance < 0.2 else ""


def _abroad(rank: int) -> dict[str, str]:
    code, country, town = reference.FOREIGN_PLACES[rank % len(reference.FOREIGN_PLACES)]
    return {
        "libelleCommuneEtrangerEtablissement": town,
        "codePaysEtrangerEtablissement": code,
        "libellePaysEtrangerEtablissement": country,
    }


def _in_france(fiche: Fiche, shift: list[float], chance: float) -> dict[str, str]:
    place = reference.COMMUNES[fiche.commune]
    part = {
        "codePostalEtablissement": place.postal,
        "libelleCommuneEtablissement": place.name,
        "codeCommuneEtablissement": place.code,
    }
    if 0.2 < chance < 0.22:  # not geocoded
        return part
    return part | {
        "coordonneeLambertAbscisseEtablissement": f"{700_000 + 75_000 * (place.longitude - 3 + shift[0]):.2f}",
        "coordonneeLambertOrdonneeEtablissement": f"{6_600_000 + 111_000 * (place.latitude - 46.5 + shift[1]):.2f}",
        "longitude": f"{place.longitude + shift[0]:.6f}",
        "latitude": f"{place.latitude + shift[1]:.6f}",
        "geo_score": "0.87",
        "geo_type": "housenumber",
        "geo_adresse": f"{place.postal} {place.name.title()}",
        "geo_id": f"{place.code}_0000",
        "geo_ligne": "G",
    }


def _line(fiche: Fiche, closed: bool, era: int, constant: dict[str, str]) -> str:
    since = fiche.closed_day if closed else fiche.created_day
    activity, nomenclature, naf_2025 = fiche.activity, fiche.nomenclature, ""
    if nomenclature == CURRENT_NOMENCLATURE:
        activity, nomenclature, naf_2025 = activity_of(activity, era, fiche.closed_day if closed else NEVER)
    recoded = era == Era.NEW and not closed and since < CHANGE_DAY  # its code changed: a period of its own
    values = {
        "siren": fiche.siret[:9],
        "nic": fiche.siret[9:],
        "siret": fiche.siret,
        "dateCreationEtablissement": iso_table()[fiche.created_day],
        "etablissementSiege": "true" if fiche.head and not (closed and fiche.moved_away) else "false",
        "nombrePeriodesEtablissement": "2" if closed or recoded else "1",
        "dateDebut": iso_table()[CHANGE_DAY if recoded else since],
        "etatAdministratifEtablissement": "F" if closed else "A",
        "activitePrincipaleEtablissement": activity,
        "nomenclatureActivitePrincipaleEtablissement": nomenclature,
        "activitePrincipaleNAF25Etablissement": "" if closed else naf_2025,
        "caractereEmployeurEtablissement": "O" if fiche.staff and not closed else "N",
    }
    if closed:
        values |= {
            "dateDernierTraitementEtablissement": f"{iso_table()[since + REGISTRATION_DAYS]}T10:02:41",
            "trancheEffectifsEtablissement": "NN",
            "anneeEffectifsEtablissement": "",
        }
    return csv_line(COLUMNS_OF_ERA[era], constant | values)
