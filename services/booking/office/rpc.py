"""OfficeService: parse, call, render."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from uuid import UUID

from boxoffice.booking.v1 import booking_pb2, office_pb2_grpc
from boxoffice.booking.v1 import office_pb2 as pb
from boxoffice.payment.v1 import payment_pb2
from google.api import httpbody_pb2

from services.booking.bookings import messages as of_bookings
from services.booking.clients import InventoryClient, PaymentClient
from services.booking.office import messages, searches
from services.booking.office.domain import parse_wanted
from services.booking.office.exporting import Asked, Exporting
from services.booking.office.exports import list_exports
from services.booking.office.sales import sales_of
from services.booking.people import IdentityClient
from services.booking.viewing.look import Bookings, Seen
from services.chassis.errors import Code, Failure, is_transient
from services.chassis.store.database import Database
from services.chassis.values.sheets import CONTENT_TYPE
from services.chassis.wire import pages
from services.chassis.wire.identity import caller, own_organizations
from services.chassis.wire.incoming import Context
from services.chassis.writes.idempotency import NOBODY

UNKNOWN = "UTC"
"""The time zone of what is not on sale yet."""

TOLD_CONTACTS = ("OWNER", "BOX_OFFICE")
"""The roles of members who are told how customers are reached."""

FILE = (
    ("content-disposition", 'attachment; filename="bookings.csv"'),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
)
"""Headers of an answer that is a file."""


class OfficeServicer(office_pb2_grpc.OfficeServiceServicer):
    """What those who run shows ask for. The contract says what each method does and when it fails."""

    def __init__(
        self,
        db: Database,
        bookings: Bookings,
        inventory: InventoryClient,
        payments: PaymentClient,
        people: IdentityClient,
    ) -> None:
        self._db = db
        self._bookings = bookings
        self._inventory = inventory
        self._payments = payments
        self._people = people
        self._exporting = Exporting(db, people)

    async def SearchBookings(self, request: pb.SearchBookingsRequest, context: Context) -> pb.SearchBookingsResponse:
        page, wanted, who = pages.PageRequest(request, pages.BY_ID), parse_wanted(request.q), caller.get()
        organization_id = UUID(request.organization_id) if request.organization_id else None
        await searches.spend(self._db, (who and who.user_id) or NOBODY)
        ids = await searches.find(self._db, wanted, organization_id, after=page.after, limit=page.limit)
        seen = await self._bookings.several(ids)
        names = await self._names(seen)
        payments = await self._payments.newest_of([one.booking.id for one in seen])
        found = [
            messages.result(_rendered(one, payment), names.get(one.booking.id, ""))
            for one, payment in zip(seen, payments, strict=True)
        ]
        results, token = page.render(found, lambda one: UUID(one.booking.id), _itself)
        return pb.SearchBookingsResponse(results=results, next_page_token=token)

    async def _names(self, seen: Sequence[Seen]) -> dict[UUID, str]:
        """Return whom bookings are for; only guests while identity is away: a number finds its booking all the same."""
        bookings = [one.booking for one in seen]
        try:
            known = await self._people.contacts({one.user_id for one in bookings if one.guest_name is None})
        except Failure as failure:
            if not is_transient(failure):
                raise
            known = {}
        names = {one.id: known[one.user_id].name for one in bookings if one.user_id in known}
        return names | {one.id: one.guest_name for one in bookings if one.guest_name is not None}

    async def ExportBookings(
        self, request: pb.ExportBookingsRequest, context: Context
    ) -> AsyncGenerator[httpbody_pb2.HttpBody, None]:
        show_id, who = UUID(request.show_id), caller.get()
        organization_id = await self._inventory.owner_of_show(show_id)
        role = who.memberships.get(organization_id) if who and organization_id else None
        asked = Asked(
            show_id=show_id,
            organization_id=organization_id,
            time_zone=await self._zone_of(show_id),
            asked_by=who.user_id if who else None,
            with_contacts=role in TOLD_CONTACTS,
        )
        async with aclosing(self._exporting.pieces(asked)) as pieces:
            first = await anext(pieces)
            await context.send_initial_metadata(FILE)
            yield httpbody_pb2.HttpBody(content_type=CONTENT_TYPE, data=first)
            async for piece in pieces:
                yield httpbody_pb2.HttpBody(content_type=CONTENT_TYPE, data=piece)

    async def ListBookingExports(
        self, request: pb.ListBookingExportsRequest, context: Context
    ) -> pb.ListBookingExportsResponse:
        page = pages.PageRequest(request, pages.BY_ID)
        organization_id = UUID(request.organization_id) if request.organization_id else None
        found = await list_exports(self._db, organization_id, after=page.after, limit=page.limit)
        exports, token = page.render(found, lambda one: one.id, messages.export)
        return pb.ListBookingExportsResponse(exports=exports, next_page_token=token)

    async def GetShowSales(self, request: pb.GetShowSalesRequest, context: Context) -> pb.Sales:
        days, show_id = messages.parse_days(request), UUID(request.show_id)
        return messages.sales(await sales_of(self._db, {show_id: await self._zone_of(show_id)}, days))

    async def GetEventSales(self, request: pb.GetEventSalesRequest, context: Context) -> pb.Sales:
        days, event_id = messages.parse_days(request), UUID(request.event_id)
        owner = await self._inventory.owner_of_event(event_id)
        # Others may make shows of it where it is shared, or Boxoffice's: what they sell is theirs to know.
        owners = None if own_organizations() is None else [owner]
        return messages.sales(await sales_of(self._db, await self._inventory.zones_of_shows(event_id, owners), days))

    async def _zone_of(self, show_id: UUID) -> str:
        """Return the time zone of a show's venue; raise inventory's SHOW_NOT_FOUND."""
        try:
            return (await self._inventory.show(show_id)).time_zone or UNKNOWN
        except Failure as failure:
            if failure.code != Code.NOT_FOUND:
                raise
        # A draft has an owner, who is told that nothing of it is sold.
        await self._inventory.owner_of_show(show_id)
        return UNKNOWN


def _itself(result: pb.SearchBookingsResponse.Result) -> pb.SearchBookingsResponse.Result:
    """Return what is rendered already."""
    return result


def _rendered(seen: Seen, payment: payment_pb2.Payment | None) -> booking_pb2.Booking:
    return of_bookings.booking(seen.booking, seen.seats, seen.now, payment, seen.refunds)
