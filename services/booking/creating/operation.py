"""Creating bookings: the intent first, then, when inventory has answered, the price or nothing.

An intent is a row that recovery takes over when its lease ends. It holds the idempotency key too: no lock of a
transaction lasts until inventory has answered. So a key is under way from the intent on, and is found with its answer
in idempotency_keys once the booking is finished.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.booking.bookings import events
from services.booking.bookings.domain import (
    ADULT,
    BookedSeat,
    BookedShow,
    Booking,
    Changed,
    ListedSeats,
    NewBooking,
    ReservedSeats,
    with_kinds,
)
from services.booking.bookings.leases import LEASE_SECONDS
from services.booking.bookings.numbers import new_booking_number
from services.booking.coupons import uses
from services.booking.coupons.domain import Coupon
from services.booking.creating import statements as sql
from services.booking.creating.free import count_free
from services.booking.errors import AccountDeleted, EmailNotVerified, FreeBookingLimitExceeded, PriceChanged
from services.booking.quoting.domain import NO_TERMS, PricedSeats, ShowTerms, price
from services.booking.quoting.terms import read_terms, terms_of
from services.booking.transfers.operation import shares_to_book
from services.chassis.errors import Failure, RequestInProgress, Unavailable
from services.chassis.store.database import Database, Statement, retried
from services.chassis.store.rows import Row, columns, sparse
from services.chassis.writes import answers, idempotency
from services.chassis.writes.desk import BUSY, Outcome

log = logging.getLogger(__name__)

WAIT_STEPS = 40
WAIT_STEP_SECONDS = 0.05
"""How often, and how long after each other, a key is asked about that another process has under way."""


@dataclass(frozen=True, slots=True)
class Create:
    """The wish to create a booking."""

    urgent: ClassVar[bool] = False

    id: UUID
    new: NewBooking
    show: BookedShow
    idempotency: idempotency.Key | None
    may_be_free: bool = True
    """Whether the caller may make it where nothing is to be paid."""
    booking_number: str = field(default_factory=new_booking_number)

    @property
    def key(self) -> object:
        """Requests with the same idempotency key take turns; others are free of each other."""
        return self.idempotency.name if self.idempotency else self.id


@dataclass(frozen=True, slots=True)
class BegunBooking:
    """The intent is written: inventory is to be asked."""

    since: datetime
    terms: ShowTerms
    """What the show's tickets cost beside their list prices."""
    coupon: Coupon | None = None
    """With its terms as they were then."""
    tickets_from_others: int = 0
    """How many tickets of the show the user has accepted from others."""

    def price(self, new: NewBooking, listed: ListedSeats | ReservedSeats) -> PricedSeats:
        """Put their lines to the seats, by the rules of when the first of them was held.

        Raises what `price` does, or PriceChanged where another amount is expected.
        """
        seats = with_kinds(listed.seats, new.kinds)
        # What guests get costs nothing: neither fees nor tax are on it.
        terms = self.terms if new.guest_name is None else NO_TERMS
        priced = price(seats, terms, listed.currency, held_at=listed.held_at, now=self.since, coupon=self.coupon)
        expected, final = new.expected_total, priced.amounts.final_amount
        if expected not in (None, final):
            raise PriceChanged(expected_total=expected, final_amount=final)
        return priced


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The first request with the same key has been answered."""

    answer: bytes


class BeginBookings:
    """Writes the intents of bookings, all in one round trip: it reads what is there already beside what it writes.

    Where there are coupons, it takes a second one: their uses are counted under the coupons' locks, and taken with the
    intents. Answers with BegunBooking or KeptAnswer; refuses with IdempotencyKeyReused, CouponNotUsable or
    TooManyCodes, and with RequestInProgress where another process has been at the first request with the same key for
    long.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def __call__(self, batch: Sequence[Create], *, wait: bool) -> list[Outcome[BegunBooking | KeptAnswer]]:
        """Begin a batch, as a desk runs one."""
        outcomes = await self._begin(batch)
        return await self._wait(batch, outcomes) if wait else outcomes

    async def _begin(self, batch: Sequence[Create]) -> list[Outcome[BegunBooking | KeptAnswer]]:
        keys = [command.idempotency for command in batch if command.idempotency]
        terms = terms_of(command.show.show_id for command in batch)
        shares = shares_to_book([(one.new.user_id, one.show.show_id) for one in batch if one.new.guest_name is None])
        coupons: Mapping[UUID, Coupon | Failure] = {}
        if any(command.new.coupon_code for command in batch):
            others, stored, found, begun, coupons = await self._begin_with_coupons(
                batch, *shares, answers.find(keys), terms
            )
        else:
            _, others, stored, found, begun = await self._db.transact(
                *shares, answers.find(keys), terms, _intents(batch)
            )
        from_others = {(row.user_id, row.show_id): row.tickets for row in others}
        terms_by_show = read_terms(found)
        intents = {row.id: row for row in begun}
        without = [command for command in batch if command.id not in intents]
        closed = {row.user_id for row in await self._closed(without)} if without else set()
        taken = [command.idempotency for command in without if command.idempotency]
        under_way = await self._db.fetch(sql.KEYS_UNDER_WAY, columns(taken, "user_id", "key")) if taken else []
        # Where a key is in both, its answer counts.
        first = {(row.user_id, row.key): row for row in (*under_way, *stored)}
        return [
            _begun(
                intents[command.id],
                terms_by_show.get(command.show.show_id, NO_TERMS),
                coupons.get(command.id),
                from_others.get((command.new.user_id, command.show.show_id), 0),
            )
            if command.id in intents
            else AccountDeleted()
            if command.new.user_id in closed
            else _known(command, first)
            for command in batch
        ]

    async def _closed(self, batch: Sequence[Create]) -> list[Row]:
        """Return which users of a batch book nothing any more."""
        return await self._db.fetch(sql.CLOSED_USERS, {"user_ids": [command.new.user_id for command in batch]})

    async def _begin_with_coupons(
        self, batch: Sequence[Create], *others: Statement
    ) -> tuple[list[Row], list[Row], list[Row], list[Row], dict[UUID, Coupon | Failure]]:
        """Write the intents, then lock the coupons and take their uses; what has none to take is dropped again."""
        reads = uses.reads(
            (command.new.coupon_code for command in batch if command.new.coupon_code),
            (command.new.user_id for command in batch if command.new.coupon_code),
            lock=True,
        )
        async with self._db.transaction() as tx:
            _, from_others, stored, terms, begun, *found = await tx.fetch_all(*others, _intents(batch), *reads.values())
            codes = uses.codes_of(dict(zip(reads, found, strict=True)))
            ids = {row.id for row in begun}
            coupons = {
                command.id: codes.take(command.new.coupon_code, command.new.user_id, command.show)
                for command in batch
                if command.new.coupon_code and command.id in ids
            }
            used = [(id_, coupon.code) for id_, coupon in coupons.items() if isinstance(coupon, Coupon)]
            await tx.send(sql.USE_COUPONS, {"id": [id_ for id_, _ in used], "code": [code for _, code in used]})
            await tx.send(sql.DROP_BOOKINGS, {"ids": list(coupons.keys() - dict(used).keys())})
            await uses.write_tries(tx, codes)
        return from_others, stored, terms, begun, coupons

    async def _wait(
        self, batch: Sequence[Create], outcomes: list[Outcome[BegunBooking | KeptAnswer]]
    ) -> list[Outcome[BegunBooking | KeptAnswer]]:
        """Wait, for a while, for another process that carries out the first request with the same key."""
        for _ in range(WAIT_STEPS):
            busy = [index for index, outcome in enumerate(outcomes) if outcome is BUSY]
            if not busy:
                return outcomes
            await asyncio.sleep(WAIT_STEP_SECONDS)
            try:
                again = await self._begin([batch[index] for index in busy])
            except Failure as failure:
                log.warning("a key under way is asked about again: %s", failure)
                continue
            for index, outcome in zip(busy, again, strict=True):
                outcomes[index] = outcome
        return [RequestInProgress() if outcome is BUSY else outcome for outcome in outcomes]


