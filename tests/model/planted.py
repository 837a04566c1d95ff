"""Bugs to plant: each is one that Boxoffice could have, and that the model test has to find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.booking.cancelling import messages
from services.booking.captures import operation as captures
from services.booking.captures.domain import Settlement
from services.booking.refunds import domain as refunds
from services.chassis.writes import answers
from services.inventory.seats import commands
from services.inventory.seats import statements as seats_sql
from services.inventory.seats.domain import LockedShow, ReservationState, Seat
from services.payment.checkout.record import Record
from services.payment.checkout.steps import Checkout

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
        return until

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
    patch.setattr(messages, "close_payments", lambda booking_id: true(booking_id, booking_id))


def webhooks_are_believed(patch: pytest.MonkeyPatch) -> None:
    async def settle_report(self: Checkout, report: Any, event: Any) -> None:
        await self._record.submit(Record(report, event))

    patch.setattr(Checkout, "settle_report", settle_report)


def the_bank_is_never_asked(patch: pytest.MonkeyPatch) -> None:
    async def poll(self: Checkout) -> int:
        return 0

    patch.setattr(Checkout, "poll", poll)


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
)
"""Those that are found soonest come first."""
