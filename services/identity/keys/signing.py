"""The keys that sign access tokens: made, kept encrypted, published, and signed with."""

import json
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from services.chassis.values import vault
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
        self._vault = vault.Vault(secret, "boxoffice signing keys")

    def make(self, kid: str) -> bytes:
        """Make a key, and return it encrypted together with its id."""
        private = ec.generate_private_key(ec.SECP256R1())
        encoded = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._vault.seal(kid, encoded)

    def open(self, kid: str, encrypted: bytes) -> SigningKey:
        """Return a key that `make` made for this id; raise KeyUnreadable."""
        try:
            encoded = self._vault.unseal(kid, encrypted)
        except vault.SecretUnreadable:
            raise KeyUnreadable() from None
        private = serialization.load_der_private_key(encoded, password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise KeyUnreadable()
        return SigningKey(kid, private)
