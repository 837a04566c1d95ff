"""Every answer that the contracts let in is one that a gRPC client reads as it comes: 4 MiB at most.

The largest of each is made of what bounds its fields; a field or a list that nobody has bound fails.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import status_pb2

from services.booking.office.sales import MAX_LINES
from services.chassis.wire.pages import MAX_ANSWER_BYTES
from services.chassis.wire.records import PAGE_BYTES
from services.inventory.catalogue.domain import MAX_SEATS_PER_PAGE
from services.inventory.halls.domain import MAX_SCREENS_PER_VENUE, MAX_SEATS_PER_SCREEN, MAX_SECTIONS_PER_SCREEN
from services.inventory.seats.rpc import MAX_SEATS_OF_BATCH
from services.notifications.webhooks.domain import MAX_ENDPOINTS
from tests.gateway.fakes import METHODS, Method
from tests.test_contracts import FIELDS, rules

LETTER = "\U0001f3ab"
"""Four bytes, as many as a letter may take."""

ASKED: dict[str, int] = {}
"""How many letters a text has that a request brings, by the name of its field."""
for asked in FIELDS:
    text = rules(asked).repeated.items.string if asked.is_repeated else rules(asked).string
    ASKED[asked.name] = max(ASKED.get(asked.name, 0), text.max_len)

LETTERS = {name: letters for name, letters in ASKED.items() if letters} | {
    **dict(venue_name=200, theatre=200, movie=200, screen_name=100, screen=100, section=40, row=10),
    **dict(seat_labels=61, seats=61, shown_name=43, gate_name=50, first_gate_name=50, at_gate=50, home_gate=50),
}
"""How many letters texts of people's may have, by the name of their field."""

BYTES = {
    "booking_number": 10,
    "phone": 16,
    **dict(language=20, currency=3, next_page_token=200, payment_method=100, token_type=6, status=20),
    **dict(payment_url=2_000, access_token=4_000, refresh_token=100, session_id=41),
    **dict(cancelled_by=36, exported_by=36, token=43, credential=43, code_hash=64, features=20),
    **dict(code=32, coupon_code=32, show_ids=36, country=2, state=2, place_of_supply=2, category=30, sac_code=8),
    # Of a webhook's endpoint; an image's is shorter.
    **dict(kind=30, day=10, url=408),
    # What is posted of one, with all that a booking's or show's event can tell; and what it is signed with.
    **dict(content=2_000, secret=50),
    "records": 2 * PAGE_BYTES,
    **dict(tax_number=30, time_zone=64, number=16, corrects=36, organization_ids=36, show_seat_ids=36),
}
"""The same of others, in bytes; what is called id has 41, as a session's."""

OWN_LETTERS = {
    "boxoffice.booking.v1.Invoice.Line.description": LETTERS["seat_labels"] + 9,
    **dict.fromkeys(
        (
            f"boxoffice.booking.v1.{name}.seat_label"
            for name in ("Ticket", "HeldTicket", "CheckIn", "Scan", "DoorListPart.Ticket", "TicketOffer", "OfferMail")
        ),
        LETTERS["seat_labels"],
    ),
    "boxoffice.booking.v1.TicketCode.code": 122,
    "boxoffice.booking.v1.TicketCode.words": LETTERS["seat_labels"] + 11,
}
"""How many letters those have that are shorter than others of their name."""

