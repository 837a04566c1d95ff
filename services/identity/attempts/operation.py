"""How often passwords are tried, counted in the database: what is not allowed is not allowed by any replica.

A budget is looked at before a password is compared, which spares the work, and again with the answer, in one statement
with the count. So of many who try at once no more are answered than the budget has, and nobody takes a place before it
is known that he fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

from services.chassis.store.database import Database, Statement, Transaction
from services.identity.attempts import domain as rules
from services.identity.attempts import statements as sql
from services.identity.attempts.domain import FAMILIAR, WINDOW, Budget, Limits, Trial
from services.identity.errors import TooManyAttempts


@dataclass(frozen=True, slots=True)
class Attempts:
    """Allows attempts, and counts those that fail."""

    db: Database
    limits: Limits

    async def login(self, email: str, address: str) -> Trial:
        """Return the trial of a login; raise TooManyAttempts. `email` is normalised and need not be of an account."""
        given = {"key": rules.pair(email, address), "familiar": FAMILIAR}
        familiar = bool(await self.db.fetch(sql.IS_FAMILIAR, given))
        return await self._begun(rules.login(self.limits, email, address, familiar=familiar))

    async def password_change(self, user_id: UUID) -> Trial:
        """Return the trial of a user's present password; raise TooManyAttempts."""
        return await self._begun(rules.password_change(self.limits, user_id))

    async def registration(self, address: str) -> None:
        """Raise TooManyAttempts if no account can be made from an address."""
        await self._begun(Trial(rules.registration(self.limits, address)))

    async def failed(self, trial: Trial) -> None:
        """Count a failure; raise TooManyAttempts if its budget was spent meanwhile."""
        async with self.db.transaction() as tx:
            await _spend(tx, trial.deciding)
            if trial.counting:
                await tx.send(sql.COUNT, _given(trial.counting))

    async def succeeded(self, tx: Transaction, trial: Trial) -> None:
        """Forgive what failed before the right password; raise TooManyAttempts if its budget was spent meanwhile."""
        await _look(tx, trial.deciding)
        await tx.send(sql.FORGIVE, {"key": trial.deciding[0].key})
        if trial.pair:
            await tx.send(sql.REMEMBER, {"key": trial.pair})

    async def registered(self, tx: Transaction, address: str, create: Statement) -> bool:
        """Create an account and count it, in one round trip; tell whether it was created, raise TooManyAttempts."""
        budget, _ = rules.registration(self.limits, address)
        created, spent = await tx.fetch_all(create, (sql.SPEND, _given([budget])))
        if created and not spent:
            await _refuse(tx, [budget])
        return bool(created)

    async def email_guessed(self, address: str) -> None:
        """Count an answer that tells whether an e-mail address has an account: one of a taken one that registers, or of
        one without an account that shall be a member."""
        _, taken = rules.registration(self.limits, address)
        await self.failed(Trial((taken,)))

    async def mail_asked(self, tx: Transaction, address: str) -> None:
        """Count that a mail was asked for from an address by whoever; raise TooManyAttempts."""
        await _spend(tx, [rules.mail(self.limits, address)])

    async def _begun(self, trial: Trial) -> Trial:
        await _look(self.db, trial.deciding)
        return trial


async def _look(db: Database | Transaction, budgets: Sequence[Budget]) -> None:
    [row] = await db.fetch(sql.WAIT, _given(budgets))
    if row.seconds is not None:
        raise TooManyAttempts(max(1.0, float(row.seconds)))


async def _spend(tx: Transaction, budgets: Sequence[Budget]) -> None:
    spent = await tx.fetch(sql.SPEND, _given(budgets))
    if len(spent) < len(budgets):
        await _refuse(tx, budgets)


async def _refuse(tx: Transaction, budgets: Sequence[Budget]) -> NoReturn:
    """Raise TooManyAttempts, by which what was counted is undone with this transaction."""
    await _look(tx, budgets)
    raise TooManyAttempts(1.0)


def _given(budgets: Sequence[Budget]) -> dict[str, Any]:
    return {
        "keys": [budget.key for budget in budgets],
        "costs": [budget.allowance.cost_seconds for budget in budgets],
        "window": WINDOW,
    }


async def forget(db: Database) -> int:
    """Forget one batch of attempts that count for nothing any more; return how many. A job."""
    return await db.execute(sql.FORGET_ATTEMPTS)


async def forget_networks(db: Database) -> int:
    """Forget one batch of networks that are not familiar any more; return how many. A job."""
    return await db.execute(sql.FORGET_NETWORKS, {"familiar": FAMILIAR})
