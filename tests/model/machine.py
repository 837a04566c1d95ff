"""Random users, clocks, banks, jobs and crashes against the real services, each step held against the model.

What is drawn never depends on what happened before, which may differ from run to run where things happen at once: a
rule that finds nothing to be about does nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model import world
from tests.model.databases import SERVICE_NAMES
from tests.model.draws import (
    JUMPS,
    SHOWS,
    TICKS,
    keys,
    lates,
    methods,
    moves,
    numbers,
    replicas,
    seats,
    ticks,
    users,
    waits,
)
from tests.model.explore import Branch, explore
from tests.model.facts import Answer, Request, Seats, Seen, Tick
from tests.model.model import World

SETTLING = ("webhooks", "payment relay", "booking relay")
REST_ROUNDS = 12

Doing = list[tuple[Request | Tick, int]]
"""What somebody does, one after the other, each with the replica that is asked."""


class Wrong(AssertionError):
    """Boxoffice does what the model does not allow."""


class Boxoffice(RuleBasedStateMachine):
    """`world` is set by whoever runs this, with the loop that it lives in."""

    runner: ClassVar[asyncio.Runner]
    real: ClassVar[world.World]

    def __init__(self) -> None:
        super().__init__()
        self.worlds: list[World] = []
        self.asked: list[Request] = []
        self.steps = 0

    @initialize(show=st.sampled_from(SHOWS))
    def begin(self, show: tuple[int, int]) -> None:
        begins, sales_end = show
        self.run(self.real.begin(begins, sales_end))
        self.worlds = [World(0, begins, sales_end, world.SEATS)]

    # --- One at a time

    @rule(user=users, seats=seats, more=seats, seconds=waits, replica=replicas)
    def hold(self, user: int, seats: Seats, more: Seats, seconds: int, replica: int) -> None:
        """Hold seats, and some of them again after a while."""
        self.do([(Request("hold", user, seats), replica)])
        if seconds:
            self.jump(seconds)
            self.do([(Request("hold", user, frozenset(sorted(seats | more)[:2])), 1 - replica)])

    @rule(user=users, seats=seats, seconds=waits, all_=st.booleans(), replica=replicas)
    def extend(self, user: int, seats: Seats, seconds: int, all_: bool, replica: int) -> None:
        """Hold seats, and extend the holds after a while, again and again."""
        self.do([(Request("hold", user, seats), replica)])
        for _ in range(3):
            self.jump(seconds)
            self.do([(Request("extend_holds", user, frozenset() if all_ else seats), 1 - replica)])
            self.do([(Request("list_holds", user), replica)])

    @rule(user=users, seats=seats, all_=st.booleans(), replica=replicas)
    def release(self, user: int, seats: Seats, all_: bool, replica: int) -> None:
        self.do([(Request("release_holds", user, frozenset() if all_ else seats), replica)])

    @rule(user=users, seats=seats, seconds=waits, replica=replicas)
    def hold_for_ever(self, user: int, seats: Seats, seconds: int, replica: int) -> None:
        """Hold and release again and again."""
        for _ in range(4):
            self.do([(Request("hold", user, seats), replica)])
            self.jump(seconds)
            self.do([(Request("release_holds", user), 1 - replica)])

    @rule(user=users, seats=seats, key=keys, twice=st.booleans(), replica=replicas)
    def book(self, user: int, seats: Seats, key: str, twice: bool, replica: int) -> None:
        """Book, and with a key perhaps once more."""
        booking = Request("book", user, seats, key)
        self.do([(booking, replica)])
        if key and twice:
            self.do([(booking, 1 - replica)])

    @rule(user=users, seats=seats, replica=replicas)
    def hold_and_book(self, user: int, seats: Seats, replica: int) -> None:
        self.do([(Request("hold", user, seats), replica), (Request("book", user, seats), 1 - replica)])

    @rule(number=numbers, key=keys, seconds=waits, replica=replicas)
    def again(self, number: int, key: str, seconds: int, replica: int) -> None:
        """Ask again for what somebody asked for lately, at once or after a while."""
        if not self.asked:
            self.do([(self.new_booking(number, key), replica)])
        if seconds:
            self.jump(seconds)
        self.do([(_pick(self.asked[-5:], number), replica)])

    @rule(number=numbers, replica=replicas)
    def initiate(self, number: int, replica: int) -> None:
        self.do([(self.about_booking("initiate", number), replica)])

    @rule(number=numbers, method=methods, replica=replicas)
    def pay(self, number: int, method: str, replica: int) -> None:
        self.do([(self.about_payment("pay", number, method), replica)])

    @rule(number=numbers, method=methods, replica=replicas, returns=st.booleans())
    def check_out(self, number: int, method: str, replica: int, returns: bool) -> None:
        """Book if nothing is booked, open a session and pay; the news of it may travel all the way."""
        if not self.bookings("PENDING"):
            self.do([(self.new_booking(number), replica)])
        if self.bookings("PENDING"):
            self.do([(self.about_booking("initiate", number, "PENDING"), replica)])
        if self.payments("OPEN"):
            self.do([(self.about_payment("pay", -1, method, "OPEN"), 0)])
        if returns:
            self.settle(replica)

    @rule(number=numbers, method=methods, seconds=lates, rival=st.booleans(), busy=st.booleans(), replica=replicas)
    def pay_late(self, number: int, method: str, seconds: int, rival: bool, busy: bool, replica: int) -> None:
        """Pay, and let the news come when time may be up; a rival may want a seat meanwhile, jobs may be busy."""
        self.check_out(number, method, replica, False)
        self.jump(seconds)
        if busy:
            self.do([(Tick("expire"), replica)])
            self.do([(Tick("booking relay"), replica)])
        if rival and self.bookings():
            late = self.worlds[0].bookings[self.bookings()[-1]]
            rival_ = (late.user + 1) % len(world.USERS)
            self.do([(Request("hold", rival_, frozenset(sorted(late.seats)[:1])), 1 - replica)])
        self.do([(Tick("bank"), replica)])
        self.do([(Tick("poll"), replica)])
        self.settle(replica)

    @rule(number=numbers, replica=replicas)
    def cancel(self, number: int, replica: int) -> None:
        self.do([(self.about_booking("cancel", number), replica)])

    @rule(number=numbers, replica=replicas)
    def refund(self, number: int, replica: int) -> None:
        paid = [id_ for id_ in self.bookings() if self.worlds[0].bookings[id_].payment]
        if paid:
            id_ = _pick(paid, number)
            self.do([(Request("refund", self.worlds[0].bookings[id_].user, about=id_), replica)])
        else:
            self.check_out(number, "pm_succeed", replica, True)

    @rule(number=numbers, replica=replicas)
    def cancel_show(self, number: int, replica: int) -> None:
        """Cancel the show, now and then; what is under way may be told before the sweep begins."""
        if number < 3:
            self.do([(Request("cancel_show"), replica)])
            if number:
                self.settle(1 - replica)
            self.do([(Tick("sweep"), 1 - replica)])

    @rule(number=numbers, replica=replicas)
    def capture_after_all(self, number: int, replica: int) -> None:
        ended = ("DECLINED", "EXPIRED", "CLOSED")
        if self.payments(*ended):
            self.do([(self.about_payment("capture_after_all", number, "", *ended), 0)])
        else:
            self.check_out(number, "pm_decline", replica, True)

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
            id_ = _pick(self.bookings(), number)
            status = self.run(self.real.status(id_, replica))
            if status not in (reads := {it.bookings[id_].reads(it.now) for it in self.worlds}):
                self.fail(f"{id_} reads {status}, not {reads}")

    # --- Several at once

    @rule(chosen=st.lists(moves, min_size=2, max_size=6))
    def race(self, chosen: list[Any]) -> None:
        self.do(*self.branches(chosen))

    @rule(seats=seats, other=seats, names=st.lists(st.sampled_from(("hold", "book")), min_size=3, max_size=5))
    def race_for_seats(self, seats: Seats, other: Seats, names: list[str]) -> None:
        """Users want the same seats, or some of them."""
        wanted = (seats, seats, seats | other, other, seats)
        branches: list[Doing] = [
            [(Request(name, number % len(world.USERS), wanted[number]), number % 2)]
            for number, name in enumerate(names)
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
            [(asked, answer) for (asked, _), answer in zip(branch, returns, strict=True)]
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

    def new_booking(self, number: int, key: str = "") -> Request:
        return Request("book", number % len(world.USERS), frozenset({number % world.SEATS}), key)

    def about_booking(self, name: str, number: int, *states: str) -> Request:
        """Make a request about a booking; one for a new one where there is none."""
        if not self.bookings(*states):
            return self.new_booking(number)
        id_ = _pick(self.bookings(*states), number)
        return Request(name, self.worlds[0].bookings[id_].user, about=id_)

    def about_payment(self, name: str, number: int, method: str, *truths: str) -> Request:
        """Make a request about a payment; one for a new one where there is none."""
        if not self.payments(*truths):
            return self.about_booking("initiate", number)
        return Request(name, about=_pick(self.payments(*truths), number), method=method)

    def branches(self, chosen: Sequence[Any]) -> list[Doing]:
        """Make of moves what may be done now."""
        branches: list[Doing] = []
        for kind, user, some, key, number, method, tick, replica in chosen:
            if kind == "tick":
                branches.append([(Tick(tick), replica)])
            elif kind in ("hold", "extend_holds", "release_holds", "book"):
                key = key if kind == "book" else ""
                wanted = frozenset() if kind in ("extend_holds", "release_holds") and number % 2 else some
                branches.append([(Request(kind, user, wanted, key), replica)])
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


def _pick(of: Sequence[Any], number: int) -> Any:
    return of[number % len(of)]


def _unexplained(worlds: Sequence[World], done: Sequence[Branch], seen: Seen) -> str:
    lines = ["no order of what was done explains what came of it", "", "done:"]
    lines += [f"    {asked} -> {answer}" for branch in done for asked, answer in [*branch, ("", "")]]
    lines += ["", f"seen: {seen}"]
    lines += [f"before: {known}" for known in worlds]
    return "\n".join(lines)
