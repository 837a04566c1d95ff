"""The batching desk: group commit for commands.

While one batch is being carried out, arriving commands queue; the next batch takes them together. After a rest, the
first batch waits as long as more commands, urgent ones too, keep coming one soon after the other, if two have met
within the last 100 ms; otherwise it begins at once. Commands have a key (a show, say): commands of one key are never
in two batches at once, and are taken in the order they came, urgent ones first.

Limits: `max_batch` commands and `max_keys` keys a batch, `lanes` batches at once (another one where those under way
take long), `max_queue` waiting commands of each kind, ordinary and urgent, so that neither can lock the other out. Over
it, ResourceExhausted.

A caller that goes away before its command is taken is dropped; once taken, a command is carried out.
"""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Hashable, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar, Union

from services.chassis.errors import Failure, Interrupted, RequestInProgress, ResourceExhausted, Unavailable
from services.chassis.sight import faults, metrics, tracing
from services.chassis.writes.lines import A, C, Entry, Lines
from services.chassis.writes.lines import Command as Command  # for those who use a desk

log = logging.getLogger(__name__)

RETRIES = 2
"""How often a batch that the database undid is run again."""

LANES = 2
"""Batches at once, by default."""

WAITING_LANES = 4
"""Batches at once beside them that wait for a key which another process has."""

BESIDE_SECONDS = 0.2
"""How long a batch may take before another one begins beside it."""

GATHER_SECONDS = 0.04
"""The longest that a batch is put off for others to join it, counted from when its first command came."""

GATHER_SHARE = 2.0
"""A batch begins after this many durations of the last batch without a new command.

A command that comes within that time saves about as much as the wait costs. So the wait follows the load: a quick
transaction leaves little to save, and under load transactions take longer and commands come sooner."""

COMPANY_SECONDS = 0.1
"""For how long after two commands have met a first batch waits for others."""

ENOUGH = 16
"""A batch with this many commands waits for no more."""

MAX_SKIPS = 3
"""How often a key may be skipped because another process has it, before it is waited for."""

RETRY_SECONDS = 0.1
"""When a key is tried again that was waited for in vain."""


class Busy:
    """The answer for a command whose key another process has: it stays queued."""


BUSY: Final = Busy()

Outcome: TypeAlias = Union[A, Failure, Busy]  # noqa: UP007  a generic alias
C_contra = TypeVar("C_contra", bound=Command, contravariant=True)
A_co = TypeVar("A_co", covariant=True)


class Run(Protocol[C_contra, A_co]):
    """Carry out a batch and answer each command, in order: with its answer, with a Failure, or with BUSY.

    With `wait`, the batch has a single key, which is to be waited for. A raised Interrupted means that nothing
    happened: the batch is run again. A raised RequestInProgress, or an exception that is no Failure, comes from one
    command: the batch is halved to find it. Another raised Failure is the answer to every command.
    """

    def __call__(self, batch: Sequence[C_contra], *, wait: bool) -> Awaitable[Sequence[Outcome[A_co]]]: ...


