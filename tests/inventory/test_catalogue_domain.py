"""The catalogue's rules, without anything around them."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.chassis.errors import InvalidField
from services.inventory.catalogue.domain import (
    NewShow,
    Price,
    check_new_show,
    check_period,
    check_show_fits,
    check_subject,
)
from services.inventory.halls.domain import NewRow, NewScreen, NewSection, check_layout

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SEATS = [uuid4() for _ in range(3)]


def screen(*sections: NewSection) -> NewScreen:
    return NewScreen(uuid4(), "Screen 1", sections)


def row(label: str, seats: int = 10) -> NewRow:
    return NewRow(label, seats, "REGULAR")


def show(**fields: object) -> NewShow:
    usual = {
        "event_id": uuid4(),
        "must_be_movie": True,
        "screen_id": uuid4(),
        "starts_at": NOW + timedelta(hours=1),
        "sales_end_at": fields.get("starts_at", NOW + timedelta(hours=1)),
        "currency": "INR",
        "prices": [Price("REGULAR", 100), Price("VIP", 300)],
        "blocked_seat_ids": (),
        "organization_id": None,
    }
    return NewShow(**usual | fields)  # type: ignore[arg-type]


def faults(check: object, *args: object, **kwargs: object) -> list[str]:
    with pytest.raises(InvalidField) as refusal:
        check(*args, **kwargs)  # type: ignore[operator]
    return [field for field, _ in refusal.value.violations]


def test_a_section_named_twice_is_refused_where_it_is_named_again() -> None:
    twice = screen(NewSection("Stalls", [row("A")]), NewSection("Circle", [row("A")]), NewSection("Stalls", [row("B")]))
    assert faults(check_layout, twice) == ["sections[2].name"]


def test_a_row_named_twice_in_a_section_is_refused_where_it_is_named_again() -> None:
    twice = screen(NewSection("Stalls", [row("A")]), NewSection("Circle", [row("A"), row("B"), row("A"), row("A")]))
    assert faults(check_layout, twice) == ["sections[1].rows[2].label", "sections[1].rows[3].label"]


def test_two_sections_may_have_rows_of_the_same_label() -> None:
    check_layout(screen(NewSection("Stalls", [row("A")]), NewSection("Circle", [row("A")])))


def test_a_screen_has_50_000_seats_at_most() -> None:
    full = [row(str(number), 1_000) for number in range(50)]
    check_layout(screen(NewSection("Stalls", full)))
    assert faults(check_layout, screen(NewSection("Stalls", full), NewSection("Box", [row("A", 1)]))) == ["sections"]


def test_a_show_is_of_an_event_or_of_a_movie() -> None:
    check_subject("event", "", required=True)
    check_subject("", "movie", required=True)
    assert faults(check_subject, "event", "movie", required=True) == ["movieId"]
    assert faults(check_subject, "", "", required=True) == ["eventId"]


def test_a_list_may_be_of_any_event_but_not_of_an_event_and_a_movie() -> None:
    check_subject("", "", required=False)
    assert faults(check_subject, "event", "movie", required=False) == ["movieId"]


def test_a_period_ends_after_it_begins() -> None:
    check_period(1, 2)
    check_period(None, -5)
    check_period(5, None)
    check_period(None, None)
    assert faults(check_period, 2, 2) == ["to"]
    assert faults(check_period, 2, 1) == ["to"]


def test_a_tier_with_two_prices_is_refused() -> None:
    twice = show(prices=[Price("VIP", 1), Price("REGULAR", 1), Price("VIP", 1)])
    assert faults(check_new_show, twice) == ["prices[2].tier"]


def test_a_seat_blocked_twice_is_refused() -> None:
    assert faults(check_new_show, show(blocked_seat_ids=[SEATS[0], SEATS[1], SEATS[0]])) == ["blockedSeatIds[2]"]


def test_a_show_that_suits_its_screen_passes() -> None:
    fitting = show(blocked_seat_ids=SEATS[:2])
    check_new_show(fitting)
    check_show_fits(fitting, NOW, {"REGULAR": 1_000, "VIP": 1_000}, SEATS)


def test_prices_of_tiers_that_the_screen_lacks_do_no_harm() -> None:
    check_show_fits(show(), NOW, {"VIP": 1_000}, ())


def test_every_tier_of_the_screen_needs_a_price() -> None:
    assert faults(check_show_fits, show(), NOW, {"REGULAR": 1_000, "PREMIUM": 1_000, "VIP": 1_000}, ()) == ["prices"]


def test_a_blocked_seat_must_be_one_of_the_screen() -> None:
    blocking = show(blocked_seat_ids=SEATS)
    assert faults(check_show_fits, blocking, NOW, {"VIP": 1_000}, {SEATS[1]}) == [
        "blockedSeatIds[0]",
        "blockedSeatIds[2]",
    ]


def test_a_show_starts_in_the_future_and_now_is_not_the_future() -> None:
    instant = timedelta(microseconds=1)
    check_show_fits(show(starts_at=NOW + instant), NOW, {}, ())
    assert faults(check_show_fits, show(starts_at=NOW), NOW, {}, ()) == ["startTime"]
    assert faults(check_show_fits, show(starts_at=NOW - instant), NOW, {}, ()) == ["startTime"]


def test_sales_end_in_the_future_and_at_the_start_at_the_latest() -> None:
    instant = timedelta(microseconds=1)
    start = show().starts_at
    for end in (NOW + instant, start - instant, start):
        check_new_show(show(sales_end_at=end))
        check_show_fits(show(sales_end_at=end), NOW, {}, ())
    assert faults(check_new_show, show(sales_end_at=start + instant)) == ["salesEndAt"]
    assert faults(check_show_fits, show(sales_end_at=NOW), NOW, {}, ()) == ["salesEndAt"]
    assert faults(check_show_fits, show(starts_at=NOW), NOW, {}, ()) == ["startTime"]
