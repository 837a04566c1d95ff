"""The catalogue's messages: requests parsed into what the domain knows, and answers rendered."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1.seat_pb2 import Seat
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.errors import InvalidField
from services.chassis.values.days import parse_day
from services.chassis.wire.times import to_timestamp
from services.chassis.writes.idempotency import Once
from services.inventory.catalogue import domain as domain
from services.inventory.catalogue.cancelling import CancelShows
from services.inventory.catalogue.details import Details
from services.inventory.catalogue.rescheduling import Reschedule
from services.inventory.catalogue.zones import UNKNOWN, check_zone, zone_of
from services.inventory.halls.messages import render_screen
from services.inventory.images.domain import Image
from services.inventory.images.messages import render_image
from services.inventory.seats.listing import Listed
from services.inventory.seats.messages import tier_prices

_LATEST = datetime.max.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def parse_event(request: pb.CreateEventRequest) -> domain.NewEvent:
    """Parse an event to create."""
    return domain.NewEvent(
        title=request.title,
        description=request.description,
        category=pb.Event.Category.Name(request.category),
        duration_minutes=request.duration_minutes,
        language=request.language,
        organization_id=_optional_id(request.organization_id),
        status=pb.Event.Status.Name(request.status or pb.Event.DRAFT),
        seat_limit=request.max_seats_per_user or None,
    )


def has_first_show(request: pb.CreateEventRequest) -> bool:
    """Tell whether an event is to be created with its first show; raise InvalidField if that is said by halves."""
    given = {
        "eventDate": request.HasField("event_date"),
        "screenId": bool(request.screen_id),
        "basePrice": request.HasField("base_price"),
    }
    missing = [name for name, is_given in given.items() if not is_given]
    if missing and len(missing) < len(given):
        raise InvalidField(*((name, "is missing: eventDate, screenId and basePrice go together") for name in missing))
    return not missing


def render_staged(staged: tuple[domain.CatalogueEvent, domain.CatalogueShow]) -> pb.Event:
    """Render an event that was created with its first show."""
    event, show = staged
    rendered = render_event(event)
    rendered.show_id = str(show.id)
    return rendered


def parse_movie(request: pb.CreateMovieRequest) -> domain.NewEvent:
    """Parse a movie to create."""
    return domain.NewEvent(
        title=request.title,
        description=request.description,
        category=domain.MOVIE,
        duration_minutes=request.duration_minutes,
        language=request.language,
        organization_id=_optional_id(request.organization_id),
        status=pb.Event.Status.Name(request.status or pb.Event.PUBLISHED),
    )


def parse_venue(request: pb.CreateVenueRequest) -> domain.NewVenue:
    """Parse a venue to create."""
    check_zone(request.time_zone)
    return domain.NewVenue(
        request.name,
        request.city,
        request.address,
        _optional_id(request.organization_id),
        request.time_zone or zone_of(request.city),
        list(request.amenities),
        request.capacity,
    )


def parse_changes_of_event(request: pb.UpdateEventRequest) -> dict[str, Any]:
    """Return what is to change of an event, by the domain's names."""
    changes = _given(request, "title", "description", "category", "duration_minutes", "language", "featured")
    if request.HasField("max_seats_per_user"):
        changes["seat_limit"] = request.max_seats_per_user or None
    return {name: pb.Event.Category.Name(value) if name == "category" else value for name, value in changes.items()}


def parse_changes_of_venue(request: pb.UpdateVenueRequest) -> dict[str, Any]:
    """Return what is to change of a venue, by the domain's names."""
    if request.amenities and request.no_amenities:
        raise InvalidField(("noAmenities", "cannot be true together with amenities: send one of the two"))
    check_zone(request.time_zone)
    changes = _given(request, "name", "city", "address", "time_zone", "capacity")
    anew = request.amenities or request.no_amenities
    return changes | ({"amenities": list(request.amenities)} if anew else {})


def parse_changes_of_show(request: pb.UpdateShowRequest) -> dict[str, Any]:
    """Return what is to change of a show, by the domain's names."""
    return {name: instant(time) for name, time in _given(request, "sales_start_at", "sales_end_at").items()}


