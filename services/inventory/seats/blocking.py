"""Blocking seats: nobody takes them, until they are unblocked."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.inventory.errors import SeatNotFound
from services.inventory.seats.commands import SeatCommand
from services.inventory.seats.domain import LockedShow, Seat, SeatRules


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSeats(SeatCommand[int]):
    """Have nobody take seats any more. Claims that there are end as they would; then the seats are BLOCKED."""

    urgent: ClassVar[bool] = True
    """It is seldom, and the rush of a sale must not hold it up."""

    reason: str

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> int:
        """Block all seats and return how many were for sale; raise SeatNotFound."""
        seats = _named(show, self)
        for seat in seats:
            if seat.blocked_for != self.reason:
                show.put(seat.blocked(self.reason))
        return sum(not seat.is_blocked for seat in seats)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnblockSeats(SeatCommand[int]):
    """Have seats for sale again, as far as nobody has them."""

    urgent: ClassVar[bool] = True

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> int:
        """Unblock all seats and return how many were blocked; raise SeatNotFound."""
        blocked = [seat for seat in _named(show, self) if seat.is_blocked]
        for seat in blocked:
            show.put(seat.unblocked())
        return len(blocked)


def _named(show: LockedShow, command: SeatCommand[int]) -> list[Seat]:
    """Return the seats that a command names, or raise SeatNotFound."""
    if unknown := [seat_id for seat_id in command.seat_ids if seat_id not in show.seats]:
        raise SeatNotFound(unknown)
    return [show.seats[seat_id] for seat_id in command.seat_ids]
