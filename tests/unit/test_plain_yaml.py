"""Files that people write: plain values, no key twice, one clear reason."""

import shutil
from pathlib import Path

import pytest

from sf_spark.errors import ConfigurationError
from sf_spark.plain_yaml import load_plain
from sf_spark.settings import PROJECT_ROOT, load_settings
from sf_spark.steps.export import clearance_for


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\nb: 2\na: 3\n", r"a stands twice \(line 1"),
        ("x:\n  droits: []\n  droits: [scores]\n", r"droits stands twice \(line 2"),
        ("1: a\n'1': b\n", "1 stands twice"),
        ("a: 2026-02-30", "day is out of range"),
        ("a: [", "expected the node content"),
        ("[" * 3000, "too deep"),
    ],
)
def test_what_is_refused_says_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        load_plain(text)


def test_anchors_and_merges_are_plain() -> None:
    assert load_plain("a: &x {b: 1}\nc: {<<: *x, d: 2}") == {"a": {"b": 1}, "c": {"b": 1, "d": 2}}


def test_a_service_that_stands_twice_gets_nothing(tmp_path: Path) -> None:
    file = tmp_path / "habilitations.yml"
    file.write_text("ici: {departements: ['75'], droits: []}\nici: {france_entiere: true, droits: [scores, urssaf]}\n")
    settings = load_settings("test", [f"habilitations={file}"])
    with pytest.raises(ConfigurationError, match="ici stands twice"):
        clearance_for(settings, "ici")


@pytest.mark.parametrize(
    "value",
    [
        *("ingest.date_debut=2016-02-30", "lake= ", "train.horizons=[]", "train.horizons=[-3]", "labels.horizons=[0]"),
        *("lists.enter_share=.inf", "train.model_name="),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(value: str) -> None:
    with pytest.raises(ConfigurationError, match=value.partition("=")[0]):
        load_settings("test", [value])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("lake: a\nlake: b\n", r"lake stands twice \(line 1\)"),
        ("lake: [", "expected the node"),
        ("- lake", "must hold 'key: value'"),
    ],
)
def test_a_settings_file_that_cannot_be_read_is_named(tmp_path: Path, content: str, reason: str) -> None:
    conf = shutil.copytree(PROJECT_ROOT / "conf", tmp_path / "conf", ignore=shutil.ignore_patterns("*.sh", "*.py"))
    (conf / "env" / "mine.yml").write_text(content)
    with pytest.raises(ConfigurationError, match=rf"^{conf}/env/mine.yml: .*{reason}"):
        load_settings("mine", conf=conf)
