"""How seats change: batches of commands, each batch a locked transaction.

1. Lock the shows. 2. Then, in later statements, read the clock, the seats and the claims. 3. Decide with pure
functions. 4. Write what changed, under the show's next number; commit; answer.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis import idempotency
from services.chassis.database import READ_CLOCK, Database, Statement, Transaction
from services.chassis.desk import BUSY, Outcome
from services.chassis.errors import Failure
from services.inventory.domain.commands import Command, Confirm, Reserve
from services.inventory.domain.errors import ShowNotFound
from services.inventory.domain.seats import Reservation, Rules, Seat, Show
from services.inventory.queries import seats as sql

Pairs = tuple[list[UUID], list[UUID]]
"""Two columns: shows, and ids of something of theirs."""


class SeatCommands:
    """Carries out batches of commands; what inventory's desk runs.

    Idempotency keys are read and written for the whole batch, in the statements that go out anyway. They need no lock
    of their own: equal requests name the same show, whose lock has them take turns. Where a key is used for two shows
    at once, one of the two cannot store it, which undoes its batch; run again, it finds the key used.
    """

    def __init__(self, db: Database, rules: Rules, render: Callable[[Any], bytes]) -> None:
        """`render` makes of an answer what is stored under an idempotency key; such answers come rendered."""
        self._db = db
        self._rules = rules
        self._render = render

    async def __call__(self, batch: Sequence[Command], *, wait: bool) -> Sequence[Outcome[Any]]:
        """Carry out a batch; see chassis.desk.Run."""
        keyed = [command.idempotency for command in batch if command.idempotency is not None]
        async with self._db.transaction() as tx:
            shows, now, answers = await self._read(tx, batch, keyed, wait=wait)
            missing = {command.show_id for command in batch} - shows.keys()
            existing = await self._existing(tx, missing)
            kept: list[tuple[idempotency.Key, bytes]] = []
            outcomes = [
                self._decide(command, shows.get(command.show_id), command.show_id in existing, now, answers, kept)
                for command in batch
            ]
            await _write(tx, shows.values(), now, self._rules)
            if kept:
                await idempotency.keep(tx, *kept)
        return outcomes

    def _decide(
        self,
        command: Command,
        show: Show | None,
        exists: bool,
        now: datetime,
        answers: dict[tuple[UUID, str, str], tuple[bytes, bytes]],
        kept: list[tuple[idempotency.Key, bytes]],
    ) -> Outcome[Any]:
        """Decide one command; what it is refused for is its answer and spoils no other."""
        if show is None:
            return BUSY if exists else ShowNotFound()
        key = command.idempotency
        try:
            if key is not None and key.name in answers:
                request_hash, answer = answers[key.name]
                key.check(request_hash)
                return answer
            outcome = command.apply(show, now, self._rules)
        except Failure as failure:
            return failure
        if key is None:
            return outcome
        stored = self._render(outcome)
        answers[key.name] = (key.request_hash, stored)
        kept.append((key, stored))
        return stored

    async def _read(
        self, tx: Transaction, batch: Sequence[Command], keyed: Sequence[idempotency.Key], *, wait: bool
    ) -> tuple[dict[UUID, Show], datetime, dict[tuple[UUID, str, str], tuple[bytes, bytes]]]:
        """Lock the batch's shows and read all that its commands are decided by."""
        named = _pairs((c.show_id, seat_id) for c in batch for seat_id in c.seat_ids)
        owners = _pairs((c.show_id, c.user_id) for c in batch if c.user_id is not None)
        claims = _pairs((c.show_id, c.booking_id) for c in batch if c.booking_id is not None)
        old_claims = _pairs(
            (c.show_id, c.booking_id) for c in batch if c.booking_id is not None and not isinstance(c, Reserve)
        )
        ids = list({c.show_id for c in batch})
        reads: dict[str, Statement] = {
            "shows": (sql.WAIT_FOR_SHOWS if wait else sql.LOCK_SHOWS, (ids,)),
            "clock": (READ_CLOCK, ()),
        }
        if named[0]:
            reads["seats"] = (sql.SEATS_BY_ID, named)
        if owners[0]:
            reads["owned"] = (sql.SEATS_OF_USERS, owners)
        if claims[0]:
            reads["reservations"] = (sql.RESERVATIONS, claims)
        if old_claims[0]:
            reads["reserved"] = (sql.SEATS_OF_RESERVATIONS, old_claims)
        if keyed:
            reads["keys"] = (idempotency.FIND, idempotency.columns(keyed))
        rows = dict(zip(reads, await tx.fetch_all(*reads.values()), strict=True))

        now: datetime = rows["clock"][0].now
        shows = {row.show_id: Show(row.show_id, row.starts_at, row.sales_end_at, row.currency) for row in rows["shows"]}
        for part in ("seats", "owned", "reserved"):
            _load_seats(shows, rows.get(part, ()))
        _load_reservations(shows, rows.get("reservations", ()))
        await _read_lapsed(tx, shows, batch, now)
        answers = {
            (row.user_id, row.method, row.key): (bytes(row.request_hash), bytes(row.answer))
            for row in rows.get("keys", ())
        }
        return shows, now, answers

    async def _existing(self, tx: Transaction, missing: set[UUID]) -> set[UUID]:
        """Return those of the shows that could not be locked which do exist: somebody else has them."""
        if not missing:
            return set()
        return {row.show_id for row in await tx.fetch(sql.WHICH_SHOWS_EXIST, (list(missing),))}


