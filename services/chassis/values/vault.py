"""Secrets that a database keeps, encrypted with one that it does not know."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class SecretUnreadable(Exception):
    """What was kept was encrypted with another secret, for another purpose or under another name."""


class Vault:
    """Encrypts what is kept under a name, and decrypts it. Who can write in the database only can make nothing of it
    that anybody would take for kept."""

    def __init__(self, secret: str, purpose: str) -> None:
        derived = HKDF(hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, name: str, kept: bytes) -> bytes:
        """Return what is to be kept, encrypted together with its name."""
        return self._fernet.encrypt(name.encode() + b"\0" + kept)

    def unseal(self, name: str, sealed: bytes) -> bytes:
        """Return what `seal` was given under this name; raise SecretUnreadable."""
        try:
            kept_as, _, kept = self._fernet.decrypt(sealed).partition(b"\0")
        except InvalidToken:
            raise SecretUnreadable() from None
        if kept_as != name.encode():
            raise SecretUnreadable()
        return kept
