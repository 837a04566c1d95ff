"""Waiting until a database says what a case waits for."""

import time
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from stack.errors import StackError

LOOK_SECONDS = 0.25


def until(connection: Connection, count: str, most: int, seconds: float, parameters: Sequence[Any] = ()) -> None:
    """Wait until a query counts at most so many; raise StackError if it does not in time."""
    end = time.monotonic() + seconds
    while (left := connection.execute(count.encode(), parameters).fetchall()[0][0]) > most:
        if time.monotonic() > end:
            raise StackError(f"after {seconds:g} s there are still {left:,}: {count}")
        time.sleep(LOOK_SECONDS)  # between looks at a condition, so that looking costs the measured server little
