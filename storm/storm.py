"""The order of a storm: a stack of its own, customers and faults, then rest, and the reckoning."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from audit import audit
from stack import tokens
from stack.launcher import Stack, temporary_settings
from stack.settings import Settings
from storm import comparison, razorpay_storm, report
from storm.client import GaveUp, Refused, StormShop, open_http
from storm.clocks import Clocks
from storm.doors import Doors
from storm.faults import Faults
from storm.friends import Friend, make_friends
from storm.history import History
from storm.razorpay_storm import AtRazorpay
from storm.recovery import Probe
from storm.report import Report
from storm.shows import Box, make_show
from storm.stories import Customer, Stories

Say = Callable[[str], None]

CUSTOMERS = 64
"""How many there are at once."""
ARRIVALS_PER_SECOND = 36.0
"""How many come in the long run: so that two cores are busy, and not beyond. After an outage they come in a crowd."""
PROGRESS_SECONDS = 5.0
LEAVE_SECONDS = 10.0
"""How long customers may go on with what they do when the storm is over."""
READY_SECONDS = 60.0
REST_SECONDS = 150.0
LOOK_SECONDS = 0.2
QUIET_SECONDS = 1.5

ENVIRONMENTS = {
    # What lapses, lapses soon: the clocks jump by minutes.
    "inventory": {"SEAT_HOLD_MINUTES": "1", "CHANGE_RETENTION_MINUTES": "10080"},
    "booking": {"BOOKING_EXPIRY_MINUTES": "3", "CHECK_IN_OPENS_MINUTES": "100000"},
    # A webhook that is late comes so much later by the wall's clock, and a payment by the bank's, which jumps.
    "bank": {"BANK_DELAY_SECONDS": "6", "BANK_SCENARIOS": "mixed"},
    "payment": {"SESSION_MARGIN_SECONDS": "10"},
}

DUE_SESSIONS = """
    SELECT count(*) FROM bank.sessions
    WHERE status = 'OPEN' AND coalesce(decides_at, expires_at) <= bank.boxoffice_clock()