def parse_reschedule(
    request: pb.RescheduleShowRequest, once: Once[domain.CatalogueShow, pb.Show]
) -> Reschedule[pb.Show]:
    """Parse when and where a show is to be."""
    if not (request.HasField("start_time") or request.screen_id):
        raise InvalidField(("startTime", "is missing: send startTime, screenId or both"))
    return Reschedule(
        show_id=UUID(request.show_id),
        starts_at=instant(request.start_time) if request.HasField("start_time") else None,
        screen_id=_optional_id(request.screen_id),
        sales_end_at=instant(request.sales_end_at) if request.HasField("sales_end_at") else None,
        once=once,
    )


def _given(request: Message, *names: str) -> dict[str, Any]:
    """Return those of a request's fields that it gives, of `names`."""
    return {name: getattr(request, name) for name in names if request.HasField(name)}


def parse_show(request: pb.CreateShowRequest, max_seats_per_user: int) -> domain.NewShow:
    """Parse a show to create, and check what can be checked without its screen."""
    domain.check_subject(request.event_id, request.movie_id, required=True)
    starts_at = instant(request.start_time)
    sales_end_at = instant(request.sales_end_at) if request.HasField("sales_end_at") else starts_at
    show = domain.NewShow(
        event_id=UUID(request.event_id or request.movie_id),
        must_be_movie=bool(request.movie_id),
        screen_id=UUID(request.screen_id),
        starts_at=starts_at,
        sales_end_at=sales_end_at,
        currency=request.currency or domain.DEFAULT_CURRENCY,
        prices=parse_prices(request.prices),
        blocked_seat_ids=[UUID(seat_id) for seat_id in request.blocked_seat_ids],
        organization_id=_optional_id(request.organization_id),
        sales_start_at=instant(request.sales_start_at) if request.HasField("sales_start_at") else None,
        seat_limit=request.max_seats_per_user or None,
        highest_price=domain.highest_price(request.max_seats_per_user or max_seats_per_user),
    )
    domain.check_new_show(show)
    return show


def parse_prices(prices: Iterable[pb.TierPrice]) -> list[domain.Price]:
    """Parse a list of prices."""
    return [domain.Price(Seat.Tier.Name(price.tier), price.price) for price in prices]


def parse_show_filter(request: pb.ListShowsRequest) -> domain.ShowFilter:
    """Parse which shows to list."""
    domain.check_subject(request.event_id, request.movie_id, required=False)
    # `from` is a keyword of Python's, so the field has to be asked for by name.
    from_: Timestamp | None = getattr(request, "from") if request.HasField("from") else None
    to = request.to if request.HasField("to") else None
    begin, end = _bound(from_), _bound(to)
    domain.check_period(from_ and from_.ToNanoseconds(), to and to.ToNanoseconds())
    return domain.ShowFilter(
        event_id=_optional_id(request.event_id),
        movie_id=_optional_id(request.movie_id),
        screen_id=_optional_id(request.screen_id),
        organization_id=_optional_id(request.organization_id),
        begin=begin,
        end=end,
        day=parse_day("date", request.date),
    )


def _optional_id(given: str) -> UUID | None:
    return UUID(given) if given else None


def parse_cancel_shows(request: pb.CancelShowsRequest) -> CancelShows:
    """Parse what to cancel: a show, or an event."""
    if bool(request.show_id) == bool(request.event_id):
        raise InvalidField(("showId", "either a show or an event has to be named"))
    return CancelShows(
        show_id=UUID(request.show_id) if request.show_id else None,
        event_id=UUID(request.event_id) if request.event_id else None,
        by_admin=request.by_admin,
        validate_only=request.validate_only,
    )


def instant(timestamp: Timestamp) -> datetime:
    """Parse an instant to the microsecond, which is what the database keeps; what is finer is dropped."""
    return timestamp.ToDatetime(UTC)


def _bound(timestamp: Timestamp | None) -> datetime | None:
    """Parse an instant to compare kept ones with: being before or after it means the same, rounded up."""
    if timestamp is None:
        return None
    bound = instant(timestamp)
    return bound + _MICROSECOND if timestamp.nanos % 1000 and bound < _LATEST else bound


