"""Shows: created with their seats, and read."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.database import READ_CLOCK, Database, retried
from services.chassis.idempotency import Once
from services.chassis.ids import new_id
from services.inventory.domain.catalogue import (
    MOVIE,
    EventNotFound,
    MovieNotFound,
    NewShow,
    Price,
    ScreenNotFound,
    Show,
    ShowFilter,
    ShowOverlaps,
    check_show_fits,
)
from services.inventory.domain.errors import ShowNotFound
from services.inventory.queries import catalogue as queries

M = TypeVar("M", bound=Message)


@retried
async def create_show(db: Database, new: NewShow, once: Once[Show, M]) -> M:
    """Create a show, with a seat on sale for every seat of its screen that is not blocked."""
    given = {
        "id": new_id(),
        "event_id": new.event_id,
        "screen_id": new.screen_id,
        "starts_at": new.starts_at,
        "sales_end_at": new.sales_end_at,
        "currency": new.currency,
        "tiers": [price.tier for price in new.prices],
        "prices": [price.price for price in new.prices],
        "blocked_seat_ids": list(new.blocked_seat_ids),
    }
    async with db.transaction() as tx:
        if (answer := await once.answer(tx)) is not None:
            return answer
        # The lock comes first: what is read after it stays true until the end.
        screens, events, [clock], tiers, seats, overlapping = await tx.fetch_all(
            (queries.LOCK_SCREEN, given),
            (queries.FIND_EVENT, (new.event_id,)),
            (READ_CLOCK, ()),
            (queries.SCREEN_TIERS, given),
            (queries.SEATS_OF_SCREEN, given),
            (queries.OVERLAPPING, given),
        )
        if new.must_be_movie and not (events and events[0].category == MOVIE):
            raise MovieNotFound()
        if not events:
            raise EventNotFound()
        if not screens:
            raise ScreenNotFound()
        check_show_fits(new, clock.now, {row.tier for row in tiers}, {row.id for row in seats})
        if overlapping:
            raise ShowOverlaps(show_id=overlapping[0].id)
        given["seat_ids"] = [new_id() for _ in range(screens[0].seat_count)]
        await tx.send(queries.CREATE_SHOW, given)
        await tx.send(queries.CREATE_SHOW_PRICES, given)
        await tx.send(queries.CREATE_SHOW_COUNTER, given)
        await tx.send(queries.CREATE_SHOW_SEATS, given)
        [row] = await tx.fetch(queries.FIND_SHOW, (given["id"],))
        return await once.keep(tx, _show(row))


@retried
async def get_show(db: Database, show_id: UUID) -> Show:
    """Return a show, or raise ShowNotFound."""
    for row in await db.fetch(queries.FIND_SHOW, (show_id,)):
        return _show(row)
    raise ShowNotFound()


@retried
async def list_shows(db: Database, which: ShowFilter, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Show]:
    """Return the shows that `which` describes, by start time and id, that come later than `after`."""
    after_starts_at, after_id = after or (None, None)
    given = asdict(which) | {"after_starts_at": after_starts_at, "after_id": after_id, "limit": limit}
    return [_show(row) for row in await db.fetch(queries.list_shows(given), given)]


def _show(row: Any) -> Show:
    fields = row._asdict()
    prices = zip(fields.pop("tiers"), fields.pop("prices"), strict=True)
    return Show(**fields, prices=[Price(tier, price) for tier, price in prices])
