"""Whose bookings are: of the organization whose show it is."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc

from services.booking import owners
from services.booking.clients import InventoryClient
from services.chassis.errors import Failure
from services.chassis.wire.owners import Things
from tests.booking.house import ANN, BOB, House, make_show, refused
from tests.servers import served

OURS = uuid4()
SOON = timedelta(days=2)


async def ours(house: House) -> None:
    """Have the show be an organization's."""
    await house.inventory_db.execute("UPDATE shows SET organization_id = %(id)s", {"id": OURS})


def things(house: House) -> dict[str, Things]:
    return owners.things(house.db, InventoryClient(house.to_inventory))


async def kept(house: House) -> UUID | None:
    [row] = await house.db.fetch("SELECT organization_id FROM bookings")
    found: UUID | None = row.organization_id
    return found


async def test_a_booking_keeps_whose_its_show_is(house: House) -> None:
    await ours(house)
    booking = await house.book(ANN, 0)
    assert await kept(house) == OURS
    assert await things(house)["booking_id"].owner(UUID(booking.id)) == OURS
    await house.inventory_db.execute("UPDATE shows SET organization_id = NULL")
    assert await things(house)["booking_id"].owner(UUID(booking.id)) == OURS, "inventory is not asked"


async def test_of_a_booking_by_code_from_before_inventory_says_whose_its_show_is(house: House) -> None:
    booking = await house.book(ANN, 0)
    assert await kept(house) is None
    assert await things(house)["booking_id"].owner(UUID(booking.id)) is None
    await ours(house)
    assert await things(house)["booking_id"].owner(UUID(booking.id)) == OURS


async def test_a_booking_is_hidden_from_all_who_do_not_run_its_show(house: House) -> None:
    booking, own = await house.book(ANN, 0), things(house)["booking_id"]
    hidden = await own.hidden(UUID(booking.id))
    assert hidden is not None
    assert hidden.reason == "BOOKING_NOT_FOUND"
    with pytest.raises(Failure) as refusal:
        await own.owner(uuid4())
    assert (refusal.value.reason, str(refusal.value)) == ("BOOKING_NOT_FOUND", str(hidden))


async def test_a_draft_has_an_owner_whom_nobody_else_is_told_of(house: House) -> None:
    catalog, of = catalog_pb2_grpc.CatalogServiceStub(house.to_inventory), things(house)
    event = await catalog.CreateEvent(
        catalog_pb2.CreateEventRequest(
            title="Low Tide",
            category=catalog_pb2.Event.CONCERT,
            duration_minutes=60,
            status=catalog_pb2.Event.DRAFT,
            organization_id=str(OURS),
        )
    )
    show_id = await make_show(catalog, in_=SOON, closes=timedelta(0))
    await house.inventory_db.execute(
        "UPDATE shows SET organization_id = %s, status = 'DRAFT' WHERE id = %s", (OURS, show_id)
    )
    for field, id_, reason in (("event_id", event.id, "EVENT_NOT_FOUND"), ("show_id", show_id, "SHOW_NOT_FOUND")):
        assert await of[field].owner(UUID(id_)) == OURS
        hidden = await of[field].hidden(UUID(id_))
        assert hidden is not None
        with pytest.raises(Failure) as absent:
            await of[field].owner(uuid4())
        assert (hidden.reason, str(hidden)) == (reason, str(absent.value))
    assert await of["show_id"].hidden(UUID(house.show_id)) is None


async def test_bookings_of_a_show_are_listed_in_pages_whoever_they_are_of(house: House) -> None:
    made = [(await house.book(user, number)).id for number, user in enumerate((ANN, BOB, ANN, BOB))]
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=made[1], user_id=str(BOB)))

    async def listed(**fields: object) -> pb.ListShowBookingsResponse:
        request = pb.ListShowBookingsRequest(show_id=house.show_id, **fields)  # type: ignore[arg-type]
        answer: pb.ListShowBookingsResponse = await house.bookings.ListShowBookings(request)
        return answer

    whole = await listed()
    assert [one.id for one in whole.bookings] == made[::-1]
    assert whole.next_page_token == ""
    got = await house.get(made[1])
    for one in (got, whole.bookings[2]):
        one.ClearField("payment")
    assert whole.bookings[2] == got
    first = await listed(page_size=3)
    rest = await listed(page_size=3, page_token=first.next_page_token)
    assert [one.id for one in (*first.bookings, *rest.bookings)] == made[::-1]
    assert [one.id for one in (await listed(status=pb.Booking.CANCELLED)).bookings] == [made[1]]
    assert [one.id for one in (await listed(status=pb.Booking.PENDING)).bookings] == [made[3], made[2], made[0]]
    other = pb.ListShowBookingsRequest(show_id=house.show_id, page_token=first.next_page_token, status="PENDING")
    assert (await refused(house.bookings.ListShowBookings(other))).reason == "INVALID_FIELD"


async def test_only_a_shows_own_bookings_are_listed(house: House) -> None:
    await house.book(ANN, 0)
    catalog = catalog_pb2_grpc.CatalogServiceStub(house.to_inventory)
    empty = await make_show(catalog, in_=SOON, closes=timedelta(0))
    assert not (await house.bookings.ListShowBookings(pb.ListShowBookingsRequest(show_id=empty))).bookings
    nothing = pb.ListShowBookingsRequest(show_id=str(uuid4()))
    assert (await refused(house.bookings.ListShowBookings(nothing))).reason == "SHOW_NOT_FOUND"


class CatalogOfBefore(catalog_pb2_grpc.CatalogServiceServicer):
    """The catalogue of an inventory of the version before."""

    async def GetOwner(self, request: Any, context: Any) -> Any:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")

    async def GetShow(self, request: Any, context: Any) -> Any:
        return catalog_pb2.Show(id=request.show_id, organization_id=str(OURS))

    async def GetEvent(self, request: Any, context: Any) -> Any:
        return catalog_pb2.Event(id=request.event_id)


async def test_an_inventory_of_the_version_before_tells_whose_public_shows_and_events_are() -> None:
    before = CatalogOfBefore()
    async with served(lambda server: catalog_pb2_grpc.add_CatalogServiceServicer_to_server(before, server)) as channel:
        inventory = InventoryClient(channel)
        assert await inventory.owner_of_show(uuid4()) == OURS
        assert await inventory.owner_of_event(uuid4()) is None
