"""The outbox and its relay: what is delivered, and what becomes of what is not."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from services.chassis.errors import (
    Aborted,
    DeadlineExceeded,
    FailedPrecondition,
    Failure,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from services.chassis.store.database import Database
from services.chassis.writes import outbox as module
from services.chassis.writes.outbox import MAX_DELAY_SECONDS, MAX_REFUSALS, Message, Outbox
from tests.chassis.letters import SECONDS, Peer, append, is_asleep, make_due, relaying, rows
from tests.patience import eventually

# --- Delivered


async def test_a_message_is_delivered_and_forgotten(db: Database, outbox: Outbox) -> None:
    peer = Peer()
    await append(db, outbox, b"1", b"2", bytes(range(256)))
    assert await outbox.deliver_once({"letters": peer}) == 3
    assert sorted(peer.taken) == sorted([b"1", b"2", bytes(range(256))])
    assert await rows(db) == []
    assert await outbox.deliver_once({"letters": peer}) == 0


async def test_messages_go_in_one_batch_by_topic(db: Database, outbox: Outbox) -> None:
    letters, parcels = Peer(), Peer()
    await append(db, outbox, b"1", b"2")
    await append(db, outbox, b"3", topic="parcels")
    await outbox.deliver_once({"letters": letters, "parcels": parcels})
    assert [sorted(batch) for batch in letters.batches] == [[b"1", b"2"]]
    assert parcels.batches == [[b"3"]]


async def test_nothing_is_appended_for_no_message(db: Database, outbox: Outbox) -> None:
    async with db.transaction() as tx:
        await outbox.append(tx, [])
    assert await rows(db) == []
    assert not any(wake.is_set() for wake in outbox._wakes.values())


async def test_a_message_of_a_transaction_that_was_undone_is_never_delivered(db: Database, outbox: Outbox) -> None:
    with pytest.raises(Aborted):
        async with db.transaction() as tx:
            await outbox.append(tx, [Message("letters", b"1")])
            await tx.fetch("SELECT 1")
            raise Aborted()
    assert not any(wake.is_set() for wake in outbox._wakes.values())
    peer = Peer()
    assert await outbox.deliver_once({"letters": peer}) == 0
    assert peer.batches == []


async def test_the_commit_wakes_the_relay(db: Database, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 3600)
    peer = Peer()
    async with relaying(outbox, {"letters": peer}):
        for number in range(5):
            peer.came.clear()
            await append(db, outbox, str(number).encode())
            await asyncio.wait_for(peer.came.wait(), SECONDS)
        # And then it sleeps.
        await eventually(partial(is_asleep, outbox))
    assert sorted(peer.taken) == [b"0", b"1", b"2", b"3", b"4"]


async def test_messages_that_are_appended_during_a_delivery_do_not_wait(
    db: Database, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 3600)
    peer, entered, leave = Peer(), asyncio.Event(), asyncio.Event()

    async def slow(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        entered.set()
        await leave.wait()
        return await peer(payloads)

    async with relaying(outbox, {"letters": slow}):
        await append(db, outbox, b"1")
        await asyncio.wait_for(entered.wait(), SECONDS)
        await append(db, outbox, b"2")
        peer.came.clear()
        leave.set()
        while len(peer.taken) < 2:
            await asyncio.wait_for(peer.came.wait(), SECONDS)
            peer.came.clear()


async def test_what_another_process_appended_is_found_without_being_woken(db: Database, outbox: Outbox) -> None:
    peer = Peer()
    async with relaying(outbox, {"letters": peer}):
        await append(db, Outbox(db), b"1")
        await asyncio.wait_for(peer.came.wait(), SECONDS)
    assert peer.taken == [b"1"]


async def test_more_than_a_batch_is_delivered_at_once(
    db: Database, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 3600)
    many = [str(number).encode() for number in range(module.BATCH * 2 + 3)]
    await append(db, outbox, *many)
    peer = Peer()
    async with relaying(outbox, {"letters": peer}):
        while len(peer.taken) < len(many):
            await asyncio.wait_for(peer.came.wait(), SECONDS)
            peer.came.clear()
    assert sorted(peer.taken) == sorted(many)


# --- Not delivered


@pytest.mark.parametrize("failure", [Unavailable(), DeadlineExceeded(), ResourceExhausted(), Failure()])
@pytest.mark.parametrize("at_all", [True, False], ids=["the call fails", "one is answered so"])
async def test_a_failure_that_decides_nothing_is_tried_for_ever_and_counts_for_nothing(
    db: Database, outbox: Outbox, failure: Failure, at_all: bool
) -> None:
    peer = Peer(away=failure) if at_all else Peer(answer=lambda payload: failure)
    await append(db, outbox, b"1")
    for attempt in range(1, MAX_REFUSALS + 5):
        assert await outbox.deliver_once({"letters": peer}) == 1
        [row] = await rows(db)
        assert (row.attempts, row.refusals, row.dead_at) == (attempt, 0, None)
        assert 0 < row.seconds <= MAX_DELAY_SECONDS
        await make_due(db)
    peer.away, peer.answer = None, lambda payload: None
    await outbox.deliver_once({"letters": peer})
    assert peer.taken == [b"1"]
    assert await rows(db) == []


async def test_pauses_grow(db: Database, outbox: Outbox) -> None:
    await append(db, outbox, b"1")
    pauses = []
    for _ in range(8):
        await outbox.deliver_once({"letters": Peer(away=Unavailable())})
        pauses.append((await rows(db))[0].seconds)
        await make_due(db)
    assert pauses[0] < 0.3
    assert pauses[-1] > 2


async def test_a_message_that_is_refused_ten_times_is_a_dead_letter_and_says_why(db: Database, outbox: Outbox) -> None:
    peer = Peer(answer=lambda payload: NotFound("There is no such address.") if payload == b"bad" else None)
    await append(db, outbox, b"bad", b"good")
    for refusal in range(1, MAX_REFUSALS + 1):
        await outbox.deliver_once({"letters": peer})
        [row] = await rows(db)
        assert row.refusals == refusal
        assert (row.dead_at is not None) == (refusal == MAX_REFUSALS)
        await make_due(db)
    assert row.dead_reason == "NOT_FOUND: There is no such address."
    assert peer.taken == [b"good"]
    assert await outbox.deliver_once({"letters": peer}) == 0, "a dead letter stays where it is"


async def test_a_dead_letter_lives_again_when_it_is_redriven(
    db: Database, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 3600)
    await append(db, outbox, b"1", b"2")
    refusing = Peer(answer=lambda payload: FailedPrecondition())
    for _ in range(MAX_REFUSALS):
        await outbox.deliver_once({"letters": refusing})
        await make_due(db)
    assert all(row.dead_at for row in await rows(db))
    peer = Peer()
    async with relaying(outbox, {"letters": peer}):
        assert await outbox.redrive() == 2
        await asyncio.wait_for(peer.came.wait(), SECONDS)
    assert sorted(peer.taken) == [b"1", b"2"]
    assert await outbox.redrive() == 0


async def test_a_redriven_letter_has_all_its_lives_again(db: Database, outbox: Outbox) -> None:
    await append(db, outbox, b"1")
    peer = Peer(answer=lambda payload: NotFound())
    for _ in range(MAX_REFUSALS):
        await outbox.deliver_once({"letters": peer})
        await make_due(db)
    await outbox.redrive()
    await outbox.deliver_once({"letters": peer})
    [row] = await rows(db)
    assert (row.refusals, row.dead_at) == (1, None)


async def test_a_peer_that_comes_back_gets_everything(db: Database, outbox: Outbox) -> None:
    peer = Peer(away=Unavailable())
    async with relaying(outbox, {"letters": peer}):
        await append(db, outbox, b"1", b"2")
        await asyncio.wait_for(peer.came.wait(), SECONDS)
        await append(db, outbox, b"3")
        peer.away = None
        while len(set(peer.taken)) < 3:
            peer.came.clear()
            await asyncio.wait_for(peer.came.wait(), SECONDS)
    assert set(peer.taken) == {b"1", b"2", b"3"}
