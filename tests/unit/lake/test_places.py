"""Places: a path, a file: URI, a URI of a store."""

import ast
import gzip
import os
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from sf_spark.errors import ConfigurationError
from sf_spark.lake import places
from sf_spark.lake.places import check_place, for_spark, is_remote, rooted, store_of
from sf_spark.lake.storage import (
    check_writable,
    copy_files,
    entries,
    files_below,
    is_file,
    is_folder,
    open_bytes,
    open_output,
    remove_files,
    remove_folder,
)

# What a user may have in a path, and what Delta's library holds tables under.
NAMES = ("a b", "é à", "{y}", "a#b", "a:b", "a?b", "100%", "a+b", "a&b=c", "a'b", "~a", "*")


def test_only_a_uri_of_a_store_is_remote() -> None:
    places = ("s3a://b/k", "hdfs://n:1/k", "/a://b", "a.csv", "C:/a", "file:///a", "file:/a")
    assert [is_remote(place) for place in places] == [True, True, False, False, False, False, False]
    assert store_of("s3a://bucket/a://b") == ("s3a", "bucket")
    assert store_of("abfss://c@account.dfs.core.windows.net/lake") == ("abfss", "c@account.dfs.core.windows.net")


def test_a_place_means_the_same_everywhere_and_spark_is_always_given_a_scheme() -> None:
    assert rooted("lake/") == os.path.abspath("lake")
    assert rooted("file:/a%20b/c") == rooted("file:///a%20b/c") == "/a b/c"
    assert for_spark("/a%20b") == "file:///a%20b"  # a path is what it says; Hadoop decodes nothing
    assert for_spark("file:///a%20b/c") == "file:///a b/c"
    assert for_spark("s3a://bucket/lake") == "s3a://bucket/lake"


@pytest.mark.parametrize("sign", ["[x]", "a|b", "^", "a\\b", "a%20b", "a\nb"])
def test_a_lake_that_delta_cannot_be_in_is_refused_in_one_line(tmp_path: Path, sign: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot hold Delta tables.*--set lake=FOLDER") as caught:
        check_place("lake", str(tmp_path / sign / "lake"))
    assert "\n" not in str(caught.value).replace(sign, "")
    check_place("landing", str(tmp_path / sign))  # deliveries are plain files


def test_an_unknown_store_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"lake 'ftp://h/l': 'ftp://' is not a store .*a folder, file, hdfs"):
        check_place("lake", "ftp://h/l")


def test_a_folder_that_cannot_be_written_is_named_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"lake '.*file/lake' cannot be written .*--set lake=FOLDER"):
        check_writable("lake", str(tmp_path / "file" / "lake"))
    check_writable("lake", "s3a://bucket/lake")  # a store is checked when it is written


@pytest.mark.parametrize("name", [*NAMES, "[x]", "a\\b", "a%20b"])
def test_files_are_written_listed_read_and_removed_under_any_name(tmp_path: Path, name: str) -> None:
    folder = f"{tmp_path}/{name}/in"
    with open_output(f"{folder}/{name}") as file:
        file.write(b"content")
    assert (tmp_path / name / "in" / name).read_bytes() == b"content"
    assert files_below(f"{tmp_path}/{name}") == [f"in/{name}"]
    assert [(entry.name, entry.is_file) for entry in entries(folder)] == [(name, True)]
    with open_bytes(f"{folder}/{name}") as read:
        assert read.read() == b"content"
    copy_files(folder, f"{tmp_path}/copy")
    assert is_file(f"{tmp_path}/copy/{name}") and is_folder(folder)
    remove_files([f"{folder}/{name}", f"{folder}/nothing"])
    assert not is_folder(folder)  # left empty
    remove_folder(f"{tmp_path}/copy")
    remove_folder(f"{tmp_path}/copy")  # again, without a folder
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("name", NAMES)
def test_tables_work_under_every_accepted_name(tmp_path: Path, name: str) -> None:
    check_place("lake", str(tmp_path / name))
    folder = str(tmp_path / name / "table")
    write_deltalake(folder, pa.table({"a": [1], "b": ["x y"]}), partition_by=["b"])
    assert DeltaTable(folder).to_pyarrow_table().to_pylist() == [{"a": 1, "b": "x y"}]
    assert (tmp_path / name / "table" / "_delta_log").is_dir()


def test_nothing_else_in_the_package_makes_a_file_system() -> None:
    package = Path(places.__file__).parent.parent
    modules = [path for path in package.rglob("*.py") if path.parent.name != "lake" and "fs" in path.read_text()]
    found = [
        path.relative_to(package)
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom) and "fs" in _imported(node)
    ]
    assert found == []


def _imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    parts = {part for alias in node.names for part in alias.name.split(".")}
    return parts | set((getattr(node, "module", None) or "").split("."))


@pytest.mark.parametrize("name", ["debits.csv.gz", "debits.csv.bz2", "debits.csv"])
def test_files_are_copied_byte_for_byte_whatever_they_are_called(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / name).write_bytes(gzip.compress(b"siren;montant"))
    copy_files(f"{tmp_path}/there", f"{tmp_path}/copy")
    assert gzip.decompress((tmp_path / "copy" / name).read_bytes()) == b"siren;montant"
