"""Fingerprints of typed rows: the bits of Spark's ``xxhash64``, a column at a time.

128 bits tell whether two rows hold the same values, nulls included: ``xxhash64(1L, isnull(a), a, isnull(b), b, ...)``
and the same from ``2L``. ``isnull`` is hashed because xxhash64 passes over nulls, and (a, null, b) is not (a, b, null).
As these are Spark's own bits, SQL can check them, and they depend on no other library.
"""

import numpy as np
import polars as pl
import pyarrow as pa

from sf_spark.landing.machine import LOW, inlined, jit, load8, load32, load64, text_of, zero_bytes

_P1, _P2, _P3 = np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
_P4, _P5 = np.uint64(0x85EBCA77C2B2AE63), np.uint64(0x27D4EB2F165667C5)
_RETURNS = np.uint64(13) * LOW
_SEED = np.uint64(42)  # where Spark's xxhash64 starts


def fingerprints(columns: list[pl.Series], rows: int, start: np.ndarray | None = None) -> np.ndarray:
    """128 bits for each row, as an array of two rows of uint64.

    Args:
        columns: Text, Int32, Date, Boolean, Int64 or Float64, in the order in which they are hashed.
        rows: Number of rows.
        start: The fingerprints to continue from; None: the literals 1 and 2.
    """
    hashes = np.empty((2, rows), np.uint64)
    for seed in range(2):
        hashes[seed] = _hash_long(np.uint64(seed + 1), _SEED) if start is None else _started(start[seed])
    for column in columns:
        _go_on(hashes, column)
    return hashes


def _go_on(hashes: np.ndarray, column: pl.Series) -> None:
    valid = np.ones(0, np.bool_) if column.null_count() == 0 else column.is_not_null().to_numpy()
    if column.dtype == pl.String:
        views, base, buffers, kept = string_views(column)
        _add_texts(hashes, views, base, buffers, valid)
        del kept
    elif column.dtype == pl.Float64:
        bits = (column.fill_null(0.0).to_numpy() + 0.0).view(np.uint64)  # Spark hashes -0.0 as 0.0
        _add_longs(hashes, bits, valid)
    elif column.dtype == pl.Int64:
        _add_longs(hashes, column.fill_null(0).to_numpy().view(np.uint64), valid)
    elif column.dtype == pl.Boolean:
        _add_ints(hashes, column.fill_null(False).cast(pl.Int32).to_numpy().view(np.uint32), valid)
    else:
        _add_ints(hashes, column.to_physical().cast(pl.Int32).fill_null(0).to_numpy().view(np.uint32), valid)


def string_views(column: pl.Series) -> tuple[np.ndarray, np.uint64, np.ndarray, pa.Array]:
    """The string views of a text column, for kernels: views, address of the first, addresses of the data buffers.

    The last item keeps the memory of the others.
    """
    array = column.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    _, words, *data = array.buffers()
    views = np.frombuffer(words, np.uint64).reshape(-1, 2)[array.offset : array.offset + len(array)]
    base = np.uint64(words.address + 16 * array.offset)
    return views, base, np.array([buffer.address if buffer else 0 for buffer in data] or [0], np.uint64), array


@inlined
def _rotate(value, by):  # type: ignore[no-untyped-def]
    return (value << np.uint64(by)) | (value >> np.uint64(64 - by))


@inlined
def _mixed(h):  # type: ignore[no-untyped-def]
    h ^= h >> np.uint64(33)
    h *= _P2
    h ^= h >> np.uint64(29)
    h *= _P3
    return h ^ (h >> np.uint64(32))


@jit
def _hash_int(value, seed):  # type: ignore[no-untyped-def]
    h = seed + _P5 + np.uint64(4)
    h ^= value * _P1
    return _mixed(_rotate(h, 23) * _P2 + _P3)


@jit
def _hash_long(value, seed):  # type: ignore[no-untyped-def]
    h = seed + _P5 + np.uint64(8)
    h ^= _rotate(value * _P2, 31) * _P1
    return _mixed(_rotate(h, 27) * _P1 + _P4)


@jit
def _started(values):  # type: ignore[no-untyped-def]
    hashes = np.empty(len(values), np.uint64)
    for k in range(len(values)):
        hashes[k] = _hash_long(values[k], _SEED)
    return hashes


@jit
def hash_bytes(at, size, seed):  # type: ignore[no-untyped-def]
    """The xxhash64 of ``size`` bytes at an address."""
    end = at + size
    if size >= np.uint64(32):
        v1, v2, v3, v4 = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
        while at + np.uint64(32) <= end:
            v1 = _rotate(v1 + load64(at) * _P2, 31) * _P1
            v2 = _rotate(v2 + load64(at + np.uint64(8)) * _P2, 31) * _P1
            v3 = _rotate(v3 + load64(at + np.uint64(16)) * _P2, 31) * _P1
            v4 = _rotate(v4 + load64(at + np.uint64(24)) * _P2, 31) * _P1
            at += np.uint64(32)
        h = _rotate(v1, 1) + _rotate(v2, 7) + _rotate(v3, 12) + _rotate(v4, 18)
        h = (h ^ (_rotate(v1 * _P2, 31) * _P1)) * _P1 + _P4
        h = (h ^ (_rotate(v2 * _P2, 31) * _P1)) * _P1 + _P4
        h = (h ^ (_rotate(v3 * _P2, 31) * _P1)) * _P1 + _P4
        h = (h ^ (_rotate(v4 * _P2, 31) * _P1)) * _P1 + _P4
    else:
        h = seed + _P5
    h += size
    while at + np.uint64(8) <= end:
        h ^= _rotate(load64(at) * _P2, 31) * _P1
        h = _rotate(h, 27) * _P1 + _P4
        at += np.uint64(8)
    if at + np.uint64(4) <= end:
        h ^= load32(at) * _P1
        h = _rotate(h, 23) * _P2 + _P3
        at += np.uint64(4)
    while at < end:
        h ^= load8(at) * _P5
        h = _rotate(h, 11) * _P1
        at += np.uint64(1)
    return _mixed(h)


