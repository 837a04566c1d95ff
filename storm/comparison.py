"""The customers' histories against the databases: whatever was acknowledged must be so.

Only what the system said of itself is asked here. Whether the databases agree with each other is the audit's to tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from stack.postgres import Server
from storm.history import Acknowledged, History, Json

REFUND_IS_OVER = ("REFUNDED", "REFUNDING")


@dataclass(frozen=True)
class Violation:
    """A promise that was broken: which, and what shows it."""

    promise: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.what}"


@dataclass(frozen=True)
class BookingRecord:
    """A booking as the databases have it. `net` is what the bank holds for it, less what it declined to return."""

    id: str
    user: str
    show: str
    state: str
    amount: int
    currency: str
    seats: frozenset[str]
    key: str | None
    refund_amount: int | None
    stuck: bool
    net: int


@dataclass(frozen=True)
class Ledger:
    """What the databases say at the end."""

    bookings: dict[str, BookingRecord]
    captured: dict[str, int]
    """What the bank took, by session."""
    methods: dict[str, set[str]]
    """The payment methods that were used for a booking."""
    holds: set[tuple[str, str, datetime]]
    """Every hold that there was: show, seat, and when it was to lapse."""
    offers: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Offers of tickets: what became of each, and who holds the ticket."""


class Elsewhere(Protocol):
    """The books of another gateway than the bank."""

    def nets(self) -> dict[str, int]:
        """Return what it holds of each booking."""

    def captured(self) -> dict[str, int]:
        """Return what it took, by session."""

    @property
    def methods(self) -> dict[str, set[str]]:
        """The payment methods that were used for each booking."""


def read(server: Server, elsewhere: Elsewhere | None = None) -> Ledger:
    """Read what histories are compared with: the bank's books, or those of the gateway that was paid at instead."""
    with server.connect("payment") as payment:
        net: dict[str, int] = dict(payment.execute(NET).fetchall())
        captured: dict[str, int] = dict(payment.execute(CAPTURED).fetchall())
        methods = defaultdict[str, set[str]](set)
        for booking_id, method in payment.execute(METHODS).fetchall():
            methods[booking_id].add(method)
        stuck: dict[str, int] = dict(payment.execute(STUCK).fetchall())
    if elsewhere is not None:
        net = {id_: amount - stuck.get(id_, 0) for id_, amount in elsewhere.nets().items()}
        captured, methods = elsewhere.captured(), defaultdict(set, elsewhere.methods)
    with server.connect("booking") as booking:
        rows = booking.execute(BOOKINGS).fetchall()
        offers = {id_: (state, holder) for id_, state, holder in booking.execute(OFFERS).fetchall()}
    with server.connect("inventory") as inventory:
        holds = set(inventory.execute(HOLDS).fetchall())
    bookings = {
        id_: BookingRecord(
            id_, user, show, state, amount, currency, frozenset(seats), key, refund, stuck, net.get(id_, 0)
        )
        for id_, user, show, state, amount, currency, seats, key, refund, stuck in rows
    }
    return Ledger(bookings, captured, dict(methods), holds, offers)


def compare(history: History, books: Ledger) -> list[Violation]:
    """Return every promise that was broken."""
    return [Violation(promise, what) for promise, rule in RULES.items() for what in rule(history, books)]


def _holds_were_made(history: History, books: Ledger) -> Iterator[str]:
    for one in _acknowledged(history, "hold"):
        for seat in one.answer["seats"]:
            if (one.request.about, seat["id"], datetime.fromisoformat(seat["expiresAt"])) not in books.holds:
                yield f"seat {seat['id']} was never held until {seat['expiresAt']}: {one.request}"


def _bookings_are_there(history: History, books: Ledger) -> Iterator[str]:
    for one in _acknowledged(history, "book"):
        booking, answer = books.bookings.get(one.answer["id"]), one.answer
        if booking is None:
            yield f"booking {answer['id']} was acknowledged and is not there"
            continue
        facts = (answer["userId"], answer["show"]["id"], answer["finalAmount"], answer["currency"])
        seats = {seat["id"] for seat in answer["seats"]}
        asked = set((one.request.body or {})["showSeatIds"])
        if facts != (booking.user, booking.show, booking.amount, booking.currency) or seats != booking.seats:
            yield f"booking {booking.id} is {booking}, its user was told {answer}"
        elif (seats, booking.user, booking.show) != (asked, one.request.user, one.request.about):
            yield f"booking {booking.id} is not what was asked for: {booking}"


def _confirmed_stays(history: History, books: Ledger) -> Iterator[str]:
    refund_asked = _asked(history, "refund")
    for id_ in history.bookings_seen("CONFIRMED"):
        state = books.bookings[id_].state if id_ in books.bookings else "not there"
        if state != "CONFIRMED" and not (state in REFUND_IS_OVER and id_ in refund_asked):
            yield f"booking {id_} was seen CONFIRMED and is {state}"


