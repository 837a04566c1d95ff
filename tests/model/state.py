"""The state of the model: all that matters of one show, and who has which of its seats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from tests.model.facts import (
    CAP,
    CODE,
    CODE_SEATS,
    HOLD_WINDOW,
    NO_REFUNDS,
    OVER,
    Answer,
    Booking,
    Claim,
    Payment,
    Seats,
)
from tests.model.money import COUPONS, PRICES


@dataclass
class State:
    now: int
    begins: int
    sales_end: int
    seats: int
    has_fees: bool = False
    """Whether it has fees and tickets for children."""
    revision: int = 1
    price: int = PRICES[0]
    """What the list says."""
    blocked: Seats = frozenset()
    revoked: bool = False
    """Whether the access code is."""
    rights: dict[int, str] = field(default_factory=dict)
    """By what seats are had that are or were blocked: CODE, GUEST, or BEFORE, where they had a claim at that time."""
    holds: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    """For each seat its user, since when and until when, and the price. One that has lapsed stays until another takes
    its place."""
    in_vain: dict[tuple[int, int], int] = field(default_factory=dict)
    """For how many minutes each user held seats and did not book them, in each window of time."""
    claims: dict[str, Claim] = field(default_factory=dict)
    bookings: dict[str, Booking] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    keys: dict[tuple[int, str], tuple[tuple[object, ...], str, Answer]] = field(default_factory=dict)
    """What a key was used for: the wish, the booking, the answer if there is one."""
    refund_keys: dict[tuple[int, str], tuple[tuple[object, ...], int | None]] = field(default_factory=dict)
    """What a key of a refund was used for: the wish, and which refund of the booking began with it, if one did."""
    closed: frozenset[str] = frozenset()
    """Bookings that nothing may be paid for any more."""
    cancelled: bool = False
    """Whether the show is cancelled: inventory says so."""
    cancelling: str = ""
    """ASKED where booking has written that it is to be, KNOWN where it knows that it is."""
    messages: frozenset[tuple[str, str]] = frozenset()
    """What is still to be told: the kind of it, and about which booking or payment."""

    def copy(self) -> Self:
        return replace(
            self,
            rights=dict(self.rights),
            holds=dict(self.holds),
            in_vain=dict(self.in_vain),
            claims=dict(self.claims),
            bookings=dict(self.bookings),
            payments=dict(self.payments),
            keys=dict(self.keys),
            refund_keys=dict(self.refund_keys),
        )

    def identity(self) -> object:
        dicts = (self.rights, self.holds, self.in_vain, self.claims, self.bookings, self.payments)
        keys = (frozenset(self.keys.items()), frozenset(self.refund_keys.items()))
        times = (self.begins, self.sales_end, self.revision)
        show = (self.now, times, self.price, self.blocked, self.revoked, self.cancelled, self.cancelling)
        return (show, *(frozenset(d.items()) for d in dicts), *keys, self.closed, self.messages)

    def send(self, *messages: tuple[str, str]) -> None:
        self.messages |= set(messages)

    def delivered(self, *messages: tuple[str, str]) -> None:
        self.messages -= set(messages)

    def seats_of(self, user: int) -> dict[int, str]:
        """Return the seats that a user has now, each with the booking that claims it."""
        mine = {seat: "" for seat, (who, _, until, _) in self.holds.items() if who == user and until > self.now}
        for id_, claim in self.claims.items():
            if claim.user == user and claim.lives(self.now):
                mine |= dict.fromkeys(claim.left, id_)
        return mine

    def taken(self) -> dict[int, str]:
        """Return the seats that somebody has now, each with the booking that claims it."""
        return {seat: id_ for user in self._users() for seat, id_ in self.seats_of(user).items()}

    def _users(self) -> set[int]:
        return {user for user, *_ in self.holds.values()} | {claim.user for claim in self.claims.values()}

    def counted(self, user: int) -> int:
        """Return how many seats a user has now, but for guests."""
        return sum(self.rights.get(seat) != "GUEST" for seat in self.seats_of(user))

    def _not_on_sale(self) -> str:
        """Return why nobody may take seats now."""
        if self.cancelled:
            return "SHOW_CANCELLED"
        if self.begins <= self.now:
            return "SHOW_STARTED"
        return "SALES_ENDED" if self.sales_end <= self.now else ""

    def _refusal(self, user: int, seats: Seats, code: str = "") -> str:
        """Return why a user may not take seats now. What they hold they may have, and blocked ones by the code."""
        if refusal := self._not_on_sale():
            return refusal
        mine, taken = self.seats_of(user), self.taken()
        held = {seat for seat in seats if mine.get(seat) == ""}
        closed = (seats & self.blocked) - taken.keys()
        if code and (code != CODE or not self._code_gives(len(closed))):
            return "ACCESS_CODE_NOT_VALID"
        if (seats - held) & taken.keys() or (closed and not code):
            return "SEATS_UNAVAILABLE"
        return "SEAT_LIMIT_EXCEEDED" if self.counted(user) + len(seats - held) > CAP else ""

    def _code_gives(self, more: int) -> bool:
        """Tell whether so many blocked seats can be had by the code beside those that are."""
        had = sum(self.rights.get(seat) == "CODE" for seat in self.taken())
        return not self.revoked and had + more <= CODE_SEATS

    def _right(self, user: int, seat: int, code: str) -> str:
        """Return by what a user takes a seat: what they hold they have as before."""
        if self.seats_of(user).get(seat) == "":
            return self.rights.get(seat, "")
        return "CODE" if code and seat in self.blocked else ""

    def _have(self, rights: Mapping[int, str]) -> None:
        """Have seats by other rights, or none."""
        for seat, right in rights.items():
            self.rights.pop(seat, None)
            if right:
                self.rights[seat] = right

    def _free(self, seats: Seats, *, in_vain: bool = False) -> None:
        """Take holds away. One that has lapsed was in vain, whatever takes its place."""
        for seat in seats & self.holds.keys():
            user, since, until, _ = self.holds.pop(seat)
            self.rights.pop(seat, None)
            if in_vain or until <= self.now:
                window, minutes = _spent(since, min(until, self.now))
                self.in_vain[user, window] = self.in_vain.get((user, window), 0) + minutes

    def _minutes_held(self, user: int) -> int:
        """Return for how many minutes a user has held seats in vain in this window."""
        now = self.now // HOLD_WINDOW
        lapsed = [
            _spent(since, until) for who, since, until, _ in self.holds.values() if who == user and until <= self.now
        ]
        return self.in_vain.get((user, now), 0) + sum(minutes for window, minutes in lapsed if window == now)

    def prices_for(self, user: int, seats: Sequence[int]) -> tuple[int, ...]:
        """Return what the list asks a user for seats: as much as when they were held, for those that are."""
        mine = self.seats_of(user)
        return tuple(self.holds[seat][3] if mine.get(seat) == "" else self.price for seat in seats)

    def _is_left(self, coupon: str) -> bool:
        """Tell whether a coupon may be used once more."""
        uses = sum(it.coupon == coupon and it.state not in OVER for it in self.bookings.values())
        return not coupon or uses < COUPONS[coupon][1]

    def _may_refund(self, id_: str) -> bool:
        """Tell whether the bank gives a payment's money back; of a free booking there is nothing to give back."""
        return not id_ or self.payments[id_].method != NO_REFUNDS


def _spent(since: int, end: int) -> tuple[int, int]:
    """Return in which window a hold has ended, and the minutes that it lasted, begun ones counted whole."""
    return end // HOLD_WINDOW, max(1, -((since - end) // 60))
