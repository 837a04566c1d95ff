"""Creating bookings: the intent first, then, when inventory has answered, the price or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.booking.domain.bookings import BookedSeat, BookedShow, Booking, State
from services.booking.queries import bookings as sql
from services.chassis import idempotency
from services.chassis.database import Database, retried
from services.chassis.desk import BUSY, Outcome
from services.chassis.errors import Failure, Unavailable

LEASE_SECONDS = 8.0
"""How long a step may take before recovery takes it over; longer than any call within it."""


@dataclass(frozen=True, slots=True)
class Create:
    """A booking to create."""

    id: UUID
    user_id: UUID
    show: BookedShow
    seat_ids: Sequence[UUID]
    idempotency: idempotency.Key | None
    urgent: bool = False

    @property
    def key(self) -> object:
        """Requests with the same idempotency key take turns; others are free of each other."""
        return self.idempotency.name if self.idempotency else self.id


@dataclass(frozen=True, slots=True)
class Changed:
    """A booking as a change has left it, with its seats."""

    booking: Booking
    seats: Sequence[BookedSeat]


async def begin(db: Database, batch: Sequence[Create]) -> list[Outcome[bytes] | datetime]:
    """Write the intents of a batch. Answer since when for each that goes on, or its outcome if that is known already.

    Idempotency keys are looked up for the whole batch. No lock of a transaction lasts until inventory has answered:
    the row of the intent holds the key from now on, for as long as its answer is kept.
    """
    keys = [command.idempotency for command in batch]
    shows = list({command.show.show_id: command.show for command in batch}.values())
    stored, begun = await db.transact(
        (idempotency.FIND, idempotency.columns([key for key in keys if key])),
        (
            sql.BEGIN_BOOKINGS,
            (
                LEASE_SECONDS,
                [command.id for command in batch],
                [command.user_id for command in batch],
                [key.key if key else None for key in keys],
                [key.request_hash if key else None for key in keys],
                [command.show.show_id for command in batch],
                [show.show_id for show in shows],
                [show.event_id for show in shows],
                [show.is_movie for show in shows],
                [show.title for show in shows],
                [show.theatre for show in shows],
                [show.city for show in shows],
                [show.screen for show in shows],
                [show.starts_at for show in shows],
            ),
        ),
    )
    since = {row.id: row.created_at for row in begun}
    taken = [command.idempotency for command in batch if command.id not in since and command.idempotency]
    under_way = await db.fetch(sql.KEYS_UNDER_WAY, idempotency.columns(taken)[::2]) if taken else []
    answers = {(row.user_id, row.key): row for row in (*under_way, *stored)}
    return [since[command.id] if command.id in since else _known(command, answers) for command in batch]


def _known(command: Create, answers: dict[tuple[UUID, str], Any]) -> Outcome[bytes]:
    """Return the answer to the first request with the same key, or BUSY while that is under way."""
    key = command.idempotency
    assert key is not None, "only a key that is in use keeps a booking from beginning"
    first = answers.get((key.user_id, key.key))
    if first is None:
        return BUSY
    try:
        key.check(bytes(first.request_hash))
    except Failure as failure:
        return failure
    return BUSY if first.answer is None else bytes(first.answer)


@dataclass(frozen=True, slots=True)
class Priced:
    """A booking for which inventory has reserved the seats."""

    command: Create
    since: datetime
    seats: Sequence[BookedSeat]
    total_amount: int
    currency: str
    expires_at: datetime
    sales_end_at: datetime

    def booking(self) -> Booking:
        """Return the booking as it will be."""
        return Booking(
            self.command.id,
            self.command.user_id,
            State.PENDING,
            2,
            None,
            self.total_amount,
            self.currency,
            self.expires_at,
            self.since,
            self.since,
            None,
            None,
            None,
            replace(self.command.show, sales_end_at=self.sales_end_at),
            [seat.label for seat in self.seats],
        )


@retried
async def finish(
    db: Database, priced: Sequence[Priced], refused: Sequence[UUID], render: Callable[[Changed], bytes]
) -> dict[UUID, bytes | Failure]:
    """Freeze the prices of what was reserved, drop what was refused; return what became of the former.

    The answer is what `render` makes of it, stored for repetitions where there is an idempotency key.
    """
    bookings = [one.booking() for one in priced]
    answers = {booking.id: render(Changed(booking, one.seats)) for booking, one in zip(bookings, priced, strict=True)}
    seats = [(one.command.id, position, seat) for one in priced for position, seat in enumerate(one.seats)]
    keyed = [(one.command.id, one.command.idempotency) for one in priced if one.command.idempotency]
    finished, *_ = await db.transact(
        (
            sql.FINISH_BOOKINGS,
            (
                [booking.id for booking in bookings],
                [booking.total_amount for booking in bookings],
                [booking.currency for booking in bookings],
                [booking.expires_at for booking in bookings],
                [booking.show.sales_end_at for booking in bookings],
                ["\n".join(booking.seat_labels) for booking in bookings],
                [id_ for id_, _, _ in seats],
                [position for _, position, _ in seats],
                [seat.id for _, _, seat in seats],
                [seat.section for _, _, seat in seats],
                [seat.row for _, _, seat in seats],
                [seat.number for _, _, seat in seats],
                [seat.tier for _, _, seat in seats],
                [seat.price for _, _, seat in seats],
                [id_ for id_, _ in keyed],
                *idempotency.columns([key for _, key in keyed]),
                [key.request_hash for _, key in keyed],
                [answers[id_] for id_, _ in keyed],
            ),
        ),
        *([(sql.DROP_BOOKINGS, (list(refused),))] if refused else []),
    )
    ids = {row.id for row in finished}
    # Where recovery was faster, it has given the seats back.
    return {id_: answer if id_ in ids else Unavailable() for id_, answer in answers.items()}


async def drop(db: Database, ids: Sequence[UUID]) -> None:
    """Drop bookings that never came to be."""
    await db.execute(sql.DROP_BOOKINGS, (list(ids),))