def _cancelled_stays(history: History, books: Ledger) -> Iterator[str]:
    for id_ in history.bookings_seen("CANCELLED"):
        state = books.bookings[id_].state if id_ in books.bookings else "not there"
        if state != "CANCELLED":
            yield f"booking {id_} was acknowledged as CANCELLED and is {state}"


def _refunds_are_made(history: History, books: Ledger) -> Iterator[str]:
    for one in _acknowledged(history, "refund"):
        id_, amount = one.request.about, one.answer["refundAmount"]
        booking = books.bookings.get(id_)
        if booking is None or booking.state not in REFUND_IS_OVER or booking.refund_amount != amount:
            yield f"a refund of {amount} was acknowledged for booking {id_}, which is {booking}"
        elif booking.state == "REFUNDING" and not (
            booking.stuck and "pm_refund_declined" in books.methods.get(id_, set())
        ):
            yield f"the refund of booking {id_} is not over: {booking}"
    for id_ in history.bookings_seen("REFUNDED"):
        if id_ not in books.bookings or books.bookings[id_].state != "REFUNDED":
            yield f"booking {id_} was seen REFUNDED and is {books.bookings.get(id_)}"


def _nothing_happens_unasked(history: History, books: Ledger) -> Iterator[str]:
    orders = {(request.user, request.key): request for request in history.asked if request.kind == "book"}
    cancels, refunds = _asked(history, "cancel"), _asked(history, "refund")
    for booking in books.bookings.values():
        order = orders.get((booking.user, booking.key))
        if order is None or booking.seats != set((order.body or {})["showSeatIds"]):
            yield f"booking {booking.id} was not asked for: {booking}"
        if booking.state == "CANCELLED" and booking.id not in cancels:
            yield f"booking {booking.id} is CANCELLED, and nobody asked for it"
        if booking.state in REFUND_IS_OVER and booking.id not in refunds:
            yield f"booking {booking.id} is {booking.state}, and nobody asked for it"


def _repetitions_are_answered_alike(history: History, _: Ledger) -> Iterator[str]:
    first: dict[tuple[str, str, str], Json] = {}
    for one in history.acknowledged:
        request = one.request
        if request.key is None or request.kind == "look":
            continue
        answer = one.answer
        if request.kind == "refund":
            # How far a refund is may have changed (docs/adr/0008-refund-answers.md).
            answer = {name: value for name, value in answer.items() if name != "status"}
        before = first.setdefault((request.user, request.kind, request.key), answer)
        if before != answer:
            yield f"{request.kind} under key {request.key} was answered {before}, later {answer}"


def _seats_are_sold_once(history: History, books: Ledger) -> Iterator[str]:
    """Bookings that were seen CONFIRMED and that nobody wanted to give back: their seats are theirs alone."""
    sold: dict[tuple[str, str], str] = {}
    orders = {one.answer["id"]: one for one in _acknowledged(history, "book")}
    for id_ in sorted(history.bookings_seen("CONFIRMED") - _asked(history, "refund")):
        if id_ not in orders:
            continue
        for seat in orders[id_].answer["seats"]:
            other = sold.setdefault((orders[id_].request.about, seat["id"]), id_)
            if other != id_:
                yield f"seat {seat['id']} was sold to bookings {other} and {id_}"


def _nobody_pays_more_than_told(history: History, books: Ledger) -> Iterator[str]:
    prices = {one.answer["id"]: one.answer["finalAmount"] for one in _acknowledged(history, "book")}
    for id_, price in prices.items():
        booking = books.bookings.get(id_)
        if booking is not None and booking.net > price:
            yield f"booking {id_} costs {price}, as was told, and the bank holds {booking.net}"
    amounts = {one.answer["sessionId"]: one.answer["amount"] for one in _acknowledged(history, "initiate")}
    for session, taken in books.captured.items():
        if session in amounts and taken != amounts[session]:
            yield f"session {session} was over {amounts[session]}, as was told, and the bank took {taken}"


def _payments_are_taken(history: History, books: Ledger) -> Iterator[str]:
    for one in _acknowledged(history, "pay"):
        if one.answer["status"] == "CAPTURED" and one.request.about not in books.captured:
            yield f"session {one.request.about} was acknowledged as CAPTURED and the bank took nothing"


def _what_is_there_is_found(history: History, _: Ledger) -> Iterator[str]:
    """All that customers ask about was acknowledged to them before."""
    for request, why in history.refused:
        # Whoever accepts an offer that was taken back is not told that there was one.
        if why.startswith("404") and not (request.kind == "accept" and "OFFER_NOT_FOUND" in why):
            yield f"{request.kind} {request.about}: {why}"


