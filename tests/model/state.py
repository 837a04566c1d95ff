"""The state of the model: all that matters of one show, and who has which of its seats."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from tests.model.facts import CAP, NO_REFUNDS, Answer, Booking, Claim, Payment, Seats


@dataclass
class State:
    now: int
    begins: int
    sales_end: int
    seats: int
    holds: dict[int, tuple[int, int]] = field(default_factory=dict)
    """For each seat its user, and until when."""
    claims: dict[str, Claim] = field(default_factory=dict)
    bookings: dict[str, Booking] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    keys: dict[tuple[int, str], tuple[Seats, str, Answer]] = field(default_factory=dict)
    """What a key was used for: the seats, the booking, the answer if there is one."""
    closed: frozenset[str] = frozenset()
    """Bookings that nothing may be paid for any more."""
    messages: frozenset[tuple[str, str]] = frozenset()
    """What is still to be told: the kind of it, and about which booking or payment."""

    def copy(self) -> Self:
        return replace(
            self,
            holds=dict(self.holds),
            claims=dict(self.claims),
            bookings=dict(self.bookings),
            payments=dict(self.payments),
            keys=dict(self.keys),
        )

    def identity(self) -> object:
        dicts = (self.holds, self.claims, self.bookings, self.payments, self.keys)
        return (self.now, *(frozenset(d.items()) for d in dicts), self.closed, self.messages)

    def send(self, *messages: tuple[str, str]) -> None:
        self.messages |= set(messages)

    def delivered(self, *messages: tuple[str, str]) -> None:
        self.messages -= set(messages)

    def seats_of(self, user: int) -> dict[int, str]:
        """Return the seats that a user has now, each with the booking that claims it."""
        mine = {seat: "" for seat, (who, until) in self.holds.items() if who == user and until > self.now}
        for id_, claim in self.claims.items():
            if claim.user == user and claim.lives(self.now):
                mine |= dict.fromkeys(claim.seats, id_)
        return mine

    def taken(self) -> dict[int, str]:
        """Return the seats that somebody has now, each with the booking that claims it."""
        return {seat: id_ for user in self._users() for seat, id_ in self.seats_of(user).items()}

    def _users(self) -> set[int]:
        return {user for user, _ in self.holds.values()} | {claim.user for claim in self.claims.values()}

    def _refusal(self, user: int, seats: Seats) -> str:
        """Return why a user may not take seats now. What they hold they may have."""
        mine, taken = self.seats_of(user), self.taken()
        held = {seat for seat in seats if mine.get(seat) == ""}
        if self.begins <= self.now:
            return "SHOW_STARTED"
        if self.sales_end <= self.now:
            return "SALES_ENDED"
        if any(seat in taken for seat in seats - held):
            return "SEATS_UNAVAILABLE"
        return "SEAT_LIMIT_EXCEEDED" if len(mine) + len(seats - held) > CAP else ""

    def _free(self, seats: Seats) -> None:
        for seat in seats:
            self.holds.pop(seat, None)

    def _may_refund(self, id_: str) -> bool:
        return self.payments[id_].method != NO_REFUNDS
