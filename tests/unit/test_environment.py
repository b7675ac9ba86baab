"""What a machine lacks is fixed, or reported in one line."""

import os
import subprocess
from pathlib import Path

import pytest

from sf_spark.environment import as_shell, choose_java, java_version, login_name, prepare
from sf_spark.errors import ConfigurationError


def java(folder: Path, version: str, note: bool = False) -> Path:
    """A folder with a `java` of a version, according to its release file or its own output."""
    command = folder / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    command.chmod(0o755)
    if note:
        (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
        command.write_text("#!/bin/sh\nexit 1\n")
    return folder


@pytest.mark.parametrize(("version", "major"), [("17.0.15", 17), ("21", 21), ("1.8.0_402", 8), ("11.0.2", 11)])
@pytest.mark.parametrize("note", [True, False])
def test_the_version_of_a_java(tmp_path: Path, version: str, major: int, note: bool) -> None:
    assert java_version(str(java(tmp_path / "jdk", version, note) / "bin" / "java")) == major


def test_a_java_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert java_version(str(tmp_path / "nothing")) == 0


def test_a_home_that_will_not_do_gives_way_to_the_path(tmp_path: Path) -> None:
    old, new = java(tmp_path / "old", "11.0.2"), java(tmp_path / "new", "17.0.1")
    environment = {"JAVA_HOME": str(old), "PATH": str(new / "bin")}
    choose_java(environment)
    assert environment == {"PATH": str(new / "bin")}
    environment = {"JAVA_HOME": str(new), "PATH": str(old / "bin")}
    choose_java(environment)
    assert environment["JAVA_HOME"] == str(new)


def test_no_java_and_an_old_one_are_refused_by_what_was_found(tmp_path: Path) -> None:
    old = java(tmp_path / "old", "11.0.2")
    with pytest.raises(ConfigurationError, match=r"Java 17 or newer is needed, found: none: install it \(Debian"):
        choose_java({"PATH": str(tmp_path)})
    with pytest.raises(ConfigurationError, match=r"found: .*/old/bin/java is Java 11; .*nowhere") as caught:
        choose_java({"JAVA_HOME": str(old), "PATH": str(java(tmp_path / "nowhere", "none") / "bin")})
    assert "\n" not in str(caught.value)


def test_spark_and_its_workers_are_ours_whatever_the_environment_says(tmp_path: Path) -> None:
    path = str(java(tmp_path / "jdk", "17.0.1") / "bin")
    said = {"PATH": path, "SPARK_HOME": "/opt/spark-3", "PYSPARK_PYTHON": "python3", "LC_ALL": "POSIX"}
    here, elsewhere = dict(said), dict(said)
    prepare(here, tmp_path, workers_are_here=True)
    prepare(elsewhere, tmp_path, workers_are_here=False)
    assert (here["SPARK_HOME"], here["LC_ALL"]) == (str(tmp_path), "C.UTF-8")
    assert os.access(here["PYSPARK_PYTHON"], os.X_OK) and os.path.isabs(here["PYSPARK_PYTHON"])
    assert elsewhere["PYSPARK_PYTHON"] == "python3"  # of the machines where workers are


@pytest.mark.parametrize(
    ("said", "kept"), [({"LANG": "fr_FR.UTF-8"}, None), ({"LANG": "C"}, "C.UTF-8"), ({}, "C.UTF-8")]
)
def test_a_locale_without_accents_becomes_one_with_them(tmp_path: Path, said: dict[str, str], kept: str | None) -> None:
    environment = {"PATH": str(java(tmp_path / "jdk", "17.0.1") / "bin"), **said}
    prepare(environment, tmp_path, workers_are_here=True)
    assert environment.get("LC_ALL") == kept


def test_what_was_put_right_is_put_right_in_a_shell_too() -> None:
    before = {"PATH": os.environ["PATH"], "JAVA_HOME": "/old", "LANG": "C", "EMPTY": ""}
    after = {"PATH": os.environ["PATH"], "LANG": "C", "LC_ALL": "C.UTF-8", "HOME": "/a 'home' $x", "EMPTY": ""}
    program = f"{as_shell(before, after)}\nexec env -0"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, env=before, check=True)
    found = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    assert {name: found.get(name) for name in before | after} == {"JAVA_HOME": None, **after}


def test_a_user_without_a_name_and_a_home_gets_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    environment = {"PATH": str(java(tmp_path / "jdk", "17.0.1") / "bin")}
    prepare(environment, tmp_path, workers_are_here=True)
    assert login_name() == environment["SPARK_USER"] == "uid-987654"
    assert os.access(environment["HOME"], os.W_OK)
    os.rmdir(environment["HOME"])
