#!/bin/sh
# reportlab 5.1.0: its ECC200DataMatrix holds another text than it was given. A colon is read as ^, a semicolon as _, a
# less-than sign as a group separator, and texts of some lengths (1, 4, 7 and so on for letters) come back with a NUL at their
# end: it writes the signs with the values of the neighbouring set of the C40 encoding, and fills that encoding's last three
# with a letter of its own. ppf.datamatrix, read by the same reader, gives back what it was given.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import io
from importlib.metadata import version

import pypdfium2
import zxingcpp
from PIL import Image
from ppf.datamatrix import DataMatrix
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import createBarcodeDrawing
from reportlab.pdfgen.canvas import Canvas


def read(image: Image.Image) -> bytes:
    [found] = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.DataMatrix)
    return found.bytes


def by_reportlab(text: str) -> bytes:
    """Draw a text as reportlab does, and return the bytes that a reader finds."""
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=(300, 300))
    renderPDF.draw(createBarcodeDrawing("ECC200DataMatrix", value=text), canvas, 60, 60)
    canvas.save()
    return read(pypdfium2.PdfDocument(page.getvalue())[0].render(scale=3).to_pil().convert("L"))


def by_ppf(text: str) -> bytes:
    """Draw a text as ppf.datamatrix does, and return the bytes that a reader finds."""
    matrix = DataMatrix(text).matrix
    image = Image.new("L", (len(matrix[0]) + 8, len(matrix) + 8), 255)
    for y, row in enumerate(matrix):
        for x, is_dark in enumerate(row):
            image.putpixel((x + 4, y + 4), 0 if is_dark else 255)
    return read(image.resize((image.width * 6, image.height * 6), Image.Resampling.NEAREST))


print(*(f"{name} {version(name)}" for name in ("reportlab", "ppf.datamatrix", "zxing-cpp", "pypdfium2")))
seen = {text: by_reportlab(text) for text in ("ROW 12", "ROW:7", "ROW;7", "SN4Z")}
for text, read_back in seen.items():
    print(f"{text}: reportlab's is {read_back!r}, ppf's {by_ppf(text)!r}")
    assert by_ppf(text) == text.encode()
assert seen == {"ROW 12": b"ROW 12", "ROW:7": b"ROW^7", "ROW;7": b"ROW_7", "SN4Z": b"SN4Z\0"}, "reportlab writes what it is given now"
PY
