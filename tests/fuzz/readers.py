"""Readers of each kind of cell, independent of the product: text in, value out, ValueError for a cell in error."""

import calendar
import re
from collections.abc import Callable
from datetime import date
from typing import Any

Reader = Callable[[str], Any]
_PAYDEX_FROM_51 = [
    *(29, 29, 28, 27, 26, 26, 25, 24, 23, 22, 22, 21, 20, 19, 19, 19, 18, 17, 16, 15, 14, 12, 11, 9, 8, 6, 5, 3, 1)
]


def text(cell: str) -> str | None:
    return cell or None


def whole(cell: str) -> str | None:
    if re.search(r"[\x00-\x1F\x7F\xa0\u200b\ufeff]", cell):
        raise ValueError(cell)
    return cell or None


def verbatim(cell: str) -> str:
    return cell


def filled(cell: str) -> str:
    if not cell:
        raise ValueError(cell)
    return cell


def number(cell: str) -> float | None:
    if not cell:
        return None
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", cell):
        raise ValueError(cell)
    value = float(cell)
    if not abs(value) < 1e15:
        raise ValueError(cell)
    return value


def comma(cell: str) -> float | None:
    return number(cell.replace(",", "."))


def centimes(cell: str) -> float:
    value = number(cell)
    if value is None:
        raise ValueError(cell)
    return value / 100


def integer(cell: str) -> int | None:
    if not cell:
        return None
    if not re.fullmatch(r"[+-]?[0-9]+", cell) or not -(2**31) <= int(cell) < 2**31:
        raise ValueError(cell)
    return int(cell)


def required_integer(cell: str) -> int:
    value = integer(cell)
    if value is None:
        raise ValueError(cell)
    return value


def staff(cell: str) -> int | None:
    value = number(cell)
    if value is not None and not abs(value) < 2**31:
        raise ValueError(cell)
    return None if value is None else int(value)


def reason(cell: str) -> int | None:
    value = integer(cell)
    if value is not None and not 1 <= value <= 7:
        raise ValueError(cell)
    return value


def headcount(cell: str) -> int:
    """Everything but digits is deleted."""
    digits = re.sub("[^0-9]", "", cell)
    if not digits or int(digits) >= 2**31:
        raise ValueError(cell)
    return int(digits)


def paydex(code: str) -> int | None:
    """Days late of a code."""
    if not re.fullmatch("[0-9]{3}", code):
        return None
    points = int(code)
    if points <= 50:
        return 180 - 3 * points
    if points < 80:
        return _PAYDEX_FROM_51[points - 51]
    return 0 if points <= 90 else None


def boolean(cell: str) -> bool:
    if cell in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if cell in ("0", "f", "F", "FALSE", "false", "False"):
        return False
    raise ValueError(cell)


def iso(cell: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
        raise ValueError(cell)
    return date.fromisoformat(cell)


def midnight_iso(cell: str) -> date:
    return iso(cell.removesuffix(" 00:00:00"))


def french(cell: str) -> date:
    if not re.fullmatch(r"[0-9]{2}/[0-9]{2}/[0-9]{4}", cell):
        raise ValueError(cell)
    return iso(f"{cell[6:]}-{cell[3:5]}-{cell[:2]}")


def month(cell: str) -> date:
    return french(f"01/{cell}")


def english(cell: str) -> date:
    names = [name.upper() for name in calendar.month_abbr]
    if not re.fullmatch(r"[0-9]{2}[A-Za-z]{3}[0-9]{4}", cell) or cell[2:5].upper() not in names:
        raise ValueError(cell)
    return iso(f"{cell[5:]}-{names.index(cell[2:5].upper()):02d}-{cell[:2]}")


def bilan(cell: str) -> date:
    french_names = ["janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc"]
    english_names = [name.upper() for name in calendar.month_abbr][1:]
    match = re.fullmatch(r"([0-9]{2})(.*)([0-9]{4})", cell, re.DOTALL)
    if not match:
        raise ValueError(cell)
    for names in (french_names, english_names):
        if match[2] in names:
            return iso(f"{match[3]}-{names.index(match[2]) + 1:02d}-{match[1]}")
    raise ValueError(cell)


def aammjj(cell: str) -> date:
    if not re.fullmatch(r"[+-]?[0-9]{1,8}", cell):
        raise ValueError(cell)
    digits = str(int(cell) + 19_000_000)
    if not re.fullmatch(r"[0-9]{8}", digits) or digits.startswith("0000"):
        raise ValueError(cell)
    return iso(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")


def period(cell: str) -> tuple[date, date]:
    """The first day of a period and the one after its last."""
    if len(cell) == 4:
        cell = ("20" if cell[:2] < "50" else "19") + cell
    if not re.fullmatch(r"[0-9]{6}", cell) or not 2 <= int(cell[:4]) <= 9995:
        raise ValueError(cell)
    first, months = int(cell[:4]) * 12, 12
    if cell[4:] != "62":
        quarter, rank = int(cell[4]), int(cell[5])
        first, months = first + 3 * (quarter - 1) + max(rank - 1, 0), 1 if rank else 3
    after = first + months
    return date(first // 12, first % 12 + 1, 1), date(after // 12, after % 12 + 1, 1)


def period_start(cell: str) -> date:
    return period(cell)[0]


def period_end(cell: str) -> date:
    return period(cell)[1]


def odd_period(cell: str) -> bool:
    """Whether the quarter or the month is out of range."""
    period(cell)
    return cell[-2:] != "62" and (cell[-2] not in "1234" or cell[-1] not in "0123")


def optional(reader: Reader) -> Reader:
    """The same, where an empty cell is unknown."""
    return lambda cell: reader(cell) if cell else None


def lenient(reader: Reader) -> Reader:
    """The same, where a cell in error is unknown."""

    def read(cell: str) -> Any:
        try:
            return reader(cell)
        except ValueError:
            return None

    return read


def matching(pattern: str) -> Reader:
    """The cell where it has this form, else nothing."""
    return lambda cell: cell if re.fullmatch(pattern, cell) else None


def is_luhn(digits: str) -> bool:
    """Luhn's formula, and La Poste's own: the digits of its SIRET add up to a multiple of 5."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    of_la_poste = len(digits) == 14 and digits.startswith("356000000")
    return total % 10 == 0 or (of_la_poste and sum(map(int, digits)) % 5 == 0)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month; the latest date if beyond it."""
    index = day.year * 12 + day.month - 1 + months
    if index // 12 > 9999:
        return date.max
    last = calendar.monthrange(index // 12, index % 12 + 1)[1]
    return date(index // 12, index % 12 + 1, min(day.day, last))
