"""Accounts: what an e-mail address and a password are, and what roles there are."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis.errors import InvalidField

USER, ORGANIZER, ADMIN = "USER", "ORGANIZER", "ADMIN"
ROLES = (USER, ORGANIZER, ADMIN)
"""Everybody has the first."""

MAX_EMAIL_CHARACTERS = 254
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class User:
    """An account, without its password."""

    id: UUID
    email: str
    name: str
    roles: list[str]
    created_at: datetime
    phone: str = ""
    email_verified_at: datetime | None = None
    """Since when it is known that the address is the user's; None: it is not."""


def normalised(email: str) -> str:
    """Return an e-mail address as it is stored and compared; raise InvalidField if it is none.

    What looks alike counts as one: wide and narrow forms (NFKC), large and small letters, blanks around it.
    """
    # Small letters may compose differently: normal form last, too.
    same = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).strip().lower())
    if len(same) > MAX_EMAIL_CHARACTERS or not _EMAIL.fullmatch(same):
        raise InvalidField(("email", "must be an e-mail address of 3 to 254 characters, such as alice@example.com"))
    return same


def password_bytes(password: str) -> bytes:
    """Return a password as it is hashed: the same for every way in which a keyboard may spell its letters."""
    return unicodedata.normalize("NFKC", password).encode()


def with_user(roles: list[str]) -> list[str]:
    """Return roles in their order, each once, and USER among them."""
    return [role for role in ROLES if role in roles or role == USER]
