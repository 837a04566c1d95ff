"""Who works at the office of the stack's organization, and what they find there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from boxoffice.bank.v1 import bank_pb2
from boxoffice.booking.v1 import booking_pb2
from boxoffice.inventory.v1 import catalog_pb2, seat_pb2

from boxoffice_client import Client
from stack import accounts, credentials
from stack.launcher import Stack
from tests.web.conftest import PASSWORD, Visitor, visiting


def password(stack: Stack, name: str) -> str:
    """Return the password of a demo account."""
    return credentials.load(stack.settings.data_dir / credentials.FILE)[f"demo-{name}"]


def sign_in(visitor: Visitor, email: str, word: str) -> None:
    answer = visitor.send("/login", visitor.get("/login"), email=email, password=word)
    assert answer.status_code == 303, answer.text


@contextmanager
def officer(stack: Stack, name: str = "organizer") -> Iterator[Visitor]:
    """Be signed in as a demo account: `organizer` is the owner of an organization, `admin` of everything."""
    with visiting(stack) as visitor:
        sign_in(visitor, accounts.email(name), password(stack, name))
        yield visitor


@contextmanager
def calling(stack: Stack, email: str, word: str) -> Iterator[tuple[Client, str]]:
    """Return a client that calls as an account, and the account's id."""
    with Client(stack.public_url) as client:
        tokens = client.login(email=email, password=word)
        yield client.with_options(token=tokens.access_token), tokens.user_id


@dataclass(frozen=True)
class House:
    """A show of the organization, and a booking of two of its seats that somebody has paid."""

    organization_id: str
    event_id: str
    show_id: str
    booking: booking_pb2.Booking
    email: str

    def page(self, name: str) -> str:
        """Return the address of a page of the office about the show."""
        return f"/organizer/events/{self.event_id}/{name}?showId={self.show_id}"


def opened(stack: Stack, *, sold: bool = True) -> House:
    """Make a show of the organization, of 40 seats in four rows, and buy two of them where it is to be `sold`."""
    with calling(stack, accounts.email("organizer"), password(stack, "organizer")) as (client, _):
        [own, *_] = client.list_organizations().organizations
        venue = client.create_venue(name=f"Lantern House {uuid4().hex[:6]}", city="Pune", address="4 Tamarind Lane")
        rows = [
            catalog_pb2.CreateScreenRequest.Row(label=label, seat_count=10, tier=seat_pb2.Seat.REGULAR)
            for label in "ABCD"
        ]
        section = catalog_pb2.CreateScreenRequest.Section(name="Stalls", rows=rows)
        screen = client.create_screen(venue_id=venue.id, name="Hall", sections=[section])
        event = client.create_event(
            title="Songs of the monsoon",
            category=catalog_pb2.Event.CONCERT,
            duration_minutes=120,
            status=catalog_pb2.Event.PUBLISHED,
        )
        show = client.create_show(
            event_id=event.id,
            screen_id=screen.id,
            start_time=datetime.now(UTC) + timedelta(days=30),
            currency="INR",
            prices=[catalog_pb2.TierPrice(tier=seat_pb2.Seat.REGULAR, price=25_000)],
        )
    if not sold:
        return House(own.organization.id, event.id, show.id, booking_pb2.Booking(), "")
    email = f"{uuid4()}@example.com"
    with Client(stack.public_url) as client:
        client.register(email=email, password=PASSWORD, name="Meera Iyer")
    booking = bought(stack, email, show.id)
    return House(own.organization.id, event.id, show.id, booking, email)


def bought(stack: Stack, email: str, show_id: str) -> booking_pb2.Booking:
    """Buy two seats of a show, the last ones that are free, for an account."""
    with calling(stack, email, PASSWORD) as (client, user_id):
        seats = client.get_seat_map(show_id=show_id).seats
        free = [seat.id for seat in seats if seat.status == seat_pb2.ShowSeat.AVAILABLE][-2:]
        booking = client.create_booking(user_id=user_id, show_id=show_id, show_seat_ids=free)
        session = client.initiate_payment(booking_id=booking.id, user_id=user_id).session_id
        client.simulate_payment(session_id=session, result=bank_pb2.SimulatePaymentRequest.SUCCESS)
        paid = client.get_booking(booking_id=booking.id, user_id=user_id, wait_seconds=20)
    assert paid.status == booking_pb2.Booking.CONFIRMED
    return paid
