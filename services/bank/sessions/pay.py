"""Paying sessions by test behaviours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from services.bank.domain.scenarios import SCENARIOS
from services.bank.domain.sessions import Session
from services.bank.errors import SessionNotFound
from services.bank.sessions import ends
from services.bank.sessions import statements as sql
from services.bank.sessions.ends import LockedSessions
from services.bank.webhooks.deliveries import Deliveries
from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction
from services.chassis.store.rows import read
from services.chassis.writes.operation import Operation, Rows


@dataclass(frozen=True, slots=True)
class Pay:
    """The wish to pay a session by a test behaviour; one of domain.scenarios.SCENARIOS."""

    urgent: ClassVar[bool] = False

    session_id: str
    behaviour: str
    has_code: bool = False
    """Whether the customer has entered the code that their bank has sent them."""

    @property
    def key(self) -> str:
        """Payments of one session take turns."""
        return self.session_id


class PaySessions(Operation[Pay, LockedSessions, Session]):
    """Answers with the session as it stands then; refuses with SessionNotFound.

    A session that cannot be paid any more, or that is being paid, is answered as it is.
    """

    def __init__(self, db: Database, deliveries: Deliveries, delay: timedelta) -> None:
        """`delay` is how long a late webhook or a slow payment takes."""
        super().__init__(db)
        self._deliveries = deliveries
        self._delay = delay

    def reads(self, batch: Sequence[Pay], *, wait: bool) -> dict[str, Statement]:
        """Lock the sessions."""
        ids = list({command.key for command in batch})
        return {
            "sessions": (sql.WAIT_FOR_SESSIONS if wait else sql.LOCK_SESSIONS, {"ids": ids}),
            "clock": (READ_CLOCK, ()),
        }

    async def load(self, tx: Transaction, batch: Sequence[Pay], rows: Rows) -> tuple[LockedSessions, set[str]]:
        """Read the past too; of the sessions that could not be locked, those that exist are somebody else's."""
        sessions = {session.id: session for session in read(Session, rows["sessions"])}
        busy: set[str] = set()
        if missing := {command.key for command in batch} - sessions.keys():
            busy = {row.id for row in await tx.fetch(sql.SESSIONS, {"ids": list(missing)})}
        locked = LockedSessions(rows["clock"][0].now, sessions)
        wishes = {(command.key, command.behaviour) for command in batch if command.key in sessions}
        await ends.read_past(tx, locked, [replace(sessions[id_], payment_method=wish) for id_, wish in wishes])
        return locked, busy

    def decide(self, command: Pay, state: LockedSessions) -> Session:
        """Pay the session, if it can be paid still; of several ends in one batch, the first counts."""
        session = state.sessions.get(command.key)
        if session is None:
            raise SessionNotFound()
        if not session.can_end(state.now):
            over = session.at(state.now)
            return state.end(over) if over != session else session
        scenario = SCENARIOS[command.behaviour]
        chosen = session.begun(command.behaviour, scenario.method, f"pay_{new_id()}")
        if scenario.asks_code and not command.has_code:
            return state.begin(chosen, None)
        if wait := scenario.wait(self._delay):
            return state.begin(chosen, wait)
        return state.pay(chosen, self._delay)

    async def write(self, tx: Transaction, state: LockedSessions) -> None:
        """Write what has begun and what has ended."""
        await ends.write(tx, self._deliveries, state)
