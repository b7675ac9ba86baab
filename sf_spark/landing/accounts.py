"""Files with URSSAF accounts and no SIRET: find the establishment of each line on its day."""

import polars as pl

# Identifiers that start with the SIRET, which was not known when they were made: it is prepended.
_STARTING_WITH_SIRET = ("debit_id",)


def with_siret(typed: pl.DataFrame, accounts: pl.DataFrame, day: str) -> pl.DataFrame:
    """Add to lines that hold an account only the SIRET it had on a day; a line without one is skipped.

    Args:
        typed: ``numero_compte``, an empty ``siret``, ``_skip``, the column ``day``. Their order stays.
        accounts: ``numero_compte, date_fermeture, siret``: the establishments in force of each account.
        day: Name of the column that dates the search. A line whose day cannot be read is skipped only when its account
            is not known at all; else it is left to its own errors.
    """
    # The first that closes after the day; of two that close together, the lower SIRET.
    sites = accounts.select("numero_compte", "date_fermeture", pl.col("siret").alias("_found")).drop_nulls()
    sites = sites.sort("date_fermeture", "_found").unique(
        ["numero_compte", "date_fermeture"], keep="first", maintain_order=True
    )
    asked = typed.select("numero_compte", pl.col(day).alias("_day")).with_row_index("_rank")
    found = (
        asked.drop_nulls()
        .sort("_day")
        .join_asof(
            sites,
            left_on="_day",
            right_on="date_fermeture",
            by="numero_compte",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .select("_rank", "_found")
    )
    joined = typed.with_columns(asked.join(found, on="_rank", how="left", maintain_order="left").select("_found"))
    siret = pl.col("_found").fill_null("")
    known = pl.col("numero_compte").is_in(accounts["numero_compte"].unique().implode()).fill_null(False)
    nowhere = ~known | (pl.col(day).is_not_null() & pl.col("_found").is_null())
    return joined.with_columns(
        siret.alias("siret"),
        *(pl.concat_str(siret, pl.col(name)).alias(name) for name in _STARTING_WITH_SIRET if name in typed.columns),
        pl.when(nowhere).then(pl.lit("no_siret")).otherwise(pl.col("_skip")).alias("_skip"),
    ).drop("_found")
