"""The signing keys as a replica knows them: read from the database, so that all replicas sign with the same."""

import asyncio
import json
import time
from datetime import datetime, timedelta
from typing import Any

import jwt

from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.identity.keys import domain as rules
from services.identity.keys import statements as sql
from services.identity.keys.domain import KeyAge
from services.identity.keys.renewal import renew
from services.identity.keys.signing import KeyUnreadable, SigningKey, Vault

KEPT_SECONDS = 5
"""How long a replica goes without looking whether there are other keys; far shorter than rules.LEAD."""

UNKNOWN_SECONDS = 1
"""How long it does so where it is asked for a key that it does not know: another replica may have made one."""

UNREADABLE = (
    "The signing keys in the database were encrypted with another SIGNING_KEY_SECRET: set that one, or make new keys "
    "with `python -m services.identity revoke-keys`, after which everybody has to refresh their tokens."
)


class SigningKeys:
    """Signs, and finds public keys."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault
        self._keys: dict[str, SigningKey] = {}
        self._public: dict[str, jwt.PyJWK] = {}
        self._ages: list[KeyAge] = []
        self._read_at = float("-inf")
        self._turn = asyncio.Lock()

    async def start(self, life: timedelta) -> None:
        """Make the first key, or the next one if it is time; raise Failure if the keys cannot be read."""
        await renew(self._db, self._vault, life)
        try:
            await self._read()
        except KeyUnreadable:
            raise Failure(UNREADABLE) from None

    async def sign(self, claims: dict[str, Any], now: datetime) -> str:
        """Return an access token, signed with the key whose turn it is at `now`."""
        await self._refresh()
        return self._keys[rules.signing(self._ages, now).kid].sign(claims)

    async def key_set(self) -> str:
        """Return all public keys as a JSON Web Key Set."""
        await self._refresh()
        return json.dumps({"keys": [key.public_jwk() for key in self._keys.values()]})

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """Return a public key, or None if there is none of this id."""
        await self._refresh(KEPT_SECONDS if kid in self._public else UNKNOWN_SECONDS)
        return self._public.get(kid)

    async def _refresh(self, seconds: float = KEPT_SECONDS) -> None:
        if time.monotonic() - self._read_at > seconds:
            async with self._turn:
                if time.monotonic() - self._read_at > seconds:
                    await self._read()

    async def _read(self) -> None:
        rows = await self._db.fetch(sql.KEYS)
        keys = {row.id: self._keys.get(row.id) or self._vault.open(row.id, bytes(row.private_key)) for row in rows}
        # A key that stays is the same object: what was verified with it need not be verified again.
        self._public = {kid: self._public.get(kid) or jwt.PyJWK(key.public_jwk()) for kid, key in keys.items()}
        self._keys, self._ages = keys, [KeyAge(row.id, row.created_at) for row in rows]
        self._read_at = time.monotonic()
