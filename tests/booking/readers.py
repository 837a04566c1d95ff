"""Readers of QR symbols, as gates have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import zxingcpp

if TYPE_CHECKING:
    import segno

PIXELS, BORDER = 3, 4


def picture(symbol: segno.QRCode) -> memoryview:
    """Return a symbol as grey pixels, dark on white."""
    rows = [bytes(0 if dark else 255 for dark in row) for row in symbol.matrix_iter(scale=PIXELS, border=BORDER)]
    return memoryview(b"".join(rows)).cast("B", shape=(len(rows), len(rows[0])))


def read_by_zxing(symbol: segno.QRCode) -> list[str]:
    """Return what zxing-cpp reads, which is told the format that is printed: it might find others inside."""
    found = zxingcpp.read_barcodes(picture(symbol), formats=zxingcpp.BarcodeFormat.QRCode)
    return [one.text for one in found]


def read_by_opencv(symbol: segno.QRCode) -> list[str]:
    """Return what OpenCV's newer detector reads. The library is large, and only `make codes` has it."""
    import cv2  # type: ignore[import-not-found, unused-ignore]
    import numpy  # type: ignore[import-not-found, unused-ignore]

    found, texts, _, _ = cv2.QRCodeDetectorAruco().detectAndDecodeMulti(numpy.asarray(picture(symbol)))
    return list(texts) if found else []
