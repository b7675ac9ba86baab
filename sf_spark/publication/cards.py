"""The cards that an agent reads: all that is known of each company and of each establishment. Pure and lazy.

    company                                          card
    with a row of the panel in the last 24 months    yes
    on a list once, closed for years                 yes, with an empty series
    another one                                      no

A company belongs to the department of its present head office; a list of an earlier month may name another one. Money
in EUR. Null is unknown; an empty array means none.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sf_spark.domain import territories
from sf_spark.domain.legal_forms import legal_form
from sf_spark.domain.naf import CODE_COLUMN, section_letter
from sf_spark.domain.proceedings import proceeding_events, proceeding_label
from sf_spark.domain.ratios import PUBLISHED, RATIOS_BDF
from sf_spark.publication import card_parts as parts
from sf_spark.publication.card_inputs import Facts
from sf_spark.publication.card_register import head_offices, names, registered_sites, with_labels
from sf_spark.publication.procedures import PERIODS, proceeding_periods

SITES = (
    "array<struct<siret: string, siege: boolean, est_ouvert: boolean, departement: string, code_commune: string, "
    "commune: string, ape: string, effectif: int, dette: double>>"
)
_KNOWN = ("effectif", "effectif_age_mois", "dette", "montant_part_ouvriere", "montant_part_patronale")
_OF_COMPANY = (
    *("raison_sociale", "departement", "code_commune", "categorie_juridique", "ape", "ape_naf25", "section"),
    *("est_dans_perimetre", "procedure", "stade", "date_procedure", *_KNOWN),
    *("bilan_age_mois", "bilan_type", *(f"bilan_{name}" for name in PUBLISHED)),
    *("bdf_age_mois", *(f"bdf_{name}" for name in RATIOS_BDF), "paydex_age_mois", "paydex_nb_jours"),
)
_OF_SITE = ("siren", "departement", "code_commune", "ape", "section", "siege", "est_ouvert", *_KNOWN)
_PLACE = ("departement_libelle", "region", "region_libelle")


def site_cards(facts: Facts) -> DataFrame:
    """One row for each establishment in the panel, or open in the register; key ``siret``.

    ``departement`` is that of the establishment, ``departement_entreprise`` that of its company.
    """
    delai = facts.staged["delai"]
    rows = (
        registered_sites(facts)
        .join(parts.series(facts.sites, "siret", _OF_SITE), on="siret", how="full")
        .where(F.col("periode").isNotNull() | F.col("est_actif"))
        .join(parts.payment_plans(delai, "siret", F.lit(facts.last), facts.cutoff_day), on="siret", how="left")
        .join(parts.short_time_requests(facts.staged["apdemande"]), on="siret", how="left")
        .join(parts.freshness(facts.staged, "siret"), on="siret", how="left")
        .withColumns({"siren": F.coalesce("siren", "_siren"), **_activity(facts.nomenclature)})
        .join(_carded(facts), on="siren", how="left_semi")
        .join(head_offices(facts).select("siren", F.col("_departement").alias("_own")), on="siren", how="left")
        .join(names(facts), on="siren", how="left")
    )
    is_of_last_month = F.col("periode") == F.lit(facts.last)
    return _with_digest(
        with_labels(rows, facts, "_departement").select(
            *("siret", "siren"),
            F.col("_place").alias("departement"),
            F.coalesce("_own", F.col("_place")).alias("departement_entreprise"),
            "periode",
            F.col("_nom").alias("raison_sociale"),
            F.coalesce("_siege", "siege").alias("siege"),
            # An establishment without a row in the last month of the panel is closed, unless it is open in the
            # register.
            F.coalesce(F.when(is_of_last_month, F.col("est_ouvert")), "est_actif", F.lit(False)).alias("est_ouvert"),
            *("adresse", F.coalesce("_commune", "code_commune").alias("code_commune"), "commune", *_PLACE),
            *("ape", "ape_libelle", "section", "section_libelle", "date_creation"),
            *("effectif", _month_of("effectif_age_mois").alias("effectif_mois")),
            *("dette", "montant_part_ouvriere", "montant_part_patronale"),
            *(_list(name, kind) for name, kind in (("serie", parts.SERIES), ("delais", parts.PLANS))),
            _list("demandes_activite_partielle", parts.REQUESTS),
            _list("fraicheur", parts.FRESHNESS),
        )
    )


def company_cards(facts: Facts, sites: DataFrame) -> DataFrame:
    """One row a company; key ``siren``.

    Args:
        facts: Inputs of the cards.
        sites: The cards of establishments; those of companies without a card are left out.
    """
    events = proceeding_events(facts.staged["procol"], facts.staged["procedures"])
    plans = parts.payment_plans(facts.staged["delai"], "siren", F.lit(facts.last), facts.cutoff_day)
    rows = (
        parts.series(facts.companies, "siren", _OF_COMPANY)
        .join(parts.alerts(facts.lists), on="siren", how="full")
        .join(head_offices(facts), on="siren", how="left")
        .join(names(facts), on="siren", how="left")
        .join(_sites_of(sites), on="siren", how="left")
        .join(plans, on="siren", how="left")
        .join(proceeding_periods(events, F.lit(facts.today)), on="siren", how="left")
        .join(parts.follow_ups(facts.follow_up), on="siren", how="left")
        .join(parts.freshness(facts.staged, "siren"), on="siren", how="left")
    )
    present = F.get(F.filter("procedures", lambda period: period["fin"].isNull()), F.lit(0))
    # A row of an earlier month does not describe the present.
    state = {name: _now(name, present[name], facts) for name in ("procedure", "stade")}
    state["date_procedure"] = _now("date_procedure", present["debut"], facts)
    return _with_digest(
        with_labels(rows.withColumns(state), facts, "_departement").select(
            "siren",
            F.col("_place").alias("departement"),
            "periode",
            F.coalesce("_nom", "raison_sociale").alias("raison_sociale"),
            "siret_siege",
            F.coalesce("_categorie", "categorie_juridique").alias("categorie_juridique"),
            legal_form(F.coalesce("_categorie", "categorie_juridique")).alias("forme_juridique"),
            F.col("_creation").alias("date_creation"),
            *("ape", "ape_libelle", "ape_naf25", "section", "section_libelle"),
            *("adresse", F.coalesce("_commune", "code_commune").alias("code_commune"), "commune", *_PLACE),
            *("est_dans_perimetre", "effectif", territories.size_class(F.col("effectif")).alias("tranche_effectif")),
            _month_of("effectif_age_mois").alias("effectif_mois"),
            _mean_of_year("cotisation").alias("cotisation_mean12m"),
            *("dette", "montant_part_ouvriere", "montant_part_patronale", "procedure", "stade"),
            proceeding_label(F.col("procedure"), F.col("stade")).alias("statut_procedure"),
            "date_procedure",
            _list("etablissements", SITES),
            _list("serie", parts.SERIES),
            _valid("bilan_age_mois", "mois_cloture", ("type", *PUBLISHED), "bilan_").alias("comptes"),
            _valid("bdf_age_mois", "mois_cloture", RATIOS_BDF, "bdf_").alias("banque_de_france"),
            _valid("paydex_age_mois", "mois", ("nb_jours",), "paydex_").alias("paiement"),
            *(_list(name, kind) for name, kind in (("delais", parts.PLANS), ("procedures", PERIODS))),
            *(_list(name, kind) for name, kind in (("alertes", parts.ALERTS), ("suivis", parts.FOLLOW_UPS))),
            _list("fraicheur", parts.FRESHNESS),
        )
    )


def _carded(facts: Facts) -> DataFrame:
    """``siren`` of the companies that have a card."""
    return facts.companies.select("siren").union(facts.lists.select("siren")).distinct()


def _activity(nomenclature: str) -> dict[str, Column]:
    """Activity and section of an establishment: from the panel, else from the register."""
    section = section_letter(F.col(f"_{CODE_COLUMN[nomenclature]}"), nomenclature)
    return {"ape": F.coalesce("ape", "_ape"), "section": F.coalesce("section", section)}


def _now(name: str, of_period: Column, facts: Facts) -> Column:
    """A field of the state in proceedings: from the panel's last month, else from the present period."""
    return F.when(F.col("periode") == F.lit(facts.last), F.col(name)).otherwise(of_period)


