"""Tickets at the door: each lets in once, on any number of gates and replicas, and otherwise it is told why not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import admissions_pb2 as pb
from boxoffice.booking.v1 import admissions_pb2_grpc, gates_pb2
from boxoffice.events.v1 import events_pb2

from services.booking.clients import InventoryClient
from services.booking.errors import TicketAdmitted
from services.booking.gates.operation import Credentials, note_times
from services.booking.tickets.keyring import TicketKeys
from services.chassis.store.database import Database
from services.chassis.wire.identity import Caller
from tests.booking.doors import VAULT, Door, check_standing, codes_of, in_future, listed, make_gate, undo, unknown
from tests.booking.house import ANN, BOB, House, move_clocks, reason, refused
from tests.booking.test_guests import NAME, block, guests
from tests.booking.test_office import OURS, THEIRS, owned
from tests.booking.test_show_cancellations import cancel, swept
from tests.booking.test_tickets import grant, statuses
from tests.booking.wiring import OPENS, wired_admissions
from tests.databases import opened
from tests.patience import eventually
from tests.servers import served

MANAGER = Caller(BOB, frozenset({"USER"}), memberships={OURS: "MANAGER"})


@pytest.fixture
def starts_in() -> timedelta:
    return timedelta(hours=2)


@pytest.fixture
async def door(house: House) -> AsyncIterator[Door]:
    yield await make_gate(house)
    await check_standing(house)


async def test_a_ticket_lets_in_once_and_the_gate_is_told_what_it_needs(house: House, door: Door) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    first, second = await codes_of(house, booking)
    await house.db.execute("UPDATE booking_seats SET features = 'AISLE,WHEELCHAIR' WHERE position = 0")
    answer = await door.scan(first)
    assert (answer.result, answer.seat_label, answer.section, answer.tier) == (
        pb.Scan.ADMITTED,
        "Stalls A1",
        "Stalls",
        1,
    )
    assert (answer.kind, list(answer.features), answer.guest_name) == ("ADULT", ["AISLE", "WHEELCHAIR"], "")
    assert await statuses(house, booking) == ["ADMITTED", "VALID"]
    other = await make_gate(house, "South")
    for gate in (door, other):
        again = await gate.scan(first)
        assert (again.result, again.at_gate, again.used_at) == (pb.Scan.ALREADY_USED, "North", answer.scanned_at)
    assert await other.result(second) == "ADMITTED"
    scans = await listed(house)
    assert [(scan.gate_name, pb.Scan.Result.Name(scan.result), scan.came_in) for scan in scans] == [
        ("North", "ADMITTED", True),
        ("North", "ALREADY_USED", False),
        ("South", "ALREADY_USED", False),
        ("South", "ADMITTED", True),
    ]
    assert [scan.first_scan_id for scan in scans] == ["", scans[0].id, scans[0].id, ""]
    assert await listed(house, conflicts=True) == []


async def test_a_scan_that_comes_again_is_answered_the_same(house: House, door: Door) -> None:
    booking = await house.confirmed(ANN, 0)
    [code] = await codes_of(house, booking)
    for shown, key in ((code, "one"), ("nonsense", "two"), (code, "three")):
        answers = await asyncio.gather(*(door.scan(shown, key) for _ in range(5)))
        assert answers == [answers[0]] * 5
        assert await door.scan(shown, key) == answers[0]
    assert len(await listed(house)) == 3
    assert (await refused(door.scan("other", "one"))).reason == "IDEMPOTENCY_KEY_REUSED"
    other = await make_gate(house, "South")
    assert await other.result(code, "one") == "ALREADY_USED", "a key is a gate's"
    # Also once it was taken back.
    await undo(house, (await listed(house))[0].id)
    assert await door.result(code, "one") == "ADMITTED" and await statuses(house, booking) == ["VALID"]


async def test_what_is_no_code_is_one_scan_too_where_it_comes_twice_at_once(house: House, door: Door) -> None:
    """No ticket's lock has the second one wait, but the row of the first one, which another replica writes."""
    answer = await door.scan("nonsense", "another")
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%INSERT INTO scans%%'"
    async with house.db.transaction() as elsewhere:
        await elsewhere.fetch("UPDATE scans SET key = 'one' RETURNING id")
        scanning = asyncio.ensure_future(door.scan("nonsense", "one"))
        await eventually(lambda: house.db.fetch(waiting))
    assert await scanning == answer and len(await listed(house)) == 1


