"""The sections of an event's show: how many of their seats can be had, and what they cost."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2_grpc

from services.chassis.store.database import Database
from tests.databases import move_clock
from tests.inventory.catalogue_client import (
    NOON,
    PREMIUM,
    PRICES,
    REGULAR,
    VIP,
    Catalogue,
    invalid_fields,
    refusal,
    stamp,
)
from tests.inventory.served import served_inventory


@dataclass
class Stage:
    """Inventory with its catalogue, and an event with a show."""

    catalogue: Catalogue
    inventory: Any
    event_id: str
    show_id: str
    screen_id: str

    def ask(self, event_id: str = "", show_id: str = "") -> Any:
        return self.inventory.GetEventSeats(
            pb.GetEventSeatsRequest(event_id=event_id or self.event_id, show_id=show_id)
        )


@pytest.fixture
async def stage(inventory_db: Database) -> AsyncIterator[Stage]:
    async with served_inventory(inventory_db) as channel:
        catalogue = Catalogue(inventory_db, channel)
        event = await catalogue.event()
        screen = await catalogue.screen()
        show = await catalogue.show(event_id=event.id, screen_id=screen.id)
        yield Stage(catalogue, inventory_pb2_grpc.InventoryServiceStub(channel), event.id, show.id, screen.id)


async def test_sections_count_their_seats_and_say_what_they_cost(stage: Stage) -> None:
    user = str(uuid4())
    seats = (await stage.inventory.GetSeatMap(pb.GetSeatMapRequest(show_id=stage.show_id))).seats
    stalls, circle = seats[:7], seats[7:]
    held = pb.HoldSeatsRequest(show_id=stage.show_id, user_id=user, show_seat_ids=[seat.id for seat in stalls[:2]])
    await stage.inventory.HoldSeats(held)
    blocked = pb.BlockSeatsRequest(show_id=stage.show_id, show_seat_ids=[circle[0].id], reason="Sound desk")
    await stage.inventory.BlockSeats(blocked)
    for asked in ("", stage.show_id):
        answer = await stage.ask(show_id=asked)
        assert (answer.event_id, answer.show_id, answer.currency) == (stage.event_id, stage.show_id, "INR")
        assert list(answer.sections) == [
            pb.EventSeats.Section(
                section="Stalls",
                total=7,
                available=5,
                held=2,
                lowest_price=PRICES[REGULAR],
                highest_price=PRICES[REGULAR],
            ),
            pb.EventSeats.Section(
                section="Circle",
                total=3,
                available=2,
                blocked=1,
                lowest_price=PRICES[PREMIUM],
                highest_price=PRICES[VIP],
            ),
        ]
    await move_clock(stage.catalogue.db, "6 minutes")
    lapsed = await stage.ask()
    assert [(section.available, section.held) for section in lapsed.sections] == [(7, 0), (2, 0)]


async def test_which_show_is_meant_has_to_be_said_where_there_are_several(stage: Stage) -> None:
    later = stamp(NOON + timedelta(days=1))
    second = await stage.catalogue.show(event_id=stage.event_id, screen_id=stage.screen_id, start_time=later)
    assert set(await invalid_fields(stage.ask())) == {"showId"}
    for show_id in (stage.show_id, second.id):
        assert (await stage.ask(show_id=show_id)).show_id == show_id


async def test_what_is_not_there_is_not_found(stage: Stage) -> None:
    other = await stage.catalogue.event(title="Another")
    for request, reason in (
        (stage.ask(event_id=str(uuid4())), "EVENT_NOT_FOUND"),
        (stage.ask(event_id=other.id), "SHOW_NOT_FOUND"),
        (stage.ask(event_id=other.id, show_id=stage.show_id), "SHOW_NOT_FOUND"),
        (stage.ask(show_id=str(uuid4())), "SHOW_NOT_FOUND"),
    ):
        refused = await refusal(request)
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, reason)
