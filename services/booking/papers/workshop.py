"""Papers are set by a process of its own, one at a time: it may take so much memory and time and no more.

It is started with the first paper and stays, as to start costs more than to set a paper. After some hundreds it is
replaced, and so is one that does not answer in time or has ended. What runs the calls never waits for it but asleep.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from struct import Struct
from typing import Any

from services.booking.errors import PaperNotMade
from services.chassis.errors import ResourceExhausted

log = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
WORKER = HERE / "worker.py"
TEMPLATES = HERE / "templates"
FONTS = HERE.parent.parent.parent / "third_party" / "noto"

MADE = 0
HEAD = Struct(">BI")
"""What goes before each file: the outcome, and how long it is."""

MEMORY_BYTES = 512 * 1024 * 1024
"""Of addresses: 300 MB are taken, 130 MB of which are real."""
PROCESSOR_SECONDS = 120
"""In its life."""
SECONDS = 10.0
"""For one paper: a hundred tickets take one of them, on a busy machine."""
PAPERS = 500
"""In its life: what it keeps of each to be quicker next time is let go. A paper counts once more for every ten tickets
in it: 250 of a hundred tickets would take all its processor time, and fifty most of its memory."""
MAX_WAITING = 64
MAX_BYTES = 3 * 1024 * 1024
"""Of a file: less than the largest answer."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What is to be set."""

    template: str
    data: Mapping[str, Any]
    at: datetime
    """The instant that the file says it is of; with it, the same paper is the same bytes."""
    symbols: Sequence[tuple[str, str]] = ()
    """Codes of tickets to draw, and the words for each."""

    def line(self) -> bytes:
        """Return the paper as the process reads it."""
        whole = {"template": self.template, "data": self.data, "symbols": self.symbols, "at": int(self.at.timestamp())}
        return json.dumps(whole).encode() + b"\n"


class Workshop:
    """Sets papers, one at a time: others wait for their turn, as long as their deadlines let them."""

    def __init__(
        self, *, seconds: float = SECONDS, memory: int = MEMORY_BYTES, papers: int = PAPERS, worker: Path = WORKER
    ) -> None:
        self._seconds = seconds
        self._memory = memory
        self._papers = papers
        self._worker = worker
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._process: asyncio.subprocess.Process | None = None
        self._made = 0

    async def make(self, paper: Paper) -> bytes:
        """Return a paper as a PDF; raise PaperNotMade, or ResourceExhausted where too many wait."""
        if self._waiting >= MAX_WAITING:
            raise ResourceExhausted()
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        # Whoever asked may go. The process is listened to all the same: else its next answer were to this question.
        return await asyncio.shield(asyncio.ensure_future(self._in_turn(paper)))

    async def close(self) -> None:
        """End the process, if there is one."""
        async with self._turn:
            await self._end()

    async def _in_turn(self, paper: Paper) -> bytes:
        try:
            return await self._set(paper)
        finally:
            self._turn.release()

    async def _set(self, paper: Paper) -> bytes:
        try:
            async with asyncio.timeout(self._seconds):
                outcome, file = await self._talk(await self._running(), paper.line())
        except (TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            status = self._process.returncode if self._process else None
            log.error("a paper was given up: %s, the process ended with %s", type(error).__name__, status)
            await self._end()
            raise PaperNotMade() from None
        except BaseException:
            await self._end()
            raise
        self._made += 1 + len(paper.symbols) // 10
        if self._made >= self._papers:
            await self._end()
        if outcome != MADE:
            log.error("a paper cannot be set: %s", file[:100].decode(errors="replace"))
            raise PaperNotMade()
        return file

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is not None:
            await self._end()
        if self._process is None:
            limits = (self._memory, PROCESSOR_SECONDS)
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(self._worker), str(FONTS), str(TEMPLATES), *map(str, limits)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd="/",
                env={},
            )
            self._made = 0
        return self._process

    async def _talk(self, process: asyncio.subprocess.Process, line: bytes) -> tuple[int, bytes]:
        assert process.stdin is not None and process.stdout is not None, "they are pipes"
        process.stdin.write(line)
        await process.stdin.drain()
        outcome, length = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
        if length > MAX_BYTES:
            raise OSError("a file is too large")
        return outcome, await process.stdout.readexactly(length)

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())
