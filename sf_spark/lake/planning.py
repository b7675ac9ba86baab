"""Plan the next commit of a table: compare its recorded inputs with the present ones."""

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
    """The inputs of a table, and the settings and code that compute it.

    Attributes:
        table: The table.
        settings: Relevant settings, by the user's names.
        code: The modules that compute it; their imports count too.
        tables: Derived tables that it reads.
        by_month: Whether a month depends only on what was known then, so that earlier months can stay.
        may_lack: Optional tables among these.
    """

    table: Table
    settings: Mapping[str, Any]
    code: Sequence[str]
    tables: Sequence[Table] = ()
    by_month: bool = False
    may_lack: Sequence[Table] = ()


@dataclass(frozen=True)
class Plan:
    """What to write of a table, given its state and that of its inputs.

    Attributes:
        lake: The root of the tables.
        recipe: What the table is made of.
        stored: The table; None if it does not exist yet.
        before: The recorded build; None if unknown.
        build: The build that would be recorded now.
        stale: What must be written; None: nothing.
    """

    lake: str
    recipe: Recipe
    stored: DeltaTable | None
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
        return -1 if self.stored is None else self.stored.version()

    @property
    def before_last(self) -> date:
        """The last month of the recorded build."""
        return date.max if self.before is None or self.before.last is None else self.before.last

    def version_of(self, table: Table) -> int | None:
        """The version of an input table; None if it does not exist."""
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
    settings: Mapping[str, Any] = field(default_factory=dict)  # known to the step only, such as the champion


def plan(lake: str, recipe: Recipe, read: Read, rebuild: bool = False, note: bool = True) -> Plan:
    """Compare the recorded build of a table with the build of now.

    Args:
        lake: The root of the tables.
        recipe: What the table is made of.
        read: The other inputs.
        rebuild: Write every month again, even if nothing is stale.
        note: Write the build into the mirror if only the log holds it.

    Raises:
        MissingTableError: When a table that it reads has not been written.
    """
    stored = open_table(location(lake, recipe.table))  # first, so that any later commit counts as a conflict
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
    before = None if stored is None else find_build(lake, recipe.table, stored)
    if note and before is not None and stored is not None:
        note_build(lake, recipe.table, stored, before)
    stale = _stale(lake, recipe, stored, before, build, rebuild)
    return Plan(lake, recipe, stored, before, build, stale)


def _stale(
    lake: str, recipe: Recipe, stored: DeltaTable | None, before: Build | None, build: Build, rebuild: bool
) -> Stale | None:
    if stored is None:
        return Stale(None, ("it does not exist",))
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
    if plan.stored is None:
        return f"{plan.table.path}: {why}"
    if first is not None and plan.build.last is not None and first > min(plan.before_last, plan.build.last):
        return f"{plan.table.path}: {why}"  # months are only added or removed: none is rewritten
    again = "all of it is" if not plan.recipe.by_month else "every month is"
    again = again if first is None else f"months from {first:%Y-%m} on are"
    return f"{plan.table.path}: {why}: {again} written again"
