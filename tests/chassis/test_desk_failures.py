"""The desk when things go wrong: batches that fail, and keys that another process has."""

import asyncio
from itertools import pairwise

import pytest

from services.chassis.errors import (
    Failure,
    Interrupted,
    Unavailable,
)
from services.chassis.writes.desk import (
    BUSY,
    MAX_SKIPS,
    RETRIES,
    Desk,
)
from tests.chassis.instant import instantly
from tests.chassis.kitchen import Kitchen, Order, close, settle, submit

# --- What goes wrong


@instantly
async def test_a_poisonous_command_fails_alone_and_its_neighbours_succeed() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, max_batch=16)
    poison = ValueError("poison")
    answers = submit(desk, *(Order("ab"[n % 2], str(n)) for n in range(16)))

    async def cook() -> None:
        while True:
            batch = await kitchen.next()
            if "11" in batch.names:
                batch.fail(poison)
            else:
                batch.answer()

    cooking = asyncio.ensure_future(cook())
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert outcomes == [poison if n == 11 else str(n) for n in range(16)]
    assert len(kitchen.history) == 1 + 2 * 4, "halved four times"
    cooking.cancel()
    await close(desk)


@instantly
async def test_a_batch_in_which_everything_is_poisonous_ends() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    answers = submit(desk, *(Order("a", str(n)) for n in range(7)))
    while not all(answer.done() for answer in answers):
        batch = await kitchen.next()
        batch.fail(ValueError(str(batch.names)))
        await settle()
    assert [str(answer.exception()) for answer in answers] == [str([str(n)]) for n in range(7)]
    assert len(kitchen.history) == 13
    await close(desk)


@instantly
async def test_too_few_answers_spoil_nobody_else() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    answers = submit(desk, Order("a", "1"), Order("a", "2"))
    (await kitchen.next()).done.set_result(["1"])
    for _ in range(2):
        (await kitchen.next()).answer()
    assert await asyncio.gather(*answers) == ["1", "2"]
    await close(desk)


@instantly
async def test_an_interrupted_batch_is_run_again() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    answers = submit(desk, Order("a", "1"), Order("b", "2"))
    for _ in range(RETRIES):
        (await kitchen.next()).fail(Interrupted())
    (await kitchen.next()).answer()
    assert await asyncio.gather(*answers) == ["1", "2"]
    assert asyncio.get_running_loop().time() > 0, "after a pause"
    await close(desk)


@instantly
async def test_a_batch_that_is_always_interrupted_is_given_up_in_the_end() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    answers = submit(desk, Order("a", "1"), Order("b", "2"))
    for _ in range(RETRIES + 1):
        (await kitchen.next()).fail(Interrupted())
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Interrupted, Interrupted]
    assert len(kitchen.history) == RETRIES + 1
    await close(desk)


@instantly
async def test_a_batch_whose_outcome_is_unknown_is_not_run_again() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    answers = submit(desk, Order("a", "1"), Order("b", "2"))
    (await kitchen.next()).fail(Unavailable())
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
    assert len(kitchen.history) == 1
    await close(desk)


@instantly
async def test_a_batch_that_is_cancelled_from_within_leaves_nobody_waiting() -> None:
    """A gRPC call raises CancelledError when its channel is closed."""
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1)
    answers = submit(desk, Order("a", "1"), Order("b", "2"))
    (await kitchen.next()).done.cancel()
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert all(isinstance(outcome, Failure) for outcome in outcomes)
    [later] = submit(desk, Order("a", "3"))
    (await kitchen.next()).answer()
    assert await later == "3"
    await close(desk)


# --- Keys that another process has


@instantly
async def test_a_busy_key_is_tried_a_few_times_with_growing_pauses_and_then_waited_for() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    [answer] = submit(desk, Order("a", "1"))
    times = []
    for _ in range(MAX_SKIPS + 1):
        batch = await kitchen.next()
        assert not batch.wait
        times.append(asyncio.get_running_loop().time())
        batch.busy()
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses == sorted(pauses)
    assert pauses[0] > 0.001
    last = await kitchen.next()
    assert last.wait
    last.answer()
    assert await answer == "1"
    await close(desk)


