"""The keys of codes as a replica knows them: read from the database, so that all replicas sign with the same."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.booking.errors import CodeNotValid, TicketRevoked
from services.booking.tickets import codes
from services.booking.tickets import key_statements as sql
from services.booking.tickets.codes import Code
from services.booking.tickets.domain import Ticket, TicketState
from services.booking.tickets.keys import TicketKey
from services.booking.tickets.renewal import LEAD, ages, renew
from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.chassis.values.key_ages import KeyAge, signing
from services.chassis.values.vault import SecretUnreadable, Vault

KEPT_SECONDS = 5
"""How long a replica goes without looking whether there are other keys; far shorter than LEAD."""

UNREADABLE = (
    "The ticket keys in the database were encrypted with another TICKET_KEY_SECRET: set that one, or make new keys "
    "with `python -m services.booking revoke-ticket-keys`, after which everybody needs the codes of their tickets anew."
)


class TicketKeys:
    """Signs codes, and finds out what is one."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault
        self._keys: dict[str, TicketKey] = {}
        self._ages: list[KeyAge] = []
        self._read_at = float("-inf")
        self._turn = asyncio.Lock()

    async def start(self, life: timedelta) -> None:
        """Make the first key, or the next one if it is time; raise Failure if the keys cannot be read."""
        await renew(self._db, self._vault, life)
        try:
            await self._read()
        except SecretUnreadable:
            raise Failure(UNREADABLE) from None

    async def code(self, ticket: Ticket) -> str:
        """Return a ticket's code, the same each time: by the key whose turn it was when it was issued.

        Raises TicketRevoked.
        """
        if ticket.state == TicketState.REVOKED:
            raise TicketRevoked()
        await self._refresh()
        return self._keys[signing(self._ages, ticket.issued_at, LEAD).kid].code(ticket.revision, ticket.id)

    async def codes(self, tickets: Sequence[tuple[UUID, int, datetime]]) -> list[str]:
        """Return the codes of many tickets, of each of which the id, the revision and the time of issue are given.

        Others' calls go on meanwhile.
        """
        await self._refresh()
        keys, key_ages = self._keys, self._ages
        return await asyncio.to_thread(
            lambda: [
                keys[signing(key_ages, issued_at, LEAD).kid].code(revision, id_) for id_, revision, issued_at in tickets
            ]
        )

    async def verified(self, text: str) -> Code:
        """Return what a code says that one of the keys has signed; raise CodeNotValid."""
        await self._refresh()
        try:
            code, signature = codes.parse(text)
        except ValueError:
            raise CodeNotValid() from None
        if any(key.number == code.key_number and key.has_signed(code, signature) for key in self._keys.values()):
            return code
        raise CodeNotValid()

    async def key_set(self) -> str:
        """Return all public keys as a JSON Web Key Set, with what they sign and for whom."""
        await self._refresh()
        public = [key.public_jwk() for key in self._keys.values()]
        return json.dumps({"keys": public, "type": codes.TYPE, "audience": codes.AUDIENCE})

    async def _refresh(self) -> None:
        if time.monotonic() - self._read_at > KEPT_SECONDS:
            async with self._turn:
                if time.monotonic() - self._read_at > KEPT_SECONDS:
                    await self._read()

    async def _read(self) -> None:
        rows = await self._db.fetch(sql.KEYS)
        self._keys = {
            row.id: self._keys.get(row.id) or TicketKey.open(self._vault, row.id, row.number, bytes(row.private_key))
            for row in rows
        }
        self._ages = ages(rows)
        self._read_at = time.monotonic()
