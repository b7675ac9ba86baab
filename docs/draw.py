"""Draw the flow and the rooms from the code: python -m docs.draw, or `make picture`; it writes docs/rooms.md.

The flow is what the jobs say of themselves in the first line of their docstring (``what it does: reads -> writes``).
The rooms are the packages of sf_spark; an arrow is an import. The picture leaves out an arrow that others imply; the
table has them all.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "sf_spark"
RIM = "cli, session, settings"
SHARED = "errors, schema"
_SHARED_MODULES = ("errors", "schema")

Arrows = Mapping[tuple[str, str], int]


def room_of(module: str) -> str:
    """The room of a dotted name: its package, or what the modules beside the packages are called together."""
    parts = module.split(".")
    if parts[0] == "jobs":
        return "jobs"
    if len(parts) == 1:  # the version
        return SHARED
    if (ROOT / PACKAGE / parts[1]).is_dir():
        return parts[1]
    return SHARED if parts[1] in _SHARED_MODULES else RIM


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the package and of the jobs: its dotted name, and its tree."""
    for top in (PACKAGE, "jobs"):
        for path in sorted((ROOT / top).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules of ours that a module imports."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != PACKAGE else [f"{PACKAGE}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.split(".")[0] in (PACKAGE, "jobs"))


def arrows() -> Arrows:
    """From a room to another that it imports: how many times."""
    pairs = ((room_of(name), room_of(other)) for name, tree in modules() for other in imported(tree))
    return Counter(pair for pair in pairs if pair[0] != pair[1])


def without_implied(found: Arrows) -> set[tuple[str, str]]:
    """The arrows that no way over a third room replaces; those of a circle stay."""
    onward: dict[str, set[str]] = {}
    for start, end in found:
        onward.setdefault(start, set()).add(end)

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            new = onward.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        return seen

    reached = {room: reach(room) for room in onward}
    return {
        (start, end)
        for start, end in found
        if start in reached.get(end, ())
        or not any(
            end in reached.get(other, ()) and start not in reached.get(other, ()) for other in onward[start] - {end}
        )
    }


def purposes() -> dict[str, str]:
    """The first line of each room's docstring."""
    found = {}
    for path in sorted((ROOT / PACKAGE).glob("*/__init__.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        found[path.parent.name] = text.partition("\n")[0]
    return found


def flow() -> Iterator[tuple[str, list[str], list[str]]]:
    """A job, what it reads, what it writes; those that say so."""
    for name, tree in modules():
        first = (ast.get_docstring(tree) or "").partition("\n")[0]
        if name.startswith("jobs.") and (said := re.fullmatch(r".*?: (.*) -> (.*?)\.", first)):
            read, written = (re.split(r", | and ", side) for side in said.groups())
            yield name.removeprefix("jobs."), read, written


def node(name: str) -> str:
    """A name as an identifier of Mermaid."""
    return re.sub(r"\W", "_", name)


def flow_picture() -> list[str]:
    """The flow, in Mermaid: tables as boxes with round ends, jobs as boxes."""
    lines = ["```mermaid", "flowchart LR"]
    for job, read, written in flow():
        lines.append(f'  job_{node(job)}["{job}"]')
        lines += [f'  {node(name)}(["{name}"]) --> job_{node(job)}' for name in read]
        lines += [f'  job_{node(job)} --> {node(name)}(["{name}"])' for name in written]
    return [*lines, "```"]


def room_picture(found: Arrows) -> list[str]:
    """The rooms, in Mermaid."""
    sizes = Counter(room_of(name) for name, _ in modules())
    lines = ["```mermaid", "flowchart TD"]
    rooms = sorted({room for pair in found for room in pair})
    lines += [f'  {node(room)}["{room}<br/>{sizes[room]} modules"]' for room in rooms]
    lines += [f"  {node(start)} --> {node(end)}" for start, end in sorted(without_implied(found))]
    return [*lines, "```"]


def room_table(found: Arrows) -> list[str]:
    """Every room: what it is for, and what it imports, how many times."""
    said = purposes()
    lines = ["| room | for | imports |", "|---|---|---|"]
    for room in sorted({room for pair in found for room in pair}):
        uses = ", ".join(f"{end} {count}" for (start, end), count in sorted(found.items()) if start == room)
        lines.append(f"| `{room}` | {said.get(room, '')} | {uses or '–'} |")
    return lines


def main() -> None:
    """Write the page."""
    found = arrows()
    intro = "Drawn from the code by `make picture`; not written by hand."
    page = [
        "# The flow and the rooms",
        "",
        intro,
        "",
        "## The flow",
        "",
        "What the jobs say that they read and write.",
        "",
    ]
    page += [
        *flow_picture(),
        "",
        "## The rooms",
        "",
        "An arrow is an import; those that others imply are left out.",
        "",
    ]
    page += [*room_picture(found), "", *room_table(found)]
    (ROOT / "docs" / "rooms.md").write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
