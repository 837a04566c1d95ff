"""The stack's secrets: made once, kept in one file that only its owner can read."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import roster
from certificates.files import write_private
from stack.errors import StackError

FILE = "credentials.json"
SIGNING = ("webhook", "signing-key", "ticket-key", "webhook-key", "unsubscribe", "session")
DEMO = ("demo-admin", "demo-organizer", "demo-user")
NAMES = ("postgres", *roster.ROLES, "audit", *SIGNING, *DEMO)


@dataclass(frozen=True)
class Credentials:
    """Secrets by name: a password for each role of PostgreSQL and each demo account, and what signs or encrypts:
    `webhook` the bank's webhooks, `signing-key` identity's keys, `ticket-key` those of tickets,
    `webhook-key` the secrets of organizations' endpoints, `unsubscribe` the links by which reminders are given up,
    `session` the sessions of the shop.
    """

    secrets: dict[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> str:
        return self.secrets[name]


def load(file: Path) -> Credentials:
    """Read the secrets in `file`, first making those that are missing; raise StackError if it cannot be read."""
    try:
        known = json.loads(file.read_text()) if file.exists() else {}
        if not isinstance(known, dict) or not all(isinstance(value, str) for value in known.values()):
            raise ValueError
    except OSError as error:
        raise StackError(f"cannot read {file}: {error.strerror}") from None
    except ValueError:
        raise StackError(f"{file} is damaged: put a copy of it back, or move its folder away to start anew") from None
    missing = [name for name in NAMES if name not in known]
    if missing:
        known |= {name: _make(name) for name in missing}
        write_private(file, json.dumps(known, indent=2) + "\n")
    return Credentials(known)


def _make(name: str) -> str:
    if name in SIGNING:
        return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(24)
