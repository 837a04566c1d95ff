"""The catalogue as its callers see it: a real server with every interceptor, over a real database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2_grpc
from boxoffice.inventory.v1.seat_pb2 import Seat
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from services.chassis.store.database import Database
from services.inventory.catalogue.rpc import CatalogServicer
from tests.inventory.rules import RULES
from tests.inventory.sale import make_desk
from tests.servers import served

REGULAR, PREMIUM, VIP = Seat.REGULAR, Seat.PREMIUM, Seat.VIP
PRICES = {REGULAR: 20_000, PREMIUM: 30_000, VIP: 50_000}
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=30)
"""A time in the future to begin shows at."""

MAX_SEATS = 6
"""How many seats a user may have."""

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
SOME_ID = "0189abcd-0000-7000-8000-000000000000"

_numbers = count(1)


@dataclass(frozen=True)
class Refusal:
    """How a call was refused: its code, the reason, the fields at fault with what is wrong, when to come back."""

    code: grpc.StatusCode
    reason: str
    fields: dict[str, str]
    metadata: dict[str, str]
    message: str
    retry_seconds: float


async def refusal(call: Awaitable[Any]) -> Refusal:
    """Await a call that must be refused; tell how."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    status = rpc_status.from_call(caught.value)
    assert status is not None, caught.value
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
        detail.Unpack(retry)
    assert info.domain == "boxoffice"
    fields = {it.field: it.description for it in bad.field_violations}
    return Refusal(
        caught.value.code(),
        info.reason,
        fields,
        dict(info.metadata),
        status.message,
        retry.retry_delay.ToMilliseconds() / 1000,
    )


async def invalid_fields(call: Awaitable[Any]) -> dict[str, str]:
    """Await a call that must be refused for its fields; return these."""
    refused = await refusal(call)
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"), refused
    return refused.fields


def stamp(time: datetime, nanos: int = 0) -> Timestamp:
    """Spell an instant, `nanos` later."""
    result = Timestamp()
    result.FromDatetime(time)
    result.nanos += nanos
    return result


def section(name: str, *rows: tuple[str, int, Seat.Tier.ValueType]) -> pb.CreateScreenRequest.Section:
    """Describe a section; rows are (label, seats, tier)."""
    return pb.CreateScreenRequest.Section(
        name=name,
        rows=[pb.CreateScreenRequest.Row(label=label, seat_count=seats, tier=tier) for label, seats, tier in rows],
    )


HALL = (
    section("Stalls", ("A", 4, REGULAR), ("B", 3, REGULAR)),
    section("Circle", ("A", 2, PREMIUM), ("B", 1, VIP)),
)
"""Ten seats of every tier."""


class Catalogue:
    """The service, and short ways to fill it."""

    def __init__(self, db: Database, channel: grpc.aio.Channel) -> None:
        self.db = db
        self.rpc: Any = catalog_pb2_grpc.CatalogServiceStub(channel)

    async def movie(self, title: str = "Monsoon Letters", minutes: int = 90) -> pb.Movie:
        movie: pb.Movie = await self.rpc.CreateMovie(pb.CreateMovieRequest(title=title, duration_minutes=minutes))
        return movie

    async def event(
        self, category: pb.Event.Category.ValueType = pb.Event.CONCERT, title: str = "Nine Rivers Live"
    ) -> pb.Event:
        request = pb.CreateEventRequest(title=title, category=category, duration_minutes=90, status=pb.Event.PUBLISHED)
        event: pb.Event = await self.rpc.CreateEvent(request)
        return event

    async def venue(self, name: str = "Lantern House", city: str = "Pune") -> pb.Venue:
        venue: pb.Venue = await self.rpc.CreateVenue(pb.CreateVenueRequest(name=name, city=city))
        return venue

    async def screen(
        self,
        venue: pb.Venue | None = None,
        sections: Sequence[pb.CreateScreenRequest.Section] = HALL,
        name: str = "",
    ) -> pb.Screen:
        venue = venue or await self.venue()
        name = name or f"Screen {next(_numbers)}"
        request = pb.CreateScreenRequest(venue_id=venue.id, name=name, sections=sections)
        screen: pb.Screen = await self.rpc.CreateScreen(request)
        return screen

    async def layout(self, screen: pb.Screen) -> pb.SeatLayout:
        layout: pb.SeatLayout = await self.rpc.GetSeatLayout(pb.GetSeatLayoutRequest(screen_id=screen.id))
        return layout

    async def show_request(self, **fields: Any) -> pb.CreateShowRequest:
        """Describe a show that can be created; `fields` replace what it would be."""
        if not fields.keys() & {"event_id", "movie_id"}:
            fields["movie_id"] = (await self.movie()).id
        if "screen_id" not in fields:
            fields["screen_id"] = (await self.screen()).id
        return pb.CreateShowRequest(**{"start_time": stamp(NOON), "prices": prices()} | fields)

    async def show(self, **fields: Any) -> pb.Show:
        show: pb.Show = await self.rpc.CreateShow(await self.show_request(**fields))
        return show

    async def race(self, method: Any, requests: Iterable[Message]) -> list[Any]:
        """Call `method` with every request at once; return the answers and errors."""
        # A pool opens its connections one by one; a race needs them all from the start.
        barrier = asyncio.Barrier(8)

        async def occupy() -> None:
            async with self.db.transaction():
                await barrier.wait()

        await asyncio.gather(*(occupy() for _ in range(barrier.parties)))
        return list(await asyncio.gather(*map(method, requests), return_exceptions=True))

    async def count(self, table: str) -> int:
        return int((await self.db.fetch(f"SELECT count(*) AS n FROM {table}"))[0].n)


def prices(*tiers: Seat.Tier.ValueType) -> list[pb.TierPrice]:
    """List prices of the given tiers, or of all."""
    return [pb.TierPrice(tier=tier, price=PRICES[tier]) for tier in tiers or PRICES]


@asynccontextmanager
async def served_catalogue(db: Database) -> AsyncIterator[Catalogue]:
    """Serve the catalogue on a free port."""
    desk = make_desk(db, replace(RULES, max_seats_per_user=MAX_SEATS))
    servicer = CatalogServicer(db, db, desk, max_seats_per_user=MAX_SEATS)
    async with served(lambda server: catalog_pb2_grpc.add_CatalogServiceServicer_to_server(servicer, server)) as to:
        yield Catalogue(db, to)
    await desk.close()


async def walk(method: Any, request: Message, field: str) -> list[list[Any]]:
    """Read a list to its end; return its pages."""
    pages: list[list[Any]] = []
    while True:
        answer = await method(request)
        pages.append(list(getattr(answer, field)))
        if not answer.next_page_token:
            return pages
        assert len(pages) < 1_000, "the list has no end"
        request.page_token = answer.next_page_token  # type: ignore[attr-defined]


async def seats_of(catalogue: Catalogue, show: pb.Show) -> list[Any]:
    return await catalogue.db.fetch("SELECT * FROM show_seats WHERE show_id = %s ORDER BY position", (show.id,))


def at(seconds: int, nanos: int = 0) -> Timestamp:
    return Timestamp(seconds=seconds, nanos=nanos)
