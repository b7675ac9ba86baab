"""The two panels, from the staged tables. Pure and lazy."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.domain.calendar import cutoff_of, known_month, month_index, start_of
from sf_spark.domain.identifiers import siren_of
from sf_spark.domain.naf import NAF_2025, NAF_REV2
from sf_spark.domain.naf_bridge import bridge, with_own_codes
from sf_spark.domain.proceedings import proceeding_events
from sf_spark.panel.activite_partielle import consommation_postings, demande_entries
from sf_spark.panel.activites import activity_columns, with_activity
from sf_spark.panel.asof import latest_entries
from sf_spark.panel.bilans import bdf_entries, bilan_entries, company_accounts, paydex_entries, steady
from sf_spark.panel.delais import ccsf_entries, delai_entries
from sf_spark.panel.demographie import etablissement_events, register_changes
from sf_spark.panel.inputs import StagedTables
from sf_spark.panel.measures import common_measures, company_measures, measure_columns, urssaf_measures
from sf_spark.panel.monthly import monthly_rows
from sf_spark.panel.postings import (
    cotisation_postings,
    declaration_entries,
    dette_postings,
    effectif_entries,
)
from sf_spark.panel.proceedings import proceedings_changes
from sf_spark.panel.rules import Exclusions, PanelRules
from sf_spark.panel.spine import (
    BEFORE_ALL,
    closures,
    company_months,
    first_facts,
    months_between,
    open_spells,
)

__all__ = [
    "Exclusions",
    "PanelRules",
    "StagedTables",
    "activity_codes",
    "entreprise_panel",
    "etablissement_panel",
]

_CODES = ("ape_propre", "ape_naf25")
_PLACE = ("departement", "code_commune")
_ADDRESS = (*_PLACE, *_CODES, "date_creation", "siege")
_LEGAL = (
    *("raison_sociale", "nom_unite_legale", "prenom1_unite_legale", "categorie_juridique"),
    *(*_CODES, "date_creation"),
)
_PROCEEDING = ("procedure", "stade", "date_procedure", "source_procedure")
_SITE, _COMPANY = ("siren", "siret"), ("siren",)


def activity_codes(staged: StagedTables, rules: PanelRules) -> DataFrame:
    """The bridge between the nomenclatures of activities, in the directions that a panel needs: a few thousand rows.

    See :func:`sf_spark.domain.naf_bridge.bridge`. A job computes it once for both panels.
    """
    registers = ((_with_codes(staged.sirene, "siret"), "siret"), (_with_codes(staged.sirene_ul, "siren"), "siren"))
    codes = bridge(registers, NAF_REV2, rules.cutoff_day)
    if rules.nomenclature == NAF_2025:
        codes = codes.unionByName(bridge(registers, NAF_2025, rules.cutoff_day))
    return codes


def etablissement_panel(staged: StagedTables, rules: PanelRules, codes: DataFrame | None) -> DataFrame:
    """Build the establishment panel as known at each cut-off, from ``rules.first_month`` to ``rules.last_month``.

    Key (siret, periode), amounts in EUR; a measure is null where it is unknown or its source was never delivered.
    ``est_ouvert`` is the state known at the cut-off: false in the month of the closure, which still has a row, and in a
    later month that has a row for an amount.

    Args:
        staged: The staged tables.
        rules: What it depends on.
        codes: See :func:`activity_codes`; None where it is empty.
    """
    closed = closures(register_changes(staged.sirene, staged.sirene_histo, rules.cutoff_day))
    spells = open_spells(_first_facts(staged, rules), closed, rules.last_month)
    months = months_between(spells, rules.first_month or BEFORE_ALL)
    rows = monthly_rows(_SITE, months, _site_entries(staged, rules), rules.last_month, rules.first_month)
    return _etablissement_columns(rows, rules, codes)


def entreprise_panel(staged: StagedTables, sites: DataFrame, rules: PanelRules, codes: DataFrame | None) -> DataFrame:
    """Build the company panel of the same months, key (siren, periode): see :func:`etablissement_panel`.

    Args:
        staged: The staged tables.
        sites: The establishment panel of at least these months, computed or stored.
        rules: What it depends on.
        codes: See :func:`activity_codes`; None where it is empty.
    """
    register = register_changes(staged.sirene, staged.sirene_histo, rules.cutoff_day)
    closed = closures(register)
    facts = _first_facts(staged, rules)
    # The perimeter looks back: the first month needs the headcounts of earlier months.
    first = None if rules.first_month is None else rules.first_month - rules.perimeter_months + 1
    headcounts = first_facts(staged.effectif_ent, "siren", rules.cutoff_day)
    months = company_months(
        open_spells(facts, closed, rules.last_month, of_register=True),
        facts.select("siren", "mois").unionByName(headcounts),
        rules.last_month,
        first or BEFORE_ALL,
    )
    entries = [*_company_entries(staged, rules, first), etablissement_events(register), _of_sites(sites, rules)]
    rows = monthly_rows(_COMPANY, months, entries, rules.last_month, first)
    return _entreprise_columns(rows, rules, codes)


def _first_facts(staged: StagedTables, rules: PanelRules) -> DataFrame:
    """The month in which the first fact of each establishment became known: ``siret, siren, mois``."""
    values = (
        (staged.cotisation, "du"),
        (staged.debit, ""),
        (staged.effectif, "effectif"),
        (staged.apconso, "heure_consomme"),
    )
    known = known_month(F.col("known_on"), rules.cutoff_day)
    first, *others = (
        frame.select("siret", (F.when(F.col(value).isNotNull(), known) if value else known).alias("mois"))
        for frame, value in values
    )
    for other in others:
        first = first.union(other)
    siren = siren_of(F.col("siret")).alias("siren")
    return first.where(F.col("mois").isNotNull()).groupBy("siret", siren).agg(F.min("mois").alias("mois"))


def _common_entries(staged: StagedTables, key: str, day: int, first_month: int | None) -> list[DataFrame]:
    return [
        cotisation_postings(staged.cotisation, day, first_month),
        dette_postings(staged.debit, day),
        declaration_entries(staged.cotisation, key, day),
        delai_entries(staged.delai, day),
        ccsf_entries(staged.ccsf, key, day),
        demande_entries(staged.apdemande, day),
        consommation_postings(staged.apconso, day),
    ]


def _site_entries(staged: StagedTables, rules: PanelRules) -> list[DataFrame]:
    day = rules.cutoff_day
    headcounts = staged.effectif.where(F.col("effectif").isNotNull())
    entries = [
        *_common_entries(staged, "siret", day, rules.first_month),
        effectif_entries(headcounts, "siret", day),
        _register_entries(_with_codes(staged.sirene, "siret"), "siret", "registre", ("siret",), _ADDRESS, day),
    ]
    if "sirene_histo" in rules.absent:
        return entries
    coded = staged.sirene_histo.where(F.col("ape").isNotNull())
    return [*entries, _register_entries(coded, "siret", "historique", ("date_debut",), ("ape",), day)]


def _company_entries(staged: StagedTables, rules: PanelRules, first_month: int | None) -> list[DataFrame]:
    day = rules.cutoff_day
    proceedings = proceedings_changes(proceeding_events(staged.procol, staged.procedures), "known_on", day)
    seats, units = staged.sirene.where("siege"), _with_codes(staged.sirene_ul, "siren")
    return [
        *_common_entries(staged, "siren", day, first_month),
        effectif_entries(staged.effectif_ent, "siren", day),
        paydex_entries(staged.paydex, day),
        bilan_entries(staged.ratios, day),
        bdf_entries(staged.bdf, day),
        _register_entries(seats, "siren", "siege", ("known_on", "date_creation", "siret"), _PLACE, day),
        _register_entries(units, "siren", "unite_legale", ("siren",), _LEGAL, day),
        proceedings.select("siren", "mois", "fin", F.struct(*_PROCEEDING).alias("proceeding")),
    ]


def _etablissement_columns(rows: DataFrame, rules: PanelRules, codes: DataFrame | None) -> DataFrame:
    urssaf, added = urssaf_measures("effectif"), common_measures(rules.cutoff_day)
    history = [F.col("historique.ape").alias("ape_historique")] if "sirene_histo" not in rules.absent else []
    known = rows.select(
        *("siret", "siren", "periode", F.coalesce("est_ouvert", F.lit(False)).alias("est_ouvert")),
        *measure_columns(urssaf | added, rules.absent),
        *(F.col(f"registre.{name}").alias(name) for name in _ADDRESS),
        *history,
    )
    return with_activity(known, codes, rules.nomenclature).select(
        *("siret", "siren", "periode", *urssaf, *_PLACE),
        *activity_columns(rules.nomenclature),
        "siege",
        _age(rules.cutoff_day).alias("age_mois"),
        *added,
        "est_ouvert",
    )


def _entreprise_columns(rows: DataFrame, rules: PanelRules, codes: DataFrame | None) -> DataFrame:
    day = rules.cutoff_day
    published = Window.partitionBy("siren").orderBy("mois").rangeBetween(1 - rules.perimeter_months, 0)
    most, fewest = (extreme("effectif.effectif").over(published) for extreme in (F.max, F.min))
    over_months = {
        "staffed": most >= rules.perimeter_effectif,
        "effectif_stable": steady(fewest, most),
        "comptes": company_accounts(),
    }
    wanted = rows.withColumns(over_months).where(F.col("mois") >= (rules.first_month or BEFORE_ALL))
    urssaf = urssaf_measures("effectif_ent") | {"nb_etablissements": ("sirene", F.col("nb_etablissements").cast("int"))}
    added = common_measures(day) | company_measures(day)
    known = wanted.select(
        *("siren", "periode", "staffed"),
        *measure_columns(urssaf | added, rules.absent),
        *(F.col(f"siege.{name}").alias(name) for name in _PLACE),
        *(F.col(f"unite_legale.{name}").alias(name) for name in _LEGAL),
        *(F.col(f"proceeding.{name}").alias(name) for name in _PROCEEDING),
    )
    return with_activity(known, codes, rules.nomenclature).select(
        *("siren", "periode", *urssaf, *_PLACE, "categorie_juridique"),
        *activity_columns(rules.nomenclature),
        *_PROCEEDING,
        _name().alias("raison_sociale"),
        F.col("procedure").isNotNull().alias("en_procedure"),
        _age(day).alias("age_mois"),
        (F.coalesce("staffed", F.lit(False)) & ~rules.is_excluded()).alias("est_dans_perimetre"),
        *added,
    )


def _with_codes(register: DataFrame, key: str) -> DataFrame:
    return with_own_codes(register, (key,))


def _of_sites(sites: DataFrame, rules: PanelRules) -> DataFrame:
    """Entries of a company from its open establishments: one for each of their rows."""
    since = F.lit(True) if rules.first_month is None else F.col("periode") >= F.lit(start_of(rules.first_month))
    return sites.where(since & F.col("est_ouvert")).select(
        "siren",
        month_index(F.col("periode")).alias("mois"),
        (F.col("dette") > 0).cast("long").alias("nb_etablissements_en_dette"),
        F.lit(1).cast("long").alias("nb_etablissements_suivis"),
        F.col("effectif").alias("effectif_max_etablissement"),
    )


def _register_entries(
    register: DataFrame, key: str, name: str, order: tuple[str, ...], values: tuple[str, ...], cutoff_day: int
) -> DataFrame:
    """Entries of the register's row of an entity: the last of the lines in force."""
    return latest_entries(register, key, name, (*order, "_batch", "_line"), values, cutoff_day)


def _age(cutoff_day: int) -> Column:
    """Whole months from the creation to the cut-off; null if the creation is unknown or later."""
    months = F.floor(F.months_between(cutoff_of(F.col("periode"), cutoff_day), F.col("date_creation"))).cast("int")
    return F.when(months >= 0, months)


def _name() -> Column:
    """The company's denomination; for a sole trader, the person's name."""
    person = F.concat_ws(" ", "prenom1_unite_legale", "nom_unite_legale")
    return F.when(F.col("raison_sociale") != "", F.col("raison_sociale")).otherwise(F.nullif(person, F.lit("")))
