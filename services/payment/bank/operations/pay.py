"""Letting happen what payment methods do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from services.chassis.database import READ_CLOCK, Database
from services.chassis.desk import BUSY, Outcome
from services.payment.bank.domain.errors import SessionNotFound
from services.payment.bank.domain.scenarios import SCENARIOS
from services.payment.bank.domain.sessions import Session
from services.payment.bank.operations import ends
from services.payment.bank.operations.deliveries import Deliveries
from services.payment.bank.operations.sessions import session_of
from services.payment.bank.queries import sessions as sql


@dataclass(frozen=True, slots=True)
class Pay:
    """The wish to pay a session by a method; one of domain.scenarios.SCENARIOS."""

    urgent: ClassVar[bool] = False

    session_id: str
    method: str

    @property
    def key(self) -> str:
        """Payments of one session take turns."""
        return self.session_id


class Pays:
    """Carries out batches of Pay; what a desk runs.

    The answer is how the session stands then, or SessionNotFound. A session that cannot be paid any more, or that is
    being paid, is answered as it is.
    """

    def __init__(self, db: Database, deliveries: Deliveries, delay: timedelta) -> None:
        """`delay` is how late what is late is."""
        self._db = db
        self._deliveries = deliveries
        self._delay = delay

    async def __call__(self, batch: Sequence[Pay], *, wait: bool) -> list[Outcome[Session]]:
        """Carry out a batch; see chassis.desk.Run."""
        methods = {pay.session_id: pay.method for pay in reversed(batch)}  # of several for one, the first counts
        ids = list(methods)
        async with self._db.transaction() as tx:
            rows, [clock] = await tx.fetch_all(
                (sql.WAIT_FOR_SESSIONS if wait else sql.LOCK_SESSIONS, (ids,)), (READ_CLOCK, ())
            )
            now = clock.now
            stand = {row.id: session_of(row) for row in rows}
            busy: set[str] = set()
            if missing := [id_ for id_ in ids if id_ not in stand]:
                busy = {row.id for row in await tx.fetch(sql.SESSIONS, (missing,))}

            chosen: list[Session] = []
            begun: list[Session] = []
            over: list[ends.End] = []
            for session in stand.values():
                method = methods[session.id]
                if not session.can_end(now):
                    if session.at(now) != session:
                        over.append(ends.plain(session.at(now), now))
                elif SCENARIOS[method].under_way:
                    begun.append(replace(session, payment_method=method, decides_at=now + self._delay))
                else:
                    chosen.append(replace(session, payment_method=method))
            if begun:
                methods_of = [session.payment_method for session in begun]
                await tx.send(sql.BEGIN_PAYMENTS, (now + self._delay, [s.id for s in begun], methods_of))
            over += await ends.decide(tx, chosen, now, self._delay) if chosen else []
            await ends.write(tx, self._deliveries, over, now)
        stand |= {session.id: session for session in [*begun, *(end.session for end in over)]}
        return [stand.get(pay.session_id) or (BUSY if pay.session_id in busy else SessionNotFound()) for pay in batch]
