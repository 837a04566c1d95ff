"""The outbox and its relay: nothing lost, nothing made up, nobody held up by somebody else's trouble."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

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
from services.chassis.work import outbox as module
from services.chassis.work.outbox import MAX_DELAY_SECONDS, MAX_REFUSALS, Deliver, Message, Outbox
from tests.databases import opened
from tests.patience import eventually, patient

SECONDS = patient(10)


@dataclass
class Peer:
    """Takes messages; `answer` says what becomes of each."""

    answer: Callable[[bytes], Failure | None] = lambda payload: None
    taken: list[bytes] = field(default_factory=list)
    batches: list[list[bytes]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    away: Failure | None = None

    async def __call__(self, payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        self.batches.append(list(payloads))
        self.came.set()
        if self.away is not None:
            raise self.away
        outcomes = [self.answer(payload) for payload in payloads]
        self.taken += [payload for payload, outcome in zip(payloads, outcomes, strict=True) if outcome is None]
        return outcomes


async def append(db: Database, outbox: Outbox, *payloads: bytes, topic: str = "letters") -> None:
    async with db.transaction() as tx:
        await outbox.append(tx, [Message(topic, payload) for payload in payloads])


async def rows(db: Database) -> list[Any]:
    return await db.fetch(
        "SELECT payload, attempts, refusals, dead_at, dead_reason,"
        " extract(epoch FROM next_attempt_at - clock_timestamp())::float AS seconds FROM outbox ORDER BY id"
    )


async def make_due(db: Database) -> None:
    """Let the time until the next attempts pass."""
    await db.execute("UPDATE outbox SET next_attempt_at = clock_timestamp()")


async def is_asleep(outbox: Outbox) -> bool:
    """Tell whether a relay waits to be woken."""
    return bool(outbox._wakes["letters"]._waiters)  # type: ignore[attr-defined]


@asynccontextmanager
async def relaying(outbox: Outbox, peers: dict[str, Deliver]) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.relay(peers))
    try:
        yield
    finally:
        assert not task.done(), "a relay never ends by itself"
        task.cancel()
        await asyncio.wait([task], timeout=SECONDS)
        assert task.cancelled(), "and always when it is cancelled"


@pytest.fixture
def outbox(db: Database) -> Outbox:
    return Outbox(db)


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


# --- Defects


async def test_an_exception_in_a_delivery_holds_up_no_other_topic(
    db: Database, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        raise KeyError("a defect")

    peer = Peer()
    await append(db, outbox, b"1", topic="broken")
    await append(db, outbox, b"2")
    await outbox.deliver_once({"letters": peer, "broken": broken})
    assert peer.taken == [b"2"]
    [row] = await rows(db)
    assert (bytes(row.payload), row.refusals, row.dead_at) == (b"1", 0, None)
    assert row.seconds <= MAX_DELAY_SECONDS, "it does not wait for its lease to run out"
    assert "a defect" in caplog.text, "with its traceback in the log"


async def test_a_poisonous_message_holds_up_no_other_of_its_topic(db: Database, outbox: Outbox) -> None:
    """A payload that cannot be read, say: the messages that are always claimed with it must not suffer for ever."""
    taken: list[bytes] = []

    async def picky(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        if b"poison" in payloads:
            raise ValueError("cannot be read")
        taken.extend(payloads)
        return [None] * len(payloads)

    good = [str(n).encode() for n in range(40)]
    await append(db, outbox, *good[:20], b"poison", *good[20:])
    await outbox.deliver_once({"letters": picky})
    assert sorted(taken, key=int) == good
    [row] = await rows(db)
    assert bytes(row.payload) == b"poison"


async def test_too_few_answers_lose_nothing(db: Database, outbox: Outbox) -> None:
    async def short(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        return [None]

    await append(db, outbox, b"1", b"2")
    await outbox.deliver_once({"letters": short})
    # Each is offered alone, where one answer is the right number.
    assert await rows(db) == []


async def test_a_message_of_an_unknown_topic_stays_and_holds_up_nobody(db: Database, outbox: Outbox) -> None:
    """A newer version of the service may have appended it; a replica of that version will deliver it."""
    peer = Peer()
    await append(db, outbox, b"1", topic="telegrams")
    await append(db, outbox, b"2")
    assert await outbox.deliver_once({"letters": peer}) == 1
    assert peer.taken == [b"2"]
    [row] = await rows(db)
    assert (bytes(row.payload), row.attempts, row.dead_at) == (b"1", 0, None)
    newer = Peer()
    await outbox.deliver_once({"letters": peer, "telegrams": newer})
    assert newer.taken == [b"1"]


async def test_a_peer_that_hangs_holds_up_no_other(
    db: Database, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many messages wait for it."""
    monkeypatch.setattr(module, "POLL_SECONDS", 3600)
    entered = asyncio.Event()

    async def hangs(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        entered.set()
        await asyncio.Event().wait()
        raise AssertionError

    await append(db, outbox, *[b"waits"] * module.BATCH * 2, topic="frozen")
    peer = Peer()
    async with relaying(outbox, {"frozen": hangs, "letters": peer}):
        await asyncio.wait_for(entered.wait(), SECONDS)
        for number in range(3):
            peer.came.clear()
            await append(db, outbox, str(number).encode())
            await asyncio.wait_for(peer.came.wait(), SECONDS)
    assert peer.taken == [b"0", b"1", b"2"]


async def test_the_relay_goes_on_whatever_happens(db: Database, outbox: Outbox) -> None:
    moods: list[BaseException] = [KeyError("a defect"), Unavailable(), RuntimeError("another")]
    came = asyncio.Event()

    async def moody(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        if moods:
            raise moods.pop(0)
        came.set()
        return [None] * len(payloads)

    async with relaying(outbox, {"letters": moody}):
        await append(db, outbox, b"1", topic="unknown")
        await append(db, outbox, b"2")
        await asyncio.wait_for(came.wait(), SECONDS)


async def test_the_relay_survives_its_database(chassis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    peer = Peer()
    async with opened(chassis_url) as db, opened(chassis_url, pool_size=1) as other:
        outbox = Outbox(db)
        async with relaying(outbox, {"letters": peer}):
            await append(db, outbox, b"1")
            await asyncio.wait_for(peer.came.wait(), SECONDS)
            for number in range(3):
                peer.came.clear()
                await append(db, outbox, str(number).encode())
                await other.fetch(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    " AND backend_type = 'client backend'"
                )
                await asyncio.wait_for(peer.came.wait(), SECONDS)
    assert "stumbled" not in caplog.text


@pytest.mark.parametrize("steps", range(5))
async def test_a_relay_that_is_cancelled_as_it_is_woken_ends(db: Database, outbox: Outbox, steps: int) -> None:
    task = asyncio.create_task(outbox.relay({"letters": Peer()}))
    await eventually(partial(is_asleep, outbox))
    outbox._wake(["letters"])
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=SECONDS)
    assert task.cancelled()


# --- Several relays


async def test_two_relays_do_not_deliver_one_message_at_the_same_time(db: Database) -> None:
    under_way: Counter[bytes] = Counter()
    delivered: Counter[bytes] = Counter()
    both = asyncio.Barrier(2)

    async def peer(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        under_way.update(payloads)
        assert max(under_way.values()) == 1
        await both.wait()
        under_way.subtract(payloads)
        delivered.update(payloads)
        return [None] * len(payloads)

    many = [str(number).encode() for number in range(module.BATCH + 5)]
    await append(db, Outbox(db), *many)
    counts = await asyncio.gather(*(Outbox(db).deliver_once({"letters": peer}) for _ in range(2)))
    assert sorted(counts) == [5, module.BATCH]
    assert delivered == Counter(many)
    assert await rows(db) == []


async def test_many_relays_deliver_everything_once_while_nothing_fails(db: Database) -> None:
    delivered: Counter[bytes] = Counter()

    async def peer(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        await asyncio.sleep(0)
        delivered.update(payloads)
        return [None] * len(payloads)

    many = [str(number).encode() for number in range(300)]
    await append(db, Outbox(db), *many)

    async def drain() -> None:
        mine = Outbox(db)
        while await mine.deliver_once({"letters": peer}):
            pass

    await asyncio.gather(*(drain() for _ in range(4)))
    assert delivered == Counter(many)


async def test_a_lease_that_ran_out_means_a_second_delivery_and_no_loss(db: Database, outbox: Outbox) -> None:
    """The process that had claimed it was killed."""
    await append(db, outbox, b"1")
    entered = asyncio.Event()

    async def hangs(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        entered.set()
        await asyncio.Event().wait()
        raise AssertionError

    first = asyncio.create_task(outbox.deliver_once({"letters": hangs}))
    await entered.wait()
    peer = Peer()
    assert await Outbox(db).deliver_once({"letters": peer}) == 0, "leased"
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await make_due(db)
    assert await Outbox(db).deliver_once({"letters": peer}) == 1
    assert peer.taken == [b"1"]
    assert await rows(db) == []


async def test_a_message_for_which_a_whole_batch_is_refused_spoils_it_for_no_other(
    db: Database, outbox: Outbox
) -> None:
    async def picky(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        if b"bad" in payloads:
            raise NotFound("The request is refused whole.")
        return [None] * len(payloads)

    await append(db, outbox, b"1", b"2", b"bad", b"3", b"4")
    await outbox.deliver_once({"letters": picky})
    [row] = await rows(db)
    assert (bytes(row.payload), row.refusals) == (b"bad", 1)
