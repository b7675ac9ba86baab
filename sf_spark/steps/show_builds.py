"""Print the inputs of each derived table, and what is stale in it: one block a table; nothing is written."""

from collections.abc import Iterator

from sf_spark.domain.proceedings import PROCEDURES, PROCOL
from sf_spark.errors import MissingTableError
from sf_spark.lake.builds import shown
from sf_spark.lake.deliveries import delivered
from sf_spark.lake.files import open_table
from sf_spark.lake.ledger import find_build
from sf_spark.lake.months import months_of
from sf_spark.lake.planning import Plan, Read, Recipe, describe_plan, plan
from sf_spark.lake.tables import location
from sf_spark.panel.inputs import COLUMNS
from sf_spark.publication.card_inputs import STAGED as CARDS_READ
from sf_spark.schema import LISTS_DETECTION, PANEL_ENTREPRISE, PREDICTIONS_ENTREPRISE, Table
from sf_spark.settings import Settings
from sf_spark.steps import Report
from sf_spark.steps.inputs.lists import STAGED
from sf_spark.steps.recipes import (
    card_recipes,
    dictionary_recipe,
    label_recipe,
    list_recipe,
    panel_recipes,
    signal_recipes,
)
from sf_spark.steps.score import score_recipe


def show_builds(settings: Settings, report: Report) -> int:
    """Print the build of every derived table, and whether and why it is stale."""
    for table, todo in _plans(settings):
        print(f"\n{table.path}")
        for line in _described(todo) if isinstance(todo, Plan) else [str(todo)]:
            print(f"    {line}")
    report("stale tables are written by their own job, or by pipeline")
    return 0


def _plans(settings: Settings) -> Iterator[tuple[Table, Plan | MissingTableError]]:
    """The plan of each table, or the missing input."""
    lake = settings.lake
    inputs = delivered(lake, COLUMNS)
    months = months_of(lake, PANEL_ENTREPRISE)
    last = months[-1] if months else None
    for recipe in panel_recipes(settings):
        yield _plan(lake, recipe, Read(inputs, inputs.last))
    for recipe in signal_recipes(settings).values():
        yield _plan(lake, recipe, Read(last=last))
    yield _plan(lake, dictionary_recipe(settings), Read())
    yield _plan(lake, label_recipe(settings), Read(delivered(lake, [PROCOL, PROCEDURES])))
    # Models, months and lists are chosen by their own jobs: here, those of the recorded build are used.
    scored = _as_before(lake, PREDICTIONS_ENTREPRISE, ("models", "horizon", "months"))
    yield _plan(lake, score_recipe(settings), Read(settings=scored))
    listed = _as_before(lake, LISTS_DETECTION, ("editions",))
    yield _plan(lake, list_recipe(settings), Read(delivered(lake, STAGED), settings=listed))
    of_cards = delivered(lake, CARDS_READ)
    for recipe in card_recipes(settings):
        yield _plan(lake, recipe, Read(of_cards, of_cards.last))


def _plan(lake: str, recipe: Recipe, read: Read) -> tuple[Table, Plan | MissingTableError]:
    try:
        return recipe.table, plan(lake, recipe, read, note=False)
    except MissingTableError as error:
        return recipe.table, error


def _as_before(lake: str, table: Table, names: tuple[str, ...]) -> dict[str, object]:
    stored = open_table(location(lake, table))
    before = None if stored is None else find_build(lake, table, stored)
    return {} if before is None else {name: before.settings.get(name) for name in names}


def _described(todo: Plan) -> Iterator[str]:
    if todo.before is not None:
        read = (
            f"{path} version {content.version}" for path, content in todo.before.read.items() if content is not None
        )
        yield f"version {todo.version}, made of {', '.join(read)}"
        batches = sorted({batch for batches in todo.before.deliveries.values() for batch in batches})
        if batches:
            yield f"deliveries {batches[0]} to {batches[-1]} ({len(batches)}) of {len(todo.before.deliveries)} sources"
        yield "settings " + ", ".join(f"{name}={shown(value)}" for name, value in todo.before.settings.items())
        yield f"code of {len(todo.before.code)} modules"
    if todo.table == LISTS_DETECTION and todo.before is not None:
        editions = todo.before.settings.get("editions") or {}
        yield f"{len(editions)} editions, the last one {max(editions, default='-')}: they stay as they were published"
    else:
        yield "up to date" if todo.stale is None else f"STALE: {describe_plan(todo)}"
