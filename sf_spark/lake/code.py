"""The code that computes a table: digests of the modules of the package reached by imports.

Comments, docstrings and blank lines do not count. A data file beside a module counts if the module names it
("sections.csv").
"""

import ast
import hashlib
import importlib.util
import io
import pkgutil
import tokenize
from collections.abc import Iterator
from functools import cache

PACKAGE = "sf_spark"
_FILES = "sf_spark.lake."  # only input and output: computes no value of a table


def code_of(*roots: str) -> dict[str, str]:
    """A digest for each of these modules, and for each module of the package that they import, directly or not.

    Args:
        roots: Dotted names of modules.
    """
    found: dict[str, str] = {}
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name in found or name.startswith(_FILES):
            continue
        found[name], imported = _examined(name, source_of(name))
        todo += imported
    return dict(sorted(found.items()))


@cache
def _examined(name: str, source: str) -> tuple[str, list[str]]:
    """The digest of a module, and the modules that it imports."""
    tree = ast.parse(source)
    data = [content for text in _texts(tree) if text.endswith(".csv") and (content := _beside(name, text))]
    digest = hashlib.sha256(b"\n".join([statements(source).encode(), *data])).hexdigest()[:8]
    return digest, list(_imported(tree))


def source_of(name: str) -> str:
    """The text of a module, also inside a zip."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.loader is not None, name
    return spec.loader.get_source(name) or ""  # type: ignore[attr-defined]


def statements(source: str) -> str:
    """A module's text without comments, docstrings and blank lines: the same for every version of Python."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for first, last in _docstrings(ast.parse(source)):
        lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            yield node.body[0].lineno, node.body[0].end_lineno or node.body[0].lineno


def _imported(tree: ast.Module) -> Iterator[str]:
    """The modules of the package in the imports of a module, also as ``from package import module``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _is_ours(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and _is_ours(node.module):
            yield node.module
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name for name in inner if _is_module(name))


def _is_ours(name: str) -> bool:
    return name == PACKAGE or name.startswith(PACKAGE + ".")


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the parent is a module, and the name a function in it
        return False


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _beside(module: str, name: str) -> bytes | None:
    """A data file of the module's package; None if there is no such file."""
    try:
        return pkgutil.get_data(module.rpartition(".")[0], name)
    except OSError:
        return None
