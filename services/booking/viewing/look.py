"""Looking bookings up, for all at once who ask."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from services.booking.bookings import statements as bookings_sql
from services.booking.bookings.domain import BookedSeat, Booking, BookingRefund, State
from services.booking.bookings.rows import refunds_by_booking, seats_by_booking
from services.booking.errors import BookingNotFound
from services.booking.viewing import statements as sql
from services.chassis.errors import Failure
from services.chassis.store.database import READ_CLOCK, Database, Statement
from services.chassis.store.rows import Row, columns, read
from services.chassis.writes.lookup import Lookup


@dataclass(frozen=True, slots=True)
class Seen:
    """A booking with its seats and refunds, as it stood at `now`."""

    booking: Booking
    seats: Sequence[BookedSeat]
    now: datetime
    refunds: Sequence[BookingRefund] = ()


@dataclass(frozen=True, slots=True)
class BookingsPage:
    """A page of a user's bookings: so many at most, made before the booking `before` if there is one.

    Of one show, and of one state that callers see, where these are given.
    """

    user_id: UUID
    show_id: UUID | None
    status: State | None
    before: UUID | None
    limit: int
    upcoming: bool | None = None
    """Whether of shows to come; None: of any."""
    skipped: int = 0
    """How many come before the page, where pages are counted."""


@dataclass(frozen=True, slots=True)
class ShowBookingsPage:
    """A page of a show's bookings, of one state that callers see where that is given; see BookingsPage."""

    show_id: UUID
    status: State | None
    before: UUID | None
    limit: int


PageT = TypeVar("PageT", BookingsPage, ShowBookingsPage)


class Bookings:
    """Bookings as they stand."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._by_id: Lookup[UUID, Seen] = Lookup(self._find, name="look-bookings")
        self._by_show: Lookup[ShowBookingsPage, list[Seen]] = Lookup(
            self._list_of_shows, name="list-show-bookings", max_keys=32
        )

    async def find(self, booking_id: UUID, user_id: UUID | None) -> Seen:
        """Return a booking; raise BookingNotFound if there is none, or not of `user_id` where that is given."""
        seen = await self._by_id.get(booking_id)
        if seen is None or (user_id is not None and seen.booking.user_id != user_id):
            raise BookingNotFound()
        return seen

    async def find_all(self, wanted: Sequence[tuple[UUID, UUID]]) -> list[Seen | Failure]:
        """Return bookings of users as `find` does, or why not."""
        found = await self._find([booking_id for booking_id, _ in wanted])
        return [
            seen if (seen := found.get(booking_id)) and seen.booking.user_id == user_id else BookingNotFound()
            for booking_id, user_id in wanted
        ]

    async def several(self, booking_ids: Sequence[UUID]) -> list[Seen]:
        """Return those of the bookings that there are, in the order of their ids as given, whoever's they are."""
        found = await self._find(booking_ids) if booking_ids else {}
        return [found[booking_id] for booking_id in booking_ids if booking_id in found]

    async def look(
        self, ids: Sequence[UUID], pages: Sequence[BookingsPage]
    ) -> tuple[dict[UUID, Seen], dict[BookingsPage, list[Seen]]]:
        """Return those of the bookings that there are, and pages of users, newest first, in one round trip."""
        if not ids:
            return {}, await self._list(pages)
        if not pages:
            return await self._find(ids), {}
        *by_id, listed = await self._db.fetch_all(*_of_ids(ids), _of_pages(pages))
        named = {one.booking.id: one for one in await self._with_refunds(_seen(*by_id))}
        return named, await self._listed(pages, listed)

    async def of_show(self, page: ShowBookingsPage) -> list[Seen]:
        """Return a page of a show's bookings, newest first."""
        return await self._by_show.get(page) or []

    async def count(self, page: BookingsPage) -> int:
        """Return how many bookings there are in all, on whichever page."""
        [row] = await self._db.fetch(sql.COUNT_BOOKINGS, columns([page], "user_id", "show_id", "status", "upcoming"))
        return int(row.bookings)

    async def _find(self, ids: Sequence[UUID]) -> dict[UUID, Seen]:
        found = await self._db.fetch_all(*_of_ids(ids))
        return {one.booking.id: one for one in await self._with_refunds(_seen(*found))}

    async def _with_refunds(self, seen: Sequence[Seen]) -> list[Seen]:
        """Return bookings with their refunds, which few have. One that has moved since it was read is read again."""
        ids = [one.booking.id for one in seen if one.booking.refund_count]
        if not ids:
            return list(seen)
        found, versions = await self._db.fetch_all(
            (bookings_sql.REFUNDS, {"booking_ids": ids}), (sql.VERSIONS, {"ids": ids})
        )
        refunds, version_of = refunds_by_booking(found), {row.id: row.version for row in versions}
        moved = [one.booking.id for one in seen if version_of.get(one.booking.id, 0) > one.booking.version]
        again = await self._find(moved) if moved else {}
        return [again.get(one.booking.id) or replace(one, refunds=refunds[one.booking.id]) for one in seen]

    async def _list(self, pages: Sequence[BookingsPage]) -> dict[BookingsPage, list[Seen]]:
        return await self._listed(pages, await self._db.fetch(*_of_pages(pages)))

    async def _list_of_shows(self, pages: Sequence[ShowBookingsPage]) -> dict[ShowBookingsPage, list[Seen]]:
        asked = columns(pages, "show_id", "status", "before", "limit")
        return await self._listed(pages, await self._db.fetch(sql.BOOKINGS_OF_SHOWS, asked))

    async def _listed(self, pages: Sequence[PageT], found: Sequence[Row]) -> dict[PageT, list[Seen]]:
        """Read the rows of pages."""
        lists: defaultdict[PageT, list[Seen]] = defaultdict(list)
        bookings = zip(found, read(Booking, found), strict=True)
        seen = await self._with_refunds([Seen(booking, _seats(row), row.now) for row, booking in bookings])
        for row, one in zip(found, seen, strict=True):
            lists[pages[row.page - 1]].append(one)
        return lists


