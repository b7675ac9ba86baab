"""Files of landing, lake and exports by URI: opened, listed, written and removed here and nowhere else."""

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
    """What a folder holds under a name."""

    name: str
    is_file: bool
    is_folder: bool


def open_bytes(place: str) -> IO[bytes]:
    """A file as it lies there, for reading at any place."""
    if not is_remote(place):
        return open(rooted(place), "rb")  # noqa: SIM115 - the caller closes it
    system, path = file_system(place)
    return cast("IO[bytes]", system.open_input_file(path))


def open_output(place: str) -> pa.NativeFile:
    """A new file for writing, its folder made where stores have folders."""
    system, path = file_system(place)
    if system.type_name in ("local", "hdfs"):
        system.create_dir(path.rsplit("/", 1)[0], recursive=True)
    return system.open_output_stream(path, compression=None)  # by itself it packs what is called .gz, packed or not


def is_file(place: str) -> bool:
    """Whether there is a file."""
    system, path = file_system(place)
    return bool(system.get_file_info(path).is_file)


def is_folder(place: str) -> bool:
    """Whether there is a folder; in an object store: anything under that name."""
    system, path = file_system(place)
    return system.get_file_info(path).type == fs.FileType.Directory


def entries(folder: str) -> list[Entry]:
    """What a folder holds; nothing where there is none."""
    if not is_remote(folder):  # Python also lists names that are no text
        local = rooted(folder)
        if not os.path.isdir(local):
            return []
        with os.scandir(local) as there:
            return [Entry(entry.name, entry.is_file(), entry.is_dir()) for entry in there]
    system, path = file_system(folder)
    found = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
    return [Entry(each.base_name, each.is_file, each.type == fs.FileType.Directory) for each in found]


def files_below(folder: str) -> list[str]:
    """The files in a folder and in its folders, by their path from it, in order."""
    system, path = file_system(folder)
    found = system.get_file_info(fs.FileSelector(path, allow_not_found=True, recursive=True))
    return sorted(each.path[len(path.rstrip("/")) + 1 :] for each in found if each.is_file)


def remove_files(places: Iterable[str]) -> None:
    """Remove files, those that are there, and local folders that they leave empty."""
    for place in places:
        system, path = file_system(place)
        if system.get_file_info(path).is_file:
            system.delete_file(path)
            if not is_remote(place):
                with contextlib.suppress(OSError):  # not empty
                    os.removedirs(os.path.dirname(path))


def remove_folder(place: str) -> None:
    """Remove a folder and all that is in it; nothing happens where there is none."""
    system, path = file_system(place)
    system.delete_dir_contents(path, missing_dir_ok=True)
    if system.get_file_info(path).type == fs.FileType.Directory:
        system.delete_dir(path)


def copy_files(source: str, target: str) -> None:
    """Copy a folder and all that is in it; what has the same name there is replaced."""
    for name in files_below(source):
        with open_bytes(f"{rooted(source)}/{name}") as read, open_output(f"{rooted(target)}/{name}") as written:
            while block := read.read(8 << 20):
                written.write(block)


def move_folder(source: str, target: str, last: str, content: bytes) -> None:
    """Put a written folder in its place, with one more file; there as a whole, or not at all.

    In a store, where folders cannot be renamed, files are copied one by one and the one more comes last: it says that
    all others are there.
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
