"""Drives the services and the model alike: what is done, is done by both, and each step is held against the model.

What is drawn never depends on what happened before, which may differ from run to run where things happen at once: a
rule that finds nothing to be about does nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model import world
from tests.model.asking import USERS
from tests.model.draws import JUMPS, SHIFTS, SHOWS, TICKS, numbers, replicas, ticks
from tests.model.explore import Branch, explore
from tests.model.facts import CODE, PLACES, Answer, Chosen, Request, Seats, Seen, Tick
from tests.model.model import World
from tests.model.money import PRICES

SETTLING = ("webhooks", "payment relay", "booking relay")
REST_ROUNDS = 12

Doing = list[tuple[Request | Tick, int]]
"""What somebody does, one after the other, each with the replica that is asked."""


class Wrong(AssertionError):
    """Boxoffice does what the model does not allow."""


class Driver(RuleBasedStateMachine):
    """`world` is set by whoever runs this, with the loop that it lives in."""

    runner: ClassVar[asyncio.Runner]
    real: ClassVar[world.World]

    def __init__(self) -> None:
        super().__init__()
        self.worlds: list[World] = []
        self.asked: list[Request] = []
        self.steps = 0

    @initialize(show=st.sampled_from(SHOWS), has_fees=st.sampled_from((False, False, True)))
    def begin(self, show: tuple[int, int], has_fees: bool) -> None:
        begins, sales_end = show
        self.run(self.real.begin(begins, sales_end, has_fees=has_fees))
        self.worlds = [World(0, begins, sales_end, world.SEATS + PLACES, has_fees)]

    # --- Time, jobs, and what callers see

    @rule(seconds=st.sampled_from(JUMPS))
    def jump(self, seconds: int) -> None:
        self.run(self.real.jump(seconds))
        for known in self.worlds:
            known.now += seconds
        self.see([])

    @rule(name=ticks, replica=replicas)
    def tick(self, name: str, replica: int) -> None:
        self.do([(Tick(name), replica)])

    @rule(replica=replicas)
    def settle(self, replica: int) -> None:
        """Let what is to be told be told."""
        for name in SETTLING:
            if any(known.steps(name) for known in self.worlds):
                self.do([(Tick(name), replica)])

    @rule(number=numbers, replica=replicas)
    def look(self, number: int, replica: int) -> None:
        if self.bookings():
            id_ = pick(self.bookings(), number)
            status = self.run(self.real.status(id_, replica))
            if status not in (reads := {it.bookings[id_].reads(it.now) for it in self.worlds}):
                self.fail(f"{id_} reads {status}, not {reads}")

    # --- How

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def do(self, *branches: Doing, crash: tuple[str, int, int] | None = None) -> None:
        """Let everybody do what they do, all at once, and hold what comes of it against the model."""
        if not branches and not crash:
            return
        requests = [it for branch in branches for it, _ in branch if isinstance(it, Request)]
        self.asked += [it for it in requests if it.name != "capture_after_all"]  # which is nobody's request
        answers = self.run(self._at_once(branches, crash))
        done = [
            [_told(asked, answer) for (asked, _), answer in zip(branch, returns, strict=True)]
            for branch, returns in zip(branches, answers, strict=True)
        ]
        self.see(done, crash=crash is not None)

    async def _at_once(self, branches: Sequence[Doing], crash: tuple[str, int, int] | None) -> list[list[Answer]]:
        alone = len(branches) == 1 and not crash

        async def follow(branch: Doing) -> list[Answer]:
            return [await self._one(asked, replica, hurry=alone, mortal=bool(crash)) for asked, replica in branch]

        going = [asyncio.ensure_future(follow(branch)) for branch in branches]
        if crash:
            name, number, turns = crash
            for _ in range(turns):
                await asyncio.sleep(0)
            await self.real.restart(name, number)
        answers = await asyncio.gather(*going)
        if crash:
            await self.real.settled()
        return answers

    async def _one(self, asked: Request | Tick, replica: int, *, hurry: bool, mortal: bool) -> Answer:
        if isinstance(asked, Request):
            return await self.real.ask(asked, replica)
        try:
            await self.real.tick(asked.name, replica, hurry=hurry)
        except (Exception, asyncio.CancelledError):
            if not mortal:
                raise
        return ()

    def see(self, done: Sequence[Branch], *, crash: bool = False) -> None:
        """Go on with the worlds that explain what was answered and what is seen; there must be one."""
        self.steps += 1
        seen: Seen = self.run(self.real.see(self.steps % 2))
        known = explore(self.worlds, done, seen, crash=crash)
        if not known:
            self.fail(_unexplained(self.worlds, done, seen))
        self.worlds = known

    # --- What there is

    def bookings(self, *states: str) -> list[str]:
        known = self.worlds[0]
        return sorted(
            id_
            for id_, it in known.bookings.items()
            if it.state != "RESERVING" and (not states or it.reads(known.now) in states or it.state in states)
        )

    def payments(self, *truths: str) -> list[str]:
        known = self.worlds[0]
        return sorted(
            id_ for id_, it in known.payments.items() if it.bank and (not truths or it.truth(known.now) in truths)
        )

    def tickets(self) -> list[str]:
        """Return the bookings that are or were paid for, or free."""
        known = self.worlds[0].bookings
        return [id_ for id_ in self.bookings() if known[id_].payment or not known[id_].final]

    def nobodys(self, wanted: Seats) -> list[int]:
        """Return the seats that nobody has, those that are wanted first."""
        free = frozenset(range(world.SEATS)) - self.worlds[0].taken().keys()
        return [*sorted(free & wanted), *sorted(free - wanted)]

    def for_sale(self, wanted: Seats) -> list[int]:
        """Return the seats that nobody has and that are not blocked, those that are wanted first."""
        return [seat for seat in self.nobodys(wanted) if seat not in self.worlds[0].blocked]

    def new_booking(self, number: int, key: str = "") -> Request:
        """Make a request for a seat, or two, now and then with a coupon or for a child."""
        seats = {number % world.SEATS, (number + number % 2) % world.SEATS}
        coupon = "TENTH" if number in (3, 6) else ""
        child = self.worlds[0].has_fees and number in (1, 4)
        return Request("book", number % len(USERS), frozenset(seats), key, coupon=coupon, child=child)

    def about_booking(self, name: str, number: int, *states: str) -> Request:
        """Make a request about a booking; one for a new one where there is none."""
        if not self.bookings(*states):
            return self.new_booking(number)
        id_ = pick(self.bookings(*states), number)
        return Request(name, self.worlds[0].bookings[id_].user, about=id_)

    def about_payment(self, name: str, number: int, method: str, *truths: str) -> Request:
        """Make a request about a payment; one for a new one where there is none."""
        if not self.payments(*truths):
            return self.about_booking("initiate", number)
        return Request(name, about=pick(self.payments(*truths), number), method=method)

    def about_refund(self, number: int, count: int, per_cent: int, key: str = "") -> Request:
        """Make a request for the money of seats of a ticket; one for a new booking where there is none.

        Keys are customers': staff who ask twice give twice.
        """
        if not self.tickets():
            return self.new_booking(number)
        id_ = pick(self.tickets(), number)
        booking = self.worlds[0].bookings[id_]
        some = sorted(booking.left or booking.seats)[:count]
        name = "grant" if per_cent else "refund"
        return Request(name, booking.user, frozenset(some), "" if per_cent else key, about=id_, per_cent=per_cent)

    def new_time(self, hours: int) -> Request:
        """Make a request that has the show begin so many hours later."""
        return Request("reschedule", amount=self.worlds[0].begins + hours * 3600)

    def branches(self, chosen: Sequence[Any]) -> list[Doing]:
        """Make of moves what may be done now."""
        branches: list[Doing] = []
        for kind, user, some, key, number, method, tick, replica, coupon in chosen:
            if kind == "tick":
                branches.append([(Tick(tick), replica)])
            elif kind == "book":
                code, places = CODE * (number % 3 == 2), number % 4 if number % 3 == 0 else 0
                booking = Request(kind, user, some if places < 3 else frozenset(), key, coupon=coupon, code=code)
                branches.append([(replace(booking, places=places), replica)])
            elif kind in ("hold", "extend_holds", "release_holds"):
                code = CODE * (number % 3 == 2)
                wanted = frozenset() if kind != "hold" and number % 2 else some
                places = number % 4 if kind == "hold" and number % 3 == 0 else 0
                hold = Request(kind, user, wanted, code=code if kind == "hold" else "", places=places)
                branches.append([(hold, replica)])
            elif kind == "set_prices":
                branches.append([(Request(kind, amount=PRICES[number % len(PRICES)]), replica)])
            elif kind == "book_guests":
                branches.append([(Request(kind, user, some & self.worlds[0].blocked or some), replica)])
            elif kind == "revoke_code":
                branches.append([(Request(kind), replica)] if number == 0 else [])
            elif kind == "reschedule":
                branches.append([(self.new_time(SHIFTS[number % len(SHIFTS)]), replica)])
            elif kind in ("block", "unblock"):
                branches.append([(Request(kind, seats=some), replica)])
            elif kind in ("refund", "grant"):
                branches.append([(self.about_refund(number, number % 3, 50 if kind == "grant" else 0, key), replica)])
            elif kind == "pay":
                branches.append([(self.about_payment(kind, number, method), replica)])
            else:
                branches.append([(self.about_booking(kind, number), replica)])
        return branches

    # --- The end

    def teardown(self) -> None:
        if self.worlds:
            self.come_to_rest()
            self.jump(45 * 60)  # every claim has lapsed, every session has ended
            self.come_to_rest()
            self.do([(Tick("tidy"), 0)])
            self.compare()

    def come_to_rest(self) -> None:
        """Run jobs and relays until nothing is under way."""
        for _ in range(REST_ROUNDS):
            pending = [name for name in TICKS if any(known.steps(name) for known in self.worlds)]
            if not pending and self.run(self.real.at_rest()):
                return
            for name in pending or TICKS:
                self.do([(Tick(name), 0)])
        self.fail("it does not come to rest")

    def fail(self, why: str) -> None:
        """Say what is wrong; from here on nothing can be said of this run."""
        self.worlds = []
        raise Wrong(why)

    def compare(self) -> None:
        """Hold the money against the model, and everything against the invariants."""
        money = {id_: kept for id_, kept in self.run(self.real.money()).items() if kept}
        for known in self.worlds:
            expected = {id_: kept for id_ in known.payments if (kept := known.money(id_))}
            if money == expected and known.is_refunded():
                break
        else:
            self.fail(f"the bank has {money}\n" + "\n".join(f"model: {known}" for known in self.worlds))
        if broken := self.real.audit():
            self.fail("\n".join(broken))


def pick(of: Sequence[Any], number: int) -> Any:
    return of[number % len(of)]


def _told(asked: Request | Tick, answer: Answer) -> tuple[Request | Tick, Answer]:
    """Return a request with the places that its answer names, and the rest of the answer."""
    if isinstance(asked, Request) and answer and isinstance(answer[-1], Chosen):
        return replace(asked, told=answer[-1].places), answer[:-1]
    return asked, answer


def _unexplained(worlds: Sequence[World], done: Sequence[Branch], seen: Seen) -> str:
    lines = ["no order of what was done explains what came of it", "", "done:"]
    lines += [f"    {asked} -> {answer}" for branch in done for asked, answer in [*branch, ("", "")]]
    lines += ["", f"seen: {seen}"]
    lines += [f"before: {known}" for known in worlds]
    return "\n".join(lines)
