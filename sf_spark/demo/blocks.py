"""One block of companies, from its seeds to its lines: an overview of the generator."""

from dataclasses import dataclass
from functools import partial

from sf_spark.demo.files import activite_partielle as short_time_files
from sf_spark.demo.files import (
    bilans,
    debits,
    delais,
    effectifs,
    layouts,
    paydex,
    procedures,
    sirene,
    sirene_histo,
    sirene_ul,
)
from sf_spark.demo.files import cotisations as cotisation_file
from sf_spark.demo.files.lines import LineVersions
from sf_spark.demo.world import activite_partielle, cotisations, impayes
from sf_spark.demo.world.arrays import stream
from sf_spark.demo.world.health import Climate
from sf_spark.demo.world.plan import DemoPlan, Timeline
from sf_spark.demo.world.population import Population, draw_population


@dataclass(frozen=True)
class Block:
    """A block of companies, and the lines of each file about it."""

    population: Population
    files: dict[str, LineVersions]


def draw_block(plan: DemoPlan, timeline: Timeline, climate: Climate, block: int) -> Block:
    """Draw the companies of that rank in the plan, and all their lines in all deliveries."""
    chance = partial(stream, plan.seed, block)
    population = draw_population(plan, timeline, climate, block)
    declared = cotisations.draw_cotisations(chance("cotisations"), population)
    declared = cotisations.fall_silent(chance("silence"), declared, population)
    left = impayes.draw_impayes(chance("impayes"), declared, population)
    history = debits.draw_operations(chance("debits"), declared, left.items, population)
    asked = delais.draw_requests(chance("delais"), declared, left, population)
    short_time = activite_partielle.draw_requests(chance("demandes"), population, climate)
    consumed = activite_partielle.draw_consumptions(chance("consommations"), short_time, population)
    files = {
        layouts.COTISATION: cotisation_file.cotisation_lines(chance("cotisdues"), declared, left.by_row, population),
        layouts.DEBIT: debits.debit_lines(chance("recours"), declared, left.items, history, population),
        layouts.DELAI: delais.delai_lines(chance("accords"), asked, declared, population),
        layouts.CCSF: delais.ccsf_lines(chance("ccsf"), asked, population),
        layouts.PROCOL: procedures.procedure_lines(chance("pcoll"), population),
        layouts.EFFECTIF: effectifs.siret_lines(chance("siret"), population),
        layouts.EFFECTIF_ENT: effectifs.siren_lines(chance("siren"), population),
        layouts.APCONSO: short_time_files.consommation_lines(short_time, consumed, population),
        layouts.APDEMANDE: short_time_files.demande_lines(short_time, consumed, population),
        layouts.SIRENE: sirene.etablissement_lines(chance("sirene"), population),
        layouts.SIRENE_HISTO: sirene_histo.historique_lines(chance("historique"), chance("sirene"), population),
        layouts.PAYDEX: paydex.paydex_lines(chance("paydex"), population),
        layouts.RATIOS: bilans.bilan_lines(chance("bilans"), population),
        layouts.SIRENE_UL: sirene_ul.unite_legale_lines(chance("unites"), population),
    }
    return Block(population, files)
