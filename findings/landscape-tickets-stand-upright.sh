#!/bin/sh
# fpdf2 2.8.9: a page's format is a tuple of width and height, its documentation says, but "landscape" swaps whatever it
# is given. A ticket of 200 by 80 mm that is called landscape comes out 80 mm wide and 200 high, and what is drawn by the
# meant width lies off the page: half of the ticket, and its barcode, is not printed. It says nothing.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import io

import pypdfium2
from fpdf import FPDF


def page(**options):
    """Return the page's size in mm, as another library reads it, and the text that lies within it."""
    ticket = FPDF(format=(200, 80), **options)
    ticket.set_auto_page_break(False)
    ticket.add_page()
    ticket.set_font("helvetica")
    ticket.text(10, 40, "ROW A")
    ticket.text(150, 40, "CODE")
    read = pypdfium2.PdfDocument(io.BytesIO(bytes(ticket.output())))[0]
    width, height = (round(points / 72 * 25.4) for points in read.get_size())
    inside = read.get_textpage().get_text_bounded()
    print(options, f"{width} by {height} mm, with {inside!r}")
    return width, height, inside.split()


assert page() == (200, 80, ["ROW", "A", "CODE"]), "the plain page is another one now"
assert page(orientation="landscape") == (80, 200, ["ROW", "A"]), "landscape keeps the width that was given now"
assert page(orientation="portrait") == (200, 80, ["ROW", "A", "CODE"]), "portrait swaps too now"
PY
