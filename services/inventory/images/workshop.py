"""Pictures are made in a process of its own for each upload, which may take so much memory and time and no more.

What libraries do with hostile files then happens where there is nothing: no database, no key, no other request.
"""

import asyncio
import hashlib
import json
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from services.chassis.errors import InvalidField
from services.inventory.errors import ImageTooLarge
from services.inventory.images.domain import MAX_PIXELS, SIZES, NoPicture, Picture, read_header

log = logging.getLogger(__name__)

WORKER = Path(__file__).with_name("worker.py")
UNREADABLE = 2
"""What the worker ends with where the upload is no picture."""

MEMORY_BYTES = 768 * 1024 * 1024
"""A WebP of 40 megapixels takes 600 MiB, all others less."""

PROCESSOR_SECONDS = 10
SECONDS = 20.0
MAX_OUTPUT_BYTES = 16 * 1024 * 1024
"""Of all sizes of an image: three pictures whose every pixel is another come to a quarter of that."""


@dataclass(frozen=True, slots=True)
class Made:
    """A picture that was made, and its file."""

    picture: Picture
    file: bytes


class Workshop:
    """Makes pictures, one upload at a time: others wait for their turn, as long as their deadlines let them."""

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY_BYTES, worker: Path = WORKER) -> None:
        self._seconds = seconds
        self._memory = memory
        self._worker = worker
        self._turn = asyncio.Semaphore(1)

    async def make(self, data: bytes) -> Sequence[Made]:
        """Return an upload in all SIZES; raise InvalidField if it is no picture, ImageTooLarge if it takes too much."""
        try:
            header = read_header(data)
        except NoPicture as error:
            raise InvalidField(("file", str(error))) from None
        async with self._turn:
            output = await self._run(data, header.kind)
        head, _, files = output.partition(b"\n")
        made, at = [], 0
        for width, height, length in json.loads(head):
            file, at = files[at : at + length], at + length
            made.append(Made(Picture(hashlib.sha256(file).hexdigest(), length, width, height), file))
        return made

    async def _run(self, data: bytes, kind: str) -> bytes:
        limits = (MAX_PIXELS, self._memory, PROCESSOR_SECONDS, *(size for _, size in SIZES))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(self._worker), kind, *map(str, limits)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env={},
        )
        output = b""
        try:
            async with asyncio.timeout(self._seconds):
                output = await _talk(process, data)
                await process.wait()
        except TimeoutError:
            log.warning("an image was given up: it took longer than %s seconds", self._seconds)
            raise ImageTooLarge() from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await asyncio.shield(process.wait())
        if process.returncode == UNREADABLE:
            raise InvalidField(("file", "is damaged, or not what it says it is: it cannot be read as a picture"))
        if process.returncode != 0:
            log.warning("an image was given up: its process ended with %s", process.returncode)
            raise ImageTooLarge()
        return output


async def _talk(process: asyncio.subprocess.Process, data: bytes) -> bytes:
    """Send a process its input and return its output, which ends it; raise ImageTooLarge where that is too much."""
    assert process.stdin is not None and process.stdout is not None, "they are pipes"
    with suppress(BrokenPipeError, ConnectionResetError):  # it may end before it has read all
        process.stdin.write(data)
        await process.stdin.drain()
        process.stdin.close()
    output = bytearray()
    while chunk := await process.stdout.read(65_536):
        output += chunk
        if len(output) > MAX_OUTPUT_BYTES:
            raise ImageTooLarge()
    return bytes(output)
