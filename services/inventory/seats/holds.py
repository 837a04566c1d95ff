"""Commands about holds that there are: giving them more time, letting them go, clearing those that have lapsed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.inventory.errors import SeatsNotHeld
from services.inventory.seats.commands import Held, SeatCommand
from services.inventory.seats.domain import LockedShow, Seat, SeatRules, SeatStatus
from services.inventory.seats.taking import check_seats


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendHolds(SeatCommand[Held]):
    """Give a user's holds their time again, never less than they have, and no more than a hold may have in all."""

    user_id: UUID

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> Held:
        """Extend the holds of the seats that it names, or all if it names none; raise what stands in the way."""
        check_seats(show, self.seat_ids, now)
        held = _held(show, self.user_id, now)
        ids = self.seat_ids or [seat.id for seat in held]
        if not ids or (others := set(ids) - {seat.id for seat in held}):
            raise SeatsNotHeld([id_ for id_ in ids if id_ in others] if ids else [])
        for seat in [show.seats[id_] for id_ in ids]:
            assert seat.expires_at is not None, "a hold has an end"
            held_at = rules.held_at(seat)
            until = max(seat.expires_at, show.until(min(now + rules.hold, held_at + rules.hold_max)))
            if until != seat.expires_at:
                show.put(replace(seat, held_at=held_at, expires_at=until))
        return Held(self.show_id, self.user_id, [show.seats[id_] for id_ in ids], show.currency, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHolds(SeatCommand[int]):
    """Release a user's holds."""

    user_id: UUID
    some: bool = False
    """Whether only holds of the seats that it names."""

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> int:
        """Release what the user holds; return how many seats that were."""
        held = [seat for seat in _held(show, self.user_id, now) if not self.some or seat.id in self.seat_ids]
        for seat in held:
            show.let_go(seat, now, rules)
            show.put(seat.freed())
        return len(held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidy(SeatCommand[int]):
    """Clear the rows of holds that are none any more: they have lapsed, or the show is cancelled."""

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> int:
        """Clear such holds among the seats it names; return how many."""
        lapsed = [
            seat
            for seat in map(show.seats.get, self.seat_ids)
            if seat is not None and seat.status == SeatStatus.HELD and (show.is_cancelled or not seat.is_claimed(now))
        ]
        for seat in lapsed:
            if not seat.is_claimed(now):
                show.let_go(seat, now, rules)
            show.put(seat.freed())
        return len(lapsed)


def _held(show: LockedShow, user_id: UUID, now: datetime) -> Sequence[Seat]:
    return [seat for seat in show.seats_of(user_id, now) if seat.status == SeatStatus.HELD]
