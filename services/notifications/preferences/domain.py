"""What users may choose, and links by which they give mails up."""

import base64
import hmac
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

LANGUAGES = ("en", "hi")
"""The languages that there are mails in."""

MAC_BYTES = 16
_REMINDERS = b"\x01"
"""What a link is about. The next kind that can be given up takes the next number."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a user has chosen."""

    language: str | None
    """None: the shop's."""
    reminders: bool
    """Whether they are mailed reminders."""


UNCHOSEN = Preferences(language=None, reminders=True)


class Links:
    """Makes and reads the tokens of links by which reminders are given up.

    A token is a user's id and a MAC of it, so nothing is kept of one; it is good for as long as the secret is.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, user_id: UUID) -> str:
        """Return the token of a user's links."""
        said = _REMINDERS + user_id.bytes
        return base64.urlsafe_b64encode(said + self._mac(said)).decode()

    def user_of(self, token: str) -> UUID | None:
        """Return whose token this is, None: nobody's. It has the right length."""
        read = base64.urlsafe_b64decode(token)
        said, mac = read[:-MAC_BYTES], read[-MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(said)) or said[:1] != _REMINDERS:
            return None
        return UUID(bytes=said[1:])

    def _mac(self, said: bytes) -> bytes:
        return hmac.digest(self._secret, b"boxoffice-unsubscribe:" + said, sha256)[:MAC_BYTES]


def language_of(accepted: str) -> str | None:
    """Return the first language of an Accept-Language header that there are mails in, None: none is, or none is meant.

    Languages count in the order of their weights (RFC 9110); one of a region counts as the language itself.
    """
    found: list[tuple[float, str]] = []
    for part in accepted[:500].lower().split(","):
        tag, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        language = tag.partition("-")[0]
        if language in LANGUAGES and _weight(weight) > 0:
            found.append((_weight(weight), language))
    return max(found, key=lambda each: each[0], default=(0.0, None))[1]


def _weight(text: str) -> float:
    is_number = text.replace(".", "", 1).isdecimal() and text.isascii()
    return min(float(text), 1.0) if is_number else 0.0
