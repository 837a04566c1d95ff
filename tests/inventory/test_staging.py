"""An event and its first show, made by one call."""

from typing import Any
from uuid import uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb

from tests.inventory.catalogue_client import MAX_SEATS, NOON, Catalogue, at, invalid_fields, refusal, stamp

EVENT: dict[str, Any] = {"title": "Nine Rivers", "category": pb.Event.CONCERT, "duration_minutes": 90}


def request(screen: pb.Screen, **fields: Any) -> pb.CreateEventRequest:
    first = {"event_date": stamp(NOON), "screen_id": screen.id, "base_price": 50_000}
    return pb.CreateEventRequest(**EVENT | first | fields)


async def test_one_call_makes_an_event_and_its_first_show(catalogue: Catalogue) -> None:
    screen = await catalogue.screen()
    event = await catalogue.rpc.CreateEvent(request(screen, status=pb.Event.PUBLISHED))
    show = await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=event.show_id))
    assert (show.event_id, show.screen_id, show.start_time, show.status) == (
        event.id,
        screen.id,
        stamp(NOON),
        pb.Show.ON_SALE,
    )
    assert {price.price for price in show.prices} == {50_000}
    assert len(show.prices) == 3
    rows = await catalogue.db.fetch("SELECT DISTINCT price FROM show_seats")
    assert [row.price for row in rows] == [50_000]
    assert (await catalogue.rpc.GetEvent(pb.GetEventRequest(event_id=event.id))).show_id == ""


async def test_the_show_of_a_draft_is_one_and_is_published_with_it(catalogue: Catalogue) -> None:
    event = await catalogue.rpc.CreateEvent(request(await catalogue.screen(), base_price=0))
    get = pb.GetShowRequest(show_id=event.show_id)
    assert event.status == pb.Event.DRAFT
    assert (await refusal(catalogue.rpc.GetShow(get))).reason == "SHOW_NOT_FOUND"
    await catalogue.rpc.PublishEvent(pb.PublishEventRequest(event_id=event.id))
    assert (await catalogue.rpc.GetShow(get)).status == pb.Show.ON_SALE


async def test_the_same_key_makes_one_event_and_one_show(catalogue: Catalogue) -> None:
    asked = request(await catalogue.screen(), idempotency_key="once")
    first = await catalogue.rpc.CreateEvent(asked)
    assert await catalogue.rpc.CreateEvent(asked) == first
    assert [await catalogue.count("events"), await catalogue.count("shows")] == [1, 1]


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        (("event_date",), {"eventDate"}),
        (("screen_id", "base_price"), {"screenId", "basePrice"}),
        (("event_date", "base_price"), {"eventDate", "basePrice"}),
    ],
)
async def test_what_makes_a_show_comes_whole_or_not_at_all(
    catalogue: Catalogue, without: tuple[str, ...], missing: set[str]
) -> None:
    asked = request(await catalogue.screen())
    for name in without:
        asked.ClearField(name)  # type: ignore[arg-type]
    assert set(await invalid_fields(catalogue.rpc.CreateEvent(asked))) == missing


async def test_where_the_show_cannot_be_the_event_is_not_made_either(catalogue: Catalogue) -> None:
    screen = await catalogue.screen()
    await catalogue.rpc.CreateEvent(request(screen))
    for asked, reason in (
        (request(screen), "SHOW_OVERLAPS"),
        (request(pb.Screen(id=str(uuid4()))), "SCREEN_NOT_FOUND"),
    ):
        assert (await refusal(catalogue.rpc.CreateEvent(asked))).reason == reason
    fields = {"event_date": at(1_000_000_000)}, {"base_price": (2**31 - 1) // MAX_SEATS + 1}
    for changed, blamed in zip(fields, ("eventDate", "basePrice"), strict=True):
        assert set(await invalid_fields(catalogue.rpc.CreateEvent(request(screen, **changed)))) == {blamed}
    assert [await catalogue.count("events"), await catalogue.count("shows")] == [1, 1]
