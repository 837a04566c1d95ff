"""What images are, and what a picture's file says of itself before anything of it is decoded."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.inventory.errors import ImageLimitExceeded

MAX_PIXELS = 40_000_000
MAX_IMAGES_PER_EVENT = 10
MAX_IMAGES = 200
"""Of one organization."""
MAX_BYTES = 500 * 1024 * 1024
"""Of all files of an organization's images."""

MIME_TYPE = "image/webp"
"""Of every file that is kept."""

SIZES = (("small", 320), ("medium", 960), ("large", 1920))
"""The names of the sizes, and how wide and how high a picture is at most in each. None is made larger than it came."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of JPEG behind which the size is."""
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Those behind which nothing is."""
_OTHER_THAN_FF = re.compile(b"[^\xff]")
_MAX_PARTS = 1_000
"""How many parts of a file are looked at: real ones say how large they are in the first few dozens."""


class NoPicture(ValueError):
    """The file is none that is read here; the text says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture's file says of itself."""

    kind: str
    width: int
    height: int
    moves: bool
    """Whether it has more than one frame, or says so."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One size of an image, as it is kept."""

    name: str
    """Of its file: by what is in it."""
    bytes: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image that was made of an upload."""

    event_id: UUID
    source: str
    """By what was in the upload: the same one again is the same image."""
    alt_text: str
    pictures: Sequence[Picture]
    """In the order of SIZES."""
    lives: Mapping[str, UUID]
    """Of its files, by their names, as they were when they were written."""

    @property
    def bytes(self) -> int:
        """How much its files take: one that serves for two sizes is counted once."""
        return sum({picture.name: picture.bytes for picture in self.pictures}.values())


@dataclass(frozen=True, slots=True)
class Image:
    """An image of an event."""

    id: UUID
    event_id: UUID
    source: str
    alt_text: str
    position: int
    bytes: int
    created_at: datetime
    files: Sequence[str]
    """Their names, in the order of SIZES; their widths and heights beside them."""
    widths: Sequence[int]
    heights: Sequence[int]


def check_count(images: int) -> None:
    """Raise ImageLimitExceeded where an event has so many images that it gets no more."""
    if images >= MAX_IMAGES_PER_EVENT:
        raise ImageLimitExceeded(f"The event has {MAX_IMAGES_PER_EVENT} images already: delete one first.")


def read_header(data: bytes) -> Header:
    """Return what a file says of itself; raise NoPicture unless it is a JPEG, PNG or WebP of one frame and a size."""
    if data.startswith(b"\xff\xd8\xff"):
        header = _jpeg(data)
    elif data.startswith(_PNG):
        header = _png(data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        header = _webp(data)
    else:
        raise NoPicture("must be a JPEG, PNG or WebP: this is another kind of file")
    if header.moves:
        raise NoPicture("must not move: this has more than one frame")
    if not header.width or not header.height:
        raise NoPicture("has no size: the file is damaged")
    if header.width * header.height > MAX_PIXELS:
        raise NoPicture(
            f"must have {MAX_PIXELS // 1_000_000} megapixels at most: this has {header.width} by {header.height} pixels"
        )
    return header


def _jpeg(data: bytes) -> Header:
    at = 2
    for _ in range(_MAX_PARTS):
        begin = data.find(b"\xff", at)
        found = _OTHER_THAN_FF.search(data, begin) if begin >= 0 else None
        if found is None:
            raise _damaged()
        marker, at = data[found.start()], found.end()
        if marker in _JPEG_SIZES:
            return Header("JPEG", _number(data, at + 5, 2), _number(data, at + 3, 2), moves=False)
        if marker in (0xD9, 0xDA):  # it ends, or pixels begin
            raise _damaged()
        if marker not in _JPEG_ALONE and marker:
            at += _number(data, at, 2)
    raise _damaged()


def _png(data: bytes) -> Header:
    moves, size = False, None
    for kind, at in _chunks(data, 8, "big"):
        if kind == b"IHDR":
            size = (_number(data, at, 4), _number(data, at + 4, 4))
        moves = moves or kind == b"acTL"
        if kind == b"IDAT" and size is not None:
            return Header("PNG", *size, moves)
    raise _damaged()


def _webp(data: bytes) -> Header:
    kind, at = next(_chunks(data, 12, "little"), (b"", 0))
    if kind == b"VP8X":
        width, height = (_number(data, at + offset, 3, "little") + 1 for offset in (4, 7))
        return Header("WEBP", width, height, moves=bool(_number(data, at, 1) & 0x02))
    if kind == b"VP8L":
        bits = _number(data, at + 1, 4, "little")
        return Header("WEBP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, moves=False)
    if kind == b"VP8 ":
        width, height = (_number(data, at + offset, 2, "little") & 0x3FFF for offset in (6, 8))
        return Header("WEBP", width, height, moves=False)
    raise _damaged()


def _chunks(data: bytes, at: int, order: str) -> Iterator[tuple[bytes, int]]:
    """Yield the kinds of the chunks of a PNG (big) or of a RIFF (little), and where what is in each begins."""
    for _ in range(_MAX_PARTS):
        if at + 8 > len(data):
            return
        if order == "big":
            length, kind = _number(data, at, 4), data[at + 4 : at + 8]
            yield kind, at + 8
            at += 12 + length
        else:
            kind, length = data[at : at + 4], _number(data, at + 4, 4, "little")
            yield kind, at + 8
            at += 8 + length + length % 2


def _number(data: bytes, at: int, count: int, order: str = "big") -> int:
    if at + count > len(data):
        raise _damaged()
    return int.from_bytes(data[at : at + count], "little" if order == "little" else "big")


def _damaged() -> NoPicture:
    return NoPicture("is damaged: it ends too early, or says nothing of its size where that belongs")
