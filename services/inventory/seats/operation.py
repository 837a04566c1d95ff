"""Changing seats: the commands of many callers, decided together under their shows' locks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from services.chassis.errors import Failure
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction
from services.chassis.store.marks import COMMIT_MARKS, Marks
from services.chassis.store.rows import Row, columns, read
from services.chassis.writes.answers import KeyTable
from services.chassis.writes.desk import Desk
from services.chassis.writes.operation import KeyedOperation, Rows
from services.inventory.errors import ShowNotFound
from services.inventory.seats import access_rows, area_rows
from services.inventory.seats import statements as sql
from services.inventory.seats.commands import SeatCommand
from services.inventory.seats.domain import LockedShow, Price, Reservation, Seat, SeatRules, UnbookedHolds
from services.inventory.seats.parameters import array, names
from services.inventory.seats.published import PublicShow, publish_prices

A = TypeVar("A")

SHOW_KEYS = KeyTable(
    find=sql.FIND_KEYS,
    keep=sql.KEEP_KEYS,
    forget=sql.FORGET_KEYS,
    named_by=("show_id", "user_id", "method", "key"),
)
"""Keys of commands on seats. They are kept with the rows of their show, wherever those are (docs/citus.md)."""

SHOW_MARKS = Marks(mark=sql.MARK, fence=sql.FENCE, fenced=sql.FENCED)
"""Marks of transactions on seats, which lie there too: one of the shows that a transaction is about is enough."""


@dataclass(frozen=True, slots=True)
class Shows:
    """The shows that are locked, and the time that it was then."""

    now: datetime
    by_id: dict[UUID, LockedShow]
    told: Mapping[UUID, PublicShow]
    """What the topic tells of those that are public and whose prices are set."""


@dataclass(frozen=True, slots=True)
class SeatToWrite:
    """A seat to write."""

    show_id: UUID
    seat: Seat


@dataclass(frozen=True, slots=True)
class SpentMinutes:
    """What a user has held of a show without booking it, to be added to what there was before."""

    show_id: UUID
    user_id: UUID
    spent: UnbookedHolds


@dataclass(frozen=True, slots=True)
class ChangedReservation:
    """A reservation to write."""

    show_id: UUID
    reservation: Reservation


@dataclass(frozen=True, slots=True)
class PriceToWrite:
    """A price of a list to write."""

    show_id: UUID
    version: int
    price: Price


_OF_SEATS = {
    name: f"seat.{name}"
    for name in (
        *("id", "price", "status", "holder_id", "booking_id", "held_at", "expires_at"),
        *("blocked_for", "right_id", "area_id"),
    )
}
"""What is written of a seat."""


class ChangeSeats(KeyedOperation[SeatCommand[Any], Shows, Any, Any]):
    """Carries out commands that change seats; what each answers and refuses, commands.py says.

    A command's fields say what has to be read for it.
    """

    key_table = SHOW_KEYS

    def __init__(self, db: Database, rules: SeatRules) -> None:
        super().__init__(db)
        self._rules = rules

    def marks(self, batch: Sequence[SeatCommand[Any]]) -> Marks:
        """Have the mark lie with the rows of a show, the only ones that most commands write.

        What writes the catalogue too leaves it there.
        """
        if any(command.sets_prices for command in batch):
            return COMMIT_MARKS
        return replace(SHOW_MARKS, beside={"show_id": batch[0].show_id})

    def reads(self, batch: Sequence[SeatCommand[Any]], *, wait: bool) -> dict[str, Statement]:
        """Lock the shows, then read seats and reservations: all that is named, held or claimed."""
        lock = sql.WAIT_FOR_SHOWS if wait else sql.LOCK_SHOWS
        show_ids = list({command.show_id for command in batch})
        statements: dict[str, Statement] = {
            "shows": (lock, {"show_ids": show_ids}),
            "prices": (sql.LIST_PRICES_AND_CLOCK, {"show_ids": show_ids}),
        }
        if listed := [command.show_id for command in batch if command.sets_prices]:
            statements["multipliers"] = (sql.MULTIPLIERS, {"show_ids": listed})
            statements["told"] = (sql.SHOWS_TO_TELL_OF, {"show_ids": listed})
        limited = ((command.show_id, command.user_id) for command in batch if command.is_limited)
        claimed = [command for command in batch if command.booking_id is not None]
        asked = {
            "named": (sql.SEATS_BY_ID, names("id", ((c.show_id, id_) for c in batch for id_ in c.seat_ids))),
            "owned": (sql.SEATS_OF_USERS, names("user_id", ((c.show_id, c.user_id) for c in batch if c.user_id))),
            "unbooked": (sql.UNBOOKED_HOLDS, names("user_id", limited)),
            "reservations": (sql.RESERVATIONS, names("booking_id", ((c.show_id, c.booking_id) for c in claimed))),
            "reserved": (
                sql.SEATS_OF_RESERVATIONS,
                names("booking_id", ((c.show_id, c.booking_id) for c in claimed if c.changes_claim or c.areas)),
            ),
        }
        asked |= access_rows.reads(batch) | area_rows.reads(batch)
        return statements | {name: (statement, named) for name, (statement, named) in asked.items() if named}

    async def load(self, tx: Transaction, batch: Sequence[SeatCommand[Any]], rows: Rows) -> tuple[Shows, set[UUID]]:
        """Put seats and reservations to their shows. Of the shows that are not locked, others have those that exist."""
        by_id = {show.show_id: _show(show) for show in rows["shows"]}
        # Where no show has prices there is none to decide about, whatever the time.
        [clock, *_] = rows["prices"] or await tx.fetch(READ_CLOCK)
        locked = Shows(clock.now, by_id, {row.id: row for row in rows.get("told", ())})
        for price in rows["prices"]:
            if show := locked.by_id.get(price.show_id):
                show.prices[price.tier] = price.price
        for row in rows.get("multipliers", ()):
            if show := locked.by_id.get(row.show_id):
                show.multipliers[row.tier] = row.multiplier
        for name in ("named", "owned", "reserved"):
            _load_seats(locked, rows.get(name, ()))
        _load_reservations(locked, rows.get("reservations", ()))
        for row in rows.get("unbooked", ()):
            if show := locked.by_id.get(row.show_id):
                show.unbooked_holds[row.user_id] = UnbookedHolds(row.window_began_at, row.minutes)
        access_rows.load(locked.by_id, rows)
        area_rows.load(locked.by_id, rows)
        await _read_lapsed(tx, locked, batch)
        missing = {command.show_id for command in batch} - locked.by_id.keys()
        busy = await tx.fetch(sql.WHICH_SHOWS_EXIST, {"show_ids": list(missing)}) if missing else []
        return locked, {row.show_id for row in busy}

    def decide(self, command: SeatCommand[Any], state: Shows) -> Any:
        """Have the command decide about its show."""
        show = state.by_id.get(command.show_id)
        if show is None:
            raise ShowNotFound()
        return command.apply(show, state.now, self._rules)

    async def write(self, tx: Transaction, state: Shows) -> None:
        """Write what changed: seats, the shows' numbers and limits and the changes under them, reservations."""
        shows = state.by_id.values()
        seats = [SeatToWrite(show.id, show.seats[id_]) for show in shows for id_ in sorted(show.changed_seats)]
        listed = [show for show in shows if show.new_lists]
        if seats or listed:
            changed = dict.fromkeys([*(seat.show_id for seat in seats), *(show.id for show in listed)])
            await tx.send(sql.TAKE_NUMBERS, {"show_ids": list(changed)} | self._rules.limits)
        if seats:
            values = columns(
                seats,
                "show_id",
                **_OF_SEATS,
                blocked="seat.is_blocked",
                costs=lambda one: state.by_id[one.show_id].priced(one.seat, state.now).price,
            )
            await tx.send(sql.WRITE_SEATS, values)
            await tx.send(sql.WRITE_CHANGES, values | {"now": state.now})
        if listed:
            await _write_lists(tx, listed, state.now)
            await publish_prices(tx, listed, state.told)
        await _write_unbooked(tx, shows)
        await access_rows.write(tx, shows)
        claims = [
            ChangedReservation(show.id, show.reservations[id_])
            for show in shows
            for id_ in sorted(show.changed_reservations)
        ]
        if claims:
            values = columns(
                claims,
                "show_id",
                booking_id="reservation.booking_id",
                user_id="reservation.user_id",
                state="reservation.state",
                seat_ids=lambda claim: array(claim.reservation.seat_ids),
                prices=lambda claim: array(claim.reservation.prices),
                right_ids=lambda claim: _rights(claim.reservation),
                reserved_at="reservation.reserved_at",
                expires_at="reservation.expires_at",
            )
            await tx.send(sql.WRITE_RESERVATIONS, values | {"now": state.now})


