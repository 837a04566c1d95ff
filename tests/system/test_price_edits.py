"""Prices change while seats are held, released and booked: everyone pays what he was shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from stack.launcher import Stack
from tests.patience import eventually
from tests.system.client import PRICES, Client, Json, Show, new_user, ok, refusal
from tests.system.databases import later

BUYERS = 10
PAUSE = 4
"""How long prices stay, as a multiple of what setting them took."""


class Editor:
    """Sets a show's prices anew, again and again, higher each time; `edits` says how often."""

    def __init__(self, client: Client, show: Show, edits: int) -> None:
        self._client = client
        self._show = show
        self.edits = edits

    async def run(self) -> None:
        for number in count(self.edits + 1):
            prices = [{"tier": tier, "price": price + number} for tier, price in PRICES.items()]
            began = time.monotonic()
            ok(await self._client.ask("PUT", f"shows/{self._show.id}/prices", {"prices": prices}))
            self.edits = number
            # As edits go first, nobody would come in time with what he was shown, were there no pause between them.
            await asyncio.sleep(PAUSE * (time.monotonic() - began))

    async def another(self) -> None:
        """Wait until the prices are others than now."""
        before = self.edits

        async def is_there() -> bool:
            return self.edits > before + 1

        await eventually(is_there)


@asynccontextmanager
async def edited(client: Client, show: Show, edits: int = 0) -> AsyncIterator[Editor]:
    """Have the prices of a show set all the time, which were set so often before."""
    editor = Editor(client, show, edits)
    editing = asyncio.create_task(editor.run())
    try:
        yield editor
    finally:
        editing.cancel()
        await asyncio.gather(editing, return_exceptions=True)


async def held_as_shown(client: Client, show: Show, user: str, seat: str) -> tuple[int, bool]:
    """Hold a seat for what the map shows; return that, and whether nobody else had it."""

    async def held() -> tuple[int, bool] | None:
        seats = (await client.seat_map(show.id, user))["seats"]
        [shown] = [one["price"] for one in seats if one["id"] == seat]
        wish = {"showId": show.id, "userId": user, "showSeatIds": [seat], "expectedTotal": shown}
        answer = await client.ask("POST", "bookings/hold-seats", wish)
        if answer.status_code == 200:
            assert ok(answer)["totalAmount"] == shown
            return shown, True
        if (reason := refusal(answer).reason) == "SEATS_UNAVAILABLE":
            return shown, False
        assert reason == "PRICE_CHANGED", answer.text
        return None

    came: tuple[int, bool] = await eventually(held)
    return came


async def booked_as_shown(client: Client, show: Show, user: str, seat: str) -> tuple[int, Json]:
    """Hold a seat and book it for what was shown; return that and the booking, {} where somebody else has the seat."""
    shown, is_held = await held_as_shown(client, show, user, seat)
    wish = {"showId": show.id, "userId": user, "showSeatIds": [seat], "expectedTotal": shown}
    return shown, ok(await client.ask("POST", "bookings", wish)) if is_held else {}


async def buy(client: Client, show: Show, editor: Editor, seat: str, turn: int) -> tuple[int, Json, Json]:
    """Hold a seat, let it go, hold it again and book it, with other prices each time; return what was shown.

    Whoever has another turn is shown other prices.
    """
    user = new_user()
    for _ in range(turn):
        await editor.another()
    first, _ = await held_as_shown(client, show, user, seat)
    await editor.another()
    ok(await client.ask("DELETE", f"bookings/holds/{user}", params={"showId": show.id}))
    shown, _ = await held_as_shown(client, show, user, seat)
    assert shown > first, "what nobody has costs what the list says"
    await editor.another()
    wish = {"showId": show.id, "userId": user, "showSeatIds": [seat], "expectedTotal": shown}
    booking = ok(await client.ask("POST", "bookings", wish))
    await editor.another()
    await client.pay(await client.session(booking))
    ticket = ok(await client.ask("GET", f"bookings/{booking['id']}", params={"waitSeconds": 20}))
    [payment] = await client.payments(booking["id"])
    return shown, ticket, payment


