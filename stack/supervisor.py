"""Watch children and start those again that die."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stack.errors import StackError
from stack.processes import Child, stop, wait_healthy, wait_until

TICK_SECONDS = 0.05
FIRST_DELAY_SECONDS = 0.25
LONGEST_DELAY_SECONDS = 10.0
# A child that has been healthy this long is started at once again when it dies.
STEADY_SECONDS = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Recovery:
    """A child that died was started again, at `started` on the monotonic clock, and healthy after `seconds`."""

    name: str
    started: float
    seconds: float


@dataclass
class _Watch:
    child: Child
    healthy_since: float | None
    deaths: int = 0
    start_at: float | None = None
    started: float = 0.0


class Supervisor:
    """Children by name, each started again when it dies: at once the first time, then with growing delays.

    Everything that starts or ends a child happens under one lock, so that a wanted end is never taken for a death.
    One that has been healthy for `steady_seconds` counts as if it had never died. `recoveries` lists who came back.
    """

    def __init__(self, say: Say, *, steady_seconds: float = STEADY_SECONDS) -> None:
        self.recoveries: list[Recovery] = []
        self._say = say
        self._steady_seconds = steady_seconds
        self._watches: dict[str, _Watch] = {}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    def child(self, name: str) -> Child:
        """Return the child of this name, watched or not; raise KeyError if there is none."""
        return self._watches[name].child

    def is_running(self, name: str) -> bool:
        return name in self._watches and self._watches[name].child.running

    def start(self, children: Iterable[Child], *, healthy: Callable[[Child], None] = lambda child: None) -> None:
        """Start `children` together and wait until each is healthy, and tell `healthy`; then they are watched.

        Raise StackError if one of them does not come up; the others stay for `stop` to end.
        """
        children = list(children)
        self.begin(children)
        self.finish(children, healthy=healthy)

    def begin(self, children: Iterable[Child]) -> None:
        """Start `children`; `finish` waits for them."""
        with self._lock:
            for child in children:
                child.spawn()
                # Known at once, so that `stop` finds it; a death while it starts is reported, not mended.
                self._watches[child.name] = _Watch(child, healthy_since=None, start_at=float("inf"))

    def finish(self, children: Sequence[Child], *, healthy: Callable[[Child], None] = lambda child: None) -> None:
        """Wait until each of `children` is healthy, as `start` does."""
        wait_healthy(children, healthy=healthy)
        with self._lock:
            for child in children:
                self._watches[child.name] = _Watch(child, healthy_since=time.monotonic())

    def stop(self, names: Iterable[str]) -> None:
        """End the children of these names together and watch them no more."""
        with self._lock:
            ending = [self._watches[name] for name in names if name in self._watches]
            for watch in ending:
                watch.start_at = float("inf")
            for name in stop(watch.child for watch in ending):
                self._say(f"{name} did not end when asked and was killed")

    def replace(self, child: Child, seconds: float) -> None:
        """Start `child` beside the one of its name, which it takes over from; return when that one has ended.

        The old one is expected to end by itself within `seconds`. Raise StackError if the new one does not come up;
        the old one is watched again then.
        """
        with self._lock:
            old = self._watches[child.name]
            self._watches[child.name] = new = _Watch(child, healthy_since=None, start_at=float("inf"))
            child.spawn()
        try:
            wait_healthy([child])
        except StackError:
            with self._lock:
                child.kill()
                self._watches[child.name] = old
                old.child.note()
            raise
        wait_until(lambda: not old.child.running, seconds)
        stop([old.child])
        with self._lock:
            new.start_at, new.healthy_since = None, time.monotonic()

    def kill(self, name: str) -> None:
        """End a child with SIGKILL, as an accident would; it is started again."""
        with self._lock:
            self._watches[name].child.kill()

    def wait_healthy(self, name: str, seconds: float = 30) -> None:
        """Wait until a child is up and healthy; raise StackError if that takes longer than `seconds`."""
        if not wait_until(lambda: self.is_up(name), seconds):
            raise StackError(f"{name} is not healthy after {seconds:g} s (see {self.child(name).log})")

    def close(self) -> None:
        """Stop watching; every child has been stopped before."""
        self._over.set()
        self._thread.join()

    def is_up(self, name: str) -> bool:
        """Tell whether a child runs and has been healthy since it was started."""
        with self._lock:
            watch = self._watches[name]
            return watch.healthy_since is not None and watch.child.running

    def _run(self) -> None:
        while not self._over.wait(TICK_SECONDS):
            with self._lock:
                watches = list(self._watches.values())
            for watch in watches:
                try:
                    self._tend(watch)
                except Exception as error:  # whatever goes wrong with one child, the others stay watched
                    self._say(f"{watch.child.name}: {error}")
                    self._over.wait(1)

    def _tend(self, watch: _Watch) -> None:
        child = watch.child
        # Asked outside the lock: it may take a while, and a stop must not wait for it.
        recovered = watch.start_at is None and watch.healthy_since is None and child.healthy()
        now = time.monotonic()
        with self._lock:
            if self._watches.get(child.name) is not watch:
                return
            if watch.start_at is not None:
                if now >= watch.start_at:
                    watch.start_at = None
                    watch.started = now
                    child.spawn()
            elif not child.running:
                self._bury(watch, now)
            elif recovered:
                watch.healthy_since = now
                self.recoveries.append(Recovery(child.name, watch.started, now - watch.started))
                self._say(f"{child.name} is healthy again")
            elif watch.deaths and watch.healthy_since is not None and now - watch.healthy_since > self._steady_seconds:
                watch.deaths = 0

    def _bury(self, watch: _Watch, now: float) -> None:
        delay = min(FIRST_DELAY_SECONDS * 2 ** (watch.deaths - 1), LONGEST_DELAY_SECONDS) if watch.deaths else 0.0
        watch.deaths += 1
        watch.healthy_since = None
        watch.start_at = now + delay
        when = f"in {delay:g} s" if delay else "now"
        self._say(f"{watch.child.name} {watch.child.ending}; it is started again {when} (see {watch.child.log})")
