"""A visitor's session: a cookie that only the shop can read and any of its replicas reads.

Tokens never reach a script: the cookie is encrypted and HttpOnly. It says who is signed in, and with which word the
forms of this visitor's pages have to come.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web
from boxoffice.identity.v1 import identity_pb2
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LIFE_SECONDS = 30 * 86_400
"""How long a cookie is kept by the browser, and taken; its refresh token may end before."""

ANONYMOUS_SECONDS = 86_400
"""How long the word of forms is good for who is not signed in."""

REFRESHED_EARLY_SECONDS = 60
"""So long before its end an access token is replaced."""

WORD_BYTES = 24
LARGEST_COOKIE = 3_900
"""Browsers take cookies of 4,096 bytes, their names and attributes included."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie says."""

    word: str
    """What each form of the visitor's pages has to say, so that no other site's form is taken for one."""
    user_id: str = ""
    """Who is signed in; empty: nobody."""
    access_token: str = ""
    refresh_token: str = ""
    good_until: float = 0.0
    """When the access token ends, in seconds since 1970."""

    @property
    def is_stale(self) -> bool:
        """Whether its access token is about to end."""
        return bool(self.refresh_token) and time.time() > self.good_until - REFRESHED_EARLY_SECONDS

    def carried_on(self, tokens: identity_pb2.Tokens) -> Session:
        """Return this session with new tokens."""
        return replace(
            self,
            user_id=tokens.user_id,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            good_until=time.time() + tokens.expires_in,
        )


def anonymous() -> Session:
    """Return the session of a visitor who is not signed in."""
    return Session(secrets.token_urlsafe(WORD_BYTES))


def signed_in(tokens: identity_pb2.Tokens) -> Session:
    """Return a new session: nothing of the one before is kept, so that nobody can have planted it."""
    return anonymous().carried_on(tokens)


class Cookies:
    """Reads and writes the cookie."""

    def __init__(self, given: list[str], *, is_secure: bool) -> None:
        """`given`: the secrets whose cookies are taken; the first encrypts. `is_secure`: whether visitors use TLS."""
        self._fernet = MultiFernet([_fernet(secret) for secret in given])
        self._is_secure = is_secure
        # With this prefix browsers take it only over TLS, from this host, for all of its paths.
        self.name = "__Host-session" if is_secure else "session"

    def read(self, request: web.Request) -> Session | None:
        """Return the session of a request; None where it has none that is ours and young enough."""
        sealed = request.cookies.get(self.name, "")
        if not sealed or len(sealed) > LARGEST_COOKIE:
            return None
        try:
            session = Session(**json.loads(self._fernet.decrypt(sealed, ttl=LIFE_SECONDS)))
        except (InvalidToken, ValueError, TypeError):
            return None
        return session

    def write(self, response: web.StreamResponse, session: Session) -> None:
        """Have the browser keep a session."""
        sealed = self._fernet.encrypt(json.dumps(_fields(session), separators=(",", ":")).encode()).decode()
        if len(sealed) > LARGEST_COOKIE:
            raise ValueError("the session does not fit a cookie: the access token is too long")
        life = LIFE_SECONDS if session.user_id else ANONYMOUS_SECONDS
        response.set_cookie(
            self.name, sealed, max_age=life, path="/", secure=self._is_secure, httponly=True, samesite="Lax"
        )


def _fields(session: Session) -> dict[str, Any]:
    return {name: getattr(session, name) for name in Session.__slots__}


def _fernet(secret: str) -> Fernet:
    derived = HKDF(hashes.SHA256(), length=32, salt=None, info=b"boxoffice-session").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
