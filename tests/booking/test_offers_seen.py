"""What is seen of offers of tickets: in lists, in what is kept of a user, and once a show is moved."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest
from boxoffice.booking.v1 import booking_pb2, tickets_pb2
from boxoffice.booking.v1 import transfers_pb2 as pb

from services.booking.errors import OfferNotFound
from services.booking.records import KINDS
from services.booking.transfers import statements as sql
from services.booking.transfers.operation import MoveOffers
from services.booking.transfers.rpc import TransferServicer
from services.chassis.wire import records
from services.chassis.wire.identity import Caller
from tests.booking.house import ANN, BOB, House, move_clocks
from tests.booking.offers import ADDRESS, accept, decline, give_back, listed, offer
from tests.booking.test_rescheduled_shows import followed, reschedule
from tests.booking.test_tickets import tickets
from tests.booking.test_transfers import CAT, sold

__all__ = ["sold"]


async def test_organizations_are_not_told_the_name_of_whom_a_ticket_was_given_to(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    booking, (ticket, _other) = sold
    await accept(house, await offer(house, ticket))
    assert [one.recipient_name for one in await tickets(house, booking, ANN)] == ["Bob", ""]
    house.callers[:] = [Caller(CAT, frozenset({"USER"}))]
    for named in (None, ANN):
        of_staff = await tickets(house, booking, named)
        assert [(one.is_transferred, one.recipient_name) for one in of_staff] == [(True, ""), (False, "")]


async def test_no_offer_is_open_once_a_show_has_begun_that_was_moved_to_an_earlier_time(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    _, (ticket, _other) = sold
    made = await offer(house, ticket)
    await reschedule(house, timedelta(hours=-60))
    await followed(house)
    request = pb.ListTicketOffersRequest(user_id=str(BOB), side=pb.ListTicketOffersRequest.RECEIVED)
    [seen] = (await house.transfers.ListTicketOffers(request)).offers
    assert seen.expires_at == seen.start_time != made.start_time
    await move_clocks(house, "13 hours")
    assert await listed(house, BOB, "RECEIVED") == []


async def test_offers_to_a_user_are_found_by_indexes_alone(house: House) -> None:
    given = {"user_id": BOB, "email": ADDRESS, "booking_id": None, "after": None, "limit": 20}
    async with house.db.transaction() as tx:
        await tx.send("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {sql.RECEIVED}", given))
    assert "Seq Scan" not in plan and "SubPlan" not in plan, "a filter would be asked about every offer that there is"


async def test_inventory_is_asked_for_those_alone_to_whom_an_offer_is_made(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    made = await offer(house, sold[1][0])
    nobody: Any = SimpleNamespace(knows=True, contacts=AsyncMock(return_value={}))
    inventory: Any = SimpleNamespace(seat_limit=AsyncMock())
    offers: Any = None
    servicer = TransferServicer(house.db, inventory, nobody, offers, MoveOffers(house.db))
    context: Any = None
    with pytest.raises(OfferNotFound):
        await servicer.AcceptOffer(pb.AcceptOfferRequest(offer_id=made.id, user_id=str(BOB)), context)
    inventory.seat_limit.assert_not_called()


async def test_what_is_kept_of_a_user_has_the_offers_that_the_user_has_answered(
    house: House, sold: tuple[booking_pb2.Booking, list[tickets_pb2.Ticket]]
) -> None:
    _, (ticket, other) = sold
    made, more = await offer(house, ticket), await offer(house, other)
    await accept(house, made)
    await decline(house, more)
    await give_back(house, made)
    kept, _token = await records.page(house.db, KINDS, BOB, "")
    answered = [json.loads(one)["data"] for one in kept if '"ticket_offers_answered"' in one]
    assert [(one["id"], one["state"]) for one in answered] == [(made.id, "RETURNED"), (more.id, "DECLINED")]
    assert str(ANN) not in str(kept), "nothing of who has made them"
    of_maker, _token = await records.page(house.db, KINDS, ANN, "")
    made_ones = [one for one in of_maker if '"ticket_offers"' in one]
    assert len(made_ones) == 2 and str(BOB) not in str(of_maker) and "mail_" not in str(made_ones)
