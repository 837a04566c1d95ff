"""Amounts and times as organizers type them, and where the bars of a picture stand."""

from __future__ import annotations

import asyncio
import html
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast
from unittest.mock import AsyncMock
from uuid import uuid4

import grpc
import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from boxoffice.booking.v1 import coupon_pb2, office_pb2
from boxoffice.inventory.v1 import catalog_pb2, seat_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import IdempotencyKeyReused
from services.chassis.values.currencies import SOLD
from web.office.coupons import Typed, _terms
from web.organizers.amounts import MOST_MINOR, NoAmount, basis_points, major_units, minor_units, per_cent
from web.organizers.chart import BOTTOM, HEIGHT, chart
from web.organizers.events import edit, most_seats
from web.organizers.mistakes import Mistakes
from web.organizers.shows import price_fields, tiers_of
from web.organizers.times import NoTime, instant, is_kept, typed
from web.organizers.uploads import LEFT_SECONDS
from web.pages import Pages
from web.sessions import anonymous
from web.shared import Shared
from web.visits import ANSWER_SECONDS, VISIT, Visit

ADMIN = jwt.encode({"roles": ["ADMIN"]}, "k" * 32, algorithm="HS256")


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("1250", "INR", 125_000),
        ("1250.5", "INR", 125_050),
        (" 0.07 ", "INR", 7),
        ("0", "USD", 0),
        ("1.", "USD", 100),
        ("1250", "JPY", 1_250),
        ("1.234", "KWD", 1_234),
        ("1.2345", "CLF", None),  # a fund, of four digits: see below
        ("21474836.47", "USD", MOST_MINOR),
        ("9007199.29", "USD", 900_719_929),  # a float would say so too; 1.15 * 100 would not
        ("1.15", "USD", 115),
        ("16.35", "EUR", 1_635),
    ],
)
def test_an_amount_is_read_to_the_last_minor_unit(text: str, currency: str, amount: int | None) -> None:
    assert minor_units(text, currency) == (12_345 if amount is None else amount)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        *(("1.234", "USD"), ("1.0", "JPY"), ("1.2345", "KWD"), ("21474836.48", "USD"), ("99999999999", "JPY")),
        *(("", "INR"), ("-1", "INR"), ("1,250", "INR"), ("1e3", "INR"), ("१२", "INR"), (".5", "INR"), ("1", "XXX")),
    ],
)
def test_what_is_no_amount_of_a_currency_is_refused(text: str, currency: str) -> None:
    with pytest.raises(NoAmount):
        minor_units(text, currency)


def test_what_is_written_is_read_the_same_in_every_currency() -> None:
    for currency in SOLD:
        for amount in (0, 1, 9, 10, 99, 1_000, 123_456_789, MOST_MINOR):
            assert minor_units(major_units(amount, currency), currency) == amount, (currency, amount)
    assert [per_cent(points) for points in (0, 5, 250, 1_000, 10_000)] == ["0", "0.05", "2.5", "10", "100"]
    assert [basis_points(text) for text in ("2.5", "100", "0.05")] == [250, 10_000, 5]
    with pytest.raises(NoAmount):
        basis_points("100.01")


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2027-01-08T19:30", "Asia/Kolkata", datetime(2027, 1, 8, 14, 0, tzinfo=UTC)),
        ("2027-01-08T19:30", "", datetime(2027, 1, 8, 19, 30, tzinfo=UTC)),
        ("2027-07-01T19:30", "Europe/Berlin", datetime(2027, 7, 1, 17, 30, tzinfo=UTC)),
        ("2027-10-31T02:30", "Europe/Berlin", datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),  # it comes twice
        ("2027-03-28T02:30:00", "Europe/Berlin", None),  # it is left out
        ("8.1.2027 19:30", "Europe/Berlin", None),
        *(("0001-01-01T00:00", "Asia/Kolkata", None), ("9999-12-31T23:59", "America/New_York", None)),
        *(("2027-01-08T19:30", "Mars/Olympus", None), ("2027-01-08T19:30", "../etc/passwd", None)),
        ("", "Europe/Berlin", None),
    ],
)
def test_a_time_is_that_of_the_clocks_of_the_venue(text: str, zone: str, expected: datetime | None) -> None:
    if expected is None:
        with pytest.raises(NoTime):
            instant(text, zone)
        return
    found = Timestamp()
    found.FromDatetime(instant(text, zone))
    assert found.ToDatetime(tzinfo=UTC) == expected
    assert typed(found, zone) == text


def test_a_field_that_nobody_changed_keeps_its_instant() -> None:
    whole = Timestamp()
    whole.FromDatetime(datetime(2027, 10, 31, 1, 30, 59, tzinfo=UTC))  # the second time that it is 02:30 there
    text = typed(whole, "Europe/Berlin")
    assert text == "2027-10-31T02:30" and instant(text, "Europe/Berlin") != whole.ToDatetime(tzinfo=UTC)
    assert is_kept(f"{text}:00 ", whole, "Europe/Berlin")
    assert not is_kept("2027-10-31T02:31", whole, "Europe/Berlin") and not is_kept(text, whole, "Mars/Olympus")
    # A coupon whose other terms are changed: seconds, and a currency that it has without an amount, stay.
    was = coupon_pb2.CouponTerms(kind="PERCENTAGE", percentage=10, currency="INR", valid_until=whole)
    form = {"kind": "PERCENTAGE", "percentage": "20", "currency": "INR", "valid_until": text, "zone": "Europe/Berlin"}
    terms = _terms(Typed(form), was)
    assert (terms.percentage, terms.currency, terms.valid_until) == (20, "INR", whole)
    assert _terms(Typed(form | {"zone": "UTC"}), was).valid_until != whole
    was.minimum_amount = 100
    assert not _terms(Typed(form), was).currency  # the amount that it was the currency of is emptied


