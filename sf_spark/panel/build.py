"""The two panels, from the staged tables. Pure and lazy."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sf_spark.calendar import CUTOFF_DAY, cutoff_of, month_index
from sf_spark.panel.asof import state_changes
from sf_spark.panel.monthly import monthly_rows, with_attributes
from sf_spark.panel.postings import cotisation_postings, dette_postings, effectif_changes, etablissement_postings
from sf_spark.panel.proceedings import proceedings_changes
from sf_spark.panel.spine import closures, company_months, months_between, open_spells, register_states

_ADDRESS = ("departement", "code_commune", "ape", "date_creation", "siege")
_LEGAL = ("raison_sociale", "nom_unite_legale", "prenom1_unite_legale", "categorie_juridique", "ape", "date_creation")


@dataclass(frozen=True)
class StagedTables:
    """The staged tables that a panel is made of."""

    cotisation: DataFrame
    debit: DataFrame
    effectif: DataFrame
    effectif_ent: DataFrame
    procol: DataFrame
    sirene: DataFrame
    sirene_ul: DataFrame


@dataclass(frozen=True)
class PanelRules:
    """What a panel depends on besides its tables."""

    last_month: int
    perimeter_effectif: int
    perimeter_months: int
    cutoff_day: int = CUTOFF_DAY


def build_panels(staged: StagedTables, rules: PanelRules) -> tuple[DataFrame, DataFrame]:
    """Build both panels as known at each cut-off, up to ``rules.last_month``.

    Returns:
        The establishment panel, key (siret, periode), and the company panel, key (siren, periode).
    """
    day = rules.cutoff_day
    cotisation, dette = cotisation_postings(staged.cotisation, day), dette_postings(staged.debit, day)
    register = register_states(staged.sirene, day)
    closed = closures(register)
    headcounts = effectif_changes(staged.effectif.where(F.col("effectif").isNotNull()), "siret", day)
    company_headcounts = effectif_changes(staged.effectif_ent, "siren", day)

    facts = (
        cotisation.select("siret", "siren", "mois")
        .unionByName(dette.select("siret", "siren", "mois"))
        .unionByName(headcounts.select("siret", F.substring("siret", 1, 9).alias("siren"), "mois"))
        .groupBy("siret", "siren")
        .agg(F.min("mois").alias("mois"))
    )
    sites = months_between(open_spells(facts, closed, rules.last_month))
    companies = company_months(
        open_spells(facts.unionByName(register.select("siret", "siren", "mois")), closed, rules.last_month),
        facts.select("siren", "mois").unionByName(company_headcounts.select("siren", "mois")),
        rules.last_month,
    )
    postings = [cotisation, dette, etablissement_postings(register)]

    etablissement = monthly_rows("siret", sites, postings, headcounts, rules.last_month)
    entreprise = monthly_rows("siren", companies, postings, company_headcounts, rules.last_month)
    return (
        _etablissement_columns(etablissement, staged, rules),
        _entreprise_columns(entreprise, staged, rules),
    )


def _etablissement_columns(rows: DataFrame, staged: StagedTables, rules: PanelRules) -> DataFrame:
    attributes = _attributes(staged.sirene, ("siret",), ("siret",), _ADDRESS, rules)
    known = with_attributes(rows.drop("nb_etablissements"), attributes, "siret")
    return known.select(
        "siret",
        F.substring("siret", 1, 9).alias("siren"),
        *(name for name in known.columns if name not in ("siret", "date_creation")),
        _age(rules.cutoff_day).alias("age_mois"),
    )


def _entreprise_columns(rows: DataFrame, staged: StagedTables, rules: PanelRules) -> DataFrame:
    day = rules.cutoff_day
    head_office = _attributes(
        staged.sirene.where("siege"), ("siren",), ("known_on", "date_creation", "siret"), _ADDRESS[:2], rules
    )
    legal = _attributes(staged.sirene_ul, ("siren",), ("siren",), _LEGAL, rules)
    known = with_attributes(with_attributes(rows, head_office, "siren"), legal, "siren")
    known = with_attributes(known, proceedings_changes(staged.procol, cutoff_day=day), "siren")
    published = Window.partitionBy("siren").orderBy(month_index(F.col("periode")))
    published = published.rangeBetween(1 - rules.perimeter_months, 0)
    return known.select(
        "siren",
        *(name for name in known.columns if name not in ("siren", "date_creation", *_LEGAL[:3])),
        _name().alias("raison_sociale"),
        F.col("procedure").isNotNull().alias("en_procedure"),
        _age(day).alias("age_mois"),
        F.coalesce(F.max("effectif").over(published) >= rules.perimeter_effectif, F.lit(False)).alias(
            "est_dans_perimetre"
        ),
    )


def _attributes(
    register: DataFrame, keys: tuple[str, ...], order: tuple[str, ...], values: tuple[str, ...], rules: PanelRules
) -> DataFrame:
    """What the register said of an entity, from change to change: ``keys, mois, fin`` and the values."""
    changes = state_changes(register, keys, (*order, "_batch", "_line"), values, rules.cutoff_day)
    return changes.select(*keys, "mois", "fin", *(F.col(f"state.{name}").alias(name) for name in values))


def _age(cutoff_day: int) -> Column:
    """Whole months since the creation, at the cut-off; null where the creation is unknown or still to come."""
    months = F.floor(F.months_between(cutoff_of(F.col("periode"), cutoff_day), F.col("date_creation"))).cast("int")
    return F.when(months >= 0, months)


def _name() -> Column:
    """The company's denomination; a person in business has a name instead."""
    person = F.concat_ws(" ", "prenom1_unite_legale", "nom_unite_legale")
    return F.when(F.col("raison_sociale") != "", F.col("raison_sociale")).otherwise(F.nullif(person, F.lit("")))
