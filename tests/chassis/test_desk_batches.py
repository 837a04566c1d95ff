"""The desk: which commands go together in a batch, and who waits for others to join."""

import asyncio
from typing import Any

import pytest

from services.chassis.errors import (
    Aborted,
    ResourceExhausted,
)
from services.chassis.writes.desk import (
    BESIDE_SECONDS,
    COMPANY_SECONDS,
    ENOUGH,
    GATHER_SECONDS,
    GATHER_SHARE,
    Desk,
)
from tests.chassis.instant import instantly
from tests.chassis.kitchen import Kitchen, Order, close, settle, submit


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
    assert asyncio.get_running_loop().time() - began == pytest.approx(0.009 + GATHER_SHARE * 0.01)
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
async def test_those_who_come_one_soon_after_the_other_share_a_batch_but_nobody_waits_for_long() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    await met(kitchen, desk, took=0.005)
    began = asyncio.get_running_loop().time()
    answers = []
    for number in range(6):
        answers += submit(desk, Order(str(number), str(number)))
        await asyncio.sleep(0.008)
    batch = await kitchen.next()
    assert asyncio.get_running_loop().time() - began == pytest.approx(0.048)
    assert batch.names == ["0", "1", "2", "3", "4"]  # who comes after GATHER_SECONDS is not waited for
    batch.answer()
    last = await kitchen.next()
    last.answer()
    await asyncio.gather(*answers)
    await close(desk)


@instantly
async def test_who_comes_later_than_that_is_not_waited_for() -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen)
    await met(kitchen, desk, took=0.005)
    answers = submit(desk, Order("a", "1"))
    await asyncio.sleep(0.009)
    answers += submit(desk, Order("b", "2"))
    await asyncio.sleep(0.011)
    answers += submit(desk, Order("c", "3"))
    batch = await kitchen.next()
    assert batch.names == ["1", "2"]
    batch.answer()
    last = await kitchen.next()
    last.answer()
    assert await asyncio.gather(*answers) == ["1", "2", "3"]
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


@pytest.mark.parametrize("each", [False, True])
@instantly
async def test_where_each_batch_is_put_off_the_next_one_waits_as_the_first_does(each: bool) -> None:
    kitchen = Kitchen()
    desk = Desk(kitchen, gathers_each=each)
    answers = submit(desk, Order("a", "1"))
    first = await kitchen.next()
    answers += submit(desk, Order("b", "2"))
    await asyncio.sleep(0.01)
    first.answer()
    await asyncio.sleep(0.005)
    answers += submit(desk, Order("c", "3"))
    second = await kitchen.next()
    assert second.names == (["2", "3"] if each else ["2"])
    second.answer()
    if not each:
        (await kitchen.next()).answer()
    await asyncio.gather(*answers)
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
