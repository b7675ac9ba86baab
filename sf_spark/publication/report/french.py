"""Numbers, dates and words as a French reader expects them. Pure."""

from datetime import date, datetime

NARROW = "\u202f"  # the space between thousands, which does not break
NO_BREAK = "\u00a0"
UNKNOWN = "–"
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre"),
    "décembre",
)


def number(value: float | None, decimals: int = 0) -> str:
    """``12 345,6``; a dash where it is unknown."""
    if value is None:
        return UNKNOWN
    text = f"{value:,.{decimals}f}".replace(",", NARROW).replace(".", ",")
    return text.removeprefix("-") if not text.strip("-0,") else text.replace("-", "−", 1)


def decimal(value: float) -> str:
    """``1,5``, ``0,35``, ``1``: with the decimals it has, two at most."""
    return number(value, 2).rstrip("0").rstrip(",")


def euros(value: float | None) -> str:
    """``12 345 €``, without cents."""
    return UNKNOWN if value is None else f"{number(value)}{NO_BREAK}€"


def percent(value: float | None, decimals: int = 1) -> str:
    """``12,3 %`` of a value that is in percent."""
    return UNKNOWN if value is None else f"{number(value, decimals)}{NO_BREAK}%"


def signed(value: float | None, decimals: int = 1) -> str:
    """``+1,5`` or ``−0,3``."""
    if value is None:
        return UNKNOWN
    text = number(value, decimals)
    return f"+{text}" if round(value, decimals) > 0 else text


def day(value: date | None) -> str:
    """``20 mars 2026``, ``1er mars 2026``."""
    if value is None:
        return UNKNOWN
    return f"{'1er' if value.day == 1 else value.day} {_MONTHS[value.month - 1]} {value.year}"


def month(value: date | None) -> str:
    """``mars 2026``."""
    return UNKNOWN if value is None else f"{_MONTHS[value.month - 1]} {value.year}"


def of_month(value: date) -> str:
    """``de mars 2026``, ``d'avril 2026``."""
    name = month(value)
    return f"d'{name}" if name[0] in "ao" else f"de {name}"


def moment(value: datetime | None) -> str:
    """``20 mars 2026 à 14 h 05``."""
    return UNKNOWN if value is None else f"{day(value.date())} à {value.hour} h {value.minute:02d}"


def siren(value: str) -> str:
    """``012 345 678``, and a SIRET as ``012 345 678 00011``."""
    groups = [value[:3], value[3:6], value[6:9], value[9:]]
    return NO_BREAK.join(group for group in groups if group)


def plural(count: float, one: str, many: str | None = None, decimals: int = 0) -> str:
    """``1 entreprise``, ``12 entreprises``, ``0,4 an``: what is below two as displayed is singular in French."""
    word = one if abs(round(count, decimals)) < 2 else many or one + "s"
    return f"{number(count, decimals)}{NO_BREAK}{word}"
