"""Every kind of lie that a system could have told its customers is found out; the truth is not taken for one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from storm.comparison import RULES, BookingRecord, Ledger, compare
from storm.history import History, Json, Request

SHOW, USER, SEAT, SESSION = "show", "user", "seat-1", "sess-1"
UNTIL = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
ORDER: Json = {"showId": SHOW, "userId": USER, "showSeatIds": [SEAT]}


def told_booking(status: str, id_: str = "booking", **other: object) -> Json:
    seats = [{"id": SEAT}]
    return {
        "id": id_, "userId": USER, "status": status, "finalAmount": 500, "currency": "INR", "show": {"id": SHOW},
        "seats": seats, **other,
    }  # fmt: skip


def ask(
    history: History, kind: str, about: str, answer: Json, key: str | None = None, body: Json | None = None
) -> None:
    request = Request(kind, "POST", kind, USER, about, body, key)
    history.ask(request)
    history.acknowledge(request, answer)


def bought() -> tuple[History, Ledger]:
    """A ticket that was held, booked, paid and seen, in a history and in the books that go with it."""
    history = History()
    ask(history, "hold", SHOW, {"seats": [{"id": SEAT, "expiresAt": "2026-11-21T18:00:00Z"}]}, body=ORDER)
    ask(history, "book", SHOW, told_booking("PENDING"), "order", ORDER)
    ask(history, "initiate", "booking", {"sessionId": SESSION, "amount": 500}, "opening")
    ask(history, "pay", SESSION, {"status": "CAPTURED"})
    ask(history, "look", "booking", told_booking("CONFIRMED"))
    booking = BookingRecord(
        "booking", USER, SHOW, "CONFIRMED", 500, "INR", frozenset({SEAT}), "order", None, stuck=False, net=500
    )
    return history, Ledger({"booking": booking}, {SESSION: 500}, {"booking": {"pm_succeed"}}, {(SHOW, SEAT, UNTIL)})


def given_back() -> tuple[History, Ledger]:
    history, books = bought()
    ask(history, "refund", "booking", {"refundAmount": 500, "status": "PROCESSING"}, "refund")
    ask(history, "refund", "booking", {"refundAmount": 500, "status": "REFUNDED"}, "refund")
    change(books, state="REFUNDED", refund_amount=500, net=0)
    return history, books


def cancelled() -> tuple[History, Ledger]:
    history = History()
    ask(history, "book", SHOW, told_booking("PENDING"), "order", ORDER)
    ask(history, "cancel", "booking", told_booking("CANCELLED"), "cancel")
    _, books = bought()
    change(books, state="CANCELLED", net=0)
    return history, replace(books, captured={})


def passed_on() -> tuple[History, Ledger]:
    history, books = bought()
    ask(history, "offer", "booking", {"id": "offer"}, "offering")
    ask(history, "accept", "offer", {"id": "offer"})
    books.offers["offer"] = ("ACCEPTED", USER)
    return history, books


def change(books: Ledger, **fields: object) -> None:
    books.bookings["booking"] = replace(books.bookings["booking"], **fields)  # type: ignore[arg-type]


def sell_again(history: History, books: Ledger) -> None:
    body = ORDER | {"userId": USER}
    ask(history, "book", SHOW, told_booking("PENDING", "other"), "order 2", body)
    ask(history, "look", "other", told_booking("CONFIRMED", "other"))
    books.bookings["other"] = replace(books.bookings["booking"], id="other", key="order 2")


Story = Callable[[], tuple[History, Ledger]]
Lie = Callable[[History, Ledger], object]

HELD = "a ticket that was passed on is whose it was told to be"
LIES: list[tuple[str, Story, Lie]] = [
    (HELD, passed_on, lambda _, books: books.offers.update(offer=("WITHDRAWN", "buyer"))),
    (HELD, passed_on, lambda _, books: books.offers.update(offer=("ACCEPTED", "buyer"))),
    (HELD, passed_on, lambda history, _: ask(history, "return", "offer", {"id": "offer"})),
    (
        "a buyer gets no money for a seat that somebody else holds",
        passed_on,
        lambda history, _: ask(history, "refund", "booking", {"refundAmount": 500, "status": "REFUNDED"}, "refund"),
    ),
    ("a hold that was acknowledged was made", bought, lambda _, books: books.holds.clear()),
    ("a booking that was acknowledged is there, as it was told", bought, lambda _, books: books.bookings.clear()),
    ("a booking that was acknowledged is there, as it was told", bought, lambda _, books: change(books, amount=501)),
    ("a booking that was acknowledged is there, as it was told", bought, lambda _, books: change(books, user="thief")),
    (
        "a booking that was acknowledged is there, as it was told",
        bought,
        lambda _, books: change(books, seats=frozenset({"seat-2"})),
    ),
    (
        "a booking that was acknowledged is there, as it was told",
        bought,
        lambda history, _: ask(history, "book", "other show", told_booking("PENDING"), "order", ORDER),
    ),
    (
        "a booking that was seen CONFIRMED stays so, or was given back by its user",
        bought,
        lambda _, books: change(books, state="EXPIRED"),
    ),
    (
        "a booking that was seen CONFIRMED stays so, or was given back by its user",
        bought,
        lambda _, books: change(books, state="REFUNDED"),
    ),
    ("a booking that was cancelled stays so", cancelled, lambda _, books: change(books, state="EXPIRED")),
    ("a refund that was acknowledged is made", given_back, lambda _, books: change(books, state="CONFIRMED")),
    ("a refund that was acknowledged is made", given_back, lambda _, books: change(books, refund_amount=250)),
    (
        "a refund that was acknowledged is made",
        given_back,
        lambda _, books: change(books, state="REFUNDING", stuck=True),
    ),
    (
        "a refund that was acknowledged is made",
        given_back,
        lambda history, books: (
            ask(history, "look", "booking", told_booking("REFUNDED")),
            change(books, state="CONFIRMED"),
        ),
    ),
    (
        "what was acknowledged is found",
        bought,
        lambda history, _: history.refuse(Request("pay", "POST", "", USER, SESSION), "404 SESSION_NOT_FOUND"),
    ),
    ("nothing happens that nobody asked for", bought, lambda _, books: change(books, key="another order")),
    ("nothing happens that nobody asked for", bought, lambda _, books: change(books, state="CANCELLED")),
    ("nothing happens that nobody asked for", bought, lambda _, books: change(books, state="REFUNDED")),
    (
        "equal requests under one key have equal answers",
        bought,
        lambda history, _: ask(history, "book", SHOW, told_booking("PENDING", expiresAt="later"), "order", ORDER),
    ),
    (
        "equal requests under one key have equal answers",
        given_back,
        lambda history, _: ask(history, "refund", "booking", {"refundAmount": 250, "status": "REFUNDED"}, "refund"),
    ),
    ("a seat is sold once", bought, sell_again),
    ("nobody pays more than was told", bought, lambda _, books: change(books, net=1000)),
    ("nobody pays more than was told", bought, lambda _, books: books.captured.update({SESSION: 501})),
    ("a payment that was acknowledged was taken", bought, lambda _, books: books.captured.clear()),
]


@pytest.mark.parametrize("story", [bought, given_back, cancelled, passed_on])
def test_what_was_told_truly_is_no_violation(story: Story) -> None:
    assert compare(*story()) == []


def test_a_refund_that_the_bank_declines_for_good_is_no_lie() -> None:
    history, books = given_back()
    change(books, state="REFUNDING", stuck=True, net=500)
    books.methods["booking"].add("pm_refund_declined")
    assert compare(history, books) == []


@pytest.mark.parametrize(("promise", "story", "lie"), LIES)
def test_a_lie_is_found_out(promise: str, story: Story, lie: Lie) -> None:
    history, books = story()
    lie(history, books)
    assert promise in {violation.promise for violation in compare(history, books)}


def test_every_rule_has_a_lie() -> None:
    assert {promise for promise, _, _ in LIES} == set(RULES)
