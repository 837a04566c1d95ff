"""Creating sessions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.bank.domain.sessions import Method, Session
from services.bank.errors import SessionMismatch
from services.bank.sessions import statements as sql
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.store.rows import columns, read
from services.chassis.writes.desk import Outcome


@dataclass(frozen=True, slots=True)
class CreateSession:
    """A session to create."""

    urgent: ClassVar[bool] = False

    session_id: str
    payment_id: UUID
    amount: int
    currency: str
    expires_at: datetime
    description: str
    items: Sequence[str]
    order_id: str
    method: Method | None = None
    """What the customer chose at the merchant's."""

    @property
    def key(self) -> str:
        """Whoever creates the same session again waits for the first."""
        return self.session_id

    @property
    def facts(self) -> tuple[UUID, int, str, datetime]:
        """What must be equal where the session is there already."""
        return (self.payment_id, self.amount, self.currency, self.expires_at)


class CreateSessions:
    """Carries out batches of Create; what a desk runs. One statement, which may be run twice, needs no transaction.

    The answer is the session, or the one of this id that is there; SessionMismatch if that has other facts.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def __call__(self, batch: Sequence[CreateSession], *, wait: bool) -> list[Outcome[Session]]:
        """Carry out a batch; see chassis.writes.desk.Run."""
        firsts = {command.key: command for command in reversed(batch)}
        new = [firsts[id_] for id_ in sorted(firsts)]
        rows = await self._db.fetch(
            sql.CREATE_SESSIONS,
            columns(
                new,
                *("session_id", "payment_id", "amount", "currency", "description", "expires_at", "order_id", "method"),
                gateway_order_id=lambda command: f"order_{new_id()}",
                items=lambda command: json.dumps(list(command.items)),
            ),
        )
        sessions = zip(read(Session, rows), rows, strict=True)
        there = {session.id: (session, row.now) for session, row in sessions}
        outcomes: list[Outcome[Session]] = []
        for command in batch:
            session, now = there[command.key]
            same = (session.payment_id, session.amount, session.currency, session.expires_at) == command.facts
            outcomes.append(session.at(now) if same else SessionMismatch())
        return outcomes
