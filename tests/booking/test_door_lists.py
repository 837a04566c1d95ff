"""Gates without a connection: a ticket lets in once at its home, or once at each gate, and all is listed afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from boxoffice.booking.v1 import admissions_pb2 as pb
from boxoffice.booking.v1 import gates_pb2

from boxoffice_client.gate import DoorList, Gate, Scan
from services.booking.errors import GateStaysOnline
from tests.booking.doors import Door, Wire, check_standing, codes_of, listed, make_gate, undo, unknown
from tests.booking.house import ANN, House, move_clocks, refused
from tests.booking.test_show_cancellations import cancel
from tests.booking.test_tickets import grant, statuses


@pytest.fixture
def starts_in() -> timedelta:
    return timedelta(hours=2)


OPENED: list[Device] = []


class Device:
    """A gate's device: the Python client's Gate, its wire, and its clock."""

    def __init__(self, door: Door, folder: Path) -> None:
        self.door = door
        self.wire = Wire(door, asyncio.get_running_loop())
        self.folder = folder / door.gate.id
        self.ahead = 0.0
        """How many seconds its clock shows too much."""
        self.gate = self._opened()
        OPENED.append(self)

    def _opened(self) -> Gate:
        client: Any = self.wire
        gate_id, show_id = self.door.gate.id, self.door.house.show_id
        return Gate(client, "", show_id, self.folder, gate_id=gate_id, clock=lambda: time.time() + self.ahead)

    def restart(self) -> None:
        """Have it die, and come back with what is on disk."""
        self.gate.journal.close()
        self.gate = self._opened()

    async def refresh(self) -> DoorList:
        return await asyncio.to_thread(self.gate.refresh)

    async def scan(self, code: str) -> Scan:
        return await asyncio.to_thread(self.gate.scan, code)

    async def result(self, code: str) -> str:
        return (await self.scan(code)).result

    async def sync(self) -> list[pb.CheckIn]:
        return await asyncio.to_thread(self.gate.sync)


async def a_device(house: House, folder: Path, name: str, offline: str) -> Device:
    return Device(await make_gate(house, name, offline=offline), folder)


@pytest.fixture(autouse=True)
async def in_order(house: House) -> AsyncIterator[None]:
    yield
    while OPENED:
        OPENED.pop().gate.journal.close()
    await check_standing(house)


async def test_a_door_list_has_hashes_and_seats_and_nothing_that_a_ticket_could_be_made_of(
    house: House, tmp_path: Path
) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    shown = await codes_of(house, booking)
    north = await a_device(house, tmp_path, "North", "HOME")
    await north.door.scan(shown[0])
    await grant(house, booking, 1)
    found = await north.refresh()
    assert [len(found.tickets), found.head.good_for_seconds] == [2, 3600]
    assert sorted((one.seat_label, one.is_used, one.lets_in_here) for one in found.tickets.values()) == [
        ("Stalls A1", True, True),
        ("Stalls A3", False, True),
    ]
    said = b"".join(part.SerializeToString() for part in north.wire.parts) + north.gate._kept_list.read_bytes()
    for secret in (*shown, *(code[30:60] for code in shown), str(ANN), booking.id, booking.booking_number):
        assert secret.encode() not in said
    cut_off = north.wire.parts[:-1]
    for broken in (cut_off, [cut_off[0], north.wire.parts[-1]], []):
        with pytest.raises(ValueError, match="cut off"):
            DoorList.of(broken, 0)
    await cancel(house)
    assert (await north.refresh()).tickets == {}, "nobody comes in from the wish on"


async def test_a_ticket_lets_in_at_its_home_alone_while_that_may_have_no_connection(
    house: House, tmp_path: Path
) -> None:
    booking = await house.confirmed(ANN, *range(6))
    shown = await codes_of(house, booking)
    homes = [await a_device(house, tmp_path, name, "HOME") for name in ("North", "South")]
    online = await make_gate(house, "East")
    for device in homes:
        await device.refresh()
        device.wire.is_away = True
    at_home = dict.fromkeys(shown, "")
    for code in shown:
        assert await online.result(code) == "OTHER_GATE"
        at_home[code] = (await online.scan(code)).at_gate
        results = {device.door.gate.name: await device.result(code) for device in homes}
        assert results.pop(at_home[code]) == "ADMITTED" and set(results.values()) == {"OTHER_GATE"}
        assert [await device.result(code) for device in homes].count("ADMITTED") == 0
    assert set(at_home.values()) == {"North", "South"}
    for device in homes:
        device.wire.is_away = False
        assert await device.sync() == [] and await device.sync() == []
    assert await statuses(house, booking) == ["ADMITTED"] * 6 and await listed(house, conflicts=True) == []
    assert {await online.result(code) for code in shown} == {"ALREADY_USED"}


async def test_once_a_home_is_too_old_to_be_used_its_tickets_let_in_anywhere(house: House, tmp_path: Path) -> None:
    one, two, three = await codes_of(house, await house.confirmed(ANN, 0, 1, 2))
    north, east = await a_device(house, tmp_path, "North", "HOME"), await make_gate(house, "East")
    found = await north.refresh()
    assert await east.result(one) == "OTHER_GATE"
    assert await north.result(one) == "ADMITTED", "with a connection it asks"
    north.wire.is_away = True
    north.ahead = 3601
    assert await north.result(two) == "LIST_TOO_OLD"
    north.ahead = -1
    assert await north.result(two) == "LIST_TOO_OLD", "a clock that was set back says nothing of its age"
    assert found.asked_on is not None
    found.asked_on, north.ahead = found.asked_on - 3600, 1
    assert await north.result(two) == "LIST_TOO_OLD", "nor does one that was set back by less than has passed"
    await house.gates.RevokeGate(gates_pb2.RevokeGateRequest(gate_id=north.door.gate.id))
    south = await a_device(house, tmp_path, "South", "HOME")
    listed_tickets = (await south.refresh()).tickets.values()
    assert not any(one.lets_in_here for one in listed_tickets), "nor is a home taken from it"
    assert await east.result(two) == "OTHER_GATE", "its list may still be used"
    await move_clocks(house, "61 minutes")
    assert await east.result(two) == "ADMITTED"
    await south.refresh()
    south.wire.is_away = True
    assert await south.result(three) == "ADMITTED", "it has another home"


async def test_gates_that_take_every_ticket_let_each_in_once_and_all_but_the_first_are_listed(
    house: House, tmp_path: Path
) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    code, other = await codes_of(house, booking)
    devices = [await a_device(house, tmp_path, name, "ANY") for name in ("North", "South", "West")]
    ahead = (0.0, 600.0, -600.0)
    for device, seconds in zip(devices, ahead, strict=True):
        device.ahead = seconds
        await device.refresh()
        device.wire.is_away = True
        assert [await device.result(code), await device.result(code)] == ["ADMITTED", "ALREADY_USED"]
        device.wire.is_away = False
    await grant(house, booking, 1)
    devices[0].wire.is_away = True
    assert await devices[0].result(other) == "ADMITTED", "it could not know"
    devices[0].wire.is_away = False
    conflicts = {device.door.gate.name: await device.sync() for device in devices}
    assert [one.result for one in conflicts["North"]] == [pb.Scan.REVOKED]
    assert [(one.result, one.at_gate) for one in conflicts["South"]] == [(pb.Scan.ALREADY_USED, "North")]
    shown = await listed(house, conflicts=True)
    assert [(one.gate_name, pb.Scan.Result.Name(one.result), one.first_gate_name) for one in shown] == [
        ("North", "REVOKED", ""),
        ("South", "ALREADY_USED", "North"),
        ("West", "ALREADY_USED", "North"),
    ]
    assert all(one.is_offline and one.came_in for one in shown)
    # Clocks that go ten minutes wrong are corrected, and what they showed is kept beside it.
    for one, seconds in zip(shown[1:], ahead[1:], strict=True):
        at, gate_time = one.scanned_at.ToDatetime().timestamp(), one.gate_time.ToDatetime().timestamp()
        assert abs(gate_time - at - seconds) < 60
        assert one.first_scanned_at.ToDatetime() <= one.recorded_at.ToDatetime()
    before = await listed(house)
    assert [one.result for device in devices for one in await device.sync()] == [] and await listed(house) == before


async def test_a_scan_whose_answer_is_lost_is_one_scan_whoever_judges_it_in_the_end(
    house: House, tmp_path: Path
) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    one, two = await codes_of(house, booking)
    north = await a_device(house, tmp_path, "North", "HOME")
    await north.refresh()
    north.wire.loses_answers = True
    scan = await north.scan(one)
    assert (scan.came_in, scan.is_offline) == (True, True) and await statuses(house, booking) == ["ADMITTED", "VALID"]
    north.wire.loses_answers = False
    assert await north.sync() == [] and len(await listed(house)) == 1
    # It dies before it knows: who is scanned again is the same scan.
    north.wire.loses_answers = True
    north.gate._decide = None  # type: ignore[assignment]
    with pytest.raises(TypeError):
        await north.scan(two)
    north.restart()
    north.wire.loses_answers = False
    assert await north.result(two) == "ADMITTED" and len(await listed(house)) == 2
    north.wire.is_away = True
    assert await north.result(two) == "ALREADY_USED"


async def test_who_is_refused_as_an_answer_was_lost_comes_in_by_the_same_scan(house: House, tmp_path: Path) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    code, early = await codes_of(house, booking)
    north = await a_device(house, tmp_path, "North", "NEVER")
    north.wire.loses_answers = True
    for _ in range(2):
        assert await north.result(code) == "LIST_TOO_OLD"
        north.restart()
    move = "UPDATE show_times SET starts_at = starts_at + %(by)s::interval, ends_at = ends_at + %(by)s::interval"
    await house.db.execute(move, {"by": "1 day"})
    assert await north.result(early) == "LIST_TOO_OLD"
    await house.db.execute(move, {"by": "-1 day"})
    north.wire.loses_answers = False
    assert await statuses(house, booking) == ["ADMITTED", "VALID"], "nobody is in by it"
    assert await north.sync() == []
    assert await north.result(early) == "ADMITTED", "it was too early before"
    assert [await north.result(code), await north.result(code)] == ["ADMITTED", "ALREADY_USED"]
    assert [scan.came_in for scan in await listed(house)].count(True) == 2


async def test_who_came_in_without_a_connection_does_not_once_more_before_that_is_sent(
    house: House, tmp_path: Path
) -> None:
    code, other = await codes_of(house, await house.confirmed(ANN, 0, 1))
    north = await a_device(house, tmp_path, "North", "HOME")
    found = await north.refresh()
    north.wire.is_away = True
    assert await north.result(code) == "ADMITTED"
    # A reader may drop the blank that a code begins with.
    known, blank = (hashlib.sha256(each.encode()).hexdigest() for each in (other, f" {other[1:]}"))
    found.tickets[blank] = found.tickets[known]
    assert await north.result(other[1:]) == "ADMITTED"
    north.wire.is_away = False
    north.restart()
    assert await north.result(code) == "ALREADY_USED"
    assert await north.sync() == [] and await north.result(code) == "ALREADY_USED"
    assert [scan.came_in for scan in await listed(house)] == [True, True, False, False]


async def test_somebody_whom_the_gate_let_in_after_we_had_not_is_listed(house: House, tmp_path: Path) -> None:
    """The ticket was given back; the answer that said so was lost, and the list is from before."""
    booking = await house.confirmed(ANN, 0)
    [code] = await codes_of(house, booking)
    north = await a_device(house, tmp_path, "North", "HOME")
    await north.refresh()
    await grant(house, booking, 0)
    north.wire.loses_answers = True
    assert (await north.scan(code)).came_in
    north.wire.loses_answers = False
    for _ in range(2):
        unsent = dict(north.gate.journal.unsent)
        conflicts = await north.sync()
        north.gate.journal.unsent.update(unsent)  # as if the answer was lost
        assert [one.result for one in conflicts] == [pb.Scan.REVOKED]
    [conflict] = await listed(house, conflicts=True)
    assert conflict.is_offline and len(await listed(house)) == 2


async def test_a_gate_that_dies_lets_no_ticket_in_twice(house: House, tmp_path: Path) -> None:
    one, two = await codes_of(house, await house.confirmed(ANN, 0, 1))
    north = await a_device(house, tmp_path, "North", "HOME")
    await north.refresh()
    north.wire.is_away = True
    assert await north.result(one) == "ADMITTED"
    with (north.folder / "journal").open("ab") as file:
        file.write(json.dumps({"asked": "torn"}).encode()[:-3])
    north.restart()
    assert [await north.result(one), await north.result(two)] == ["ALREADY_USED", "ADMITTED"]
    north.restart()
    north.wire.is_away = False
    assert await north.sync() == []
    assert sum(scan.came_in for scan in await listed(house)) == 2
    for code in (one, two):
        assert code.encode() not in (north.folder / "journal").read_bytes()


async def test_homes_are_given_while_others_let_in_and_no_ticket_lets_in_twice(house: House, tmp_path: Path) -> None:
    booking = await house.confirmed(ANN, *range(6))
    shown = await codes_of(house, booking)
    north, east = await a_device(house, tmp_path, "North", "HOME"), await make_gate(house, "East")
    results, _ = await asyncio.gather(
        asyncio.gather(*(east.result(code) for code in shown)),
        north.refresh(),
    )
    north.wire.is_away = True
    for code, result in zip(shown, results, strict=True):
        assert (result, await north.result(code)) in {("ADMITTED", "ALREADY_USED"), ("OTHER_GATE", "ADMITTED")}
    # The device may go by a list of before that is good for longer, where the new one was cut off.
    later = "listed_until = boxoffice_clock() + interval '2 hours'"
    await house.db.execute(f"UPDATE gate_shows SET {later} WHERE listed_until IS NOT NULL")
    north.wire.is_away = False
    await north.refresh()
    await move_clocks(house, "90 minutes")
    assert await house.db.fetch("SELECT FROM gate_shows WHERE listed_until > boxoffice_clock()")


async def test_a_gate_that_stays_online_gets_no_list_and_what_it_sends_is_held_to_its_shows(
    house: House, tmp_path: Path
) -> None:
    [code] = await codes_of(house, await house.confirmed(ANN, 0))
    door, other = await make_gate(house, "North"), await make_gate(house, "South", offline="ANY")

    async def first(gate: Door, show: str) -> Any:
        request = pb.DownloadDoorListRequest(gate_id=gate.gate.id, show_id=show)
        return await anext(aiter(house.admissions.DownloadDoorList(request)))

    assert (await refused(first(door, house.show_id))).reason == GateStaysOnline.reason
    assert (await refused(first(other, unknown()))).reason == "GATE_NOT_FOR_SHOW"
    answer = await door.scan(code)
    scan = pb.SyncScansRequest.JudgedScan(key="a", ticket_id=answer.ticket_id, revision=1, came_in=True)
    scan.gate_time.GetCurrentTime()
    request = pb.SyncScansRequest(gate_id=other.gate.id, show_id=unknown(), scans=[scan])
    request.sent_at.GetCurrentTime()
    assert (await refused(house.admissions.SyncScans(request))).reason == "GATE_NOT_FOR_SHOW"
    request.show_id = house.show_id
    [told] = (await house.admissions.SyncScans(request)).scans
    assert told.result == pb.Scan.ALREADY_USED
    scan.revision = 2
    changed = pb.SyncScansRequest(gate_id=other.gate.id, show_id=house.show_id, scans=[scan], sent_at=request.sent_at)
    assert (await refused(house.admissions.SyncScans(changed))).reason == "IDEMPOTENCY_KEY_REUSED"
    scan.key, scan.came_in = "b", False
    unsaid = pb.SyncScansRequest(gate_id=other.gate.id, show_id=house.show_id, scans=[scan], sent_at=request.sent_at)
    assert (await refused(house.admissions.SyncScans(unsaid))).reason == "INVALID_FIELD"
    # Undone, the ticket lets in again.
    await undo(house, answer.scan_id)
    assert await door.result(code) == "ADMITTED"
    # Of a ticket of another show a gate is told nothing, whatever it says of it; nor is whoever lists its scans.
    await house.db.execute(
        "UPDATE tickets SET show_id = %(to)s WHERE id = %(id)s", {"to": unknown(), "id": UUID(answer.ticket_id)}
    )
    scan.key, scan.result = "c", pb.Scan.ALREADY_USED
    foreign = pb.SyncScansRequest(gate_id=other.gate.id, show_id=house.show_id, scans=[scan], sent_at=request.sent_at)
    [told] = (await house.admissions.SyncScans(foreign)).scans
    assert told == pb.CheckIn(scan_id=told.scan_id, result=pb.Scan.ALREADY_USED, scanned_at=told.scanned_at)
    last = (await listed(house))[-1]
    assert (last.id, last.seat_label, last.first_scan_id) == (told.scan_id, "", "")
