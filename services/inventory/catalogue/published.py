"""What inventory publishes in its topic: shows, in the transaction that makes them public, edits or cancels them."""

from collections.abc import Sequence

from boxoffice.events.v1 import events_pb2
from boxoffice.inventory.v1 import seat_pb2

from services.chassis.store.database import Transaction
from services.chassis.wire.times import to_timestamp
from services.chassis.writes import topics
from services.chassis.writes.topics import Positioned, TopicEvent
from services.inventory.catalogue.domain import CatalogueShow

TOPIC = "shows"

LAST = 1_000_000_000
"""The version of a show that is cancelled: nothing becomes of it afterwards."""

PAGE = 100
"""Events that are read at once where it is not said how many."""

Kind = events_pb2.ShowEvent.Kind


async def publish(tx: Transaction, kind: "Kind.ValueType", shows: Sequence[CatalogueShow]) -> None:
    """Tell what becomes of shows by this transaction."""
    if shows:
        await topics.append(tx, TOPIC, [_event(kind, show) for show in shows])


def positioned(event: Positioned) -> events_pb2.ShowEvent:
    """Return an event as consumers read it."""
    read = events_pb2.ShowEvent.FromString(event.payload)
    read.position = event.position
    read.time.CopyFrom(to_timestamp(event.written_at))
    return read


def _event(kind: "Kind.ValueType", show: CatalogueShow) -> TopicEvent:
    event = events_pb2.ShowEvent(
        kind=kind,
        show_id=str(show.id),
        version=LAST if kind == Kind.CANCELLED else show.revision,
        event_id=str(show.event_id),
        venue_id=str(show.venue_id),
        screen_id=str(show.screen_id),
        start_time=to_timestamp(show.starts_at),
        end_time=to_timestamp(show.ends_at),
        sales_end_at=to_timestamp(show.sales_end_at),
        currency=show.currency,
        prices=[
            events_pb2.ShowEvent.Price(tier=seat_pb2.Seat.Tier.Value(price.tier), price=price.price)
            for price in show.prices
        ],
    )
    return TopicEvent(show.id, event.version, Kind.Name(kind), event.SerializeToString())
