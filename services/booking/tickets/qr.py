"""Codes as QR symbols. What a symbol is made by is said, all of it: left to itself the library takes another."""

import io

import segno

SCALE, BORDER = 8, 4
"""Pixels of a module, and modules of the quiet zone, which readers need."""


def symbol(code: str) -> segno.QRCode:
    """Return the symbol of a code."""
    return segno.make_qr(
        code, error="m", version=5, mode="alphanumeric", encoding="ascii", eci=False, boost_error=False
    )


def png(code: str) -> bytes:
    """Return a code's symbol as a picture."""
    drawn = io.BytesIO()
    symbol(code).save(drawn, kind="png", scale=SCALE, border=BORDER, dark="#000", light="#fff")
    return drawn.getvalue()


def svg(code: str, words: str) -> bytes:
    """Return a code's symbol as a drawing, with the words for it."""
    drawn = io.BytesIO()
    look = {"scale": SCALE, "border": BORDER, "dark": "#000", "light": "#fff"}
    symbol(code).save(drawn, kind="svg", title=words, svgclass=None, lineclass=None, **look)
    return drawn.getvalue()
