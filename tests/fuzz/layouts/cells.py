"""Random valid cells: numbers, days, periods, as partners write them."""

import random


def siret(g: random.Random) -> str:
    return f"{g.randrange(10**14):014d}"


def siren(g: random.Random) -> str:
    return f"{g.randrange(10**9):09d}"


def digits(g: random.Random, count: int) -> str:
    return str(g.randrange(10 ** (count - 1), 10**count))


def amount(g: random.Random) -> str:
    return f"{g.randrange(-(10**7), 10**7) / 100}"


def with_comma(g: random.Random) -> str:
    return amount(g).replace(".", ",")


def day(g: random.Random) -> str:
    return f"{g.randrange(1990, 2026)}-{g.randrange(1, 13):02d}-{g.randrange(1, 29):02d}"


def french(g: random.Random) -> str:
    year, month, number = day(g).split("-")
    return f"{number}/{month}/{year}"


def aammjj(g: random.Random) -> str:
    return str(int(day(g).replace("-", "")) - 19_000_000)


def period(g: random.Random) -> str:
    code = f"{g.randrange(1995, 2026)}{g.choice(['62', *(f'{q}{m}' for q in range(1, 5) for m in range(4))])}"
    return code if g.random() < 0.5 else code[2:]


def maybe(g: random.Random, text: str) -> str:
    """The text, or sometimes an empty cell."""
    return "" if g.random() < 0.15 else text


def quoted(text: str) -> str:
    return f'"{text}"'
