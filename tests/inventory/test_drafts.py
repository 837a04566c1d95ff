"""Drafts: events and shows that nobody but those who organize events knows of, until they are published."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import pytest
from boxoffice.events.v1 import events_pb2
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2, reviews_pb2
from google.protobuf.message import Message

from services.chassis.errors import NotFound, PermissionDenied
from services.chassis.store.database import Database
from services.chassis.wire.identity import Caller, caller, policy
from services.inventory.catalogue.rpc import CatalogServicer
from services.inventory.errors import ShowNotFound
from services.inventory.reviews.rpc import ReviewServicer
from services.inventory.rpc import InventoryServicer
from services.inventory.seats.asking import AskedSeats, price_seats
from services.inventory.seats.commands import Hold, Reserve
from services.inventory.viewing.availability import Availability
from services.inventory.viewing.watching import Watching
from tests.cases import all_cases
from tests.gateway.fakes import METHODS
from tests.inventory.catalogue_client import MAX_SEATS, NOON, Catalogue, refusal, stamp
from tests.inventory.rules import TTL
from tests.inventory.sale import make_desk

USER = uuid4()
NO_DRAFTS = {"GetVenue", "ListVenues", "GetSeatLayout", "ExportHall", "GetImageFile"}
"""Public methods about halls, which are no drafts, and the one of files, for which test_images.py tries this."""


class House(CatalogServicer, InventoryServicer, ReviewServicer):
    """All of inventory's methods, which are called here as somebody."""

    def __init__(self, db: Database, desk: Any) -> None:
        CatalogServicer.__init__(self, db, db, desk, max_seats_per_user=MAX_SEATS)
        InventoryServicer.__init__(
            self, db, desk, Availability(db), Watching(db, Availability(db), heartbeat_seconds=15)
        )
        ReviewServicer.__init__(self, db)


@dataclass(frozen=True)
class Draft:
    """A draft, a movie, with a show of it, and all of inventory's methods."""

    house: House
    movie_id: str
    show_id: str

    def requests(self) -> dict[str, Message]:
        """Return a request for the draft of each public method."""
        show, event = {"show_id": self.show_id}, self.movie_id
        return {
            "GetEvent": pb.GetEventRequest(event_id=event),
            "ListEvents": pb.ListEventsRequest(with_next_show=True),
            "GetMovie": pb.GetMovieRequest(movie_id=event),
            "ListMovies": pb.ListMoviesRequest(),
            "GetShow": pb.GetShowRequest(**show),
            "ListShows": pb.ListShowsRequest(event_id=event),
            "GetEventSeats": inventory_pb2.GetEventSeatsRequest(event_id=event),
            "ListReviews": reviews_pb2.ListReviewsRequest(event_id=event),
            "GetSeatMap": inventory_pb2.GetSeatMapRequest(**show),
            "ListAvailableSeats": inventory_pb2.ListAvailableSeatsRequest(**show),
            "RenderSeatMap": inventory_pb2.RenderSeatMapRequest(**show),
            "RenderAvailableSeats": inventory_pb2.RenderAvailableSeatsRequest(**show),
            "WatchSeats": inventory_pb2.WatchSeatsRequest(**show),
            "StreamSeats": inventory_pb2.StreamSeatsRequest(**show),
        }

    async def is_found(self, method: str) -> bool:
        """Tell whether a method finds the draft."""
        answer = getattr(self.house, method)(self.requests()[method], AsyncMock())
        try:
            first = await (anext(answer) if hasattr(answer, "__anext__") else answer)
        except NotFound as refused:
            assert refused.reason in ("EVENT_NOT_FOUND", "MOVIE_NOT_FOUND", "SHOW_NOT_FOUND")
            return False
        if not method.startswith("List") or method in ("ListAvailableSeats", "ListReviews"):
            return True
        [[_, listed]] = [field for field in first.ListFields() if field[0].is_repeated] or [(None, [])]
        return any(self.movie_id in (one.id, getattr(one, "event_id", "")) for one in listed)


@contextmanager
def calling(who: Caller | None) -> Iterator[None]:
    token = caller.set(who)
    try:
        yield
    finally:
        caller.reset(token)


@pytest.fixture
async def draft(catalogue: Catalogue) -> AsyncIterator[Draft]:
    async with drafted(catalogue) as draft:
        yield draft


@asynccontextmanager
async def drafted(catalogue: Catalogue, organization_id: str = "") -> AsyncIterator[Draft]:
    """Make a draft, Boxoffice's own or an organization's."""
    whose = {"organization_id": organization_id}
    request = pb.CreateMovieRequest(title="Low Tide", duration_minutes=90, status=pb.Event.DRAFT, **whose)
    movie = await catalogue.rpc.CreateMovie(request)
    show = await catalogue.show(movie_id=movie.id, **whose)
    desk = make_desk(catalogue.db)
    yield Draft(House(catalogue.db, desk), movie.id, show.id)
    await desk.close()


