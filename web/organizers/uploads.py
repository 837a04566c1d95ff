"""Forms with a file."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator

from aiohttp import BodyPartReader, web

from web.failures import BUSY, Failed
from web.languages import N_
from web.visits import TOO_OLD, UNREADABLE, Visit

LARGEST_BYTES = 8 * 1024 * 1024
"""Of a file, as the services take it."""

LARGEST_TEXT_BYTES = 4 * 1024
UPLOAD_SECONDS = 60.0
"""So long a file may take to come."""

WORK_SECONDS = 8.0
"""So long a service may take to make something of a file."""

LEFT_SECONDS = WORK_SECONDS + 1.0
"""So long the answer may take once the form is there: less than the gateway waits for it then."""

MOST_PARTS = 20
"""No form of ours has as many fields."""

MOST_AT_ONCE = 8
"""So many files are read at once: each is in memory until its service has it."""

MULTIPART = "multipart/form-data"

_reading = asyncio.Semaphore(MOST_AT_ONCE)


async def sent(visit: Visit) -> tuple[dict[str, str], str, bytes]:
    """Return what a form with a file says, the file's kind, and the file; raise Failed where it is none of ours.

    The word comes before the file: nothing is read of the file of who does not know it.
    """
    if visit.request.content_type != MULTIPART:
        raise Failed(415, N_("This form cannot be read"), UNREADABLE)
    if _reading.locked():
        raise Failed(BUSY.status, BUSY.title, BUSY.text)
    visit.wait_for(UPLOAD_SECONDS)
    async with _reading:
        return await _sent(visit)


async def _sent(visit: Visit) -> tuple[dict[str, str], str, bytes]:
    texts: dict[str, str] = {}
    try:
        async for part in _parts(visit.request):
            if part.name != "file":
                text = await _read(part, LARGEST_TEXT_BYTES)
                texts[part.name or ""] = text[:LARGEST_TEXT_BYTES].decode()
                continue
            _check_word(visit, texts)
            return texts, part.headers.get("content-type", ""), await _read(part, LARGEST_BYTES)
    except (ValueError, UnicodeDecodeError):
        raise Failed(400, N_("This form cannot be read"), UNREADABLE) from None
    _check_word(visit, texts)
    return texts, "", b""


async def _parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    reader = await request.multipart()
    for _number in range(MOST_PARTS):
        part = await reader.next()
        if part is None:
            return
        if isinstance(part, BodyPartReader):
            yield part
    raise ValueError("too many parts")


async def _read(part: BodyPartReader, most: int) -> bytes:
    """Return a part as far as one byte more than there may be."""
    read = bytearray()
    while len(read) <= most and (chunk := await part.read_chunk()):
        read += chunk
    return bytes(read[: most + 1])


def _check_word(visit: Visit, texts: dict[str, str]) -> None:
    if not hmac.compare_digest(texts.get("word", "").encode(), visit.session.word.encode()):
        raise Failed(403, N_("This form is too old"), TOO_OLD)
