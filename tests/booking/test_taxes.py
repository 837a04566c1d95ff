"""Sellers, rules and shows' taxes are set and listed; bookings are taxed by them and keep what they were taxed."""

from uuid import uuid4

import grpc
import pytest
from boxoffice.booking.v1 import taxes_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from tests.booking.house import ANN, House, refused
from tests.booking.sellers import LONG_AGO, NUMBER, rule_request, seller_request, sold_by
from tests.cases import all_cases

PRICE = 25_001


async def test_a_seller_is_made_once_and_renamed_and_nothing_else_of_it_changes(house: House) -> None:
    request = seller_request()
    made = await house.taxes.SetSeller(request)
    assert await house.taxes.SetSeller(request) == made
    assert (made.country, made.time_zone) == ("IN", "Asia/Kolkata")
    renamed = await house.taxes.SetSeller(seller_request(made.id, legal_name="Regal Limited"))
    assert list((await house.taxes.ListSellers(pb.ListSellersRequest())).sellers) == [renamed]
    with all_cases() as case:
        for field, fields in (
            ("tax_number", {"tax_number": ""}),
            ("state", {"state": "29", "tax_number": ""}),
            ("country", {"country": "SG", "state": "", "tax_number": "X1"}),
            ("time_zone", {"time_zone": "Asia/Dubai"}),
        ):
            with case(field):
                info = await refused(house.taxes.SetSeller(seller_request(made.id, **fields)))
                assert info.reason == "SELLER_FIXED"
                assert info.metadata["field"] == field
    assert (await refused(house.taxes.SetSeller(seller_request()))).reason == "TAX_NUMBER_TAKEN"


async def test_two_sellers_without_a_number_are_two(house: House) -> None:
    for _ in range(2):
        await house.taxes.SetSeller(seller_request(tax_number=""))
    page = await house.taxes.ListSellers(pb.ListSellersRequest(page_size=1))
    rest = await house.taxes.ListSellers(pb.ListSellersRequest(page_size=1, page_token=page.next_page_token))
    assert len({seller.id for seller in (*page.sellers, *rest.sellers)}) == 2
    assert not rest.next_page_token


async def test_what_no_seller_rule_or_show_can_have_is_refused_with_its_field(house: House) -> None:
    seller = await house.taxes.SetSeller(seller_request())
    abroad = await house.taxes.SetSeller(seller_request(country="SG", state="", tax_number="M90312345A"))
    show = {"show_id": house.show_id, "seller_id": seller.id, "place_of_supply": "27", "category": "TICKETS"}
    with all_cases() as case:
        for field, method, request in (
            ("taxNumber", "SetSeller", seller_request(tax_number=NUMBER[:-1] + "W")),
            ("taxNumber", "SetSeller", seller_request(state="29")),
            ("state", "SetSeller", seller_request(state="99", tax_number="")),
            ("state", "SetSeller", seller_request(country="SG", tax_number="")),
            ("timeZone", "SetSeller", seller_request(time_zone="Asia/Bombay-on-Sea", tax_number="")),
            ("validUntil", "SetTaxRule", rule_request(valid_until=LONG_AGO)),
            ("placeOfSupply", "SetShowTax", pb.SetShowTaxRequest(**show | {"place_of_supply": "28"})),
            ("placeOfSupply", "SetShowTax", pb.SetShowTaxRequest(**show | {"seller_id": abroad.id})),
        ):
            with case(f"{method} {field}"):
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await getattr(house.taxes, method)(request)
                assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
                assert (error.value.details() or "").startswith(field)
    assert (
        await refused(house.taxes.SetShowTax(pb.SetShowTaxRequest(**show | {"seller_id": str(uuid4())})))
    ).reason == "SELLER_NOT_FOUND"
    assert (
        await refused(house.taxes.SetShowTax(pb.SetShowTaxRequest(**show | {"show_id": str(uuid4())})))
    ).reason == "SHOW_NOT_FOUND"
    assert (
        await refused(house.taxes.GetShowTax(pb.GetShowTaxRequest(show_id=house.show_id)))
    ).reason == "SHOW_TAX_NOT_FOUND"


