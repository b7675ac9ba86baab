"""Seeded damage: to one line (cells, quotes, bytes), to all of them (columns), to the header, and to a whole file."""

import gzip
import random
from collections.abc import Callable

_NUMBERS = [
    *("999999999999999999999", "1e400", "-1e14", "1e15", "NaN", "Infinity", "1,5", "1.5", "1.5.2", "0x1F", "1_000"),
    *("-", "+", "0", "-0", "007", "1 234,50", "2147483648", "-2147483649", "1e-3", ".5", "5.", "12,5,1", "1\u00a0000"),
]
_DAYS = [
    *("2024-02-30", "2023-02-29", "31/02/2024", "2024-13-01", "00/01/2024", "0000-00-00", "0000-01-01", "9999-12-31"),
    *("31/12/9999", "0001-01-01", "2024-1-5", "05-01-2024", "2024-01-05 00:00:00", "2024-01-05T10:00", "12/2024"),
    *(
        "1180151",
        "9990101",
        "00000000",
        "-1",
        "99999999",
        "29FEB2023",
        "31déc2013",
        "31DÉC2013",
        "1jan2013",
        "20240105",
    ),
    *("201799", "201760", "201700", "5062", "4962", "0000", "000162", "9999962", "56a1", "2011T1", "20112", "２０２４"),
]
_TEXTS = [
    *("", " ", '"', '""', '"x', 'x"', '"a"b', "'", ";", ",", "\t", "\r", "a\nb", '"a\nb"', '"a\r\nb;c,d"', "\x00", "é"),
    *(
        "\u2028",
        "\u0085",
        "\ufeff",
        "NULL",
        "null",
        "true",
        "oui",
        "TRUE",
        "A" * 5000,
        "\U0001f600",
        "\udce9",
        "\udcff",
    ),
    *("01234567800011", "0123456780001X", " 01234567800011", "012345678", "12", "35600000000048", "01234567857011"),
]
_HOSTILE = [*_NUMBERS, *_DAYS, *_TEXTS]
_INSERTED = ['"', '""', '"\n', "\n", "\r", "\r\n", "\n\n", "\x00", " ", "é", "\\", "\ufeff", "\udc80"]
Line = Callable[[random.Random, list[str], str], str]


def _replace_cell(rng: random.Random, cells: list[str], delimiter: str) -> str:
    cells[rng.randrange(len(cells))] = rng.choice(_HOSTILE)
    return delimiter.join(cells)


def _empty_cell(rng: random.Random, cells: list[str], delimiter: str) -> str:
    cells[rng.randrange(len(cells))] = ""
    return delimiter.join(cells)


def _drop_cell(rng: random.Random, cells: list[str], delimiter: str) -> str:
    del cells[rng.randrange(len(cells))]
    return delimiter.join(cells)


def _add_cell(rng: random.Random, cells: list[str], delimiter: str) -> str:
    cells.insert(rng.randrange(len(cells) + 1), rng.choice(_HOSTILE))
    return delimiter.join(cells)


def _swap_cells(rng: random.Random, cells: list[str], delimiter: str) -> str:
    one, other = rng.randrange(len(cells)), rng.randrange(len(cells))
    cells[one], cells[other] = cells[other], cells[one]
    return delimiter.join(cells)


def _change_sign(rng: random.Random, cells: list[str], delimiter: str) -> str:
    """One character of a cell becomes another: a digit for a digit is a value like any other."""
    place = rng.randrange(len(cells))
    text = cells[place]
    if text:
        at = rng.randrange(len(text))
        cells[place] = text[:at] + rng.choice("0123456789aZ-+.,/ ") + text[at + 1 :]
    return delimiter.join(cells)


def _insert_text(rng: random.Random, cells: list[str], delimiter: str) -> str:
    line = delimiter.join(cells)
    place = rng.randrange(len(line) + 1)
    return line[:place] + rng.choice([*_INSERTED, delimiter]) + line[place:]


def _truncate(rng: random.Random, cells: list[str], delimiter: str) -> str:
    line = delimiter.join(cells)
    return line[: rng.randrange(len(line) + 1)]


def _flip_bits(rng: random.Random, cells: list[str], delimiter: str) -> str:
    line = bytearray(delimiter.join(cells).encode("utf-8", "surrogateescape"))
    for _ in range(rng.choice([1, 1, 1, 3]) if line else 0):
        line[rng.randrange(len(line))] ^= 1 << rng.randrange(8)
    return bytes(line).decode("utf-8", "surrogateescape")


def _quote_cell(rng: random.Random, cells: list[str], delimiter: str) -> str:
    place = rng.randrange(len(cells))
    cells[place] = '"' + cells[place].replace('"', '""') + '"'
    return delimiter.join(cells)


