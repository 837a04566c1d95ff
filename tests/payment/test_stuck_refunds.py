"""Refunds that are stuck, as admins see them: listed by pages, and tried again by name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from boxoffice.payment.v1 import payment_pb2 as pb

from services.chassis.errors import InvalidField
from services.chassis.store.database import Database
from services.payment.refunds.stuck import StuckRefundMethods
from tests.payment.razorpay_world import RazorpayWorld, opened_razorpay
from tests.payment.test_razorpay_refunds import refund


@pytest.fixture
async def world(payment_db: Database, bank_db: Database) -> AsyncIterator[RazorpayWorld]:
    async with opened_razorpay(payment_db, bank_db) as world:
        yield world


def methods(world: RazorpayWorld) -> StuckRefundMethods:
    made = StuckRefundMethods()
    made._db = world.payment.db
    return made


async def test_a_stuck_refund_is_listed_and_tried_again_once_by_its_name(world: RazorpayWorld) -> None:
    calls, context = methods(world), None
    listed = await calls.ListStuckRefunds(pb.ListStuckRefundsRequest(), context)  # type: ignore[arg-type]
    assert not listed.refunds
    begun = [await world.paid() for _ in range(2)]
    world.razorpay.moods.refunds = "failed"
    for each in begun:
        assert await refund(world, each.payment_id) == "STUCK"

    page = pb.ListStuckRefundsRequest(page_size=1)
    first = await calls.ListStuckRefunds(page, context)  # type: ignore[arg-type]
    page.page_token = first.next_page_token
    second = await calls.ListStuckRefunds(page, context)  # type: ignore[arg-type]
    found = [*first.refunds, *second.refunds]
    assert {one.payment_id for one in found} == {each.payment_id for each in begun} and not second.next_page_token
    assert all(one.reason and one.currency == "INR" and one.amount and not one.redriven for one in found)

    asked = pb.RedriveRefundsRequest(refund_ids=[found[0].id, str(uuid4())])
    answers = [await calls.RedriveRefunds(asked, context) for _ in range(2)]  # type: ignore[arg-type]
    assert [answer.redriven for answer in answers] == [1, 0]
    [left] = (await calls.ListStuckRefunds(pb.ListStuckRefundsRequest(), context)).refunds  # type: ignore[arg-type]
    assert left.id == found[1].id
    world.razorpay.moods.refunds = "processed"
    await world.payment.recover_refunds()
    [row] = await world.payment.db.fetch(
        "SELECT state, redriven FROM refunds WHERE id = %(id)s", {"id": UUID(found[0].id)}
    )
    assert (row.state, row.redriven) == ("SUCCEEDED", 1)

    page.page_token = "bm9uZQ=="
    with pytest.raises(InvalidField):
        await calls.ListStuckRefunds(page, context)  # type: ignore[arg-type]
