"""Calls of a gateway's REST API: with a deadline and a limit on answers, without redirects and retries."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp

from services.chassis.errors import Unavailable
from services.chassis.sight import metrics, tracing
from services.chassis.wire.calls import ask, deadline

log = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 1024 * 1024
CONNECTIONS = 32


class HttpClient:
    """Connections to one gateway."""

    def __init__(self, url: str, authorization: str) -> None:
        self._url = url.rstrip("/")
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            headers={"user-agent": "boxoffice-payment/1", "authorization": authorization},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def call(
        self,
        name: str,
        verb: str,
        path: str,
        until: float,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Ask; return the status and the body that came. Raises Unavailable where nothing came in time."""
        loop = asyncio.get_running_loop()
        seconds = until - loop.time()
        if seconds <= 0:
            raise Unavailable()
        span = None if tracing.on is None else tracing.on.call_out(name)
        started, outcome = loop.time(), "UNAVAILABLE"

        async def asking() -> tuple[int, bytes]:
            async with self._http.request(
                verb,
                self._url + path,
                json=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=seconds),
                allow_redirects=False,
            ) as answer:
                return answer.status, await _limited(answer)

        try:
            status, data = await ask(name, seconds, asking)
            outcome = str(status)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("%s: %s", name, type(error).__name__)
            raise Unavailable() from error
        finally:
            metrics.peer_timer(name, outcome).observe(loop.time() - started)
            if span is not None:
                span.end(outcome)
        return status, data

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()


async def _limited(answer: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        data += chunk
        if len(data) > MAX_ANSWER_BYTES:
            raise aiohttp.ClientPayloadError("the answer is too large")
    return bytes(data)


def until_at_most(seconds: float) -> float:
    """Return when an answer must be there: as soon as its caller's is, at the latest."""
    until = asyncio.get_running_loop().time() + seconds
    return min(until, deadline.get() or until)
