"""Delta tables as the files in their log: committed together, refused if the files are not the whole state."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from sf_spark.errors import ConcurrentWriteError, SfSparkError
from sf_spark.lake import files
from sf_spark.lake.files import TableFile, commit_files, files_of, is_table, open_table, replace_rows

SCHEMA = pa.schema([("siren", pa.string()), ("_batch", pa.string())])


def written(folder: Path, path: str, *sirens: str) -> TableFile:
    """A file of a table that no log names yet."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"siren": list(sirens)}), target)
    return TableFile(path, target.stat().st_size, len(sirens), path.split("=")[1].split("/")[0])


def commit(folder: Path, added: list[TableFile], removed: list[TableFile]) -> None:
    commit_files(str(folder), open_table(str(folder)), SCHEMA, "_batch", added, removed)


def rows(folder: Path) -> list[tuple[str, str]]:
    return sorted((row["siren"], row["_batch"]) for row in DeltaTable(str(folder)).to_pyarrow_table().to_pylist())


def test_files_are_put_in_and_taken_out_in_one_commit(tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert not is_table(folder)
    first = [written(tmp_path, "_batch=2402/a.parquet", "1", "2"), written(tmp_path, "_batch=2403/b.parquet", "3")]
    commit(tmp_path, first, [])
    assert rows(tmp_path) == [("1", "2402"), ("2", "2402"), ("3", "2403")]
    assert sorted(files_of(DeltaTable(folder), "_batch"), key=lambda file: file.path) == first
    later = written(tmp_path, "_batch=2402/c.parquet", "4")
    commit(tmp_path, [later], first[:1])
    assert rows(tmp_path) == [("3", "2403"), ("4", "2402")]
    assert DeltaTable(folder).version() == 2  # the first one made the table
    assert DeltaTable(folder).protocol().min_reader_version == 1  # any engine opens it


def test_a_table_may_begin_without_a_file(tmp_path: Path) -> None:
    commit(tmp_path, [], [])
    assert (rows(tmp_path), files_of(DeltaTable(str(tmp_path)), "_batch")) == ([], [])
    assert DeltaTable(str(tmp_path)).schema().to_arrow().names == SCHEMA.names


def test_a_folder_may_hold_any_signs(tmp_path: Path) -> None:
    odd = written(tmp_path / "lac d'été", "_batch=2402_01/part-0.parquet", "1")
    commit(tmp_path / "lac d'été", [odd], [])
    assert rows(tmp_path / "lac d'été") == [("1", "2402_01")]
    assert files_of(DeltaTable(str(tmp_path / "lac d'été")), "_batch") == [odd]
    commit(tmp_path / "lac d'été", [], [odd])
    assert rows(tmp_path / "lac d'été") == []


def test_rows_that_match_are_replaced(tmp_path: Path) -> None:
    def table(*pairs: tuple[str, str]) -> pa.Table:
        return pa.table([list(column) for column in zip(*pairs, strict=True)], schema=SCHEMA)

    replace_rows(str(tmp_path), table(("1", "2402"), ("2", "2403")), "_batch = '2402'", "_batch")
    replace_rows(str(tmp_path), table(("3", "2403"), ("4", "2403")), "_batch = '2403'", "_batch")
    assert rows(tmp_path) == [("1", "2402"), ("3", "2403"), ("4", "2403")]
    replace_rows(str(tmp_path), table(("1", "2402"), ("2", "2403")).slice(0, 0), "_batch = '2403'", "_batch")
    assert rows(tmp_path) == [("1", "2402")]


def test_a_table_whose_files_are_not_all_is_refused(tmp_path: Path) -> None:
    commit(tmp_path, [written(tmp_path, "_batch=2402/a.parquet", "1")], [])
    log = tmp_path / "_delta_log" / f"{0:020d}.json"
    text = log.read_text()
    assert '"minReaderVersion":1' in text
    log.write_text(text.replace('"minReaderVersion":1', '"minReaderVersion":2'))
    with pytest.raises(SfSparkError, match="Delta reader version 2, expected: 1"):
        files_of(DeltaTable(str(tmp_path)), "_batch")


@pytest.mark.parametrize("meanwhile", ["before the table is made", "between the table and its files"])
def test_two_jobs_that_make_a_table_at_once_do_not_both_fill_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    folder, first = str(tmp_path), written(tmp_path, "_batch=2402/a.parquet", "1")
    second = written(tmp_path, "_batch=2402/b.parquet", "1")
    make = files._made

    def overtaken(*arguments: Any) -> DeltaTable:
        monkeypatch.setattr(files, "_made", make)
        table = make(*arguments) if meanwhile != "before the table is made" else None
        commit_files(folder, None, SCHEMA, "_batch", [first], [])
        return table or make(*arguments)

    monkeypatch.setattr(files, "_made", overtaken)
    with pytest.raises(ConcurrentWriteError, match="another job has"):
        commit_files(folder, None, SCHEMA, "_batch", [second], [])
    assert rows(tmp_path) == [("1", "2402")]