class Desk(Generic[C, A]):
    """Takes commands one by one and carries them out in batches."""

    def __init__(
        self,
        run: Run[C, A],
        *,
        name: str = "",
        lanes: int = LANES,
        max_batch: int = 128,
        max_keys: int = 64,
        max_queue: int = 2_000,
        gathers: bool = True,
        gathers_each: bool = False,
    ) -> None:
        """`name` is what metrics call it; `gathers`: whether batches are put off for others to join them.

        `gathers_each`: whether each is, and not only the first after a rest. That is for what is read again and again,
        and costs the same for one as for many.
        """
        self._run = run
        self._batch_sizes = metrics.BATCH.labels(name)
        self._waits = metrics.WAIT.labels(name)
        self._runs = metrics.RUN.labels(name)
        metrics.QUEUED.labels(name).set_function(lambda: self._lines.waiting)
        self._name = name
        self._lanes = lanes
        self._working = 0
        self._opening: asyncio.TimerHandle | None = None
        self._waiting_lanes = WAITING_LANES
        self._max_batch = max_batch
        self._max_keys = max_keys
        self._max_queue = max_queue
        self._lines: Lines[C, A] = Lines()
        self._gathers = gathers
        self._gathers_each = gathers_each
        self._met = -COMPANY_SECONDS  # when somebody last came while others were here, on the event loop's clock
        self._came = 0.0  # when the last command came, on the event loop's clock
        self._took = 0.0  # how long the last batch took, in seconds
        self._gathering = False
        self._enough = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def submit(self, command: C) -> A:
        """Queue `command` and return its answer, or raise its Failure."""
        busy = self._working
        answer = self.enqueue(command)
        self._meet(busy)
        return await answer

    async def submit_all(self, commands: Sequence[C]) -> list[A | Failure]:
        """Queue `commands` and return the answer of each, or its Failure."""
        busy = self._working
        waiting: list[asyncio.Future[A]] = []
        for command in commands:
            try:
                waiting.append(self.enqueue(command))
            except Failure as failure:
                refused: asyncio.Future[A] = asyncio.get_running_loop().create_future()
                refused.set_exception(failure)
                waiting.append(refused)
            else:
                self._meet(busy)
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, Failure):
                raise answer
        return answers  # type: ignore[return-value]  # narrowed by the loop above

    def enqueue(self, command: C) -> asyncio.Future[A]:
        """Queue `command` and return where its answer will be.

        Raises ResourceExhausted if too many wait already, Unavailable if the desk is closed.
        """
        if self._closed:
            raise Unavailable()
        if self._lines.waiting_like(command) >= self._max_queue:
            raise ResourceExhausted()
        loop = asyncio.get_running_loop()
        span = None if tracing.on is None else tracing.on.here()
        self._came = loop.time()
        entry: Entry[C, A] = Entry(command, loop.create_future(), self._came, span)
        if self._lines.add(entry):
            self._open_lane()
        if self._has_enough():
            self._enough.set()
        entry.answer.add_done_callback(lambda _: self._lines.drop(entry))
        return entry.answer

    async def close(self) -> None:
        """Take no more commands, and finish those that wait."""
        self._closed = True
        self._enough.set()
        while self._tasks or self._lines:
            await (asyncio.wait(self._tasks) if self._tasks else asyncio.sleep(0.005))

    def _meet(self, busy: int) -> None:
        """Note that a command was queued, with so many lanes open before it: whether it met others.

        Commands of one call are no company to each other: they are a batch.
        """
        if busy:
            self._met = asyncio.get_running_loop().time()

    def _has_enough(self) -> bool:
        return self._lines.waiting >= min(ENOUGH, self._max_batch) or len(self._lines.ready) >= self._max_keys

    def _open_lane(self) -> None:
        """Open a lane at once if all are at rest; one beside others only where these take long.

        What waits for a batch that ends soon is cheaper in the next one than in two at once.
        """
        if not self._working:
            self._work_too()
        elif self._opening is None:
            self._opening = asyncio.get_running_loop().call_later(BESIDE_SECONDS, self._open_beside)

    def _open_beside(self) -> None:
        self._opening = None
        if self._gathering:
            self._open_lane()  # which looks again later: no batch takes long yet
        elif self._lines.ready and self._working < self._lanes:
            self._work_too()
            self._open_lane()

    def _work_too(self) -> None:
        self._working += 1
        self._spawn(self._work())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        # In a context of its own: a batch is not part of the call that happened to open the lane, and neither that
        # call's deadline nor its id holds for the others.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        """Carry out batches until no key is ready."""
        try:
            await self._gather()
            while batch := self._lines.take(keys=self._max_keys, commands=self._max_batch):
                await self._carry_out(batch, wait=False)
                if self._gathers_each:
                    await self._gather()
        finally:
            self._working -= 1

    async def _gather(self) -> None:
        """Let others join the next batch, as long as they come one soon after the other.

        Only the first one after a rest needs that: later on commands queue while the batch before them runs.
        """
        now = asyncio.get_running_loop().time()
        likely = self._gathers and self._working == 1 and now - self._met < COMPANY_SECONDS
        if not self._lines.ready or not likely or self._closed or self._has_enough():
            return
        waits, latest = self._lines.waiting, self._lines.since + GATHER_SECONDS
        self._enough.clear()
        self._gathering = True
        try:
            while (until := min(self._came + GATHER_SHARE * self._took, latest)) > asyncio.get_running_loop().time():
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(until):
                        await self._enough.wait()
                        return
        finally:
            self._gathering = False
        if self._lines.waiting <= waits:
            self._met = now - COMPANY_SECONDS  # nobody joined, so the next one does not wait

    async def _wait_for(self, key: Hashable) -> None:
        """Carry out the commands of a key that another process has had for long."""
        try:
            while key is not None:
                if entries := self._lines.take_from(key, self._max_batch):
                    await self._carry_out(entries, wait=True)
                else:
                    self._put_back(key)
                key = self._lines.stuck.popleft() if self._lines.stuck else None
        finally:
            self._waiting_lanes += 1

    def _put_back(self, key: Hashable) -> None:
        """Let go of `key`: its commands, if any wait, are ready for the next batch."""
        if self._lines.let_go(key):
            self._open_lane()

    async def _carry_out(self, batch: list[Entry[C, A]], *, wait: bool) -> None:
        if faults.armed is not None:
            kinds = sorted({type(entry.command).__name__ for entry in batch})
            faults.operation.set(f"desk {'+'.join(kinds)}")
        keys = dict.fromkeys(entry.command.key for entry in batch)
        busy: dict[Hashable, list[Entry[C, A]]] = {}
        began = asyncio.get_running_loop().time()
        self._batch_sizes.observe(len(batch))
        self._waits.observe(began - min(entry.since for entry in batch))
        span = None if tracing.on is None else tracing.on.batch(self._name, [entry.span for entry in batch])
        try:
            outcomes = await self._outcomes(batch, wait=wait)
        finally:
            if span is not None:
                span.end()
        took = asyncio.get_running_loop().time() - began
        self._runs.observe(took)
        if not wait:
            self._took = took
        for entry, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Busy):
                busy.setdefault(entry.command.key, []).append(entry)
            elif entry.has_left:
                pass  # the caller went away meanwhile; what was done stays done
            elif isinstance(outcome, BaseException):
                entry.answer.set_exception(outcome)
            else:
                entry.answer.set_result(outcome)
        for key in keys:
            if key in busy:
                self._skip(key, busy[key], waited=wait)
            elif self._lines.served(key):
                self._open_lane()

    def _skip(self, key: Hashable, entries: list[Entry[C, A]], *, waited: bool) -> None:
        """Put `entries` back to the front of their line and try again a little later, or wait for the key."""
        metrics.AGAIN.labels(self._name, "busy").inc(len(entries))
        skips = self._lines.put_back(key, entries)
        if waited:
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._put_back, key)
        elif skips <= MAX_SKIPS:
            asyncio.get_running_loop().call_later(0.002 * 2**skips, self._put_back, key)
        elif self._waiting_lanes > 0:
            self._waiting_lanes -= 1
            self._spawn(self._wait_for(key))
        else:
            self._lines.stuck.append(key)

    async def _outcomes(self, batch: list[Entry[C, A]], *, wait: bool) -> Sequence[Outcome[A] | BaseException]:
        """Run `batch`; halve it where one of its commands spoils it."""
        commands = [entry.command for entry in batch]
        for attempt in range(RETRIES + 1):
            try:
                outcomes = await self._run(commands, wait=wait)
                assert len(outcomes) == len(batch)
                return outcomes
            except Interrupted as failure:
                if attempt == RETRIES or wait:
                    return [failure] * len(batch)
                metrics.AGAIN.labels(self._name, "undone").inc()
                await asyncio.sleep(0.01 * 2**attempt)
            except Failure as failure:
                if not isinstance(failure, RequestInProgress) or len(batch) < 2:
                    return [failure] * len(batch)
                # An idempotency key of one command is being used by another request: that holds up no other.
                return await self._halved(batch, failure, wait=wait)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # Not this task was cancelled but what it waited for, a call on a channel that was closed, say.
                return [Unavailable()] * len(batch)
            except Exception as error:
                if len(batch) == 1:
                    log.exception("a command cannot be carried out")
                    return [error]
                return await self._halved(batch, error, wait=wait)
        raise AssertionError("unreachable")

    async def _halved(
        self, batch: list[Entry[C, A]], error: Exception, *, wait: bool
    ) -> Sequence[Outcome[A] | BaseException]:
        """Run both halves of a batch that one of its commands spoils."""
        log.warning("a batch of %d is halved: %r", len(batch), error)
        metrics.AGAIN.labels(self._name, "halved").inc()
        middle = len(batch) // 2
        first = await self._outcomes(batch[:middle], wait=wait)
        return [*first, *await self._outcomes(batch[middle:], wait=wait)]
