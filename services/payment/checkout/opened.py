"""Sessions that the bank has opened: the last look at the tombstone, the bank's name for the order, and the answer that
is kept under the key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from services.chassis.errors import Failure
from services.chassis.store.database import Database, Statement
from services.chassis.store.rows import Row, columns
from services.chassis.writes import answers
from services.chassis.writes.desk import Outcome
from services.chassis.writes.idempotency import Key
from services.payment.checkout import statements as sql
from services.payment.domain.payments import Payment
from services.payment.errors import BookingNotPending


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that is open at the bank, and what its caller is to be answered."""

    urgent: ClassVar[bool] = False

    payment: Payment
    """With the gateway's name for what is to be paid."""
    answer: bytes
    idempotency: Key | None

    @property
    def booking_id(self) -> UUID:
        """Whose account is looked at."""
        return self.payment.booking_id

    @property
    def key(self) -> object:
        """Answers to equal requests take turns."""
        return self.idempotency.name if self.idempotency else self.booking_id


class KeepOpened:
    """Keeps answers, of bookings that are not closed for payment meanwhile, all in one round trip.

    Answers with the answer that was kept first under the key, without a key with that of the command. Refuses with
    BookingNotPending where the booking is closed, and with IdempotencyKeyReused.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def __call__(self, batch: Sequence[Opened], *, wait: bool) -> list[Outcome[bytes]]:
        """Carry out a batch; see desk.Run. A key that is locked for too long raises RequestInProgress."""
        closed = (sql.CLOSED, {"booking_ids": [command.booking_id for command in batch]})
        # Of equal requests the one that came first; in order, so that two processes wait for each other one way only.
        firsts = {key.name: (key, command) for command in reversed(batch) if (key := command.idempotency)}
        named = _name(batch)
        if firsts:
            keyed = [firsts[name] for name in sorted(firsts)]
            keys = [key for key, _ in keyed]
            _, kept, _, rows = await self._db.transact(_keep(keyed), answers.find(keys), named, closed)
        else:
            kept, (_, rows) = [], await self._db.transact(named, closed)
        known: dict[object, Row] = {(row.user_id, row.method, row.key): row for row in kept}
        ended = {row.booking_id for row in rows}
        return [_outcome(command, known.get(command.key), command.booking_id in ended) for command in batch]


def _keep(keyed: Sequence[tuple[Key, Opened]]) -> Statement:
    names = columns([key for key, _ in keyed], "user_id", "method", "key", "request_hash")
    return sql.KEEP_IF_OPEN, names | columns([command for _, command in keyed], "booking_id", "answer")


def _name(batch: Sequence[Opened]) -> Statement:
    payments = {command.payment.id: command.payment for command in batch}
    return sql.NAME_ORDERS, columns(payments.values(), "id", "gateway_order_id")


def _outcome(command: Opened, kept: Row, is_closed: bool) -> Outcome[bytes]:
    """Return the kept answer; a key that still has none belongs to a booking that was closed before."""
    if command.idempotency is None:
        return BookingNotPending() if is_closed else command.answer
    if kept is None:
        return BookingNotPending()
    try:
        command.idempotency.check(bytes(kept.request_hash))
    except Failure as failure:
        return failure
    return bytes(kept.answer) or BookingNotPending()
