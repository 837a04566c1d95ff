"""Workers that wake up late: somebody else has taken their step over, and what they know is old."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import grpc
import pytest

from services.booking.clients import InventoryClient
from tests.booking.house import House
from tests.databases import move_clock

ANN, BOB = uuid4(), uuid4()


class Held:
    """A call of inventory that is carried out, and whose answer comes when a test lets it."""

    def __init__(self, call: Callable[..., Awaitable[Any]]) -> None:
        self._call = call
        self.calls: list[tuple[asyncio.Event, asyncio.Event]] = []
        """Of each call: that it has been carried out, and that its answer may come."""

    def patch(self, monkeypatch: pytest.MonkeyPatch, held: int) -> None:
        """Hold the first `held` calls from now on."""
        self.calls = [(asyncio.Event(), asyncio.Event()) for _ in range(held)]
        waiting = iter(self.calls)

        async def call(*args: Any) -> Any:
            answer = await self._call(*args)
            if mine := next(waiting, None):
                done, may_come = mine
                done.set()
                await may_come.wait()
            return answer

        monkeypatch.setattr(InventoryClient, self._call.__name__, call)


async def test_a_create_that_wakes_up_while_recovery_undoes_it_makes_no_booking(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve, release = Held(InventoryClient.reserve), Held(InventoryClient.release)
    reserve.patch(monkeypatch, 1)
    release.patch(monkeypatch, 1)
    [(reserved, wake)], [(released, go_on)] = reserve.calls, release.calls
    creating = asyncio.ensure_future(house.book(ANN, 0))
    await reserved.wait()
    await move_clock(house.db, "9 seconds")
    recovering = asyncio.ensure_future(house.saga.recover_once())
    await released.wait()
    wake.set()
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await creating
    assert refusal.value.code() == grpc.StatusCode.UNAVAILABLE
    go_on.set()
    assert await recovering == 1
    assert await house.db.fetch("SELECT FROM bookings") == []
    await house.book(BOB, 0)


async def test_a_refused_confirmation_that_wakes_up_late_leaves_the_next_one_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await house.book(ANN, 0)
    for db in (house.db, house.inventory_db):
        await move_clock(db, "20 minutes")
    await house.book(BOB, 0)
    confirm = Held(InventoryClient.confirm)
    confirm.patch(monkeypatch, 1)
    [(refused, wake)] = confirm.calls
    first = asyncio.ensure_future(house.capture(booking, payment=uuid4()))
    await refused.wait()
    await move_clock(house.db, "20 minutes 9 seconds")
    assert await house.saga.recover_once() == 1
    assert await house.status(booking.id) == "EXPIRED"

    confirm.patch(monkeypatch, 1)
    [(refused_again, go_on)] = confirm.calls
    second = asyncio.ensure_future(house.capture(booking, payment=uuid4()))
    await refused_again.wait()
    wake.set()
    await first
    go_on.set()
    await second
    rows = await house.db.fetch("SELECT settlement FROM captures WHERE booking_id = %s", (booking.id,))
    assert [row.settlement for row in rows] == ["NO_TICKET", "NO_TICKET"]
    await house.relay()
    assert len({refund.payment_id for refund in house.payment.refunds}) == 2


async def test_a_create_whose_reserve_comes_after_recovery_gave_it_up_may_be_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    reserve = InventoryClient.reserve

    async def late(*args: Any) -> Any:
        asked.set()
        await go_on.wait()
        return await reserve(*args)

    with monkeypatch.context() as slow:
        slow.setattr(InventoryClient, "reserve", late)
        creating = asyncio.ensure_future(house.book(ANN, 0, key="k"))
        await asked.wait()
        await move_clock(house.db, "9 seconds")
        assert await house.saga.recover_once() == 1
        go_on.set()
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await creating
    assert refusal.value.code() == grpc.StatusCode.UNAVAILABLE
    assert (await house.book(ANN, 0, key="k")).seats[0].id == house.seat_ids[0]
