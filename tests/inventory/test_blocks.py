"""Blocked seats: nobody takes them, whoever has one keeps it, and no claim that ends frees one for all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1.seat_pb2 import ShowSeat

from services.inventory.errors import ClaimClosed, SeatNotFound, SeatsUnavailable
from services.inventory.seats.answers import Confirmed
from services.inventory.seats.blocking import BlockSeats, UnblockSeats
from services.inventory.seats.commands import Cause, Confirm, Hold, Release, Reserve, Unbook
from services.inventory.seats.domain import LockedShow, Seat, SeatStatus
from services.inventory.seats.holds import ReleaseHolds, Tidy
from tests.databases import move_clock
from tests.inventory.rules import RULES, TTL
from tests.inventory.sale import OnSale
from tests.inventory.watchers import Replica, Watcher, replica

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ANN, BOB, BOOKING = uuid4(), uuid4(), uuid4()
LATE = NOW + TTL


@pytest.fixture
def show() -> LockedShow:
    show = LockedShow(uuid4(), NOW + timedelta(days=3), NOW + timedelta(days=3), "INR", prices={"REGULAR": 100})
    show.load(Seat(uuid4(), "Stalls", "A", number, "REGULAR", 100, SeatStatus.AVAILABLE) for number in range(2))
    return show


def first(show: LockedShow) -> Seat:
    return next(iter(show.seats.values()))


def block(show: LockedShow) -> int:
    return BlockSeats(show_id=show.id, seat_ids=[first(show).id], reason="Sound desk").apply(show, NOW, RULES)


def hold(show: LockedShow, user: UUID = ANN, at: datetime = NOW) -> Any:
    command: Hold[Any] = Hold(show_id=show.id, user_id=user, seat_ids=[first(show).id])
    return command.apply(show, at, RULES)


def reserve(show: LockedShow, at: datetime = NOW) -> Any:
    ids = [first(show).id]
    return Reserve(show_id=show.id, user_id=ANN, booking_id=BOOKING, seat_ids=ids, ttl=TTL).apply(show, at, RULES)


def confirm(show: LockedShow, at: datetime) -> ClaimClosed | Confirmed:
    return Confirm(show_id=show.id, booking_id=BOOKING).apply(show, at, RULES)


def test_nobody_takes_a_blocked_seat_until_it_is_unblocked(show: LockedShow) -> None:
    assert block(show) == 1
    assert (first(show).status, first(show).status_at(NOW)) == (SeatStatus.BLOCKED, SeatStatus.BLOCKED)
    for take in (hold, reserve):
        with pytest.raises(SeatsUnavailable):
            take(show)
    unblock = UnblockSeats(show_id=show.id, seat_ids=list(show.seats))
    assert [unblock.apply(show, NOW, RULES), unblock.apply(show, NOW, RULES)] == [1, 0]
    assert hold(show).seats[0].blocked_for is None


def test_who_has_a_seat_when_it_is_blocked_keeps_it_and_books_it(show: LockedShow) -> None:
    hold(show)
    assert block(show) == 1
    assert first(show).status_at(NOW) == SeatStatus.HELD
    hold(show)
    reserve(show)
    assert confirm(show, NOW) == Confirmed(show.times)
    assert first(show).status_at(NOW) == SeatStatus.BOOKED


@pytest.mark.parametrize("end", ["released", "tidied", "lapsed", "abandoned", "expired", "given back"])
def test_however_a_claim_ends_its_blocked_seat_is_blocked(show: LockedShow, end: str) -> None:
    if end in ("released", "tidied", "lapsed"):
        hold(show)
    else:
        reserve(show)
    if end == "given back":
        confirm(show, NOW)
    block(show)
    after = LATE if end in ("tidied", "lapsed", "expired") else NOW
    ends: dict[str, Any] = {
        "released": ReleaseHolds(show_id=show.id, user_id=ANN),
        "tidied": Tidy(show_id=show.id, seat_ids=list(show.seats)),
        "abandoned": Release(show_id=show.id, booking_id=BOOKING, cause=Cause.ABANDONED),
        "expired": Release(show_id=show.id, booking_id=BOOKING, cause=Cause.EXPIRED),
        "given back": Unbook(show_id=show.id, booking_id=BOOKING),
    }
    if end != "lapsed":
        ends[end].apply(show, after, RULES)
        assert first(show).status == SeatStatus.BLOCKED
    assert first(show).status_at(after) == SeatStatus.BLOCKED
    with pytest.raises(SeatsUnavailable):
        hold(show, BOB, after)


@pytest.mark.parametrize("released", [False, True])
def test_a_late_payment_does_not_get_a_seat_that_is_blocked_meanwhile(show: LockedShow, released: bool) -> None:
    reserve(show)
    block(show)
    if released:
        Release(show_id=show.id, booking_id=BOOKING, cause=Cause.EXPIRED).apply(show, LATE, RULES)
    assert isinstance(confirm(show, LATE), ClaimClosed)
    assert first(show).status == SeatStatus.BLOCKED


def test_a_late_payment_gets_a_seat_that_was_blocked_and_is_not_any_more(show: LockedShow) -> None:
    reserve(show)
    block(show)
    UnblockSeats(show_id=show.id, seat_ids=list(show.seats)).apply(show, LATE, RULES)
    assert confirm(show, LATE) == Confirmed(show.times)


def test_blocking_again_gives_another_reason_and_counts_no_seat(show: LockedShow) -> None:
    block(show)
    show.changed_seats.clear()
    assert (block(show), show.changed_seats) == (0, set())
    again = BlockSeats(show_id=show.id, seat_ids=[first(show).id], reason="Camera")
    assert (again.apply(show, NOW, RULES), first(show).blocked_for) == (0, "Camera")


def test_seats_that_code_from_before_has_blocked_are_blocked(show: LockedShow) -> None:
    seat = first(show)
    show.load([Seat(seat.id, "Stalls", "A", 0, "REGULAR", 100, SeatStatus.BLOCKED)])
    with pytest.raises(SeatsUnavailable):
        hold(show)
    assert UnblockSeats(show_id=show.id, seat_ids=[seat.id]).apply(show, NOW, RULES) == 1
    assert hold(show).seats


def test_all_seats_are_blocked_or_none(show: LockedShow) -> None:
    for kind, more in ((BlockSeats, {"reason": "Sound desk"}), (UnblockSeats, {})):
        with pytest.raises(SeatNotFound):
            kind(show_id=show.id, seat_ids=[*show.seats, uuid4()], **more).apply(show, NOW, RULES)
    assert not show.changed_seats


@pytest.fixture
async def inventory(on_sale: OnSale) -> AsyncIterator[Replica]:
    async with replica(on_sale.db) as served:
        yield served


async def test_maps_and_watchers_are_told_that_a_claimed_seat_is_blocked_when_it_lapses(
    on_sale: OnSale, inventory: Replica
) -> None:
    await on_sale.hold(ANN, 0)
    watcher = Watcher(inventory.stub, on_sale.show_id, 1)
    ids = on_sale.ids(0, 1)
    assert await on_sale.desk.submit(BlockSeats(show_id=on_sale.show_id, seat_ids=ids, reason="Sound desk")) == 2
    await watcher.until(2)
    told = {seat.id: seat for seat in watcher.changes[0].seats}
    assert [told[str(id_)].status for id_ in ids] == [ShowSeat.HELD, ShowSeat.BLOCKED]
    assert [told[str(id_)].blocked for id_ in ids] == [True, False]
    request = pb.GetSeatMapRequest(show_id=str(on_sale.show_id))
    held, blocked = (await inventory.stub.GetSeatMap(request)).seats[:2]
    assert (held.status, held.blocked, blocked.status) == (ShowSeat.HELD, True, ShowSeat.BLOCKED)
    await move_clock(on_sale.db, "5 minutes")
    seen = await inventory.stub.GetSeatMap(request)
    assert [(seat.status, seat.HasField("expires_at")) for seat in seen.seats[:2]] == [(ShowSeat.BLOCKED, False)] * 2
    assert (seen.summary.blocked, seen.summary.available) == (2, 10)
    with pytest.raises(SeatsUnavailable):
        await on_sale.hold(BOB, 0)
    [row] = await on_sale.db.fetch("SELECT blocked_for FROM show_seats WHERE id = %s", (ids[0],))
    assert row.blocked_for == "Sound desk"