async def test_a_guest_is_known_by_name_which_is_not_kept_with_the_scan(house: House, door: Door) -> None:
    await block(house, 0)
    [code] = await codes_of(house, await guests(house, 0, key="once"))
    for _ in range(2):
        assert (await door.scan(code, "one")).guest_name == NAME
    assert (await door.scan(code)).guest_name == NAME
    assert all(NAME.encode() not in bytes(row.answer) for row in await house.db.fetch("SELECT answer FROM scans"))
    await house.db.execute("UPDATE bookings SET guest_name = ''")
    assert (await door.scan(code, "one")).guest_name == ""


async def test_a_gate_is_told_why_a_ticket_does_not_let_in(house: House, door: Door) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    given_back, replaced, elsewhere = await codes_of(house, booking)
    await grant(house, booking, 0)
    await house.db.execute(
        "UPDATE tickets SET revision = 2 WHERE id = %(id)s", {"id": UUID(booking.seats[1].ticket_id)}
    )
    await house.db.execute(
        "UPDATE tickets SET show_id = %(to)s WHERE id = %(id)s", {"to": uuid4(), "id": UUID(booking.seats[2].ticket_id)}
    )
    assert await door.result(given_back) == "REVOKED"
    assert await door.result(replaced) == "CODE_REPLACED"
    other = await door.scan(elsewhere)
    assert (other.result, other.ticket_id, other.seat_label) == (pb.Scan.OTHER_SHOW, "", "")
    nothing = await door.scan("nonsense")
    assert (nothing.result, nothing.ticket_id) == (pb.Scan.UNKNOWN_CODE, "")
    forged = given_back[:-3] + "000"
    assert await door.result(forged) == "UNKNOWN_CODE"


@pytest.mark.parametrize("starts_in", [timedelta(days=3)])
async def test_doors_are_open_from_a_while_before_the_show_until_it_ends(house: House, door: Door) -> None:
    one, two = await codes_of(house, await house.confirmed(ANN, 0, 1))
    early = await door.scan(one)
    assert early.result == pb.Scan.TOO_EARLY
    [times] = await house.db.fetch("SELECT starts_at, ends_at FROM show_times")
    assert early.opens_at.ToDatetime(times.starts_at.tzinfo) == times.starts_at - OPENS
    await move_clocks(house, "69 hours 1 minute")
    assert await door.result(one) == "ADMITTED"
    await move_clocks(house, "74 hours 1 minute")
    assert await door.result(two) == "SHOW_OVER"
    # It starts later: what inventory tells counts, in whichever order it comes.
    moved = events_pb2.ShowEvent(kind=events_pb2.ShowEvent.RESCHEDULED, show_id=house.show_id, revision=3)
    moved.start_time.CopyFrom(in_future(5))
    moved.end_time.CopyFrom(in_future(5.1))
    older = events_pb2.ShowEvent(kind=events_pb2.ShowEvent.RESCHEDULED, show_id=house.show_id, revision=2)
    older.start_time.CopyFrom(in_future(3))
    older.end_time.CopyFrom(in_future(3.1))
    for told in ([moved], [older], [older, moved]):
        async with house.db.transaction() as tx:
            await note_times(tx, told)
        assert await door.result(two) == "TOO_EARLY"


async def test_nobody_comes_in_to_a_show_that_is_cancelled(house: House, door: Door) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    one, two = await codes_of(house, booking)
    assert await door.result(one) == "ADMITTED"
    await cancel(house)
    assert await door.result(two) == "SHOW_CANCELLED"
    await swept(house)
    assert await statuses(house, booking) == ["REVOKED"] * 2
    assert await door.result(two) == "REVOKED" and await door.result(one) == "REVOKED"


