"""Files for spreadsheets: CSV in UTF-8 that is opened without harm. No I/O.

A file begins with a byte order mark, so that Excel reads UTF-8; lines end with CRLF; the last line, `# end,<rows>`,
says how many rows came before it, the header not counted: a file without it was cut off. A cell that a spreadsheet
would take for a formula has an apostrophe before it.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

BEGINNING = b"\xef\xbb\xbf"
"""The byte order mark."""

CONTENT_TYPE = "text/csv; charset=utf-8"

_FORMULA = frozenset("=+-@\t\r\n")


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, in its wide forms and behind blanks neither."""
    first = unicodedata.normalize("NFKC", cell).lstrip(" ")[:1]
    return f"'{cell}" if (first in _FORMULA and first) or (cell[:1] in _FORMULA and cell) else cell


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as lines of a file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def end(rows: int) -> bytes:
    """Return the last line of a file of so many rows."""
    return f"# end,{rows}\r\n".encode()


def decimal(amount: int, digits: int) -> str:
    """Write an amount of minor units with its decimals and nothing else: 1234.50."""
    whole, part = divmod(amount, 10**digits)
    return f"{whole}.{part:0{digits}}" if digits else str(whole)
