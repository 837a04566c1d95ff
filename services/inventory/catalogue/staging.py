"""An event and its first show, made in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.errors import InvalidField
from services.chassis.ids import new_id
from services.chassis.store.database import Database, Statement, Transaction
from services.chassis.values.currencies import money
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Rows
from services.inventory.catalogue.domain import (
    DEFAULT_CURRENCY,
    CatalogueEvent,
    CatalogueShow,
    NewEvent,
    NewShow,
    Price,
)
from services.inventory.catalogue.events import event_of, write_events
from services.inventory.catalogue.shows import CreateShow, CreateShows, Programme
from services.inventory.seats.domain import MAX_TOTAL
from services.inventory.seats.prices import dearest

M = TypeVar("M", bound=Message)
"""What the client is answered with."""


@dataclass(frozen=True, slots=True)
class StageEvent(Generic[M]):
    """The wish to create an event and its first show, every seat of which costs the same."""

    urgent: ClassVar[bool] = False

    event: NewEvent
    starts_at: datetime
    screen_id: UUID
    base_price: int
    highest_price: int
    """What a seat may cost."""
    once: Once[tuple[CatalogueEvent, CatalogueShow], M]

    @property
    def key(self) -> UUID:
        """A screen gets one show at a time."""
        return self.screen_id


def check_base_price(command: "StageEvent[M]", multipliers: Mapping[str, int]) -> None:
    """Raise InvalidField if as many seats as a user may have would cost more than a total can be."""
    limit = min((dearest(multipliers, tier, command.highest_price) for tier in multipliers), default=MAX_TOTAL)
    if command.base_price > limit:
        raise InvalidField(("basePrice", f"must be {money(limit, DEFAULT_CURRENCY)} at most"))


@dataclass(frozen=True, slots=True)
class Staged:
    """Screens that get no other shows meanwhile, and the events and shows that are created."""

    programme: Programme
    events: list[CatalogueEvent]


class StageEvents(KeyedOperation[StageEvent[M], Staged, tuple[CatalogueEvent, CatalogueShow], M], Generic[M]):
    """Creates events with their first shows; refuses with ScreenNotFound, InvalidField, ShowOverlaps."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self._shows: CreateShows[M] = CreateShows(db)

    def reads(self, batch: Sequence[StageEvent[M]], *, wait: bool) -> dict[str, Statement]:
        """Lock the screens."""
        return self._shows.reads([_show(command, new_id(), ()) for command in batch], wait=wait)

    async def load(self, tx: Transaction, batch: Sequence[StageEvent[M]], rows: Rows) -> tuple[Staged, Sequence[UUID]]:
        """Put what there is to the screens."""
        programme, busy = await self._shows.load(tx, [_show(command, new_id(), ()) for command in batch], rows)
        return Staged(programme, []), busy

    def decide(self, command: StageEvent[M], state: Staged) -> tuple[CatalogueEvent, CatalogueShow]:
        """Create the event, and its show if that suits its screen, which is free then."""
        programme = state.programme
        if command.starts_at <= programme.now:
            raise InvalidField(("eventDate", "must be in the future"))
        check_base_price(command, programme.tiers[command.screen_id])
        event = event_of(command.event, programme.now)
        programme.events[event.id] = event
        show = self._shows.decide(_show(command, event.id, sorted(programme.tiers[command.screen_id])), programme)
        state.events.append(event)
        return event, show

    async def write(self, tx: Transaction, state: Staged) -> None:
        """Write the events, then their shows."""
        await write_events(tx, state.events)
        await self._shows.write(tx, state.programme)


def _show(command: StageEvent[M], event_id: UUID, tiers: Sequence[str]) -> CreateShow[M]:
    """Return the wish for the show, at one price for all tiers."""
    show = NewShow(
        event_id=event_id,
        must_be_movie=False,
        screen_id=command.screen_id,
        starts_at=command.starts_at,
        sales_end_at=command.starts_at,
        currency=DEFAULT_CURRENCY,
        prices=[Price(tier, command.base_price) for tier in tiers],
        blocked_seat_ids=(),
        organization_id=command.event.organization_id,
        highest_price=command.highest_price,
    )
    return CreateShow(show, None)
