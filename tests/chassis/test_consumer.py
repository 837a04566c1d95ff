"""Consumers of topics: every event has its effect exactly once, in order, whatever is killed or comes twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from services.chassis.errors import EventsForgotten, Failure, Interrupted, Unavailable
from services.chassis.sight import metrics
from services.chassis.store.database import Database, Transaction
from services.chassis.writes import consumer as module
from services.chassis.writes import topics
from services.chassis.writes.consumer import Consumer, Events
from services.chassis.writes.topics import Positioned, TopicEvent
from tests.databases import move_clock, opened
from tests.patience import eventually


@dataclass
class Reader:
    """Reads a topic by pages of three; the sender may be away."""

    db: Database
    away: Failure | None = None
    asked: list[int | None] = field(default_factory=list)
    left_out: int = 0

    async def __call__(self, after: int | None) -> Events[Positioned]:
        self.asked.append(after)
        if self.away is not None:
            raise self.away
        page = await topics.read(self.db, "tales", after=after, limit=3)
        return Events([one for one in page.events if one.position != self.left_out], page.last)


@dataclass
class Copier:
    """Copies events, which no table lets happen twice or out of order; it may stumble over one."""

    stumbles_at: int = 0
    by: Exception | None = None

    async def __call__(self, tx: Transaction, events: Sequence[Positioned]) -> None:
        for event in events:
            if event.position == self.stumbles_at:
                raise self.by or ValueError("this one")
            await tx.send("INSERT INTO things (id, amount) VALUES (DEFAULT, %s)", (event.position,))


@pytest.fixture
async def sender(db: Database) -> AsyncIterator[Database]:
    """A database with seven events, which has the consumer's tables too."""
    async with db.transaction() as tx:
        await topics.append(tx, "tales", [TopicEvent(UUID(int=1), n, "HAPPENED", b"") for n in range(7)])
    await topics.number_events(db)
    yield db


def consumer(db: Database, reader: Reader, copier: Copier, name: str = "copier") -> Consumer[Positioned]:
    return Consumer(db, name, "tales", reader, copier)


async def copied(db: Database) -> list[int]:
    return [row.amount for row in await db.fetch("SELECT amount FROM things ORDER BY id")]


async def progress(db: Database) -> dict[str, int]:
    return {row.consumer: row.read_to for row in await db.fetch("SELECT consumer, read_to FROM topic_progress")}


async def all_of(one: Consumer[Positioned]) -> list[int]:
    """Consume everything; return how many events each page had."""
    counts = []
    while count := await one.consume_once():
        counts.append(count)
    return counts


async def test_events_are_consumed_page_by_page_in_order(sender: Database) -> None:
    reader = Reader(sender)
    assert await all_of(consumer(sender, reader, Copier())) == [3, 3, 1]
    assert await copied(sender) == [1, 2, 3, 4, 5, 6, 7]
    assert reader.asked == [None, 3, 6, 7]
    assert await progress(sender) == {"copier": 7}


async def test_consumers_have_nothing_to_do_with_each_other(sender: Database) -> None:
    await consumer(sender, Reader(sender), Copier(), "first").consume_once()
    stuck = consumer(sender, Reader(sender), Copier(stumbles_at=1), "stuck")
    with pytest.raises(ValueError, match="this one"):
        await stuck.consume_once()
    await all_of(consumer(sender, Reader(sender), Copier(), "second"))
    assert await progress(sender) == {"first": 3, "second": 7}


@pytest.mark.parametrize("failure", [ValueError("a defect"), Unavailable(), Interrupted()])
async def test_a_page_that_fails_has_no_effect_and_is_read_again(sender: Database, failure: Exception) -> None:
    reader, copier = Reader(sender), Copier(stumbles_at=5, by=failure)
    one = consumer(sender, reader, copier)
    await one.consume_once()
    for _ in range(2):
        with pytest.raises(type(failure)):
            await one.consume_once()
    assert await copied(sender) == [1, 2, 3], "no half of a page"
    copier.stumbles_at = 0
    await all_of(one)
    assert await copied(sender) == [1, 2, 3, 4, 5, 6, 7]


async def test_many_processes_of_a_consumer_at_once_do_everything_once(sender: Database, chassis_url: str) -> None:
    async with opened(chassis_url, pool_size=4) as other:
        processes = [consumer(db, Reader(sender), Copier()) for db in (sender, other, sender, other)]
        while await progress(sender) != {"copier": 7}:
            await asyncio.gather(*(process.consume_once() for process in processes))
    assert await copied(sender) == [1, 2, 3, 4, 5, 6, 7]


async def test_a_process_that_is_killed_before_its_commit_leaves_the_page_to_others(sender: Database) -> None:
    within = asyncio.Event()

    class Slow(Copier):
        async def __call__(self, tx: Transaction, events: Sequence[Positioned]) -> None:
            await super().__call__(tx, events)
            await tx.fetch("SELECT")
            within.set()
            await asyncio.Event().wait()

    killed = asyncio.create_task(consumer(sender, Reader(sender), Slow()).consume_once())
    await within.wait()
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    await all_of(consumer(sender, Reader(sender), Copier()))
    assert await copied(sender) == [1, 2, 3, 4, 5, 6, 7]


async def test_an_event_that_is_missing_stops_the_consumer(sender: Database) -> None:
    reader = Reader(sender, left_out=5)
    one = consumer(sender, reader, Copier())
    await one.consume_once()
    with pytest.raises(ValueError, match="gap behind position 3"):
        await one.consume_once()
    assert await progress(sender) == {"copier": 3}


async def test_a_consumer_that_fell_behind_stops_until_somebody_decides(sender: Database) -> None:
    one = consumer(sender, Reader(sender), Copier())
    await one.consume_once()
    await move_clock(sender, "31 days")
    assert await topics.forget(sender, 30, limit=5) == 5
    with pytest.raises(EventsForgotten):
        await one.consume_once()
    # What docs/operations.md says.
    await sender.execute("DELETE FROM topic_progress WHERE consumer = 'copier' AND topic = 'tales'")
    await all_of(one)
    assert await copied(sender) == [1, 2, 3, 6, 7]


async def test_it_rests_at_the_end_of_the_topic_without_asking_for_an_empty_page(
    sender: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 60)
    reader = Reader(sender)
    stalled = metrics.CONSUMER_STALLED.labels("copier", "tales")._value
    stalled.set(-1)  # until it rests
    task = asyncio.create_task(consumer(sender, reader, Copier()).run())

    async def rests() -> bool:
        return stalled.get() >= 0

    await eventually(rests)
    task.cancel()
    await asyncio.wait([task])
    assert reader.asked == [None, 3, 6]
    assert await copied(sender) == [1, 2, 3, 4, 5, 6, 7]


async def test_it_goes_on_for_ever_and_tells_for_how_long_it_has_failed(
    sender: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    reader = Reader(sender, away=Unavailable())
    stalled = metrics.CONSUMER_STALLED.labels("copier", "tales")._value
    task = asyncio.create_task(consumer(sender, reader, Copier(stumbles_at=7)).run())

    async def asked_again() -> bool:
        return len(reader.asked) > 3 and stalled.get() > 0

    await eventually(asked_again)
    reader.away = None
    await eventually(lambda: copied(sender))
    await eventually(lambda: _has_stumbled(sender))
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert await copied(sender) == [1, 2, 3, 4, 5, 6]
    assert metrics.CONSUMER_BEHIND.labels("copier", "tales")._value.get() == 1


async def _has_stumbled(db: Database) -> bool:
    return await progress(db) == {"copier": 6}
