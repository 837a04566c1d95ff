"""Random users, clocks, banks, jobs and crashes against the real services, each step held against the model."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model.asking import USERS
from tests.model.databases import SERVICE_NAMES
from tests.model.draws import methods, moves, numbers, replicas, seats
from tests.model.driver import SETTLING, Doing
from tests.model.facts import Request, Seats, Tick
from tests.model.standing import Standing


class Boxoffice(Standing):
    """All that is done alone, and what is done at once."""

    @rule(chosen=st.lists(moves, min_size=2, max_size=6))
    def race(self, chosen: list[Any]) -> None:
        self.do(*self.branches(chosen))

    @rule(seats=seats, other=seats, names=st.lists(st.sampled_from(("hold", "book")), min_size=3, max_size=5))
    def race_for_seats(self, seats: Seats, other: Seats, names: list[str]) -> None:
        """Users want the same seats, or some of them."""
        wanted = (seats, seats, seats | other, other, seats)
        branches: list[Doing] = [
            [(Request(name, number % len(USERS), wanted[number]), number % 2)] for number, name in enumerate(names)
        ]
        self.do(*branches)

    @rule(number=numbers, method=methods, replica=replicas)
    def cancel_races_pay(self, number: int, method: str, replica: int) -> None:
        """A booking is cancelled while its payment comes in, and all of it is told."""
        if not self.bookings("PENDING"):
            self.do([(self.new_booking(number), replica)])
        if not self.bookings("PENDING"):
            return
        initiate = self.about_booking("initiate", number, "PENDING")
        self.do([(initiate, replica)])
        if paid := [id_ for id_ in self.payments("OPEN") if self.worlds[0].payments[id_].booking == initiate.about]:
            pay = Request("pay", about=paid[-1], method=method)
            news: Doing = [(Tick(name), replica) for name in SETTLING]
            cancel = Request("cancel", initiate.user, about=initiate.about)
            self.do([(pay, 0), *news], [(cancel, 1 - replica), (Tick("booking relay"), 1 - replica)])

    @rule(name=st.sampled_from(SERVICE_NAMES), number=replicas, turns=st.integers(0, 60), chosen=st.lists(moves))
    def crash(self, name: str, number: int, turns: int, chosen: list[Any]) -> None:
        """A replica dies while this and that goes on, and another takes its place."""
        self.do(*self.branches(chosen[:3]), crash=(name, number, turns))
