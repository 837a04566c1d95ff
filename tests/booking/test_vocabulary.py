"""Peers of a newer version: what they say in words that booking does not know is never taken for something else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import inventory_pb2, inventory_pb2_grpc
from boxoffice.payment.v1 import payment_pb2, payment_pb2_grpc
from google.protobuf.message import Message

from services.booking.bookings.domain import BookedSeat, ReservedSeats
from services.booking.bookings.messages import _tier
from services.booking.clients import InventoryClient, PaymentClient, RefundState
from services.booking.messages import Claim
from services.chassis.errors import Code, Failure, Unavailable
from services.chassis.wire.calls import channel
from tests.patience import eventually

NEW_OUTCOME = b"\x7a\x02\x08\x01"
"""Field 15, a message, of which nobody knows here."""


class NewerInventory(inventory_pb2_grpc.InventoryServiceServicer):
    answer: Message

    async def BatchReserveSeats(self, request: Any, context: Any) -> Any:
        return self.answer

    async def BatchExtendReservations(self, request: Any, context: Any) -> Any:
        return self.answer


class NewerPayment(payment_pb2_grpc.PaymentServiceServicer):
    answer: Message

    async def BatchRefundPayments(self, request: Any, context: Any) -> Any:
        return self.answer


@pytest.fixture
async def address() -> AsyncIterator[str]:
    server = grpc.aio.server()
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(NewerInventory(), server)
    payment_pb2_grpc.add_PaymentServiceServicer_to_server(NewerPayment(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(0)


async def reserved(address: str, result: inventory_pb2.BatchReserveSeatsResponse.Result) -> ReservedSeats | Failure:
    NewerInventory.answer = inventory_pb2.BatchReserveSeatsResponse(results=[result])
    async with channel(address) as to_inventory:
        inventory, answers = InventoryClient(to_inventory), list[ReservedSeats | Failure]()

        async def ask() -> bool:
            try:
                answers[:] = await inventory.reserve([Claim(uuid4(), uuid4(), uuid4(), [uuid4()], 900)])
            except Unavailable:
                return False  # not connected yet
            return True

        await eventually(ask)
        return answers[0]


async def test_an_outcome_that_is_not_known_is_no_reservation(address: str) -> None:
    result = inventory_pb2.BatchReserveSeatsResponse.Result.FromString(NEW_OUTCOME)
    assert isinstance(await reserved(address, result), Unavailable)


async def test_a_tier_that_is_not_known_is_kept_as_it_came(address: str) -> None:
    seat = inventory_pb2.ReservedSeat(id=str(uuid4()), tier=cast(Any, 99), price=100)
    reservation = inventory_pb2.Reservation(seats=[seat], total_amount=100, currency="INR")
    result = inventory_pb2.BatchReserveSeatsResponse.Result(reservation=reservation)
    answer = await reserved(address, result)
    assert isinstance(answer, ReservedSeats)
    [booked] = answer.seats
    assert isinstance(booked, BookedSeat)
    assert _tier(booked.tier) == 99


async def test_a_refusal_with_a_code_and_a_reason_that_are_not_known_is_one(address: str) -> None:
    result = inventory_pb2.BatchReserveSeatsResponse.Result()
    result.refusal.code = 999
    answer = await reserved(address, result)
    assert isinstance(answer, Failure)
    assert answer.code == Code.UNKNOWN


async def test_an_extension_whose_outcome_is_not_known_has_no_time(address: str) -> None:
    kind = inventory_pb2.BatchExtendReservationsResponse
    NewerInventory.answer = kind(results=[kind.Result.FromString(NEW_OUTCOME)])
    async with channel(address) as to_inventory:
        inventory = InventoryClient(to_inventory)

        async def is_unknown() -> bool:
            try:
                [answer] = await inventory.extend([(uuid4(), uuid4())], 300)
            except Unavailable:
                return False
            return isinstance(answer, Unavailable)

        await eventually(is_unknown)


@pytest.mark.parametrize(("state", "expected"), [(99, RefundState.REQUESTED), (2, RefundState.SUCCEEDED), (None, None)])
async def test_a_refund_in_a_state_that_is_not_known_is_neither_done_nor_given_up(
    address: str, state: int | None, expected: int | None
) -> None:
    kind = payment_pb2.BatchRefundPaymentsResponse
    NewerPayment.answer = kind(
        results=[kind.Result.FromString(NEW_OUTCOME) if state is None else kind.Result(state=state)]
    )
    async with channel(address) as to_payment:
        payments = PaymentClient(to_payment)

        async def is_so() -> bool:
            try:
                [answer] = await payments.request_refunds([])
            except Unavailable:
                return False
            return isinstance(answer, Unavailable) if expected is None else answer == expected

        await eventually(is_so)
