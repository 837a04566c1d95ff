"""Codes of tickets to draw and to read again."""

from __future__ import annotations

import os
import random
from uuid import UUID

from services.booking.tickets import codes
from services.booking.tickets.keys import TicketKey, make, vault_of
from tests.booking.wiring import TICKET_KEY_SECRET

MANY = int(os.environ.get("CODES", "0"))
"""How many codes `make codes` has drawn, and read by further readers."""
DRAWN = MANY or 200
VAULT = vault_of(TICKET_KEY_SECRET)


def a_key(number: int = 3) -> TicketKey:
    return TicketKey.open(VAULT, "kid", number, make(VAULT, "kid", number))


def some_codes(count: int, seed: int = 1) -> list[str]:
    """Return codes of tickets, and of what no ticket has: the least and the greatest of all bytes."""
    key, drawn = a_key(), random.Random(seed)
    ids = [UUID(int=0), UUID(int=2**128 - 1), *(UUID(int=drawn.getrandbits(128)) for _ in range(count - 2))]
    return [key.code(1 + number % codes.MAX_REVISION, id_) for number, id_ in enumerate(ids)]
