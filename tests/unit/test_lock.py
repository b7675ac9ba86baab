"""The lock file holds what setup.cfg asks for, within its ranges."""

from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]


def requirements(text: str) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line]


def asked() -> list[Requirement]:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"].values()
    return requirements("\n".join([setup["options"]["install_requires"], *extras]))


LOCKED: dict[str, list[Version]] = {}
for locked in requirements((ROOT / "requirements.lock").read_text(encoding="utf-8")):
    (pin,) = locked.specifier
    assert pin.operator == "==", locked
    LOCKED.setdefault(canonicalize_name(locked.name), []).append(Version(pin.version))


@pytest.mark.parametrize("wanted", asked(), ids=str)
def test_the_lock_holds_what_set_up_asks_for(wanted: Requirement) -> None:
    versions = LOCKED.get(canonicalize_name(wanted.name), [])
    assert versions, f"{wanted.name} is in setup.cfg and not in requirements.lock: run make lock"
    assert all(version in wanted.specifier for version in versions), f"{wanted} and {versions}: run make lock"
