"""Identity, booking and inventory, as far as notifications asks them, served for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import grpc
from boxoffice.booking.v1 import (
    booking_pb2,
    booking_pb2_grpc,
    papers_pb2,
    papers_pb2_grpc,
    transfers_pb2,
    transfers_pb2_grpc,
)
from boxoffice.identity.v1 import identity_pb2, identity_pb2_grpc
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc
from google.api import httpbody_pb2

from services.chassis.errors import Failure, NotFound, Unauthenticated
from tests.notifications.topics import START, Topics
from tests.servers import served

Contact = identity_pb2.BatchGetContactsResponse.Contact


@dataclass
class Peers:
    """What the peers know."""

    topics: Topics
    contacts: dict[str, Contact] = field(default_factory=dict)
    title: str = "Nine Rivers, Live"
    starts_at: datetime = START
    screen: str = "Main"
    is_rescheduled: bool = False
    """Whether bookings show that their show was."""
    status: int = booking_pb2.Booking.CONFIRMED
    """Of each booking."""
    show: catalog_pb2.Show | None = None
    """As inventory shows each; None: it knows none."""
    zones: dict[str, str] = field(default_factory=dict)
    """Time zones of the bookings of users, where they are not Asia/Kolkata."""
    asked_shows: list[str] = field(default_factory=list)
    tells_services: bool = True
    """Whether identity knows services, as it does where AUTH is on."""
    pdf: bytes = b"%PDF-1.7 tickets"
    no_papers: Failure | None = None
    """Why booking makes none."""
    papers: int = 0
    """How often it was asked for tickets as files."""
    channel: grpc.aio.Channel | None = None
    address: str = ""

    def has_address(
        self, user_id: Any, email: str = "ann@example.com", name: str = "Ann", verified: bool = True
    ) -> None:
        self.contacts[str(user_id)] = Contact(user_id=str(user_id), email=email, name=name, email_verified=verified)


class _Identity(identity_pb2_grpc.IdentityServiceServicer):
    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def BatchGetContacts(
        self, request: identity_pb2.BatchGetContactsRequest, context: Any
    ) -> identity_pb2.BatchGetContactsResponse:
        if not self._peers.tells_services:
            raise Unauthenticated()
        known = self._peers.contacts
        return identity_pb2.BatchGetContactsResponse(contacts=[known[id_] for id_ in request.user_ids if id_ in known])


class _Booking(booking_pb2_grpc.BookingServiceServicer):
    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def ListBookingEvents(
        self, request: booking_pb2.ListBookingEventsRequest, context: Any
    ) -> booking_pb2.ListBookingEventsResponse:
        events = self._peers.topics.bookings
        return booking_pb2.ListBookingEventsResponse(events=events[request.after :], last=len(events))

    async def GetBooking(self, request: booking_pb2.GetBookingRequest, context: Any) -> booking_pb2.Booking:
        booking = booking_pb2.Booking(
            id=request.booking_id,
            user_id=request.user_id,
            booking_number="7KQ2M9XW4C",
            status=self._peers.status,  # type: ignore[arg-type]
            seat_labels=["Stalls C7", "Stalls C8"],
            show=booking_pb2.Booking.Show(
                title=self._peers.title,
                theatre="Lantern House",
                city="Pune",
                screen=self._peers.screen,
                time_zone=self._peers.zones.get(request.user_id, "Asia/Kolkata"),
            ),
        )
        booking.show.start_time.FromDatetime(self._peers.starts_at)
        booking.expires_at.FromDatetime(self._peers.starts_at)
        if self._peers.is_rescheduled:
            booking.full_refund_until.FromDatetime(START)
        return booking


CALENDAR = "BEGIN:VCALENDAR\r\nSUMMARY:नौ नदियाँ\r\nEND:VCALENDAR\r\n"


class _Papers(papers_pb2_grpc.PaperServiceServicer):
    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def RenderTickets(self, request: papers_pb2.RenderTicketsRequest, context: Any) -> httpbody_pb2.HttpBody:
        self._peers.papers += 1
        if self._peers.no_papers is not None:
            raise self._peers.no_papers
        return httpbody_pb2.HttpBody(content_type="application/pdf", data=self._peers.pdf)

    async def RenderCalendar(self, request: papers_pb2.RenderCalendarRequest, context: Any) -> httpbody_pb2.HttpBody:
        return httpbody_pb2.HttpBody(content_type="text/calendar; charset=utf-8", data=CALENDAR.encode())


class _Transfers(transfers_pb2_grpc.TransferServiceServicer):
    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def GetHeldTicket(
        self, request: transfers_pb2.GetHeldTicketRequest, context: Any
    ) -> transfers_pb2.HeldTicket:
        ticket = transfers_pb2.HeldTicket(
            booking_id="00000000-0000-4000-8000-000000000001",
            title=self._peers.title,
            theatre="Lantern House",
            city="Pune",
            screen=self._peers.screen,
            time_zone="Asia/Kolkata",
            seat_label="Stalls C8",
            is_good=self._peers.status == booking_pb2.Booking.CONFIRMED,
            is_rescheduled=self._peers.is_rescheduled,
        )
        ticket.start_time.FromDatetime(self._peers.starts_at)
        return ticket


class _Catalogue(catalog_pb2_grpc.CatalogServiceServicer):
    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def ListShowEvents(
        self, request: catalog_pb2.ListShowEventsRequest, context: Any
    ) -> catalog_pb2.ListShowEventsResponse:
        events = self._peers.topics.shows
        return catalog_pb2.ListShowEventsResponse(events=events[request.after :], last=len(events))

    async def GetShow(self, request: catalog_pb2.GetShowRequest, context: Any) -> catalog_pb2.Show:
        self._peers.asked_shows.append(request.show_id)
        if self._peers.show is None or self._peers.show.id != request.show_id:
            raise NotFound("no such show")
        return self._peers.show


@asynccontextmanager
async def served_peers(topics: Topics) -> AsyncIterator[Peers]:
    """Serve them at one address."""
    peers = Peers(topics)
    ports: list[int] = []
    async with served(
        lambda server: identity_pb2_grpc.add_IdentityServiceServicer_to_server(_Identity(peers), server),
        lambda server: booking_pb2_grpc.add_BookingServiceServicer_to_server(_Booking(peers), server),
        lambda server: transfers_pb2_grpc.add_TransferServiceServicer_to_server(_Transfers(peers), server),
        lambda server: papers_pb2_grpc.add_PaperServiceServicer_to_server(_Papers(peers), server),
        lambda server: catalog_pb2_grpc.add_CatalogServiceServicer_to_server(_Catalogue(peers), server),
        lambda server: ports.append(server.add_insecure_port("127.0.0.1:0")),
    ) as channel:
        peers.channel, peers.address = channel, f"127.0.0.1:{ports[0]}"
        yield peers