async def _write_unbooked(tx: Transaction, shows: Iterable[LockedShow]) -> None:
    """Add what users have held of the shows without booking it, as far as that has ended just now."""
    unbooked = [SpentMinutes(show.id, user_id, spent) for show in shows for user_id, spent in show.let_go_now.items()]
    if unbooked:
        spent = columns(
            unbooked, "show_id", "user_id", window_began_at="spent.window_began_at", minutes="spent.minutes"
        )
        await tx.send(sql.ADD_UNBOOKED_HOLDS, spent)


class SeatDesk(Desk[SeatCommand[Any], Any]):
    """The desk of seats. Commands of one show take turns; those of many are carried out together."""

    async def submit(self, command: SeatCommand[A]) -> A:
        """Queue `command` and return its answer, or raise its Failure."""
        return cast(A, await super().submit(command))

    async def submit_all(self, commands: Sequence[SeatCommand[A]]) -> list[A | Failure]:
        """Queue `commands` and return the answer of each, or its Failure."""
        return await super().submit_all(commands)


async def _read_lapsed(tx: Transaction, locked: Shows, batch: Sequence[SeatCommand[Any]]) -> None:
    """Read what only lapsed claims need, which is seldom.

    Taking a seat from a booking whose claim has lapsed frees that booking's other seats too; reviving a lapsed
    claim has to know how many seats its user has meanwhile.
    """
    shows, now = locked.by_id, locked.now
    await area_rows.read_for_late(tx, shows, batch, now)
    losers = names(
        "booking_id",
        (
            (show.id, seat.booking_id)
            for show in shows.values()
            for seat in show.seats.values()
            if seat.booking_id is not None and not seat.is_claimed(now) and seat.booking_id not in show.reservations
        ),
    )
    revivals = names(
        "user_id",
        (
            (show.id, claim.user_id)
            for command in batch
            if command.may_revive and (show := shows.get(command.show_id)) is not None
            if (claim := show.reservations.get(cast(UUID, command.booking_id))) is not None
            if claim.user_id is not None and not claim.is_alive(now)
        ),
    )
    if losers:
        reservations, seats = await tx.fetch_all((sql.RESERVATIONS, losers), (sql.SEATS_OF_RESERVATIONS, losers))
        _load_reservations(locked, reservations)
        _load_seats(locked, seats)
    if revivals:
        _load_seats(locked, await tx.fetch(sql.SEATS_OF_USERS, revivals))
    await access_rows.read_rights(tx, shows, batch, now)


