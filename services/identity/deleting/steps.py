"""A deletion, step by step: begun → booking keeps the user from booking → the account is emptied → all services forget.

Each step is written down before the call that follows, and anybody takes over what nobody is at: each call may be
repeated. Emptying the account is the pivot. Before it, a refusal leaves everything as it was; after it, the deletion
only goes forward.

Access tokens cannot be revoked. So services forget twice: at once, and when no token of the user lives any more, what
somebody has still said with one in between.
"""

import logging
from uuid import UUID

from services.chassis.errors import Failure, is_transient
from services.chassis.store.database import Database
from services.identity.accounts.passwords import Accounts
from services.identity.clients import BookingClient, InventoryClient
from services.identity.deleting import operation
from services.identity.errors import UserNotFound

log = logging.getLogger(__name__)

BATCH = 10
"""Deletions that are taken over together: each takes seconds, if peers are slow."""


class Deletions:
    """Deletes accounts."""

    def __init__(self, db: Database, accounts: Accounts, booking: BookingClient, inventory: InventoryClient) -> None:
        self._db = db
        self._accounts = accounts
        self._booking = booking
        self._inventory = inventory

    async def delete(self, user_id: UUID, password: str, address: str) -> None:
        """Delete an account; one that is deleted already is not asked for its password.

        Raises UserNotFound, PasswordWrong, TooManyAttempts, LastOwner, LastAdmin, RequestInProgress, and what booking
        says is open.
        """
        if await operation.is_deleted(self._db, user_id):
            return
        try:
            async with self._accounts.confirmed(user_id, password, address) as (tx, password_hash):
                await operation.begin(tx, user_id, password_hash)
            await self._carry_on(user_id)
        except UserNotFound:
            # Somebody who has taken it over may have deleted the account meanwhile.
            if not await operation.is_deleted(self._db, user_id):
                raise

    async def carry_on_once(self) -> int:
        """Carry on one batch of deletions that nobody is at; return how many. A job."""
        unfinished = await operation.take_over(self._db, limit=BATCH)
        for deletion in unfinished:
            try:
                if deletion.is_emptied:
                    await self._forget(deletion.user_id, is_signed_out=deletion.is_signed_out)
                else:
                    await self._carry_on(deletion.user_id)
            except Failure as failure:
                log.warning(
                    "a deletion waits, or is refused: %s", failure.reason, extra={"user": str(deletion.user_id)}
                )
        return len(unfinished)

    async def _carry_on(self, user_id: UUID) -> None:
        try:
            await self._booking.close(user_id, deleted=False)
            await operation.empty(self._db, user_id)
        except Failure as failure:
            if not is_transient(failure):
                await operation.withdraw(self._db, user_id)
            raise
        try:
            await self._forget(user_id, is_signed_out=False)
        except Failure as failure:  # the account is deleted, whatever becomes of this
            log.warning("a deleted user is forgotten later: %s", failure.reason, extra={"user": str(user_id)})

    async def _forget(self, user_id: UUID, *, is_signed_out: bool) -> None:
        await self._booking.close(user_id, deleted=True)
        await self._inventory.forget(user_id)
        await operation.forgotten(self._db, user_id, is_signed_out=is_signed_out)
