"""Captures: recorded first, with what they come to; then, when inventory has answered, settled for good."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar
from uuid import UUID

from services.booking.bookings import events
from services.booking.bookings import statements as bookings_sql
from services.booking.bookings.domain import BookedSeat, Booking, Changed, State
from services.booking.bookings.leases import LEASE_SECONDS
from services.booking.bookings.locked import LockedBookings, bookings_of, locks
from services.booking.bookings.rows import seats_by_booking
from services.booking.captures import messages
from services.booking.captures import statements as sql
from services.booking.captures.domain import Capture, Settlement, settlement_of
from services.booking.coupons.domain import Coupon, Uses
from services.booking.coupons.uses import lock_uses
from services.booking.errors import BookingNotFound, CaptureMismatch
from services.booking.invoices import operation as invoices
from services.booking.tickets import operation as tickets
from services.chassis.store.database import Database, Statement, Transaction
from services.chassis.store.rows import Row, columns, read
from services.chassis.writes import answers
from services.chassis.writes.answers import Kept
from services.chassis.writes.idempotency import Key
from services.chassis.writes.operation import Operation, Rows
from services.chassis.writes.outbox import Message, Outbox


@dataclass(frozen=True, slots=True)
class Decided:
    """A capture, and what it comes to."""

    capture: Capture
    settlement: Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturesOfBookings(LockedBookings):
    """Bookings, and the captures that were recorded."""

    captures: dict[UUID, Capture]
    coupons: Mapping[str, Coupon]
    """Those of bookings that are over: a payment that comes late takes its use again."""
    uses: Uses
    new: list[Decided] = field(default_factory=list)
    given_up: list[Booking] = field(default_factory=list)
    """Those whose claims nothing may revive: there was no use of their coupon left."""

    def settlement_of(self, booking: Booking, capture: Capture) -> Settlement:
        """Decide what a capture comes to; money that comes late takes the use of the coupon again, if there is one."""
        settlement = settlement_of(booking, capture)
        if settlement != Settlement.CONFIRM or booking.state != State.EXPIRED or booking.coupon_code is None:
            return settlement
        coupon = self.coupons[booking.coupon_code]
        if self.uses.why_not(coupon, booking.user_id) is None:
            self.uses.take(coupon, booking.user_id)
            return settlement
        self.given_up.append(booking)
        return Settlement.NO_TICKET


class RecordCaptures(Operation[Capture, CapturesOfBookings, Booking | None]):
    """Records captures. Answers with the booking that inventory has to confirm now, if that is what the capture is for.

    What buys nothing is sent back in full. An EXPIRED booking has given the use of its coupon back: where there is none
    to take again, the money goes back, and the claim is given up for good. A capture that is known already changes
    nothing; one that is being confirmed is left to whoever does that. Refuses with BookingNotFound, or CaptureMismatch
    if the known one has other facts.
    """

    def __init__(self, db: Database, outbox: Outbox) -> None:
        super().__init__(db)
        self._outbox = outbox

    def reads(self, batch: Sequence[Capture], *, wait: bool) -> dict[str, Statement]:
        """Lock the bookings, and read the captures that are known."""
        known = (sql.CAPTURES, columns(batch, payment_ids="payment_id"))
        return locks(capture.booking_id for capture in batch) | {"captures": known}

    async def load(self, tx: Transaction, batch: Sequence[Capture], rows: Rows) -> tuple[CapturesOfBookings, set[UUID]]:
        """Lock the coupons whose uses are to be taken again, after the bookings."""
        known = {capture.payment_id: capture for capture in read(Capture, rows["captures"])}
        bookings = bookings_of(rows)
        late = [booking for booking in bookings.values() if booking.state == State.EXPIRED and booking.coupon_code]
        coupons, uses = await lock_uses(tx, late) if late else ({}, Uses())
        state = CapturesOfBookings(
            now=rows["clock"][0].now, bookings=bookings, captures=known, coupons=coupons, uses=uses
        )
        return state, set()

    def decide(self, command: Capture, state: CapturesOfBookings) -> Booking | None:
        """Decide what the capture comes to; the next one for the same booking sees what this one did."""
        known = state.captures.get(command.payment_id)
        if known is not None:
            if known != command:
                raise CaptureMismatch()
            return None
        booking = state.bookings.get(command.booking_id)
        if booking is None:
            raise BookingNotFound()
        settlement = state.settlement_of(booking, command)
        state.captures[command.payment_id] = command
        state.new.append(Decided(command, settlement))
        if settlement != Settlement.CONFIRM:
            return None
        return state.move(booking.confirming(command.payment_id, state.now))

    async def write(self, tx: Transaction, state: CapturesOfBookings) -> None:
        """Write the captures, the bookings that are being confirmed, and have the money sent back that buys nothing."""
        if state.new:
            captures = columns(
                state.new,
                "settlement",
                payment_id="capture.payment_id",
                booking_id="capture.booking_id",
                session_id="capture.session_id",
                amount="capture.amount",
                currency="capture.currency",
            )
            await tx.send(sql.RECORD_CAPTURES, captures)
        if state.moved:
            confirming = columns(state.moved, "id", "version", "payment_id", "confirming_from", "updated_at")
            await tx.send(sql.BEGIN_CONFIRMING, confirming | {"lease_seconds": LEASE_SECONDS})
        await events.publish(tx, state.public)
        back = [decided for decided in state.new if decided.settlement.goes_back]
        await self._outbox.append(tx, [_return_capture(decided) for decided in back])
        await self._outbox.append(tx, [messages.give_up(one.id, one.show.show_id) for one in state.given_up])


def _return_capture(decided: Decided) -> Message:
    """Return the message that sends a capture back."""
    return messages.return_money(decided.capture.payment_id, decided.capture.amount, decided.settlement)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What inventory has answered for a booking that was being confirmed."""

    urgent: ClassVar[bool] = False

    booking: Booking
    """As it was when inventory was asked."""
    has_seats: bool
    seat_ids: Sequence[UUID] = ()
    """The seats in their order, where places of areas are among them: money that came late may have got others."""

    @property
    def key(self) -> UUID:
        """Answers for one booking take turns."""
        return self.booking.id


