"""Whoever is offered many tickets finds each of them, and each that they have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from boxoffice.booking.v1 import transfers_pb2 as pb

from web import transfers
from web.visits import Visit


async def test_many_offers_hide_none() -> None:
    async def list_ticket_offers(*, page_token: str, page_size: int, **_other: Any) -> pb.ListTicketOffersResponse:
        first = int(page_token or 0)
        offers = [pb.TicketOffer(id=str(number)) for number in range(first, first + page_size)]
        return pb.ListTicketOffersResponse(offers=offers, next_page_token=str(first + page_size))

    visit = cast(Visit, SimpleNamespace(services=SimpleNamespace(list_ticket_offers=list_ticket_offers)))
    for wanted in ("0", "99", "100", "1999"):
        found = await transfers._received(visit, "user", wanted)
        assert found is not None and found.id == wanted
    assert await transfers._received(visit, "user", "none") is None, "it ends, however many there are"
