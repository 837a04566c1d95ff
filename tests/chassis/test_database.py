"""Transactions: committed, undone, interrupted, run again."""

import asyncio

import psycopg
import pytest
from psycopg import errors as pg

from services.chassis.errors import Aborted, Failure, Interrupted, Unavailable
from services.chassis.store.database import Database, retried, sweep_markers
from services.chassis.store.pipeline import Pipeline
from tests.chassis.playground import ADD, sessions_in_transaction, things
from tests.patience import eventually

# --- Committed or undone


async def test_a_block_that_ends_normally_is_committed(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.send(ADD, (1, 10))
        await tx.send(ADD, (2, 20))
        assert [row.amount for row in await tx.fetch("SELECT amount FROM things ORDER BY id")] == [10, 20]
        await tx.send(ADD, (3, 30))
    assert await things(db) == [(1, 10), (2, 20), (3, 30)]
    assert await sessions_in_transaction(db) == 0


async def test_a_block_that_raises_is_undone(db: Database) -> None:
    with pytest.raises(Aborted):
        async with db.transaction() as tx:
            await tx.send(ADD, (1, 10))
            await tx.fetch("SELECT 1")
            await tx.send(ADD, (2, 20))
            raise Aborted()
    assert await things(db) == []
    assert await sessions_in_transaction(db) == 0


async def test_a_block_that_raises_before_anything_went_out_is_undone(db: Database) -> None:
    with pytest.raises(Aborted):
        async with db.transaction() as tx:
            await tx.send(ADD, (1, 10))
            raise Aborted()
    assert await things(db) == []


async def test_an_empty_block_is_fine(db: Database) -> None:
    async with db.transaction():
        pass


async def test_a_statement_that_was_kept_back_is_run_and_not_before_it_has_to(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.send(ADD, (1, 10))
        assert await things(db) == []
    assert await things(db) == [(1, 10)]


async def test_a_broken_rule_in_a_statement_that_was_kept_back_surfaces_and_undoes_all(db: Database) -> None:
    calls: list[str] = []
    with pytest.raises(pg.CheckViolation):
        async with db.transaction() as tx:
            tx.after_commit(lambda: calls.append("committed"))
            await tx.send(ADD, (1, 10))
            await tx.send(ADD, (2, -1))
    assert await things(db) == []
    assert calls == []


async def test_a_broken_rule_in_a_statement_that_was_kept_back_surfaces_in_the_next_fetch(db: Database) -> None:
    with pytest.raises(pg.CheckViolation):
        async with db.transaction() as tx:
            await tx.send(ADD, (2, -1))
            await tx.fetch("SELECT 1")
    assert await things(db) == []


async def test_a_rule_that_is_checked_at_commit_surfaces_and_undoes_all(db: Database) -> None:
    calls: list[str] = []
    with pytest.raises(pg.UniqueViolation):
        async with db.transaction() as tx:
            tx.after_commit(lambda: calls.append("committed"))
            await tx.send(ADD, (1, 10))
            await tx.fetch("INSERT INTO rivals VALUES (1), (1) RETURNING id")
    assert await things(db) == []
    assert calls == []


async def test_a_block_that_swallows_a_failed_statement_does_not_pass_for_committed(db: Database) -> None:
    """PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and calls that a success."""
    calls: list[str] = []
    with pytest.raises(psycopg.Error):
        async with db.transaction() as tx:
            tx.after_commit(lambda: calls.append("committed"))
            await tx.send(ADD, (1, 10))
            with pytest.raises(pg.CheckViolation):
                await tx.fetch("INSERT INTO things VALUES (2, -1) RETURNING id")
    assert await things(db) == []
    assert calls == []


async def test_fetch_all_answers_each_statement(db: Database) -> None:
    async with db.transaction() as tx:
        answers = await tx.fetch_all(
            ("SELECT %s::int AS a", (1,)), ("SELECT 2 AS b WHERE false", ()), ("SELECT %(c)s::int AS c", {"c": 3})
        )
    assert [[tuple(row) for row in rows] for rows in answers] == [[(1,)], [], [(3,)]]
    answers = await db.fetch_all(("SELECT 1 AS a", ()), ("SELECT 2 AS b", ()))
    assert [[tuple(row) for row in rows] for rows in answers] == [[(1,)], [(2,)]]


async def test_callbacks_run_once_after_the_commit_and_not_before(db: Database) -> None:
    calls: list[str] = []
    async with db.transaction() as tx:
        tx.after_commit(lambda: calls.append("first"))
        tx.after_commit(lambda: calls.append("second"))
        await tx.fetch("SELECT 1")
        assert calls == []
    assert calls == ["first", "second"]


async def test_execute_tells_how_many_rows_it_hit(db: Database) -> None:
    assert await db.execute("INSERT INTO things SELECT generate_series(1, 3)") == 3
    assert await db.execute("DELETE FROM things WHERE id > %s", (1,)) == 2


async def test_old_markers_are_swept_and_new_ones_stay(db: Database) -> None:
    async with db.transaction():
        pass
    await db.execute("UPDATE commit_markers SET created_at = created_at - interval '16 minutes'")
    async with db.transaction():
        pass
    assert await sweep_markers(db) == 1
    assert await sweep_markers(db) == 0
    [row] = await db.fetch("SELECT count(*) AS markers FROM commit_markers")
    assert row.markers == 1


# --- Statements that were being prepared when something failed


LOST = "could not commit transaction for shard 102009 on at least one active node"
"""What Citus says in COMMIT where it has lost a node."""


@pytest.mark.parametrize("words", ["failure on connection marked as essential: node:5432", LOST])
async def test_a_node_of_citus_that_is_lost_interrupts(db: Database, words: str) -> None:
    raising = f"DO $$ BEGIN RAISE EXCEPTION '{words}' USING ERRCODE = 'XX000'; END $$"
    with pytest.raises(Interrupted):
        async with db.transaction() as tx:
            await tx.send(ADD, (1, 10))
            await tx.fetch(raising)
    with pytest.raises(pg.InternalError_):
        await db.fetch(raising.replace(words, "another error"))
    assert await things(db) == []


async def test_a_commit_whose_node_was_lost_is_found_out_to_have_happened(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Pipeline.commit

    async def lost(self: Pipeline) -> None:
        await commit(self)
        monkeypatch.undo()
        raise pg.InternalError_(LOST)

    monkeypatch.setattr(Pipeline, "commit", lost)
    async with db.transaction() as tx:
        await tx.send(ADD, (1, 10))
    assert await things(db) == [(1, 10)]


async def test_statements_prepared_in_a_failed_pipeline_work_afterwards(single: Database) -> None:
    """What the server skipped after an error was never prepared there; the driver has to know."""
    for _ in range(3):
        with pytest.raises(pg.CheckViolation):
            async with single.transaction() as tx:
                await tx.send(ADD, (1, -1))
                await tx.send("UPDATE things SET amount = amount + %s", (1,))
                await tx.fetch_all(("SELECT %s::int + 1 AS n", (1,)), ("SELECT %s::int + 2 AS n", (1,)))
        async with single.transaction() as tx:
            await tx.send("UPDATE things SET amount = amount + %s", (1,))
            one, two = await tx.fetch_all(("SELECT %s::int + 1 AS n", (1,)), ("SELECT %s::int + 2 AS n", (1,)))
        assert (one[0].n, two[0].n) == (2, 3)
        await single.execute("UPDATE things SET amount = amount + %s", (1,))


async def test_many_different_statements_on_one_connection(single: Database) -> None:
    """More of them than a connection keeps prepared."""
    for number in range(130):
        async with single.transaction() as tx:
            [row] = await tx.fetch(f"SELECT {number} AS n, %s::int AS m", (number,))
        assert row == (number, number)


# --- Undone by the database


async def test_a_deadlock_undoes_one_of_the_two_for_certain(db: Database) -> None:
    await db.execute("INSERT INTO things VALUES (1, 0), (2, 0)")
    first_has_1, second_has_2 = asyncio.Event(), asyncio.Event()
    take = "UPDATE things SET amount = amount + 1 WHERE id = %s RETURNING id"

    async def cross(one: int, other: int, mine: asyncio.Event, theirs: asyncio.Event) -> None:
        async with db.transaction() as tx:
            await tx.send("SET LOCAL deadlock_timeout = '10ms'")
            await tx.fetch(take, (one,))
            mine.set()
            await theirs.wait()
            await tx.fetch(take, (other,))

    outcomes = await asyncio.gather(
        cross(1, 2, first_has_1, second_has_2), cross(2, 1, second_has_2, first_has_1), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Interrupted", "NoneType"]
    assert await things(db) == [(1, 1), (2, 1)]


@pytest.mark.parametrize(
    ("statement", "setting"),
    [
        pytest.param("UPDATE things SET amount = 7 RETURNING id", "lock_timeout", id="lock"),
        pytest.param("UPDATE things SET amount = 7 RETURNING id", "statement_timeout", id="statement"),
    ],
)
async def test_a_wait_that_takes_too_long_is_interrupted(db: Database, statement: str, setting: str) -> None:
    await db.execute("INSERT INTO things VALUES (1, 0)")
    async with db.transaction() as holder:
        await holder.fetch("SELECT id FROM things FOR UPDATE")
        with pytest.raises(Interrupted):
            async with db.transaction() as tx:
                await tx.send(f"SET LOCAL {setting} = '20ms'")
                await tx.fetch(statement)
    assert await things(db) == [(1, 0)]


async def test_a_session_that_idles_in_its_transaction_is_interrupted(db: Database) -> None:
    with pytest.raises(Interrupted):
        async with db.transaction() as tx:
            await tx.send("SET LOCAL idle_in_transaction_session_timeout = '1ms'")
            [me] = await tx.fetch("SELECT pg_backend_pid() AS pid")

            async def is_gone() -> bool:
                return not await db.fetch("SELECT FROM pg_stat_activity WHERE pid = %s", (me.pid,))

            await eventually(is_gone)
            await tx.fetch("INSERT INTO things VALUES (1, 0) RETURNING id")
    assert await things(db) == []


async def test_a_session_that_stops_between_statements_is_interrupted(db: Database) -> None:
    """To the server it is not idle: it has run a statement and waits for the next."""
    with pytest.raises(Interrupted):
        async with db.transaction() as tx:
            await tx.send("SET LOCAL transaction_timeout = '50ms'")
            [me] = await tx.fetch("SELECT pg_backend_pid() AS pid")
            await tx.send("INSERT INTO things VALUES (1, 0)")

            async def is_gone() -> bool:
                return not await db.fetch("SELECT FROM pg_stat_activity WHERE pid = %s", (me.pid,))

            await eventually(is_gone)
            await tx.fetch("SELECT 1")
    assert await things(db) == []


async def test_every_session_has_limits(db: Database) -> None:
    limits = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
    [row] = await db.fetch("SELECT " + ", ".join(f"current_setting('{limit}') AS {limit}" for limit in limits))
    assert list(row) == ["2s", "4s", "5s", "8s"]


async def test_another_transaction_with_the_same_idempotency_key_interrupts(db: Database) -> None:
    keep = "INSERT INTO idempotency_keys VALUES (gen_random_uuid(), 'm', 'k', '', '')"
    again = "INSERT INTO idempotency_keys SELECT user_id, method, key, '', '' FROM idempotency_keys"
    await db.execute(keep)
    with pytest.raises(Interrupted):
        async with db.transaction() as tx:
            await tx.send(ADD, (1, 1))
            await tx.send(again)
    assert await things(db) == []


async def test_any_other_duplicate_is_told_as_it_is(db: Database) -> None:
    await db.execute("INSERT INTO things VALUES (1, 0)")
    with pytest.raises(pg.UniqueViolation):
        async with db.transaction() as tx:
            await tx.send(ADD, (1, 1))


# --- Run again


class Script:
    """A transaction script that fails as told."""

    def __init__(self, *failures: Failure) -> None:
        self.failures = list(failures)
        self.runs = 0

    async def __call__(self, argument: int, *, name: str) -> str:
        self.runs += 1
        if self.failures:
            raise self.failures.pop(0)
        return f"{argument} {name}"


@pytest.mark.parametrize(("failures", "runs"), [((), 1), ((Interrupted(),), 2)])
async def test_retried_runs_an_interrupted_script_once_more(failures: tuple[Failure, ...], runs: int) -> None:
    script = Script(*failures)
    assert await retried(script)(1, name="x") == "1 x"
    assert script.runs == runs


@pytest.mark.parametrize(
    ("failures", "runs"),
    [((Interrupted(), Interrupted(), Interrupted()), 2), ((Unavailable(),), 1), ((Aborted(),), 1)],
)
async def test_retried_runs_nothing_a_third_time_and_nothing_else_twice(
    failures: tuple[Failure, ...], runs: int
) -> None:
    script = Script(*failures)
    with pytest.raises(type(failures[0])):
        await retried(script)(1, name="x")
    assert script.runs == runs
