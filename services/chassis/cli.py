"""The command line of a service: `python -m services.NAME [serve|migrate|redrive]`."""

import argparse
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from services.chassis import faults, identity, logs, settings
from services.chassis.database import Database
from services.chassis.errors import Failure

S = TypeVar("S", bound=settings.ServiceSettings)


def main(
    service: str,
    about: str,
    kind: type[S],
    serve: Callable[[S], Coroutine[Any, Any, None]],
    migrations: Path,
    *,
    redrive: Callable[[Database], Awaitable[int]] | None = None,
) -> None:
    """Read the settings and do what the command line says; what cannot be done ends the process with one line.

    `redrive` gives dead letters another life and returns how many there were; None if the service has none.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m services.{service}",
        description=about,
        epilog=_settings_help(kind),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "verb",
        nargs="?",
        choices=("serve", "migrate", "redrive") if redrive else ("serve", "migrate"),
        default="serve",
        help="serve until SIGTERM (default), or bring the database to the newest schema"
        + (", or give dead letters another life" if redrive else ""),
    )
    verb = parser.parse_args().verb
    told = settings.load(kind, service)
    if verb == "migrate":
        # Only now, because Alembic takes longer to import than everything that serving needs.
        from services.chassis.migrate import migrate

        migrate(service, migrations, told.database_url.get_secret_value())
        return
    try:
        if redrive and verb == "redrive":
            print(f"{service}: dead letters redriven: {uvloop.run(_redriven(told, redrive))}")
            return
        logs.configure(service, told.log_level)
        uvloop.run(_served(service, told, serve))
    except Failure as failure:
        sys.exit(f"{service}: {failure.message}")


async def _served(service: str, told: S, serve: Callable[[S], Coroutine[Any, Any, None]]) -> None:
    if told.faults_address:
        await faults.arm(service, told.faults_address)
    if told.auth == "on" and told.service_secret is not None:
        identity.introduce(service, told.service_secret.get_secret_value())
    await serve(told)


async def _redriven(told: settings.ServiceSettings, redrive: Callable[[Database], Awaitable[int]]) -> int:
    db = Database(told.database_url.get_secret_value(), pool_size=2, name="redrive")
    await db.open()
    try:
        return await redrive(db)
    finally:
        await db.close()


def _settings_help(kind: type[settings.ServiceSettings]) -> str:
    lines = ["Settings, from the environment:"]
    for name, field in kind.model_fields.items():
        default = "" if field.is_required() else f" [{field.default}]"
        lines.append(f"  {name.upper():28} {field.description or ''}{default}")
    return "\n".join(lines)
