"""Inventory's catalogue, as booking asks it: what a show is that is booked, and whose things are."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

import grpc
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc

from services.booking.bookings.domain import BookedShow
from services.chassis.errors import MethodAway
from services.chassis.wire.calls import call

SECONDS = 3.0
"""How long a step of the saga waits for a peer; shorter than its lease."""

LIST_SIZE = 100
"""Shows on a page of those of an event, as many as inventory gives at once."""

SHOWS, SHOW_SECONDS = 10_000, 10
"""Shows that are remembered, and how long what is known of one is taken for so: its title may be edited."""


class CatalogueClient:
    """The catalogue; it is the part of InventoryClient that is about shows and events."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._catalog = catalog_pb2_grpc.CatalogServiceStub(channel)
        self._shows: OrderedDict[UUID, tuple[BookedShow, float]] = OrderedDict()

    async def show(self, show_id: UUID, *, revision: int = 0) -> BookedShow:
        """Return a show as it is booked, not older than a `revision` of it. Raises inventory's SHOW_NOT_FOUND."""
        now = asyncio.get_running_loop().time()
        known, until = self._shows.get(show_id, (None, now))
        if known is not None and now < until and known.show_revision >= revision:
            self._shows.move_to_end(show_id)
            return known
        show = await call(self._catalog.GetShow, catalog_pb2.GetShowRequest(show_id=str(show_id)), seconds=SECONDS)
        starts_at = show.start_time.ToDatetime(UTC)
        known = BookedShow(
            show_id=show_id,
            event_id=UUID(show.event_id),
            is_movie=bool(show.movie_id),
            title=show.title,
            theatre=show.venue_name,
            city=show.city,
            screen=show.screen_name,
            starts_at=starts_at,
            sales_end_at=show.sales_end_at.ToDatetime(UTC) if show.HasField("sales_end_at") else starts_at,
            organization_id=UUID(show.organization_id) if show.organization_id else None,
            time_zone=show.time_zone or None,
            show_revision=show.revision,
        )
        self._shows[show_id] = (known, now + SHOW_SECONDS)
        if len(self._shows) > SHOWS:
            self._shows.popitem(last=False)
        return known

    async def length(self, show_id: UUID) -> timedelta | None:
        """Return how long a show takes, None if it does not say. Raises inventory's SHOW_NOT_FOUND."""
        show = await call(self._catalog.GetShow, catalog_pb2.GetShowRequest(show_id=str(show_id)), seconds=SECONDS)
        length = show.end_time.ToDatetime() - show.start_time.ToDatetime()
        return length if length > timedelta() else None

    async def times(self, show_id: UUID) -> tuple[UUID | None, datetime, datetime, int]:
        """Return whose a show is, when it starts and ends, and its revision. Raises inventory's SHOW_NOT_FOUND."""
        show = await call(self._catalog.GetShow, catalog_pb2.GetShowRequest(show_id=str(show_id)), seconds=SECONDS)
        owner = UUID(show.organization_id) if show.organization_id else None
        return owner, show.start_time.ToDatetime(UTC), show.end_time.ToDatetime(UTC), show.revision

    async def owner_of_show(self, show_id: UUID) -> UUID | None:
        """Return the organization whose a show is, None: Boxoffice's own. Raises inventory's SHOW_NOT_FOUND.

        Drafts have owners too, whom nobody else is told of.
        """
        return await self._owner(catalog_pb2.GetOwnerRequest(show_id=str(show_id)))

    async def owner_of_event(self, event_id: UUID) -> UUID | None:
        """Return the organization whose an event is, as owner_of_show does."""
        return await self._owner(catalog_pb2.GetOwnerRequest(event_id=str(event_id)))

    async def _owner(self, request: catalog_pb2.GetOwnerRequest) -> UUID | None:
        answer: catalog_pb2.GetOwnerResponse | catalog_pb2.Show | catalog_pb2.Event
        try:
            answer = await call(self._catalog.GetOwner, request, seconds=SECONDS)
        except MethodAway:
            # An inventory of the version before, in a rollout, which tells of no drafts.
            if request.show_id:
                shown = catalog_pb2.GetShowRequest(show_id=request.show_id)
                answer = await call(self._catalog.GetShow, shown, seconds=SECONDS)
            else:
                listed = catalog_pb2.GetEventRequest(event_id=request.event_id)
                answer = await call(self._catalog.GetEvent, listed, seconds=SECONDS)
        return UUID(answer.organization_id) if answer.organization_id else None

    async def zones_of_shows(self, event_id: UUID, owners: Collection[UUID | None] | None) -> dict[UUID, str]:
        """Return the shows of an event but for drafts, those that are over or cancelled too, and their time zones.

        Where `owners` are given, only shows of theirs; None among them: Boxoffice's own.
        """
        zones: dict[UUID, str] = {}
        request = catalog_pb2.ListShowsRequest(event_id=str(event_id), page_size=LIST_SIZE)
        getattr(request, "from").FromSeconds(0)
        while True:
            page = await call(self._catalog.ListShows, request, seconds=SECONDS)
            zones |= {
                UUID(show.id): show.time_zone
                for show in page.shows
                if owners is None or (UUID(show.organization_id) if show.organization_id else None) in owners
            }
            if not page.next_page_token:
                return zones
            request.page_token = page.next_page_token

    async def check_event(self, event_id: UUID) -> None:
        """Raise inventory's EVENT_NOT_FOUND unless everybody may know of an event."""
        await call(self._catalog.GetEvent, catalog_pb2.GetEventRequest(event_id=str(event_id)), seconds=SECONDS)
