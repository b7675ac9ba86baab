"""The examples of docs/bi.md, verbatim: each defines how its tool reads a table."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "bi.md"
COUNTS: dict[str, Callable[[Any], int]] = {
    "DuckDB": lambda rows: rows.aggregate("count(*)").fetchall()[0][0],
    "Polars": lambda rows: rows.select(pl_len()).collect().item(),
    "pandas": len,
    "Spark SQL": lambda rows: rows.count(),
}


def pl_len() -> Any:
    import polars as pl

    return pl.len()


def examples() -> dict[str, str]:
    """The code under each heading, if any."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = {section.partition("\n")[0]: re.findall(r"```python\n(.*?)```", section, re.DOTALL) for section in sections}
    return {tool: "\n".join(blocks) for tool, blocks in found.items() if blocks}


def readers(lake: str, **more: Any) -> dict[str, Callable[[str], Any]]:
    """Run each example, and return its reader of tables."""
    found = {}
    for tool, code in examples().items():
        names: dict[str, Any] = {"lake": lake, **more}
        exec(compile(code, f"{PAGE} ({tool})", "exec"), names)  # the test runs the code of the page itself
        found[tool] = names["read"]
    return found
