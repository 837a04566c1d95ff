"""Mails about accounts, and the tokens of their links."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LINK_LIFE = timedelta(minutes=30)
"""How long a link is good, and its mail tried."""

TRIED_FOR = timedelta(days=3)
"""How long a mail without a link is tried."""

MAILS_PER_HOUR = 5
"""Mails with links that an account gets in an hour, at most."""

LEASE = timedelta(minutes=5)
"""How long nobody else gets a mail that is being sent."""

KEPT = timedelta(days=7)
"""How long it is known what became of a mail; longer than it is tried."""


class MailKind(StrEnum):
    """What a mail is about."""

    VERIFICATION = "VERIFICATION"
    PASSWORD_RESET = "PASSWORD_RESET"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"
    EMAIL_CHANGE = "EMAIL_CHANGE"
    EMAIL_CHANGED = "EMAIL_CHANGED"

    @property
    def has_link(self) -> bool:
        """Whether it has a link that does something."""
        return self not in (MailKind.PASSWORD_CHANGED, MailKind.EMAIL_CHANGED)


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that is to be sent now, and to whom."""

    id: UUID
    kind: MailKind
    email: str
    name: str
    asked_at: datetime
    attempts: int
    """This one included."""
    answered: int
    """The last attempt of which the outcome is known."""

    @property
    def may_be_there(self) -> bool:
        """Whether an attempt from before may have reached the mail server, and nobody knows."""
        return self.answered < self.attempts - 1


class Tokens:
    """The tokens of links: made of a mail's id, so that none is kept and each attempt has the same."""

    def __init__(self, secret: str) -> None:
        derived = HKDF(hashes.SHA256(), length=32, salt=None, info=b"boxoffice account mails")
        self._key = derived.derive(secret.encode())

    def of(self, mail_id: UUID) -> str:
        """Return the token of a mail's link: 256 bits that only who has the secret can make."""
        made = hmac.digest(self._key, mail_id.bytes, "sha256")
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def hash_of(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
