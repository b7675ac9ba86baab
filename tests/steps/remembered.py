"""Panels of small lakes, computed once for the same inputs: planning one takes seconds, however often it is committed.

A panel is a pure function of its rules and of the rows that it reads, so the panel computed for the same
ones can be used again. Reading, plans, commits and builds are the job's own. Not for tests that patch the panel itself.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import cache
from typing import Any
from urllib.parse import unquote, urlparse

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, Row
from pyspark.sql.types import StructType

from sf_spark.panel.build import PanelRules, StagedTables
from sf_spark.steps import build_panel as step

_KNOWN: dict[tuple[object, ...], tuple[list[Row], StructType]] = {}


@contextmanager
def remembered_panels() -> Iterator[None]:
    """Compute no panel twice while this lasts."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("etablissement_panel", "entreprise_panel"):
            patched.setattr(step, name, _remembering(getattr(step, name)))
        yield


def _remembering(panel: Callable[..., DataFrame]) -> Callable[..., DataFrame]:
    def found(staged: StagedTables, *others: Any) -> DataFrame:
        frames = [getattr(staged, each.name) for each in fields(staged)]
        read = [*frames, *(each for each in others if isinstance(each, DataFrame))]
        (rules,) = (each for each in others if isinstance(each, PanelRules))
        asked = (replace(rules, absent=frozenset()), *sorted(rules.absent))
        key = (panel.__name__, repr(asked), *(tuple(sorted(map(_content, frame.inputFiles()))) for frame in read))
        if key not in _KNOWN:
            rows = panel(staged, *others)
            _KNOWN[key] = rows.collect(), rows.schema
        return staged.cotisation.sparkSession.createDataFrame(*_KNOWN[key])

    return found


@cache
def _content(uri: str) -> str:
    """A digest of the rows of a file, and of its partition; files of a lake never change."""
    path = unquote(urlparse(uri).path)
    partition = [part for part in path.split("/") if "=" in part]
    rows = sorted(map(repr, pq.ParquetFile(path).read().to_pylist()))
    return hashlib.sha256(repr([partition, rows]).encode()).hexdigest()
