"""Write a .env with fresh secrets, for a trial of the containers: `make secrets`. A .env that is there stays."""

import base64
import os
import re
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENV = ROOT / ".env"
ASKED_FOR = re.compile(r"\$\{([A-Z_]+):\?")
"""A variable of docker-compose.yml that has no default."""


def main() -> None:
    """Make the file, readable by its owner only, wholly or not at all."""
    file = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    lines = [
        "# What docker-compose.yml asks for. Keep it to yourself.",
        "# For a trial: the bank's pages and its simulation work. In production that is production.",
        "ENVIRONMENT=development",
        *(f"{name}={_secret(name)}" for name in dict.fromkeys(ASKED_FOR.findall(file))),
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


def _secret(name: str) -> str:
    """Return a password that may stand in a URL, or what signs."""
    if name.endswith("_PASSWORD"):
        return secrets.token_urlsafe(24)
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


if __name__ == "__main__":
    main()
