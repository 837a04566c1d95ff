"""What people want to read of one event: where and when it is on, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read
from services.inventory.catalogue import details_statements as sql
from services.inventory.catalogue.domain import CatalogueShow, ShowFilter
from services.inventory.catalogue.events import sold_out
from services.inventory.catalogue.shows import list_shows
from services.inventory.images.domain import Image
from services.inventory.images.statements import IMAGES_OF_EVENTS

MOST_PLACES = 50
MOST_SHOWS = 20


@dataclass(frozen=True, slots=True)
class EventPlace:
    """A venue where an event has a show to come."""

    venue_id: UUID
    name: str
    city: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class PriceRange:
    """What the seats of an event's shows to come cost, in one currency."""

    currency: str
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Rating:
    """What the reviews of an event come to."""

    reviews: int
    average_hundredths: int


@dataclass(frozen=True, slots=True)
class Details:
    """Of an event's shows to come, and what people say of it."""

    places: Sequence[EventPlace]
    shows: Sequence[CatalogueShow]
    price_ranges: Sequence[PriceRange]
    rating: Rating
    is_sold_out: bool
    images: Sequence[Image]


@retried
async def get_details(db: Database, event_id: UUID) -> Details:
    """Return the details of an event that the caller sees."""
    places, prices, ratings, images = await db.fetch_all(
        (sql.PLACES_OF_EVENT, {"event_id": event_id, "limit": MOST_PLACES}),
        (sql.PRICES_OF_EVENT, {"event_id": event_id}),
        (sql.RATING_OF_EVENT, {"event_id": event_id}),
        (IMAGES_OF_EVENTS, {"event_ids": [event_id]}),
    )
    which = ShowFilter(event_id=event_id, movie_id=None, screen_id=None, begin=None, end=None, day=None)
    shows = await list_shows(db, which, after=None, limit=MOST_SHOWS, is_cancelled=False)
    [rating] = read(Rating, ratings) or [Rating(0, 0)]
    found = read(PriceRange, prices), rating, bool(await sold_out(db, [event_id])), read(Image, images)
    return Details(read(EventPlace, places), shows, *found)
