"""A customer's requests: over REST through the gateway, repeated until they are answered or the patience ends."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable

import aiohttp

from stack.callers import of_request
from stack.services import API
from stack.tokens import Tokens
from storm.history import History, Json, Request

ANSWER_SECONDS = 8.0
"""How long an answer is waited for; the gateway gives up sooner."""
CONNECTIONS = 128
PATIENCE_SECONDS = 30.0
"""How long a request is repeated for: bounded, and longer than anything is away."""
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0
AGAIN = frozenset({429, 500, 502, 503, 504})
AGAIN_REASONS = frozenset({"REQUEST_IN_PROGRESS", "PAYMENT_IN_PROGRESS"})


PayElsewhere = Callable[[str, str], Awaitable[None]]
"""Pays a session by a behaviour at another gateway than the bank."""


class Refused(Exception):
    """The request was refused, for good."""


class GaveUp(Exception):
    """Nobody answered, however often the request was repeated: what became of it is not known."""


class StormShop:
    """The API, as the customers use it. Everything asked and told goes into the history."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        history: History,
        chance: random.Random,
        tokens: Tokens | None = None,
        pay_elsewhere: PayElsewhere | None = None,
    ) -> None:
        """Without `tokens`, nobody says who they are; without `pay_elsewhere`, customers pay at the bank."""
        self.pay_elsewhere = pay_elsewhere
        self._http = http
        self._tokens = tokens
        self._history = history
        self._chance = chance

    async def ask(self, request: Request) -> Json:
        """Ask until there is an answer; raise Refused, or GaveUp."""
        history = self._history
        history.ask(request)
        end = time.monotonic() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            history.attempts += 1
            try:
                status, body = await self._send(request)
            except (aiohttp.ClientError, TimeoutError) as error:
                why = type(error).__name__
            else:
                if status == 200:
                    answer: Json = json.loads(body)
                    history.acknowledge(request, answer)
                    return answer
                reason = reason_of(body)
                why = f"{status} {reason}"
                if status not in AGAIN and reason not in AGAIN_REASONS:
                    history.refusals[why] += 1
                    history.refuse(request, why)
                    raise Refused(why)
            history.refusals[why] += 1
            if time.monotonic() + pause > end:
                history.given_up += 1
                raise GaveUp(f"{request.verb} {request.path}: {why}")
            await asyncio.sleep(pause * self._chance.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _send(self, request: Request) -> tuple[int, bytes]:
        path = f"{API}/{request.path}"
        headers = of_request(self._tokens, request.verb, path, request.body)
        if request.key:
            headers["Idempotency-Key"] = request.key
        async with self._http.request(request.verb, path, json=request.body, headers=headers) as answer:
            return answer.status, await answer.read()


def open_http(url: str) -> aiohttp.ClientSession:
    """Open connections to the gateway."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    return aiohttp.ClientSession(url, timeout=timeout, connector=aiohttp.TCPConnector(limit=CONNECTIONS))


def reason_of(refusal: bytes) -> str:
    """Return the reason of a refusal; of one that is not in the API's form, its first words."""
    try:
        return str(next(filter(None, (one.get("reason") for one in json.loads(refusal)["details"])), ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"not in the form of refusals: {refusal[:60]!r}"
