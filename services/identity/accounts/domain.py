"""Accounts: what an e-mail address and a password are, and what roles there are."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.values import emails

USER, ORGANIZER, ADMIN = "USER", "ORGANIZER", "ADMIN"
ROLES = (USER, ORGANIZER, ADMIN)
"""Everybody has the first."""


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
    try:
        return emails.normalised(email)
    except ValueError:
        text = "must be an e-mail address of 3 to 254 characters, such as alice@example.com"
        raise InvalidField(("email", text)) from None


def password_bytes(password: str) -> bytes:
    """Return a password as it is hashed: the same for every way in which a keyboard may spell its letters."""
    return unicodedata.normalize("NFKC", password).encode()


def with_user(roles: list[str]) -> list[str]:
    """Return roles in their order, each once, and USER among them."""
    return [role for role in ROLES if role in roles or role == USER]