@instantly
async def test_a_key_that_was_had_in_between_is_tried_as_often_again() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    submit(desk, Order("a", "1"))
    for _ in range(MAX_SKIPS):
        (await kitchen.next()).busy()
    batch = await kitchen.next()
    submit(desk, Order("a", "2"))
    await settle()
    batch.answer()
    for _ in range(MAX_SKIPS + 1):
        batch = await kitchen.next()
        assert not batch.wait
        batch.busy()
    last = await kitchen.next()
    assert last.wait
    last.answer()
    await close(desk)


@instantly
async def test_busy_keys_hold_up_nobody_else() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1)
    stuck = [f"stuck{n}" for n in range(10)]
    answers = submit(desk, *(Order(key, key) for key in stuck))
    waiting = []
    served = []

    async def cook() -> None:
        while True:
            batch = await kitchen.next()
            if batch.wait:
                waiting.append(batch)
            else:
                batch.answer_with(lambda order: BUSY if order.key in stuck else order.name)

    cooking = asyncio.ensure_future(cook())
    for n in range(30):
        served.append(await desk.submit(Order("other", str(n))))
        await asyncio.sleep(0.01)
    assert served == [str(n) for n in range(30)]
    assert 0 < len(waiting) < 10, "some are waited for; the others have their turn later"
    assert not any(answer.done() for answer in answers)
    while not all(answer.done() for answer in answers):
        waiting.pop(0).answer()
        await settle()
    assert await asyncio.gather(*answers) == stuck
    cooking.cancel()
    await close(desk)


@instantly
async def test_commands_that_were_put_back_keep_their_order_and_their_urgency() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1)
    submit(desk, Order("a", "1"), Order("a", "u1", urgent=True), Order("a", "2"))
    first = await kitchen.next()
    submit(desk, Order("a", "3"), Order("a", "u2", urgent=True))
    await settle()
    first.busy()
    second = await kitchen.next()
    assert second.names == ["u1", "u2", "1", "2", "3"]
    second.answer()
    await close(desk)


@instantly
async def test_a_caller_may_go_away_while_its_key_is_busy() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    [gone] = submit(desk, Order("a", "1"))
    first = await kitchen.next()
    first.busy()
    await settle()
    gone.cancel()
    await asyncio.sleep(1)
    assert len(kitchen.history) == 1
    await close(desk)


@instantly
async def test_commands_that_come_while_a_key_is_waited_for_go_in_the_next_batch() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    [first] = submit(desk, Order("a", "1"))
    for _ in range(MAX_SKIPS + 1):
        (await kitchen.next()).busy()
    waiting = await kitchen.next()
    [second] = submit(desk, Order("a", "2"))
    await settle()
    assert kitchen.idle
    waiting.answer()
    after = await kitchen.next()
    assert (after.names, after.wait) == (["2"], False)
    after.answer()
    assert await asyncio.gather(first, second) == ["1", "2"]
    await close(desk)


@instantly
async def test_a_key_that_cannot_be_had_by_waiting_fails_and_the_next_command_tries_anew() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    [first] = submit(desk, Order("a", "1"))
    for _ in range(MAX_SKIPS + 1):
        (await kitchen.next()).busy()
    (await kitchen.next()).fail(Interrupted())
    with pytest.raises(Interrupted):
        await first
    [second] = submit(desk, Order("a", "2"))
    batch = await kitchen.next()
    assert not batch.wait
    batch.answer()
    assert await second == "2"
    await close(desk)


@instantly
async def test_a_key_that_is_busy_even_for_who_waits_is_not_tried_in_a_hot_spin() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    [answer] = submit(desk, Order("a", "1"))
    tries = 0
    while asyncio.get_running_loop().time() < 1 and tries < 1000:
        (await kitchen.next()).busy()
        tries += 1
    assert tries < 100
    (await kitchen.next()).answer()
    assert await answer == "1"
    await close(desk)
