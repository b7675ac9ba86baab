"""Files of landing, lake and exports by URI: the only module that opens, lists, writes and removes them."""

import contextlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
from pyarrow import fs

from sf_spark.errors import ConfigurationError
from sf_spark.lake.places import check_place, is_remote, rooted
from sf_spark.lake.stores import file_system


@dataclass(frozen=True)
class Entry:
    """An entry of a folder."""

    name: str
    is_file: bool
    is_folder: bool


def open_bytes(place: str) -> IO[bytes]:
    """Open a file, without unpacking it, for reading at any position."""
    if not is_remote(place):
        return open(rooted(place), "rb")  # noqa: SIM115 - the caller closes it
    system, path = file_system(place)
    return cast("IO[bytes]", system.open_input_file(path))


def open_output(place: str) -> pa.NativeFile:
    """Open a new file for writing; its folder is created where the store has folders."""
    system, path = file_system(place)
    if system.type_name in ("local", "hdfs"):
        system.create_dir(path.rsplit("/", 1)[0], recursive=True)
    return system.open_output_stream(path, compression=None)  # by default it compresses any file named .gz


def is_file(place: str) -> bool:
    """Whether the file exists."""
    system, path = file_system(place)
    return bool(system.get_file_info(path).is_file)


def is_folder(place: str) -> bool:
    """Whether the folder exists; in an object store: anything under that name."""
    system, path = file_system(place)
    return system.get_file_info(path).type == fs.FileType.Directory


def entries(folder: str) -> list[Entry]:
    """The entries of a folder; none if it does not exist."""
    if not is_remote(folder):  # Python also lists undecodable names
        local = rooted(folder)
        if not os.path.isdir(local):
            return []
        with os.scandir(local) as found:
            return [Entry(entry.name, entry.is_file(), entry.is_dir()) for entry in found]
    system, path = file_system(folder)
    found = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
    return [Entry(each.base_name, each.is_file, each.type == fs.FileType.Directory) for each in found]


def files_below(folder: str) -> list[str]:
    """The files in a folder and its subfolders, by relative path, sorted."""
    system, path = file_system(folder)
    found = system.get_file_info(fs.FileSelector(path, allow_not_found=True, recursive=True))
    return sorted(each.path[len(path.rstrip("/")) + 1 :] for each in found if each.is_file)


def remove_files(places: Iterable[str]) -> None:
    """Remove files, if they exist, and local folders that become empty."""
    for place in places:
        system, path = file_system(place)
        if system.get_file_info(path).is_file:
            system.delete_file(path)
            if not is_remote(place):
                with contextlib.suppress(OSError):  # not empty
                    os.removedirs(os.path.dirname(path))


def remove_folder(place: str) -> None:
    """Remove a folder and its content, if it exists."""
    system, path = file_system(place)
    system.delete_dir_contents(path, missing_dir_ok=True)
    if system.get_file_info(path).type == fs.FileType.Directory:
        system.delete_dir(path)


def copy_files(source: str, target: str) -> None:
    """Copy a folder and its content; files of the same name are replaced."""
    for name in files_below(source):
        with open_bytes(f"{rooted(source)}/{name}") as read, open_output(f"{rooted(target)}/{name}") as written:
            while block := read.read(8 << 20):
                written.write(block)


def move_folder(source: str, target: str, last: str, content: bytes) -> None:
    """Move a finished folder to its place, with one more file, completely or not at all.

    In an object store, where folders cannot be renamed, files are copied one by one and the extra file comes last, as a
    sign of completeness.
    """
    if is_remote(target):
        copy_files(source, target)
        with open_output(f"{rooted(target)}/{last}") as file:
            file.write(content)
        remove_folder(source)
        return
    with open_output(f"{rooted(source)}/{last}") as file:
        file.write(content)
    Path(rooted(target)).parent.mkdir(parents=True, exist_ok=True)
    os.rename(rooted(source), rooted(target))


def check_writable(key: str, folder: str) -> None:
    """Refuse a local folder that cannot be created or written; a store is checked when it is written.

    Raises:
        ConfigurationError: It names the setting and the folder.
    """
    check_place(key, folder)
    if is_remote(folder):
        return
    try:
        Path(rooted(folder)).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=rooted(folder)):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"{key} '{folder}' cannot be written ({error.strerror or error}): name another with --set {key}=FOLDER"
        ) from None
