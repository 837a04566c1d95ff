"""The command line of a service: `python -m services.NAME [serve|migrate]`."""

import argparse
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from services.chassis import logs, settings
from services.chassis.errors import Failure
from services.chassis.migrate import migrate

S = TypeVar("S", bound=settings.ServiceSettings)


def main(
    service: str, about: str, kind: type[S], serve: Callable[[S], Coroutine[Any, Any, None]], migrations: Path
) -> None:
    """Read the settings and do what the command line says; what cannot be done ends the process with one line."""
    parser = argparse.ArgumentParser(
        prog=f"python -m services.{service}",
        description=about,
        epilog=_settings_help(kind),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "verb",
        nargs="?",
        choices=("serve", "migrate"),
        default="serve",
        help="serve until SIGTERM (default), or bring the database to the newest schema",
    )
    verb = parser.parse_args().verb
    told = settings.load(kind, service)
    if verb == "migrate":
        migrate(service, migrations, told.database_url.get_secret_value())
        return
    logs.configure(service, told.log_level)
    try:
        uvloop.run(serve(told))
    except Failure as failure:
        sys.exit(f"{service}: {failure.message}")


def _settings_help(kind: type[settings.ServiceSettings]) -> str:
    lines = ["Settings, from the environment:"]
    for name, field in kind.model_fields.items():
        default = "" if field.is_required() else f" [{field.default}]"
        lines.append(f"  {name.upper():28} {field.description or ''}{default}")
    return "\n".join(lines)
