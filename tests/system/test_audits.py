"""Audits of a stack that is in use: `AUDITS=12 make test T=tests/system/test_audits.py` makes more than CI does."""

import asyncio
import os

import pytest

from audit import audit
from stack.launcher import Stack
from tests.system.client import Client, new_user, ok

AUDITS = int(os.environ.get("AUDITS") or 4)
AT_REST = AUDITS // 2
"""How many there are at most, and of how many that found rest no more are needed."""
WAIT_SECONDS = 3


async def test_audits_while_sales_go_on_call_nothing_broken(
    stack: Stack, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sales follow each other without a pause: an audit finds an instant of rest, or says that there was none."""
    over = asyncio.Event()

    async def sell() -> None:
        """Sell seat after seat of show after show, until the audits are over."""
        while not over.is_set():
            show = await client.make_show(seats_per_row=100)
            *seats, last = show.seats
            while seats and not over.is_set():
                ticket = await client.confirmed(show, new_user(), [seats.pop()])
                if len(seats) % 3 == 0:
                    ok(await client.refund(ticket))
                unpaid = await client.booked(show, new_user(), [last])
                await client.session(unpaid)
                ok(await client.cancel(unpaid))

    selling = asyncio.create_task(sell())
    codes: list[int] = []
    try:
        while len(codes) < AUDITS and codes.count(0) < AT_REST:
            codes.append(await asyncio.to_thread(audit.run, stack.server.url, wait_seconds=WAIT_SECONDS))
    finally:
        over.set()
        await selling
    assert audit.BROKEN not in codes, capsys.readouterr().out