COUNTS = {
    "inventory.v1.SeatMap.seats": MAX_SEATS_PER_PAGE,
    "inventory.v1.ListAvailableSeatsResponse.seats": MAX_SEATS_PER_PAGE,
    # Each in a row of its own takes more than many in one.
    "inventory.v1.SeatLayout.rows": MAX_SEATS_PER_PAGE,
    "inventory.v1.SeatLayout.Row.seats": 1,
    "inventory.v1.BatchConfirmReservationsResponse.Result.show_seat_ids": 100,
    **dict.fromkeys(
        (
            *("inventory.v1.SeatMap.areas", "inventory.v1.ListAvailableSeatsResponse.areas"),
            *("inventory.v1.SeatLayout.areas", "inventory.v1.SeatChange.areas"),
        ),
        MAX_SECTIONS_PER_SCREEN,
    ),
    **dict.fromkeys(
        (
            *("inventory.v1.Seat.features", "inventory.v1.ShowSeat.features", "inventory.v1.ReservedSeat.features"),
            *("inventory.v1.ListHoldsResponse.HeldSeat.features", "booking.v1.Booking.Seat.features"),
        ),
        3,
    ),
    "inventory.v1.Venue.screens": MAX_SCREENS_PER_VENUE,
    "inventory.v1.Venue.amenities": 50,
    "inventory.v1.Sharing.organization_ids": 50,
    "inventory.v1.AccessCode.show_seat_ids": 1_000,
    # Those of GetEvent: lists have none.
    "inventory.v1.Event.places": 50,
    **dict.fromkeys(
        (
            *("inventory.v1.Event.images", "inventory.v1.DeleteImageResponse.images"),
            "inventory.v1.ReorderImagesResponse.images",
        ),
        10,
    ),
    "inventory.v1.Event.shows": 20,
    # A show has one currency, and shows to come as many as there are: of those that people pay with there are fewer.
    "inventory.v1.Event.price_ranges": 200,
    "inventory.v1.EventSeats.sections": 100,
    "inventory.v1.Show.prices": 3,
    "inventory.v1.ShowPrices.prices": 3,
    "inventory.v1.SeatMap.prices": 3,
    "inventory.v1.ListAvailableSeatsResponse.prices": 3,
    "inventory.v1.HoldSeatsResponse.seats": 100,
    "inventory.v1.HoldSeatsResponse.holds": 100,
    "inventory.v1.ExtendHoldsResponse.seats": 100,
    "inventory.v1.ListHoldsResponse.ShowHolds.seats": 100,
    "inventory.v1.Reservation.seats": 100,
    "inventory.v1.BatchReserveSeatsResponse.results": MAX_SEATS_OF_BATCH // 100,
    "inventory.v1.SeatPrices.seats": 100,
    "inventory.v1.BatchPriceSeatsResponse.results": MAX_SEATS_OF_BATCH // 100,
    # One change by itself: more of them come in several messages.
    "inventory.v1.WatchSeatsResponse.changes": 1,
    "inventory.v1.SeatChange.seats": MAX_SEATS_PER_SCREEN,
    "inventory.v1.SeatChange.prices": 3,
    "booking.v1.Booking.seats": 100,
    "booking.v1.Booking.seat_labels": 100,
    "booking.v1.QuoteBookingResponse.seats": 100,
    # Each seat is given back once: a refund for each of them takes more than one of all.
    "booking.v1.Booking.refunds": 100,
    "booking.v1.Booking.SeatRefund.lines": 1,
    "booking.v1.Booking.SeatRefund.fee_lines": 2,
    "booking.v1.PreviewRefundResponse.fee_lines": 2,
    "booking.v1.ShowFees.fees": 10,
    "booking.v1.ShowKinds.kinds": 30,
    "booking.v1.PreviewRefundResponse.lines": 100,
    "booking.v1.CouponTerms.show_ids": 100,
    "booking.v1.CouponTerms.tiers": 3,
    "booking.v1.Invoice.lines": 100,
    "booking.v1.Invoice.Line.taxes": 2,
    # A booking's seats were taxed by the rules of one instant: by few rates, each of two kinds.
    "booking.v1.Invoice.taxes": 200,
    # A hundred, each of one seat, the last with the order's fees in all lines: no more than these with 100 lines each.
    "booking.v1.GetInvoiceResponse.corrections": 20,
    "booking.v1.ListTicketsResponse.tickets": 100,
    "booking.v1.Gate.show_ids": 50,
    "booking.v1.GetGateResponse.shows": 50,
    "booking.v1.CheckIn.features": 10,
    "booking.v1.SyncScansResponse.scans": 100,
    "booking.v1.DoorListPart.tickets": 500,
    "booking.v1.DoorListPart.Ticket.features": 10,
    "booking.v1.PayableBooking.seats": 100,
    "booking.v1.BatchGetPayableBookingsResponse.results": 100,
    "booking.v1.ListBookingEventsResponse.events": 500,
    "booking.v1.Sales.lines": MAX_LINES,
    # As those of a list: a page takes as many as fit.
    "booking.v1.SearchBookingsResponse.results": 1,
    "booking.v1.ListBookingExportsResponse.exports": 1,
    "identity.v1.BatchGetContactsResponse.contacts": 1_000,
    "identity.v1.ClaimAccountMailsResponse.mails": 100,
    "booking.v1.ClaimOfferMailsResponse.mails": 100,
    # As those of a cancellation.
    "booking.v1.Sales.totals": 200,
    "booking.v1.CancellationPreview.show_ids": 1_000,
    "booking.v1.CancellationPreview.refunds": 200,
    "booking.v1.EventCancellation.shows": 1_000,
    "inventory.v1.CancelShowsResponse.shows": 1_000,
    "inventory.v1.ListShowEventsResponse.events": 500,
    "events.v1.ShowEvent.prices": 3,
    "payment.v1.PaymentStatus.payments": 10,
    "payment.v1.BatchGetPaymentStatusResponse.statuses": 256,
    "identity.v1.User.roles": 3,
    # A page of records is as large as one that has as much in one.
    "inventory.v1.ListReviewerRecordsResponse.records": 1,
    "notifications.v1.ListNotificationRecordsResponse.records": 1,
    "booking.v1.ListBookingRecordsResponse.records": 1,
    "payment.v1.ListPaymentRecordsResponse.records": 1,
    # Of these a page takes as many as fit, but one at least: see Page.render.
    "inventory.v1.ListEventsResponse.events": 1,
    "inventory.v1.ListReviewsResponse.reviews": 1,
    "notifications.v1.ListNoticesResponse.notices": 1,
    "notifications.v1.WebhookEndpoint.types": 30,
    "notifications.v1.ListWebhookAttemptsResponse.attempts": 1,
    "notifications.v1.ListWebhookEndpointsResponse.endpoints": MAX_ENDPOINTS,
    "notifications.v1.ListWebhookMessagesResponse.messages": 100,
    "inventory.v1.ListAccessCodesResponse.access_codes": 1,
    "inventory.v1.ListMoviesResponse.movies": 1,
    "inventory.v1.ListVenuesResponse.venues": 1,
    "inventory.v1.ListShowsResponse.shows": 1,
    "inventory.v1.ListHoldsResponse.holds": 1,
    "booking.v1.ListBookingsResponse.bookings": 1,
    "booking.v1.ListShowBookingsResponse.bookings": 1,
    "booking.v1.ListCouponsResponse.coupons": 1,
    "booking.v1.ListTicketOffersResponse.offers": 1,
    "booking.v1.ListSellersResponse.sellers": 1,
    **dict.fromkeys(("booking.v1.ListGatesResponse.gates", "booking.v1.ListScansResponse.scans"), 1),
    "booking.v1.ListTaxRulesResponse.tax_rules": 1,
    "identity.v1.ListMembersResponse.members": 1,
    "identity.v1.ListOrganizationsResponse.organizations": 1,
    "identity.v1.ListUsersResponse.users": 1,
    "payment.v1.ListStuckRefundsResponse.refunds": 1,
}
BATCH = 256
"""Results of every other batch."""

