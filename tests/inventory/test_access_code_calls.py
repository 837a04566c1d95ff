"""Access codes through a real server: made, listed, given with a hold, and counted under the show's lock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2_grpc

from services.inventory.errors import AccessCodeNotValid, ClaimClosed, SeatsUnavailable, TooManyAccessCodes
from services.inventory.jobs import forget_access_code_tries
from services.inventory.seats.access_codes import RevokeAccessCode
from services.inventory.seats.blocking import BlockSeats
from services.inventory.seats.commands import Cause, Confirm, Confirmed, Hold, Reserve
from services.inventory.seats.rights import TRIES
from tests.databases import move_clock
from tests.inventory.catalogue_client import refusal
from tests.inventory.rules import TTL
from tests.inventory.sale import OnSale
from tests.inventory.served import served_inventory

ANN = uuid4()


@pytest.fixture
async def inventory(on_sale: OnSale) -> AsyncIterator[Any]:
    await on_sale.desk.submit(BlockSeats(show_id=on_sale.show_id, seat_ids=on_sale.ids(*range(6)), reason="Sponsors"))
    async with served_inventory(on_sale.db) as channel:
        yield inventory_pb2_grpc.InventoryServiceStub(channel)


def create(on_sale: OnSale, **fields: Any) -> pb.CreateAccessCodeRequest:
    given = {"reason": "Sponsors", "max_seats": 2} | fields
    return pb.CreateAccessCodeRequest(show_id=str(on_sale.show_id), **given)


async def hold(on_sale: OnSale, *numbers: int, code: str, user: Any = ANN) -> Any:
    ids = on_sale.ids(*numbers)
    return await on_sale.desk.submit(Hold(show_id=on_sale.show_id, user_id=user, seat_ids=ids, access_code=code))


async def test_a_code_is_made_listed_used_in_any_case_and_revoked(on_sale: OnSale, inventory: Any) -> None:
    request = create(on_sale, code="sponsor-24", idempotency_key="once")
    made = await inventory.CreateAccessCode(request)
    assert await inventory.CreateAccessCode(request) == made
    assert (made.code, made.seats, made.max_seats) == ("SPONSOR-24", 0, 2)
    wish = pb.HoldSeatsRequest(
        show_id=str(on_sale.show_id),
        user_id=str(ANN),
        show_seat_ids=map(str, on_sale.ids(0, 7)),
        access_code="Sponsor-24",
    )
    assert len((await inventory.HoldSeats(wish)).seats) == 2
    drawn = await inventory.CreateAccessCode(create(on_sale))
    assert len(drawn.code) == 10
    listed = await inventory.ListAccessCodes(pb.ListAccessCodesRequest(show_id=str(on_sale.show_id), page_size=1))
    assert [(code.id, code.seats) for code in listed.access_codes] == [(made.id, 1)]
    rest = pb.ListAccessCodesRequest(show_id=str(on_sale.show_id), page_size=1, page_token=listed.next_page_token)
    assert [code.id for code in (await inventory.ListAccessCodes(rest)).access_codes] == [drawn.id]
    end = pb.RevokeAccessCodeRequest(show_id=str(on_sale.show_id), access_code_id=made.id)
    await inventory.RevokeAccessCode(end)
    await inventory.RevokeAccessCode(end)
    whole = await inventory.ListAccessCodes(pb.ListAccessCodesRequest(show_id=str(on_sale.show_id)))
    assert [code.HasField("revoked_at") for code in whole.access_codes] == [True, False]
    with pytest.raises(AccessCodeNotValid):
        await hold(on_sale, 1, code="SPONSOR-24")
    await move_clock(on_sale.db, "5 minutes")
    whole = await inventory.ListAccessCodes(pb.ListAccessCodesRequest(show_id=str(on_sale.show_id)))
    assert [code.seats for code in whole.access_codes] == [0, 0]


async def test_a_code_is_for_a_reason_or_for_seats(on_sale: OnSale, inventory: Any) -> None:
    seats = [str(id_) for id_ in on_sale.ids(0)]
    for wrong in (
        {"reason": ""},
        {"show_seat_ids": seats},
        {"reason": "", "show_seat_ids": [seats[0], seats[0].upper()]},
    ):
        refused = await refusal(inventory.CreateAccessCode(create(on_sale, **wrong)))
        assert refused.reason == "INVALID_FIELD", wrong
    assert (await inventory.CreateAccessCode(create(on_sale, reason="", show_seat_ids=seats))).show_seat_ids == seats


async def test_many_users_at_once_take_no_more_by_a_code_than_it_gives(on_sale: OnSale, inventory: Any) -> None:
    await inventory.CreateAccessCode(create(on_sale, code="SPONSOR-24", max_seats=4))
    answers = await asyncio.gather(
        *(hold(on_sale, number, code="SPONSOR-24", user=uuid4()) for number in range(6)), return_exceptions=True
    )
    assert sum(isinstance(answer, AccessCodeNotValid) for answer in answers) == 2
    [row] = await on_sale.db.fetch("SELECT count(*) AS seats FROM show_seats WHERE right_id IS NOT NULL")
    assert row.seats == 4


async def test_a_late_payment_has_its_code_read_and_takes_a_use_again(on_sale: OnSale, inventory: Any) -> None:
    await inventory.CreateAccessCode(create(on_sale, code="SPONSOR-24", max_seats=1))
    first, second = uuid4(), uuid4()
    for booking, number, after in ((first, 0, "16 minutes"), (second, 1, "32 minutes")):
        await on_sale.desk.submit(
            Reserve(
                show_id=on_sale.show_id,
                user_id=ANN,
                booking_id=booking,
                seat_ids=on_sale.ids(number),
                ttl=TTL,
                access_code="SPONSOR-24",
            )
        )
        await move_clock(on_sale.db, after)
        await on_sale.release(booking, Cause.EXPIRED)
    assert isinstance(await on_sale.confirm(first), Confirmed)
    with pytest.raises(ClaimClosed):
        await on_sale.confirm(second)
    assert (await on_sale.statuses())[:2] == ["BOOKED", "BLOCKED"]


async def test_a_late_payment_in_one_batch_with_a_revocation_finds_the_code_used_up(
    on_sale: OnSale, inventory: Any
) -> None:
    made = await inventory.CreateAccessCode(create(on_sale, code="SPONSOR-24", max_seats=1))
    booking = uuid4()
    await on_sale.desk.submit(
        Reserve(
            show_id=on_sale.show_id,
            user_id=ANN,
            booking_id=booking,
            seat_ids=on_sale.ids(0),
            ttl=TTL,
            access_code="SPONSOR-24",
        )
    )
    await move_clock(on_sale.db, "16 minutes")
    await hold(on_sale, 1, code="SPONSOR-24", user=uuid4())
    late = Confirm(show_id=on_sale.show_id, booking_id=booking)
    revoke: Any = RevokeAccessCode(show_id=on_sale.show_id, code_id=UUID(made.id))
    refused, revoked = await on_sale.desk.submit_all([late, revoke])
    assert isinstance(refused, ClaimClosed) and revoked is None


async def test_tries_are_kept_and_forgotten(on_sale: OnSale, inventory: Any) -> None:
    for number in range(TRIES):
        with pytest.raises(AccessCodeNotValid):
            await hold(on_sale, 0, code=f"GUESS-{number}")
    with pytest.raises(TooManyAccessCodes):
        await hold(on_sale, 0, code="GUESS-20")
    with pytest.raises(SeatsUnavailable):
        await on_sale.hold(ANN, 0)
    assert await forget_access_code_tries(on_sale.db) == 0
    await move_clock(on_sale.db, "61 minutes")
    assert [await forget_access_code_tries(on_sale.db) for _ in range(2)] == [1, 0]
