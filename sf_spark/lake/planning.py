"""What a table should be made of, held against what it was made of: the plan of the next commit."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from deltalake import DeltaTable

from sf_spark.errors import MissingTableError
from sf_spark.lake.builds import Build, Stale, what_is_stale
from sf_spark.lake.code import code_of
from sf_spark.lake.contents import Content, Happened, content_of, what_happened
from sf_spark.lake.deliveries import Delivered
from sf_spark.lake.files import open_table
from sf_spark.lake.ledger import find_build, note_build
from sf_spark.lake.places import rooted
from sf_spark.lake.tables import location
from sf_spark.schema import Table, staged

_MONTH = "periode"


@dataclass(frozen=True)
class Recipe:
    """What a table is made of, and by which rules.

    Attributes:
        table: The table.
        settings: Those that matter, by name, as the user knows them.
        code: The modules that compute it; what they import counts too.
        tables: Derived tables that it reads.
        by_month: Whether a month depends only on what was known then, so that earlier months can stay.
        may_lack: Of these tables, those that it can do without.
    """

    table: Table
    settings: Mapping[str, Any]
    code: Sequence[str]
    tables: Sequence[Table] = ()
    by_month: bool = False
    may_lack: Sequence[Table] = ()


@dataclass(frozen=True)
class Plan:
    """What is to be written of a table, seen from how it and its inputs stand.

    Attributes:
        lake: The root of the tables.
        recipe: What the table is made of.
        there: The table; None where there is none yet.
        before: What it was made of; None when nothing says so.
        build: What it would be made of now.
        stale: What has to be written; None: nothing.
    """

    lake: str
    recipe: Recipe
    there: DeltaTable | None
    before: Build | None
    build: Build
    stale: Stale | None

    @property
    def table(self) -> Table:
        """The table that is written."""
        return self.recipe.table

    @property
    def version(self) -> int:
        """The version that the plan was made from; -1 where there is no table."""
        return -1 if self.there is None else self.there.version()

    @property
    def before_last(self) -> date:
        """The last month that the table was made of."""
        return date.max if self.before is None or self.before.last is None else self.before.last

    def version_of(self, table: Table) -> int | None:
        """The version of a table that is read; None where there is none."""
        content = self.build.read[table.path]
        return None if content is None else content.version

    def writing(self, first: date | None, last: date | None) -> "Plan":
        """The plan of a commit that writes these months (None: from the beginning)."""
        return replace(self, build=replace(self.build, written=(first, last), commit=uuid.uuid4().hex))


@dataclass(frozen=True)
class Read:
    """The inputs of a plan besides the derived tables: staged tables, and the last month to write."""

    delivered: Delivered | None = None
    last: date | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)  # that only the step knows, as the champion


def plan(lake: str, recipe: Recipe, read: Read, rebuild: bool = False, note: bool = True) -> Plan:
    """Hold what a table was made of against what it would be made of now.

    Args:
        lake: The root of the tables.
        recipe: What the table is made of.
        read: The other inputs, as they stand.
        rebuild: Write every month again, whatever stands there.
        note: Write the build into the mirror when only the log has it.

    Raises:
        MissingTableError: When a table that it reads has not been written.
    """
    there = open_table(location(lake, recipe.table))  # first: what is committed from here on is seen as a conflict
    opened = {table: open_table(location(lake, table)) for table in recipe.tables}
    for table, found in opened.items():
        if found is None and table not in recipe.may_lack:
            raise MissingTableError(f"table {table.path} is not in {lake}: run the job that writes it first")
    contents: dict[str, Content | None] = {
        table.path: None if found is None else content_of(found, _MONTH if table.partition == _MONTH else None)
        for table, found in opened.items()
    }
    sources = read.delivered.contents if read.delivered else {}
    build = Build(
        read={**{staged(source).path: content for source, content in sources.items()}, **contents},
        settings={**recipe.settings, **read.settings},
        code=code_of(*recipe.code),
        deliveries=read.delivered.deliveries if read.delivered else {},
        last=read.last,
    )
    before = None if there is None else find_build(lake, recipe.table, there)
    if note and before is not None and there is not None:
        note_build(lake, recipe.table, there, before)
    stale = _stale(lake, recipe, there, before, build, rebuild)
    return Plan(lake, recipe, there, before, build, stale)


def _stale(
    lake: str, recipe: Recipe, there: DeltaTable | None, before: Build | None, build: Build, rebuild: bool
) -> Stale | None:
    if there is None:
        return Stale(None, ("it is not there",))
    if rebuild:
        return Stale(None, ("it was asked for",))

    def since(path: str, old: Content) -> Happened:
        table = open_table(f"{rooted(lake)}/{path}")
        return "changed by hand" if table is None else what_happened(table, old)

    return what_is_stale(before, build, recipe.by_month, since)


def describe_plan(plan: Plan) -> str:
    """Why a table is written, in one line."""
    assert plan.stale is not None
    first, why = plan.stale.first, "; ".join(plan.stale.reasons)
    if plan.there is None:
        return f"{plan.table.path}: {why}"
    if first is not None and plan.build.last is not None and first > min(plan.before_last, plan.build.last):
        return f"{plan.table.path}: {why}"  # months are added, or taken away: none is written again
    again = "all of it is" if not plan.recipe.by_month else "every month is"
    again = again if first is None else f"months from {first:%Y-%m} on are"
    return f"{plan.table.path}: {why}: {again} written again"
