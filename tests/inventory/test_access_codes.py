"""Access codes: blocked seats are had by them, within their limit, and a claim keeps the right by which it was made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidField
from services.inventory.errors import (
    AccessCodeExists,
    AccessCodeLimitExceeded,
    AccessCodeNotFound,
    AccessCodeNotValid,
    ClaimClosed,
    SeatsUnavailable,
    ShowNotFound,
    TooManyAccessCodes,
)
from services.inventory.seats import access_codes
from services.inventory.seats.access_codes import CreateAccessCode, RevokeAccessCode, new_code
from services.inventory.seats.answers import Confirmed
from services.inventory.seats.blocking import BlockSeats, UnblockSeats
from services.inventory.seats.commands import Cause, Confirm, Extend, Hold, Release, Reserve
from services.inventory.seats.domain import LockedShow, Seat, SeatStatus, ShowStatus
from services.inventory.seats.holds import ExtendHolds, ReleaseHolds
from services.inventory.seats.rights import BEFORE, TRIES, WINDOW
from tests.inventory.rules import RULES, TTL

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ANN, BOB, BOOKING = uuid4(), uuid4(), uuid4()
LATE = NOW + TTL
CODE, SPONSORS = "SPONSOR-24", "Sponsors"


@pytest.fixture
def show() -> LockedShow:
    """Four seats, of which the first three are blocked, and a code for two of these."""
    show = LockedShow(uuid4(), NOW + timedelta(days=3), NOW + timedelta(days=3), "INR", prices={"REGULAR": 100})
    show.load(Seat(uuid4(), "Stalls", "A", number, "REGULAR", 100, SeatStatus.AVAILABLE) for number in range(4))
    BlockSeats(show_id=show.id, seat_ids=ids(show, 0, 1, 2), reason=SPONSORS).apply(show, NOW, RULES)
    make(show)
    return show


def ids(show: LockedShow, *numbers: int) -> list[UUID]:
    seats = list(show.seats)
    return [seats[number] for number in numbers]


def make(show: LockedShow, code: str = CODE, **terms: Any) -> UUID:
    given = {"reason": SPONSORS, "max_seats": 2, "ends_at": None, "id": uuid4()} | terms
    command: CreateAccessCode[Any] = CreateAccessCode(show_id=show.id, access_code=code, **given)
    return command.apply(show, NOW, RULES).code.id


def hold(show: LockedShow, *numbers: int, user: UUID = ANN, code: str | None = CODE, at: datetime = NOW) -> Any:
    command: Hold[Any] = Hold(show_id=show.id, user_id=user, seat_ids=ids(show, *numbers), access_code=code)
    return command.apply(show, at, RULES)


def reserve(show: LockedShow, *numbers: int, booking: UUID = BOOKING, code: str | None = CODE, user: UUID = ANN) -> Any:
    return Reserve(
        show_id=show.id, user_id=user, booking_id=booking, seat_ids=ids(show, *numbers), ttl=TTL, access_code=code
    ).apply(show, NOW, RULES)


def confirm(show: LockedShow, at: datetime = LATE, booking: UUID = BOOKING) -> ClaimClosed | Confirmed:
    return Confirm(show_id=show.id, booking_id=booking).apply(show, at, RULES)


def revoke(show: LockedShow) -> None:
    [code] = show.access.codes
    RevokeAccessCode(show_id=show.id, code_id=code).apply(show, NOW, RULES)


def seat(show: LockedShow, number: int) -> Seat:
    return show.seats[ids(show, number)[0]]


def test_blocked_seats_are_held_by_a_code_and_free_ones_beside_them_need_no_use(show: LockedShow) -> None:
    hold(show, 0, 3)
    [code] = show.access.codes
    assert [seat(show, number).right_id for number in (0, 3)] == [code, None]
    hold(show, 1)
    assert isinstance(hold(show, 2), AccessCodeNotValid)
    with pytest.raises(SeatsUnavailable):
        hold(show, 2, code=None)


def test_a_code_for_seats_by_their_ids_opens_those_whatever_they_are_blocked_for(show: LockedShow) -> None:
    make(show, "BY-SEAT", reason=None, seat_ids=ids(show, 2))
    assert isinstance(hold(show, 1, code="BY-SEAT"), AccessCodeNotValid)
    assert hold(show, 2, code="BY-SEAT").seats[0].blocked_for == SPONSORS


@pytest.mark.parametrize("why", ["unknown", "ended", "revoked", "used up", "for other seats", "of another show"])
def test_codes_that_cannot_be_used_are_refused_alike_and_counted(show: LockedShow, why: str) -> None:
    code, seats, at = CODE, [0], NOW
    if why in ("unknown", "of another show"):
        code = "NONE-SUCH"
    elif why == "ended":
        code, at = "SHORT-LIVED", NOW + timedelta(minutes=1)
        make(show, code, ends_at=at)
    elif why == "revoked":
        revoke(show)
    elif why == "used up":
        hold(show, 1, 2, user=BOB)
    else:
        BlockSeats(show_id=show.id, seat_ids=ids(show, 0), reason="Camera").apply(show, NOW, RULES)
    before = set(show.changed_seats)
    refused = hold(show, *seats, code=code, at=at)
    assert (type(refused), str(refused), refused.metadata) == (AccessCodeNotValid, str(AccessCodeNotValid()), {})
    assert (show.changed_seats, show.access.tried, list(show.access.tries[ANN].at)) == (before, {ANN}, [at])


def test_who_has_tried_too_many_codes_has_to_wait_also_with_a_good_one(show: LockedShow) -> None:
    for number in range(TRIES):
        assert isinstance(hold(show, 0, code=f"GUESS-{number}", at=NOW + timedelta(seconds=number)), AccessCodeNotValid)
    with pytest.raises(TooManyAccessCodes) as refused:
        hold(show, 0, at=NOW + timedelta(seconds=TRIES))
    assert refused.value.retry_after_seconds == (WINDOW - timedelta(seconds=TRIES)).total_seconds()
    hold(show, 3, code=None)
    hold(show, 0, user=BOB)
    assert hold(show, 1, at=NOW + WINDOW).seats


def test_a_draft_says_nothing_of_its_codes(show: LockedShow) -> None:
    show.status = ShowStatus.DRAFT
    for code in (CODE, "NONE-SUCH"):
        with pytest.raises(ShowNotFound):
            hold(show, 0, code=code)
    assert not show.access.tried


@pytest.mark.parametrize("end", ["lapsed", "released", "abandoned", "expired"])
def test_a_claim_that_ends_gives_its_use_back(show: LockedShow, end: str) -> None:
    if end in ("lapsed", "released"):
        hold(show, 0, 1)
    else:
        reserve(show, 0, 1)
    assert isinstance(hold(show, 2, user=BOB), AccessCodeNotValid)
    ends: dict[str, Any] = {
        "released": ReleaseHolds(show_id=show.id, user_id=ANN),
        "abandoned": Release(show_id=show.id, booking_id=BOOKING, cause=Cause.ABANDONED),
        "expired": Release(show_id=show.id, booking_id=BOOKING, cause=Cause.EXPIRED),
    }
    with pytest.raises(SeatsUnavailable):
        hold(show, 0, user=BOB, code=None, at=LATE)
    if end != "lapsed":
        ends[end].apply(show, LATE if end == "expired" else NOW, RULES)
    assert len(hold(show, 1, 2, user=BOB, at=LATE).seats) == 2
    assert isinstance(hold(show, 0, at=LATE), AccessCodeNotValid)


def test_a_hold_by_a_code_is_extended_reserved_and_booked_without_it_though_it_ends(show: LockedShow) -> None:
    make(show, "SHORT-LIVED", ends_at=NOW + timedelta(minutes=1))
    hold(show, 0, code="SHORT-LIVED")
    [revoked] = [code for code in show.access.codes.values() if code.code == "SHORT-LIVED"]
    RevokeAccessCode(show_id=show.id, code_id=revoked.id).apply(show, NOW, RULES)
    later = NOW + timedelta(minutes=2)
    ExtendHolds(show_id=show.id, user_id=ANN).apply(show, later, RULES)
    reserve(show, 0, code=None)
    Extend(show_id=show.id, booking_id=BOOKING, ttl=TTL).apply(show, later, RULES)
    assert confirm(show, later) == Confirmed(show.times)
    assert (seat(show, 0).right_id, show.reservations[BOOKING].right_ids) == (revoked.id, [revoked.id])


@pytest.mark.parametrize(
    ("meanwhile", "gets_them"),
    [("nothing", True), ("ended", True), ("revoked", False), ("used up", False), ("blocked for another reason", False)],
)
@pytest.mark.parametrize("released", [False, True])
def test_a_late_payment_gets_blocked_seats_by_the_right_that_its_claim_was_made_with(
    show: LockedShow, meanwhile: str, gets_them: bool, released: bool
) -> None:
    ends_at = NOW + timedelta(minutes=1) if meanwhile == "ended" else None
    code = make(show, "OWN-CODE", ends_at=ends_at)
    reserve(show, 0, 3, code="OWN-CODE")
    if released:
        Release(show_id=show.id, booking_id=BOOKING, cause=Cause.EXPIRED).apply(show, LATE, RULES)
    if meanwhile == "revoked":
        RevokeAccessCode(show_id=show.id, code_id=code).apply(show, NOW, RULES)
    elif meanwhile == "used up":
        hold(show, 1, 2, user=BOB, code="OWN-CODE", at=LATE)
    elif meanwhile == "blocked for another reason":
        BlockSeats(show_id=show.id, seat_ids=ids(show, 0), reason="Camera").apply(show, NOW, RULES)
    assert (confirm(show) == Confirmed(show.times)) == gets_them
    assert seat(show, 0).status == (SeatStatus.BOOKED if gets_them else SeatStatus.BLOCKED)
    assert seat(show, 0).right_id == (code if gets_them else None)


def test_a_late_payment_for_seats_that_were_free_gets_no_blocked_one_by_codes_of_others(show: LockedShow) -> None:
    reserve(show, 3, code=None)
    BlockSeats(show_id=show.id, seat_ids=ids(show, 3), reason=SPONSORS).apply(show, NOW, RULES)
    assert seat(show, 3).right_id == BEFORE
    assert isinstance(confirm(show), ClaimClosed)


def test_a_hold_from_before_a_block_is_booked_in_time_and_not_late(show: LockedShow) -> None:
    hold(show, 3, code=None)
    BlockSeats(show_id=show.id, seat_ids=ids(show, 3), reason=SPONSORS).apply(show, NOW, RULES)
    reserve(show, 3, code=None)
    assert isinstance(confirm(show), ClaimClosed)
    assert seat(show, 3).status == SeatStatus.BLOCKED


def test_a_late_payment_for_a_seat_that_is_unblocked_meanwhile_needs_no_use(show: LockedShow) -> None:
    reserve(show, 0)
    UnblockSeats(show_id=show.id, seat_ids=ids(show, 0)).apply(show, NOW, RULES)
    revoke(show)
    assert confirm(show) == Confirmed(show.times)
    assert seat(show, 0).right_id is None


def test_codes_are_made_once_and_ended_once(show: LockedShow, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AccessCodeExists):
        make(show)
    with pytest.raises(InvalidField):
        make(show, "TOO-LATE", ends_at=NOW)
    with pytest.raises(AccessCodeNotFound):
        RevokeAccessCode(show_id=show.id, code_id=uuid4()).apply(show, NOW, RULES)
    revoke(show)
    show.access.revoked.clear()
    revoke(show)
    assert not show.access.revoked
    monkeypatch.setattr(access_codes, "MAX_CODES", 1)
    with pytest.raises(AccessCodeLimitExceeded):
        make(show, "ONE-MORE")


def test_drawn_codes_have_ten_letters_none_of_which_looks_like_another() -> None:
    drawn = {new_code() for _ in range(200)}
    assert len(drawn) == 200
    assert {len(code) for code in drawn} == {10}
    assert not set("".join(drawn)) & set("01ILOU")
