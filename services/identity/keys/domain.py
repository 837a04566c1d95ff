"""Which signing key is used when: published before it signs, and until nothing that it signed is good any more."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from services.chassis.values import key_ages
from services.chassis.values.key_ages import KeyAge as KeyAge
from services.chassis.values.key_ages import by_age
from services.chassis.values.key_ages import is_due as is_due

ACCESS_TOKEN = timedelta(minutes=15)
"""How long an access token is good."""

LEAD = timedelta(minutes=15)
"""How long a key is published before it signs: longer than anybody keeps the keys that they fetched."""

REST = ACCESS_TOKEN + timedelta(minutes=1)
"""How long a key is published after the last token that it signed, with what clocks may differ."""


def signing(keys: Sequence[KeyAge], now: datetime) -> KeyAge:
    """Return the key to sign with: the newest that has been published for long enough, or else the oldest."""
    return key_ages.signing(keys, now, LEAD)


def outlived(keys: Sequence[KeyAge], now: datetime) -> list[KeyAge]:
    """Return the keys that are of no more use: others have signed for longer than a token is good."""
    current = signing(keys, now)
    return [
        key for key, successor in pairwise(by_age(keys)) if key != current and successor.created_at + LEAD + REST <= now
    ]
