"""Topics of bookings and shows that tests write, and notifications as it reads them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import grpc
from boxoffice.events.v1 import events_pb2
from boxoffice.notifications.v1 import notifications_pb2 as pb
from boxoffice.notifications.v1 import notifications_pb2_grpc, preferences_pb2_grpc

from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.writes.consumer import Consumer, Events
from services.notifications.clients import BOOKINGS, SHOWS
from services.notifications.facts import shows
from services.notifications.facts.bookings import CONSUMER, tell_of_bookings
from services.notifications.notices.rpc import NotificationServicer
from services.notifications.preferences.domain import Links
from services.notifications.preferences.rpc import PreferenceServicer
from tests.servers import served

BookingEvent = events_pb2.BookingEvent
ShowEvent = events_pb2.ShowEvent

T0 = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
WINDOW = timedelta(hours=24)
"""How long before its start people are reminded of a show."""

LINKS = Links(b"a secret that signs links")

START = datetime(2026, 6, 1, 18, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


@dataclass
class Booked:
    """A booking that tests tell of."""

    id: UUID
    user_id: UUID
    show_id: UUID
    version: int = 0


@dataclass
class Topics:
    """Both topics, and the service's database and methods."""

    db: Database
    rpc: notifications_pb2_grpc.NotificationServiceStub
    preferences: preferences_pb2_grpc.PreferenceServiceStub
    bookings: list[events_pb2.BookingEvent] = field(default_factory=list)
    shows: list[events_pb2.ShowEvent] = field(default_factory=list)

    def book(self, show_id: UUID, minutes: float = 0, *kinds: int, user_id: UUID | None = None) -> Booked:
        """Tell of a new booking, and of what becomes of it a second later each."""
        booked = Booked(new_id(), user_id or uuid4(), show_id)
        for number, kind in enumerate((BookingEvent.CREATED, *kinds)):
            self.tell(booked, kind, minutes + number / 60)
        return booked

    def tell(self, booked: Booked, kind: int, minutes: float = 0, **more: Any) -> None:
        """Tell what becomes of a booking."""
        booked.version += 2
        event = BookingEvent(
            position=len(self.bookings) + 1,
            kind=kind,  # type: ignore[arg-type]
            booking_id=str(booked.id),
            version=booked.version,
            user_id=str(booked.user_id),
            show_id=str(booked.show_id),
            total_amount=50_000,
            final_amount=59_000,
            currency="INR",
            **more,
        )
        event.time.FromDatetime(at(minutes))
        self.bookings.append(event)

    def pass_on(self, booked: Booked, minutes: float = 0, *, ends: int | None = None) -> Booked:
        """Tell that somebody has accepted a ticket of a booking, and how that ends; return who, with the offer's id."""
        held = Booked(new_id(), uuid4(), booked.show_id)
        ids = {"ticket_id": str(uuid4()), "offer_id": str(held.id), "holder_id": str(held.user_id)}
        self.tell(booked, BookingEvent.TICKET_TRANSFERRED, minutes, **ids)
        if ends is not None:
            self.tell(booked, ends, minutes, **ids)
        return held

    def tell_of_show(
        self, show_id: UUID, kind: int, minutes: float = 0, version: int = 1, *, starts_at: datetime | None = None
    ) -> None:
        """Tell what has happened to a show."""
        event = ShowEvent(
            position=len(self.shows) + 1,
            kind=kind,  # type: ignore[arg-type]
            show_id=str(show_id),
            version=version,
            revision=version,
        )
        event.time.FromDatetime(at(minutes))
        starts_at = starts_at or START + timedelta(hours=version)
        event.start_time.FromDatetime(starts_at)
        event.end_time.FromDatetime(starts_at + timedelta(hours=2))
        self.shows.append(event)

    async def read_bookings(self, size: int = 100) -> None:
        async def read(after: int | None) -> Events[events_pb2.BookingEvent]:
            return Events(self.bookings[after or 0 :][:size], len(self.bookings))

        consumer = Consumer(self.db, CONSUMER, BOOKINGS, read, partial(tell_of_bookings, reminded=WINDOW))
        while await consumer.consume_once():
            pass

    async def read_shows(self) -> None:
        async def read(after: int | None) -> Events[events_pb2.ShowEvent]:
            return Events(self.shows[after or 0 :], len(self.shows))

        consumer = Consumer(self.db, CONSUMER, SHOWS, read, shows.note_facts)
        while await consumer.consume_once():
            pass

    async def tell_bookings(self, limit: int = 500) -> None:
        while await shows.tell_bookings(self.db, limit=limit):
            pass

    async def notices(self, user_id: UUID, **more: Any) -> list[pb.Notice]:
        """Return a user's notices, oldest first."""
        answer = await self.rpc.ListNotices(pb.ListNoticesRequest(user_id=str(user_id), page_size=100, **more))
        return list(reversed(answer.notices))

    async def kinds(self, user_id: UUID) -> list[str]:
        """Return what a user was told, oldest first."""
        return [pb.Notice.Kind.Name(notice.kind) for notice in await self.notices(user_id)]


@asynccontextmanager
async def opened_topics(db: Database) -> AsyncIterator[Topics]:
    """Serve notifications on a database."""

    def add(server: grpc.aio.Server) -> None:
        notifications_pb2_grpc.add_NotificationServiceServicer_to_server(NotificationServicer(db), server)
        preferences = PreferenceServicer(db, LINKS, "en")
        preferences_pb2_grpc.add_PreferenceServiceServicer_to_server(preferences, server)

    async with served(add) as channel:
        rpc = notifications_pb2_grpc.NotificationServiceStub(channel)
        yield Topics(db, rpc, preferences_pb2_grpc.PreferenceServiceStub(channel))
