"""Seats and claims: the desk against a real database."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import Failure
from services.chassis.ids import new_id
from services.inventory.errors import (
    ClaimAlive,
    ClaimClosed,
    ClaimConfirmed,
    SeatLimitExceeded,
    SeatNotFound,
    SeatsUnavailable,
    ShowNotFound,
    ShowStarted,
)
from services.inventory.jobs import forget_changes, tidy_holds
from services.inventory.seats.commands import Cause, Extend, Hold, Unbook
from services.inventory.seats.holds import ReleaseHolds, Tidy
from services.inventory.seats.statements import LIMITS
from tests.databases import move_clock
from tests.inventory.rules import RULES
from tests.inventory.sale import OnSale, make_desk, put_on_sale
from tests.patience import eventually

ANN, BOB = uuid4(), uuid4()


async def test_a_held_seat_is_refused_to_a_second_user_who_is_told_which(on_sale: OnSale) -> None:
    await on_sale.hold(ANN, 0, 1)
    with pytest.raises(SeatsUnavailable) as refusal:
        await on_sale.hold(BOB, 1, 2)
    assert refusal.value.seat_ids == on_sale.ids(1)
    assert (await on_sale.statuses())[:3] == ["HELD", "HELD", "AVAILABLE"]


async def test_holding_again_does_not_extend(on_sale: OnSale) -> None:
    first = await on_sale.hold(ANN, 0)
    await move_clock(on_sale.db, "1 minute")
    second = await on_sale.hold(ANN, 0, 1)
    assert second.seats[0].expires_at == first.seats[0].expires_at
    assert second.seats[1].expires_at > first.seats[0].expires_at


async def test_a_lapsed_hold_is_free_at_once_without_any_job(on_sale: OnSale) -> None:
    await on_sale.hold(ANN, 0)
    await move_clock(on_sale.db, "5 minutes 1 second")
    await on_sale.hold(BOB, 0)
    assert (await on_sale.rows())[0].holder_id == BOB


async def test_the_cap_counts_what_is_held_reserved_and_booked(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0, 1)
    await on_sale.confirm(booking)
    await on_sale.reserve(ANN, 2, 3)
    await on_sale.hold(ANN, 4, 5)
    with pytest.raises(SeatLimitExceeded) as refusal:
        await on_sale.hold(ANN, 6)
    assert refusal.value.metadata == {"limit": "6"}


async def test_lapsed_claims_do_not_count_against_the_cap(on_sale: OnSale) -> None:
    await on_sale.hold(ANN, 0, 1, 2, 3, 4, 5)
    await move_clock(on_sale.db, "6 minutes")
    await on_sale.hold(ANN, 6, 7, 8, 9, 10, 11)


async def test_unknown_seats_and_shows_are_named(on_sale: OnSale) -> None:
    stranger = new_id()
    with pytest.raises(SeatNotFound) as refusal:
        await on_sale.desk.submit(Hold(show_id=on_sale.show_id, user_id=ANN, seat_ids=[on_sale.seats[0], stranger]))
    assert refusal.value.seat_ids == [stranger]
    with pytest.raises(ShowNotFound):
        await on_sale.desk.submit(Hold(show_id=new_id(), user_id=ANN, seat_ids=[stranger]))
    assert set(await on_sale.statuses()) == {"AVAILABLE"}


async def test_a_show_that_has_begun_sells_nothing(on_sale: OnSale) -> None:
    await move_clock(on_sale.db, "4 days")
    with pytest.raises(ShowStarted):
        await on_sale.hold(ANN, 0)
    with pytest.raises(ShowStarted):
        await on_sale.reserve(ANN, 0)


async def test_blocked_seats_are_unavailable(on_sale: OnSale) -> None:
    await on_sale.db.execute("UPDATE show_seats SET status = 'BLOCKED' WHERE id = %s", (on_sale.seats[0],))
    with pytest.raises(SeatsUnavailable):
        await on_sale.hold(ANN, 0)


async def test_a_booking_takes_free_seats_and_its_own_users_holds(on_sale: OnSale) -> None:
    await on_sale.hold(ANN, 0)
    await on_sale.reserve(ANN, 0, 1)
    assert (await on_sale.statuses())[:2] == ["RESERVED", "RESERVED"]
    with pytest.raises(SeatsUnavailable):
        await on_sale.hold(ANN, 0)


async def test_repeating_a_reserve_gives_the_same_reservation_and_no_number(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0, 1)
    before = await on_sale.sequence()
    await on_sale.reserve(ANN, 0, 1, booking=booking)
    assert await on_sale.sequence() == before


async def test_a_reserve_that_comes_after_its_own_release_is_refused(on_sale: OnSale) -> None:
    booking = new_id()
    await on_sale.release(booking, Cause.ABANDONED)
    with pytest.raises(ClaimClosed):
        await on_sale.reserve(ANN, 0, booking=booking)
    assert set(await on_sale.statuses()) == {"AVAILABLE"}


async def test_taking_one_seat_of_a_lapsed_booking_frees_its_other_seats(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0, 1, 2)
    await move_clock(on_sale.db, "16 minutes")
    await on_sale.hold(BOB, 1)
    assert (await on_sale.statuses())[:3] == ["AVAILABLE", "HELD", "AVAILABLE"]
    assert await on_sale.reservation(booking) == "RELEASED"


async def test_extending_never_shortens_and_never_exceeds_the_longest_life(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0)
    [before] = [row.expires_at for row in await on_sale.rows() if row.expires_at]

    async def extend(minutes: int) -> timedelta:
        command = Extend(show_id=on_sale.show_id, booking_id=booking, ttl=timedelta(minutes=minutes))
        return (await on_sale.desk.submit(command)).expires_at - before

    assert await extend(5) == timedelta(0)
    await move_clock(on_sale.db, "14 minutes")
    assert timedelta(minutes=3) < await extend(5) < timedelta(minutes=5)
    assert await extend(30) == timedelta(minutes=15)


async def test_an_extended_reservation_keeps_its_seats_as_long_as_it_was_given(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0)
    await move_clock(on_sale.db, "14 minutes")
    await on_sale.desk.submit(Extend(show_id=on_sale.show_id, booking_id=booking, ttl=timedelta(minutes=5)))
    await move_clock(on_sale.db, "16 minutes")
    with pytest.raises(ClaimAlive):
        await on_sale.release(booking, Cause.EXPIRED)
    with pytest.raises(SeatsUnavailable):
        await on_sale.hold(BOB, 0)


async def test_a_lapsed_reservation_cannot_be_extended(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0)
    await move_clock(on_sale.db, "16 minutes")
    with pytest.raises(ClaimClosed):
        await on_sale.desk.submit(Extend(show_id=on_sale.show_id, booking_id=booking, ttl=timedelta(minutes=5)))


async def test_confirming_books_for_good_and_may_be_repeated(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0)
    await on_sale.confirm(booking)
    await on_sale.confirm(booking)
    await move_clock(on_sale.db, "1 hour")
    with pytest.raises(SeatsUnavailable):
        await on_sale.hold(BOB, 0)
    with pytest.raises(ClaimConfirmed):
        await on_sale.release(booking, Cause.EXPIRED)


@pytest.mark.parametrize("released", [False, True])
async def test_a_late_confirm_revives_a_lapsed_claim_whose_seats_are_free(on_sale: OnSale, released: bool) -> None:
    booking = await on_sale.reserve(ANN, 0, 1)
    await move_clock(on_sale.db, "20 minutes")
    if released:
        await on_sale.release(booking, Cause.EXPIRED)
    await on_sale.confirm(booking)
    assert (await on_sale.statuses())[:2] == ["BOOKED", "BOOKED"]


async def test_a_claim_that_somebody_thinks_expired_keeps_its_seats_until_it_lapses_here(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0, 1)
    with pytest.raises(ClaimAlive):
        await on_sale.release(booking, Cause.EXPIRED)
    assert (await on_sale.reservation(booking), (await on_sale.statuses())[:2]) == ("RESERVED", ["RESERVED"] * 2)
    await move_clock(on_sale.db, "15 minutes 1 second")
    await on_sale.release(booking, Cause.EXPIRED)
    assert (await on_sale.reservation(booking), (await on_sale.statuses())[:2]) == ("RELEASED", ["AVAILABLE"] * 2)


async def test_a_show_that_is_locked_elsewhere_holds_up_no_other(on_sale: OnSale) -> None:
    other_id, other_seats = await put_on_sale(on_sale.db)
    async with on_sale.db.transaction() as elsewhere:
        await elsewhere.fetch("SELECT FROM show_counters WHERE show_id = %s FOR UPDATE", (on_sale.show_id,))
        waiting = on_sale.desk.enqueue(Hold(show_id=on_sale.show_id, user_id=ANN, seat_ids=on_sale.ids(0)))
        await on_sale.desk.submit(Hold(show_id=other_id, user_id=ANN, seat_ids=other_seats[:1]))
        assert not waiting.done()
    await waiting


async def test_a_claim_that_lapses_while_its_show_is_waited_for_has_lapsed(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0)
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%show_counters%%'"
    async with on_sale.db.transaction() as elsewhere:
        await elsewhere.fetch("SELECT FROM show_counters WHERE show_id = %s FOR UPDATE", (on_sale.show_id,))
        extend = Extend(show_id=on_sale.show_id, booking_id=booking, ttl=timedelta(minutes=5))
        extending = asyncio.ensure_future(on_sale.desk.submit(extend))
        await eventually(lambda: on_sale.db.fetch(waiting))
        for table in ("reservations", "show_seats"):
            await elsewhere.send(f"UPDATE {table} SET expires_at = clock_timestamp() WHERE booking_id = %s", (booking,))
    with pytest.raises(ClaimClosed):
        await extending
    await on_sale.hold(BOB, 0)


async def test_a_late_confirm_with_a_seat_gone_is_refused_for_good(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0, 1)
    await move_clock(on_sale.db, "20 minutes")
    await on_sale.hold(BOB, 1)
    with pytest.raises(ClaimClosed):
        await on_sale.confirm(booking)
    await on_sale.desk.submit(ReleaseHolds(show_id=on_sale.show_id, user_id=BOB))
    with pytest.raises(ClaimClosed):
        await on_sale.confirm(booking)
    assert set(await on_sale.statuses()) == {"AVAILABLE"}


async def test_a_late_confirm_after_the_show_began_or_over_the_cap_is_refused(on_sale: OnSale) -> None:
    first = await on_sale.reserve(ANN, 0, 1)
    await move_clock(on_sale.db, "20 minutes")
    await on_sale.hold(ANN, 2, 3, 4, 5, 6)
    with pytest.raises(ClaimClosed):
        await on_sale.confirm(first)
    second = await on_sale.reserve(BOB, 7)
    await move_clock(on_sale.db, "4 days")
    with pytest.raises(ClaimClosed):
        await on_sale.confirm(second)


async def test_a_claim_that_was_given_up_is_never_revived(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0)
    await on_sale.release(booking, Cause.ABANDONED)
    with pytest.raises(ClaimClosed):
        await on_sale.confirm(booking)


async def test_unbooking_puts_seats_on_sale_and_may_be_repeated_but_never_undone(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0)
    unbook = Unbook(show_id=on_sale.show_id, booking_id=booking)
    with pytest.raises(ClaimClosed):
        await on_sale.desk.submit(unbook)
    await on_sale.confirm(booking)
    await on_sale.desk.submit(unbook)
    await on_sale.desk.submit(unbook)
    with pytest.raises(ClaimClosed):
        await on_sale.confirm(booking)
    assert set(await on_sale.statuses()) == {"AVAILABLE"}


def _unbook(on_sale: OnSale, booking: UUID, *numbers: int) -> Unbook:
    return Unbook(show_id=on_sale.show_id, booking_id=booking, seat_ids=on_sale.ids(*numbers))


async def test_seats_are_unbooked_one_by_one_and_never_taken_from_who_has_them_by_then(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0, 1, 2)

    with pytest.raises(ClaimClosed):
        await on_sale.desk.submit(_unbook(on_sale, booking, 0))
    await on_sale.confirm(booking)
    with pytest.raises(ClaimClosed):
        await on_sale.desk.submit(_unbook(on_sale, booking, 0, 3))
    await on_sale.desk.submit(_unbook(on_sale, booking, 0))
    assert (await on_sale.statuses())[:3] == ["AVAILABLE", "BOOKED", "BOOKED"]
    await on_sale.confirm(booking)  # which changes nothing: a seat that was given back stays so
    other = await on_sale.reserve(BOB, 0)
    await on_sale.confirm(other)
    await on_sale.desk.submit(_unbook(on_sale, booking, 0))
    assert (await on_sale.statuses())[:3] == ["BOOKED", "BOOKED", "BOOKED"]
    await on_sale.desk.submit(_unbook(on_sale, booking, 1, 2))
    await on_sale.desk.submit(_unbook(on_sale, booking, 2))
    assert (await on_sale.statuses())[:3] == ["BOOKED", "AVAILABLE", "AVAILABLE"]
    with pytest.raises(ClaimClosed):
        await on_sale.confirm(booking)
    await on_sale.desk.submit(Unbook(show_id=on_sale.show_id, booking_id=booking))


async def test_the_cap_counts_the_seats_that_are_left(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0, 1, 2, 3, 4, 5)
    await on_sale.confirm(booking)
    with pytest.raises(SeatLimitExceeded):
        await on_sale.hold(ANN, 6)
    await on_sale.desk.submit(_unbook(on_sale, booking, 1))
    await on_sale.hold(ANN, 6)
    with pytest.raises(SeatLimitExceeded):
        await on_sale.hold(ANN, 7)


async def test_fifty_users_race_for_one_seat_and_one_wins(on_sale: OnSale) -> None:
    attempts = [on_sale.reserve(uuid4(), 0) for _ in range(50)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(not isinstance(outcome, Failure) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, SeatsUnavailable) for outcome in outcomes) == 49


async def test_two_replicas_racing_for_the_cap_and_the_seats_stay_within_both(on_sale: OnSale) -> None:
    other = make_desk(on_sale.db)
    commands = [Hold(show_id=on_sale.show_id, user_id=ANN, seat_ids=[seat]) for seat in on_sale.seats]
    outcomes = await asyncio.gather(
        *((on_sale.desk if number % 2 else other).submit(command) for number, command in enumerate(commands)),
        return_exceptions=True,
    )
    await other.close()
    assert sum(isinstance(outcome, SeatLimitExceeded) for outcome in outcomes) == 6
    assert (await on_sale.statuses()).count("HELD") == 6


async def test_a_show_remembers_the_largest_limits_since_its_sale_began(on_sale: OnSale) -> None:
    async def limits() -> list[tuple[int | None, ...]]:
        return [tuple(row) for row in await on_sale.db.fetch(f"SELECT {', '.join(LIMITS)} FROM show_counters")]

    assert await limits() == [(None,) * 4]
    for allowed, largest in (
        ((6, 5, 15, 30), (6, 5, 15, 30)),
        ((8, 3, 30, 20), (8, 5, 30, 30)),
        ((2, 9, 10, 60), (8, 9, 30, 60)),
    ):
        seats, hold, hold_max, reservation = allowed
        minutes = timedelta(minutes=1)
        times = {"hold": hold * minutes, "hold_max": hold_max * minutes, "reservation_max": reservation * minutes}
        other = make_desk(on_sale.db, replace(RULES, max_seats_per_user=seats, **times))
        await other.submit(Hold(show_id=on_sale.show_id, user_id=uuid4(), seat_ids=on_sale.ids(seats)))
        await other.close()
        assert await limits() == [largest]
    # Of a show whose sale had begun before this was remembered nobody knows what there has been.
    await on_sale.db.execute(f"UPDATE show_counters SET {' = NULL, '.join(LIMITS)} = NULL")
    await on_sale.hold(ANN, 0)
    assert await limits() == [(None,) * 4]


async def test_seats_named_in_opposite_orders_do_not_deadlock(on_sale: OnSale) -> None:
    other = make_desk(on_sale.db)
    for _ in range(20):
        outcomes = await asyncio.gather(
            on_sale.desk.submit(Hold(show_id=on_sale.show_id, user_id=ANN, seat_ids=on_sale.ids(0, 1))),
            other.submit(Hold(show_id=on_sale.show_id, user_id=BOB, seat_ids=on_sale.ids(1, 0))),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, SeatsUnavailable) for outcome in outcomes) == 1
        for user in (ANN, BOB):
            await on_sale.desk.submit(ReleaseHolds(show_id=on_sale.show_id, user_id=user))
    await other.close()


async def test_numbers_have_no_gaps_and_tell_every_change(on_sale: OnSale) -> None:
    await asyncio.gather(*(on_sale.hold(uuid4(), number) for number in range(6)))
    booking = await on_sale.reserve(ANN, 6, 7)
    await on_sale.confirm(booking)
    rows = await on_sale.db.fetch("SELECT sequence, seat_id, status FROM seat_changes ORDER BY sequence, seat_id")
    assert {row.sequence for row in rows} == set(range(1, await on_sale.sequence() + 1))
    latest = {row.seat_id: row.status for row in rows}
    assert [latest.get(row.id, "AVAILABLE") for row in await on_sale.rows()] == await on_sale.statuses()


async def test_what_is_forgotten_leaves_no_gap_though_the_clock_was_put_back(on_sale: OnSale) -> None:
    await on_sale.hold(ANN, 0)
    await move_clock(on_sale.db, "2 hours")
    await on_sale.hold(BOB, 1)
    await move_clock(on_sale.db, "1 hour")
    await on_sale.hold(uuid4(), 2)
    await move_clock(on_sale.db, "150 minutes")
    await on_sale.hold(uuid4(), 3)
    assert await forget_changes(on_sale.db, 60) == 3
    rows = await on_sale.db.fetch("SELECT sequence FROM seat_changes ORDER BY sequence")
    assert [row.sequence for row in rows] == [4]
    assert await forget_changes(on_sale.db, 60) == 0


async def test_tidying_clears_lapsed_holds_and_leaves_live_ones(on_sale: OnSale) -> None:
    show_id, seats = await put_on_sale(on_sale.db)
    await on_sale.hold(ANN, 0)
    await move_clock(on_sale.db, "4 minutes")
    await on_sale.desk.submit(Hold(show_id=show_id, user_id=BOB, seat_ids=[seats[0]]))
    await move_clock(on_sale.db, "6 minutes")
    assert await tidy_holds(on_sale.db, on_sale.desk) == 1
    assert await tidy_holds(on_sale.db, on_sale.desk) == 0
    await on_sale.desk.submit(Tidy(show_id=show_id, seat_ids=[seats[0]]))
    rows = await on_sale.db.fetch("SELECT status FROM show_seats WHERE id = ANY(%s)", ([on_sale.seats[0], seats[0]],))
    assert sorted(row.status for row in rows) == ["AVAILABLE", "HELD"]


async def test_the_cap_holds_for_a_claim_that_was_released_early_and_is_revived(on_sale: OnSale) -> None:
    booking = await on_sale.reserve(ANN, 0, 1, 2)
    await move_clock(on_sale.db, "20 minutes")
    await on_sale.release(booking, Cause.EXPIRED)
    await move_clock(on_sale.db, "0 minutes")  # a clock that was put right
    await on_sale.reserve(ANN, 3, 4, 5, 6, 7, 8)
    with pytest.raises(ClaimClosed):
        await on_sale.confirm(booking)
    assert (await on_sale.statuses())[:3] == ["AVAILABLE"] * 3