def _intents(batch: Sequence[Create]) -> Statement:
    """Return the statement that writes intents."""
    shows = {command.show.show_id: command.show for command in batch}.values()
    return sql.BEGIN_BOOKINGS, {
        "lease_seconds": LEASE_SECONDS,
        **columns(
            batch,
            "id",
            "booking_number",
            user_id="new.user_id",
            booked_show_id="show.show_id",
            idempotency_key=lambda command: command.idempotency and command.idempotency.key,
            request_hash=lambda command: command.idempotency and command.idempotency.request_hash,
        ),
        **columns(shows, "show_id", "event_id", "is_movie", "title", "theatre", "city", "screen", "starts_at"),
        **columns(shows, "organization_id", "time_zone", "show_revision"),
    }


def _begun(intent: Row, terms: ShowTerms, coupon: Coupon | Failure | None, from_others: int) -> Outcome[BegunBooking]:
    return coupon if isinstance(coupon, Failure) else BegunBooking(intent.created_at, terms, coupon, from_others)


def _known(command: Create, first: Mapping[tuple[UUID, str], Row]) -> Outcome[KeptAnswer]:
    """Return the answer to the first request with the same key, or BUSY while that is under way."""
    key = command.idempotency
    assert key is not None, "only a key that is in use keeps a booking from beginning"
    row = first.get((key.user_id, key.key))
    if row is None:
        return BUSY
    try:
        key.check(bytes(row.request_hash))
    except Failure as failure:
        return failure
    return BUSY if row.answer is None else KeptAnswer(bytes(row.answer))