def render_event(event: domain.CatalogueEvent, *, is_sold_out: bool = False, images: Iterable[Image] = ()) -> pb.Event:
    """Render an event of any category; where it is looked up, with whether it is sold out, and with its images."""
    return pb.Event(
        id=str(event.id),
        title=event.title,
        description=event.description,
        category=pb.Event.Category.Value(event.category),
        duration_minutes=event.duration_minutes,
        language=event.language,
        organization_id=_shown_id(event.organization_id),
        created_at=to_timestamp(event.created_at),
        status=pb.Event.Status.Value(event.status),
        max_seats_per_user=event.seat_limit or 0,
        featured=event.featured,
        sold_out=is_sold_out,
        images=map(render_image, images),
    )


def render_details(event: domain.CatalogueEvent, details: Details) -> pb.Event:
    """Render an event with where and when it is on, and what it costs."""
    rendered = render_event(event, is_sold_out=details.is_sold_out, images=details.images)
    for place in details.places:
        zone = place.time_zone or UNKNOWN
        rendered.places.add(venue_id=str(place.venue_id), name=place.name, city=place.city, time_zone=zone)
    rendered.shows.extend(map(render_show, details.shows))
    rendered.review_count = details.rating.reviews
    rendered.average_hundredths = details.rating.average_hundredths
    for prices in details.price_ranges:
        rendered.price_ranges.add(currency=prices.currency, lowest=prices.lowest, highest=prices.highest)
    return rendered


def render_movie(event: domain.CatalogueEvent) -> pb.Movie:
    """Render an event of category MOVIE."""
    return pb.Movie(
        id=str(event.id),
        title=event.title,
        description=event.description,
        duration_minutes=event.duration_minutes,
        language=event.language,
        organization_id=_shown_id(event.organization_id),
        created_at=to_timestamp(event.created_at),
        status=pb.Event.Status.Value(event.status),
    )


def render_venue(venue: domain.Venue) -> pb.Venue:
    """Render a venue with its screens."""
    return pb.Venue(
        id=str(venue.id),
        name=venue.name,
        city=venue.city,
        address=venue.address,
        screens=map(render_screen, venue.screens),
        organization_id=_shown_id(venue.organization_id),
        created_at=to_timestamp(venue.created_at),
        time_zone=venue.time_zone or UNKNOWN,
        amenities=venue.amenities,
        capacity=venue.capacity,
    )


def render_prices(listed: Listed) -> pb.ShowPrices:
    """Render the list of a show's prices."""
    return pb.ShowPrices(
        show_id=str(listed.show_id),
        currency=listed.currency,
        prices=tier_prices(listed.prices),
        sequence=listed.sequence,
    )


def render_show(show: domain.CatalogueShow) -> pb.Show:
    """Render a show."""
    return pb.Show(
        id=str(show.id),
        event_id=str(show.event_id),
        movie_id=str(show.event_id) if show.category == domain.MOVIE else "",
        title=show.title,
        movie=show.title if show.category == domain.MOVIE else "",
        category=pb.Event.Category.Value(show.category),
        venue_id=str(show.venue_id),
        venue_name=show.venue_name,
        city=show.city,
        screen_id=str(show.screen_id),
        screen_name=show.screen_name,
        start_time=to_timestamp(show.starts_at),
        end_time=to_timestamp(show.ends_at),
        currency=show.currency,
        prices=tier_prices({price.tier: price.price for price in show.prices}),
        sales_end_at=to_timestamp(show.sales_end_at),
        organization_id=_shown_id(show.organization_id),
        status=pb.Show.Status.Value(show.status_then),
        sales_start_at=to_timestamp(show.sales_start_at) if show.sales_start_at else None,
        revision=show.revision,
        max_seats_per_user=show.seat_limit or 0,
        time_zone=show.time_zone or UNKNOWN,
        sold_out=show.is_sold_out,
    )


def _shown_id(id_: UUID | None) -> str:
    return "" if id_ is None else str(id_)
