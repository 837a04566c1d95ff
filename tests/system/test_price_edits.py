"""Prices change while seats are held, released and booked: everyone pays what he was shown."""

from __future__ import annotations

import asyncio
from itertools import count

from tests.patience import eventually
from tests.system.client import PRICES, Client, Json, Show, new_user, ok, refusal

BUYERS = 10


class Editor:
    """Sets a show's prices anew, again and again; `edits` says how often."""

    def __init__(self, client: Client, show: Show) -> None:
        self._client = client
        self._show = show
        self.edits = 0

    async def run(self) -> None:
        for number in count(1):
            prices = [{"tier": tier, "price": price + number} for tier, price in PRICES.items()]
            ok(await self._client.ask("PUT", f"shows/{self._show.id}/prices", {"prices": prices}))
            self.edits = number

    async def another(self) -> None:
        """Wait until the prices are others than now."""
        before = self.edits

        async def is_there() -> bool:
            return self.edits > before + 1

        await eventually(is_there)


async def buy(client: Client, show: Show, editor: Editor, seat: str) -> tuple[int, Json, Json]:
    """Hold a seat, let it go, hold it again and book it, with other prices each time; return what was shown."""
    user = new_user()

    async def held() -> int | None:
        seats = (await client.seat_map(show.id, user))["seats"]
        [shown] = [one["price"] for one in seats if one["id"] == seat]
        wish = {"showId": show.id, "userId": user, "showSeatIds": [seat], "expectedTotal": shown}
        answer = await client.ask("POST", "bookings/hold-seats", wish)
        if answer.status_code != 200:
            assert refusal(answer).reason == "PRICE_CHANGED", answer.text
            return None
        assert ok(answer)["totalAmount"] == shown
        return int(shown)

    first = await eventually(held)
    await editor.another()
    ok(await client.ask("DELETE", f"bookings/holds/{user}", params={"showId": show.id}))
    shown: int = await eventually(held)
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
    editor = Editor(client, show)
    editing = asyncio.create_task(editor.run())
    try:
        sales = await asyncio.gather(*(buy(client, show, editor, seat) for seat in show.seats[:BUYERS]))
    finally:
        editing.cancel()
        await asyncio.gather(editing, return_exceptions=True)
    for shown, ticket, payment in sales:
        assert ticket["status"] == "CONFIRMED"
        assert (ticket["totalAmount"], ticket["finalAmount"], payment["amount"]) == (shown,) * 3
    assert len({shown for shown, *_ in sales}) > 1, "they were shown several prices"
