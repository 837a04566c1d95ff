"""Pictures: read by a process of its own, made anew without what was said of them, and refused by our own guards."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from services.chassis.errors import InvalidField
from services.inventory.errors import ImageTooLarge
from services.inventory.images import workshop as module
from services.inventory.images.domain import MAX_PIXELS, SIZES, Header, NoPicture, read_header
from services.inventory.images.workshop import Workshop
from tests.inventory.pictures import (
    chunk,
    decoded,
    encoded,
    jpeg_that_says,
    moving,
    picture,
    png_that_says,
    webp_that_says,
    with_exif,
)
from tests.patience import eventually, patient

KINDS = ("JPEG", "PNG", "WEBP")
PATIENT = {"seconds": patient(20)}


# --- What a file says of itself


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_is_read_without_decoding(kind: str) -> None:
    for more in ({}, {"lossless": True}, {"progressive": True}, {"exif": b"Exif\0\0" + bytes(20)}):
        assert read_header(picture(kind, (641, 480), **more)) == Header(kind, 641, 480, moves=False)


@pytest.mark.parametrize("says", [png_that_says, jpeg_that_says, webp_that_says])
def test_a_bomb_is_refused_by_what_it_says(says: Callable[[int, int], bytes]) -> None:
    assert read_header(says(8_000, 5_000)).width * read_header(says(8_000, 5_000)).height == MAX_PIXELS
    for width, height in ((8_000, 5_001), (16_000, 16_000)):
        with pytest.raises(NoPicture, match=f"40 megapixels at most: this has {width} by {height}"):
            read_header(says(width, height))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_moves_is_refused(kind: str) -> None:
    with pytest.raises(NoPicture, match="more than one frame"):
        read_header(moving(kind, 1_000))
    with pytest.raises(NoPicture, match="more than one frame"):
        read_header(webp_that_says(16, 16, flags=0x02))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        encoded(Image.new("P", (4, 4)), "GIF"),
        encoded(Image.new("RGB", (4, 4)), "BMP"),
        encoded(Image.new("RGB", (4, 4)), "TIFF"),
    ],
)
def test_other_kinds_of_files_are_refused(data: bytes) -> None:
    with pytest.raises(NoPicture, match="must be a JPEG, PNG or WebP"):
        read_header(data)


@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"]), st.binary(max_size=200))
@example(b"\xff\xd8\xff", b"\xff" * 200)
@example(b"\x89PNG\r\n\x1a\n", bytes(200))
def test_whatever_a_file_says_it_is_read_or_refused(begin: bytes, rest: bytes) -> None:
    try:
        header = read_header(begin + rest)
    except NoPicture:
        return
    assert 0 < header.width * header.height <= MAX_PIXELS


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff" + b"\xff\xd0" * 5_000 + jpeg_that_says(16, 16)[2:],
        b"\xff\xd8\xff" + b"\xff\xfe\0\x02" * 5_000 + jpeg_that_says(16, 16)[2:],
        b"\x89PNG\r\n\x1a\n" + chunk(b"teXt", b"") * 5_000 + png_that_says(16, 16)[8:],
    ],
)
def test_only_so_many_parts_of_a_file_are_looked_at(data: bytes) -> None:
    """So that the loop that answers everybody is not held up by a file of a million parts."""
    with pytest.raises(NoPicture, match="damaged"):
        read_header(data)


def test_what_fills_a_file_up_is_no_part_of_it() -> None:
    data = jpeg_that_says(16, 16)
    assert read_header(data[:2] + b"\xff" * 1_000_000 + data[2:]).width == 16


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_ends_too_early_is_refused(kind: str) -> None:
    data = picture(kind, exif=b"Exif\0\0" + bytes(500))
    for length in range(12, 30):
        with pytest.raises(NoPicture):
            read_header(data[:length])


# --- What is made of it


async def made(data: bytes) -> list[Image.Image]:
    return [decoded(each.file) for each in await Workshop(**PATIENT).make(data)]


async def test_every_size_fits_its_bounds_and_nothing_is_made_larger() -> None:
    large = await Workshop(**PATIENT).make(picture(size=(3_000, 1_500)))
    assert [(each.picture.width, each.picture.height) for each in large] == [(320, 160), (960, 480), (1920, 960)]
    for each in large:
        assert decoded(each.file).size == (each.picture.width, each.picture.height)
        assert (decoded(each.file).format, len(each.file)) == ("WEBP", each.picture.bytes)
    small = await Workshop(**PATIENT).make(picture("PNG", (100, 40)))
    assert {(each.picture.width, each.picture.height) for each in small} == {(100, 40)}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_picture_is_turned_as_it_was_held_and_nobody_reads_where(kind: str) -> None:
    # By where the red half is: to the left, to the right, or on top.
    for orientation, size, red in ((1, (400, 200), (50, 100)), (3, (400, 200), (350, 100)), (6, (200, 400), (100, 50))):
        data = with_exif(orientation, kind)
        assert b"Canary" in data
        [made_, *_] = reversed(await Workshop(**PATIENT).make(data))
        image = decoded(made_.file)
        assert image.size == size
        r, _, b = image.convert("RGB").getpixel(red)  # type: ignore[misc]
        assert r > 200
        assert b < 60
        assert not image.getexif()
        assert not {"exif", "xmp", "icc_profile"} & image.info.keys()
        assert b"Canary" not in made_.file
        assert b"EXIF" not in made_.file


@pytest.mark.parametrize("kind", KINDS)
async def test_colours_are_those_of_screens(kind: str) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # By this profile, what is called green is blue, and the other way round.
    swapped = srgb.replace(b"gXYZ", b"----").replace(b"bXYZ", b"gXYZ").replace(b"----", b"bXYZ")
    for profile, colour in (
        (None, (10, 200, 30)),
        (srgb, (10, 200, 30)),
        (b"no profile", (10, 200, 30)),
        (swapped, (10, 30, 200)),
    ):
        [image, *_] = await made(picture(kind, colour=(10, 200, 30), icc_profile=profile))
        assert all(abs(a - b) < 15 for a, b in zip(image.convert("RGB").getpixel((50, 50)), colour, strict=True))  # type: ignore[arg-type]
        assert "icc_profile" not in image.info


async def test_grey_of_sixteen_bits_is_as_light_as_it_was() -> None:
    for more in ({}, {"transparency": 5}):
        [image, *_] = await made(encoded(Image.new("I;16", (8, 8), 40_000), "PNG", **more))
        assert abs(image.convert("L").getpixel((4, 4)) - 40_000 // 256) < 4  # type: ignore[operator]


async def test_what_was_transparent_stays_so() -> None:
    clear = encoded(Image.new("RGBA", (40, 40), (255, 0, 0, 0)), "PNG")
    palette = Image.new("P", (40, 40), 0)
    grey, red = Image.new("L", (40, 40), 7), Image.new("RGB", (40, 40), (255, 0, 0))
    for data in (
        clear,
        encoded(palette, "PNG", transparency=0),
        encoded(grey, "PNG", transparency=7),
        encoded(red, "PNG", transparency=(255, 0, 0)),
    ):
        assert (await made(data))[0].convert("RGBA").getchannel("A").getextrema() == (0, 0)
    cmyk = encoded(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG")
    r, g, b = (await made(cmyk))[0].convert("RGB").getpixel((20, 20))  # type: ignore[misc]
    assert r > 200 > 80 > max(g, b)


async def test_a_file_that_is_html_as_well_is_a_picture_alone() -> None:
    script = b"<html><script>alert(document.domain)</script>"
    for kind in ("JPEG", "PNG"):
        data = picture(kind, comment=script) if kind == "JPEG" else picture(kind) + script
        assert script in data
        for each in await Workshop(**PATIENT).make(data):
            assert b"script" not in each.file
            assert each.file.startswith(b"RIFF")


@pytest.mark.parametrize("kind", KINDS)
async def test_half_a_picture_is_none(kind: str) -> None:
    image = Image.effect_noise((300, 300), 80).convert("RGB")
    data = encoded(image, kind)
    with pytest.raises(InvalidField, match="damaged"):
        await made(data[: len(data) // 2])


async def test_pixels_that_are_not_there_are_no_picture() -> None:
    with pytest.raises(InvalidField, match="damaged"):
        await made(png_that_says(2_000, 2_000, pixels=b"\0" * 10))


# --- The process


def worker(folder: Path, code: str) -> Path:
    """A program in the place of the one that reads pictures."""
    own = folder / "worker.py"
    own.write_text(code)
    return own


async def test_who_takes_more_memory_than_it_may_is_ended_and_others_go_on() -> None:
    narrow = Workshop(**PATIENT, memory=256 * 1024 * 1024)
    with pytest.raises(ImageTooLarge):
        await narrow.make(encoded(Image.new("RGBA", (6_000, 6_000)), "PNG", compress_level=1))
    assert len(await narrow.make(picture(size=(50, 50)))) == len(SIZES)


async def test_who_takes_too_long_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\ntime.sleep(3600)\n"
    with pytest.raises(ImageTooLarge):
        await Workshop(seconds=3, worker=worker(tmp_path, code)).make(picture())
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_who_is_left_by_its_caller_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\ntime.sleep(3600)\n"
    workshop = Workshop(**PATIENT, worker=worker(tmp_path, code))
    asked = asyncio.create_task(workshop.make(picture()))
    await eventually(lambda: pid.exists() and pid.read_text())
    asked.cancel()
    await asyncio.wait([asked])
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.parametrize(
    "code", ["import os; os.abort()", "import sys; sys.exit(1)", "while True: print('x' * 65536)", "import nothing"]
)
async def test_a_process_that_dies_or_says_too_much_hurts_nobody_else(tmp_path: Path, code: str) -> None:
    with pytest.raises(ImageTooLarge):
        await Workshop(**PATIENT, worker=worker(tmp_path, code)).make(picture())


TAKEN_OVER = """\
        for name in ("/etc/passwd", "/tmp/x"):
            try:
                open(name, "a" if name == "/tmp/x" else "r")
            except OSError:
                continue
            sys.exit(UNREADABLE)
        while True: pass
"""
"""What a hostile picture may make of the process: files are out of its reach, and its time ends."""


def taken_over() -> str:
    return module.WORKER.read_text().replace("        made = pictures(", f"{TAKEN_OVER}        made = pictures(")


async def test_it_computes_for_so_long_and_opens_and_writes_no_file(tmp_path: Path) -> None:
    with patch.object(module, "PROCESSOR_SECONDS", 1), pytest.raises(ImageTooLarge):
        await Workshop(seconds=patient(60), worker=worker(tmp_path, taken_over())).make(picture())


async def test_one_picture_is_made_at_a_time(tmp_path: Path) -> None:
    """So that the memory of one is all that pictures take, however many come."""
    gate = tmp_path / "inside"
    code = (
        "import os, sys, time\n"
        f"os.mkdir({str(gate)!r})\n"  # fails while another is inside
        "time.sleep(0.05)\n"
        f"os.rmdir({str(gate)!r})\n"
        "sys.stdout.write('[]\\n')\n"
    )
    workshop = Workshop(**PATIENT, worker=worker(tmp_path, code))
    assert await asyncio.gather(*(workshop.make(picture()) for _ in range(4))) == [[]] * 4
