"""Topics: each committed event gets one position for good, without gaps; those of a key in the order of commits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.chassis.errors import Aborted, EventsForgotten, EventsNotThere, Interrupted
from services.chassis.store.database import Database
from services.chassis.work import topics
from services.chassis.work.topics import Page, TopicEvent, append, appended, forget, read, sequence, sequence_once
from tests.chassis.waiting import until_waiting
from tests.databases import move_clock, opened
from tests.patience import eventually

A, B, C = (UUID(int=number) for number in (1, 2, 3))
SECONDS = 10


@pytest.fixture
async def observer(chassis_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with await psycopg.AsyncConnection.connect(chassis_url, autocommit=True) as connection:
        yield connection


def event(text: str, key: UUID = A, version: int = 1) -> TopicEvent:
    return TopicEvent(key, version, "HAPPENED", text.encode())


async def write(db: Database, *texts: str, topic: str = "tales") -> None:
    async with db.transaction() as tx:
        await append(tx, topic, [event(text) for text in texts])


@asynccontextmanager
async def held_open(db: Database, text: str) -> AsyncIterator[asyncio.Event]:
    """Write an event in a transaction that is committed once what this gives is set."""
    written, end = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with db.transaction() as tx:
            await tx.fetch(*appended("tales", [event(text)], " RETURNING id"))
            written.set()
            await end.wait()

    task = asyncio.create_task(hold())
    await written.wait()
    try:
        yield end
    finally:
        end.set()
        await task


async def number(db: Database, *, limit: int = 500) -> int:
    """Give positions until no event waits; return to how many."""
    numbered = 0
    while done := await sequence_once(db, limit=limit):
        numbered += done
    return numbered


async def told(db: Database, after: int | None = None, *, topic: str = "tales", limit: int = 500) -> list[str]:
    return texts(await read(db, topic, after=after, limit=limit))


def texts(page: Page) -> list[str]:
    return [f"{one.position} {one.payload.decode()}" for one in page.events]


# --- Positions


async def test_events_are_read_in_the_order_in_which_they_were_written(db: Database) -> None:
    await write(db, "a", "b")
    await write(db, "c")
    assert await told(db) == [], "without a position they are not read"
    assert await number(db) == 3
    assert await told(db) == ["1 a", "2 b", "3 c"]
    assert await number(db) == 0


async def test_a_transaction_that_is_held_open_while_later_ones_commit_loses_nothing(db: Database) -> None:
    async with held_open(db, "early") as end:
        await write(db, "late")
        await write(db, "later")
        assert await number(db) == 2
        assert await told(db) == ["1 late", "2 later"]
        end.set()
        await eventually(lambda: number(db))
    assert await told(db, 2) == ["3 early"], "behind what a reader has seen"
    assert await told(db) == ["1 late", "2 later", "3 early"], "and nothing is numbered anew"


async def test_what_was_undone_gets_no_position_and_leaves_no_gap(db: Database) -> None:
    with pytest.raises(Aborted):
        async with db.transaction() as tx:
            await append(tx, "tales", [event("undone")])
            raise Aborted()
    await write(db, "done")
    await number(db)
    assert await told(db) == ["1 done"]


async def test_topics_are_numbered_apart(db: Database) -> None:
    await write(db, "a")
    await write(db, "b", topic="songs")
    await write(db, "c")
    assert await sequence_once(db) == 3
    assert await told(db) == ["1 a", "2 c"]
    assert await told(db, topic="songs") == ["1 b"]


async def test_a_backlog_is_numbered_batch_by_batch(db: Database) -> None:
    await write(db, *map(str, range(10)))
    assert [await sequence_once(db, limit=4) for _ in range(4)] == [4, 4, 2, 0]
    assert await told(db) == [f"{n + 1} {n}" for n in range(10)]


async def test_nothing_is_written_for_no_event(db: Database) -> None:
    async with db.transaction() as tx:
        await append(tx, "tales", [])
        assert await tx.fetch("SELECT FROM topic_events") == []


async def test_a_sequencer_with_nothing_to_do_writes_nothing(db: Database) -> None:
    await write(db, "a")
    await number(db)
    before = await db.fetch("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
    assert await sequence_once(db) == 0
    assert await db.fetch("SELECT pg_snapshot_xmax(pg_current_snapshot())::text") == before


async def test_a_clock_that_steps_has_no_part_in_it(db: Database) -> None:
    for step, text in (("0 days", "a"), ("-3 days", "b"), ("2 days", "c"), ("-1 day", "d")):
        await move_clock(db, step)
        await write(db, text)
        if text in "bd":
            await number(db)
    assert await told(db) == ["1 a", "2 b", "3 c", "4 d"]
    page = await read(db, "tales", after=None, limit=4)
    times = [one.written_at for one in page.events]
    assert sorted(times) == [times[1], times[3], times[0], times[2]]


@pytest.mark.parametrize("seed", range(12))
async def test_events_of_a_key_keep_the_order_of_its_commits(chassis_url: str, seed: int) -> None:
    """Transactions over several keys, which end in any order or are undone, among sequencers at any time."""
    random, serial = Random(seed), count(1)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(opened(chassis_url))
        await db.execute("INSERT INTO things (id) SELECT generate_series(1, 4)")
        sessions = [
            await stack.enter_async_context(await psycopg.AsyncConnection.connect(chassis_url)) for _ in range(5)
        ]
        committed = 0
        under_way = dict.fromkeys(range(5), 0)
        for _ in range(150):
            which = random.randrange(5)
            session = sessions[which]
            match random.choice(["write", "write", "write", "commit", "undo", "number"]):
                case "write":
                    key = random.randint(1, 4)
                    lock = "UPDATE things SET amount = amount + 1 WHERE id = %s RETURNING amount"
                    free = "SELECT FROM things WHERE id = %s FOR UPDATE SKIP LOCKED"
                    if (await (await session.execute(free, [key])).fetchone()) is None:
                        continue  # another transaction has the key
                    [version] = await (await session.execute(lock, [key])).fetchone() or [0]
                    sql, given = appended("tales", [event(str(next(serial)), UUID(int=key), version)])
                    await session.execute(sql.encode(), given)
                    under_way[which] += 1
                case "commit":
                    await session.commit()
                    committed, under_way[which] = committed + under_way[which], 0
                case "undo":
                    await session.rollback()
                    under_way[which] = 0
                case "number":
                    await sequence_once(db, limit=random.randint(1, 4))
        for which, session in enumerate(sessions):
            await session.commit()
            committed += under_way[which]
        await number(db, limit=3)
        rows = await db.fetch("SELECT position, key, version FROM topic_events ORDER BY position")
    assert [row.position for row in rows] == list(range(1, committed + 1))
    for key in range(1, 5):
        versions = [row.version for row in rows if row.key == UUID(int=key)]
        assert versions == list(range(1, len(versions) + 1)), f"key {key}"


async def test_a_backlog_is_read_once_and_a_page_reads_its_own_events_only(single: Database) -> None:
    """Whatever is planned: neither a backlog nor a log that has grown is read again and again."""
    for batch in range(8):
        await write(single, *(f"{batch} {n}" for n in range(250)))
    while await sequence_once(single, limit=250):
        pass
    for after in range(0, 2_000, 100):
        assert len(await told(single, after, limit=100)) == 100
    await single.fetch("SELECT pg_stat_force_next_flush()")
    [row] = await single.fetch(
        "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'topic_events'"
    )
    assert row.seq_tup_read == 0
    assert 2_000 <= row.idx_tup_fetch <= 8 * 2_000


# --- Several sequencers


async def test_a_topic_that_one_sequencer_is_at_is_left_to_it(
    db: Database, observer: psycopg.AsyncConnection[Any]
) -> None:
    await write(db, "a", "b")
    async with observer.transaction():
        await observer.execute(topics.LOCK_TOPIC, {"topic": "tales"})
        assert await sequence_once(db) == 0, "and not waited for"
    assert await sequence_once(db) == 2


async def test_many_sequencers_and_writers_at_once_make_no_gap_and_nothing_twice(chassis_url: str) -> None:
    async with AsyncExitStack() as stack:
        replicas = [await stack.enter_async_context(opened(chassis_url, pool_size=3)) for _ in range(4)]
        running = [asyncio.create_task(_sequence_fast(db)) for db in replicas]
        try:
            await asyncio.gather(*(_write_many(replicas[n % 4], n) for n in range(8)))

            async def all_numbered() -> bool:
                return not await replicas[0].fetch("SELECT FROM topic_events WHERE position IS NULL LIMIT 1")

            await eventually(all_numbered)
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)
        rows = await replicas[0].fetch("SELECT position, payload FROM topic_events ORDER BY position")
        [topic] = await replicas[0].fetch("SELECT position FROM topics WHERE topic = 'tales'")
    assert [row.position for row in rows] == list(range(1, 161))
    assert topic.position == 160
    assert len({bytes(row.payload) for row in rows}) == 160


async def _sequence_fast(db: Database) -> None:
    while True:
        await sequence_once(db, limit=3)


async def _write_many(db: Database, who: int) -> None:
    for number_ in range(20):
        await write(db, f"{who} {number_}")


async def test_a_sequencer_that_is_killed_in_the_middle_leaves_nothing_half_done(
    db: Database, chassis_url: str, observer: psycopg.AsyncConnection[Any]
) -> None:
    await write(db, "a", "b", "c")
    await number(db)
    await write(db, "d", "e", "f")
    async with observer.transaction():
        # It gets stuck at the second of three.
        await observer.execute("SELECT FROM topic_events WHERE payload = 'e' FOR UPDATE")
        task = asyncio.create_task(sequence_once(db))
        async with await psycopg.AsyncConnection.connect(chassis_url, autocommit=True) as killer:
            await until_waiting(killer)
            await killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        with pytest.raises(Interrupted):
            await task
    assert await told(db, 3) == []
    assert await number(db) == 3
    assert await told(db) == ["1 a", "2 b", "3 c", "4 d", "5 e", "6 f"]


async def test_the_sequencer_numbers_what_comes_and_goes_on_after_a_failure(
    db: Database, chassis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "PAUSE_SECONDS", 0.01)
    async with opened(chassis_url, pool_size=1) as own:
        task = asyncio.create_task(sequence(own))
        await write(db, "a")
        await eventually(lambda: told(db))
        await db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await write_again(db, "b")
        await eventually(lambda: told(db, 1))
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])
    assert await told(db) == ["1 a", "2 b"]


async def write_again(db: Database, text: str) -> None:
    """Write an event by a pool whose connections may have been ended."""
    try:
        await write(db, text)
    except Interrupted:
        await write(db, text)


# --- Reading


async def test_a_topic_is_read_by_pages_from_any_position(db: Database) -> None:
    await write(db, *"abcde")
    await number(db)
    assert await told(db, limit=2) == ["1 a", "2 b"]
    assert await told(db, 0, limit=2) == ["1 a", "2 b"]
    assert await told(db, 3, limit=2) == ["4 d", "5 e"]
    assert await told(db, 5) == []
    assert (await read(db, "tales", after=1, limit=1)).last == 5


async def test_a_position_that_the_topic_has_not_reached_is_no_end(db: Database) -> None:
    await write(db, "a")
    with pytest.raises(EventsNotThere) as failure:
        await read(db, "tales", after=1, limit=5)
    assert failure.value.metadata == {"last": "0"}
    await number(db)
    assert await told(db, 1) == []
    with pytest.raises(EventsNotThere):
        await read(db, "tales", after=2, limit=5)


# --- Forgetting


async def age(db: Database, *, days: int, below: int) -> None:
    """Let events have been written so many days ago."""
    await db.execute(
        "UPDATE topic_events SET created_at = boxoffice_clock() - make_interval(days => %s) WHERE position < %s",
        (days, below),
    )


async def test_old_events_are_forgotten_batch_by_batch_and_those_who_fell_behind_are_told(db: Database) -> None:
    await write(db, *"abcdefg")
    await number(db)
    await age(db, days=31, below=6)
    assert [await forget(db, 30, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert await told(db) == ["6 f", "7 g"]
    assert await told(db, 5) == ["6 f", "7 g"], "who has read all that is gone misses nothing"
    for after in (0, 4):
        with pytest.raises(EventsForgotten) as failure:
            await read(db, "tales", after=after, limit=5)
        assert failure.value.metadata == {"oldest": "6"}


async def test_positions_go_on_where_everything_was_forgotten(db: Database) -> None:
    await write(db, *"ab")
    await number(db)
    await move_clock(db, "31 days")
    assert await forget(db, 30) == 2
    await write(db, "c")
    await number(db)
    assert await told(db) == ["3 c"]
    with pytest.raises(EventsForgotten):
        await read(db, "tales", after=1, limit=5)


async def test_an_event_without_a_position_is_kept_however_old_it_is(db: Database) -> None:
    await write(db, "a")
    await move_clock(db, "31 days")
    assert await forget(db, 30) == 0
    await number(db)
    assert await told(db) == ["1 a"]
    assert await forget(db, 30) == 1


async def test_nothing_behind_an_event_that_is_kept_is_forgotten(db: Database) -> None:
    """A clock that was an hour ahead for a while makes no hole."""
    await write(db, *"abcd")
    await number(db)
    await age(db, days=31, below=5)
    await db.execute("UPDATE topic_events SET created_at = boxoffice_clock() WHERE position = 2")
    assert await forget(db, 30) == 1
    assert await forget(db, 30) == 0
    assert await told(db) == ["2 b", "3 c", "4 d"]


async def test_a_topic_tells_since_when_it_is_whole(db: Database) -> None:
    await write(db, *"ab")
    await number(db)
    await age(db, days=40, below=2)
    whole = "SELECT whole_since FROM topics WHERE topic = 'tales'"
    [before] = await db.fetch(whole)
    [event_] = await db.fetch("SELECT created_at FROM topic_events WHERE position = 1")
    await forget(db, 30)
    [after] = await db.fetch(whole)
    assert before.whole_since < after.whole_since == event_.created_at


async def test_events_with_a_condition_are_written_where_it_holds(db: Database) -> None:
    await db.execute("INSERT INTO things (id, amount) VALUES (1, 7)")
    events = [event("a", UUID(int=1), version) for version in (6, 7)]
    condition = " WHERE EXISTS (SELECT FROM things WHERE amount = new.version)"
    await db.transact(appended("tales", events, condition))
    [row] = await db.fetch("SELECT version FROM topic_events")
    assert row.version == 7
