"""The faults: about one a second, each drawn from the seed. All of it runs in one thread."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from stack import citus, forks
from stack.launcher import Stack
from stack.processes import wait_until
from stack.services import replicas
from storm.clocks import Clocks
from storm.recovery import Probe

PAUSE_SECONDS = (0.4, 1.0)
"""How long after a fault the next one comes."""
TICK_SECONDS = 0.02
READY_SECONDS = 4.0
RETURN_SECONDS = 30.0
LAST_JUMP_SECONDS = 900.0
"""Past all times that anything waits for: the storm leaves nothing to come."""

WEIGHTS = {
    "kill inventory": 4,
    "kill booking": 4,
    "kill payment": 4,
    "kill bank": 3,
    "kill identity": 2,
    "kill gateway": 1,
    "kill postgres": 2,
    **({f"kill {forks.NAME}": 1} if forks.CAN_FORK else {}),
    "end inventory": 1,
    "end booking": 1,
    "end payment": 1,
    "end bank": 1,
    "end identity": 1,
    "freeze inventory": 2,
    "freeze booking": 2,
    "freeze payment": 2,
    "freeze bank": 1,
    "freeze identity": 1,
    "freeze gateway": 1,
    "freeze postgres": 2,
    "cut inventory": 5,
    "cut booking": 5,
    "cut payment": 5,
    "cut bank": 4,
    "cut identity": 1,
    "jump clock": 16,
}
"""How often each fault comes: what is done, and to whom."""

NODE_WEIGHT = 3
"""How often each worker of a Citus cluster is killed, where there is one."""

SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND random() < %s"
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Fault:
    """Something that was done to the stack, `at` seconds after the storm began."""

    at: float
    what: str
    whom: str
    how: str = ""


@dataclass
class Return:
    """A return of PostgreSQL: the seconds until each service, and a booking through all of them, was served again."""

    seconds: dict[str, float]
    restarted: list[str]
    """Services that ended meanwhile, which none may."""


@dataclass
class Faults:
    """What is done to a stack, and by whom it was survived."""

    stack: Stack
    clocks: Clocks
    probe: Probe
    chance: random.Random
    began: float
    say: Callable[[str], None]
    done: list[Fault] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    away: list[tuple[float, float]] = field(default_factory=list)
    """When PostgreSQL was away or frozen, on the monotonic clock: no service can start meanwhile."""
    _mends: list[tuple[float, str, Callable[[], None]]] = field(default_factory=list)
    """What has to be undone, when, and who waits for it."""

    def run(self, over: threading.Event) -> None:
        """Strike again and again until it is over; then undo what is left."""
        strike_at = time.monotonic()
        try:
            while not over.wait(TICK_SECONDS):
                self._mend(time.monotonic())
                if time.monotonic() >= strike_at:
                    self._strike()
                    strike_at = time.monotonic() + self.chance.uniform(*PAUSE_SECONDS)
        finally:
            self._mend(float("inf"))

    def pass_time(self) -> bool:
        """Set all clocks past everything that anybody waits for, once all of it has begun."""
        return wait_until(self._last_jump, RETURN_SECONDS)

    @property
    def by_kind(self) -> dict[str, int]:
        return dict(sorted(Counter(f"{fault.what} {fault.whom}".strip() for fault in self.done).items()))

    def _strike(self) -> None:
        """Do something to somebody who is well; whoever is not is spared, and something else is drawn."""
        weights = WEIGHTS | {f"kill {node}": NODE_WEIGHT for node in citus.workers(self.stack.settings)}
        for _ in range(len(weights)):
            [drawn] = self.chance.choices(list(weights), list(weights.values()))
            what, _, whom = drawn.partition(" ")
            if what != "cut":
                whom = self._one_of(whom)
            try:
                if self._try(what, whom):
                    return
            except (psycopg.Error, ProcessLookupError):
                continue  # it went away by itself, or was on its way back

    def _try(self, what: str, whom: str) -> bool:
        match what:
            case "kill" if whom == "postgres":
                return self._kill_postgres()
            case "kill":
                return self._kill(whom)
            case "end":
                return self._end(whom)
            case "freeze":
                return self._freeze(whom)
            case "cut":
                return self._cut(whom)
            case _:
                return self._jump()

    def _kill(self, whom: str) -> bool:
        if not self._is_well(whom):
            return False
        self._note("kill", whom)
        self.stack.kill(whom)
        return True

    def _end(self, whom: str) -> bool:
        """End a process politely, as in a rolling restart; it is started again like all others."""
        if not self._is_well(whom):
            return False
        self._note("end", whom)
        _signal([self.stack.pid(whom)], signal.SIGTERM)
        return True

    def _one_of(self, whom: str) -> str:
        """Draw one of a service's replicas."""
        names = [one.name for one in replicas(self.stack.settings) if one.service.name == whom]
        return self.chance.choice(names) if len(names) > 1 else whom

    def _kill_postgres(self) -> bool:
        """Kill the server when all services are up; strike nobody else until they serve again."""
        if not wait_until(self._all_are_well, READY_SECONDS):
            return False
        before = self._pids()
        since = time.monotonic()
        self._note("kill", "postgres")
        self.stack.kill("postgres")
        wait_until(self.stack.server.answers, RETURN_SECONDS)
        self.away.append((since, time.monotonic()))
        seconds = self.probe.serves_again()
        after = self._pids()
        self.returns.append(Return(seconds, [name for name in before if before[name] != after[name]]))
        return True

    def _freeze(self, whom: str) -> bool:
        if not self._is_well(whom):
            return False
        seconds = self.chance.uniform(0.2, 2.0 if whom in ("postgres", "gateway") else 3.0)
        pids = [self.stack.pid(whom)]
        if whom == "postgres":
            with self.stack.server.connect() as connection:
                pids = [pid for (pid,) in connection.execute(BACKENDS).fetchall()] + pids
            self.away.append((time.monotonic(), time.monotonic() + seconds + 2 * TICK_SECONDS))
        self._note("freeze", whom, f"{seconds:.1f} s")
        self._mends.append((time.monotonic() + seconds, whom, lambda: _signal(pids[::-1], signal.SIGCONT)))
        _signal(pids, signal.SIGSTOP)
        return True

    def _cut(self, whom: str) -> bool:
        if not self._is_well("postgres"):
            return False
        share = 1.0 if self.chance.random() < 0.4 else 0.4
        with self.stack.server.connect() as connection:
            cut = connection.execute(SESSIONS, [whom, share]).rowcount
        if not cut:
            return False
        self._note("cut", whom, f"{cut} connections")
        return True

    def _jump(self) -> bool:
        if not self._is_well("postgres") or self._waits("clocks"):
            return False
        whose, how_far, alone = self.clocks.jump(self.chance)
        self._note("jump", f"clock of {whose}", how_far)
        if alone:
            self._mends.append((time.monotonic() + self.chance.uniform(1.0, 4.0), "clocks", self._follow))
        return True

    def _follow(self) -> None:
        try:
            self.clocks.forward()
        except psycopg.Error:
            self._mends.append((time.monotonic() + 0.5, "clocks", self._follow))

    def _last_jump(self) -> bool:
        try:
            self.clocks.forward(LAST_JUMP_SECONDS)
        except psycopg.Error:
            return False
        self._note("jump", "clock of all", f"{LAST_JUMP_SECONDS:.0f} s")
        return True

    def _mend(self, now: float) -> None:
        due = [mend for mend in self._mends if mend[0] <= now]
        self._mends = [mend for mend in self._mends if mend[0] > now]
        for _, _, undo in due:
            undo()

    def _waits(self, whom: str) -> bool:
        return any(name == whom for _, name, _ in self._mends)

    def _is_well(self, whom: str) -> bool:
        return self.stack.is_up(whom) and not self._waits(whom)

    def _all_are_well(self) -> bool:
        self._mend(time.monotonic())
        return all(map(self._is_well, self.stack.names))

    def _pids(self) -> dict[str, int]:
        return {one.name: self.stack.pid(one.name) for one in replicas(self.stack.settings)}

    def _note(self, what: str, whom: str, how: str = "") -> None:
        fault = Fault(round(time.monotonic() - self.began, 3), what, whom, how)
        self.done.append(fault)
        self.say(f"{what} {whom} {how}".rstrip())


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
