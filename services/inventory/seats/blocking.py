"""Blocking seats: nobody takes them, until they are unblocked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from services.chassis.writes.idempotency import Once
from services.inventory.errors import SeatNotFound
from services.inventory.seats.choosing import places_to_block, places_to_unblock
from services.inventory.seats.commands import SeatCommand
from services.inventory.seats.domain import LockedShow, SeatRules

A = TypeVar("A")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSeats(SeatCommand[int]):
    """Have nobody take seats any more. Claims that there are end as they would; then the seats are BLOCKED."""

    urgent: ClassVar[bool] = True
    """It is seldom, and the rush of a sale must not hold it up."""

    reason: str

    @property
    def takes_blocked(self) -> bool:
        """Those that are blocked for the reason count."""
        return True

    @property
    def blocks_for(self) -> str | None:
        """The reason."""
        return self.reason

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> int:
        """Block all seats and return how many were for sale; raise SeatNotFound, or what places of areas lack."""
        _check_named(show, self)
        seats = [show.seats[id_] for id_ in places_to_block(show, self.seat_ids, self.areas, self.reason, now)]
        for seat in seats:
            if seat.blocked_for != self.reason:
                show.put(seat.blocked(self.reason))
        return sum(not seat.is_blocked for seat in seats)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnblockSeats(SeatCommand[A]):
    """Have seats for sale again, as far as nobody has them."""

    urgent: ClassVar[bool] = True

    once: Once[int, Any] | None = None

    @property
    def takes_blocked(self) -> bool:
        """Only those."""
        return True

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> int:
        """Unblock all seats and return how many were blocked; raise SeatNotFound, or that areas are unknown."""
        _check_named(show, self)
        seats = (show.seats[id_] for id_ in places_to_unblock(show, self.seat_ids, self.areas, now))
        blocked = [seat for seat in seats if seat.is_blocked]
        for seat in blocked:
            show.put(seat.unblocked())
        return len(blocked)


def _check_named(show: LockedShow, command: SeatCommand[Any]) -> None:
    """Raise SeatNotFound unless the show has the seats that a command names."""
    if unknown := [seat_id for seat_id in command.seat_ids if seat_id not in show.seats]:
        raise SeatNotFound(unknown)
