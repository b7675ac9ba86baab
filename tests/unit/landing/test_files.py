"""Batches and their files in the landing folder."""

from pathlib import Path

import pytest

from sf_spark.errors import ConfigurationError
from sf_spark.landing.files import (
    check_landing,
    find_batch,
    list_batches,
    list_files,
)


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_batches_are_found_in_order_with_their_sub_batches(tmp_path: Path) -> None:
    for name in ("2403", "2402", "2403/2403_01", "2404_01", "2413", "notes", ".2401"):
        (tmp_path / name).mkdir(parents=True)
    assert list_batches(str(tmp_path)) == ["2402", "2403", "2403_01", "2404_01"]
    assert find_batch(str(tmp_path), "2403_01") == str(tmp_path / "2403" / "2403_01")
    with pytest.raises(ConfigurationError, match="batch '2405' is not in .*available: 2402, 2403, 2403_01, 2404_01"):
        find_batch(str(tmp_path), "2405")
    with pytest.raises(ConfigurationError, match="'2413' is not a batch name"):
        find_batch(str(tmp_path), "2413")


def test_a_sub_batch_with_files_inside_its_parent_and_beside_it_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path / "2403" / "2403_01" / "a.csv", b"1")
    (tmp_path / "2403_01").mkdir()
    write(tmp_path / "2403_01" / ".DS_Store", b"")
    assert find_batch(str(tmp_path), "2403_01") == str(tmp_path / "2403" / "2403_01")  # the other one is empty
    write(tmp_path / "2403_01" / "b.csv", b"2")
    for look in (lambda: find_batch(str(tmp_path), "2403_01"), lambda: list_batches(str(tmp_path))):
        with pytest.raises(ConfigurationError, match="'2403_01' has files in .*/2403_01 and in .*/2403/2403_01: put"):
            look()


def test_files_carry_their_checksum_and_hidden_ones_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "b.csv", b"")
    write(tmp_path / "a.csv", b"abc")
    write(tmp_path / ".c.csv.part", b"abc")
    (tmp_path / "2403_01").mkdir()
    files = list_files(str(tmp_path), "2403")
    assert [(file.name, file.size) for file in files] == [("a.csv", 3), ("b.csv", 0)]
    assert files[0].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, "abc"


def test_a_missing_landing_folder_is_named_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="landing folder '.*nowhere' does not exist"):
        check_landing(str(tmp_path / "nowhere"))
