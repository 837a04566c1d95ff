"""A coordinator that dies between a node's COMMIT and its own leaves nobody in doubt of what was committed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis.errors import Interrupted
from services.chassis.store.database import Database, Transaction
from services.chassis.store.marks import COMMIT_MARKS
from services.chassis.store.pipeline import Pipeline
from services.inventory.seats.commands import Hold
from services.inventory.seats.operation import ChangeSeats, SeatDesk, Shows
from stack import citus
from stack.ports import LOOPBACK
from tests.chassis.own_server import OwnServer
from tests.citus.cluster import Cluster
from tests.citus.opened import opened
from tests.inventory.rules import RULES
from tests.inventory.sale import put_on_sale
from tests.patience import eventually


class Noticed(ChangeSeats):
    """The operation, which tells of each batch by NOTIFY: its lock is taken after the nodes' COMMIT."""

    batches = 0

    async def write(self, tx: Transaction, state: Shows) -> None:
        self.batches += 1
        await super().write(tx, state)
        await tx.send("NOTIFY held")


@contextmanager
def notices_held(server: OwnServer) -> Iterator[None]:
    """Let nobody who has told something commit: one session does, and waits for a standby that is not there."""
    with server.server.connect() as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        connection.execute("SELECT pg_reload_conf()")
    holder = server.server.connect()
    holder.autocommit = False
    holder.execute("SELECT pg_notify('held', ''), pg_logical_emit_message(true, 'held', 'what is written waits')")
    holder.pgconn.send_query(b"COMMIT")
    assert holder.pgconn.flush() == 0
    try:
        yield
    finally:
        holder.close()


async def waiting(cluster: Cluster, event: str) -> bool:
    async with await psycopg.AsyncConnection.connect(cluster.coordinator.server.url(), autocommit=True) as connection:
        cursor = await connection.execute("SELECT FROM pg_stat_activity WHERE wait_event = %s", (event,))
        return cursor.rowcount > 0


async def on_its_node(cluster: Cluster, sql: str, show_id: UUID) -> list[Any]:
    """Ask the workers themselves."""
    found: list[Any] = []
    for worker in cluster.workers:
        async with await psycopg.AsyncConnection.connect(cluster.url_of(worker), autocommit=True) as connection:
            shards = await connection.execute(
                "SELECT shard_name FROM citus_shards WHERE table_name = 'show_seats'::regclass AND nodeport = %s",
                (worker.server.port,),
            )
            for (shard,) in await shards.fetchall():
                cursor = await connection.execute(sql.format(shard).encode(), (show_id,))
                found += await cursor.fetchall()
    return found


@pytest.mark.parametrize("beside", [True, False], ids=["beside the seats", "on the coordinator"])
async def test_a_coordinator_killed_between_a_nodes_commit_and_its_own(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, beside: bool
) -> None:
    """Where the mark lies on the coordinator, in a table that Citus does not know of, the answer is wrong."""
    if not beside:
        monkeypatch.setattr(ChangeSeats, "marks", lambda self, batch: COMMIT_MARKS)
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute("SELECT undistribute_table('commit_markers')")
    async with opened(cluster.url) as db:
        show_id, seats = await put_on_sale(db)
        operation = Noticed(db, RULES)
        desk = SeatDesk(operation, name="seats", max_keys=1)
        with notices_held(cluster.coordinator):
            await eventually(lambda: waiting(cluster, "SyncRep"))
            hold = asyncio.create_task(desk.submit(Hold(show_id=show_id, user_id=uuid4(), seat_ids=seats[:1])))
            held = "SELECT id FROM {} WHERE show_id = %s AND status = 'HELD'"
            await eventually(lambda: on_its_node(cluster, held, show_id))
            await eventually(lambda: waiting(cluster, "object"))
            assert not hold.done()
            await asyncio.to_thread(cluster.coordinator.kill)
        (cluster.coordinator.server.cluster / "postgresql.auto.conf").write_text("")
        await asyncio.to_thread(cluster.coordinator.start)
        answer = await hold
        [counter] = await db.fetch("SELECT sequence FROM show_counters WHERE show_id = %s", (show_id,))
        await desk.close()
    assert (counter.sequence, [seat.id for seat in answer.seats]) == (1, seats[:1])
    assert operation.batches == (1 if beside else 2), "what is taken for undone is done a second time"
    if not beside:
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute("SELECT citus_add_local_table_to_metadata('commit_markers')")


