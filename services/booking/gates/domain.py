"""Gates: what they are, and their credentials."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.booking.errors import GateOver

SECRET_BYTES = 32


class Offline(StrEnum):
    """What a gate may do without a connection."""

    NEVER = "NEVER"
    """Nothing."""
    HOME = "HOME"
    """Let in the tickets whose home it is: each has one, so that it lets in once."""
    ANY = "ANY"
    """Let in every ticket that no other gate is the home of, once by itself."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate's row, and its shows."""

    id: UUID
    organization_id: UUID | None
    name: str
    show_ids: Sequence[UUID]
    offline: Offline
    ends_at: datetime
    created_by: UUID | None
    created_at: datetime
    revoked_at: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Tell whether its credential is good for nothing any more."""
        return self.revoked_at is not None or self.ends_at <= now

    def check_not_over(self, now: datetime) -> None:
        """Raise GateOver if it is."""
        if self.is_over(now):
            raise GateOver()


@dataclass(frozen=True, slots=True)
class ShowTimes:
    """When a show is, as of a revision of it."""

    show_id: UUID
    organization_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    revision: int


def hash_of(credential: str) -> bytes:
    """Return what is kept of a credential: it is random, so that a plain hash does not tell it."""
    return hashlib.sha256(credential.encode()).digest()
