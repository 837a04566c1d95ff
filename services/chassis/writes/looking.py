"""Looking for changes again and again, for all of a process who wait for one: in one statement, whoever changes what.

Those who look ask rather than being told by NOTIFY, which would have all commits that notify take turns at one lock
(docs/adr/0013-watchers-are-not-notified.md).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from services.chassis.errors import Failure

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.05
"""Between two looks. After a look whose news took longer to hand out, the pause is as long as that."""

AWAY_SECONDS = 1.0
"""The pause while the database cannot be asked."""


class Looker:
    """Looks while anybody waits. `run` has to run."""

    def __init__(self, look: Callable[[], Awaitable[None]], is_needed: Callable[[], bool], what: str) -> None:
        """`look` reads what has changed and tells those who wait; `what` is looked for, as the log says."""
        self._look = look
        self._is_needed = is_needed
        self._what = what
        self._needed = asyncio.Event()

    @property
    def is_looking(self) -> bool:
        """Whether there is a next look, without anybody who comes."""
        return self._needed.is_set()

    def begin(self) -> None:
        """Begin to look: somebody waits."""
        self._needed.set()

    async def run(self) -> None:
        """Look for ever, while that is needed."""
        loop = asyncio.get_running_loop()
        while True:
            await self._needed.wait()
            began = loop.time()
            try:
                await self._look()
            except Failure as failure:
                # Nobody is told that nothing happened: it is not known.
                log.warning("%s cannot be read: %s", self._what, failure)
                await asyncio.sleep(AWAY_SECONDS)
            except Exception:  # those who wait are told by the next look
                log.exception("%s cannot be read", self._what)
                await asyncio.sleep(AWAY_SECONDS)
            else:
                await asyncio.sleep(max(PAUSE_SECONDS, loop.time() - began))
            if not self._is_needed():
                self._needed.clear()
