"""`python -m stack run`: start everything on this machine and keep it running until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
import time
from types import FrameType

import psycopg

from stack import settings as configuration
from stack.errors import StackError
from stack.launcher import Stack
from stack.services import API, SERVICES
from stack.walk import render, walk

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody wants the stack to end while it is still starting."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stack", description="Run Boxoffice on this machine.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("run", help="start everything and keep it running until Ctrl-C")
    parser.parse_args()
    try:
        run()
    except StackError as error:
        sys.exit(f"boxoffice: {error}")
    except (OSError, psycopg.Error) as error:
        # A full disk, a database that went away: said in the machine's words, which are one line or a few.
        sys.exit(f"boxoffice: {' '.join(str(error).split())}")


def run() -> None:
    """Start the stack, say where it is, and wait for a signal to stop it."""
    over = threading.Event()
    starting = True

    def end(number: int, frame: FrameType | None) -> None:
        again = over.is_set()
        over.set()
        if starting and not again:
            raise Interrupted

    for number in ENDING_SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # started with nohup: to outlive the terminal is what it is for
        signal.signal(number, end)
    stack = Stack(configuration.load(), say=say)
    began = time.monotonic()
    try:
        stack.start()
        starting = False
        say(f"ready after {time.monotonic() - began:.1f} s")
        print(f"\n{welcome(stack)}\n", flush=True)
        over.wait()
    except Interrupted:
        pass
    finally:
        over.set()
        stack.stop()
    say("stopped")


def say(line: str) -> None:
    """Print a line of progress with the time of day."""
    # A terminal that is gone must not keep the stack from stopping in order.
    with contextlib.suppress(OSError):
        print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def welcome(stack: Stack) -> str:
    """Return where everything is, and a walk to paste."""
    settings = stack.settings
    places = {
        "REST, gRPC, gRPC-Web": f"{stack.public_url}{API}",
        **{f"{service.name} (gRPC)": stack.address(service.name) for service in SERVICES},
        "PostgreSQL": f"127.0.0.1:{settings.postgres_port}, passwords in {settings.data_dir / 'credentials.json'}",
        "Envoy's admin page": f"http://127.0.0.1:{settings.envoy_admin_port}",
        "logs": str(stack.logs / "*.log"),
    }
    width = max(map(len, places))
    table = "\n".join(f"  {name:<{width}}  {place}" for name, place in places.items())
    steps = render(walk(stack.public_url, stack.demo.shows[0].id))
    return f"Boxoffice is running. Ctrl-C stops it.\n\n{table}\n\nTry it, in another terminal:\n\n{steps}"


if __name__ == "__main__":
    main()
