"""The outbox where something is broken, and with several relays at once."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest

from services.chassis.errors import Failure, NotFound, Unavailable
from services.chassis.store.database import Database
from services.chassis.writes import outbox as module
from services.chassis.writes.outbox import MAX_DELAY_SECONDS, Outbox
from tests.chassis.letters import SECONDS, Peer, append, is_asleep, make_due, relaying, rows
from tests.databases import opened
from tests.patience import eventually

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
    # Each passes over what the other has locked so far, so how many are whose is a matter of their pace.
    assert sum(counts) == len(many) and max(counts) <= module.BATCH
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