def test_a_count_that_is_no_number_is_not_taken_for_no_limit() -> None:
    for text, seats, uses in (("", 0, 0), ("7", 7, 7), *((text, 101, 100_001) for text in ("1e1", "-1", "1,000", "१"))):
        assert most_seats(text) == seats, text
        terms = _terms(Typed({"kind": "PERCENTAGE", "percentage": "5", "max_uses": text, "max_uses_per_user": text}))
        assert (terms.max_uses, terms.max_uses_per_user) == (uses, uses), text


def test_a_price_that_is_refused_is_told_at_its_field() -> None:
    prices = [catalog_pb2.TierPrice(tier=tier, price=1) for tier in (2, 3)]
    error = BoxofficeError(
        "", code=grpc.StatusCode.INVALID_ARGUMENT, violations=[("prices[1].price", "must be less"), ("prices", "lack")]
    )
    mistakes = Mistakes()
    mistakes.take(error, price_fields(prices))
    assert mistakes.fields == {"price-3": "Must be less.", "price-2": "Lack."} and not mistakes.others
    # Whoever goes back and sends a form with something else reads what to do, and nothing of keys.
    mistakes.take(IdempotencyKeyReused("use a new key", code=grpc.StatusCode.ALREADY_EXISTS), {})
    assert "sent before" in mistakes.others[0]


def test_the_gateway_waits_longer_for_what_is_made_of_a_file_than_the_shop_does() -> None:
    routes = (Path(__file__).parents[2] / "gateway/envoy/routes.yaml").read_text()
    [seconds] = re.findall(r"timeout: (\d+)s\n.*\n  typed_per_filter_config: \*shop_filters", routes)
    assert max(ANSWER_SECONDS, LEFT_SECONDS) < int(seconds)


def test_dates_beyond_the_first_page_are_reached() -> None:
    event = catalog_pb2.Event(id=str(uuid4()), title="Each evening")
    dates = catalog_pb2.ListShowsResponse(shows=[catalog_pb2.Show(id="1")], next_page_token="later")
    services = AsyncMock()
    services.get_event.return_value, services.list_shows.return_value = event, dates
    at = f"/organizer/events/{event.id}/edit?step=dates&page=sooner"
    request = make_mocked_request("GET", at, match_info={"event_id": event.id}, app=web.Application())
    pages = Pages("http://shop.example", most_seats=6)
    visit = Visit(request, pages, services, anonymous(), is_known=True, shared=Shared())
    visit.session = replace(visit.session, user_id="somebody", access_token=ADMIN)
    request._state[VISIT] = visit  # as the middleware does
    page = html.unescape(asyncio.run(edit(request)).text)
    assert services.list_shows.await_args.kwargs["page_token"] == "sooner"
    assert f'rel="next" href="/organizer/events/{event.id}/edit?step=dates&page=later"' in page


def sold(day: str, tier: int, seats: int, given_back: int = 0) -> office_pb2.Sales.Line:
    return office_pb2.Sales.Line(day=day, tier=tier, seats=seats, refunded_seats=given_back)


def test_bars_stand_on_each_other_and_their_table_says_the_same() -> None:
    lines = [sold("2027-01-02", 1, 6), sold("2027-01-02", 3, 2, 1), sold("2027-01-03", 1, 1), sold("2026-01-01", 1, 90)]
    drawn = chart(lines, today=date(2027, 1, 2))
    first, second = drawn.bars
    assert first.y + first.height == pytest.approx(HEIGHT - BOTTOM, abs=0.2)
    assert second.y + second.height == pytest.approx(first.y, abs=0.2)
    assert first.height / second.height == pytest.approx(3.5, abs=0.05)  # clocks in the east are on the next day
    assert [(row.day, list(row.seats), row.given_back) for row in drawn.days] == [(date(2027, 1, 2), [7, 2], 1)]
    assert drawn.sold == 9 and drawn.tiers == [1, 3]
    empty = chart([], today=date(2027, 1, 2))
    assert (empty.sold, empty.bars, empty.days) == (0, [], [])


async def test_a_form_asks_for_the_price_of_each_tier_that_the_hall_has() -> None:
    balcony = cast(seat_pb2.Seat.Tier.ValueType, 9)
    """One that a server has and these pages do not know yet."""
    pages = [[seat_pb2.Seat.PREMIUM, balcony], [seat_pb2.Seat.REGULAR]]

    class OneHall:
        async def get_seat_layout(self, *, page_token: str, **_: Any) -> catalog_pb2.SeatLayout:
            n = int(page_token or 0)
            row = catalog_pb2.SeatLayout.Row(seats=[seat_pb2.Seat(tier=tier) for tier in pages[n]])
            return catalog_pb2.SeatLayout(rows=[row], next_page_token="" if n else "1")

    assert await tiers_of(cast(Any, OneHall()), "hall") == [seat_pb2.Seat.REGULAR, seat_pb2.Seat.PREMIUM, balcony]