def _tickets_are_whose_it_was_told(history: History, books: Ledger) -> Iterator[str]:
    returned = {one.request.about for one in _acknowledged(history, "return")}
    for how, may_be in MOVED.items():
        for one in _acknowledged(history, how):
            state, holder = books.offers.get(one.request.about, ("not there", ""))
            if state not in may_be or (one.request.about in returned and state != "RETURNED"):
                yield f"offer {one.request.about} is {state}, and was answered {how}"
            if state == "ACCEPTED" and how == "accept" and holder != one.request.user:
                yield f"the ticket of offer {one.request.about} is {holder}'s, and {one.request.user} has accepted it"


def _no_money_for_seats_of_others(history: History, books: Ledger) -> Iterator[str]:
    passed_on = {one.request.about for one in _acknowledged(history, "offer") if _is_held(one.answer["id"], books)}
    for one in _acknowledged(history, "refund"):
        if one.request.about in passed_on:
            yield f"booking {one.request.about} was refunded, and somebody else holds a ticket of it"


def _is_held(offer_id: str, books: Ledger) -> bool:
    return books.offers.get(offer_id, ("", ""))[0] == "ACCEPTED"


def _acknowledged(history: History, kind: str) -> Iterator[Acknowledged]:
    return (one for one in history.acknowledged if one.request.kind == kind)


def _asked(history: History, kind: str) -> set[str]:
    return {request.about for request in history.asked if request.kind == kind}


RULES: dict[str, Callable[[History, Ledger], Iterator[str]]] = {
    "a hold that was acknowledged was made": _holds_were_made,
    "a booking that was acknowledged is there, as it was told": _bookings_are_there,
    "a booking that was seen CONFIRMED stays so, or was given back by its user": _confirmed_stays,
    "a booking that was cancelled stays so": _cancelled_stays,
    "a refund that was acknowledged is made": _refunds_are_made,
    "what was acknowledged is found": _what_is_there_is_found,
    "nothing happens that nobody asked for": _nothing_happens_unasked,
    "equal requests under one key have equal answers": _repetitions_are_answered_alike,
    "a seat is sold once": _seats_are_sold_once,
    "nobody pays more than was told": _nobody_pays_more_than_told,
    "a payment that was acknowledged was taken": _payments_are_taken,
    "a ticket that was passed on is whose it was told to be": _tickets_are_whose_it_was_told,
    "a buyer gets no money for a seat that somebody else holds": _no_money_for_seats_of_others,
}

MOVED = {
    "accept": ("ACCEPTED", "RETURNED"),
    "decline": ("DECLINED",),
    "withdraw": ("WITHDRAWN",),
    "return": ("RETURNED",),
}
"""What an offer may be at the end of a storm, by how it was moved."""
OFFERS = "SELECT o.id::text, o.state, t.user_id::text FROM ticket_offers o JOIN tickets t ON t.id = o.ticket_id"

BOOKINGS = """
    SELECT id::text, user_id::text, show_id::text,
        CASE WHEN state = 'CONFIRMED' AND refund_count > 0 THEN 'REFUNDING' ELSE state END,
        coalesce(final_amount, total_amount), currency,
        ARRAY(SELECT seat_id::text FROM booking_seats s WHERE s.booking_id = b.id), idempotency_key,
        refund_amount, refund_stuck OR EXISTS (SELECT FROM booking_refunds r WHERE r.booking_id = b.id AND r.stuck)
    FROM bookings b
"""
"""All refunds of a storm are of whole bookings: one that has a refund is REFUNDING until that is over."""
NET = """
    SELECT p.booking_id::text, sum(l.amount)::int - coalesce((
        SELECT sum(r.amount) FROM refunds r JOIN payments o ON o.id = r.payment_id
        WHERE o.booking_id = p.booking_id AND r.state = 'STUCK' AND r.cause <> 'REQUESTED'
    ), 0)::int
    FROM payments p JOIN bank.ledger l ON l.session_id = p.session_id GROUP BY p.booking_id
"""
STUCK = """
    SELECT p.booking_id::text, sum(r.amount)::int FROM refunds r JOIN payments p ON p.id = r.payment_id
    WHERE r.state = 'STUCK' AND r.cause <> 'REQUESTED' GROUP BY 1
"""
CAPTURED = "SELECT session_id, sum(amount)::int FROM bank.ledger WHERE kind = 'CAPTURE' GROUP BY session_id"
METHODS = """
    SELECT p.booking_id::text, s.payment_method FROM payments p JOIN bank.sessions s ON s.id = p.session_id
    WHERE s.payment_method IS NOT NULL
"""
HOLDS = "SELECT show_id::text, seat_id::text, expires_at FROM seat_changes WHERE status = 'HELD'"
