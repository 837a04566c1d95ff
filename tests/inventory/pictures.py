"""Pictures that tests make: good ones, and such as no library should be handed."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

ORIENTATION, GPS, MAKE = 0x0112, 0x8825, 0x010F


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), colour: Any = (200, 30, 30), **more: Any) -> bytes:
    return encoded(Image.new("RGB", size, colour), kind, **more)


def encoded(image: Image.Image, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def with_exif(orientation: int, kind: str = "JPEG") -> bytes:
    """A picture whose left half is red and whose right half is blue, as the sensor saw it, with where it was taken."""
    image = Image.new("RGB", (400, 200), "blue")
    image.paste("red", (0, 0, 200, 200))
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = orientation, "Canary Cameras"
    exif[GPS] = {1: "N", 2: (18.0, 31.0, 12.0)}
    more = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    return encoded(image, kind, exif=exif, **more)


def moving(kind: str, frames: int) -> bytes:
    """Thousands of frames of a few pixels."""
    images = [Image.new("RGB", (4, 4), (n % 256, n // 256, 0)) for n in range(frames)]
    return encoded(images[0], kind, save_all=True, append_images=images[1:], duration=10, loop=0)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_says(width: int, height: int, *, pixels: bytes = b"") -> bytes:
    """A PNG that says it is so large, of which next to nothing is there."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def jpeg_that_says(width: int, height: int) -> bytes:
    """A small JPEG whose frame says that it is so large."""
    data = picture("JPEG", (16, 16))
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def webp_that_says(width: int, height: int, flags: int = 0) -> bytes:
    """A WebP whose canvas is said to be so large, with one small frame in it."""
    frame = picture("WEBP", (16, 16))[12:]
    canvas = struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + b"VP8X" + struct.pack("<I", len(canvas)) + canvas + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body