@dataclass(frozen=True, slots=True)
class Priced:
    """A booking as it is to be, now that inventory has reserved its seats."""

    booking: Booking
    seats: Sequence[BookedSeat]
    key: idempotency.Key | None

    @classmethod
    def from_reservation(cls, command: Create, begun: BegunBooking, reservation: ReservedSeats) -> "Priced":
        """Put the reservation to the command that was begun; raise as BegunBooking.price does, or EmailNotVerified."""
        priced = begun.price(command.new, reservation)
        if reservation.total_amount != priced.total_amount:
            reservation = replace(reservation, total_amount=priced.total_amount)
        if priced.amounts.final_amount == 0 and not command.may_be_free:
            raise EmailNotVerified()
        booking = Booking.created(
            command.id, command.booking_number, command.new, command.show, begun.since, reservation, priced.amounts
        )
        return cls(booking, priced.seats, command.idempotency)

    def confirming(self) -> "Priced":
        """Return a free booking as it is while inventory is asked to confirm it."""
        return replace(self, booking=self.booking.confirming(None, self.booking.created_at))


@retried
async def finish_bookings(
    db: Database,
    priced: Sequence[Priced],
    refused: Sequence[UUID],
    render: Callable[[Changed], bytes],
    *,
    free_per_day: int,
) -> Mapping[UUID, bytes | Priced | Failure]:
    """Freeze the prices of what was reserved, drop what was refused; return what became of the former.

    The answer is what `render` makes of it, stored for repetitions where there is an idempotency key. Free bookings are
    to be confirmed first, and are returned as they are meanwhile; FreeBookingLimitExceeded where a user has made
    `free_per_day` today, unless that is 0.
    """
    to_pay = [one for one in priced if not one.booking.is_free]
    free = [one for one in priced if one.booking.is_free]
    answers = {one.booking.id: render(Changed(one.booking, one.seats)) for one in to_pay}
    too_many: set[UUID] = set()
    counted = [one.booking for one in free if one.booking.guest_name is None]
    if counted and free_per_day:
        async with db.transaction() as tx:
            too_many = await count_free(tx, counted, free_per_day)
            free = [one for one in free if one.booking.id not in too_many]
            finished, *_ = await tx.fetch_all(*_finish(to_pay, free, refused, answers))
    else:
        finished, *_ = await db.transact(*_finish(to_pay, free, refused, answers))
    done = {row.id for row in finished}
    # Where recovery was faster, it has given the seats back.
    outcomes = answers | {one.booking.id: one.confirming() for one in free}
    limited = {id_: FreeBookingLimitExceeded(limit=free_per_day) for id_ in too_many}
    return limited | {id_: outcome if id_ in done else Unavailable() for id_, outcome in outcomes.items()}


def _finish(
    to_pay: Sequence[Priced], free: Sequence[Priced], refused: Sequence[UUID], answers: Mapping[UUID, bytes]
) -> list[Statement]:
    """Return the statements that finish bookings; the first one returns the ids of those that it finished."""
    priced = [*to_pay, *free]
    told = events.created(one.booking for one in priced)
    statements: list[Statement] = [
        (sql.FINISH_BOOKINGS, _bookings(priced) | _seats(priced) | _answers(to_pay, answers) | told)
    ]
    if guests := [one.booking for one in free if one.booking.guest_name is not None]:
        statements.append((sql.NAME_GUESTS, columns(guests, "id", "guest_name")))
    if free:
        ids = columns(free, ids="booking.id")
        statements.append((sql.CONFIRM_FREE, ids | {"lease_seconds": LEASE_SECONDS}))
    if refused:
        statements.append((sql.DROP_BOOKINGS, {"ids": list(refused)}))
    return statements


def _bookings(priced: Sequence[Priced]) -> dict[str, list[object]]:
    return columns(
        [one.booking for one in priced],
        "id",
        "total_amount",
        "currency",
        "expires_at",
        discount_amount="amounts.discount_amount",
        fee_amount="amounts.fee_amount",
        tax_amount="amounts.tax_amount",
        final_amount="amounts.final_amount",
        prices_include_tax="amounts.prices_include_tax",
        seller_id="amounts.seller_id",
        place_of_supply="amounts.place_of_supply",
        sales_end_at="show.sales_end_at",
        starts_at="show.starts_at",
        screen="show.screen",
        show_revision="show.show_revision",
        labels=lambda booking: "\n".join(booking.seat_labels),
    )


def _seats(priced: Sequence[Priced]) -> dict[str, list[object]]:
    seats = [seat for one in priced for seat in one.seats]
    return {
        "seat_of": [one.booking.id for one in priced for _ in one.seats],
        "position": [position for one in priced for position in range(len(one.seats))],
        **columns(seats, "section", "row", "number", "tier", "price", seat_id="id"),
        **sparse(seats, discount=0, fee=0, tax=0, tax_basis_points=0, sac_code="", order_amount=0),
        **sparse(seats, unrefundable_amount=0, organizer_fee=0, kind=ADULT, label=None, features=None),
    }


def _answers(priced: Sequence[Priced], answers: Mapping[UUID, bytes]) -> dict[str, list[object]]:
    keyed = [one for one in priced if one.key]
    return columns(
        keyed,
        answer_of="booking.id",
        user_id="key.user_id",
        method="key.method",
        key="key.key",
        request_hash="key.request_hash",
        answer=lambda one: answers[one.booking.id],
    )


async def drop_bookings(db: Database, ids: Sequence[UUID]) -> None:
    """Drop bookings that never came to be."""
    await db.execute(sql.DROP_BOOKINGS, {"ids": list(ids)})
