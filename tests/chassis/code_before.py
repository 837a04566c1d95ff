"""The statements of the code from before a migration, kept so that a test can see that it still runs after it.

`python -m tests.chassis.code_before SERVICE REVISION`, in a checkout whose code does not know the migration yet, writes
them beside the migration.
"""

import json
import sys
from pathlib import Path

from roster import named
from tests.chassis.test_schema import SERVICES, statements_of


def folder(service: str) -> Path:
    """Return where the statements of a service's earlier code are."""
    return named(service).folder / "migrations" / "before"


def main(service: str, revision: str) -> None:
    assert service in SERVICES, f"one of {SERVICES}"
    statements = {f"{service}: {name.removeprefix('services.')}": sql for name, sql in statements_of(service)}
    folder(service).mkdir(exist_ok=True)
    (folder(service) / f"{revision}.json").write_text(json.dumps(statements, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
