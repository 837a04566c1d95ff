"""What seats would cost: shown before they are booked, and nobody pays another amount than was shown."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2

from services.booking.clients import InventoryClient
from services.booking.quoting import domain as quoting
from services.chassis.errors import Failure, Unavailable
from tests.booking.house import ANN, BOB, House, refused
from tests.booking.test_lines import FINAL, RULES


@pytest.fixture
def with_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quoting, "NO_RULES", RULES)


async def quote(house: House, *numbers: int, show_id: str = "") -> pb.QuoteBookingResponse:
    seats = [house.seat_ids[number] for number in numbers]
    request = pb.QuoteBookingRequest(user_id=str(ANN), show_id=show_id or house.show_id, show_seat_ids=seats)
    return await house.bookings.QuoteBooking(request)


async def book(house: House, user: UUID, expected: int | None, *numbers: int, key: str = "") -> pb.Booking:
    request = pb.CreateBookingRequest(
        user_id=str(user),
        show_id=house.show_id,
        show_seat_ids=[house.seat_ids[number] for number in numbers],
        expected_total=expected,
        idempotency_key=key,
    )
    return await house.bookings.CreateBooking(request)


async def hold(house: House, expected: int | None, *numbers: int) -> inventory_pb2.HoldSeatsResponse:
    seats = [house.seat_ids[number] for number in numbers]
    return await house.seats.HoldSeats(
        inventory_pb2.HoldSeatsRequest(
            user_id=str(ANN), show_id=house.show_id, show_seat_ids=seats, expected_total=expected
        )
    )


@pytest.mark.usefixtures("with_rules")
async def test_a_quote_shows_the_lines_that_a_booking_gets_and_takes_nothing(house: House) -> None:
    quoted = await quote(house, 1, 0)
    assert set(await house.seat_statuses()) == {"AVAILABLE"}
    booking = await book(house, ANN, quoted.final_amount, 1, 0)
    assert list(quoted.seats) == list(booking.seats)
    for field in set(quoted.DESCRIPTOR.fields_by_name) - {"show_id", "seats"}:
        assert getattr(quoted, field) == getattr(booking, field), field
    assert (await quote(house, 1, 0)).final_amount == FINAL, "whoever has them"


async def test_what_is_not_there_has_no_quote(house: House) -> None:
    assert (await refused(quote(house, 0, show_id=str(uuid4())))).reason == "SHOW_NOT_FOUND"
    house.seat_ids[1] = str(uuid4())
    info = await refused(quote(house, 0, 1))
    assert (info.reason, info.metadata["seat_ids"]) == ("SEAT_NOT_FOUND", house.seat_ids[1])
    house.seat_ids[1] = house.seat_ids[0].upper()
    assert (await refused(quote(house, 0, 1))).reason == "INVALID_FIELD"


@pytest.mark.usefixtures("with_rules")
@pytest.mark.parametrize("expected", [0, FINAL - 1, 50_002])
async def test_a_booking_of_another_amount_than_expected_is_not_made_and_holds_stay(
    house: House, expected: int
) -> None:
    await hold(house, None, 0, 1)
    info = await refused(book(house, ANN, expected, 0, 1))
    assert (info.reason, info.metadata) == (
        "PRICE_CHANGED",
        {"expected_total": str(expected), "final_amount": str(FINAL)},
    )
    assert (await house.seat_statuses())[:2] == ["HELD", "HELD"]
    assert await house.db.fetch("SELECT FROM bookings") == []
    assert (await book(house, ANN, FINAL, 0, 1)).final_amount == FINAL


async def test_seats_that_cost_another_amount_than_expected_are_not_held(house: House) -> None:
    info = await refused(hold(house, 25_000, 0))
    assert (info.reason, info.metadata) == ("PRICE_CHANGED", {"expected_total": "25000", "total_amount": "25001"})
    assert set(await house.seat_statuses()) == {"AVAILABLE"}
    assert (await hold(house, 50_002, 0, 1)).total_amount == 50_002


async def test_a_list_price_that_changes_after_the_quote_is_seen_under_the_shows_lock(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = InventoryClient.prices

    async def changed(self: InventoryClient, asked: Sequence[Any]) -> Any:
        listed = await true(self, asked)
        await house.inventory_db.execute("UPDATE list_prices SET price = price + 1")
        return listed

    monkeypatch.setattr(InventoryClient, "prices", changed)
    assert (await refused(book(house, ANN, 25_001, 0))).reason == "PRICE_CHANGED"
    assert await house.db.fetch("SELECT FROM bookings") == []
    assert set(await house.seat_statuses()) == {"AVAILABLE"}


async def test_a_repeated_request_has_its_answer_whatever_it_would_cost_now(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await book(house, ANN, 25_001, 0, key="k")
    monkeypatch.setattr(quoting, "NO_RULES", RULES)
    assert await book(house, ANN, 25_001, 0, key="k") == booking
    assert (await refused(book(house, ANN, 25_002, 0, key="k"))).reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_refused_key_is_free_again(house: House) -> None:
    assert (await refused(book(house, ANN, 1, 0, key="k"))).reason == "PRICE_CHANGED"
    assert (await book(house, ANN, 25_001, 0, key="k")).final_amount == 25_001


@pytest.mark.parametrize("failure", [Unavailable()])
async def test_who_does_not_expect_an_amount_is_not_held_up_by_quotes(
    house: House, monkeypatch: pytest.MonkeyPatch, failure: Failure
) -> None:
    async def away(*_: Any) -> Any:
        raise failure

    monkeypatch.setattr(InventoryClient, "prices", away)
    assert (await refused(book(house, BOB, 25_001, 1))).reason == "UNAVAILABLE"
    assert (await house.book(ANN, 0)).final_amount == 25_001
    [row] = await house.db.fetch("SELECT state FROM bookings")
    assert row.state == "PENDING", "of the other nothing is left"