async def _read_lapsed(tx: Transaction, shows: dict[UUID, Show], batch: Sequence[Command], now: datetime) -> None:
    """Read what only lapsed claims need, which is seldom.

    Taking a seat from a booking whose claim has lapsed frees that booking's other seats too; reviving a lapsed
    claim has to know how many seats its user has meanwhile.
    """
    known = {(show.id, booking_id) for show in shows.values() for booking_id in show.reservations}
    losers = _pairs(
        (show.id, seat.booking_id)
        for show in shows.values()
        for seat in show.seats.values()
        if seat.booking_id is not None and not seat.is_claimed(now) and (show.id, seat.booking_id) not in known
    )
    revivals = _pairs(
        (command.show_id, claim.user_id)
        for command in batch
        if isinstance(command, Confirm) and (show := shows.get(command.show_id)) is not None
        if (claim := show.reservations.get(command.booking_id)) is not None
        if claim.user_id is not None and not claim.is_alive(now)
    )
    if losers[0]:
        reservations, seats = await tx.fetch_all((sql.RESERVATIONS, losers), (sql.SEATS_OF_RESERVATIONS, losers))
        _load_reservations(shows, reservations)
        _load_seats(shows, seats)
    if revivals[0]:
        _load_seats(shows, await tx.fetch(sql.SEATS_OF_USERS, revivals))


def _load_seats(shows: dict[UUID, Show], rows: Iterable[Any]) -> None:
    for row in rows:
        if show := shows.get(row.show_id):
            show.load([Seat(*row[1:])])


def _load_reservations(shows: dict[UUID, Show], rows: Iterable[Any]) -> None:
    for row in rows:
        if show := shows.get(row.show_id):
            show.reservations[row.booking_id] = Reservation(*row[1:])


async def _write(tx: Transaction, shows: Iterable[Show], now: datetime, rules: Rules) -> None:
    """Write what changed: seats, the shows' numbers and limits and the changes under them, reservations."""
    seats = [(show.id, show.seats[seat_id]) for show in shows for seat_id in sorted(show.changed_seats)]
    if seats:
        show_ids = [show_id for show_id, _ in seats]
        ids = [seat.id for _, seat in seats]
        statuses = [seat.status for _, seat in seats]
        expiries = [seat.expires_at for _, seat in seats]
        holders = [seat.holder_id for _, seat in seats]
        bookings = [seat.booking_id for _, seat in seats]
        await tx.send(sql.WRITE_SEATS, (show_ids, ids, statuses, holders, bookings, expiries))
        await tx.send(sql.TAKE_NUMBERS, (*rules.limits, list(dict.fromkeys(show_ids))))
        await tx.send(sql.WRITE_CHANGES, (now, show_ids, ids, statuses, expiries))
    claims = [(show.id, show.reservations[id_]) for show in shows for id_ in sorted(show.changed_reservations)]
    if claims:
        await tx.send(
            sql.WRITE_RESERVATIONS,
            (
                now,
                [show_id for show_id, _ in claims],
                [claim.booking_id for _, claim in claims],
                [claim.user_id for _, claim in claims],
                [claim.state for _, claim in claims],
                ["{" + ",".join(map(str, claim.seat_ids)) + "}" for _, claim in claims],
                [claim.reserved_at for _, claim in claims],
                [claim.expires_at for _, claim in claims],
            ),
        )


def _pairs(rows: Iterable[tuple[UUID, UUID]]) -> Pairs:
    """Turn rows into columns, each row once."""
    distinct = list(dict.fromkeys(rows))
    return [first for first, _ in distinct], [second for _, second in distinct]
