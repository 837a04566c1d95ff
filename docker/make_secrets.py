"""Write a .env with fresh secrets, for a trial of the containers: `make secrets`. A .env that is there stays."""

import base64
import os
import secrets
import sys
from pathlib import Path

ENV = Path(__file__).resolve().parent.parent / ".env"
PASSWORDS = (
    "POSTGRES_PASSWORD",
    "INVENTORY_PASSWORD",
    "BOOKING_PASSWORD",
    "PAYMENT_PASSWORD",
    "BANK_PASSWORD",
    "BANK_OWNER_PASSWORD",
    "IDENTITY_PASSWORD",
    "AUDIT_PASSWORD",
)
SIGNING = ("PAYMENT_WEBHOOK_SECRET", "SIGNING_KEY_SECRET")


def main() -> None:
    """Make the file, readable by its owner only, wholly or not at all."""
    lines = [
        "# What docker-compose.yml asks for. Keep it to yourself.",
        "# For a trial: the bank's pages and its simulation work. In production that is production.",
        "ENVIRONMENT=development",
        *(f"{name}={secrets.token_urlsafe(24)}" for name in PASSWORDS),
        *(f"{name}=whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}" for name in SIGNING),
    ]
    draft = ENV.with_name(f".env.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
    try:
        os.link(draft, ENV)
    except FileExistsError:
        sys.exit(f"boxoffice: {ENV.name} is there already and stays: its passwords are those of the databases")
    finally:
        draft.unlink()
    print(f"boxoffice: made {ENV.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