async def test_a_shard_that_moves_between_the_commit_and_the_question_takes_the_mark_along(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Pipeline.commit

    async def moved(self: Pipeline) -> None:
        await commit(self)
        monkeypatch.undo()
        await asyncio.to_thread(move, cluster, show_id)
        raise psycopg.OperationalError("the answer is lost")

    async with opened(cluster.url) as db:
        show_id, seats = await put_on_sale(db)
        before = await node_of(db, show_id)
        desk = SeatDesk(ChangeSeats(db, RULES), name="seats", max_keys=1)
        monkeypatch.setattr(Pipeline, "commit", moved)
        await desk.submit(Hold(show_id=show_id, user_id=uuid4(), seat_ids=seats[:1]))
        assert await node_of(db, show_id) != before
        rows = await db.fetch("SELECT id FROM show_markers WHERE show_id = %s", (show_id,))
        assert len(rows) == 1, "one batch was committed, and found to have been"
        await desk.close()


def move(cluster: Cluster, show_id: UUID) -> None:
    """Move the shards of a show to the other worker."""
    ports = [worker.server.port for worker in cluster.workers]
    with cluster.coordinator.server.connect(citus.DATABASE) as connection:
        [(shard, port)] = connection.execute(
            "SELECT shardid, nodeport FROM citus_shards"
            " WHERE shardid = get_shard_id_for_distribution_column('show_counters', %s)",
            (show_id,),
        ).fetchall()
        [other] = [one for one in ports if one != port]
        connection.execute(
            "SELECT citus_move_shard_placement(%s, %s, %s, %s, %s, 'block_writes')",
            (shard, LOOPBACK, port, LOOPBACK, other),
        )


async def test_a_transaction_whose_node_is_killed_is_undone_or_found(cluster: Cluster) -> None:
    """Shows of the other node sell on meanwhile; its own come back with it."""
    async with opened(cluster.url) as db:
        desk = SeatDesk(ChangeSeats(db, RULES), name="seats", lanes=8, max_keys=1)
        shows = [await put_on_sale(db) for _ in range(12)]
        nodes = {show_id: await node_of(db, show_id) for show_id, _ in shows}
        killed = cluster.workers[0]
        mine = [one for one in shows if nodes[one[0]] == killed.server.port]
        others = [one for one in shows if nodes[one[0]] != killed.server.port]
        assert mine and others
        await asyncio.to_thread(killed.kill)
        for show_id, seats in others:
            await desk.submit(Hold(show_id=show_id, user_id=uuid4(), seat_ids=seats[:1]))
        for show_id, seats in mine[:1]:
            with pytest.raises(Interrupted):
                await desk.submit(Hold(show_id=show_id, user_id=uuid4(), seat_ids=seats[:1]))
        await asyncio.to_thread(killed.start)
        for show_id, seats in mine:

            async def held(show_id: UUID = show_id, seats: list[UUID] = seats) -> bool:
                try:
                    await desk.submit(Hold(show_id=show_id, user_id=uuid4(), seat_ids=seats[:1]))
                except Interrupted:
                    return False
                return True

            await eventually(held)
        rows = await db.fetch("SELECT sequence FROM show_counters WHERE show_id = ANY(%s)", (list(nodes),))
        assert {row.sequence for row in rows} == {1}
        await desk.close()


async def node_of(db: Database, show_id: UUID) -> int:
    """Return the port of the node that has a show."""
    [row] = await db.fetch(
        "SELECT nodeport FROM citus_shards WHERE shardid = get_shard_id_for_distribution_column('show_counters', %s)",
        (show_id,),
    )
    return int(row.nodeport)