async def test_a_rule_gets_another_end_and_nothing_else(house: House) -> None:
    made = await house.taxes.SetTaxRule(rule_request(1800, up_to=0))
    assert made.HasField("up_to") and not made.HasField("valid_until")
    end = Timestamp(seconds=LONG_AGO.seconds + 1)
    ended = await house.taxes.SetTaxRule(rule_request(1800, made.id, up_to=0, valid_until=end))
    assert list((await house.taxes.ListTaxRules(pb.ListTaxRulesRequest())).tax_rules) == [ended]
    with all_cases() as case:
        for field, request in (
            ("basis_points", rule_request(500, made.id, up_to=0)),
            ("up_to", rule_request(1800, made.id)),
            ("category", rule_request(1800, made.id, up_to=0, category="CINEMA")),
        ):
            with case(field):
                info = await refused(house.taxes.SetTaxRule(request))
                assert info.reason == "TAX_RULE_FIXED"
                assert info.metadata["field"] == field


async def test_a_show_that_nobody_sells_is_sold_without_tax(house: House) -> None:
    booking = await house.book(ANN, 0)
    assert (booking.tax_amount, booking.final_amount) == (0, PRICE)


async def test_tax_is_added_to_the_prices_frozen_and_paid(house: House) -> None:
    await sold_by(house)
    booking = await house.book(ANN, 0, 1)
    # 9 % of 500.02, twice.
    assert (booking.total_amount, booking.tax_amount, booking.final_amount) == (2 * PRICE, 2 * 4_500, 2 * PRICE + 9_000)
    assert [seat.tax for seat in booking.seats] == [4_500, 4_500]
    await house.taxes.SetTaxRule(rule_request(4000, valid_from=Timestamp(seconds=LONG_AGO.seconds + 9)))
    await house.capture(booking, amount=booking.final_amount)
    confirmed = await house.get(booking.id)
    assert (await house.status(booking.id), confirmed.tax_amount) == ("CONFIRMED", 9_000)
    assert (await house.book(uuid4(), 2)).tax_amount == 10_000


async def test_tax_that_prices_have_in_them_changes_nothing_that_is_paid(house: House) -> None:
    await sold_by(house, included=True)
    booking = await house.book(ANN, 0)
    assert booking.prices_include_tax
    # 250.01 less 211.87 is 38.14: twice 19.07.
    assert (booking.tax_amount, booking.final_amount) == (3_814, PRICE)


async def test_in_another_state_the_tax_is_rounded_once(house: House) -> None:
    await sold_by(house, place="29", tax_number="")
    assert (await house.book(ANN, 0)).tax_amount == 0, "a seller without a number takes none"
    await sold_by(house, place="29")
    [row] = await house.db.fetch("SELECT count(*) AS sellers FROM sellers")
    assert row.sellers == 2
    booking = await house.book(uuid4(), 1)
    assert booking.tax_amount == 4_500
    [frozen] = await house.db.fetch(
        "SELECT b.place_of_supply, s.tax_basis_points, s.sac_code FROM bookings b JOIN booking_seats s "
        "ON s.booking_id = b.id WHERE b.seller_id IS NOT NULL AND tax > 0"
    )
    assert (frozen.place_of_supply, frozen.tax_basis_points, frozen.sac_code) == ("29", 1800, "999614")


async def test_what_cannot_be_counted_with_its_tax_is_refused_and_its_seats_come_back(house: House) -> None:
    await sold_by(house)
    await house.inventory_db.execute(
        "UPDATE list_prices SET price = 2000000000 WHERE show_id = %(id)s", {"id": house.show_id}
    )
    assert (await refused(house.book(ANN, 3))).reason == "AMOUNT_TOO_LARGE"
    await house.saga.recover_once()
    assert await house.db.fetch("SELECT FROM bookings") == []
    assert "BOOKED" not in await house.seat_statuses()