async def test_everyone_pays_what_he_was_shown_while_prices_change_all_the_time(client: Client) -> None:
    show = await client.make_show()
    async with edited(client, show) as editor:
        sales = await asyncio.gather(
            *(buy(client, show, editor, seat, n % 3) for n, seat in enumerate(show.seats[:BUYERS]))
        )
    for shown, ticket, payment in sales:
        assert ticket["status"] == "CONFIRMED"
        assert (ticket["totalAmount"], ticket["finalAmount"], payment["amount"]) == (shown,) * 3
    assert len({shown for shown, *_ in sales}) > 1, "they were shown several prices"


async def pay(client: Client, shown: int, booking: Json, session: str = "") -> None:
    """Pay for a booking, which comes to be a ticket for what was shown."""
    await client.pay(session or await client.session(booking))
    ticket, [payment] = await client.until(booking["id"], "CONFIRMED"), await client.payments(booking["id"])
    assert (ticket["totalAmount"], ticket["finalAmount"], payment["amount"]) == (shown,) * 3


async def test_who_outstays_his_hold_is_shown_the_list_again_and_whoever_is_first_pays_what_he_was_shown(
    stack: Stack, client: Client
) -> None:
    show = await client.make_show()
    lapsing, paying, late = show.seats[:4], show.seats[4:8], show.seats[8:12]

    async def opened(seat: str) -> tuple[int, Json, str]:
        shown, booking = await booked_as_shown(client, show, new_user(), seat)
        return shown, booking, await client.session(booking)

    async def race(user: str, before: int, seat: str) -> None:
        """Book a seat whose hold has lapsed, at the price of then, and as somebody else wants it, too."""
        wish = {"showId": show.id, "userId": user, "showSeatIds": [seat], "expectedTotal": before}
        assert refusal(await client.ask("POST", "bookings", wish)).reason == "PRICE_CHANGED"
        both = await asyncio.gather(*(booked_as_shown(client, show, one, seat) for one in (user, new_user())))
        [(shown, booking)] = [(shown, booking) for shown, booking in both if booking]
        assert shown > before
        await pay(client, shown, booking)

    async def come_late(shown: int, booking: Json, session: str, seat: str, *, has_rival: bool) -> None:
        """Pay for a booking whose claim has lapsed; a rival may have its seat by then, for what he was shown."""
        if not has_rival:
            await pay(client, shown, booking, session)
            return
        another, others = await booked_as_shown(client, show, new_user(), seat)
        assert another > shown
        await client.pay(session)
        await client.until_payment(booking["id"], "REFUNDED")
        assert (await client.booking(booking["id"]))["status"] == "EXPIRED"
        await pay(client, another, others)

    async with edited(client, show) as editor:
        users = [new_user() for _ in lapsing]
        taken = zip(users, lapsing, strict=True)
        holds = await asyncio.gather(*(held_as_shown(client, show, user, seat) for user, seat in taken))
        in_time, overdue = [await asyncio.gather(*map(opened, seats)) for seats in (paying, late)]
    async with later(stack.server, "5 minutes 1 second", "inventory"), edited(client, show, editor.edits) as editor:
        await editor.another()
        held = zip(users, holds, lapsing, strict=True)
        races = [race(user, before, seat) for user, (before, _), seat in held]
        await asyncio.gather(*races, *(pay(client, *one) for one in in_time))
    clocks = ("inventory", "booking")
    async with later(stack.server, "15 minutes 1 second", *clocks), edited(client, show, editor.edits) as editor:
        await editor.another()
        pairs = enumerate(zip(overdue, late, strict=True))
        await asyncio.gather(*(come_late(*one, seat, has_rival=n % 2 == 0) for n, (one, seat) in pairs))
