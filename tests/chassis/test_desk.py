"""The desk: who is refused, whose caller goes away, whose call a batch is, and the end."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import pytest

from services.chassis.errors import (
    ResourceExhausted,
    Unavailable,
)
from services.chassis.sight import logs
from services.chassis.wire import calls
from services.chassis.writes.desk import (
    Desk,
)
from tests.chassis.instant import instantly
from tests.chassis.kitchen import Kitchen, Order, close, settle, submit
from tests.patience import patient

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