REFUSAL_BYTES = 8_192
"""What a refusal carries at most; see chassis/wire/status.py."""


def largest(message: Descriptor) -> Message:
    """Make the largest message of a kind."""
    made = GetMessageClass(message)()
    for field in message.fields:
        if field.containing_oneof is not None and field is not field.containing_oneof.fields[0]:
            continue  # the first of each is the largest
        if field.is_repeated:
            one = [value(field)]
            getattr(made, field.name).extend(one * count(field))
        elif field.message_type is not None:
            getattr(made, field.name).CopyFrom(value(field))
        else:
            setattr(made, field.name, value(field))
    return made


def count(field: FieldDescriptor) -> int:
    name = field.full_name.removeprefix("boxoffice.")
    if name not in COUNTS and field.name == "results":
        return BATCH
    assert name in COUNTS, f"say how many {name} there may be, and see that their answer is bound"
    return COUNTS[name]


def value(field: FieldDescriptor) -> object:
    if field.message_type is Timestamp.DESCRIPTOR:
        return Timestamp(seconds=253_402_300_799, nanos=999_999_999)
    if field.message_type is not None:
        if field.message_type is status_pb2.Status.DESCRIPTOR:
            return status_pb2.Status(message="x" * REFUSAL_BYTES)
        return largest(field.message_type)
    match field.type:
        case FieldDescriptor.TYPE_INT32:
            return 2**31 - 1
        case FieldDescriptor.TYPE_INT64:
            return 2**63 - 1
        case FieldDescriptor.TYPE_BOOL:
            return True
        case FieldDescriptor.TYPE_ENUM:
            return field.enum_type.values[-1].number
    if field.name in ("id", "companion_of") or field.name.endswith("_id"):
        return "x" * 41
    if field.full_name in OWN_LETTERS:
        return LETTER * OWN_LETTERS[field.full_name]
    known = field.name in LETTERS or field.name in BYTES
    assert known, f"say how large {field.full_name} may be"
    return "x" * BYTES[field.name] if field.name in BYTES else LETTER * LETTERS[field.name]


def answers() -> Iterator[Method]:
    """Yield the methods that answer by a message of the contracts. What is bytes is tested where it is made."""
    for method in METHODS.values():
        if method.descriptor.output_type.full_name.startswith("boxoffice."):
            yield method


@pytest.mark.parametrize("method", [pytest.param(method, id=method.descriptor.full_name) for method in answers()])
def test_the_largest_answer_is_one_that_any_client_reads(method: Method) -> None:
    assert largest(method.descriptor.output_type).ByteSize() <= MAX_ANSWER_BYTES


BY_NUMBER = (
    *("ListAvailableSeats", "ListBookingEvents", "ListShowEvents", "ListTickets"),
    *("ListWebhookEndpoints", "ListWebhookMessages"),
)
"""Their pages have as many as were asked for, or as one booking or organization has, all of which fit."""


def test_what_comes_by_pages_has_an_end_to_each() -> None:
    by_pages = {name for name, number in COUNTS.items() if number == 1 and name.partition(".v1.")[2].startswith("List")}
    lists = {
        f"{method.descriptor.output_type.full_name}.{method.descriptor.output_type.fields[0].name}"
        for method in answers()
        if method.descriptor.name.startswith("List") and method.descriptor.name not in BY_NUMBER
    }
    assert {f"boxoffice.{name}" for name in by_pages} == lists