def _sites_of(sites: DataFrame) -> DataFrame:
    """``siren, etablissements`` (``SITES``): the head office first, then the open ones, by SIRET.

    The last headcount of a closed establishment is no headcount of today: null.
    """
    site = F.struct(
        *("siret", "siege", "est_ouvert", "departement", "code_commune", "commune", "ape"),
        F.when(F.col("est_ouvert"), F.col("effectif")).alias("effectif"),
        "dette",
    )
    order = F.struct((~F.coalesce("siege", F.lit(False))).alias("a"), (~F.col("est_ouvert")).alias("b"), "siret")
    gathered = F.array_sort(F.collect_list(F.struct(order.alias("_order"), site.alias("site"))))
    return sites.groupBy("siren").agg(F.transform(gathered, lambda each: each["site"]).alias("etablissements"))


def _month_of(age: str) -> Column:
    """The month from which a measure of this age dates."""
    return F.trunc(F.add_months("periode", -F.col(age)), "month")


def _mean_of_year(measure: str) -> Column:
    """The mean of the last 12 months of the series; null unless all are known."""
    rows = F.filter("serie", lambda row: row["periode"] > F.add_months("periode", -12))
    year = F.transform(rows, lambda row: row[measure])
    complete = (F.size(year) == 12) & ~F.exists(year, lambda value: value.isNull())
    return F.when(complete, F.aggregate(year, F.lit(0.0), lambda total, value: total + value) / 12)


def _valid(age: str, month: str, names: Sequence[str], prefix: str) -> Column:
    """Accounts or payment behaviour that are still valid; null if there are none."""
    values = (F.col(f"{prefix}{name}").alias("type_bilan" if name == "type" else name) for name in names)
    return F.when(F.col(age).isNotNull(), F.struct(_month_of(age).alias(month), *values))


def _list(name: str, kind: str) -> Column:
    return F.coalesce(F.col(name), F.array().cast(kind)).alias(name)


def _with_digest(cards: DataFrame) -> DataFrame:
    """The cards with ``empreinte``, a digest of the whole card."""
    return cards.withColumn("empreinte", F.left(F.sha2(F.to_json(F.struct("*")), 256), F.lit(16)))