async def test_many_gates_on_two_replicas_let_a_ticket_in_once(house: House, door: Door) -> None:
    booking = await house.confirmed(ANN, *range(6))
    shown = await codes_of(house, booking)
    others = [await make_gate(house, f"Gate {number}") for number in range(3)]
    async with opened(house.db._pool.conninfo) as db:
        servicer = wired_admissions(db, TicketKeys(db, VAULT), InventoryClient(house.to_inventory))
        add = admissions_pb2_grpc.add_AdmissionServiceServicer_to_server
        async with served(lambda server: add(servicer, server)) as channel:
            replica = admissions_pb2_grpc.AdmissionServiceStub(channel)
            results = await asyncio.gather(
                *(
                    gate.result(code, admissions=at)
                    for code in shown
                    for gate in (door, *others)
                    for at in (None, replica)
                )
            )
        await servicer.desk.close()
    assert (results.count("ADMITTED"), results.count("ALREADY_USED")) == (6, 42)
    assert len(await house.db.fetch("SELECT FROM admissions WHERE undone_at IS NULL")) == 6


async def test_a_scan_and_a_refund_at_once_are_one_after_the_other(house: House, door: Door) -> None:
    bookings = [await house.confirmed(uuid4(), number) for number in range(8)]
    house.callers.append(MANAGER)
    shown = [(await codes_of(house, booking))[0] for booking in bookings]

    async def refunds(number: int) -> str:
        try:
            await grant(house, bookings[number], number)
        except grpc.aio.AioRpcError as error:
            assert reason(error).reason == TicketAdmitted.reason
            return "kept"
        return "given back"

    outcomes = await asyncio.gather(
        *(asyncio.gather(door.result(code), refunds(number)) for number, code in enumerate(shown))
    )
    assert set(map(tuple, outcomes)) <= {("ADMITTED", "kept"), ("REVOKED", "given back")}
    for booking, outcome in zip(bookings, outcomes, strict=True):
        assert await statuses(house, booking) == ["ADMITTED" if outcome[0] == "ADMITTED" else "REVOKED"]


async def test_an_admission_is_taken_back_once_with_who_and_why(house: House, door: Door) -> None:
    booking = await house.confirmed(ANN, 0)
    [code] = await codes_of(house, booking)
    await door.scan(code)
    await door.scan(code)
    first, second = await listed(house)
    house.callers.append(MANAGER)
    assert (await refused(grant(house, booking, 0))).reason == TicketAdmitted.reason
    undone = await undo(house, first.id)
    assert (undone.undo.reason, undone.undo.user_id) == ("wrong person", "") and undone.undo.HasField("time")
    assert await undo(house, first.id, reason="again") == undone
    assert await statuses(house, booking) == ["VALID"]
    assert await door.result(code) == "ADMITTED"
    assert await undo(house, first.id) == undone and await statuses(house, booking) == ["ADMITTED"]
    assert (await refused(undo(house, second.id))).reason == "SCAN_NOT_ADMITTED"
    assert (await refused(undo(house, unknown()))).reason == "SCAN_NOT_FOUND"
    assert (await refused(undo(house, first.id, show=unknown()))).reason == "SHOW_NOT_FOUND"
    assert (await listed(house))[0] == undone


async def test_what_was_given_back_after_an_admission_is_not_good_again(house: House, door: Door) -> None:
    booking = await house.confirmed(ANN, 0)
    [code] = await codes_of(house, booking)
    await door.scan(code)
    await owned(house)
    await house.db.execute("UPDATE bookings SET organization_id = %(id)s", {"id": OURS})
    house.callers.append(Caller(BOB, frozenset({"USER"}), memberships={OURS: "OWNER"}))
    await grant(house, booking, 0)
    assert await statuses(house, booking) == ["REVOKED"]
    await undo(house, (await listed(house))[0].id)
    assert await statuses(house, booking) == ["REVOKED"] and await door.result(code) == "REVOKED"


