"""Whole numbers that requests say."""

from __future__ import annotations

MOST_DIGITS = 10


def number(text: str, *, least: int, most: int, otherwise: int) -> int:
    """Return the number that a text says, brought between `least` and `most`; `otherwise` where it says none."""
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        return otherwise
    return min(max(int(text), least), most)