def _show(row: Row) -> LockedShow:
    return LockedShow(
        id=row.show_id,
        starts_at=row.starts_at,
        sales_end_at=row.sales_end_at,
        currency=row.currency,
        status=row.status,
        sales_start_at=row.sales_start_at,
        revision=row.revision,
        sequence=row.sequence,
        prices_version=row.prices_version,
        seat_limit=row.seat_limit,
    )


async def _write_lists(tx: Transaction, shows: Sequence[LockedShow], now: datetime) -> None:
    """Write the lists that shows have got, as changes under their numbers."""
    prices = [
        PriceToWrite(show.id, one.version, price) for show in shows for one in show.new_lists for price in one.prices
    ]
    valid = [PriceToWrite(show.id, show.prices_version, price) for show in shows for price in show.new_lists[-1].prices]
    tiers = {"tier": "price.tier", "price": "price.price"}
    await tx.send(sql.WRITE_LISTS, columns(prices, "show_id", "version", **tiers))
    await tx.send(sql.TAKE_LISTS, columns(shows, show_id="id", version="prices_version"))
    await tx.send(sql.WRITE_SHOW_CHANGES, columns(shows, show_id="id") | {"now": now})
    await tx.send(sql.SHOW_PRICES, columns(valid, "show_id", **tiers))


def _load_seats(locked: Shows, rows: Sequence[Row]) -> None:
    for row, seat in zip(rows, read(Seat, rows), strict=True):
        if show := locked.by_id.get(row.show_id):
            show.load([seat])


def _rights(reservation: Reservation) -> str | None:
    return array(reservation.right_ids and [right or "NULL" for right in reservation.right_ids])


def _load_reservations(locked: Shows, rows: Sequence[Row]) -> None:
    for row, reservation in zip(rows, read(Reservation, rows), strict=True):
        if show := locked.by_id.get(row.show_id):
            show.reservations[reservation.booking_id] = reservation