async def test_a_gate_is_for_its_shows_and_until_its_end(house: House, door: Door) -> None:
    [code] = await codes_of(house, await house.confirmed(ANN, 0))
    assert (await refused(door.scan(code, show=unknown()))).reason == "GATE_NOT_FOR_SHOW"
    ended = await make_gate(house, "South", days=0.01)
    asked = pb.GetGateRequest(gate_id=ended.gate.id)
    told = await house.admissions.GetGate(asked)
    [times] = told.shows
    assert (told.gate.name, told.gate.credential, times.show_id) == ("South", "", house.show_id)
    assert times.opens_at.ToDatetime() == times.starts_at.ToDatetime() - OPENS
    assert (
        times.opens_at.ToDatetime() < told.time.ToDatetime() < times.starts_at.ToDatetime() < times.ends_at.ToDatetime()
    )
    await move_clocks(house, "20 minutes")
    for over in (ended.scan(code), house.admissions.GetGate(asked)):
        assert (await refused(over)).reason == "GATE_NOT_FOUND"
    await house.gates.RevokeGate(gates_pb2.RevokeGateRequest(gate_id=door.gate.id))
    assert (await refused(door.scan(code))).reason == "GATE_NOT_FOUND"
    nobody = pb.CheckInTicketRequest(show_id=house.show_id, code=code)
    assert (await refused(house.admissions.CheckInTicket(nobody))).reason == "INVALID_FIELD"
    assert await listed(house) == []


async def test_a_credential_is_shown_once_kept_as_a_hash_rotated_and_revoked(
    house: House, booking_db: Database
) -> None:
    await owned(house)
    credentials = Credentials(house.db)
    made = (await make_gate(house, of=OURS, key="once")).gate
    assert len(made.credential) == 43 and await credentials.gate_of(made.credential) == UUID(made.id)
    again = (await make_gate(house, of=OURS, key="once")).gate
    assert (again.id, again.credential) == (made.id, "")
    kept = await house.db.fetch("SELECT g::text AS row FROM gates g UNION ALL SELECT k::text FROM idempotency_keys k")
    assert all(made.credential not in row.row and made.credential.encode().hex() not in row.row for row in kept)
    [gate] = (await house.gates.ListGates(gates_pb2.ListGatesRequest(organization_id=str(OURS)))).gates
    assert gate == again and list(gate.show_ids) == [house.show_id]
    for nobodys in ("", str(THEIRS)):
        assert list((await house.gates.ListGates(gates_pb2.ListGatesRequest(organization_id=nobodys))).gates) == []
        rotate = gates_pb2.RotateGateRequest(gate_id=made.id, organization_id=nobodys)
        assert (await refused(house.gates.RotateGate(rotate))).reason == "GATE_NOT_FOUND"
        revoke = gates_pb2.RevokeGateRequest(gate_id=made.id, organization_id=nobodys)
        assert (await refused(house.gates.RevokeGate(revoke))).reason == "GATE_NOT_FOUND"
        assert (await refused(make_gate(house, of=THEIRS if nobodys else None))).reason == "INVALID_FIELD"
    rotate = gates_pb2.RotateGateRequest(gate_id=made.id, organization_id=str(OURS))
    rotated = await house.gates.RotateGate(rotate)
    assert await credentials.gate_of(made.credential) is None
    assert await credentials.gate_of(rotated.credential) == UUID(made.id)
    revoke = gates_pb2.RevokeGateRequest(gate_id=made.id, organization_id=str(OURS))
    revoked = await house.gates.RevokeGate(revoke)
    assert await house.gates.RevokeGate(revoke) == revoked and revoked.HasField("revoked_at")
    assert await credentials.gate_of(rotated.credential) is None
    assert (await refused(house.gates.RotateGate(rotate))).reason == "GATE_OVER"
    assert (await refused(make_gate(house, of=OURS, days=-1))).reason == "INVALID_FIELD"
    twice = gates_pb2.CreateGateRequest(name="North", show_ids=[house.show_id, house.show_id.upper()])
    twice.organization_id, twice.ends_at.seconds = str(OURS), in_future(1).seconds
    assert (await refused(house.gates.CreateGate(twice))).reason == "INVALID_FIELD"
