"""BookingService: parse, call, render."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.booking.v1 import booking_pb2_grpc

from services.booking.bookings import events, messages
from services.booking.bookings.domain import State
from services.booking.cancelling.operation import Cancel, CancelBookings
from services.booking.captures.domain import Capture
from services.booking.clients import InventoryClient, PaymentClient
from services.booking.closing.steps import Closing
from services.booking.coupons.domain import Coupon, WhyNot, normalised, not_usable
from services.booking.coupons.validating import ValidateCode, ValidateCodes
from services.booking.creating.free import may_be_free
from services.booking.creating.operation import Create
from services.booking.declines.domain import Decline
from services.booking.messages import Asked
from services.booking.quoting import messages as quotes
from services.booking.quoting.steps import quote_seats
from services.booking.records import KINDS
from services.booking.refunds.domain import RefundPolicy
from services.booking.refunds.rpc import RefundMethods
from services.booking.refunds.steps import Refunds
from services.booking.refunds.undo import UndoRefund
from services.booking.saga import Saga
from services.booking.viewing.look import Bookings, BookingsPage, Seen, ShowBookingsPage
from services.booking.viewing.messages import CountedPage
from services.booking.viewing.paid import Looks, Paid
from services.booking.watching.changes import Changes
from services.booking.watching.rpc import WatchMethods
from services.booking.watching.watching import Watching
from services.chassis.errors import Failure, InvalidField
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.wire import pages
from services.chassis.wire.identity import caller
from services.chassis.wire.incoming import Context, encoded
from services.chassis.wire.records import page as page_of_records
from services.chassis.wire.status import to_status
from services.chassis.writes import idempotency, topics
from services.chassis.writes.desk import Desk
from services.chassis.writes.outbox import Outbox

log = logging.getLogger(__name__)

_PERIODS = {
    pb.ListBookingsRequest.PERIOD_UNSPECIFIED: None,
    pb.ListBookingsRequest.UPCOMING: True,
    pb.ListBookingsRequest.PAST: False,
}
"""Whether shows are to come."""


@dataclass(frozen=True, slots=True)
class Desks:
    """Where bookings are created, without coupons and with them."""

    plain: Desk[Create, bytes]
    with_coupons: Desk[Create, bytes]

    async def submit(self, command: Create) -> bytes:
        """Have a booking created, or raise why not."""
        return await (self.with_coupons if command.new.coupon_code else self.plain).submit(command)

    async def close(self) -> None:
        """Take no more, and end what waits."""
        await self.plain.close()
        await self.with_coupons.close()


class BookingServicer(WatchMethods, RefundMethods, booking_pb2_grpc.BookingServiceServicer):
    """The lifecycle of bookings."""

    def __init__(
        self,
        db: Database,
        bookings: Bookings,
        changes: Changes,
        outbox: Outbox,
        desks: Desks,
        saga: Saga,
        inventory: InventoryClient,
        payments: PaymentClient,
        refund_policy: RefundPolicy,
    ) -> None:
        WatchMethods.__init__(self, Watching(bookings, changes, self._with_payment))
        RefundMethods.__init__(self, db, bookings, Refunds(db, inventory, payments), refund_policy)
        self._db = db
        self._bookings = bookings
        self._looks = Looks(bookings, payments)
        self._cancel = CancelBookings(db, outbox)
        self._desks = desks
        self._validate = ValidateCodes(db)
        self._saga = saga
        self._inventory = inventory
        self._closing = Closing(db, payments)

    async def CreateBooking(self, request: pb.CreateBookingRequest, context: Context) -> pb.Booking:
        new = messages.new_booking(request)
        show = await self._inventory.show(UUID(request.show_id))
        key = idempotency.key_of(request, "CreateBooking", new.user_id)
        free = not self._saga.free_takes_email or may_be_free(caller.get())
        return encoded(pb.Booking, await self._desks.submit(Create(new_id(), new, show, key, may_be_free=free)))

    async def BookGuests(self, request: pb.BookGuestsRequest, context: Context) -> pb.Booking:
        who = caller.get()
        user_id = UUID(request.guest_user_id) if request.guest_user_id else who.user_id if who else None
        if user_id is None:
            raise InvalidField(("guestUserId", "must say whose booking it is, as nobody is logged in"))
        show = await self._inventory.show(UUID(request.show_id))
        # A booking's row keeps its key, whichever method makes it: so its answer is found as CreateBooking's is.
        key = idempotency.key_of(request, "CreateBooking", user_id)
        wish = Create(new_id(), messages.new_guests(request, user_id), show, key)
        return encoded(pb.Booking, await self._desks.submit(wish))

    async def QuoteBooking(self, request: pb.QuoteBookingRequest, context: Context) -> pb.QuoteBookingResponse:
        show_id, seat_ids = UUID(request.show_id), messages.parse_seat_ids(request.show_seat_ids)
        asked = Asked(show_id, UUID(request.user_id), seat_ids, messages.parse_areas(request.areas, seat_ids))
        coupon = await self._coupon(request) if request.coupon_code else None
        kinds = messages.parse_kinds(request.kinds, seat_ids, asked.areas)
        quoted = await quote_seats(self._db, self._inventory, asked, kinds, coupon)
        return quotes.quoted(show_id, *quoted)

    async def _coupon(self, request: pb.QuoteBookingRequest) -> Coupon:
        """Return the coupon that a user could use now; raise CouponNotUsable or TooManyCodes."""
        code, show = normalised(request.coupon_code), await self._inventory.show(UUID(request.show_id))
        found = await self._validate.alone(ValidateCode(code, UUID(request.user_id), show))
        if isinstance(found, WhyNot):
            raise not_usable(found)
        return found

    async def GetBooking(self, request: pb.GetBookingRequest, context: Context) -> pb.Booking:
        booking_id = UUID(request.booking_id)
        user_id = UUID(request.user_id) if request.user_id else None
        if not request.wait_seconds:
            return _rendered(await self._looks.find(booking_id, user_id))
        seen = await self._bookings.find(booking_id, user_id)
        status = State(pb.Booking.Status.Name(request.while_status or pb.Booking.PENDING))
        return await self._with_payment(await self._watching.wait(seen, status, request.wait_seconds))

    async def _with_payment(self, seen: Seen) -> pb.Booking:
        """Return a booking as callers are told of it, with its newest payment."""
        [paid] = await self._looks.with_payments([seen])
        return _rendered(paid)

    async def ListBookings(self, request: pb.ListBookingsRequest, context: Context) -> pb.ListBookingsResponse:
        if (request.page or request.limit) and (request.page_size or request.page_token):
            raise InvalidField(("page", "counts pages: leave pageSize and pageToken out, or page and limit"))
        page = pages.PageRequest(request, pages.BY_ID)
        counted = CountedPage.of(request)
        wanted = BookingsPage(
            user_id=UUID(request.user_id),
            show_id=UUID(request.show_id) if request.show_id else None,
            status=_state(request.status),
            upcoming=_PERIODS[request.period],
            before=page.after,
            limit=counted.limit if counted else page.limit,
            skipped=counted.skipped if counted else 0,
        )
        paid = await self._looks.of_user(wanted)
        if counted:
            return counted.answer([*map(_rendered, paid)], await self._bookings.count(wanted))
        bookings, token = _page(page, paid)
        return pb.ListBookingsResponse(bookings=bookings, next_page_token=token)

    async def ListShowBookings(
        self, request: pb.ListShowBookingsRequest, context: Context
    ) -> pb.ListShowBookingsResponse:
        page, show_id = pages.PageRequest(request, pages.BY_ID), UUID(request.show_id)
        await self._inventory.owner_of_show(show_id)
        seen = await self._bookings.of_show(
            ShowBookingsPage(show_id=show_id, status=_state(request.status), before=page.after, limit=page.limit)
        )
        bookings, token = _page(page, await self._looks.with_payments(seen))
        return pb.ListShowBookingsResponse(bookings=bookings, next_page_token=token)

    async def CancelBooking(self, request: pb.CancelBookingRequest, context: Context) -> pb.Booking:
        user_id, booking_id = UUID(request.user_id), UUID(request.booking_id)
        once = idempotency.Once(idempotency.key_of(request, "CancelBooking", user_id), pb.Booking, messages.changed)
        answer: pb.Booking = await self._cancel.alone(Cancel(booking_id, user_id, once))
        return answer

    async def GetPayableBooking(self, request: pb.GetPayableBookingRequest, context: Context) -> pb.PayableBooking:
        seen = await self._bookings.find(UUID(request.booking_id), UUID(request.user_id))
        return messages.payable(seen.booking, seen.seats, seen.now)

    async def BatchGetPayableBookings(
        self, request: pb.BatchGetPayableBookingsRequest, context: Context
    ) -> pb.BatchGetPayableBookingsResponse:
        wanted = [(UUID(each.booking_id), UUID(each.user_id)) for each in request.bookings]
        return pb.BatchGetPayableBookingsResponse(results=map(_payable, await self._bookings.find_all(wanted)))

    async def BatchRecordCaptures(
        self, request: pb.BatchRecordCapturesRequest, context: Context
    ) -> pb.BatchRecordCapturesResponse:
        refusals = await self._saga.captures.settle(
            [
                Capture(
                    payment_id=UUID(capture.payment_id),
                    booking_id=UUID(capture.booking_id),
                    session_id=capture.session_id,
                    amount=capture.amount,
                    currency=capture.currency,
                )
                for capture in request.captures
            ]
        )
        result = pb.BatchRecordCapturesResponse.Result
        return pb.BatchRecordCapturesResponse(
            results=[result(refusal=to_status(refusal) if refusal else None) for refusal in refusals]
        )

    async def BatchRecordDeclines(
        self, request: pb.BatchRecordDeclinesRequest, context: Context
    ) -> pb.BatchRecordDeclinesResponse:
        refusals = await self._saga.declines.extend(
            [Decline(UUID(decline.payment_id), UUID(decline.booking_id)) for decline in request.declines]
        )
        result = pb.BatchRecordDeclinesResponse.Result
        return pb.BatchRecordDeclinesResponse(
            results=[result(refusal=to_status(refusal) if refusal else None) for refusal in refusals]
        )

    async def BatchRecordUndoneRefunds(
        self, request: pb.BatchRecordUndoneRefundsRequest, context: Context
    ) -> pb.BatchRecordUndoneRefundsResponse:
        refusals = await self._saga.refunds.undo(
            [UndoRefund(UUID(refund.booking_id), UUID(refund.refund_id)) for refund in request.refunds]
        )
        result = pb.BatchRecordUndoneRefundsResponse.Result
        return pb.BatchRecordUndoneRefundsResponse(
            results=[result(refusal=to_status(refusal) if refusal else None) for refusal in refusals]
        )

    async def CloseUser(self, request: pb.CloseUserRequest, context: Context) -> pb.CloseUserResponse:
        user_id = UUID(request.user_id)
        await (self._closing.forget(user_id) if request.deleted else self._closing.close(user_id))
        return pb.CloseUserResponse()

    async def ListBookingRecords(
        self, request: pb.ListBookingRecordsRequest, context: Context
    ) -> pb.ListBookingRecordsResponse:
        records, token = await page_of_records(self._db, KINDS, UUID(request.user_id), request.page_token)
        return pb.ListBookingRecordsResponse(records=records, next_page_token=token)

    async def ListBookingEvents(
        self, request: pb.ListBookingEventsRequest, context: Context
    ) -> pb.ListBookingEventsResponse:
        after = request.after if request.HasField("after") else None
        page = await topics.read(self._db, events.TOPIC, after=after, limit=request.page_size or events.PAGE)
        return pb.ListBookingEventsResponse(events=map(events.positioned, page.events), last=page.last)


def _state(status: "pb.Booking.Status.ValueType") -> State | None:
    """Return the state of a status that is asked for; None: any."""
    return State(pb.Booking.Status.Name(status)) if status else None


def _payable(seen: Seen | Failure) -> pb.BatchGetPayableBookingsResponse.Result:
    result = pb.BatchGetPayableBookingsResponse.Result
    if isinstance(seen, Failure):
        return result(refusal=to_status(seen))
    try:
        return result(booking=messages.payable(seen.booking, seen.seats, seen.now))
    except Failure as failure:
        return result(refusal=to_status(failure))
    except Exception:  # a defect with one booking must not refuse all others
        log.exception("booking %s cannot be rendered", seen.booking.id)
        return result(refusal=to_status(Failure()))


def _rendered(paid: Paid) -> pb.Booking:
    seen = paid.seen
    return messages.booking(seen.booking, seen.seats, seen.now, paid.payment, seen.refunds)


def _page(page: pages.PageRequest[UUID], paid: Sequence[Paid]) -> tuple[list[pb.Booking], str]:
    """Render a page of bookings, and the token of the next one."""
    rendered = [_rendered(one) for one in paid[: page.size]]
    bookings, token = page.render(rendered, lambda one: UUID(one.id), _itself)
    if not token and len(paid) > page.size:
        token = page.token(paid[page.size - 1].seen.booking.id)
    return bookings, token


def _itself(booking: pb.Booking) -> pb.Booking:
    """Return a booking that is rendered already."""
    return booking
