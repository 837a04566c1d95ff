#!/bin/sh
# segno 1.6.6 with opencv-python-headless 5.0.0.93 and zxing-cpp 3.1.1: `segno.make` makes the smallest symbol that fits,
# and for a short code that is a Micro QR, a format of its own. zxing-cpp reads it; both of OpenCV's detectors find
# nothing, and so do most phone cameras. `micro=False` gives a QR code that all three read.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import io

import cv2
import numpy
import segno
import zxingcpp
from PIL import Image

CODE = "B7K2M9QX"


def read_by_all(**options):
    symbol, picture = segno.make(CODE, **options), io.BytesIO()
    symbol.save(picture, kind="png", scale=8, border=4)
    pixels = numpy.array(Image.open(picture).convert("L"))
    seen = {
        "symbol": symbol.designator,
        "zxing-cpp": [each.text for each in zxingcpp.read_barcodes(pixels)],
        "QRCodeDetector": cv2.QRCodeDetector().detectAndDecode(pixels)[0],
        "QRCodeDetectorAruco": cv2.QRCodeDetectorAruco().detectAndDecode(pixels)[0],
    }
    print(options, seen)
    return seen


assert read_by_all() == {"symbol": "M3-M", "zxing-cpp": [CODE], "QRCodeDetector": "", "QRCodeDetectorAruco": ""}
assert read_by_all(micro=False) == {
    "symbol": "1-H",
    "zxing-cpp": [CODE],
    "QRCodeDetector": CODE,
    "QRCodeDetectorAruco": CODE,
}
PY