NOBODY, CUSTOMER, BOOKING = None, Caller(USER, frozenset({"USER"})), Caller(service="booking")
ORGANIZER, ADMIN = Caller(USER, frozenset({"USER", "ORGANIZER"})), Caller(USER, frozenset({"ADMIN"}))
OTHERS = {"nobody": NOBODY, "a customer": CUSTOMER, "a service": BOOKING}


@pytest.mark.parametrize("who", OTHERS.values(), ids=OTHERS)
async def test_no_public_method_finds_a_draft_for_others_and_every_one_does_once_it_is_published(
    draft: Draft, who: Caller | None
) -> None:
    public = {
        method.descriptor.name
        for method in METHODS.values()
        if method.cluster == "inventory" and "PUBLIC" in policy(method.path).allowed
    }
    assert public == draft.requests().keys() | NO_DRAFTS, "each public method is tried"
    with calling(who), all_cases() as case:
        for method in draft.requests():
            with case(method):
                assert not await draft.is_found(method)
        await draft.house.PublishEvent(pb.PublishEventRequest(event_id=draft.movie_id), None)
        for method in draft.requests():
            with case(f"{method}, published"):
                assert await draft.is_found(method)


@pytest.mark.parametrize("who", [ORGANIZER, ADMIN], ids=["an organizer", "an admin"])
async def test_who_organizes_events_sees_drafts_and_watches_none(draft: Draft, who: Caller) -> None:
    """Nothing changes in a draft, so there is nothing to watch."""
    with calling(who), all_cases() as case:
        for method in draft.requests():
            with case(method):
                assert await draft.is_found(method) == (method not in ("WatchSeats", "StreamSeats"))


async def test_a_draft_of_an_organization_is_seen_by_its_members_and_admins_only(catalogue: Catalogue) -> None:
    ours, theirs = uuid4(), uuid4()
    member, other = (
        Caller(USER, memberships={ours: "DOOR"}),
        Caller(USER, frozenset({"ORGANIZER"}), "", {theirs: "OWNER"}),
    )
    async with drafted(catalogue, str(ours)) as draft:
        for who, sees in ((member, True), (ADMIN, True), (other, False), (ORGANIZER, False), (NOBODY, False)):
            with calling(who), all_cases() as case:
                for method in draft.requests():
                    with case((who, method)):
                        assert await draft.is_found(method) == (sees and method not in ("WatchSeats", "StreamSeats"))


async def test_an_event_is_a_draft_and_a_movie_is_public_where_nothing_is_said(catalogue: Catalogue) -> None:
    event = pb.CreateEventRequest(title="Nine Rivers", category=pb.Event.CONCERT, duration_minutes=90)
    assert (await catalogue.rpc.CreateEvent(event)).status == pb.Event.DRAFT
    assert (await catalogue.movie()).status == pb.Event.PUBLISHED


async def test_events_are_listed_by_status(catalogue: Catalogue) -> None:
    event = await catalogue.event()
    listed = await catalogue.rpc.ListEvents(pb.ListEventsRequest(status=pb.Event.PUBLISHED))
    assert [one.id for one in listed.events] == [event.id]
    for status in (pb.Event.DRAFT, pb.Event.COMPLETED, pb.Event.CANCELLED):
        assert not (await catalogue.rpc.ListEvents(pb.ListEventsRequest(status=status))).events


@pytest.mark.parametrize("command", [Hold, Reserve])
async def test_nobody_buys_seats_of_a_draft_not_even_its_organizer(draft: Draft, command: Any) -> None:
    desk = draft.house._desk
    seats = await draft.house._db.fetch("SELECT id FROM show_seats WHERE show_id = %s LIMIT 1", (draft.show_id,))
    fields = {"booking_id": uuid4(), "ttl": TTL} if command is Reserve else {}
    with calling(ORGANIZER), pytest.raises(ShowNotFound):
        await desk.submit(command(show_id=UUID(draft.show_id), user_id=USER, seat_ids=[seats[0].id], **fields))


async def test_seats_of_a_draft_have_no_price(draft: Draft) -> None:
    [seat] = await draft.house._db.fetch("SELECT id FROM show_seats WHERE show_id = %s LIMIT 1", (draft.show_id,))
    [refused] = await price_seats(draft.house._db, [AskedSeats(UUID(draft.show_id), [seat.id])])
    assert isinstance(refused, ShowNotFound)


async def kinds(db: Database, show_id: str) -> list[tuple[str, int]]:
    """Return the events of a show in its topic, and their versions."""
    rows = await db.fetch("SELECT kind, version FROM topic_events WHERE key = %s ORDER BY id", (show_id,))
    return [(row.kind, row.version) for row in rows]


