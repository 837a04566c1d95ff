"""How often passwords are tried, counted in the database: what is not allowed is not allowed by any replica."""

from dataclasses import dataclass

from services.chassis.database import Database
from services.identity.domain.attempts import WINDOW, Allowance, of_account, of_address
from services.identity.domain.errors import TooManyAttempts
from services.identity.queries import accounts as sql


@dataclass(frozen=True, slots=True)
class Attempts:
    """Allows attempts, and counts them."""

    db: Database
    per_account: Allowance
    per_address: Allowance

    async def from_address(self, address: str) -> None:
        """Count an attempt from an address; raise TooManyAttempts."""
        await self._try(of_address(address), self.per_address)

    async def on_account(self, email: str, address: str) -> None:
        """Count an attempt on an account, which need not exist; raise TooManyAttempts."""
        # The address first: whoever is refused there adds no row for an account.
        await self.from_address(address)
        await self._try(of_account(email), self.per_account)

    async def forgive(self, email: str) -> None:
        """Forget the attempts on an account: its password was right."""
        await self.db.execute(sql.FORGIVE, (of_account(email),))

    async def _try(self, key: bytes, allowance: Allowance) -> None:
        given = {"key": key, "cost": allowance.cost, "window": WINDOW}
        if not await self.db.fetch(sql.TRY, given):
            [row] = await self.db.fetch(sql.WAIT, given) or [None]
            raise TooManyAttempts(1.0 if row is None else max(1.0, float(row.seconds)))


async def forget(db: Database) -> int:
    """Forget one batch of attempts that count for nothing any more; return how many. A job."""
    return await db.execute(sql.FORGET_ATTEMPTS)
