"""Secrets of endpoints, and how messages are signed with them (Standard Webhooks)."""

import base64
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from standardwebhooks import Webhook

from services.chassis.values.vault import SecretUnreadable, Vault

SECRET_BYTES = 32
PREFIX = "whsec_"


def vault_of(secret: str) -> Vault:
    """Return what the secrets of endpoints are encrypted with."""
    return Vault(secret, "secrets of webhook endpoints")


def new_secret() -> str:
    """Return a new secret, as it is shown."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal(vault: Vault, endpoint_id: UUID, secret: str) -> bytes:
    """Return a secret as it is kept."""
    return vault.seal(str(endpoint_id), secret.encode())


def unseal(vault: Vault, endpoint_id: UUID, sealed: Sequence[bytes]) -> list[str]:
    """Return secrets as they are shown, the present one first; raise SecretUnreadable where that cannot be read.

    One of before may be encrypted with the WEBHOOK_KEY_SECRET of before: then it is over.
    """
    present, *others = sealed
    found = [vault.unseal(str(endpoint_id), bytes(present)).decode()]
    for each in others:
        with suppress(SecretUnreadable):
            found.append(vault.unseal(str(endpoint_id), bytes(each)).decode())
    return found


def signed_headers(webhook_id: str, content: str, signers: Sequence[str]) -> dict[str, str]:
    """Return the headers by which a receiver knows who sends this, signed with each of the secrets."""
    now = datetime.now(UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(webhook_id, now, content) for secret in signers),
    }
