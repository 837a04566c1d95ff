"""Reminders: once for each booking and start of its show, late rather than never, and never after the start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2

from services.notifications.clients import BookingClient, InventoryClient
from services.notifications.facts.bookings import CONSUMER
from services.notifications.reminders import operation
from services.notifications.reminders.steps import Reminders
from tests.databases import move_clock
from tests.notifications.peers import Peers, served_peers
from tests.notifications.topics import T0, WINDOW, Booked, BookingEvent, ShowEvent, Topics

SHOW = uuid4()
NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW + timedelta(hours=72)
CALLED_OFF = (BookingEvent.REFUNDED, BookingEvent.CANCELLED, BookingEvent.EXPIRED)


@dataclass
class Reminding:
    """Notifications with a show to come, as its topic and inventory tell it."""

    topics: Topics
    peers: Peers
    version: int = 0
    booked: list[Booked] = field(default_factory=list)

    def show(self, starts_at: datetime, kind: int = ShowEvent.RESCHEDULED, told_at: datetime = T0) -> None:
        """Tell of the show, which inventory shows in the same way."""
        self.version += 1
        minutes = (told_at - T0) / timedelta(minutes=1)
        self.topics.tell_of_show(SHOW, kind, minutes, self.version, starts_at=starts_at)
        status = catalog_pb2.Show.CANCELLED if kind == ShowEvent.CANCELLED else catalog_pb2.Show.ON_SALE
        self.peers.show = catalog_pb2.Show(id=str(SHOW), revision=self.version, status=status)
        self.peers.show.start_time.FromDatetime(starts_at)
        self.peers.show.end_time.FromDatetime(starts_at + timedelta(hours=2))

    def book(self, *more: int) -> Booked:
        return self.topics.book(SHOW, 0, BookingEvent.CONFIRMED, *more)

    async def read(self) -> None:
        await self.topics.read_bookings()
        await self.topics.read_shows()

    async def remind(self, before: timedelta | None = None) -> None:
        """Remind so long before the show's start, by the clock."""
        if before is not None:
            await self.at(START - before)
        assert self.peers.channel is not None
        inventory = InventoryClient(self.peers.channel)
        job = Reminders(self.topics.db, BookingClient(self.peers.channel), inventory, CONSUMER, WINDOW)
        while await job.learn_once():
            pass
        while await job.remind_once():
            pass

    async def at(self, time: datetime) -> None:
        await move_clock(self.topics.db, f"{(time - datetime.now(UTC)).total_seconds()} seconds")

    async def reminded(self, booked: Booked) -> list[datetime]:
        """Return the starts of which a booking's user was reminded, each by a notice and a mail."""
        given = {"id": booked.id}
        found = [
            await self.topics.db.fetch(
                f"SELECT starts_at FROM {table} WHERE %(id)s IN (booking_id, offer_id) AND kind = 'REMINDER'"
                " ORDER BY starts_at",
                given,
            )
            for table in ("notices", "mails")
        ]
        assert found[0] == found[1]
        return [row.starts_at for row in found[0]]


@pytest.fixture
async def reminding(topics: Topics) -> AsyncIterator[Reminding]:
    async with served_peers(topics) as peers:
        reminding = Reminding(topics, peers)
        reminding.show(START, ShowEvent.CREATED)
        yield reminding


async def test_all_with_tickets_are_reminded_once_a_day_before_by_any_replica_and_others_never(
    reminding: Reminding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation.remind, "__kwdefaults__", {"limit": 2})
    booked = [reminding.book() for _ in range(5)]
    gone = [reminding.book(kind) for kind in CALLED_OFF] + [reminding.topics.book(SHOW, 0)]
    elsewhere = reminding.topics.book(uuid4(), 0, BookingEvent.CONFIRMED)
    held = [reminding.topics.pass_on(booked[0]) for _ in range(2)]
    gone.append(reminding.topics.pass_on(booked[0], ends=BookingEvent.TICKET_RETURNED))
    await reminding.read()
    await reminding.remind(WINDOW + timedelta(minutes=1))
    assert [await reminding.reminded(one) for one in booked] == [[]] * 5
    await reminding.at(START - WINDOW)
    await asyncio.gather(*(reminding.remind() for _ in range(3)))
    await reminding.remind(timedelta(hours=3))
    assert [await reminding.reminded(one) for one in (*booked, *held)] == [[START]] * 7
    assert [await reminding.reminded(one) for one in (*gone, elsewhere)] == [[]] * 6


