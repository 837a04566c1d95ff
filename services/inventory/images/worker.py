"""Makes pictures of one upload, in a process of its own: `python -I worker.py KIND PIXELS MEMORY SECONDS SIZE…`.

The upload comes by standard input. What goes out is a line of JSON, a width, a height and a length for each size, and
behind it the files one after the other. It exits with UNREADABLE where the upload is no picture of this kind, and with
TOO_LARGE where it takes more than it may. It imports nothing of Boxoffice: so it starts quickly, and has no secrets.
"""

import io
import json
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImagePalette, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

UNREADABLE = 2
TOO_LARGE = 3

KINDS: dict[str, Any] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
}
"""Which are opened as what they say they are: nothing else is tried."""

ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By what EXIF says of how the camera was held."""

QUALITY = 82
SRGB = ImageCms.createProfile("sRGB")

Image.preinit()
READ_BEFORE = (ImagePalette, TiffImagePlugin)
"""What the library would import later, when no file can be opened any more: EXIF is a TIFF."""


class Unreadable(Exception):
    """The upload is no picture of this kind."""


def limit(memory: int, seconds: int) -> None:
    """Take no more than so much memory and processor; write no file, open none, and be the first to go."""
    with suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text("1000")
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, 0),
    ):
        with suppress(ValueError, OSError):  # macOS has no limit of memory, and refuses to set one
            resource.setrlimit(what, (most, most))


def pictures(data: bytes, kind: str, max_pixels: int, sizes: list[int]) -> list[tuple[int, int, bytes]]:
    """Return width, height and file for each size, which go up; raise Unreadable."""
    image = _read(data, kind, max_pixels, sizes[-1])
    turn = TURNS.get(_orientation(image))
    image = _in_srgb(_shrunk(_plain(image), sizes[-1]), image.info.get("icc_profile"))
    if turn is not None:
        image = image.transpose(turn)
    made = []
    for size in reversed(sizes):
        image = _shrunk(image, size)
        made.append((*image.size, _written(image)))
    return made[::-1]


def _read(data: bytes, kind: str, max_pixels: int, largest: int) -> Image.Image:
    try:
        image: Image.Image = KINDS[kind](io.BytesIO(data))
        # By the library's own reading, which is what it is about to make room for.
        if image.width * image.height > max_pixels or (kind != "JPEG" and getattr(image, "n_frames", 1) != 1):
            raise Unreadable
        if kind == "JPEG":
            # What is much larger than any size is decoded by halves.
            image.draft(None, (2 * largest, 2 * largest))
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError):
        # What the library raises for damaged files, by its own documentation and in practice.
        raise Unreadable from None
    return image


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # a picture may be fine whose EXIF is not
        return 1


def _plain(image: Image.Image) -> Image.Image:
    """Return a picture in a mode that can be made smaller well, transparent where it was."""
    if image.mode.startswith("I"):
        # 16 bits of grey, of which the upper ones are what people see.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode == "RGBA":
        return image
    if image.has_transparency_data:  # in any other mode: a PNG may say which grey or colour is transparent
        return image.convert("RGBA")
    if image.mode in ("RGB", "L", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _shrunk(image: Image.Image, size: int) -> Image.Image:
    smaller = image.copy() if max(image.size) <= size else image
    smaller.thumbnail((size, size), Image.Resampling.LANCZOS)
    return smaller


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a picture whose colours are those of screens; what its profile said is not needed then."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    opaque = image.convert("RGB") if alpha is not None else image
    converted = None
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError):  # a picture may be fine whose profile is not
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(opaque, source, SRGB, outputMode="RGB")
    made = converted or opaque.convert("RGB")
    if alpha is not None:
        made.putalpha(alpha)
    return made


def _written(image: Image.Image) -> bytes:
    image.info.clear()  # what was said of the picture besides: where it was taken, by whom
    out = io.BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=4, exif=b"", xmp=b"", icc_profile=b"")
    return out.getvalue()


def main() -> None:
    """Do what the command line asks for."""
    kind, *numbers = sys.argv[1:]
    max_pixels, memory, seconds, *sizes = map(int, numbers)
    limit(memory, seconds)
    try:
        made = pictures(sys.stdin.buffer.read(), kind, max_pixels, sizes)
    except Unreadable:
        sys.exit(UNREADABLE)
    except MemoryError:
        sys.exit(TOO_LARGE)
    head = json.dumps([[width, height, len(file)] for width, height, file in made])
    sys.stdout.buffer.write(head.encode() + b"\n" + b"".join(file for _, _, file in made))


if __name__ == "__main__":
    main()
