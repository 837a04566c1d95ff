"""E-mail addresses, as they are stored and compared."""

import re
import unicodedata

MAX_EMAIL_CHARACTERS = 254
"""A longer address is none by RFC 5321."""

_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")


def normalised(email: str) -> str:
    """Return an e-mail address as it is stored and compared; raise ValueError if it is none.

    What looks alike counts as one: wide and narrow forms (NFKC), large and small letters, blanks around it.
    """
    # Small letters may compose differently: normal form last, too.
    same = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).strip().lower())
    if len(same) > MAX_EMAIL_CHARACTERS or not _EMAIL.fullmatch(same):
        raise ValueError("no e-mail address")
    return same
