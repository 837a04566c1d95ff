"""Papers as people and gates read them."""

from __future__ import annotations

import pypdfium2 as pdfium
import zxingcpp


def pages(file: bytes) -> list[str]:
    """Return what a reader copies of each page, as lines in one."""
    document = pdfium.PdfDocument(file)
    return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def codes(file: bytes) -> list[list[str]]:
    """Return what a gate reads of each page, from a picture of it."""
    found = []
    for page in pdfium.PdfDocument(file):
        drawn = page.render(scale=2, grayscale=True)
        rows = memoryview(drawn.buffer).cast("B", shape=(drawn.height, drawn.stride))
        read = zxingcpp.read_barcodes(rows, formats=zxingcpp.BarcodeFormat.QRCode)
        found.append([one.text for one in read])
    return found
