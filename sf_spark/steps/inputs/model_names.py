"""Which registered model the settings speak of: that of a horizon, or that of a table of one's own."""

import re
import unicodedata
from pathlib import Path

from sf_spark.ml.registry import registered_name
from sf_spark.settings import Settings


def model_name_of(settings: Settings) -> str:
    """The model of ``table`` where one is named, else that of ``train.horizon``."""
    model_name = settings.train.model_name
    if settings.table:
        return f"{model_name}_table_{table_name(settings)}"
    return registered_name(model_name, settings.train.horizon)


def table_name(settings: Settings) -> str:
    """The name of a table of one's own: ``table_name``, else that of its file; letters, digits and ``_`` only."""
    name = settings.table_name or Path(settings.table.rstrip("/")).name.removesuffix(".parquet")
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_") or "table"
