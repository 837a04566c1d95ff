"""`python -m stack run`: start everything on this machine and keep it running until Ctrl-C; other verbs look at it."""

from __future__ import annotations

import argparse
from pathlib import Path
from uuid import UUID

from audit import audit
from stack import command, control
from stack import settings as configuration


def main() -> None:
    arguments = _parser().parse_args()
    command.run(lambda: _do(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description="Run Boxoffice on this machine.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("run", help="start everything and keep it running until Ctrl-C")
    verbs.add_parser("demo", help="play the whole story on the running stack")
    verbs.add_parser("status", help="show every process: exit code 0 all healthy, 1 one is not, 3 nothing runs")
    audits = verbs.add_parser(
        "audit",
        help="hold the databases against what must never be: exit code 0 all holds, 1 not, 3 nothing runs, 4 too busy "
        "to ask everything",
    )
    audits.add_argument(
        "--server",
        metavar="URL",
        help="the databases of another deployment, as postgresql://audit:password@host:port (or PGPASSWORD)",
    )
    audit.add_options(audits)
    signs = verbs.add_parser("token", help="print an access token of a user of the running stack, for load tests")
    signs.add_argument("user", type=_uuid, metavar="USER_ID", help="a UUID; nobody has to have an account of it")
    signs.add_argument("--role", action="append", choices=["ORGANIZER", "ADMIN"], default=[], help="besides USER")
    signs.add_argument("--minutes", type=int, default=15, help="how long it is good (default: 15)")
    verbs.add_parser("roll", help="restart every service and the gateway of the running stack, replica by replica")
    verbs.add_parser("stop", help="stop the running stack and wait until it is gone")
    logs = verbs.add_parser("logs", help="show the logs, and follow them while a stack runs")
    logs.add_argument("names", nargs="*", metavar="NAME", help="whose, for example booking; all by default")
    logs.add_argument("--lines", type=int, default=20, help="how many lines of each to begin with (default: 20)")
    logs.add_argument("--no-follow", action="store_true", help="end after those")
    reset = verbs.add_parser("reset", help="delete all data, after a question")
    reset.add_argument("-y", "--yes", action="store_true", help="do not ask")
    backups = verbs.add_parser("backup", help="write all databases of the running stack, and its secrets, to one file")
    backups.add_argument("file", type=Path, metavar="FILE", help="which must not be there yet")
    restores = verbs.add_parser("restore", help="fill an empty data folder from such a file")
    restores.add_argument("file", type=Path, metavar="FILE")
    return parser


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no UUID") from None


def _do(arguments: argparse.Namespace) -> int:
    """Do what the verb says and return the exit code."""
    # A verb imports what it alone takes when it is asked for: `status` is a table, and all together takes a second.
    settings = configuration.load()
    match arguments.verb:
        case "run":
            from stack import foreground

            foreground.run(settings)
            return 0
        case "demo":
            from stack import story

            return story.play(settings)
        case "status":
            return control.status(settings)
        case "audit":
            return control.audit(settings, arguments.server, always=arguments.always, wait_seconds=arguments.wait)
        case "token":
            return control.token(settings, arguments.user, arguments.role, arguments.minutes)
        case "roll":
            return control.roll(settings)
        case "backup":
            from stack import backup

            backup.back_up(settings, arguments.file.absolute())
            print(f"backed up to {arguments.file}: it holds secrets and customers' data, keep it as such")
            return 0
        case "restore":
            from stack import backup

            backup.restore(settings, arguments.file.absolute())
            print(f"restored to {settings.data_dir}: `make run`, then `make audit`")
            return 0
        case "stop":
            return control.stop(settings)
        case "logs":
            return control.logs(settings, arguments.names, lines=arguments.lines, follow=not arguments.no_follow)
        case "reset":
            return control.reset(settings, sure=arguments.yes)
        case _:
            raise AssertionError(arguments.verb)


if __name__ == "__main__":
    main()
