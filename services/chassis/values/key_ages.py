"""Keys that take turns at signing: each is published for some time before it signs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class KeyAge:
    """A key by its id."""

    kid: str
    created_at: datetime


def by_age(keys: Sequence[KeyAge]) -> list[KeyAge]:
    """Return keys, the oldest first."""
    return sorted(keys, key=lambda key: (key.created_at, key.kid))


def signing(keys: Sequence[KeyAge], at: datetime, lead: timedelta) -> KeyAge:
    """Return the key that signs at an instant: the newest that was published for `lead` by then, else the oldest."""
    ready = [key for key in by_age(keys) if key.created_at + lead <= at]
    return ready[-1] if ready else by_age(keys)[0]


def is_due(keys: Sequence[KeyAge], now: datetime, life: timedelta) -> bool:
    """Tell whether it is time for a new key."""
    return not keys or max(key.created_at for key in keys) + life <= now
