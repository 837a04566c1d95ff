"""Bytes on a connection of a test's own, and what comes back."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from tests.gateway import hostile
from tests.gateway.fakes import Gateway
from tests.patience import patient

DATA, HEADERS, END_STREAM = 0, 1, 1


async def exchange(gateway: Gateway, data: bytes, is_over: Any) -> bytes:
    """Send bytes; return what came back once `is_over` of it is true."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    answer = b""
    try:
        async with asyncio.timeout(patient(10)):
            writer.write(data)
            while not is_over(answer):
                more = await reader.read(65536)
                assert more, answer
                answer += more
    finally:
        writer.transport.abort()
    return answer


def frames(data: bytes) -> list[tuple[int, int, bytes]]:
    """Return (kind, flags, payload) of the frames of stream 1 of HTTP/2."""
    found = []
    while len(data) >= 9 and len(data) >= (end := 9 + int.from_bytes(data[:3])):
        if int.from_bytes(data[5:9]) == 1:
            found.append((data[3], data[4], data[9:end]))
        data = data[end:]
    return found


async def by_http2(gateway: Gateway, verb: str, path: str) -> list[tuple[int, int, bytes]]:
    """Send a request without a body over HTTP/2; return the frames of its answer."""
    asked = {"method": verb, "path": path, "content-type": "application/json"}
    data = hostile.PREFACE + hostile.frame(4) + hostile.headers_frame(1, **asked)
    answer = await exchange(gateway, data, lambda got: any(flags & END_STREAM for _, flags, _ in frames(got)))
    return frames(answer)


# --- What a connection is asked to become


def is_whole(answer: bytes) -> bool:
    head, _, body = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return bool(length and len(body) >= int(length[1]))
