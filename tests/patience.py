"""How long a test waits for what has to happen. It goes on as soon as that has happened.

Every bound is generous on a machine that has little else to do; `PATIENCE=3 make test` makes all of them three times as
long. No test fails because something took long, but by such a bound.
"""

import asyncio
import inspect
import os
import time
from collections.abc import Callable
from typing import Any

PATIENCE = float(os.environ.get("PATIENCE") or 1)
POLL_SECONDS, LONGEST_POLL_SECONDS = 0.01, 0.1
POLL_SHARE = 0.2
"""What has been waited for is looked at again after this share of the time so far: who looks all the time holds up what
he waits for."""


def patient(seconds: float) -> float:
    """Return how long to wait on this machine for what takes less than `seconds` on any that is not loaded."""
    return seconds * PATIENCE


async def eventually(condition: Callable[[], Any], within_seconds: float | None = None) -> Any:
    """Wait until `condition`, which may be async, gives something true, and return that."""
    seconds = patient(30) if within_seconds is None else within_seconds
    began = time.monotonic()
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        passed = time.monotonic() - began
        assert passed < seconds, f"not so within {seconds} s: {condition}"
        await asyncio.sleep(min(max(POLL_SECONDS, passed * POLL_SHARE), LONGEST_POLL_SECONDS))
