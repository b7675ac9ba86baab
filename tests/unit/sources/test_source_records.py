"""What a source's record says fits what its rule gives: no Spark action, the plans' columns are enough."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, StructType

from sf_spark.sources import SOURCES, Source


def typed_columns(spark: SparkSession, source: Source) -> set[str]:
    texts = ", ".join(f"`{name}` string" for name in dict.fromkeys(["_raw", *source.columns_read]))
    wide = ", _wide struct<periodes: array<date>, cells: array<string>>" if source.wide else ""
    schema = source.clean(spark.createDataFrame([], f"_line long, {texts}{wide}")).schema
    cells = schema["_tuples"].dataType if "_tuples" in schema.names else ArrayType(StructType())
    assert isinstance(cells, ArrayType) and isinstance(cells.elementType, StructType)
    return {*schema.names, *cells.elementType.names}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_keys_and_money_are_columns_of_the_typed_rows(spark: SparkSession, source: Source) -> None:
    named = {source.key_column, *source.natural_key, *source.money, *filter(None, [source.account_date])}
    assert named - typed_columns(spark, source) == set()
    by_account = [layout for layout in source.layouts if layout.by_account]
    assert bool(by_account) == bool(source.account_date)


def test_names_and_layouts_of_sources_are_unique() -> None:
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    for source in SOURCES:
        assert len({layout.name for layout in source.layouts}) == len(source.layouts)
