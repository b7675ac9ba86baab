"""What the name of a delivered file says: its packing and its content."""

from typing import Literal

Packing = Literal["", "gzip", "zip", "parquet"]
SUFFIXES: dict[str, Packing] = {".gz": "gzip", ".zip": "zip", ".parquet": "parquet"}
_UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".tmp", "._copying_")


def packing_of(name: str) -> Packing:
    """The packing of a file, by its suffix; '' for plain text."""
    return next((packing for suffix, packing in SUFFIXES.items() if name.lower().endswith(suffix)), "")


def plain_name(name: str) -> str:
    """The name without packing: ``.gz`` dropped, ``.zip`` and ``.parquet`` replaced by ``.csv``."""
    stem = name[: -len(next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), ""))] or name
    return stem if stem.lower().endswith(".csv") or packing_of(name) in ("", "gzip") else f"{stem}.csv"


def finished_name(name: str) -> str:
    """The final name of an unfinished file; the name of another file as it is."""
    suffix = next((suffix for suffix in _UNFINISHED if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)]


def unfinished(name: str) -> bool:
    """True for a name that a transfer gives to a file while it is incomplete."""
    return name.lower().endswith(_UNFINISHED)