async def test_publishing_puts_all_shows_on_sale_and_tells_of_each_once(catalogue: Catalogue, draft: Draft) -> None:
    second = await catalogue.show(movie_id=draft.movie_id, start_time=stamp(NOON + timedelta(days=1)))
    assert second.status == pb.Show.DRAFT
    assert await kinds(catalogue.db, second.id) == []
    request = pb.PublishEventRequest(event_id=draft.movie_id)
    first, again = await catalogue.rpc.PublishEvent(request), await catalogue.rpc.PublishEvent(request)
    assert first == again
    assert first.status == pb.Event.PUBLISHED
    for show_id in (draft.show_id, second.id):
        assert (await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show_id))).status == pb.Show.ON_SALE
        assert await kinds(catalogue.db, show_id) == [("PUBLISHED", 1)]
    statuses = await catalogue.db.fetch("SELECT DISTINCT status FROM show_counters")
    assert [row.status for row in statuses] == ["SCHEDULED"]
    [row] = await catalogue.db.fetch("SELECT payload FROM topic_events WHERE key = %s", (second.id,))
    told = events_pb2.ShowEvent.FromString(row.payload)
    assert (told.event_id, told.start_time, len(told.prices)) == (draft.movie_id, second.start_time, 3)


async def test_a_show_that_is_made_while_its_event_is_published_is_on_sale_in_the_end(catalogue: Catalogue) -> None:
    """Whichever comes first: making a show locks its event, and so does publishing that."""
    for day in range(10):
        movie = await catalogue.rpc.CreateMovie(
            pb.CreateMovieRequest(title="Low Tide", duration_minutes=90, status=pb.Event.DRAFT)
        )
        make = await catalogue.show_request(movie_id=movie.id, start_time=stamp(NOON + timedelta(days=day)))
        show, _ = await asyncio.gather(
            catalogue.rpc.CreateShow(make), catalogue.rpc.PublishEvent(pb.PublishEventRequest(event_id=movie.id))
        )
        assert (await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id))).status == pb.Show.ON_SALE
        assert len(await kinds(catalogue.db, show.id)) == 1


@pytest.mark.parametrize("status", ["COMPLETED", "CANCELLED"])
async def test_what_is_over_or_off_is_not_published(catalogue: Catalogue, status: str) -> None:
    movie = await catalogue.movie()
    await catalogue.db.execute("UPDATE events SET status = %s", (status,))
    refused = await refusal(catalogue.rpc.PublishEvent(pb.PublishEventRequest(event_id=movie.id)))
    assert (refused.reason, refused.metadata) == ("EVENT_NOT_PUBLISHED", {"status": status})


async def test_an_event_that_is_off_gets_no_show_and_one_that_was_over_goes_on(catalogue: Catalogue) -> None:
    movie = await catalogue.movie()
    await catalogue.db.execute("UPDATE events SET status = 'CANCELLED'")
    refused = await refusal(catalogue.show(movie_id=movie.id))
    assert (refused.reason, refused.metadata) == ("EVENT_NOT_PUBLISHED", {"status": "CANCELLED"})
    await catalogue.db.execute("UPDATE events SET status = 'COMPLETED'")
    await catalogue.show(movie_id=movie.id)
    assert (await catalogue.rpc.GetMovie(pb.GetMovieRequest(movie_id=movie.id))).status == pb.Event.PUBLISHED


async def test_an_event_that_there_is_not_is_not_published(catalogue: Catalogue) -> None:
    refused = await refusal(catalogue.rpc.PublishEvent(pb.PublishEventRequest(event_id=str(uuid4()))))
    assert refused.reason == "EVENT_NOT_FOUND"


async def test_drafts_are_found_by_words_by_those_alone_who_see_them(draft: Draft) -> None:
    searches = [{"q": "low tide"}, {"q": "lwo tide"}, {"status": pb.Event.DRAFT}, {"sort": pb.ListEventsRequest.DATE}]
    for who, finds in ((NOBODY, False), (CUSTOMER, False), (BOOKING, False), (ORGANIZER, True), (ADMIN, True)):
        for wanted in searches:
            with calling(who):
                listed = await draft.house.ListEvents(pb.ListEventsRequest(**wanted), None)
                counted = await draft.house.ListEvents(pb.ListEventsRequest(page=1, **wanted), None)
            assert (len(listed.events), counted.total) == (finds, finds), (who, wanted)


async def test_only_admins_recommend_events(draft: Draft) -> None:
    for featured in (True, False):
        edit = pb.UpdateEventRequest(event_id=draft.movie_id, featured=featured)
        with calling(ORGANIZER), pytest.raises(PermissionDenied):
            await draft.house.UpdateEvent(edit, None)
        with calling(ADMIN):
            assert (await draft.house.UpdateEvent(edit, None)).featured == featured
