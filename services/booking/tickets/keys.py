"""The keys that sign codes of tickets: made, kept encrypted, published, and signed with."""

import base64
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.booking.tickets import codes
from services.booking.tickets.codes import Code
from services.chassis.values.vault import Vault


def vault_of(secret: str) -> Vault:
    """Return what keeps the keys in the database."""
    return Vault(secret, "boxoffice ticket keys")


@dataclass(frozen=True, slots=True)
class TicketKey:
    """A key pair, by its id and by the number that its codes bear."""

    kid: str
    number: int
    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def open(cls, vault: Vault, kid: str, number: int, sealed: bytes) -> "TicketKey":
        """Return a key that `make` made; raise SecretUnreadable."""
        return cls(kid, number, Ed25519PrivateKey.from_private_bytes(vault.unseal(f"{kid} {number}", sealed)))

    def code(self, revision: int, ticket_id: UUID) -> str:
        """Return the code of a ticket."""
        code = Code(self.number, revision, ticket_id)
        return codes.write(code, self.private.sign(code.signed))

    def has_signed(self, code: Code, signature: bytes) -> bool:
        """Tell whether a code bears this key's signature."""
        try:
            self.private.public_key().verify(signature, code.signed)
        except InvalidSignature:
            return False
        return True

    def public_jwk(self) -> dict[str, str | int]:
        """Return the public half as a JSON Web Key (RFC 8037), with its number."""
        public = self.private.public_key().public_bytes_raw()
        x = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
        named: dict[str, str | int] = {"kid": self.kid, "number": self.number}
        return named | {"kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", "alg": "EdDSA"}


def make(vault: Vault, kid: str, number: int) -> bytes:
    """Make a key, and return it encrypted together with its id and number."""
    private = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    return vault.seal(f"{kid} {number}", private)
