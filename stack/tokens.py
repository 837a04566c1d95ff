"""Access tokens of whoever one likes, for a stack whose data folder one can read: for load tests, storms and tests.

They are signed with identity's own key, so nothing tells them from those that a login gives, but that nobody has to
have an account. Who can read the folder's credentials has every right there is anyway.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg

from services.chassis.wire.identity import AUDIENCE, ISSUER
from services.identity.keys.domain import ACCESS_TOKEN, KeyAge, signing
from services.identity.keys.signing import KeyUnreadable, Vault
from stack import services
from stack.credentials import FILE, Credentials, load
from stack.errors import StackError
from stack.settings import Settings

ADMIN, ORGANIZER = "00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-00000000000b"
"""Users who have the roles, where it does not matter who has them."""
MARGIN_SECONDS = 120
"""How long a token that is kept must still be good to be used again."""
MAX_KEPT = 20_000


class Tokens:
    """Signs tokens, and keeps them as long as they are good. It can be sent to another process."""

    def __init__(self, kid: str, encrypted: bytes, secret: str) -> None:
        """`encrypted`: the signing key of the id `kid`, as identity's database has it; `secret`: what it takes."""
        self._made_of = (kid, encrypted, secret)
        self._key = Vault(secret).open(kid, encrypted)
        self._kept: dict[tuple[str, frozenset[str], float], tuple[str, float]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return Tokens, self._made_of

    def token_for(self, user: str, *roles: str, seconds: float = ACCESS_TOKEN.total_seconds()) -> str:
        """Return a token of a user, who has the role USER and `roles`, that is good for `seconds`, or nearly."""
        held, now = frozenset(roles), time.time()
        token, until = self._kept.get((user, held, seconds), ("", 0.0))
        if until < now + MARGIN_SECONDS:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            token, until = self._sign(user, held, now, now + seconds), now + seconds
            self._kept[(user, held, seconds)] = token, until
        return token

    def fitting(self, allowed: frozenset[str], user: str = "") -> str:
        """Return a token to call a method with whose policy is `allowed`: that of the user whom the request names.

        One that names nobody goes by the role that it takes. Return "" for what everybody may call.
        """
        if allowed & {"PUBLIC", "OWNER"} and _is_uuid(user):
            return self.token_for(str(UUID(user)))
        if "PUBLIC" in allowed:
            return ""
        return self.token_for(ORGANIZER, "ORGANIZER") if "ORGANIZER" in allowed else self.token_for(ADMIN, "ADMIN")

    def _sign(self, user: str, roles: Iterable[str], now: float, until: float) -> str:
        return self._key.sign(
            {
                "iss": ISSUER,
                "aud": AUDIENCE,
                "sub": user,
                "iat": int(now),
                "exp": int(until),
                "jti": str(uuid4()),
                "roles": sorted({"USER", *roles}),
                "family": str(uuid4()),
            }
        )


def opened(settings: Settings, secrets: Credentials | None = None) -> Tokens:
    """Return what signs the tokens of a stack that runs; raise StackError if its key cannot be had."""
    secrets = secrets or load(settings.data_dir / FILE)
    try:
        with psycopg.connect(services.database_url(settings, secrets, "identity"), connect_timeout=5) as connection:
            rows = connection.execute("SELECT id, private_key, created_at FROM signing_keys").fetchall()
    except psycopg.Error:
        raise StackError("identity's database does not answer: see `make status`") from None
    kid = signing([KeyAge(kid, made) for kid, _, made in rows], datetime.now(UTC)).kid
    try:
        return Tokens(kid, next(bytes(key) for each, key, _ in rows if each == kid), secrets["signing-key"])
    except KeyUnreadable:
        raise StackError("credentials.json has another signing-key than identity's keys were made with") from None


def needed(settings: Settings) -> Tokens | None:
    """Return what signs the tokens of a stack that runs, or None where calls take none."""
    return opened(settings) if settings.auth == "on" else None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
