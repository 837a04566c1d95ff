"""The list of events: what a request asks for, found and rendered."""

from collections.abc import Callable, Sequence
from uuid import UUID

from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.chassis.errors import InvalidField
from services.chassis.store.database import Database
from services.chassis.values.days import parse_day
from services.chassis.values.writing import key
from services.chassis.wire.incoming import over_rest
from services.chassis.wire.pages import BY_TEXT_AND_ID, MAX_ANSWER_BYTES, Order, PageRequest
from services.inventory.catalogue import events, messages
from services.inventory.catalogue.domain import CatalogueEvent
from services.inventory.catalogue.drafts import seen_drafts
from services.inventory.catalogue.periods import period_of
from services.inventory.catalogue.shows import next_shows
from services.inventory.catalogue.statements import IN_PERIOD
from services.inventory.catalogue.zones import Period
from services.inventory.finding.domain import Sort, parse_query
from services.inventory.finding.search import Filter, Found, Part, find_events
from services.inventory.images.listing import images_of

DEFAULT_LIMIT = 10
"""The length of a counted page where the request does not say."""

MOST_COUNTED = 10_000
"""Whoever counts pages reads no further: what comes before a page is read for it."""

_BY_ID_ALONE: Order[tuple[str, UUID]] = Order(lambda key: key[1].bytes, lambda packed: ("", UUID(bytes=packed)))


async def list_events(db: Database, request: pb.ListEventsRequest) -> pb.ListEventsResponse:
    """Return the page of events that is asked for; raise InvalidField."""
    counted = _counted(request) if request.page or request.limit else None
    wanted, period = parse_filter(request), parse_period(request)
    page = PageRequest(request, _BY_ID_ALONE if wanted.sort == Sort.NEWEST else BY_TEXT_AND_ID)
    days = await period_of(db, period)

    async def find(part: Part) -> Found:
        return await find_events(db, wanted, days, IN_PERIOD, seen_drafts(), part)

    if counted is not None:
        number, limit = counted
        found = await find(Part(after=None, skipped=(number - 1) * limit, limit=limit, is_counted=True))
        rows = await events.get_events(db, [id_ for _, id_ in found.ids])
        listed = map(await _renderer(db, rows, with_shows=request.with_next_show), rows)
        answer = pb.ListEventsResponse(events=listed, page=number, limit=limit, total=found.total or 0)
        if answer.ByteSize() > MAX_ANSWER_BYTES and not over_rest():
            raise InvalidField(("limit", "must be less here: so many of these events are more than 4 MiB"))
        return answer
    found = await find(Part(after=page.after, skipped=0, limit=page.limit, is_counted=False))
    keys = {id_: (key_, id_) for key_, id_ in found.ids}
    rows = await events.get_events(db, list(keys))
    render = await _renderer(db, rows, with_shows=request.with_next_show)
    rendered, token = page.render(rows, lambda event: keys[event.id], render)
    return pb.ListEventsResponse(events=rendered, next_page_token=token)


async def _renderer(
    db: Database, listed: Sequence[CatalogueEvent], *, with_shows: bool
) -> Callable[[CatalogueEvent], pb.Event]:
    """Return how events of a list are rendered: with whether they are sold out, their images, and their next shows."""
    ids = [event.id for event in listed]
    sold_out, images = await events.sold_out(db, ids), await images_of(db, ids)
    following = await next_shows(db, ids) if with_shows else {}

    def render(event: CatalogueEvent) -> pb.Event:
        rendered = messages.render_event(event, is_sold_out=event.id in sold_out, images=images.get(event.id, ()))
        if (show := following.get(event.id)) is not None:
            rendered.shows.append(messages.render_show(show))
        return rendered

    return render


def parse_filter(request: pb.ListEventsRequest) -> Filter:
    """Parse which events to find, and their order."""
    query = parse_query(request.q)
    given = pb.ListEventsRequest.Sort.Name(request.sort) if request.sort else None
    if given == Sort.RELEVANCE and query is None:
        raise InvalidField(("sort", "can be RELEVANCE only where q is given"))
    lowest = request.min_price if request.HasField("min_price") else None
    highest = request.max_price if request.HasField("max_price") else None
    if lowest is not None and highest is not None and lowest > highest:
        raise InvalidField(("maxPrice", "must not be less than minPrice"))
    return Filter(
        query=query,
        category=pb.Event.Category.Name(request.category) if request.category else None,
        status=pb.Event.Status.Name(request.status) if request.status else None,
        featured=request.featured if request.HasField("featured") else None,
        organization_id=UUID(request.organization_id) if request.organization_id else None,
        city=request.city or None,
        city_key=key(request.city) or None,
        min_price=lowest,
        max_price=highest,
        sort=Sort(given or (Sort.NEWEST if query is None else Sort.RELEVANCE)),
    )


def parse_period(request: pb.ListEventsRequest) -> Period:
    """Parse the days on one of which there has to be a show."""
    day = parse_day("date", request.date)
    first, last = parse_day("dateFrom", request.date_from), parse_day("dateTo", request.date_to)
    if day and (first or last):
        raise InvalidField(("date", "is one day: leave dateFrom and dateTo out, or send them alone"))
    if first and last and last < first:
        raise InvalidField(("dateTo", "must not be before dateFrom"))
    return Period(day or first, day or last)


def _counted(request: pb.ListEventsRequest) -> tuple[int, int]:
    """Return the number and the length of the page that is asked for."""
    if request.page_size or request.page_token:
        raise InvalidField(("page", "counts pages: leave pageSize and pageToken out, or page and limit"))
    number, limit = request.page or 1, request.limit or DEFAULT_LIMIT
    if number * limit > MOST_COUNTED:
        raise InvalidField(("page", f"must be {MOST_COUNTED // limit} at most with this limit: read on by pageToken"))
    return number, limit