@dataclass(frozen=True, slots=True)
class PlacedSeat:
    """Which seat a booking has in one of its positions."""

    booking_id: UUID
    position: int
    seat_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmingBookings(LockedBookings):
    """Bookings, and those of them whose money is kept or goes back, as they were while they were being confirmed."""

    keys: Mapping[UUID, Key]
    """Of free bookings: whoever made one under a key is answered once it is confirmed."""
    seats: Mapping[UUID, list[BookedSeat]]
    """Of these."""
    kept: list[Booking] = field(default_factory=list)
    returned: list[Booking] = field(default_factory=list)
    placed: list[PlacedSeat] = field(default_factory=list)
    """Seats of those that have places of areas."""


class FinishConfirming(Operation[Confirmation, ConfirmingBookings, Booking]):
    """Writes down what inventory has answered: the money is kept, or goes back in full. Answers with the booking.

    A booking that somebody else has taken over meanwhile is left alone. A free one has no money, and its answer is kept
    under its key: what `render` makes of it.
    """

    def __init__(self, db: Database, outbox: Outbox, render: Callable[[Changed], bytes]) -> None:
        super().__init__(db)
        self._outbox = outbox
        self._render = render

    def reads(self, batch: Sequence[Confirmation], *, wait: bool) -> dict[str, Statement]:
        """Lock the bookings; of free ones, read the keys and what is answered under them."""
        free = {"booking_ids": [command.key for command in batch if command.booking.is_free]}
        if not free["booking_ids"]:
            return locks(command.key for command in batch)
        of_free = {"keys": (sql.KEYS_OF_BOOKINGS, free), "seats": (bookings_sql.SEATS, free)}
        return locks(command.key for command in batch) | of_free

    async def load(
        self, tx: Transaction, batch: Sequence[Confirmation], rows: Rows
    ) -> tuple[ConfirmingBookings, set[UUID]]:
        """Nothing depends on more than the bookings."""
        state = ConfirmingBookings(
            now=rows["clock"][0].now,
            bookings=bookings_of(rows),
            keys={row.id: _key(row) for row in rows.get("keys", ())},
            seats=seats_by_booking(rows.get("seats", ())),
        )
        return state, set()

    def decide(self, command: Confirmation, state: ConfirmingBookings) -> Booking:
        """Confirm the booking, or let it expire."""
        booking = state.bookings[command.key]
        if booking.version != command.booking.version:
            return booking
        if not booking.is_free:
            (state.kept if command.has_seats else state.returned).append(booking)
        if not command.has_seats:
            return state.move(booking.unconfirmed(state.now))
        if command.seat_ids:
            state.placed.extend(PlacedSeat(booking.id, *placed) for placed in enumerate(command.seat_ids))
            if seats := state.seats.get(booking.id):
                seats[:] = [replace(seat, id=id_) for seat, id_ in zip(seats, command.seat_ids, strict=True)]
        return state.move(booking.confirmed(state.now, tickets.new_ids(len(booking.seat_labels))))

    async def write(self, tx: Transaction, state: ConfirmingBookings) -> None:
        """Write what the bookings and their captures have come to, and have the money sent back that buys nothing."""
        confirmed = [booking for booking in state.moved if booking.state == State.CONFIRMED]
        expired = [booking for booking in state.moved if booking.state == State.EXPIRED]
        if confirmed:
            named = {"ticket_ids": [tickets.joined(booking.ticket_ids) for booking in confirmed]}
            await tx.send(sql.CONFIRM, named | columns(confirmed, "id", "version", "updated_at", "confirmed_at"))
            if state.placed:
                await tx.send(sql.PLACE_SEATS, columns(state.placed, "booking_id", "position", "seat_id"))
            await invoices.issue(tx, confirmed)
            await tx.send(*tickets.issued([booking.id for booking in confirmed]))
        if expired:
            await tx.send(sql.FAIL_CONFIRMING, columns(expired, "id", "version", "updated_at"))
        for settlement, bookings in ((Settlement.KEPT, state.kept), (Settlement.NO_TICKET, state.returned)):
            if bookings:
                payments = columns(bookings, payment_ids="payment_id")
                await tx.send(sql.SETTLE_CAPTURES, payments | {"settlement": settlement})
        await events.publish(tx, state.public)
        await self._outbox.append(tx, [_return_price(booking) for booking in state.returned])
        if kept := self._answers(state):
            await answers.keep(tx, *kept)

    def _answers(self, state: ConfirmingBookings) -> list[Kept]:
        """Return what is kept under the keys of free bookings."""
        keyed = [(booking, state.keys[booking.id]) for booking in state.moved if booking.id in state.keys]
        return [Kept(key, self._render(Changed(booking, state.seats[booking.id]))) for booking, key in keyed]


def _key(row: Row) -> Key:
    return Key(row.user_id, "CreateBooking", row.idempotency_key, bytes(row.request_hash))


def _return_price(booking: Booking) -> Message:
    """Return the message that sends the money for a booking back."""
    assert booking.payment_id is not None, "it was being confirmed"
    return messages.return_money(booking.payment_id, booking.amounts.final_amount, Settlement.NO_TICKET)
