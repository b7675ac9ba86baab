"""The months of an establishment or a company: from its first known fact to its closure. Pure and lazy.

Whether month T has a row depends only on facts known at its cut-off. The month of the closure still has a row, in which
the establishment is closed:

    establishment                                        rows                  of these open
    closes on 2024-02-10                                 .. 2024-02            .. 2024-01
    closes on 2024-02-21, after the cut-off              .. 2024-03            .. 2024-02
    closes on 2024-02-10, an amount falls in 2024-05     .. 2024-02, 2024-05   .. 2024-01
    closed 2024-02-10, reopened 2024-06-03               .. 2024-02, 2024-06.. .. 2024-01, 2024-06 ..
    delivered 2024-03: closed; 2024-06: open after all   .. 2024-03, 2024-06.. .. 2024-02, 2024-06 ..

A company has rows as long as one of its establishments is not known to have closed, even without facts of its own.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sf_spark.domain.calendar import known_month
from sf_spark.domain.identifiers import siren_of

BEFORE_ALL = 0  # a month index before that of any fact


def closures(register: DataFrame) -> DataFrame:
    """The spells in which an establishment is closed according to the register.

    Args:
        register: See :func:`sf_spark.panel.demographie.register_changes`.

    Returns:
        ``siret, siren, connu`` (month from which the register knows it) and ``fermetures``: array of struct<debut, fin>
        in order, months [debut, fin), empty where it never closed; the last ``fin`` may be null.
    """
    spell = F.struct(F.col("mois").alias("debut"), F.col("fin"))
    spells = F.collect_list(F.when(~F.col("est_ouvert"), spell))  # nulls are not collected
    return register.groupBy("siret", "siren").agg(
        F.min("mois").alias("connu"), F.array_sort(spells).alias("fermetures")
    )


def first_facts(dated: DataFrame, key: str, cutoff_day: int) -> DataFrame:
    """The month in which the first of some staged rows became known: ``key, siren, mois``."""
    keys = [F.col("siren")] if key == "siren" else [F.col(key), siren_of(F.col(key)).alias("siren")]
    known = dated.select(*keys, known_month(F.col("known_on"), cutoff_day).alias("mois"))
    return known.groupBy(*(name for name in known.columns if name != "mois")).agg(F.min("mois").alias("mois"))


def open_spells(facts: DataFrame, closed: DataFrame, last_month: int, of_register: bool = False) -> DataFrame:
    """The spells in which an establishment is open, from its first known fact on, between closures.

    Args:
        facts: ``siret, siren, mois``: the months in which a fact becomes known, or the first of them.
        closed: See :func:`closures`.
        last_month: Index of the last month whose cut-off has passed.
        of_register: Whether an entry in the register also counts as a fact.

    Returns:
        ``siret, siren, premier, dernier``, both included, and ``fermeture``: the month from which it is closed, which
        still has a row (the month after ``last_month`` when it stays open). No spell goes beyond ``last_month``.
    """
    spells = F.arrays_zip(
        F.concat(F.array(F.lit(BEFORE_ALL)), F.coalesce("fermetures.fin", F.array())),
        F.concat(F.coalesce("fermetures.debut", F.array()), F.array(F.lit(last_month + 1))),
    )
    first = F.least("first", "connu") if of_register else F.col("first")
    firsts = facts.groupBy("siret", "siren").agg(F.min("mois").alias("first"))
    return (
        firsts.join(closed, on=["siret", "siren"], how="full_outer" if of_register else "left")
        .select("siret", "siren", first.alias("first"), F.inline(spells).alias("after", "until"))
        # No spell after a closure without end, nor between two adjacent closures: one closure, delivered twice.
        .where(F.col("after") < F.col("until"))
        .select(
            "siret",
            "siren",
            F.greatest("first", "after").alias("premier"),
            F.least("until", F.lit(last_month)).alias("dernier"),
            F.col("until").alias("fermeture"),
        )
        .where(F.col("premier") <= F.col("dernier"))
    )


def months_between(spells: DataFrame, first_month: int = BEFORE_ALL) -> DataFrame:
    """One row for every month of an establishment, from ``first_month`` on: ``siret, siren, mois, est_ouvert``."""
    start = F.greatest("premier", F.lit(first_month))
    wanted = spells.where(start <= F.col("dernier"))
    months = wanted.select("siret", "siren", "fermeture", F.explode(F.sequence(start, F.col("dernier"))).alias("mois"))
    return months.select("siret", "siren", "mois", (F.col("mois") < F.col("fermeture")).alias("est_ouvert"))


def company_months(spells: DataFrame, facts: DataFrame, last_month: int, first_month: int = BEFORE_ALL) -> DataFrame:
    """The months in which a company has rows.

    Args:
        spells: ``siren, premier, dernier`` of all its establishments, those known to the register only included.
        facts: ``siren, mois``: when a fact of the company or its establishments became known, without the register.
            Before its first establishment is known, a company with headcounts counts as open.
        last_month: Index of the last month whose cut-off has passed.
        first_month: Index of the first month wanted.

    Returns:
        ``siren, mois``, distinct; companies without facts are absent.
    """
    of_sites = F.collect_set(F.when(F.col("premier").isNotNull(), F.struct("premier", "dernier")))
    before_any_site = F.struct(
        F.col("first").alias("premier"), (F.coalesce("first_site", F.lit(last_month + 1)) - 1).alias("dernier")
    )
    since_first = F.transform(
        F.array_append("of_sites", before_any_site),
        lambda s: F.struct(
            F.greatest(s["premier"], F.col("first"), F.lit(first_month)).alias("premier"), s["dernier"].alias("dernier")
        ),
    )
    known = F.filter(since_first, lambda spell: spell["premier"] <= spell["dernier"])
    months = F.flatten(F.transform(known, lambda spell: F.sequence(spell["premier"], spell["dernier"])))
    return (
        spells.select("siren", "premier", "dernier")
        .unionByName(facts.select("siren", "mois"), allowMissingColumns=True)
        .groupBy("siren")
        .agg(of_sites.alias("of_sites"), F.min("mois").alias("first"), F.min("premier").alias("first_site"))
        .where(F.col("first").isNotNull())
        .select("siren", F.explode(F.array_distinct(months)).alias("mois"))
    )