def _repeat(rng: random.Random, cells: list[str], delimiter: str) -> str:
    """Repeat a line: one fact. Or repeat it with another value in a cell that may not be read: two facts."""
    line = delimiter.join(cells)
    if rng.random() < 0.5:
        cells[rng.randrange(len(cells))] = rng.choice(["0", "x", "1"])
    return f"{line}\n{delimiter.join(cells)}"


LINE_MUTATIONS: tuple[Line, ...] = (
    *(_replace_cell, _replace_cell, _replace_cell, _replace_cell, _empty_cell, _drop_cell, _add_cell, _swap_cells),
    *(_change_sign, _change_sign, _insert_text, _truncate, _flip_bits, _quote_cell, _repeat),
)
# Mutations that keep the framing of a line, for files that are accepted as a whole or not at all.
MILD_MUTATIONS: tuple[Line, ...] = (_change_sign, _empty_cell, _quote_cell, _repeat)


def mutate_line(rng: random.Random, cells: list[str], delimiter: str, mild: bool = False) -> str:
    """One damaged line, as text; bytes that are not UTF-8 as surrogates."""
    return rng.choice(MILD_MUTATIONS if mild else LINE_MUTATIONS)(rng, list(cells), delimiter)


def mutate_columns(rng: random.Random, names: list[str], lines: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Change the columns of the header and of all lines: reorder, repeat, remove, add, empty."""
    kind, place, other = rng.randrange(5), rng.randrange(len(names)), rng.randrange(len(names))
    table = [names, *lines]
    if kind == 0:
        order = list(range(len(names)))
        rng.shuffle(order)
        table = [[row[rank] for rank in order] for row in table]
    elif kind == 1:  # of two with the same name the later counts: here with the cells of another column
        table = [[*row, row[place] if row is names else row[other]] for row in table]
    elif kind == 2 and len(names) > 1:
        table = [row[:place] + row[place + 1 :] for row in table]
    elif kind == 3:
        table = [
            [*row[:place], "en_plus" if row is names else rng.choice(["", "x", "1"]), *row[place:]] for row in table
        ]
    else:
        table = [row if row is names else [*row[:place], "", *row[place + 1 :]] for row in table]
    return table[0], table[1:]


def mutate_header(rng: random.Random, header: str, delimiter: str) -> str:
    """Change the header: case of names, a name twice, one missing, one damaged, bytes that are not text."""
    names = header.split(delimiter)
    place = rng.randrange(len(names))
    kind = rng.randrange(9)
    if kind == 0:
        names = [name.swapcase() for name in names]
    elif kind == 1:
        names[place] = names[rng.randrange(len(names))]
    elif kind == 2:
        names[place] = "inconnue"
    elif kind == 3:
        names[place] = names[place][:-1]
    elif kind == 4:
        names.append("en_plus")
    elif kind == 5:
        return _flip_bits(rng, names, delimiter)
    elif kind == 6:
        return _change_sign(rng, names, delimiter)
    elif kind == 7:
        return rng.choice(["\n", "\r\n", "\n\n"]) + header
    else:
        names[place] = names[place].upper()
    return delimiter.join(names)


def mutate_file(rng: random.Random, content: bytes, encoding: str) -> bytes:
    """Change the file: truncated, another encoding, other line ends, flipped bits, empty, repeated."""
    kind = rng.randrange(10)
    if kind in (0, 1):
        return content[: rng.randrange(len(content) + 1)]
    if kind == 2:
        return b"\xef\xbb\xbf" + content
    if kind == 3:
        return content.decode(encoding, "replace").encode(
            rng.choice(["utf-16", "utf-16-be", "utf-8", "iso-8859-15"]), "replace"
        )
    if kind == 4:
        return content.replace(b"\n", b"\r\n")
    if kind == 5:
        return content.replace(b"\n", b"\n\n")
    if kind == 6:
        return content.removesuffix(b"\n")
    if kind == 7:
        return content + content
    if kind == 8:
        return content[: rng.choice([0, 1, 2, 3])]
    flipped = bytearray(content)
    for _ in range(rng.choice([1, 5, 20]) if flipped else 0):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return bytes(flipped)


def mutate_archive(rng: random.Random, packed: bytes) -> bytes:
    """Change the compressed file: truncated, flipped bits, trailing bytes, not compressed at all."""
    kind = rng.randrange(4)
    if kind == 0:
        return packed[: rng.randrange(len(packed))]
    if kind == 1:
        flipped = bytearray(packed)
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
        return bytes(flipped)
    if kind == 2:
        return packed + rng.choice([b"\x00" * 20, b"behind", packed])
    return gzip.decompress(packed)
