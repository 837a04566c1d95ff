"""The command line of a service: `python -m services.NAME [serve|migrate|redrive]`."""

import argparse
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import uvloop

from services.chassis.errors import Failure
from services.chassis.process import settings
from services.chassis.sight import faults, logs, tracing
from services.chassis.store import connections
from services.chassis.store.database import Database
from services.chassis.wire import tls

S = TypeVar("S", bound=settings.ServiceSettings)


@dataclass(frozen=True, slots=True)
class Verb(Generic[S]):
    """A verb of a service's own: it does one thing to the database, and says in a line what it did."""

    verb: str
    about: str
    run: Callable[[S, Database, str], Awaitable[str]]
    argument: str = ""
    """What the one word after the verb is called; empty if it takes none, and is given the empty string."""


def main(
    service: str,
    about: str,
    kind: type[S],
    serve: Callable[[S], Coroutine[Any, Any, None]],
    migrations: Path,
    *,
    redrive: Callable[[Database], Awaitable[int]] | None = None,
    commands: Sequence[Verb[S]] = (),
) -> None:
    """Read the settings and do what the command line says; what cannot be done ends the process with one line.

    `redrive` gives dead letters another life and returns how many there were; None if the service has none.
    """
    own = {command.verb: command for command in commands}
    verb, argument = _parse(service, about, kind, own, can_redrive=redrive is not None)
    loaded = settings.load(kind, service)
    url = loaded.database_url.get_secret_value()
    if verb == "migrate":
        _migrate(service, url, migrations)
        return
    try:
        if verb == "serve":
            logs.configure(service, loaded.log_level)
        uvloop.run(_examined(service, url, migrations))
        if redrive and verb == "redrive":
            print(f"{service}: dead letters redriven: {uvloop.run(_redriven(loaded, redrive))}")
        elif command := own.get(verb):
            print(f"{service}: {uvloop.run(_done(loaded, command, argument))}")
        else:
            uvloop.run(_served(service, loaded, serve))
    except Failure as failure:
        sys.exit(f"{service}: {failure.message}")


def _parse(
    service: str, about: str, kind: type[S], own: Mapping[str, Verb[S]], *, can_redrive: bool
) -> tuple[str, str]:
    """Return the verb of the command line and its argument, which is empty where the verb takes none."""
    parser = argparse.ArgumentParser(
        prog=f"python -m services.{service}",
        description=about,
        epilog=_settings_help(kind),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "verb",
        nargs="?",
        choices=("serve", "migrate", *(("redrive",) if can_redrive else ()), *own),
        default="serve",
        help="serve until SIGTERM (default), or bring the database to the newest schema"
        + (", or give dead letters another life" if can_redrive else "")
        + "".join(f", or {command.about} ({command.verb})" for command in own.values()),
    )
    if any(command.argument for command in own.values()):
        parser.add_argument("argument", nargs="?", default="", help="what the verb is about, where it takes that")
    arguments = parser.parse_args()
    verb, argument = arguments.verb, getattr(arguments, "argument", "")
    wanted = own[verb].argument if verb in own else ""
    if bool(argument) != bool(wanted):
        parser.error(f"{verb} takes {wanted or 'no argument'}")
    return verb, argument


def _migrate(service: str, url: str, migrations: Path) -> None:
    try:
        uvloop.run(connections.examine(url, asked={}, seconds=0))
    except Failure as failure:
        sys.exit(f"{service}: the database cannot be migrated: {failure.message}")
    if uvloop.run(connections.has_schema(url, _newest(migrations))):
        return
    # Only now, because Alembic takes longer to import than everything that serving needs.
    from services.chassis.store.migrate import migrate

    migrate(service, migrations, url)


async def _examined(service: str, url: str, migrations: Path) -> None:
    if newest := _newest(migrations):
        await connections.examine(url)
        await connections.examine_schema(url, service, newest)


def _newest(migrations: Path) -> str:
    # A migration's file begins with its revision. Only tests have a service without any, which has no database either.
    return max((path.name.partition("_")[0] for path in (migrations / "versions").glob("[0-9]*.py")), default="")


async def _served(service: str, loaded: S, serve: Callable[[S], Coroutine[Any, Any, None]]) -> None:
    if loaded.faults_address:
        await faults.arm(service, loaded.faults_address)
    if loaded.tls_files is not None:
        tls.use(service.rpartition(".")[2], tls.Certificate.read(*loaded.tls_files))
    if loaded.otlp_endpoint:
        tracing.start(service, loaded.otlp_endpoint)
    try:
        await serve(loaded)
    finally:
        tracing.stop()


async def _redriven(loaded: settings.ServiceSettings, redrive: Callable[[Database], Awaitable[int]]) -> int:
    async with _opened(loaded, "redrive") as db:
        return await redrive(db)


async def _done(loaded: S, command: Verb[S], argument: str) -> str:
    async with _opened(loaded, command.verb) as db:
        return await command.run(loaded, db, argument)


@asynccontextmanager
async def _opened(loaded: settings.ServiceSettings, name: str) -> AsyncIterator[Database]:
    db = Database(loaded.database_url.get_secret_value(), pool_size=2, name=name)
    await db.open()
    try:
        yield db
    finally:
        await db.close()


def _settings_help(kind: type[settings.ServiceSettings]) -> str:
    lines = ["Settings, from the environment:"]
    for name, field in kind.model_fields.items():
        default = "" if field.is_required() else f" [{field.default}]"
        lines.append(f"  {name.upper():28} {field.description or ''}{default}")
    files = ", ".join(f"{name.upper()}_FILE" for name in settings.secrets(kind))
    return "\n".join([*lines, f"A secret may lie in a file instead, which then is loaded: {files}"])
