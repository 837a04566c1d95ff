"""Server-sent events, as the EventSource of browsers reads them: a body that comes in pieces."""

import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from google.api import httpbody_pb2

from services.chassis.errors import ReaderTooSlow, Unavailable
from services.chassis.wire.incoming import Context

HEADERS = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))
"""Of the answer that is a stream of events."""

NOTHING = b":\n\n"
"""What is sent where nothing happens: a comment."""


def body(data: bytes) -> httpbody_pb2.HttpBody:
    """Return a piece of the stream."""
    return httpbody_pb2.HttpBody(content_type="text/event-stream", data=data)


async def answer(pieces: AsyncGenerator[Any, None], context: Context) -> AsyncGenerator[httpbody_pb2.HttpBody, None]:
    """Answer a call with pieces of a stream, as `body` makes them or encoded already.

    What is refused before the first piece is refused; later, where the server stops or the reader is too slow, the
    stream ends well, which is what EventSource comes back to.
    """
    begun = False
    async with aclosing(pieces):
        try:
            async for piece in pieces:
                if not begun:
                    await context.send_initial_metadata(HEADERS)
                    # After how many milliseconds to come again: not all at once, when a server stops.
                    yield body(f"retry: {random.randint(1_000, 3_000)}\n\n".encode())
                    begun = True
                yield piece
        except (ReaderTooSlow, Unavailable):
            if not begun:
                raise
