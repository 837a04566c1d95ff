"""The databases' clocks, which the storm makes run fast.

They jump forward only, as time does. A database may be ahead of the others for some seconds, by up to an hour; then the
others follow. No clock goes back: what was leased until a time ahead would be left alone until then, which is no
promise of any database's clock.
"""

from __future__ import annotations

import random

from psycopg import sql

from stack.postgres import Server

CLOCKS = {
    "inventory": ("inventory", "public"),
    "booking": ("booking", "public"),
    "payment": ("payment", "public"),
    "bank": ("payment", "bank"),
}
"""Where each service's clock is: database and schema."""

PAST_A_BOOKING_SECONDS = (200.0, 260.0)
"""Longer than a booking lives in the storm: whatever waited for its payment is late."""
SHORT_SECONDS = (3.0, 60.0)
HOUR_SECONDS = 3600.0


class Clocks:
    """The clocks of a stack and how far each is ahead, in seconds."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.ahead = dict.fromkeys(CLOCKS, 0.0)

    def jump(self, chance: random.Random) -> tuple[str, str, bool]:
        """Let one clock jump, or all; return whose, how far, and whether the others have to follow.

        Raise psycopg.Error if a database cannot be reached.
        """
        if chance.random() < 0.6:
            seconds = chance.uniform(*(PAST_A_BOOKING_SECONDS if chance.random() < 0.7 else SHORT_SECONDS))
            self.forward(seconds)
            return "all", f"{seconds:.0f} s", False
        service = chance.choice(list(CLOCKS))
        seconds = HOUR_SECONDS if chance.random() < 0.2 else chance.uniform(*SHORT_SECONDS)
        self._set(service, max(self.ahead.values()) + seconds)
        return service, f"{seconds:.0f} s", True

    def forward(self, seconds: float = 0.0) -> None:
        """Set all clocks to so much later than the one that is ahead."""
        target = max(self.ahead.values()) + seconds
        for service in CLOCKS:
            self._set(service, target)

    def _set(self, service: str, seconds: float) -> None:
        if self.ahead[service] == seconds:
            return
        database, schema = CLOCKS[service]
        statement = sql.SQL(
            "CREATE OR REPLACE FUNCTION {}() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE"
            " RETURN clock_timestamp() + make_interval(secs => {})"
        ).format(sql.Identifier(schema, "boxoffice_clock"), sql.Literal(round(seconds, 3)))
        with self._server.connect(database) as connection:
            connection.execute(statement)
        self.ahead[service] = seconds
