"""`make run`: the stack in the foreground of a terminal, until Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from types import FrameType

import psycopg

from certificates.errors import CertificatesError
from stack import control, mails
from stack.errors import StackError
from stack.launcher import Stack
from stack.services import API, replicas
from stack.settings import Settings
from stack.walk import render, walk

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TICK_SECONDS = 0.2


class Interrupted(BaseException):
    """Somebody wants the stack to end while it is still starting, or being restarted."""


def run(settings: Settings) -> None:
    """Start the stack, say where it is, and wait for a signal to stop it."""
    over, roll = threading.Event(), threading.Event()
    at_work = True

    def end(number: int, frame: FrameType | None) -> None:
        again = over.is_set()
        over.set()
        if at_work and not again:
            raise Interrupted

    for number in ENDING_SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # started with nohup: to outlive the terminal is what it is for
        signal.signal(number, end)
    signal.signal(control.ROLL_SIGNAL, lambda number, frame: roll.set())
    stack = Stack(settings, say=say)
    began = time.monotonic()
    try:
        stack.start()
        stack.load_accounts()
        at_work = False
        say(f"ready after {time.monotonic() - began:.1f} s")
        print(f"\n{welcome(stack)}\n", flush=True)
        while not over.wait(TICK_SECONDS):
            if roll.is_set():
                roll.clear()
                at_work = True
                _roll(stack)
                at_work = False
    except Interrupted:
        pass
    finally:
        over.set()
        stack.stop()
    say("stopped")


def _roll(stack: Stack) -> None:
    """Restart everything, and leave word of what came of it."""
    began = time.monotonic()
    try:
        stack.roll()
        outcome = f"everything was restarted, in {time.monotonic() - began:.0f} s"
    except (StackError, CertificatesError, OSError, psycopg.Error) as error:
        outcome = f"{control.FAILED}{error}"
    say(outcome)
    control.leave_word(stack.settings, outcome)


def say(line: str) -> None:
    """Print a line of progress with the time of day."""
    # A terminal that is gone must not keep the stack from stopping in order.
    with contextlib.suppress(OSError):
        print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def welcome(stack: Stack) -> str:
    """Return where everything is, and a walk to paste."""
    settings = stack.settings
    places = {
        **({"The shop": stack.public_url} if settings.web == "on" else {}),
        "REST, gRPC, gRPC-Web": f"{stack.public_url}{API}",
        "The API, to read and try": f"{stack.public_url}/api/docs",
        **{f"{one.name} (gRPC)": one.address(settings) for one in replicas(settings)},
        "PostgreSQL": f"127.0.0.1:{settings.postgres_port}, passwords in {settings.data_dir / 'credentials.json'}",
        "Envoy's admin page": f"http://127.0.0.1:{settings.envoy_admin_port}",
        "mails": mails.place(settings),
        "logs": str(stack.logs / "*.log"),
    }
    width = max(map(len, places))
    table = "\n".join(f"  {name:<{width}}  {place}" for name, place in places.items())
    takes_token = settings.auth == "on"
    steps = render(walk(stack.public_url, stack.demo.shows[0].id, takes_token=takes_token))
    accounts = stack.load_accounts()
    emails = ", ".join(account.email for account in accounts.values())
    who = f"Accounts: {emails} (passwords demo-… in credentials.json)."
    if takes_token:
        who += f" For 15 minutes, the admin's token:\n\nTOKEN={accounts['admin'].token}"
    else:
        who = f"AUTH is off: calls take no token, and anybody may do anything. AUTH=on make run changes that.\n{who}"
    invitation = "Try it, in another terminal (`make demo` plays a longer story):"
    return f"Boxoffice is running. Ctrl-C stops it.\n\n{table}\n\n{who}\n\n{invitation}\n\n{steps}"
