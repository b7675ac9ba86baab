"""Numbers as partners write them, as Polars expressions: text in, null where it is not one."""

import polars as pl

_LARGEST = 1e15  # above this a double no longer holds cents; no establishment owes so much
_LONG_EXPONENT = r"[eE][+-]?[0-9]{4}"
_SEPARATOR = r"[ \u00A0\u202F]"  # a space, and the no-break spaces
_THOUSANDS = rf"^[+-]?[0-9]{{1,3}}(?:{_SEPARATOR}[0-9]{{3}})+(?:[.,][0-9]*)?\z"


def number(text: pl.Expr, comma: bool = False, thousands: bool = False) -> pl.Expr:
    """Read a finite number (Float64); anything else gives null.

    Args:
        text: The cells.
        comma: Whether the partner may write a decimal comma.
        thousands: Whether blanks, no-break ones too, may stand between thousands: ``1 234,5``.
    """
    return text.map_batches(
        lambda texts: _numbers(texts, comma, thousands), return_dtype=pl.Float64, is_elementwise=True
    )


def euros(centimes: pl.Expr) -> pl.Expr:
    """Turn an amount in centimes into euros, as exactly as a division of doubles is."""
    # Polars multiplies by 1/100 where it divides by a constant: 296945 would become 2969.4500000000003.
    return centimes / (centimes * 0 + 100)


def integer(text: pl.Expr, thousands: bool = False) -> pl.Expr:
    """Read a strict base-10 integer (Int32), blanks between thousands where ``thousands`` says so; else null."""
    if thousands:
        text = text.map_batches(_joined, return_dtype=pl.String, is_elementwise=True)
    return text.cast(pl.Int32, strict=False)  # accepts digits with an optional sign, and nothing else


def integer_from_float(text: pl.Expr) -> pl.Expr:
    """Read a number and cut its decimals (Int32): ``12.0`` is 12. Anything else gives null."""
    return number(text).cast(pl.Int32, strict=False)


def _numbers(texts: pl.Series, comma: bool, thousands: bool) -> pl.Series:
    # Amounts in centimes are whole numbers: they cost one cast.
    whole = texts.cast(pl.Int64, strict=False)
    length = texts.str.len_bytes()
    odd = (whole.is_null() & (length > 0)) | ((whole == 0) & (length > 1))  # -0 keeps its sign
    value = whole.cast(pl.Float64)
    count = odd.sum()
    if 2 * count > len(texts):
        value = _decimals(texts, comma, thousands)
    elif count:
        value = value.scatter(odd.arg_true(), _decimals(texts.filter(odd), comma, thousands))
    return value.set(value.abs() >= _LARGEST, None)


def _decimals(texts: pl.Series, comma: bool, thousands: bool) -> pl.Series:
    """The cast accepts numbers only, but also ``inf``, ``nan`` and exponents of any length: these are excluded here."""
    texts = _joined(texts) if thousands else texts
    dotted = texts.str.replace(",", ".", literal=True) if comma else texts  # a second comma: not a number
    value = dotted.cast(pl.Float64, strict=False)
    return value.set(~value.is_finite() | dotted.str.contains(_LONG_EXPONENT), None)


def _joined(texts: pl.Series) -> pl.Series:
    """The text without the spaces between thousands; with spaces elsewhere, the text as it is."""
    grouped = texts.str.contains(_THOUSANDS)
    if not grouped.any():
        return texts
    return texts.scatter(grouped.arg_true(), texts.filter(grouped).str.replace_all(_SEPARATOR, ""))
