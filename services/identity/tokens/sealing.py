"""The successor of a used refresh token, kept so that only who has the used token can read it."""

import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


def seal(token: str, successor: str) -> bytes:
    """Encrypt a token's successor under a key that is derived from the token, which is random and stored nowhere."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + ChaCha20Poly1305(_key(token)).encrypt(nonce, successor.encode(), None)


def unseal(token: str, sealed: bytes) -> str:
    """Return what `seal` was given with the same token; raise InvalidTag if it was another, or `sealed` was changed."""
    nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    return ChaCha20Poly1305(_key(token)).decrypt(nonce, encrypted, None).decode()


def _key(token: str) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=None, info=b"boxoffice refresh successor").derive(token.encode())
