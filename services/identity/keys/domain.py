"""Which signing key is used when: published before it signs, and until nothing that it signed is good any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

ACCESS_TOKEN = timedelta(minutes=15)
"""How long an access token is good."""

LEAD = timedelta(minutes=15)
"""How long a key is published before it signs: longer than anybody keeps the keys that they fetched."""

REST = ACCESS_TOKEN + timedelta(minutes=1)
"""How long a key is published after the last token that it signed, with what clocks may differ."""


@dataclass(frozen=True, slots=True)
class KeyAge:
    """A key by its id."""

    kid: str
    created_at: datetime


def signing(keys: Sequence[KeyAge], now: datetime) -> KeyAge:
    """Return the key to sign with: the newest that has been published for long enough, or else the oldest."""
    by_age = sorted(keys, key=lambda key: (key.created_at, key.kid))
    ready = [key for key in by_age if key.created_at + LEAD <= now]
    return ready[-1] if ready else by_age[0]


def outlived(keys: Sequence[KeyAge], now: datetime) -> list[KeyAge]:
    """Return the keys that are of no more use: others have signed for longer than a token is good."""
    current = signing(keys, now)
    by_age = sorted(keys, key=lambda key: (key.created_at, key.kid))
    return [key for key, successor in pairwise(by_age) if key != current and successor.created_at + LEAD + REST <= now]


def is_due(keys: Sequence[KeyAge], now: datetime, life: timedelta) -> bool:
    """Tell whether it is time for a new key."""
    return not keys or max(key.created_at for key in keys) + life <= now
