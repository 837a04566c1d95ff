"""Make the roles and databases that a server lacks, and set the roles' passwords, as often as one likes.

The password of each role is in the environment, by the role's name: INVENTORY_PASSWORD and so on.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass

import psycopg
from psycopg import conninfo

from databases.databases import DATABASES, provision

CONNECT_SECONDS = 10
FIT = re.compile(r"[A-Za-z0-9._~-]{16,}")
"""What may stand in a URL as it is, and is long enough."""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server at a URL, of whichever database of it."""

    url: str

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        url = conninfo.make_conninfo(self.url, dbname=database)
        return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m databases", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--server",
        required=True,
        metavar="URL",
        help="postgresql://role:password@host:port (or PGPASSWORD) of a role that may make roles and databases",
    )
    server = Server(parser.parse_args().server)
    try:
        conninfo.conninfo_to_dict(server.url)
    except psycopg.ProgrammingError:
        # The reason repeats the URL, in which a password may stand.
        sys.exit("boxoffice: the server is not a URL like postgresql://postgres:password@host:5432")
    passwords = {role: os.environ.get(f"{role.upper()}_PASSWORD", "") for role in DATABASES}
    if unfit := [f"{role.upper()}_PASSWORD" for role, password in passwords.items() if not FIT.fullmatch(password)]:
        sys.exit(
            f"boxoffice: {', '.join(unfit)}: a password is 16 or more of A-Z a-z 0-9 . _ ~ - (make secrets makes such)"
        )
    try:
        provision(server, passwords)
    except psycopg.Error as error:
        sys.exit(f"boxoffice: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
