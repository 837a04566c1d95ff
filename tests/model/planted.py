"""Bugs to plant: each is one that Boxoffice could have, and that the model test has to find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.booking.bookings.domain import Booking
from services.booking.cancelling import messages
from services.booking.captures import operation as captures
from services.booking.captures.domain import Settlement
from services.booking.creating import operation as creating
from services.booking.creating import statements as creating_sql
from services.booking.quoting import domain as quoting
from services.booking.refunds import domain as refunds
from services.booking.refunds import operation as refunding
from services.booking.refunds.domain import RefundPolicy
from services.booking.show_cancellations import steps as sweeping
from services.booking.show_updates.steps import ShowUpdates
from services.booking.tickets import operation as tickets
from services.chassis.writes import answers
from services.inventory.catalogue.rescheduling import RescheduleShows
from services.inventory.seats import blocking, choosing, commands
from services.inventory.seats import statements as seats_sql
from services.inventory.seats.domain import LockedShow, ReservationState, Seat
from services.inventory.seats.holds import ExtendHolds, ReleaseHolds
from services.inventory.seats.rights import GUEST, Access, AccessCode
from services.payment.checkout.record import Record
from services.payment.checkout.steps import Checkout
from tests.inventory.rules import RULES

Plant = Callable[[pytest.MonkeyPatch], None]
LONG = timedelta(days=1000)


def the_limit_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    true = commands.takeable
    patch.setattr(commands, "takeable", lambda *args: true(*args[:-1], replace(args[-1], max_seats_per_user=100)))


def a_lapsed_hold_stays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Seat, "is_claimed", lambda seat, now: seat.holder_id is not None)


def holding_again_extends(patch: pytest.MonkeyPatch) -> None:
    def apply(self: Any, show: Any, now: Any, rules: Any) -> Any:
        commands.takeable(show, self.seat_ids, self.user_id, now, rules)
        for id_ in self.seat_ids:
            held = {"status": "HELD", "holder_id": self.user_id, "booking_id": None, "expires_at": now + rules.hold}
            held["held_at"] = now
            show.take(replace(show.seats[id_], **held), now, rules)
        return commands.Held(self.show_id, self.user_id, [show.seats[it] for it in self.seat_ids], show.currency, now)

    patch.setattr(commands.Hold, "apply", apply)


def shows_are_not_locked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(seats_sql, "LOCK_SHOWS", seats_sql.LOCK_SHOWS.replace("FOR UPDATE SKIP LOCKED", ""))


def a_lapsed_claim_is_confirmed_over_others(patch: pytest.MonkeyPatch) -> None:
    true = commands.Confirm.apply

    def apply(self: Any, show: Any, now: Any, rules: Any) -> Any:
        known = show.reservations.get(self.booking_id)
        if known is not None and known.state in (ReservationState.RESERVED, ReservationState.RELEASED):
            alive = replace(known, state=ReservationState.RESERVED, expires_at=now + LONG)
            show.reservations[self.booking_id] = alive
        return true(self, show, now, rules)

    patch.setattr(commands.Confirm, "apply", apply)


def a_lapsed_claim_is_never_revived(patch: pytest.MonkeyPatch) -> None:
    true = commands.Confirm.apply
    patch.setattr(
        commands.Confirm,
        "apply",
        lambda self, show, now, rules: true(self, show, now, replace(rules, max_seats_per_user=0)),
    )


def sales_do_not_end_for_payments(patch: pytest.MonkeyPatch) -> None:
    true = commands.Confirm.apply

    def apply(self: Any, show: Any, now: Any, rules: Any) -> Any:
        show.sales_end_at = now + LONG
        return true(self, show, now, rules)

    patch.setattr(commands.Confirm, "apply", apply)


def claims_outlive_sales(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LockedShow, "until", lambda show, end: end)


def a_decline_shortens(patch: pytest.MonkeyPatch) -> None:
    def apply(self: Any, show: Any, now: Any, rules: Any) -> Any:
        known = show.reservations.get(self.booking_id)
        if known is None or not known.is_alive(now):
            raise commands.ClaimClosed()
        until = min(now + self.ttl, known.reserved_at + rules.reservation_max)
        for seat in show.seats_of_booking(self.booking_id):
            show.put(replace(seat, expires_at=until))
        show.put_reservation(replace(known, expires_at=until))
        return commands.Extended(until, show.times)

    patch.setattr(commands.Extend, "apply", apply)


def keys_are_not_stored(patch: pytest.MonkeyPatch) -> None:
    async def keep(*_: Any) -> None:
        pass

    patch.setattr(answers, "keep", keep)


def a_refund_is_rounded_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(refunds, "shares", lambda paid, share, before=0: [-(-one * share // 100) for one in paid])


def money_that_comes_twice_is_kept(patch: pytest.MonkeyPatch) -> None:
    true = captures.settlement_of

    def kept(booking: Any, capture: Any) -> Settlement:
        found = true(booking, capture)
        return Settlement.KEPT if found == Settlement.DUPLICATE else found

    patch.setattr(captures, "settlement_of", kept)


def cancelled_bookings_stay_open_for_payment(patch: pytest.MonkeyPatch) -> None:
    true = messages.give_up
    patch.setattr(messages, "_close_payments", lambda booking_id: true(booking_id, booking_id))


def webhooks_are_believed(patch: pytest.MonkeyPatch) -> None:
    async def settle_report(self: Checkout, report: Any, event: Any) -> None:
        await self._record.submit(Record(report, event))

    patch.setattr(Checkout, "settle_report", settle_report)


def the_bank_is_never_asked(patch: pytest.MonkeyPatch) -> None:
    async def poll(self: Checkout) -> int:
        return 0

    patch.setattr(Checkout, "poll", poll)


# --- Coupons, free bookings, kinds and fees


def the_use_of_a_coupon_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(creating_sql, "USE_COUPONS", creating_sql.USE_COUPONS + " AND false")


def a_late_payment_takes_no_use(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(captures.CapturesOfBookings, "settlement_of", lambda self, *given: captures.settlement_of(*given))


def a_free_booking_waits_for_a_payment(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Booking, "is_free", False)


def a_child_pays_as_an_adult(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(quoting, "priced_by_kind", lambda seats, versions, held_at: seats)


def a_fee_that_stays_comes_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Booking, "refundable_for", lambda self, seat, cause=None: self.paid_for(seat) - seat.order_amount)


# --- Refunds of a part


def each_part_is_rounded_by_itself(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(refunds, "shares", lambda paid, share, before=0: [one * share // 100 for one in paid])


def a_part_puts_all_seats_on_sale(patch: pytest.MonkeyPatch) -> None:
    true = commands.Unbook.apply
    patch.setattr(commands.Unbook, "apply", lambda self, *given: true(replace(self, seat_ids=()), *given))


def a_grant_gives_what_the_time_does(patch: pytest.MonkeyPatch) -> None:
    true = refunding.RefundableBookings.grant_for
    patch.setattr(refunding.RefundableBookings, "grant_for", lambda self, booking, granted: true(self, booking, None))


def the_time_is_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RefundPolicy, "percentage", lambda self, now, starts_at: 100)


# --- What organizers change


def a_hold_costs_what_the_list_says(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LockedShow, "priced", lambda show, seat, now: seat.at(show.prices[seat.tier]))


def another_amount_than_was_shown_is_booked(patch: pytest.MonkeyPatch) -> None:
    true = creating.BegunBooking.price
    patch.setattr(
        creating.BegunBooking, "price", lambda self, new, listed: true(self, replace(new, expected_total=None), listed)
    )
    patch.setattr(commands, "check_total", lambda *given: None)


def a_blocked_seat_is_sold(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Seat, "is_free", lambda seat, now: not seat.is_claimed(now))


def a_late_payment_gets_a_blocked_seat(patch: pytest.MonkeyPatch) -> None:
    true = commands.Confirm._may_revive

    def may_revive(self: Any, show: Any, user_id: Any, seats: Any, now: Any, rules: Any) -> bool:
        return true(self, show, user_id, [seat.unblocked() for seat in seats], now, rules)

    patch.setattr(commands.Confirm, "_may_revive", may_revive)


def a_lapsed_hold_unblocks(patch: pytest.MonkeyPatch) -> None:
    true = Seat.freed
    patch.setattr(Seat, "freed", lambda seat: true(replace(seat, blocked_for=None)))


def a_cancelled_show_sells(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LockedShow, "is_cancelled", False)


def a_cancelled_show_gives_half_back(patch: pytest.MonkeyPatch) -> None:
    half = replace(refunds.SHOW_CANCELLED, percentage=50)
    patch.setattr(sweeping, "SHOW_CANCELLED", half)
    patch.setattr(refunding, "SHOW_CANCELLED", half)


def bookings_do_not_follow_their_show(patch: pytest.MonkeyPatch) -> None:
    async def sweep_once(self: ShowUpdates) -> int:
        return 0

    patch.setattr(ShowUpdates, "sweep_once", sweep_once)


def refunds_count_from_the_new_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Booking, "refund_counts_from", lambda self, now: self.show.starts_at)
    patch.setattr(Booking, "refunds_whole_at", lambda self, now: False)


def who_asks_in_time_gets_what_the_time_gives(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Booking, "refunds_whole_at", lambda self, now: False)


def sales_end_under_those_who_have_seats(patch: pytest.MonkeyPatch) -> None:
    true = RescheduleShows._check

    def check(self: Any, command: Any, after: Any, place: Any, state: Any) -> None:
        true(self, command, after, place, replace(state, claimed_until={}))

    patch.setattr(RescheduleShows, "_check", check)


def a_code_gives_without_end(patch: pytest.MonkeyPatch) -> None:
    true = Access.admits
    patch.setattr(Access, "admits", lambda self, code, *given: true(self, replace(code, max_seats=100), *given))


def a_revoked_code_opens(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(AccessCode, "is_usable", lambda self, now: True)


def a_late_payment_loses_its_code(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Access, "admits_again", lambda self, rights, now: not list(rights))


def guests_count_against_the_limit(patch: pytest.MonkeyPatch) -> None:
    def seats_of(show: Any, user_id: Any, now: Any) -> list[Seat]:
        return [seat for seat in show.seats.values() if seat.holder_id == user_id and seat.is_claimed(now)]

    patch.setattr(LockedShow, "seats_of", seats_of)


def guests_take_what_is_for_sale(patch: pytest.MonkeyPatch) -> None:
    def for_guests(show: Any, seat_ids: Any, user_id: Any, now: Any) -> list[Seat]:
        return [seat.at(0).by_right(GUEST) for seat in commands.takeable(show, seat_ids, user_id, now, RULES)]

    patch.setattr(commands, "for_guests", for_guests)


def a_hold_is_extended_for_ever(patch: pytest.MonkeyPatch) -> None:
    true = ExtendHolds.apply
    patch.setattr(
        ExtendHolds, "apply", lambda self, show, now, rules: true(self, show, now, replace(rules, hold_max=LONG))
    )


def some_holds_released_are_all(patch: pytest.MonkeyPatch) -> None:
    true = ReleaseHolds.apply
    patch.setattr(ReleaseHolds, "apply", lambda self, *given: true(replace(self, some=False), *given))


def whoever_holds_for_ever_may(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LockedShow, "minutes_held", lambda *given: 0)


def a_ticket_outlives_its_seat(patch: pytest.MonkeyPatch) -> None:
    true = tickets.revoked
    patch.setattr(tickets, "revoked", lambda seats: true([]))


# --- Places of areas


def a_late_payment_gets_no_other_place(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(commands, "with_other_places", lambda show, claim, now: claim)


def places_that_are_held_do_not_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(choosing, "_held", lambda *given: [])


def blocking_places_again_blocks_more(patch: pytest.MonkeyPatch) -> None:
    true = choosing.places_to_block
    patch.setattr(blocking, "places_to_block", lambda show, ids, areas, reason, now: true(show, ids, areas, "", now))


def another_place_is_a_blocked_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(choosing, "_is_lost", lambda seat, claim, right, now: seat.is_claimed(now))


# --- Refunds under a key


def a_refund_forgets_its_key(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(refunding.RefundSeats, "is_of", lambda self, refund: False)


PLANTS: tuple[Plant, ...] = (
    the_limit_is_not_counted,
    a_lapsed_claim_is_confirmed_over_others,
    the_bank_is_never_asked,
    shows_are_not_locked,
    a_lapsed_hold_stays,
    holding_again_extends,
    a_lapsed_claim_is_never_revived,
    a_decline_shortens,
    sales_do_not_end_for_payments,
    claims_outlive_sales,
    keys_are_not_stored,
    a_refund_is_rounded_up,
    money_that_comes_twice_is_kept,
    cancelled_bookings_stay_open_for_payment,
    webhooks_are_believed,
    the_use_of_a_coupon_is_forgotten,
    a_late_payment_takes_no_use,
    a_free_booking_waits_for_a_payment,
    a_child_pays_as_an_adult,
    a_fee_that_stays_comes_back,
    each_part_is_rounded_by_itself,
    a_part_puts_all_seats_on_sale,
    a_grant_gives_what_the_time_does,
    the_time_is_not_looked_at,
    a_hold_costs_what_the_list_says,
    another_amount_than_was_shown_is_booked,
    a_blocked_seat_is_sold,
    a_late_payment_gets_a_blocked_seat,
    a_lapsed_hold_unblocks,
    a_cancelled_show_sells,
    a_cancelled_show_gives_half_back,
    bookings_do_not_follow_their_show,
    refunds_count_from_the_new_time,
    who_asks_in_time_gets_what_the_time_gives,
    sales_end_under_those_who_have_seats,
    a_code_gives_without_end,
    a_revoked_code_opens,
    a_late_payment_loses_its_code,
    guests_count_against_the_limit,
    guests_take_what_is_for_sale,
    a_hold_is_extended_for_ever,
    some_holds_released_are_all,
    a_ticket_outlives_its_seat,
    whoever_holds_for_ever_may,
    a_late_payment_gets_no_other_place,
    places_that_are_held_do_not_count,
    blocking_places_again_blocks_more,
    another_place_is_a_blocked_one,
    a_refund_forgets_its_key,
)
"""Those that are found soonest come first."""