"""


@dataclass(frozen=True)
class Options:
    """What may be chosen about a storm."""

    seconds: float
    seed: str
    json: Path | None = None
    replicas: int = 1
    gateway: str = "bank"
    """Where customers pay: at the bank, or at a stand-in for Razorpay."""


def run(options: Options, say: Say) -> int:
    """Raise a storm and print what came of it; return 0 if every promise was kept and all came to rest."""
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-storm-"))
    # Root's PostgreSQL runs as another user, who must be able to pass through.
    folder.chmod(0o711)
    settings = temporary_settings(folder, replicas=options.replicas).model_copy(update={"postgres_durable": True})
    with contextlib.ExitStack() as beside:
        razorpay = beside.enter_context(razorpay_storm.running(options.seed)) if options.gateway == "razorpay" else None
        return _run(options, settings, folder, razorpay, say)


def _run(options: Options, settings: Settings, folder: Path, razorpay: AtRazorpay | None, say: Say) -> int:
    environments = dict(ENVIRONMENTS)
    if razorpay is not None:
        environments["payment"] = environments["payment"] | razorpay.environment
    # Who is killed is started again at once, however often: the storm measures that, and it kills no one who is ill.
    stack = Stack(settings, environments=environments, steady_seconds=0, say=_log(folder))
    each = f", {options.replicas} replicas of each service" if options.replicas > 1 else ""
    each += f", paid at {options.gateway}" if razorpay is not None else ""
    say(f"storm of {options.seconds:g} s, seed {options.seed}{each}: starting a stack in {folder}")
    with stack:
        storm = Storm(stack, options, say, razorpay)
        asyncio.run(storm.rage())
        storm.reckon()
    print(f"\n{storm.report}")
    if options.json is not None:
        storm.report.write(options.json)
    if not storm.report.is_well:
        say(f"not well: data and logs are kept in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


class Storm:
    """A storm over a stack that runs."""

    def __init__(self, stack: Stack, options: Options, say: Say, razorpay: AtRazorpay | None = None) -> None:
        self._razorpay = razorpay
        self.report = Report(options.seed, options.seconds)
        self._stack = stack
        self._options = options
        self._say = say
        self._history = History()
        self._clocks = Clocks(stack.server)
        self._tokens = tokens.needed(stack.settings)
        self._faults: Faults | None = None
        self._doors: Doors | None = None
        self._friends: list[Friend] = []
        self._last_fault = 0.0
        self._over = asyncio.Event()
        self._playing: set[asyncio.Task[None]] = set()
        self._beside: set[asyncio.Task[None]] = set()

    async def rage(self) -> None:
        """Let customers and faults loose until the time is up, or somebody interrupts; then let all of it end."""
        chance = random.Random(self._options.seed)
        faults_over = threading.Event()
        with _signals(self._over):
            async with open_http(self._stack.public_url) as http:
                shop = StormShop(
                    http, self._history, chance, self._tokens, None if self._razorpay is None else self._razorpay.pay
                )
                box = Box(shop, chance)
                await box.open()
                # Accounts and their addresses take tokens, so without these no ticket is passed on.
                self._friends = await make_friends(shop, chance) if self._tokens is not None else []
                probe = await self._probe(shop, chance)
                folder = self._stack.settings.data_dir / "gates"
                doors = self._doors = Doors(self._stack.public_url, self._tokens, folder, self._options.seed)
                await doors.open(shop)
                self._history.began = began = time.monotonic()
                if self._razorpay is not None:
                    self._razorpay.begin(self._stack.public_url)
                self._faults = Faults(
                    self._stack, self._clocks, probe, random.Random(f"faults {self._options.seed}"), began,
                    _log(self._stack.settings.data_dir),
                )  # fmt: skip
                striking = asyncio.create_task(asyncio.to_thread(self._faults.run, faults_over))
                coming = asyncio.create_task(self._customers(shop, box))
                self._spawn(doors.sell(shop))
                progress = asyncio.create_task(self._progress())
                watched = asyncio.create_task(self._over.wait())
                await asyncio.wait(
                    [watched, striking, coming], timeout=self._options.seconds, return_when=asyncio.FIRST_COMPLETED
                )
                self.report.interrupted = self._over.is_set()
                self.report.seconds = time.monotonic() - began
                self._over.set()
                faults_over.set()
                await striking
                self._last_fault = time.monotonic()
                await asyncio.to_thread(doors.close)
                progress.cancel()
                coming.cancel()
                self._say("the storm is over: waiting for the customers, and for rest")
                await _end(self._playing, LEAVE_SECONDS)
                await _end(self._beside, 0)

    def reckon(self) -> None:
        """Wait for rest, audit the books, and hold the customers' histories against them."""
        found, faults, stack = self.report, self._faults, self._stack
        assert faults is not None, "it has raged"
        stack.wait_ready(READY_SECONDS)
        if self._razorpay is not None:
            self._razorpay.end(stack.server)
            self._say("at Razorpay: " + ", ".join(f"{what} {times}" for what, times in self._razorpay.done.items()))
        faults.pass_time()
        self._rest()
        assert self._doors is not None, "it has raged"
        found.doors, at_doors = self._doors.reckon(stack.server, self._say)
        self._say("comparing what customers were told with the databases")
        audited = audit.look(stack.server.url)
        found.audit = audited.summary
        violations = comparison.compare(self._history, comparison.read(stack.server, self._razorpay))
        found.violations = [*report.broken(violations, audited.broken), *at_doors]
        if self._razorpay is not None and (differs := self._razorpay.differs(stack.server)):
            found.violations = [*found.violations, differs]
        history = self._history
        found.requests, found.acknowledged, found.given_up = (
            history.attempts,
            len(history.acknowledged),
            history.given_up,
        )
        found.refusals = dict(history.refusals.most_common())
        found.faults, found.faults_by_kind = len(faults.done), faults.by_kind
        found.sold = report.sold(stack.server)
        met = [recovery for recovery in stack.recoveries if report.met(recovery, faults.away)]
        found.recoveries = report.spreads([recovery for recovery in stack.recoveries if recovery not in met])
        found.recoveries_without_database = report.spreads(met)
        asked = faults.returns[0].seconds if faults.returns else {}
        found.returns = {
            name: report.Spread.from_seconds([one.seconds[name] for one in faults.returns]) for name in asked
        }
        found.restarted_by_returns = [name for one in faults.returns for name in one.restarted]

    async def _customers(self, shop: StormShop, box: Box) -> None:
        """Let customers come, each with a story drawn from the seed; those that wait at the door come in a crowd."""
        door = asyncio.Semaphore(CUSTOMERS)
        arrivals = random.Random(f"arrivals {self._options.seed}")
        arrival = time.monotonic()
        while True:
            arrival += arrivals.expovariate(ARRIVALS_PER_SECOND)
            await asyncio.sleep(max(0.0, arrival - time.monotonic()))
            await door.acquire()
            chance = random.Random(f"story {self.report.stories} {self._options.seed}")
            self.report.stories += 1
            playing = asyncio.create_task(Stories(shop, box, chance, self._spawn, self._friends).play())
            self._playing.add(playing)
            playing.add_done_callback(self._playing.discard)
            playing.add_done_callback(lambda _: door.release())

    def _spawn(self, doing: Coroutine[Any, Any, None]) -> None:
        async def quietly() -> None:
            with contextlib.suppress(Refused, GaveUp):
                await doing

        task = asyncio.create_task(quietly())
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _probe(self, shop: StormShop, chance: random.Random) -> Probe:
        show, customer = await make_show(shop), Customer(shop, chance)
        booking = await customer.book(show.id, [show.seats.popleft()])
        session = await customer.session(booking)
        url = self._stack.public_url
        session = "" if self._razorpay is not None else session
        return Probe(url, self._history, show.id, show.seats, booking["id"], session, self._tokens)

    async def _progress(self) -> None:
        """Say every few seconds how it goes."""
        assert self._faults is not None
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            with contextlib.suppress(psycopg.Error):
                self.report.sold = await asyncio.to_thread(report.sold, self._stack.server)
            history, sold = self._history, self.report.sold
            troubles = ", ".join(f"{why} {count}" for why, count in history.refusals.most_common(4))
            self._say(
                f"{time.monotonic() - history.began:5.0f} s  {len(self._faults.done)} faults  "
                f"{history.attempts:,} requests  {sold.confirmed:,} confirmed  {sold.late} late  "
                f"{sold.refunds} refunds  |  {troubles}"
            )

    def _rest(self) -> None:
        """Wait until nothing is under way, and note how long after the last fault that was.

        What is under way goes from one database to the next, and may be missed by a look at one after the other: so
        it is at rest when nothing was seen for a while.
        """
        found = self.report
        sagas_since = rest_since = None
        while True:
            passed = time.monotonic() - self._last_fault
            left = self._under_way()
            sagas_since = None if set(left) - {"webhooks"} else sagas_since or passed
            rest_since = None if left else rest_since or passed
            if sagas_since is not None:
                found.sagas_seconds = sagas_since
            if rest_since is not None and passed - rest_since >= QUIET_SECONDS:
                found.rest_seconds = rest_since
                return
            if passed > REST_SECONDS:
                found.left = left
                return
            time.sleep(LOOK_SECONDS)

    def _under_way(self) -> dict[str, int]:
        with self._stack.server.connect("payment") as connection:
            [(due,)] = connection.execute(DUE_SESSIONS).fetchall()
        left = audit.under_way(self._stack.server.url)
        return left | {"payments that the bank has to decide": due} if due else left


async def _end(going: set[asyncio.Task[None]], seconds: float) -> None:
    """Let what customers do come to its end, for a while; what is asked for by then may happen or not."""
    if not (tasks := list(going)):
        return
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


@contextlib.contextmanager
def _signals(over: asyncio.Event) -> Iterator[None]:
    """Let Ctrl-C end the storm, and not the reckoning: a second one ends that too."""
    loop = asyncio.get_running_loop()
    ends = (signal.SIGINT, signal.SIGTERM)

    def end() -> None:
        over.set()
        for number in ends:
            loop.remove_signal_handler(number)

    for number in ends:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in ends:
            loop.remove_signal_handler(number)


def _log(folder: Path) -> Say:
    """Return what writes lines, with the time, into the storm's own log."""
    file = folder / "storm.log"

    def write(line: str) -> None:
        with file.open("a") as log:
            log.write(f"{time.strftime('%H:%M:%S')}.{int(time.time() * 1000) % 1000:03} {line}\n")

    return write
