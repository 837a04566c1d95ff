"""The public keys of the identity service, which verify access tokens: fetched, and kept while it is away.

They are kept in a file too, so that a service that is started again meanwhile still knows them. Whatever was fetched
last replaces all of them, in memory and in the file: a key that identity has withdrawn is not believed again.
"""

import asyncio
import fcntl
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import jwt

from services.chassis.errors import Failure, Unavailable

log = logging.getLogger(__name__)

CLOCK_SKEW_SECONDS = 5
"""How much the clocks of two machines may differ."""

KEYS_SECONDS = 15
"""The age at which keys are fetched again, in the background."""

KEYS_WAIT_SECONDS = 60
"""After this long without a fetch, a call waits for one: so no withdrawn key is trusted for longer."""

KEYS_PAUSE_SECONDS = 5
"""The pause after a failed fetch, and between fetches for unknown key ids, which anybody can make up."""

ALL_KNOWN_SECONDS = 600
"""With keys younger than this, an unknown key id is refused: identity publishes each key for longer before it signs."""

MAX_FILE_BYTES = 1024 * 1024

AWAY = "Access tokens cannot be verified right now, as the keys for it cannot be had: try again in a moment."


class Keys(Protocol):
    """The public keys of the identity service."""

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key of this id, or None if it is not in use, or not any more."""
        ...


@dataclass(frozen=True, slots=True)
class KeySet:
    """What identity told, and when."""

    jwks: Any
    fetched_at: float
    keys: dict[str, jwt.PyJWK] = field(repr=False)

    @classmethod
    def read(cls, jwks: Any, fetched_at: float) -> "KeySet":
        """Return the keys of a JSON Web Key Set; raise PyJWTError or ValueError if it has none."""
        if not isinstance(jwks, dict):
            raise ValueError("not a key set")
        found = jwt.PyJWKSet.from_dict(jwks)
        return cls(jwks, float(fetched_at), {key.key_id: key for key in found.keys if key.key_id})


class KeptKeys:
    """Keys in a file, which the replicas of a service on one machine share."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> KeySet | None:
        """Return what was kept last; None if nothing was, or it cannot be read."""
        try:
            with self._file.open("rb") as file:
                kept = json.loads(file.read(MAX_FILE_BYTES))
            return KeySet.read(kept["keySet"], kept["fetchedAt"])
        except FileNotFoundError:
            return None
        except (OSError, jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            log.warning("the kept keys cannot be read: %s", type(error).__name__, extra={"file": str(self._file)})
            return None

    def replace(self, fetched: KeySet) -> None:
        """Keep these keys instead of those that were kept, unless another replica has fetched later ones."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._file.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                kept = self.read()
                if kept is None or not fetched.fetched_at < kept.fetched_at <= time.time() + CLOCK_SKEW_SECONDS:
                    self._write(fetched)
        except OSError as error:
            log.error("keys cannot be kept: %s", error.strerror, extra={"file": str(self._file)})
            self._forget()

    def _write(self, fetched: KeySet) -> None:
        draft = self._file.with_suffix(".new")
        content = json.dumps({"fetchedAt": fetched.fetched_at, "keySet": fetched.jwks}).encode()
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file)

    def _forget(self) -> None:
        # Better none than some that identity may have withdrawn by now.
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            log.error("old keys cannot be forgotten: %s", error.strerror, extra={"file": str(self._file)})


class FetchedKeys:
    """Keys that are asked for, and kept while identity is away, for so long at most."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[bytes]],
        kept: KeptKeys | None = None,
        max_age: timedelta = timedelta(hours=24),
    ) -> None:
        """`fetch` returns a JSON Web Key Set, or raises Failure."""
        self._fetch = fetch
        self._kept = kept
        self._max_age = max_age.total_seconds()
        self._known = (kept and kept.read()) or KeySet({}, float("-inf"), {})
        self._asked_at = float("-inf")
        self._failed = False
        self._asking: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """See Keys. Raises Unavailable if it cannot be told, because identity is away and what is kept is too old."""
        await self._keep_fresh(kid)
        age = time.time() - self._known.fetched_at
        if not -CLOCK_SKEW_SECONDS <= age <= self._max_age:
            raise Unavailable(AWAY)
        key = self._known.keys.get(kid)
        if key is None and self._failed and age > ALL_KNOWN_SECONDS:
            raise Unavailable(AWAY)
        return key

    async def _keep_fresh(self, kid: str) -> None:
        since = time.monotonic() - self._asked_at
        if since > KEYS_WAIT_SECONDS or (kid not in self._known.keys and since > KEYS_PAUSE_SECONDS):
            await asyncio.shield(self._question())
        elif since > (KEYS_PAUSE_SECONDS if self._failed else KEYS_SECONDS):
            self._question()

    def _question(self) -> asyncio.Task[None]:
        """Return the question that is under way, or a new one."""
        if self._asking is None or self._asking.done():
            # In nobody's name: neither a caller's deadline nor its leaving cuts it short.
            self._asking = asyncio.create_task(self._ask(), context=Context())
        return self._asking

    async def _ask(self) -> None:
        try:
            fetched = KeySet.read(json.loads(await self._fetch()), time.time())
        except (Failure, jwt.PyJWTError, ValueError) as error:
            await self._fall_back(error)
        else:
            if fetched.jwks == self._known.jwks:
                # The same objects: what was verified with them need not be verified again.
                fetched = replace(fetched, keys=self._known.keys)
            self._known, self._failed = fetched, False
            if self._kept is not None:
                await asyncio.to_thread(self._kept.replace, fetched)
        self._asked_at = time.monotonic()

    async def _fall_back(self, error: Exception) -> None:
        # Another replica may have been told more.
        kept = None if self._kept is None else await asyncio.to_thread(self._kept.read)
        if kept is not None and self._known.fetched_at < kept.fetched_at <= time.time() + CLOCK_SKEW_SECONDS:
            self._known = kept
        self._failed = True
        what = "the last ones stay in use" if self._known.keys else "there are none, and no token is believed"
        log.warning("identity does not tell its keys: %s (%s)", what, type(error).__name__)
