"""Customers who book, pay, cancel and give back through the gateway, over REST and gRPC, and to whom nothing may fail.

They run in a thread of their own, so that whoever started a stack can restart its processes meanwhile. Nothing that
they ask for is repeated: what fails is kept, and told in the end.
"""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx

from boxoffice_client import AsyncClient, Options
from stack import tokens
from stack.callers import Bearer
from stack.launcher import Stack
from stack.processes import wait_until
from stack.tokens import Tokens
from tests.patience import patient
from tests.system.client import Client, Show, new_user, ok

OVER_REST = 4
OVER_GRPC = 4
FIRST_SECONDS = patient(30)


class Customers:
    """Customers, for as long as the block lasts. `failures` has what was refused to them or lost.

    Each pauses for `pause_seconds` after a story: then they leave processors to what goes on beside them.
    """

    def __init__(self, stack: Stack, *, pause_seconds: float = 0.0) -> None:
        self._pause_seconds = pause_seconds
        self.failures: list[str] = []
        self.done: Counter[str] = Counter()
        """Stories that came to their end."""
        self._url = stack.public_url
        self._tokens = tokens.needed(stack.settings)
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), name="customers")

    def __enter__(self) -> Self:
        self._thread.start()
        assert wait_until(lambda: len(self.done) == 4 or bool(self.failures), FIRST_SECONDS), self.done
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def wait_for_more(self, stories: int) -> None:
        """Wait until so many more stories of each kind have come to their end."""
        before = Counter(self.done)
        all_done = wait_until(lambda: all(self.done[kind] >= before[kind] + stories for kind in before), FIRST_SECONDS)
        assert all_done or self.failures, (before, self.done)

    async def _all(self) -> None:
        async with (
            httpx.AsyncClient(
                base_url=self._url,
                auth=Bearer(self._tokens) if self._tokens else None,
                timeout=patient(10),
                trust_env=False,
            ) as http,
            AsyncClient(self._url, options=Options(attempts=1)) as grpc,
        ):
            client = Client(http)
            stories = [lambda show, turn: _over_rest(client, show, turn)] * OVER_REST
            stories += [lambda show, turn: _over_grpc(grpc, show, turn, self._tokens)] * OVER_GRPC
            await asyncio.gather(*(self._customer(client, story) for story in stories))

    async def _customer(self, client: Client, story: Callable[[Show, int], Awaitable[str]]) -> None:
        turn = 0
        show: Show | None = None
        while not self._over.is_set():
            try:
                if show is None or len(show.seats) < 2:
                    show = await client.make_show(seats_per_row=50)
                kind = await story(show, turn)
            except Exception:
                self.failures.append(f"{time.strftime('%H:%M:%S')} {traceback.format_exc(limit=-2)}")
                await asyncio.sleep(0.1)  # what is broken is not broken a thousand times
                continue
            self.done[kind] += 1
            turn += 1
            await asyncio.sleep(self._pause_seconds)


async def _over_rest(client: Client, show: Show, turn: int) -> str:
    """Hold, book and pay two seats, and give every second ticket back."""
    user, seats = new_user(), [show.seats.pop(), show.seats.pop()]
    ok(await client.hold(show, user, seats, headers={"Idempotency-Key": str(uuid4())}))
    ticket = await client.confirmed(show, user, seats)
    assert len(await client.payments(ticket["id"])) == 1
    if turn % 2:
        return "ticket over REST"
    refund = ok(await client.refund(ticket, headers={"Idempotency-Key": str(uuid4())}))
    assert refund["refundPercentage"] == 100
    await client.until(ticket["id"], "REFUNDED")
    return "refund over REST"


async def _over_grpc(client: AsyncClient, show: Show, turn: int, signing: Tokens | None) -> str:
    """Hold and book two seats; cancel every second booking, and go to the bank with the others."""
    user, seats = new_user(), [show.seats.pop(), show.seats.pop()]
    if signing is not None:
        client = client.with_options(token=signing.token_for(user))
    await client.hold_seats(user_id=user, show_id=show.id, show_seat_ids=seats, idempotency_key=str(uuid4()))
    booking = await client.create_booking(
        user_id=user, show_id=show.id, show_seat_ids=seats, idempotency_key=str(uuid4())
    )
    assert (await client.get_booking(booking_id=booking.id)).id == booking.id
    if turn % 2:
        await client.cancel_booking(booking_id=booking.id, user_id=user, idempotency_key=str(uuid4()))
        return "cancelled over gRPC"
    await client.initiate_payment(booking_id=booking.id, user_id=user, idempotency_key=str(uuid4()))
    return "checkout over gRPC"
