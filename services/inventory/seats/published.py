"""What inventory publishes in its topic: shows, in the transaction that makes them public, edits or cancels them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from boxoffice.events.v1 import events_pb2
from boxoffice.inventory.v1 import seat_pb2

from services.chassis.store.database import Transaction
from services.chassis.wire.times import to_timestamp
from services.chassis.writes import topics
from services.chassis.writes.topics import Positioned, TopicEvent
from services.inventory.seats.domain import LockedShow
from services.inventory.seats.prices import Price, PriceList

TOPIC = "shows"

LAST = 1_000_000_000
"""The version of a show that is cancelled: nothing becomes of it afterwards."""

PAGE = 100
"""Events that are read at once where it is not said how many."""

Kind = events_pb2.ShowEvent.Kind


class PublicShow(Protocol):
    """What the topic tells of a show beside its prices."""

    @property
    def id(self) -> UUID: ...
    @property
    def event_id(self) -> UUID: ...
    @property
    def venue_id(self) -> UUID: ...
    @property
    def screen_id(self) -> UUID: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def sales_start_at(self) -> datetime | None: ...
    @property
    def sales_end_at(self) -> datetime: ...
    @property
    def currency(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def organization_id(self) -> UUID | None: ...


class PricedShow(PublicShow, Protocol):
    """A show with the list of its prices that is valid."""

    @property
    def prices(self) -> Sequence[Price]: ...


async def publish(
    tx: Transaction, kind: "Kind.ValueType", shows: Sequence[PricedShow], prices_versions: Mapping[UUID, int]
) -> None:
    """Tell what becomes of shows by this transaction; `prices_versions` says which list of its prices each has."""
    if shows:
        told = [_event(kind, show, PriceList(prices_versions[show.id], show.prices)) for show in shows]
        await topics.append(tx, TOPIC, told)


async def publish_prices(tx: Transaction, shows: Iterable[LockedShow], told: Mapping[UUID, PublicShow]) -> None:
    """Tell of each list that shows have got by this transaction, of those that are public, which are `told`."""
    public = [show for show in shows if show.id in told]
    events = [_event(Kind.PRICES, told[show.id], listed) for show in public for listed in show.new_lists]
    await topics.append(tx, TOPIC, events)


def positioned(event: Positioned) -> events_pb2.ShowEvent:
    """Return an event as consumers read it."""
    read = events_pb2.ShowEvent.FromString(event.payload)
    read.position = event.position
    read.time.CopyFrom(to_timestamp(event.written_at))
    return read


def _event(kind: "Kind.ValueType", show: PublicShow, listed: PriceList) -> TopicEvent:
    event = events_pb2.ShowEvent(
        kind=kind,
        show_id=str(show.id),
        # Each edit is another revision or another list, so their sum grows by one with each event.
        version=LAST if kind == Kind.CANCELLED else show.revision + listed.version - 1,
        revision=show.revision,
        prices_version=listed.version,
        event_id=str(show.event_id),
        venue_id=str(show.venue_id),
        screen_id=str(show.screen_id),
        start_time=to_timestamp(show.starts_at),
        end_time=to_timestamp(show.ends_at),
        sales_start_at=to_timestamp(show.sales_start_at) if show.sales_start_at else None,
        sales_end_at=to_timestamp(show.sales_end_at),
        currency=show.currency,
        prices=[
            events_pb2.ShowEvent.Price(tier=seat_pb2.Seat.Tier.Value(price.tier), price=price.price)
            for price in listed.prices
        ],
        organization_id=str(show.organization_id or ""),
    )
    return TopicEvent(show.id, event.version, Kind.Name(kind), event.SerializeToString())
