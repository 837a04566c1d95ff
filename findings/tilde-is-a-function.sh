#!/bin/sh
# reportlab 5.1.0 and pyStrich 0.20: both take the letter ñ of a Code 128 for the function sign FNC1, which readers give as a
# group separator: a barcode of "Muñoz 7" is read as "Mu<GS>oz 7", and nothing is raised, where é or ü raise an error.
# The symbology has ñ (in code set B, behind FNC4), and zxing-cpp's own writer draws it.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import io
from importlib.metadata import version

import pypdfium2
import zxingcpp
from PIL import Image
from pystrich.code128 import Code128Encoder
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import createBarcodeDrawing
from reportlab.pdfgen.canvas import Canvas

KIND = zxingcpp.BarcodeFormat.Code128


def read(image: Image.Image) -> str:
    [found] = zxingcpp.read_barcodes(image.convert("L"), formats=KIND)
    return found.text


def by_reportlab(text: str) -> str:
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=(600, 200))
    renderPDF.draw(createBarcodeDrawing("Code128", value=text, barHeight=60, barWidth=1), canvas, 40, 60)
    canvas.save()
    return read(pypdfium2.PdfDocument(page.getvalue())[0].render(scale=2).to_pil())


def by_pystrich(text: str) -> str:
    return read(Image.open(io.BytesIO(Code128Encoder(text).get_imagedata())))


def by_zxing(text: str) -> str:
    return read(Image.fromarray(zxingcpp.create_barcode(text, KIND).to_image(scale=3)))


print(*(f"{name} {version(name)}" for name in ("reportlab", "pyStrich", "zxing-cpp", "pypdfium2")))
for text, changed in {"Munoz 7": "Munoz 7", "Muñoz 7": "Mu<GS>oz 7"}.items():
    seen = by_reportlab(text), by_pystrich(text)
    print(f"{text}: reportlab's is {seen[0]}, pyStrich's {seen[1]}, zxing-cpp's {by_zxing(text)}")
    assert seen == (changed, changed), "ñ is a letter now"
    assert by_zxing(text) == text
for draw in (by_reportlab, by_pystrich):
    try:
        draw("André 7")
    except Exception as error:
        print(f"{draw.__name__}: é raises {type(error).__name__}")
    else:
        raise AssertionError("é is drawn now")
PY
