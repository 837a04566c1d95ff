"""Notifications that sends mails, whom it asks, and a mail server."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from services.notifications.clients import BookingClient, IdentityClient, InventoryClient
from services.notifications.mails.composing import Composer
from services.notifications.mails.delivery import Server
from services.notifications.mails.steps import Mails
from tests.notifications.mail_server import MailServer
from tests.notifications.peers import Peers
from tests.notifications.topics import LINKS, BookingEvent, Topics

SHOW = uuid4()
SENDER = "tickets@boxoffice.example"


@dataclass
class House:
    """Notifications, whom it asks, and a mail server."""

    topics: Topics
    peers: Peers
    server: MailServer
    language: str = "en"
    password: str = ""
    timeout_seconds: float = 5

    def mails(self) -> Mails:
        """Return what sends mails, as a process of the service has it."""
        at = Server(
            host="127.0.0.1",
            port=self.server.port,
            security=self.server.security,  # type: ignore[arg-type]
            username="boxoffice" if self.password else "",
            password=self.password,
            sender=SENDER,
            timeout_seconds=self.timeout_seconds,
        )
        composer = Composer(sender=SENDER, sender_name="Boxoffice", public_url="https://tickets.example")
        assert self.peers.channel is not None
        identity, booking = IdentityClient(self.peers.channel), BookingClient(self.peers.channel)
        inventory = InventoryClient(self.peers.channel)
        return Mails(self.topics.db, identity, booking, inventory, composer, at, LINKS, self.language, 2)

    async def send(self) -> None:
        """Have all mails tried that are due."""
        mails = self.mails()
        while await mails.send_once():
            pass

    async def states(self) -> list[str]:
        rows = await self.topics.db.fetch("SELECT state, reason FROM mails ORDER BY place")
        return [f"{row.state} {row.reason}" if row.reason else row.state for row in rows]

    async def confirmed(self, count: int = 1) -> list[UUID]:
        """Tell of confirmed bookings, of users with addresses; return their users."""
        users = [self.topics.book(SHOW, n, BookingEvent.CONFIRMED).user_id for n in range(count)]
        for number, user_id in enumerate(users):
            self.peers.has_address(user_id, f"user{number}@example.com")
        await self.topics.read_bookings()
        return users
