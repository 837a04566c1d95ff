"""Creating bookings: the intent first, then, when inventory has answered, the price or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.booking.domain.bookings import BookedSeat, BookedShow, Booking
from services.booking.operations import rows
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


async def begin(db: Database, batch: Sequence[Create]) -> list[Outcome[bytes] | None]:
    """Write the intents of a batch. Answer None for each that goes on, or its outcome if that is known already.

    Idempotency keys are looked up for the whole batch. No lock of a transaction lasts until inventory has answered:
    the row of the intent holds the key from now on, for as long as its answer is kept.
    """
    keyed = [command.idempotency for command in batch if command.idempotency]
    keys = [command.idempotency for command in batch]
    shows = [command.show for command in batch]
    async with db.transaction() as tx:
        stored, begun = await tx.fetch_all(
            (idempotency.FIND, idempotency.columns(keyed)),
            (
                sql.BEGIN_BOOKINGS,
                (
                    LEASE_SECONDS,
                    [command.id for command in batch],
                    [command.user_id for command in batch],
                    [key.key if key else None for key in keys],
                    [key.request_hash if key else None for key in keys],
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
        ids = {row.id for row in begun}
        taken = [command.idempotency for command in batch if command.id not in ids and command.idempotency]
        under_way = await tx.fetch(sql.KEYS_UNDER_WAY, idempotency.columns(taken)[::2]) if taken else []
    answers = {(row.user_id, row.key): row for row in (*under_way, *stored)}
    return [None if command.id in ids else _known(command, answers) for command in batch]


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
    """A command for which inventory has reserved the seats."""

    command: Create
    seats: Sequence[BookedSeat]
    total_amount: int
    currency: str
    expires_at: Any


@retried
async def finish(
    db: Database, priced: Sequence[Priced], refused: Sequence[UUID], render: Callable[[Changed], bytes]
) -> dict[UUID, Changed | bytes | Failure]:
    """Freeze the prices of what was reserved, drop what was refused; return what became of the former.

    With an idempotency key the answer is what `render` makes of it, stored for repetitions.
    """
    async with db.transaction() as tx:
        finished = await tx.fetch(
            sql.FINISH_BOOKINGS,
            (
                [one.command.id for one in priced],
                [one.total_amount for one in priced],
                [one.currency for one in priced],
                [one.expires_at for one in priced],
                ["\n".join(seat.label for seat in one.seats) for one in priced],
            ),
        )
        bookings = {row.id: rows.booking(row) for row in finished}
        outcomes: dict[UUID, Changed | bytes | Failure] = {}
        kept: list[tuple[idempotency.Key, bytes]] = []
        seats: list[tuple[Any, ...]] = []
        for one in priced:
            id_ = one.command.id
            if id_ not in bookings:
                outcomes[id_] = Unavailable()  # recovery was faster, and has given the seats back
                continue
            created = Changed(bookings[id_], one.seats)
            outcomes[id_] = created
            if one.command.idempotency:
                outcomes[id_] = answer = render(created)
                kept.append((one.command.idempotency, answer))
            seats += [
                (id_, position, seat.id, seat.section, seat.row, seat.number, seat.tier, seat.price)
                for position, seat in enumerate(one.seats)
            ]
        if seats:
            await tx.send(sql.WRITE_SEATS, [list(column) for column in zip(*seats, strict=True)])
        if kept:
            await idempotency.keep(tx, *kept)
        if refused:
            await tx.send(sql.DROP_BOOKINGS, (list(refused),))
    return outcomes


async def drop(db: Database, ids: Sequence[UUID]) -> None:
    """Drop bookings that never came to be."""
    await db.execute(sql.DROP_BOOKINGS, (list(ids),))