def _of_ids(ids: Sequence[UUID]) -> tuple[Statement, Statement, Statement]:
    """Return the statements that read bookings: the clock, them, and their seats."""
    return (
        (READ_CLOCK, ()),
        (bookings_sql.BOOKINGS, {"ids": list(ids)}),
        (bookings_sql.SEATS, {"booking_ids": list(ids)}),
    )


def _of_pages(pages: Sequence[BookingsPage]) -> Statement:
    """Return the statement that reads pages of users' bookings."""
    asked = columns(pages, "user_id", "show_id", "status", "before", "limit", "upcoming", "skipped")
    return sql.BOOKINGS_OF_USERS, asked


def _seen(clock: Sequence[Row], found: Sequence[Row], seats: Sequence[Row]) -> list[Seen]:
    """Read what those statements return."""
    seats_of = seats_by_booking(seats)
    return [Seen(booking, seats_of[booking.id], clock[0].now) for booking in read(Booking, found)]


def _seats(row: Row) -> list[BookedSeat]:
    """Read the seats of a row of a page."""
    if row.seat_ids is None:
        return []
    columns = (row.seat_ids, row.sections, row.rows, row.numbers, row.tiers)
    lines = (row.prices, row.discounts, row.fees, row.taxes)
    seats = [BookedSeat(*seat) for seat in zip(*columns, *lines, strict=True)]
    fees = (row.order_amounts, row.unrefundable_amounts, row.kinds)
    more = zip(*fees, row.refund_ids, row.refund_amounts, row.labels, row.features, strict=True)
    return [
        replace(
            seat,
            order_amount=order,
            unrefundable_amount=stays,
            kind=kind,
            refund_id=refund_id,
            refund_amount=amount,
            label=label,
            features=features,
        )
        for seat, (order, stays, kind, refund_id, amount, label, features) in zip(seats, more, strict=True)
    ]