@jit
def _add_ints(hashes, values, valid):  # type: ignore[no-untyped-def]
    for seed in range(2):
        for k in range(len(values)):
            if len(valid) and not valid[k]:
                hashes[seed, k] = _hash_int(np.uint64(1), hashes[seed, k])
            else:
                hashes[seed, k] = _hash_int(np.uint64(values[k]), _hash_int(np.uint64(0), hashes[seed, k]))


@jit
def _add_longs(hashes, values, valid):  # type: ignore[no-untyped-def]
    for seed in range(2):
        for k in range(len(values)):
            if len(valid) and not valid[k]:
                hashes[seed, k] = _hash_int(np.uint64(1), hashes[seed, k])
            else:
                hashes[seed, k] = _hash_long(values[k], _hash_int(np.uint64(0), hashes[seed, k]))


@jit
def _add_texts(hashes, views, base, buffers, valid):  # type: ignore[no-untyped-def]
    for k in range(len(views)):
        if len(valid) and not valid[k]:
            for seed in range(2):
                hashes[seed, k] = _hash_int(np.uint64(1), hashes[seed, k])
            continue
        at, size = text_of(views, k, base, buffers)
        for seed in range(2):
            hashes[seed, k] = hash_bytes(at, size, _hash_int(np.uint64(0), hashes[seed, k]))


@jit
def hash_months(first, second, days, values):  # type: ignore[no-untyped-def]
    """Fingerprints of an entity's cells: the entity's, continued with the month (days since 1970) and the value."""
    hashes = np.empty((2, len(first)), np.uint64)
    for k in range(len(first)):
        for seed in range(2):
            h = _hash_long(first[k] if seed == 0 else second[k], _SEED)
            h = _hash_int(np.uint64(np.uint32(days[k])), _hash_int(np.uint64(0), h))
            hashes[seed, k] = _hash_int(np.uint64(np.uint32(values[k])), _hash_int(np.uint64(0), h))
    return hashes


def hash_texts(texts: pl.Series) -> np.ndarray:
    """A hash of each text; no text may be null."""
    views, base, buffers, kept = string_views(texts)
    hashes = _hash_views(views, base, buffers)
    del kept
    return hashes


@jit
def _hash_views(views, base, buffers):  # type: ignore[no-untyped-def]
    hashes = np.empty(len(views), np.uint64)
    for k in range(len(views)):
        at, size = text_of(views, k, base, buffers)
        hashes[k] = hash_bytes(at, size, _SEED)
    return hashes


@jit
def hash_spans(text, address, spans):  # type: ignore[no-untyped-def]
    r"""A hash of the text of each record; ``\r\n`` inside counts as ``\n``."""
    hashes = np.empty(len(spans), np.uint64)
    for k in range(len(spans)):
        start, end = spans[k]
        i, returns = start, False
        while i + 8 <= end and not returns:
            returns = zero_bytes(load64(address + np.uint64(i)) ^ _RETURNS) != 0
            i += 8
        while i < end and not returns:
            returns = text[i] == 13
            i += 1
        if not returns:
            hashes[k] = hash_bytes(address + np.uint64(start), np.uint64(end - start), _SEED)
            continue
        copy = np.zeros(end - start, np.uint8)
        used = 0
        for i in range(start, end):
            if not (text[i] == 13 and i + 1 < end and text[i + 1] == 10):
                copy[used] = text[i]
                used += 1
        hashes[k] = hash_bytes(np.uint64(copy.ctypes.data), np.uint64(used), _SEED)
    return hashes


@jit
def look_at_numbers(views, base, buffers, length):  # type: ignore[no-untyped-def]
    """Flags of each text: 1 where it is so many digits, plus 2 where these satisfy Luhn's formula.

    La Poste has more establishments than its NIC has valid numbers: a SIRET of SIREN 356000000 is valid, too, when its
    digits add up to a multiple of 5 (INSEE).
    """
    found = np.zeros(len(views), np.uint8)
    for k in range(len(views)):
        at, size = text_of(views, k, base, buffers)
        if size != np.uint64(length):
            continue
        luhn, total, digits, la_poste = 0, 0, True, length == 14
        for i in range(length):
            digit = np.int64(load8(at + np.uint64(i))) - 48
            if digit < 0 or digit > 9:
                digits = False
                break
            if i < 9 and digit != (3, 5, 6, 0, 0, 0, 0, 0, 0)[i]:
                la_poste = False
            total += digit
            if (length - i) % 2 == 0:
                digit *= 2
                if digit > 9:
                    digit -= 9
            luhn += digit
        if digits:
            found[k] = 1 + 2 * (luhn % 10 == 0 or (la_poste and total % 5 == 0))
    return found
