"""Scans beside what changes their show: one waits for the other, whichever came first."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from uuid import UUID

import pytest
from boxoffice.booking.v1 import admissions_pb2 as pb
from boxoffice.events.v1 import events_pb2

from services.booking.gates.operation import note_times
from services.booking.tickets import codes, keyring, renewal
from services.chassis.store.database import Transaction
from tests.booking.doors import VAULT, check_standing, codes_of, in_future, make_gate
from tests.booking.house import ANN, BOB, House
from tests.booking.test_show_cancellations import cancel, swept
from tests.booking.test_tickets import statuses
from tests.patience import eventually


@pytest.fixture
def starts_in() -> timedelta:
    return timedelta(hours=2)


LOCK = "SELECT id FROM bookings WHERE id = %(id)s FOR UPDATE"


async def until_waiting(house: House, statement: str) -> None:
    """Wait until a session waits for a lock that this statement takes."""
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %(query)s"
    await eventually(lambda: house.db.fetch(waiting, {"query": f"%{statement}%"}))


async def moved(house: House, tx: Transaction, days: float) -> None:
    """Have booking learn that the show was moved."""
    told = events_pb2.ShowEvent(kind=events_pb2.ShowEvent.RESCHEDULED, show_id=house.show_id, revision=9)
    told.start_time.CopyFrom(in_future(days))
    told.end_time.CopyFrom(in_future(days + 0.1))
    await note_times(tx, [told])


async def test_whoever_is_scanned_while_the_show_is_cancelled_does_not_come_in(house: House) -> None:
    booking, door = await house.confirmed(ANN, 0, 1), await make_gate(house)
    one, two = await codes_of(house, booking)
    async with house.db.transaction() as elsewhere:
        await elsewhere.fetch(LOCK, {"id": UUID(booking.id)})
        scanning = asyncio.ensure_future(door.result(one))
        await until_waiting(house, "FROM bookings WHERE id IN")
        await cancel(house)
    assert await scanning == "SHOW_CANCELLED" and await statuses(house, booking) == ["VALID"] * 2
    # The refunds of all tickets and scans of them at once.
    _, *results = await asyncio.gather(swept(house), *(door.result(code) for code in (one, two) * 8))
    assert set(results) <= {"SHOW_CANCELLED", "REVOKED"}
    assert await statuses(house, booking) == ["REVOKED"] * 2
    await check_standing(house)


async def test_whoever_came_in_while_the_show_was_being_cancelled_gets_the_money_back(house: House) -> None:
    bookings = [await house.confirmed(ANN, 0), await house.confirmed(BOB, 1, 2)]
    door = await make_gate(house)
    shown = [code for booking in bookings for code in await codes_of(house, booking)]
    _, *results = await asyncio.gather(cancel(house), *(door.result(code) for code in shown * 4))
    assert set(results) <= {"ADMITTED", "ALREADY_USED", "SHOW_CANCELLED"}
    assert results.count("ADMITTED") <= 3 and {await door.result(code) for code in shown} <= {
        "ALREADY_USED",
        "SHOW_CANCELLED",
    }
    await swept(house)
    assert [await statuses(house, booking) for booking in bookings] == [["REVOKED"], ["REVOKED"] * 2]


async def test_a_scan_and_a_move_of_the_show_are_one_after_the_other(house: House) -> None:
    booking, door = await house.confirmed(ANN, 0, 1), await make_gate(house)
    one, two = await codes_of(house, booking)

    async def move(days: float) -> None:
        async with house.db.transaction() as tx:
            await moved(house, tx, days)

    # The scan came first: it has the show's times, and waits for its booking.
    async with house.db.transaction() as elsewhere:
        await elsewhere.fetch(LOCK, {"id": UUID(booking.id)})
        scanning = asyncio.ensure_future(door.result(one))
        await until_waiting(house, "FROM bookings WHERE id IN")
        moving = asyncio.ensure_future(move(5))
        await until_waiting(house, "INSERT INTO show_times")
    assert await scanning == "ADMITTED"
    await moving
    assert await door.result(two) == "TOO_EARLY"
    # The move came first.
    await house.db.execute("UPDATE show_times SET starts_at = boxoffice_clock(), revision = 2")
    async with house.db.transaction() as elsewhere:
        await moved(house, elsewhere, 5)
        await elsewhere.fetch("SELECT FROM show_times")  # what is sent is carried out by then
        scanning = asyncio.ensure_future(door.result(two))
        await until_waiting(house, "FROM show_times")
    assert await scanning == "TOO_EARLY" and await statuses(house, booking) == ["ADMITTED", "VALID"]
    await check_standing(house)


async def test_a_code_by_an_old_key_lets_in_once_with_a_connection_and_is_on_the_door_list(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "KEPT_SECONDS", -1.0)  # keys are read anew each time
    booking, door = await house.confirmed(ANN, 0, 1), await make_gate(house, offline="HOME")
    one, two = await codes_of(house, booking)
    assert await renewal.rotate(house.db, VAULT)
    # As if the old key had signed two days ago, and the new one a day later.
    for number, ago in ((0, "50 hours"), (1, "25 hours")):
        await house.db.execute(
            "UPDATE ticket_keys SET created_at = created_at - %(ago)s::interval WHERE number = %(number)s",
            {"ago": ago, "number": number},
        )
    await house.db.execute("UPDATE tickets SET issued_at = issued_at - interval '2 hours'")
    [newest] = await codes_of(house, await house.confirmed(BOB, 2))
    assert [codes.parse(code)[0].key_number for code in (*await codes_of(house, booking), newest)] == [0, 0, 1]
    asked = pb.DownloadDoorListRequest(gate_id=door.gate.id, show_id=house.show_id)
    parts = [part async for part in house.admissions.DownloadDoorList(asked)]
    listed = {ticket.code_hash for part in parts for ticket in part.tickets}
    assert listed == {hashlib.sha256(code.encode()).hexdigest() for code in (one, two, newest)}
    for code in (one, newest):
        assert [await door.result(code), await door.result(code)] == ["ADMITTED", "ALREADY_USED"]
    await check_standing(house)
