"""Passwords, hashed with argon2id beside the event loop, by a few threads that only so many may wait for."""

import asyncio
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

from services.chassis.errors import ResourceExhausted
from services.identity.accounts.domain import password_bytes
from services.identity.attempts.domain import network

# OWASP's minimum for argon2id: 19 MiB of memory, two passes, one lane. Some 16 ms of one processor.
_HASHER = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)

NICENESS = 10
"""How far those who hash stand back: a tenth of the time that others get, where there is not enough for all."""

T = TypeVar("T")


class Passwords:
    """Hashes and compares passwords. Over its bound it refuses, so that a flood of logins takes no more than that.

    One network has half of the places at most: whoever floods them from there leaves the other half to everybody else.
    """

    def __init__(self, *, threads: int, queue: int) -> None:
        """`threads` work at once; `queue` more may wait."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="hash", initializer=_yield_to_others)
        self._places = threads + queue
        self._places_each = max(1, self._places // 2)
        self._taken: Counter[str] = Counter()
        self._turn = threading.Lock()
        # What a password is compared with where there is no account: as much work, and no password fits.
        self._nobodys = _HASHER.hash(b"\0")

    async def hash(self, password: str, address: str) -> str:
        """Return what to store of a password that came from an address; raise ResourceExhausted if too many wait."""
        return await self._run(lambda: _HASHER.hash(password_bytes(password)), network(address))

    async def matches(self, stored: str | None, password: str, address: str) -> bool:
        """Tell whether `stored` is a password's hash. None takes as long, and is nobody's.

        Raises ResourceExhausted if too many wait.
        """
        matches = await self._run(lambda: _matches(stored or self._nobodys, password), network(address))
        return matches and stored is not None

    async def close(self) -> None:
        """Finish what is begun."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _run(self, work: Callable[[], T], network: str) -> T:
        with self._turn:
            if self._taken.total() >= self._places or self._taken[network] >= self._places_each:
                raise ResourceExhausted()
            self._taken[network] += 1
        try:
            future = self._threads.submit(work)
        except BaseException:
            self._leave(network)
            raise
        # The place is free when the work is done, or was cancelled before it began; not when its caller has left.
        future.add_done_callback(lambda _: self._leave(network))
        return await asyncio.wrap_future(future)

    def _leave(self, network: str) -> None:
        with self._turn:
            self._taken -= Counter({network: 1})  # who has no place any more is not kept


def _yield_to_others() -> None:
    """Have this thread wait for a processor while who is in a hurry needs it: a booking, where it runs here too."""
    if sys.platform == "linux":  # elsewhere there are priorities of processes only
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _matches(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password_bytes(password))
    except VerifyMismatchError:
        return False
