"""How long the gateway took to refuse holds, as it says itself: what a caller sees has his own waits in it, too.

The generator shares the cores with what it measures. Where these are full, it reads an answer long after it came.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

CONTROLLER = "reached_concurrency_limit"
"""As details of a call that the controller of holds has refused."""
CIRCUIT = "UO"
"""Among the flags of a call that a circuit has refused."""


def gateway_seconds(log: Path, since: float) -> list[float]:
    """Return for each call that the gateway has refused since then, as too much, how long that took: from when it had
    begun to read the call, to when the answer was on its way."""
    found = []
    with log.open() as lines:
        for line in lines:
            if line.startswith("{") and (CONTROLLER in line or CIRCUIT in line):
                entry = json.loads(line)
                began = datetime.fromisoformat(entry["time"]).timestamp()
                if (entry["details"] == CONTROLLER or CIRCUIT in (entry["flags"] or "").split(",")) and began >= since:
                    found.append(entry["duration_ms"] / 1000)
    return found
