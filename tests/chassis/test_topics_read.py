"""Topics: read by pages, forgotten when they are old."""

from uuid import UUID

import pytest

from services.chassis.errors import EventsForgotten, EventsNotThere
from services.chassis.store.database import Database
from services.chassis.writes.topics import TopicEvent, appended, forget, read
from tests.chassis.tales import A, event, number, read_texts, texts, write
from tests.databases import move_clock

# --- Reading


async def test_a_topic_is_read_by_pages_from_any_position(db: Database) -> None:
    await write(db, *"abcde")
    await number(db)
    assert await read_texts(db, limit=2) == ["1 a", "2 b"]
    assert await read_texts(db, 0, limit=2) == ["1 a", "2 b"]
    assert await read_texts(db, 3, limit=2) == ["4 d", "5 e"]
    assert await read_texts(db, 5) == []
    assert (await read(db, "tales", after=1, limit=1)).last == 5


async def test_events_of_kinds_that_are_not_asked_for_come_by_their_positions_alone(db: Database) -> None:
    for number_, kind in enumerate(("HAPPENED", "ENDED", "HAPPENED")):
        await db.execute(*appended("tales", [TopicEvent(A, number_, kind, kind.encode())]))
    await number(db)
    page = await read(db, "tales", after=None, limit=5, kinds=["ENDED"])
    assert texts(page) == ["1 ", "2 ENDED", "3 "]
    assert page.last == 3
    assert texts(await read(db, "tales", after=2, limit=5)) == ["3 HAPPENED"]


async def test_a_position_that_the_topic_has_not_reached_is_no_end(db: Database) -> None:
    await write(db, "a")
    with pytest.raises(EventsNotThere) as failure:
        await read(db, "tales", after=1, limit=5)
    assert failure.value.metadata == {"last": "0"}
    await number(db)
    assert await read_texts(db, 1) == []
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
    assert await read_texts(db) == ["6 f", "7 g"]
    assert await read_texts(db, 5) == ["6 f", "7 g"], "who has read all that is gone misses nothing"
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
    assert await read_texts(db) == ["3 c"]
    with pytest.raises(EventsForgotten):
        await read(db, "tales", after=1, limit=5)


async def test_an_event_without_a_position_is_kept_however_old_it_is(db: Database) -> None:
    await write(db, "a")
    await move_clock(db, "31 days")
    assert await forget(db, 30) == 0
    await number(db)
    assert await read_texts(db) == ["1 a"]
    assert await forget(db, 30) == 1


async def test_nothing_behind_an_event_that_is_kept_is_forgotten(db: Database) -> None:
    """A clock that was an hour ahead for a while makes no hole."""
    await write(db, *"abcd")
    await number(db)
    await age(db, days=31, below=5)
    await db.execute("UPDATE topic_events SET created_at = boxoffice_clock() WHERE position = 2")
    assert await forget(db, 30) == 1
    assert await forget(db, 30) == 0
    assert await read_texts(db) == ["2 b", "3 c", "4 d"]


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
