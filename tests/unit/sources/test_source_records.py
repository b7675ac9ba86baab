"""The record of each source agrees with its rule."""

import pytest

from sf_spark.landing.staged_schema import staged_schema
from sf_spark.sources import SOURCES, Source


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_keys_and_money_are_columns_of_the_typed_rows(source: Source) -> None:
    named = {source.key_column, *source.natural_key, *source.money, *filter(None, [source.account_date])}
    assert named - set(staged_schema(source, "_batch").names) == set()
    by_account = [layout for layout in source.layouts if layout.by_account]
    assert bool(by_account) == bool(source.account_date)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_staged_table_holds_no_column_that_only_reading_needs(source: Source) -> None:
    of_reading = {name for name in staged_schema(source, "_batch").names if name.startswith("_")}
    assert of_reading == {"_batch", "_file", "_line", "_identity"}


def test_names_and_layouts_of_sources_are_unique() -> None:
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    for source in SOURCES:
        assert len({layout.name for layout in source.layouts}) == len(source.layouts)