async def test_a_moved_show_reminds_by_each_new_time_and_of_none_twice(reminding: Reminding) -> None:
    one = reminding.book()
    moved = START - timedelta(hours=24)
    reminding.show(moved)
    await reminding.read()
    await reminding.remind(timedelta(hours=47))
    assert await reminding.reminded(one) == [moved]
    for starts_at in (START, moved, START):
        reminding.show(starts_at, told_at=NOW)
        await reminding.read()
    await reminding.remind(timedelta(hours=47))
    await reminding.remind(timedelta(hours=20))
    assert await reminding.reminded(one) == [moved, START]


@pytest.mark.parametrize("is_read", [True, False])
async def test_nobody_is_reminded_of_a_cancelled_show_though_its_topic_is_unread(
    reminding: Reminding, is_read: bool
) -> None:
    one = reminding.book()
    await reminding.read()
    reminding.show(START, ShowEvent.CANCELLED)
    if is_read:
        await reminding.read()
    await reminding.remind(timedelta(hours=20))
    assert not await reminding.reminded(one)


async def test_a_show_of_which_inventory_says_that_it_was_moved_reminds_by_that_time(reminding: Reminding) -> None:
    one = reminding.book()
    await reminding.read()
    reminding.show(START + timedelta(hours=48))
    await reminding.remind(timedelta(hours=20))
    assert not await reminding.reminded(one)
    await reminding.read()
    await reminding.remind(timedelta(hours=-25))
    assert await reminding.reminded(one) == [START + timedelta(hours=48)]


async def test_nobody_is_reminded_before_it_is_read_that_the_ticket_was_given_back(reminding: Reminding) -> None:
    one, other = reminding.book(), reminding.book()
    await reminding.read()
    reminding.topics.tell(one, BookingEvent.REFUNDED, 5, refund_amount=1)
    await reminding.remind(timedelta(hours=20))
    assert not await reminding.reminded(one) and not await reminding.reminded(other)
    await reminding.read()
    await reminding.remind()
    assert not await reminding.reminded(one) and await reminding.reminded(other) == [START]


@pytest.mark.parametrize(("before", "is_told"), [(timedelta(minutes=1), True), (timedelta(0), False)])
async def test_a_service_that_was_away_reminds_late_and_never_after_the_start(
    reminding: Reminding, before: timedelta, is_told: bool
) -> None:
    one = reminding.book()
    await reminding.read()
    await reminding.remind(before)
    assert await reminding.reminded(one) == [START] * is_told


async def test_who_is_told_of_the_show_within_the_window_is_not_reminded_and_who_is_read_late_is(
    reminding: Reminding,
) -> None:
    await reminding.read()
    await reminding.remind(timedelta(hours=20))
    late = reminding.book()
    soon = reminding.topics.book(
        SHOW, (START - timedelta(hours=23) - T0) / timedelta(minutes=1), BookingEvent.CONFIRMED
    )
    await reminding.read()
    assert await reminding.reminded(late) == [START] and not await reminding.reminded(soon)
    again = START + timedelta(hours=2)
    reminding.show(again, told_at=START - timedelta(hours=19))
    await reminding.read()
    await reminding.remind(timedelta(hours=18))
    assert await reminding.reminded(late) == [START]


async def test_a_show_that_is_older_than_its_topic_is_asked_for(reminding: Reminding) -> None:
    one = reminding.book()
    await reminding.topics.read_bookings()
    await reminding.remind(timedelta(hours=20))
    assert await reminding.reminded(one) == [START]
    assert set(reminding.peers.asked_shows) == {str(SHOW)}


async def test_a_show_that_nobody_knows_any_more_reminds_nobody(reminding: Reminding) -> None:
    one = reminding.book()
    await reminding.read()
    reminding.peers.show = None
    await reminding.remind(timedelta(hours=20))
    assert not await reminding.reminded(one)


async def test_who_had_tickets_is_forgotten_long_after_the_show(reminding: Reminding) -> None:
    booked = [reminding.book() for _ in range(3)]
    await reminding.read()
    ids: list[UUID] = [one.id for one in booked]
    db = reminding.topics.db
    await reminding.at(START + timedelta(hours=1, days=90))
    assert await operation.forget(db) == 0
    await reminding.at(START + timedelta(hours=3, days=90))
    assert [await operation.forget(db, limit=2) for _ in range(3)] == [2, 2, 0]
    assert not await db.fetch("SELECT FROM bookings WHERE id = ANY(%(ids)s)", {"ids": ids})
    assert not await db.fetch("SELECT FROM shows")
