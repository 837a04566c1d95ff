"""Amounts as people type them, in major units; exactly, and never by way of a float."""

from __future__ import annotations

import re

from services.chassis.values.currencies import DIGITS
from web.languages import _

MOST_MINOR = 2**31 - 1
"""Amounts are int32."""

MOST_POINTS = 10_000
"""A hundred per cent, in basis points."""

_AMOUNT = re.compile(r"([0-9]{1,10})(?:\.([0-9]*))?")


class NoAmount(ValueError):
    """What was typed is no amount of this currency; the text says why, for people."""


def minor_units(text: str, currency: str) -> int:
    """Return an amount in minor units; raise NoAmount where it is none, or has more digits than the currency."""
    digits = DIGITS.get(currency)
    if digits is None:
        raise NoAmount(_("Choose the currency first."))
    return _exact(text, digits, MOST_MINOR)


def major_units(amount: int, currency: str) -> str:
    """Write an amount of minor units so that `minor_units` reads the same again."""
    return _written(amount, DIGITS.get(currency, 0))


def basis_points(text: str) -> int:
    """Return a share that was typed in per cent, such as 2.5, in basis points; raise NoAmount."""
    return _exact(text, 2, MOST_POINTS)


def per_cent(points: int) -> str:
    """Write basis points in per cent: 250 is 2.5."""
    return _written(points, 2).rstrip("0").rstrip(".")


def _exact(text: str, digits: int, most: int) -> int:
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        example = "1250" + (f".{'50'.ljust(digits, '0')[:digits]}" if digits else "")
        raise NoAmount(_("Write the amount in digits alone, such as %(example)s.") % {"example": example})
    whole, part = found[1], found[2] or ""
    if len(part) > digits:
        raise NoAmount(_("There are too many digits behind the point: at most %(digits)s.") % {"digits": digits})
    amount = int(whole + part.ljust(digits, "0"))
    if amount > most:
        raise NoAmount(_("This is too much."))
    return amount


def _written(amount: int, digits: int) -> str:
    whole, part = divmod(amount, 10**digits)
    return f"{whole}.{part:0{digits}}" if digits else f"{whole}"
