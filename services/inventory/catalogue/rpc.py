"""CatalogService: parse, call, render."""

from datetime import timedelta
from uuid import UUID

from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2_grpc

from services.chassis.errors import InvalidField, PermissionDenied
from services.chassis.store.database import Database
from services.chassis.values.days import parse_day
from services.chassis.wire.identity import caller
from services.chassis.wire.incoming import Context
from services.chassis.wire.pages import BY_ID, BY_POSITION, BY_TIME_AND_ID, PageRequest, check_whole
from services.chassis.writes import topics
from services.chassis.writes.idempotency import Once, key_of
from services.inventory.catalogue import events, listing, owners, sharing, shows, venues
from services.inventory.catalogue import messages as messages
from services.inventory.catalogue import statements as sql
from services.inventory.catalogue.cancelling import CancelShowsOperation
from services.inventory.catalogue.details import get_details
from services.inventory.catalogue.domain import MAX_SEATS_PER_PAGE, MOVIE, highest_price
from services.inventory.catalogue.editing import Edit, UpdateEvents, UpdateShows, UpdateVenues
from services.inventory.catalogue.events import CreateEvent, CreateEvents
from services.inventory.catalogue.publishing import PublishEvent, PublishEvents
from services.inventory.catalogue.rescheduling import NOTICE, RescheduleShows
from services.inventory.catalogue.shows import CreateShow, CreateShows
from services.inventory.catalogue.staging import StageEvent, StageEvents
from services.inventory.catalogue.venues import CreateVenue, CreateVenues
from services.inventory.errors import EventNotFound, ShowNotFound, VenueNotFound
from services.inventory.halls.domain import MAX_SEATS_PER_SCREEN
from services.inventory.halls.messages import parse_screen, render_layout, render_screen
from services.inventory.halls.rpc import HallMethods
from services.inventory.halls.screens import CreateScreen, get_seat_layout
from services.inventory.seats import published
from services.inventory.seats.listing import SetPrices
from services.inventory.seats.operation import SeatDesk


