"""The desk: what goes together, what waits, who is refused, and what happens when things go wrong."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from itertools import pairwise
from typing import Any

import pytest

from services.chassis.errors import (
    Aborted,
    Failure,
    Interrupted,
    ResourceExhausted,
    Unavailable,
)
from services.chassis.sight import logs
from services.chassis.wire import calls
from services.chassis.work.desk import (
    BESIDE_SECONDS,
    BUSY,
    COMPANY_SECONDS,
    ENOUGH,
    GATHER_SECONDS,
    GATHER_SHARE,
    PATIENCE,
    RETRIES,
    Desk,
)
from tests.chassis.instant import instantly
from tests.chassis.kitchen import Kitchen, Order, settle, submit
from tests.patience import patient


async def close(desk: Desk[Order, Any]) -> None:
    """Close a desk that has nothing to do, and see that it remembers nothing."""
    await settle()
    assert not getattr(desk._run, "faults", None)
    assert not desk._lines
    assert not desk._lines.ready
    assert not desk._lines.stuck
    assert desk._lines.waiting == 0
    await desk.close()


# --- What goes together


@instantly
async def test_a_lone_command_waits_for_nothing() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    [answer] = submit(desk, Order("a", "1"))
    batch = await kitchen.next()
    assert batch.names == ["1"]
    assert not batch.wait
    batch.answer()
    assert await answer == "1"
    assert asyncio.get_running_loop().time() == 0, "no timer was waited for"
    await close(desk)


@instantly
async def test_commands_that_arrive_while_a_batch_is_under_way_go_together_in_the_next() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1)
    submit(desk, Order("a", "1"))
    first = await kitchen.next()
    answers = submit(desk, Order("a", "2"), Order("b", "3"), Order("a", "4"))
    await settle()
    assert kitchen.idle
    first.answer()
    second = await kitchen.next()
    # Keys take turns in the order in which they became free.
    assert second.names == ["3", "2", "4"]
    second.answer()
    assert await asyncio.gather(*answers) == ["2", "3", "4"]
    await close(desk)


async def met(kitchen: Kitchen, desk: Desk[Order, Any], *, took: float) -> None:
    """Have one caller come while another is served; each of their batches takes so many seconds."""
    answers = submit(desk, Order("a", "first"))
    for others in (["second"], []):
        batch = await kitchen.next()
        answers += submit(desk, *(Order("b", name) for name in others))
        await asyncio.sleep(took)
        batch.answer()
    await asyncio.gather(*answers)


@instantly
async def test_those_who_were_in_company_wait_a_little_for_others_to_join_them() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    await met(kitchen, desk, took=0.01)
    began = asyncio.get_running_loop().time()
    answers = submit(desk, Order("a", "1"))
    await asyncio.sleep(0.009)
    answers += submit(desk, Order("b", "2"))
    batch = await kitchen.next()
    assert batch.names == ["1", "2"]
    assert asyncio.get_running_loop().time() - began == pytest.approx(GATHER_SHARE * 0.01)
    batch.answer()
    assert await asyncio.gather(*answers) == ["1", "2"]
    await close(desk)


@instantly
async def test_nobody_is_waited_for_longer_than_is_allowed() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    await met(kitchen, desk, took=0.03)
    began = asyncio.get_running_loop().time()
    [answer] = submit(desk, Order("a", "1"))
    batch = await kitchen.next()
    assert asyncio.get_running_loop().time() - began == pytest.approx(GATHER_SECONDS)
    batch.answer()
    assert await answer == "1"
    await close(desk)


@instantly
async def test_enough_commands_wait_for_no_more() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    for _ in range(2):  # what woke it once does not count for the next time
        await met(kitchen, desk, took=0.01)
        began = asyncio.get_running_loop().time()
        answers = submit(desk, Order("0", "0"))
        await asyncio.sleep(0.005)
        assert kitchen.idle
        answers += submit(desk, *(Order(str(number), str(number)) for number in range(1, ENOUGH)))
        batch = await kitchen.next()
        assert len(batch.names) == ENOUGH
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.005)
        batch.answer()
        await asyncio.gather(*answers)
    await close(desk)


@instantly
async def test_who_waited_in_vain_for_others_is_the_last_to_do_so() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    await met(kitchen, desk, took=0.01)
    for expected in (GATHER_SHARE * 0.01, 0.0):
        began = asyncio.get_running_loop().time()
        [answer] = submit(desk, Order("a", "1"))
        batch = await kitchen.next()
        assert asyncio.get_running_loop().time() - began == pytest.approx(expected)
        await asyncio.sleep(0.01)
        batch.answer()
        await answer
    await close(desk)


@instantly
async def test_no_lane_opens_beside_one_that_waits_for_others() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=2)
    answers = submit(desk, Order("a", "1"))
    first = await kitchen.next()
    answers += submit(desk, Order("b", "2"))  # has the second lane looked for in BESIDE_SECONDS
    await asyncio.sleep(BESIDE_SECONDS / 2)
    first.answer()
    second = await kitchen.next()
    answers += submit(desk, Order("c", "3"))
    await asyncio.sleep(BESIDE_SECONDS / 2 - 0.02)
    second.answer()
    third = await kitchen.next()
    await asyncio.sleep(0.01)
    third.answer()
    await settle()
    answers += submit(desk, Order("d", "4"))
    await asyncio.sleep(0.015)
    assert asyncio.get_running_loop().time() > BESIDE_SECONDS
    answers += submit(desk, Order("e", "5"))
    assert (await kitchen.next()).names == ["4", "5"]
    kitchen.history[-1].answer()
    await asyncio.gather(*answers)
    await close(desk)


@instantly
async def test_a_desk_that_closes_waits_for_nobody_else() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    await met(kitchen, desk, took=0.01)
    began = asyncio.get_running_loop().time()
    [answer] = submit(desk, Order("a", "1"))
    await settle()
    closing = asyncio.ensure_future(desk.close())
    batch = await kitchen.next()
    assert asyncio.get_running_loop().time() == began
    batch.answer()
    await closing
    assert await answer == "1"


@instantly
async def test_all_may_go_away_while_they_wait_for_others() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    await met(kitchen, desk, took=0.01)
    [answer] = submit(desk, Order("a", "1"))
    await settle()
    answer.cancel()
    await asyncio.sleep(GATHER_SECONDS)
    assert kitchen.idle
    await close(desk)


@pytest.mark.parametrize(("gathers", "rest"), [(False, 0.0), (True, COMPANY_SECONDS)])
@instantly
async def test_nobody_waits_where_that_is_not_wished_or_where_company_is_long_ago(gathers: bool, rest: float) -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, gathers=gathers)
    await met(kitchen, desk, took=0.01)
    await asyncio.sleep(rest)
    began = asyncio.get_running_loop().time()
    [answer] = submit(desk, Order("a", "1"))
    batch = await kitchen.next()
    assert asyncio.get_running_loop().time() == began
    batch.answer()
    assert await answer == "1"
    await close(desk)


@instantly
async def test_commands_of_one_call_are_no_company_to_each_other() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    for _ in range(2):
        began = asyncio.get_running_loop().time()
        answers = asyncio.ensure_future(desk.submit_all([Order("a", "1"), Order("b", "2")]))
        batch = await kitchen.next()
        assert asyncio.get_running_loop().time() == began
        await asyncio.sleep(0.01)
        batch.answer()
        assert await answers == ["1", "2"]
    await close(desk)


@instantly
async def test_commands_of_one_key_are_never_in_two_batches_and_keep_their_order() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=2, max_batch=2)
    submit(desk, *(Order("a", str(n)) for n in range(5)))
    names = []
    for _ in range(3):
        batch = await kitchen.next()
        await settle()
        assert kitchen.idle, "the other lane left the key alone"
        names += batch.names
        batch.answer()
    assert names == ["0", "1", "2", "3", "4"]
    await close(desk)


@instantly
async def test_another_key_goes_ahead_in_the_other_lane() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=2)
    submit(desk, Order("a", "1"))
    first = await kitchen.next()
    [answer] = submit(desk, Order("b", "2"))
    (await kitchen.next()).answer()
    assert await answer == "2"
    first.answer()
    await close(desk)


@instantly
async def test_urgent_commands_of_a_key_go_first() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1, max_batch=3)
    submit(desk, Order("a", "first"))
    first = await kitchen.next()
    submit(desk, Order("a", "1"), Order("a", "2"), Order("a", "u1", urgent=True), Order("a", "u2", urgent=True))
    await settle()
    first.answer()
    second = await kitchen.next()
    assert second.names == ["u1", "u2", "1"]
    second.answer()
    third = await kitchen.next()
    assert third.names == ["2"]
    third.answer()
    await close(desk)


@instantly
async def test_a_batch_is_bounded_in_commands_and_in_keys() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1, max_batch=4, max_keys=2)
    submit(desk, *(Order(key, key + str(n)) for key in "abc" for n in range(3)))
    sizes = []
    while True:
        await settle()
        if kitchen.idle:
            break
        batch = await kitchen.next()
        sizes.append((len(batch.orders), len(batch.keys)))
        batch.answer()
    assert sum(orders for orders, _ in sizes) == 9
    assert max(orders for orders, _ in sizes) == 4
    assert max(keys for _, keys in sizes) == 2
    await close(desk)


@instantly
async def test_submit_all_answers_each_with_its_answer_or_its_failure() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    refusal = Aborted()
    answers = asyncio.ensure_future(desk.submit_all([Order("a", "1"), Order("b", "no"), Order("a", "3")]))
    batch = await kitchen.next()
    batch.answer_with(lambda order: refusal if order.name == "no" else order.name)
    assert await answers == ["1", refusal, "3"]
    await close(desk)


@instantly
async def test_submit_all_counts_every_command_against_the_bound() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, max_queue=2)
    answers = asyncio.ensure_future(desk.submit_all([Order("a", str(n)) for n in range(3)]))
    (await kitchen.next()).answer()
    assert [type(answer) for answer in await answers] == [str, str, ResourceExhausted]
    await close(desk)


# --- Who is refused


@instantly
async def test_a_full_queue_refuses_its_kind_and_not_the_other() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1, max_queue=2)
    submit(desk, Order("a", "under way"))
    first = await kitchen.next()
    ordinary = submit(desk, *(Order("b", str(n)) for n in range(3)))
    urgent = submit(desk, *(Order("b", f"u{n}", urgent=True) for n in range(3)))
    await settle()
    for refused in (ordinary[2], urgent[2]):
        with pytest.raises(ResourceExhausted) as caught:
            await refused
        assert caught.value.retry_after_seconds
    first.answer()
    (await kitchen.next()).answer()
    assert await asyncio.gather(*ordinary[:2], *urgent[:2]) == ["0", "1", "u0", "u1"]
    await close(desk)


@instantly
async def test_a_queue_that_was_full_takes_commands_again_once_some_are_taken() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1, max_queue=1)
    submit(desk, Order("a", "1"))
    first = await kitchen.next()
    submit(desk, Order("a", "2"))
    await settle()
    first.answer()
    second = await kitchen.next()
    [answer] = submit(desk, Order("a", "3"))
    await settle()
    second.answer()
    (await kitchen.next()).answer()
    assert await answer == "3"
    await close(desk)


# --- Callers that go away


@instantly
async def test_a_command_whose_caller_went_away_before_it_was_taken_is_never_carried_out() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1)
    submit(desk, Order("a", "1"))
    first = await kitchen.next()
    gone, stays = submit(desk, Order("a", "gone"), Order("a", "stays"))
    await settle()
    gone.cancel()
    await settle()
    first.answer()
    second = await kitchen.next()
    assert second.names == ["stays"]
    second.answer()
    assert await stays == "stays"
    assert gone.cancelled()
    await close(desk)


@pytest.mark.parametrize("steps", range(8))
@instantly
async def test_a_caller_may_go_away_at_the_very_moment_when_its_command_is_taken(steps: int) -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1)
    submit(desk, Order("a", "1"))
    first = await kitchen.next()
    answer = desk.enqueue(Order("a", "gone"))
    first.answer()
    for _ in range(steps):
        await asyncio.sleep(0)
    taken = len(kitchen.history) == 2
    answer.cancel()
    await settle()
    assert (len(kitchen.history) == 2) == taken
    if taken:
        (await kitchen.next()).answer()
    await close(desk)


@instantly
async def test_a_key_all_of_whose_callers_went_away_is_forgotten() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1)
    submit(desk, Order("a", "1"))
    first = await kitchen.next()
    for gone in submit(desk, Order("b", "2"), Order("a", "3")):
        await settle()
        gone.cancel()
    await settle()
    first.answer()
    await settle()
    assert kitchen.idle
    await close(desk)


@instantly
async def test_a_command_whose_caller_goes_away_after_it_was_taken_is_carried_out() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    gone, stays = submit(desk, Order("a", "gone"), Order("a", "stays"))
    batch = await kitchen.next()
    gone.cancel()
    await settle()
    assert not batch.done.cancelled(), "what is under way is not stopped"
    assert batch.names == ["gone", "stays"]
    batch.answer()
    assert await stays == "stays"
    assert len(kitchen.history) == 1
    await close(desk)


@instantly
async def test_a_deadline_drops_a_command_that_waits() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1)
    submit(desk, Order("a", "1"))
    first = await kitchen.next()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(patient(5)):
            await desk.submit(Order("a", "late"))
    first.answer()
    await settle()
    assert [batch.names for batch in kitchen.history] == [["1"]]
    await close(desk)


@instantly
async def test_callers_that_go_away_make_room_in_a_queue_that_does_not_move() -> None:
    """A show that is stuck must not lock out the others with the commands of callers who have long gone."""
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=2, max_queue=3)
    submit(desk, Order("stuck", "under way"))
    stuck = await kitchen.next()
    for gone in submit(desk, *(Order("stuck", str(n)) for n in range(3))):
        await settle()
        gone.cancel()
    await settle()
    [answer] = submit(desk, Order("other", "fine"))
    (await kitchen.next()).answer()
    assert await answer == "fine"
    stuck.answer()
    await close(desk)


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
    for _ in range(PATIENCE + 1):
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
    for _ in range(PATIENCE):
        (await kitchen.next()).busy()
    batch = await kitchen.next()
    submit(desk, Order("a", "2"))
    await settle()
    batch.answer()
    for _ in range(PATIENCE + 1):
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
    for _ in range(PATIENCE + 1):
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
    for _ in range(PATIENCE + 1):
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


# --- The end


@instantly
async def test_close_finishes_what_waits_and_takes_no_more() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, lanes=1, max_batch=1)
    answers = submit(desk, Order("a", "1"), Order("a", "2"), Order("b", "3"))
    first = await kitchen.next()
    closing = asyncio.ensure_future(desk.close())
    await settle()
    assert not closing.done()
    with pytest.raises(Unavailable):
        await desk.submit(Order("c", "too late"))
    assert [type(refused) for refused in await desk.submit_all([Order("c", "too late")])] == [Unavailable]
    first.busy()
    for _ in range(3):
        (await kitchen.next()).answer()
    assert await asyncio.gather(*answers) == ["1", "2", "3"]
    await closing
    assert not desk._lines
    assert not desk._tasks


@instantly
async def test_an_idle_desk_closes_at_once() -> None:
    desk: Desk[Order, Any] = Desk(Kitchen())
    await desk.close()
    assert asyncio.get_running_loop().time() == 0


@instantly
async def test_a_desk_remembers_no_key_that_it_has_served() -> None:
    async def cook(batch: Sequence[Order], *, wait: bool) -> list[str]:
        return [order.name for order in batch]

    desk: Desk[Order, Any] = Desk(cook, max_batch=7, max_keys=3)
    answers = submit(desk, *(Order(f"key{n % 97}", str(n)) for n in range(1000)))
    assert await asyncio.gather(*answers) == [str(n) for n in range(1000)]
    await close(desk)


# --- Whose call it is

caller: ContextVar[str] = ContextVar("caller", default="nobody")


@instantly
async def test_a_batch_belongs_to_no_callers_request() -> None:
    """Else the deadline and the id of whoever came first would hold for everybody after."""
    seen: list[tuple[str, float, str]] = []

    async def cook(batch: Sequence[Order], *, wait: bool) -> list[str]:
        seen.append((caller.get(), calls.deadline.get(), logs.request_id.get()))
        return [order.name for order in batch]

    desk: Desk[Order, Any] = Desk(cook)
    caller.set("ann")
    logs.request_id.set("ann's")
    calls.deadline.set(5.0)
    await asyncio.gather(*submit(desk, Order("a", "1"), Order("b", "2")))
    assert seen == [("nobody", 0.0, "")]
    await close(desk)
