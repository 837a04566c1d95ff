"""Shows: created with their seats, and read."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction, retried
from services.chassis.store.rows import Row, columns, read
from services.chassis.wire.identity import organizes
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Rows
from services.inventory.catalogue import statements as sql
from services.inventory.catalogue.domain import (
    CatalogueEvent,
    CatalogueShow,
    EventStatus,
    NewShow,
    Place,
    Price,
    ShowFilter,
    Slot,
    check_free,
    check_show_fits,
    highest_price,
    slot_of,
)
from services.inventory.catalogue.drafts import seen_drafts
from services.inventory.catalogue.periods import period_of
from services.inventory.catalogue.sold_out_statements import SOLD_OUT
from services.inventory.catalogue.zones import Period
from services.inventory.errors import EventNotFound, EventNotPublished, MovieNotFound, ScreenNotFound, ShowNotFound
from services.inventory.finding.index import index_shows
from services.inventory.seats import published
from services.inventory.seats.domain import ShowStatus
from services.inventory.seats.published import Kind

M = TypeVar("M", bound=Message)
"""What the client is answered with."""


@dataclass(frozen=True, slots=True)
class CreateShow(Generic[M]):
    """The wish to create a show, with a seat on sale for every seat of its screen that is not blocked."""

    urgent: ClassVar[bool] = False

    show: NewShow
    once: Once[CatalogueShow, M] | None

    @property
    def key(self) -> UUID:
        """A screen gets one show at a time."""
        return self.show.screen_id


@dataclass(frozen=True, slots=True)
class Programme:
    """Screens that get no other shows meanwhile, and those that they get."""

    now: datetime
    events: dict[UUID, CatalogueEvent]
    places: dict[UUID, Place]
    """The screens that there are."""
    tiers: dict[UUID, dict[str, int]]
    """The tiers of each screen, and by how much their dearest seats multiply their prices."""
    seat_ids: dict[UUID, set[UUID]]
    """Those seats of each screen that are to be blocked."""
    slots: dict[UUID, list[Slot]]
    """When each screen is taken, as far as it matters."""
    created: list[tuple[CatalogueShow, NewShow]] = field(default_factory=list)


class CreateShows(KeyedOperation[CreateShow[M], Programme, CatalogueShow, M], Generic[M]):
    """Creates shows; refuses with EventNotFound, MovieNotFound, ScreenNotFound, InvalidField, ShowOverlaps."""

    def reads(self, batch: Sequence[CreateShow[M]], *, wait: bool) -> dict[str, Statement]:
        """Lock the screens, then the events."""
        shows = [command.show for command in batch]
        screens = {"screen_ids": sorted({show.screen_id for show in shows})}
        blocked = {"seat_ids": [seat_id for show in shows for seat_id in show.blocked_seat_ids]}
        return {
            "places": (sql.LOCK_SCREENS, screens),
            "clock": (READ_CLOCK, ()),
            "events": (sql.LOCK_EVENTS, {"ids": sorted({show.event_id for show in shows})}),
            "tiers": (sql.TIERS_OF_SCREENS, screens),
            "seats": (sql.SEATS_OF_SCREENS, screens | blocked),
            "slots": (sql.SLOTS_OF_SCREENS, columns(shows, "screen_id", "starts_at")),
        }

    async def load(
        self, tx: Transaction, batch: Sequence[CreateShow[M]], rows: Rows
    ) -> tuple[Programme, Sequence[UUID]]:
        """Put what there is to the screens."""
        ids = {command.key for command in batch}
        state = Programme(
            now=rows["clock"][0].now,
            events={event.id: event for event in read(CatalogueEvent, rows["events"])},
            places={place.screen_id: place for place in read(Place, rows["places"])},
            tiers={screen_id: {} for screen_id in ids},
            seat_ids={screen_id: set() for screen_id in ids},
            slots={screen_id: [] for screen_id in ids},
        )
        for row in rows["tiers"]:
            state.tiers[row.screen_id][row.tier] = row.multiplier
        for row in rows["seats"]:
            state.seat_ids[row.screen_id].add(row.id)
        for slot in read(Slot, rows["slots"]):
            state.slots[slot.screen_id].append(slot)
        return state, ()

    def decide(self, command: CreateShow[M], state: Programme) -> CatalogueShow:
        """Create the show, if it suits its screen, which is free then."""
        new, screen_id = command.show, command.show.screen_id
        event = state.events.get(new.event_id)
        if new.must_be_movie and not (event and event.is_movie):
            raise MovieNotFound()
        if event is None:
            raise EventNotFound()
        if event.status == EventStatus.CANCELLED:
            raise EventNotPublished(status=event.status)
        place = state.places.get(screen_id)
        if place is None:
            raise ScreenNotFound()
        if new.seat_limit is None and event.seat_limit is not None:
            new = replace(new, seat_limit=event.seat_limit, highest_price=highest_price(event.seat_limit))
        check_show_fits(new, state.now, state.tiers[screen_id], state.seat_ids[screen_id])
        slot = slot_of(new, event, new_id())
        check_free(slot, state.slots[screen_id])
        show = _created(new, event, place, slot, state.now)
        state.slots[screen_id].append(slot)
        state.created.append((show, new))
        return show

    async def write(self, tx: Transaction, state: Programme) -> None:
        """Write the shows, and the prices and seats of each."""
        if state.created:
            shows = [show for show, _ in state.created]
            sales = ("currency", "starts_at", "sales_start_at", "sales_end_at", "status", "seat_limit")
            await tx.send(
                sql.CREATE_SHOWS, columns(shows, "id", "event_id", "screen_id", "organization_id", "ends_at", *sales)
            )
            await tx.send(sql.CREATE_COUNTERS, columns(shows, "id", *sales))
            # An event that was over goes on.
            await tx.send(sql.REOPEN_EVENTS, {"ids": sorted({show.event_id for show in shows})})
            public = [show for show in shows if not show.is_draft]
            await published.publish(tx, Kind.CREATED, public, {show.id: 1 for show in public})
        for show, new in state.created:
            prices = {"show_id": show.id} | columns(new.prices, tiers="tier", prices="price")
            seats = {
                "screen_id": new.screen_id,
                "seat_ids": [new_id() for _ in range(state.places[new.screen_id].seat_count)],
                "blocked_seat_ids": list(new.blocked_seat_ids),
            }
            await tx.send(sql.CREATE_LIST_PRICES, prices)
            await tx.send(sql.CREATE_SHOW_PRICES, prices)
            await tx.send(sql.CREATE_SHOW_SEATS, prices | seats)
        await index_shows(tx, [(show.event_id, show.venue_id) for show, _ in state.created])


def _created(new: NewShow, event: CatalogueEvent, place: Place, slot: Slot, now: datetime) -> CatalogueShow:
    """Return a new show as it is read from then on."""
    return CatalogueShow(
        id=slot.id,
        event_id=event.id,
        title=event.title,
        category=event.category,
        venue_id=place.venue_id,
        venue_name=place.venue_name,
        city=place.city,
        screen_id=place.screen_id,
        screen_name=place.screen_name,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        sales_end_at=new.sales_end_at,
        currency=new.currency,
        organization_id=new.organization_id,
        sales_start_at=new.sales_start_at,
        status=ShowStatus.DRAFT if event.is_draft else ShowStatus.SCHEDULED,
        revision=1,
        read_at=now,
        prices=new.prices,
        seat_limit=new.seat_limit,
        time_zone=place.time_zone,
        is_sold_out=len(new.blocked_seat_ids) == place.seat_count,
    )


@retried
async def get_show(db: Database, show_id: UUID) -> CatalogueShow:
    """Return a show, or raise ShowNotFound: also where it is a draft that the caller does not see."""
    found, sold_out = await db.fetch_all((sql.FIND_SHOW, {"id": show_id}), (SOLD_OUT, {"show_ids": [show_id]}))
    for show in read_shows(found, sold_out):
        if not show.is_draft or organizes(show.organization_id):
            return show
    raise ShowNotFound()


@retried
async def list_shows(
    db: Database,
    which: ShowFilter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
    is_cancelled: bool | None = None,
) -> list[CatalogueShow]:
    """Return those shows of `which` that the caller sees, by start time and id, that come later than `after`.

    Only those that are cancelled, or not, where `is_cancelled` says so.
    """
    after_starts_at, after_id = after or (None, None)
    given = asdict(which) | {"after_starts_at": after_starts_at, "after_id": after_id, "limit": limit}
    given["is_cancelled"] = is_cancelled
    given |= {**seen_drafts(), **await period_of(db, Period(which.day, which.day))}
    found = await db.fetch(sql.list_shows(given), given)
    return read_shows(found, await db.fetch(SOLD_OUT, {"show_ids": [row.id for row in found]}))


@retried
async def next_shows(db: Database, event_ids: Sequence[UUID]) -> dict[UUID, CatalogueShow]:
    """Return the next show of each event that has one which the caller sees, by the event: none that is cancelled."""
    given = {"event_ids": list(event_ids), **seen_drafts()}
    found = await db.fetch(sql.list_next_shows(given), given)
    sold_out = await db.fetch(SOLD_OUT, {"show_ids": [row.id for row in found]})
    return {show.event_id: show for show in read_shows(found, sold_out)}


def read_shows(rows: Sequence[Row], sold_out: Sequence[Row] = ()) -> list[CatalogueShow]:
    """Return what rows of the statements about shows say, and which of them are sold out."""
    gone = {row.show_id for row in sold_out}
    return [_show(row, row.id in gone) for row in rows]


def _show(row: Row, is_sold_out: bool) -> CatalogueShow:
    fields = row._asdict()
    prices = zip(fields.pop("tiers"), fields.pop("prices"), strict=True)
    return CatalogueShow(**fields, prices=[Price(tier, price) for tier, price in prices], is_sold_out=is_sold_out)
