"""The keys that sign access tokens: made, kept encrypted, published, and signed with."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import ECAlgorithm

from services.chassis.wire.identity import ALGORITHM, TOKEN_TYPE


class KeyUnreadable(Exception):
    """A signing key was encrypted with another SIGNING_KEY_SECRET."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair, by its id."""

    kid: str
    private: ec.EllipticCurvePrivateKey = field(repr=False)

    def sign(self, claims: dict[str, Any]) -> str:
        """Return an access token."""
        return jwt.encode(claims, self.private, ALGORITHM, headers={"typ": TOKEN_TYPE, "kid": self.kid})

    def public_jwk(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key."""
        jwk: dict[str, Any] = json.loads(ECAlgorithm.to_jwk(self.private.public_key()))
        return jwk | {"kid": self.kid, "use": "sig", "alg": ALGORITHM}


class Vault:
    """Encrypts private keys for the database, and decrypts them. Public keys come from what it decrypts, so that who
    can write in the database only can make no key that anybody would trust."""

    def __init__(self, secret: str) -> None:
        derived = HKDF(hashes.SHA256(), length=32, salt=None, info=b"boxoffice signing keys").derive(secret.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def make(self, kid: str) -> bytes:
        """Make a key, and return it encrypted together with its id."""
        private = ec.generate_private_key(ec.SECP256R1())
        encoded = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._fernet.encrypt(kid.encode() + b"\0" + encoded)

    def open(self, kid: str, encrypted: bytes) -> SigningKey:
        """Return a key that `make` made for this id; raise KeyUnreadable."""
        try:
            made_for, _, encoded = self._fernet.decrypt(encrypted).partition(b"\0")
        except InvalidToken:
            raise KeyUnreadable() from None
        private = serialization.load_der_private_key(encoded, password=None)
        if made_for != kid.encode() or not isinstance(private, ec.EllipticCurvePrivateKey):
            raise KeyUnreadable()
        return SigningKey(kid, private)
