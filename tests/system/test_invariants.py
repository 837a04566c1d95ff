"""The invariants are worth something: each of them sees its fault."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from stack.launcher import Stack
from tests.system.client import new_user, ok
from tests.system.conftest import opened_client
from tests.system.databases import at_rest
from tests.system.invariants import INVARIANTS, collected, violations

Connection = psycopg.Connection[dict[str, Any]]

OF_CONFIRMED = "(SELECT id FROM booking.bookings WHERE state = 'CONFIRMED' LIMIT 1)"
SESSION_OF_CONFIRMED = f"(SELECT session_id FROM booking.captures WHERE booking_id = {OF_CONFIRMED})"

DAMAGES = {
    "claimed-seats-have-their-reservation": (
        "UPDATE inventory.reservations SET state = 'RELEASED' WHERE state = 'CONFIRMED'",
        "UPDATE inventory.show_seats SET booking_id = gen_random_uuid() WHERE status = 'BOOKED'",
        "UPDATE inventory.show_seats SET holder_id = gen_random_uuid() WHERE status = 'RESERVED'",
        "UPDATE inventory.show_seats SET status = 'BOOKED', expires_at = NULL WHERE status = 'RESERVED'",
        "UPDATE inventory.show_seats SET expires_at = expires_at + interval '1 second' WHERE status = 'RESERVED'",
        "UPDATE inventory.reservations SET seat_ids = seat_ids[2:] WHERE state = 'CONFIRMED'",
    ),
    "reservations-have-all-their-seats": (
        "UPDATE inventory.show_seats SET status = 'AVAILABLE', booking_id = NULL WHERE status = 'RESERVED'",
        "DELETE FROM inventory.show_seats WHERE status = 'BOOKED'",
    ),
    "seat-limit": (
        "UPDATE inventory.show_seats SET holder_id = (SELECT holder_id FROM inventory.show_seats"
        " WHERE status = 'BOOKED' LIMIT 1)",
    ),
    "gapless-numbers": (
        "UPDATE inventory.show_counters SET sequence = sequence + 1",
        "UPDATE inventory.seat_changes SET sequence = sequence + 1 WHERE sequence > 1",
    ),
    "last-change-is-what-the-seat-is": (
        "UPDATE inventory.show_seats SET status = 'AVAILABLE', expires_at = NULL WHERE status <> 'AVAILABLE'",
    ),
    "a-seat-is-sold-once": (
        "INSERT INTO booking.bookings (id, show_id, state) SELECT '00000000-0000-0000-0000-000000000001', show_id,"
        f" 'CONFIRMED' FROM booking.bookings WHERE id = {OF_CONFIRMED};"
        "INSERT INTO booking.booking_seats (booking_id, seat_id) SELECT '00000000-0000-0000-0000-000000000001', seat_id"
        " FROM booking.booking_seats s JOIN booking.bookings b ON b.id = s.booking_id WHERE b.state = 'CONFIRMED'",
    ),
    "the-price-is-that-of-the-seats": ("UPDATE booking.bookings SET total_amount = total_amount - 1",),
    "refunds-stay-within-the-capture": (
        "INSERT INTO bank.ledger SELECT * FROM bank.ledger WHERE kind = 'REFUND'",
        "UPDATE bank.sessions SET refunded_amount = 1 WHERE status = 'CAPTURED'",
        "UPDATE bank.sessions SET status = 'DECLINED' WHERE status = 'CAPTURED'",
    ),
    "payments-count-their-refunds": (
        "UPDATE payment.payments SET refunded_amount = 0 WHERE state = 'REFUNDED'",
        "INSERT INTO payment.refunds SELECT * FROM payment.refunds",
    ),
    "a-payment-never-regresses": (
        "UPDATE payment.payments SET state = 'SUCCESS' WHERE state = 'FAILED'",
        "UPDATE payment.payments SET state = 'SUCCESS' WHERE state = 'PENDING'",
    ),
    "sessions-are-what-payments-asked-for": (
        "UPDATE bank.sessions SET amount = amount + 1",
        "DELETE FROM payment.payments WHERE state = 'SUCCESS'",
    ),
    "no-saga-is-unfinished": ("UPDATE booking.bookings SET state = 'REFUNDING' WHERE state = 'REFUNDED'",),
    "nothing-is-left-to-tell": (
        "INSERT INTO booking.outbox (id, topic) VALUES (gen_random_uuid(), 'releases')",
        "INSERT INTO payment.outbox (id, topic, dead_at) VALUES (gen_random_uuid(), 'captures', now())",
        "UPDATE bank.deliveries SET delivered_at = NULL",
    ),
    "no-refund-is-under-way": ("UPDATE payment.refunds SET state = 'REQUESTED'",),
    "booked-seats-are-those-of-confirmed-bookings": (
        "UPDATE booking.bookings SET state = 'EXPIRED' WHERE state = 'CONFIRMED'",
        "UPDATE booking.bookings SET state = 'CONFIRMED' WHERE state = 'REFUNDED'",
        "DELETE FROM booking.booking_seats",
        "UPDATE inventory.show_seats SET status = 'AVAILABLE', booking_id = NULL WHERE status = 'BOOKED'",
    ),
    "claims-follow-bookings": (
        "UPDATE booking.bookings SET state = 'PENDING' WHERE state = 'CONFIRMED'",
        "DELETE FROM booking.bookings WHERE state = 'PENDING'",
        "DELETE FROM inventory.reservations WHERE state = 'REFUSED'",
        "UPDATE inventory.reservations SET state = 'RELEASED' WHERE state = 'CONFIRMED'",
    ),
    "no-money-without-a-ticket": (
        "UPDATE booking.bookings SET state = 'EXPIRED' WHERE state = 'CONFIRMED'",
        "UPDATE booking.bookings SET state = 'CONFIRMED' WHERE state = 'PENDING'",
        "UPDATE booking.bookings SET refund_amount = refund_amount - 1",
        "DELETE FROM bank.ledger WHERE kind = 'REFUND'",
        "DELETE FROM booking.bookings WHERE state = 'CONFIRMED'",
    ),
    "one-capture-is-kept": (
        f"INSERT INTO bank.sessions SELECT * FROM bank.sessions WHERE id = {SESSION_OF_CONFIRMED}",
    ),
    "payment-sees-what-the-bank-did": (
        "UPDATE payment.payments SET state = 'SUCCESS' WHERE state = 'REFUNDED'",
        "UPDATE payment.payments SET state = 'EXPIRED' WHERE state = 'PENDING'",
    ),
    "booking-heard-of-every-capture": (
        "DELETE FROM booking.captures",
        "UPDATE booking.captures SET settlement = 'CONFIRM' WHERE settlement = 'KEPT'",
        "UPDATE booking.captures SET amount = amount + 1",
    ),
    "ended-bookings-cannot-be-paid": (
        "UPDATE bank.sessions SET status = 'OPEN', expires_at = now() + interval '1 hour' WHERE status = 'CLOSED'",
    ),
}


@pytest.fixture(scope="module")
async def scratch(stack: Stack) -> AsyncIterator[Connection]:
    """The databases, collected, with a booking in each state."""
    async with opened_client(stack) as client:
        show = await client.make_show()
        ok(await client.hold(show, new_user(), show.seats[:2]))
        await client.session(await client.booked(show, new_user(), show.seats[2:4]))
        await client.confirmed(show, new_user(), show.seats[4:6])
        refunded = await client.confirmed(show, new_user(), show.seats[6:8])
        ok(await client.refund(refunded))
        await client.until(refunded["id"], "REFUNDED")
        cancelled = await client.booked(show, new_user(), show.seats[8:10])
        await client.session(cancelled)
        ok(await client.cancel(cancelled))
        declined = await client.booked(show, new_user(), show.seats[10:11])
        await client.pay(await client.session(declined), "DECLINE")
        await client.until_payment(declined["id"], "FAILED")
        await at_rest(stack.server)
        await client.until_payment(cancelled["id"], "FAILED")
    with collected(stack.server) as scratch:
        yield scratch


def test_all_invariants_hold(scratch: Connection) -> None:
    assert list(map(str, violations(scratch))) == []
    scratch.rollback()


def test_every_invariant_is_tried() -> None:
    names = [invariant.name for invariant in INVARIANTS]
    assert sorted(DAMAGES) == sorted(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        pytest.param(name, damage, id=f"{name}-{number}")
        for name, damages in DAMAGES.items()
        for number, damage in enumerate(damages, 1)
    ],
)
def test_an_invariant_sees_its_fault(scratch: Connection, name: str, damage: str) -> None:
    try:
        scratch.execute(damage.encode())
        found = {violation.invariant.name for violation in violations(scratch)}
    finally:
        scratch.rollback()
    assert name in found
