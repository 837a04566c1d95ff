"""The invariants are worth something: each of them sees its faults, and nothing else is called one."""

import re
from collections.abc import AsyncIterator

import pytest

from stack.audit import SOURCES, Scratch, check, copy, scratch
from stack.invariants import ALWAYS, AT_REST, INVARIANTS, Invariant
from stack.launcher import Stack
from tests.system.client import new_user, ok
from tests.system.conftest import opened_client
from tests.system.damages import DAMAGES, Damage
from tests.system.databases import at_rest, later

STUCK_AS_REQUESTED = """
    UPDATE booking.bookings SET state = 'REFUNDING', refund_stuck = true, lease_until = now() WHERE state = 'REFUNDED';
    UPDATE payment.refunds SET state = 'STUCK', stuck_reason = 'declined' WHERE cause = 'REQUESTED'
"""
STUCK_WITHOUT_TICKET = "UPDATE payment.refunds SET state = 'STUCK', stuck_reason = 'declined' WHERE cause = 'NO_TICKET'"
NOTHING_WENT_BACK = """
    UPDATE payment.payments p SET state = 'SUCCESS', refunded_amount = 0
        FROM payment.refunds r WHERE r.payment_id = p.id AND r.state = 'STUCK';
    UPDATE bank.refunds b SET status = 'DECLINED' FROM payment.refunds r WHERE r.id = b.id AND r.state = 'STUCK';
    UPDATE bank.sessions s SET refunded_amount = 0
        FROM bank.refunds b WHERE b.session_id = s.id AND b.status = 'DECLINED';
    DELETE FROM bank.ledger l USING bank.refunds b WHERE b.id = l.refund_id AND b.status = 'DECLINED'
"""


def broken(copies: Scratch, *damages: str) -> dict[str, str]:
    """Do some damage, and return what the invariants say, by their names; undo the damage."""
    with copies.transaction(force_rollback=True):
        for damage in damages:
            copies.execute(damage.encode())
        return {result.invariant.name: str(result) for result in check(copies) if result.violations}


@pytest.fixture(scope="module")
async def copies(stack: Stack) -> AsyncIterator[Scratch]:
    """The databases, copied, with a booking in each state and money that went back."""
    async with opened_client(stack) as client:
        show = await client.make_show()
        await client.make_show()  # nobody wants to see it
        late = await client.booked(show, new_user(), show.seats[11:12])
        session = await client.session(late)
        ok(await client.ask("POST", f"payments/simulate/{session}", {"paymentMethod": "pm_late"}))
        ok(await client.cancel(late))
        async with later(stack.server, "21 minutes", "bank"):
            await client.until_payment(late["id"], "REFUNDED")
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
    with scratch(stack.server.url) as connection:
        copy(stack.server.url, connection)
        yield connection


def test_all_invariants_hold_and_each_has_something_to_look_at(copies: Scratch) -> None:
    results = check(copies)
    assert [str(result) for result in results if result.violations] == []
    assert [result.invariant.name for result in results if not result.checked] == []


def test_every_invariant_is_tried_and_no_other() -> None:
    names = [invariant.name for invariant in INVARIANTS]
    assert len(set(names)) == len(names)
    assert {damage.invariant for damage in DAMAGES} == set(names)
    assert len({(damage.name, damage.invariant) for damage in DAMAGES}) == len(DAMAGES) >= 100


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: f"{damage.invariant}: {damage.name}")
def test_an_invariant_sees_its_fault(copies: Scratch, damage: Damage) -> None:
    assert damage.invariant in broken(copies, damage.sql)


def test_refunds_shown_as_stuck_are_no_faults(copies: Scratch) -> None:
    assert broken(copies, STUCK_AS_REQUESTED, NOTHING_WENT_BACK) == {}
    assert broken(copies, STUCK_WITHOUT_TICKET, NOTHING_WENT_BACK) == {}


def test_seat_rows_of_bookings_that_came_to_nothing_may_be_archived(copies: Scratch) -> None:
    archive = (
        "DELETE FROM booking.booking_seats WHERE booking_id IN (SELECT id FROM booking.bookings WHERE state = '{}')"
    )
    assert broken(copies, archive.format("CANCELLED")) == {}
    assert "the-price-is-that-of-the-seats" in broken(copies, archive.format("CONFIRMED"))


def test_a_fault_is_told_in_words_with_some_of_its_rows(copies: Scratch) -> None:
    with copies.transaction(force_rollback=True):
        copies.execute("UPDATE inventory.show_seats SET price = 0")
        [result] = check(copies, [ALWAYS[0]])
    assert result.violations == result.checked > 10
    first, *rows, last = str(result).splitlines()
    assert first == f"{ALWAYS[0].name}: {ALWAYS[0].why}"
    assert len(rows) == 10 and all(row.startswith("    show_id=") and row.endswith("  price=0") for row in rows)
    assert last == f"    and {result.violations - 10:,} more"


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda invariant: invariant.name)
def test_what_holds_at_any_time_looks_at_one_database_at_one_instant(invariant: Invariant) -> None:
    of_schema = {name: database for database, schemas in SOURCES.items() for name, _ in schemas}
    seen = {of_schema[name] for name in re.findall(rf"\b({'|'.join(of_schema)})\.\w+", invariant.sql)}
    looked_at = {of_schema[what.partition(".")[0]] for what in invariant.looks_at}
    assert looked_at <= seen
    assert len(seen) == 1 or invariant in AT_REST
