"""A film for Chromium's camera that is none: codes of tickets come into sight, and go again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from services.booking.tickets import qr

WIDTH, HEIGHT = 320, 240
MODULE = 5
FRAMES_PER_SECOND = 5
WHITE, BLACK = b"\xeb", b"\x10"


def picture(text: str) -> bytes:
    """Return the brightness of a picture of a code; of nothing where there is no text."""
    lines = [list(line) for line in qr.symbol(text).matrix_iter(scale=MODULE, border=2)] if text else []
    left, top = (WIDTH - len(lines)) // 2, (HEIGHT - len(lines)) // 2
    empty = WHITE * WIDTH
    drawn = [
        WHITE * left + b"".join(BLACK if dark else WHITE for dark in line) + WHITE * (WIDTH - left - len(line))
        for line in lines
    ]
    return empty * top + b"".join(drawn) + empty * (HEIGHT - top - len(lines))


def write(file: Path, scenes: Sequence[tuple[str, float]]) -> None:
    """Write a film of codes, each seen for so many seconds, as `--use-file-for-fake-video-capture` reads it."""
    colours = b"\x80" * (WIDTH * HEIGHT // 2)
    with file.open("wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420\n".encode())
        for text, seconds in scenes:
            film.write((b"FRAME\n" + picture(text) + colours) * round(seconds * FRAMES_PER_SECOND))
