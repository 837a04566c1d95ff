#!/bin/sh
# reportlab 5.1.0: in its Extended93 the signs # & ! = are, inside, the names of the four shifts of Code 93, so one that stands in
# a text is drawn as a shift and changes the letter after it: R&B NIGHT is read as Rb NIGHT, at full length of bars and with
# right check characters. All other printable signs come back as they were given.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import io
from importlib.metadata import version

import pypdfium2
import zxingcpp
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import createBarcodeDrawing
from reportlab.pdfgen.canvas import Canvas


def read_back(text: str) -> str:
    """Draw a text as a Code 93, and return what a reader makes of it."""
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=(600, 200))
    renderPDF.draw(createBarcodeDrawing("Extended93", value=text, barHeight=60, barWidth=1), canvas, 40, 60)
    canvas.save()
    image = pypdfium2.PdfDocument(page.getvalue())[0].render(scale=2).to_pil().convert("L")
    [found] = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.Code93)
    return found.text


print(*(f"{name} {version(name)}" for name in ("reportlab", "zxing-cpp", "pypdfium2")))
seen = {text: read_back(text) for text in ("R&B NIGHT", "R+B NIGHT", "50%: A/B-7", "row 7")}
print(seen)
assert seen.pop("R&B NIGHT") == "Rb NIGHT", "reportlab keeps & now"
assert all(text == found for text, found in seen.items())
PY
