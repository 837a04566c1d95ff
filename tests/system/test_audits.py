"""Audits of a stack that is in use."""

import asyncio

import pytest

from audit import audit
from stack.launcher import Stack
from tests.system.client import Client, new_user, ok

AUDITS, WAIT_SECONDS = 12, 3
SALES = 80


async def test_audits_while_sales_go_on_call_nothing_broken(
    stack: Stack, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sales follow each other without a pause: an audit finds an instant of rest, or says that there was none."""
    show = await client.make_show(seats_per_row=100)
    *seats, last = show.seats
    over = asyncio.Event()

    async def sell() -> None:
        # Others look at every row of this stack afterwards: so many are enough for the first audits.
        for number in range(SALES):
            if over.is_set():
                return
            ticket = await client.confirmed(show, new_user(), [seats.pop()])
            if number % 3 == 0:
                ok(await client.refund(ticket))
            unpaid = await client.booked(show, new_user(), [last])
            await client.session(unpaid)
            ok(await client.cancel(unpaid))

    selling = asyncio.create_task(sell())
    try:
        codes = [await asyncio.to_thread(audit.run, stack.server.url, wait_seconds=WAIT_SECONDS) for _ in range(AUDITS)]
    finally:
        over.set()
        await selling
    assert audit.BROKEN not in codes, capsys.readouterr().out
