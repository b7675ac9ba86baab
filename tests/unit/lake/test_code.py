"""A module's fingerprint changes with its statements, with what it imports and with its data, and nothing else."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sf_spark.lake import code
from sf_spark.lake.code import code_of, statements


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """``kernel`` imports ``inner.bits`` and reads ``table.csv``; ``other`` imports ``kernel``."""
    root = tmp_path / "odd_package"
    (root / "inner").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "inner/__init__.py": "",
        "inner/bits.py": "ONE = 1\n",
        "kernel.py": "from odd_package.inner import bits\nNAME = 'table.csv'\ndef f() -> int:\n    return bits.ONE\n",
        "other.py": "import odd_package.kernel\n",
        "table.csv": "a;b\n",
    }.items():
        (root / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(code, "PACKAGE", "odd_package")
    code._examined.cache_clear()
    yield root
    for name in [name for name in sys.modules if name.startswith("odd_package")]:
        del sys.modules[name]


def test_the_modules_that_a_module_reaches(package: Path) -> None:
    assert set(code_of("odd_package.kernel")) == {"odd_package.inner", "odd_package.inner.bits", "odd_package.kernel"}
    assert set(code_of("odd_package.other")) >= {"odd_package.kernel", "odd_package.inner.bits"}


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("kernel.py", "return bits.ONE", "return bits.ONE + 1", {"odd_package.kernel"}),
        ("kernel.py", "return bits.ONE", "return bits.ONE  # why", set()),
        ("kernel.py", "-> int:\n", '-> int:\n    """Says what it does.\n\n    At length.\n    """\n\n', set()),
        ("inner/bits.py", "1", "2", {"odd_package.inner.bits"}),
        ("table.csv", "a", "c", {"odd_package.kernel"}),
        ("other.py", "import", "import os\nimport", set()),  # it is not imported
    ],
)
def test_what_changes_a_fingerprint(package: Path, file: str, old: str, new: str, changed: set[str]) -> None:
    before = code_of("odd_package.kernel")
    path = package / file
    path.write_text(path.read_text().replace(old, new))
    code._examined.cache_clear()
    after = code_of("odd_package.kernel")
    assert {name for name in after if after[name] != before.get(name)} == changed


def test_a_comment_inside_a_text_is_no_comment() -> None:
    assert statements('a = "# no"  # yes\n\n\nb = 1\n') == 'a = "# no"\nb = 1'


def test_signals_reach_their_kernel_and_not_the_lake() -> None:
    reached = set(code_of("sf_spark.signals.worker"))
    assert {"sf_spark.signals.kernel", "sf_spark.signals.expression", "sf_spark.domain.calendar"} <= reached
    assert not {name for name in reached if name.startswith(("sf_spark.lake", "sf_spark.steps", "sf_spark.staging"))}