class CatalogServicer(HallMethods, catalog_pb2_grpc.CatalogServiceServicer):
    """What is on, where and when. The contract says what each method does and when it fails."""

    def __init__(
        self,
        db: Database,
        searches: Database,
        desk: SeatDesk,
        *,
        max_seats_per_user: int,
        reschedule_notice: timedelta = NOTICE,
    ) -> None:
        """Events are searched on connections of their own, `searches`."""
        HallMethods.__init__(self, db)
        self._db = db
        self._searches = searches
        self._desk = desk
        self._create_event: CreateEvents[pb.Event] = CreateEvents(db)
        self._update_event, self._update_venue, self._update_show = UpdateEvents(db), UpdateVenues(db), UpdateShows(db)
        self._publish = PublishEvents(db)
        self._stage_event: StageEvents[pb.Event] = StageEvents(db)
        self._create_movie: CreateEvents[pb.Movie] = CreateEvents(db)
        self._create_venue: CreateVenues[pb.Venue] = CreateVenues(db)
        self._create_show: CreateShows[pb.Show] = CreateShows(db)
        self._cancel_shows = CancelShowsOperation(db)
        self._reschedule: RescheduleShows[pb.Show] = RescheduleShows(db, reschedule_notice)
        self._max_seats_per_user = max_seats_per_user

    async def CreateEvent(self, request: pb.CreateEventRequest, context: Context) -> pb.Event:
        key, event = key_of(request, "CreateEvent"), messages.parse_event(request)
        if not messages.has_first_show(request):
            return await self._create_event.alone(CreateEvent(event, Once(key, pb.Event, messages.render_event)))
        stage = StageEvent(
            event,
            messages.instant(request.event_date),
            UUID(request.screen_id),
            request.base_price,
            highest_price(request.max_seats_per_user or self._max_seats_per_user),
            Once(key, pb.Event, messages.render_staged),
        )
        return await self._stage_event.alone(stage)

    async def GetEvent(self, request: pb.GetEventRequest, context: Context) -> pb.Event:
        event = await events.get_event(self._db, UUID(request.event_id))
        return messages.render_details(event, await get_details(self._db, event.id))

    async def ListEvents(self, request: pb.ListEventsRequest, context: Context) -> pb.ListEventsResponse:
        return await listing.list_events(self._searches, request)

    async def UpdateEvent(self, request: pb.UpdateEventRequest, context: Context) -> pb.Event:
        who = caller.get()
        if request.HasField("featured") and who is not None and "ADMIN" not in who.roles:
            raise PermissionDenied("Only admins say which events they recommend: leave featured out.")
        edit = Edit(UUID(request.event_id), messages.parse_changes_of_event(request))
        return messages.render_event(await self._update_event.alone(edit))

    async def PublishEvent(self, request: pb.PublishEventRequest, context: Context) -> pb.Event:
        return messages.render_event(await self._publish.alone(PublishEvent(UUID(request.event_id))))

    async def ShareEvent(self, request: pb.ShareEventRequest, context: Context) -> pb.Sharing:
        shared_with = sharing.parse(request)
        return await sharing.share(self._db, sql.SHARE_EVENT, EventNotFound, UUID(request.event_id), shared_with)

    async def GetEventSharing(self, request: pb.GetEventSharingRequest, context: Context) -> pb.Sharing:
        shared = await owners.shared(self._db, sql.OWNER_OF_EVENT, EventNotFound, UUID(request.event_id))
        return sharing.render(shared.shared_with)

    async def CreateMovie(self, request: pb.CreateMovieRequest, context: Context) -> pb.Movie:
        once = Once(key_of(request, "CreateMovie"), pb.Movie, messages.render_movie)
        return await self._create_movie.alone(CreateEvent(messages.parse_movie(request), once))

    async def GetMovie(self, request: pb.GetMovieRequest, context: Context) -> pb.Movie:
        return messages.render_movie(await events.get_movie(self._db, UUID(request.movie_id)))

    async def ListMovies(self, request: pb.ListMoviesRequest, context: Context) -> pb.ListMoviesResponse:
        page = PageRequest(request, BY_ID)
        day = parse_day("date", request.date)
        found = await events.list_events(self._db, category=MOVIE, day=day, after=page.after, limit=page.limit)
        movies, token = page.render(found, lambda movie: movie.id, messages.render_movie)
        return pb.ListMoviesResponse(movies=movies, next_page_token=token)

    async def CreateVenue(self, request: pb.CreateVenueRequest, context: Context) -> pb.Venue:
        once = Once(key_of(request, "CreateVenue"), pb.Venue, messages.render_venue)
        return await self._create_venue.alone(CreateVenue(messages.parse_venue(request), once))

    async def UpdateVenue(self, request: pb.UpdateVenueRequest, context: Context) -> pb.Venue:
        edit = Edit(UUID(request.venue_id), messages.parse_changes_of_venue(request))
        return messages.render_venue(await self._update_venue.alone(edit))

    async def GetVenue(self, request: pb.GetVenueRequest, context: Context) -> pb.Venue:
        return messages.render_venue(await venues.get_venue(self._db, UUID(request.venue_id)))

    async def ListVenues(self, request: pb.ListVenuesRequest, context: Context) -> pb.ListVenuesResponse:
        page = PageRequest(request, BY_ID)
        found = await venues.list_venues(self._db, city=request.city or None, after=page.after, limit=page.limit)
        listed, token = page.render(found, lambda venue: venue.id, messages.render_venue)
        return pb.ListVenuesResponse(venues=listed, next_page_token=token)

    async def ShareVenue(self, request: pb.ShareVenueRequest, context: Context) -> pb.Sharing:
        shared_with = sharing.parse(request)
        return await sharing.share(self._db, sql.SHARE_VENUE, VenueNotFound, UUID(request.venue_id), shared_with)

    async def GetVenueSharing(self, request: pb.GetVenueSharingRequest, context: Context) -> pb.Sharing:
        shared = await owners.shared(self._db, sql.OWNER_OF_VENUE, VenueNotFound, UUID(request.venue_id))
        return sharing.render(shared.shared_with)

    async def CreateScreen(self, request: pb.CreateScreenRequest, context: Context) -> pb.Screen:
        once = Once(key_of(request, "CreateScreen"), pb.Screen, render_screen)
        return await self._create_screen.alone(CreateScreen(parse_screen(request), once))

    async def GetSeatLayout(self, request: pb.GetSeatLayoutRequest, context: Context) -> pb.SeatLayout:
        page = (
            PageRequest(request, BY_POSITION, MAX_SEATS_PER_PAGE) if request.page_size or request.page_token else None
        )
        after = -1 if page is None or page.after is None else page.after
        limit = MAX_SEATS_PER_SCREEN if page is None else page.size
        screen, rows, areas = await get_seat_layout(self._db, UUID(request.screen_id), after=after, limit=limit)
        layout = render_layout(screen, rows, areas)
        if page is None:
            check_whole(layout.ByteSize(), MAX_SEATS_PER_PAGE)
        elif after + limit + 1 < screen.seat_count:
            layout.next_page_token = page.token(after + limit)
        return layout

    async def CreateShow(self, request: pb.CreateShowRequest, context: Context) -> pb.Show:
        once = Once(key_of(request, "CreateShow"), pb.Show, messages.render_show)
        show = messages.parse_show(request, self._max_seats_per_user)
        return await self._create_show.alone(CreateShow(show, once))

    async def UpdateShow(self, request: pb.UpdateShowRequest, context: Context) -> pb.Show:
        edit = Edit(UUID(request.show_id), messages.parse_changes_of_show(request))
        return messages.render_show(await self._update_show.alone(edit))

    async def RescheduleShow(self, request: pb.RescheduleShowRequest, context: Context) -> pb.Show:
        once = Once(key_of(request, "RescheduleShow"), pb.Show, messages.render_show)
        return await self._reschedule.alone(messages.parse_reschedule(request, once))

    async def SetShowPrices(self, request: pb.SetShowPricesRequest, context: Context) -> pb.ShowPrices:
        prices = SetPrices(show_id=UUID(request.show_id), prices=messages.parse_prices(request.prices))
        return messages.render_prices(await self._desk.submit(prices))

    async def GetShow(self, request: pb.GetShowRequest, context: Context) -> pb.Show:
        return messages.render_show(await shows.get_show(self._db, UUID(request.show_id)))

    async def ListShows(self, request: pb.ListShowsRequest, context: Context) -> pb.ListShowsResponse:
        page = PageRequest(request, BY_TIME_AND_ID)
        which = messages.parse_show_filter(request)
        found = await shows.list_shows(self._db, which, after=page.after, limit=page.limit)
        on, token = page.render(found, lambda show: (show.starts_at, show.id), messages.render_show)
        return pb.ListShowsResponse(shows=on, next_page_token=token)

    async def CancelShows(self, request: pb.CancelShowsRequest, context: Context) -> pb.CancelShowsResponse:
        cancelled = await self._cancel_shows.alone(messages.parse_cancel_shows(request))
        return pb.CancelShowsResponse(
            shows=[
                pb.CancelShowsResponse.CancelledShow(show_id=str(show_id), was_cancelled=was_cancelled)
                for show_id, was_cancelled in cancelled.shows
            ],
            was_cancelled=cancelled.was_cancelled,
        )

    async def GetOwner(self, request: pb.GetOwnerRequest, context: Context) -> pb.GetOwnerResponse:
        if bool(request.show_id) == bool(request.event_id):
            raise InvalidField(("showId", "has to be there, or eventId, and not both"))
        if request.show_id:
            owner = await owners.owner(self._db, sql.OWNER_OF_SHOW, ShowNotFound, UUID(request.show_id))
        else:
            owner = await owners.owner(self._db, sql.OWNER_OF_EVENT, EventNotFound, UUID(request.event_id))
        return pb.GetOwnerResponse(organization_id=str(owner or ""))

    async def ListShowEvents(self, request: pb.ListShowEventsRequest, context: Context) -> pb.ListShowEventsResponse:
        after = request.after if request.HasField("after") else None
        limit = request.page_size or published.PAGE
        page = await topics.read(self._db, published.TOPIC, after=after, limit=limit)
        return pb.ListShowEventsResponse(events=map(published.positioned, page.events), last=page.last)
