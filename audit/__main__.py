"""`python -m audit --server URL`: audit the databases of a server, as `make audit` does those of the running stack."""

from __future__ import annotations

import argparse
import sys

import psycopg

from audit import audit
from audit.errors import AuditError


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m audit", description="Audit Boxoffice's databases.")
    parser.add_argument("--server", required=True, metavar="URL", help="postgresql://audit:password@host:port")
    audit.add_options(parser)
    arguments = parser.parse_args()
    try:
        reach = audit.reach_by(arguments.server)
        code = audit.run(reach, always=arguments.always, wait_seconds=arguments.wait)
    except (AuditError, psycopg.Error) as error:
        sys.exit(f"boxoffice: {' '.join(str(error).split())}")
    sys.exit(code)


if __name__ == "__main__":
    main()
