"""Seeded damage: to one line (cells, quotes, bytes), and to a whole file (header, encoding, end)."""

import gzip
import random
from collections.abc import Callable

_HOSTILE = [
    *(
        "",
        " ",
        "-",
        "0",
        "999999999999999999999",
        "1e400",
        "-1e14",
        "NaN",
        "Infinity",
        "1,5",
        "1.5",
        "1.5.2",
        "0x1F",
        "1_000",
    ),
    *("2024-02-30", "31/02/2024", "0000-00-00", "1180151", "9990101", "00000000", "201799", "5062", "56a1", "２０２４"),
    *(
        '"',
        '""',
        '"x',
        'x"',
        '"a"b',
        "'",
        ";",
        ",",
        "\t",
        "\r",
        "a\nb",
        '"a\nb"',
        "\x00",
        "é",
        "\u2028",
        "\ufeff",
        "NULL",
    ),
    *("01234567800011", "0123456780001X", "12", "true", "oui", "A" * 5000),
]
Line = Callable[[random.Random, list[str], str], str]


def _replace_cell(rng: random.Random, cells: list[str], delimiter: str) -> str:
    cells[rng.randrange(len(cells))] = rng.choice(_HOSTILE)
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


def _insert_text(rng: random.Random, cells: list[str], delimiter: str) -> str:
    line = delimiter.join(cells)
    place = rng.randrange(len(line) + 1)
    return line[:place] + rng.choice(['"', '""', '"\n', "\n", "\r", "\r\n", "\x00", delimiter, " ", "é"]) + line[place:]


def _truncate(rng: random.Random, cells: list[str], delimiter: str) -> str:
    line = delimiter.join(cells)
    return line[: rng.randrange(len(line))]


def _flip_byte(rng: random.Random, cells: list[str], delimiter: str) -> str:
    line = bytearray(delimiter.join(cells).encode())
    line[rng.randrange(len(line))] ^= 1 << rng.randrange(8)
    return bytes(line).decode("utf-8", "surrogateescape")


def _quote_cell(rng: random.Random, cells: list[str], delimiter: str) -> str:
    place = rng.randrange(len(cells))
    cells[place] = '"' + cells[place].replace('"', '""') + '"'
    return delimiter.join(cells)


LINE_MUTATIONS: tuple[Line, ...] = (
    *(_replace_cell, _replace_cell, _drop_cell, _add_cell, _swap_cells),
    *(_insert_text, _truncate, _flip_byte, _quote_cell),
)


def mutate_line(rng: random.Random, cells: list[str], delimiter: str) -> str:
    """One damaged line, as text; bytes that are no UTF-8 as surrogates."""
    return rng.choice(LINE_MUTATIONS)(rng, list(cells), delimiter)


def mutate_header(rng: random.Random, header: str, delimiter: str) -> str:
    """Another header: names in other cases, a name twice, one gone, one damaged."""
    names = header.split(delimiter)
    place = rng.randrange(len(names))
    kind = rng.randrange(5)
    if kind == 0:
        names = [name.swapcase() for name in names]
    elif kind == 1:
        names[place] = names[rng.randrange(len(names))]
    elif kind == 2:
        names[place] = "inconnue"
    elif kind == 3:
        names[place] = names[place][:-1]
    else:
        names.append("en_plus")
    return delimiter.join(names)


def mutate_file(rng: random.Random, content: bytes, name: str) -> tuple[str, bytes]:
    """Another file: its name, for it may be compressed now, and its bytes."""
    kind = rng.randrange(6)
    if kind == 0:
        return name, content[: rng.randrange(len(content))]
    if kind == 1:
        packed = gzip.compress(content, mtime=0)
        return f"{name}.gz", packed[: rng.randrange(len(packed))]
    if kind == 2:
        return name, b"\xef\xbb\xbf" + content
    if kind == 3:
        return name, content.decode("utf-8", "replace").encode("utf-16")
    if kind == 4:
        return name, content.replace(b"\n", b"\r\n")
    flipped = bytearray(content)
    for _ in range(20):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return f"{name}.gz", gzip.compress(bytes(flipped), mtime=0)
