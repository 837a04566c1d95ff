"""Topics: how events get their positions, and who gives them."""

import asyncio
from contextlib import AsyncExitStack
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.chassis.errors import Aborted, Interrupted
from services.chassis.store.database import Database
from services.chassis.writes import topics
from services.chassis.writes.topics import append, appended, number_events, read, run_sequencer
from tests.chassis.tales import event, held_open, number, read_texts, write
from tests.chassis.waiting import until_waiting
from tests.databases import move_clock, opened
from tests.patience import eventually

# --- Positions


async def test_events_are_read_in_the_order_in_which_they_were_written(db: Database) -> None:
    await write(db, "a", "b")
    await write(db, "c")
    assert await read_texts(db) == [], "without a position they are not read"
    assert await number(db) == 3
    assert await read_texts(db) == ["1 a", "2 b", "3 c"]
    assert await number(db) == 0


async def test_a_transaction_that_is_held_open_while_later_ones_commit_loses_nothing(db: Database) -> None:
    async with held_open(db, "early") as end:
        await write(db, "late")
        await write(db, "later")
        assert await number(db) == 2
        assert await read_texts(db) == ["1 late", "2 later"]
        end.set()
        await eventually(lambda: number(db))
    assert await read_texts(db, 2) == ["3 early"], "behind what a reader has seen"
    assert await read_texts(db) == ["1 late", "2 later", "3 early"], "and nothing is numbered anew"


async def test_what_was_undone_gets_no_position_and_leaves_no_gap(db: Database) -> None:
    with pytest.raises(Aborted):
        async with db.transaction() as tx:
            await append(tx, "tales", [event("undone")])
            raise Aborted()
    await write(db, "done")
    await number(db)
    assert await read_texts(db) == ["1 done"]


async def test_topics_are_numbered_apart(db: Database) -> None:
    await write(db, "a")
    await write(db, "b", topic="songs")
    await write(db, "c")
    assert await number_events(db) == 3
    assert await read_texts(db) == ["1 a", "2 c"]
    assert await read_texts(db, topic="songs") == ["1 b"]


async def test_a_backlog_is_numbered_batch_by_batch(db: Database) -> None:
    await write(db, *map(str, range(10)))
    assert [await number_events(db, limit=4) for _ in range(4)] == [4, 4, 2, 0]
    assert await read_texts(db) == [f"{n + 1} {n}" for n in range(10)]


async def test_nothing_is_written_for_no_event(db: Database) -> None:
    async with db.transaction() as tx:
        await append(tx, "tales", [])
        assert await tx.fetch("SELECT FROM topic_events") == []


async def test_a_sequencer_with_nothing_to_do_writes_nothing(db: Database) -> None:
    await write(db, "a")
    await number(db)
    before = await db.fetch("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
    assert await number_events(db) == 0
    assert await db.fetch("SELECT pg_snapshot_xmax(pg_current_snapshot())::text") == before


async def test_a_clock_that_steps_has_no_part_in_it(db: Database) -> None:
    for step, text in (("0 days", "a"), ("-3 days", "b"), ("2 days", "c"), ("-1 day", "d")):
        await move_clock(db, step)
        await write(db, text)
        if text in "bd":
            await number(db)
    assert await read_texts(db) == ["1 a", "2 b", "3 c", "4 d"]
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
                    await number_events(db, limit=random.randint(1, 4))
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
    while await number_events(single, limit=250):
        pass
    for after in range(0, 2_000, 100):
        assert len(await read_texts(single, after, limit=100)) == 100
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
        assert await number_events(db) == 0, "and not waited for"
    assert await number_events(db) == 2


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
        await number_events(db, limit=3)


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
        task = asyncio.create_task(number_events(db))
        async with await psycopg.AsyncConnection.connect(chassis_url, autocommit=True) as killer:
            await until_waiting(killer)
            await killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        with pytest.raises(Interrupted):
            await task
    assert await read_texts(db, 3) == []
    assert await number(db) == 3
    assert await read_texts(db) == ["1 a", "2 b", "3 c", "4 d", "5 e", "6 f"]


async def test_the_sequencer_numbers_what_comes_and_goes_on_after_a_failure(
    db: Database, chassis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "PAUSE_SECONDS", 0.01)
    async with opened(chassis_url, pool_size=1) as own:
        task = asyncio.create_task(run_sequencer(own))
        await write(db, "a")
        await eventually(lambda: read_texts(db))
        await db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await write_again(db, "b")
        await eventually(lambda: read_texts(db, 1))
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])
    assert await read_texts(db) == ["1 a", "2 b"]


async def write_again(db: Database, text: str) -> None:
    """Write an event by a pool whose connections may have been ended."""
    try:
        await write(db, text)
    except Interrupted:
        await write(db, text)
