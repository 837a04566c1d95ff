"""What can be asked of a stack from another terminal: how it is, its logs, an audit, to stop, to forget it all."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from audit import audit as auditing
from stack import places, running
from stack.errors import StackError
from stack.postgres import Server
from stack.processes import wait_until
from stack.settings import Settings

NOTHING_RUNS = 3
NOT_HEALTHY = 1
STOP_SECONDS = 90.0
FOLLOW_SECONDS = 0.2
ROLL_SIGNAL = signal.SIGUSR1
"""What tells a launcher to restart everything."""
ROLL = "roll"
"""Where it leaves word of what came of that."""
ROLL_SECONDS = 600.0
FAILED = "not everything was restarted, what was not runs on: "
MADE = ("lock", "logs", "credentials.json", "envoy.yaml", "images", "keys", "mails", "postgres", "tls", ROLL)
"""What a stack makes in its data folder; drafts of them begin with a dot, or go on behind another."""


def status(settings: Settings) -> int:
    """Print every process; return 0 if all are healthy, 1 if one is not, 3 if nothing runs."""
    launcher = running.find(settings)
    if launcher is None:
        print(_nothing(settings))
        return NOTHING_RUNS
    found = running.processes(launcher)
    rows = [("process", "pid", "health", "since", "address")]
    rows.append(("launcher", str(launcher.pid), "", _since(launcher.since), str(settings.data_dir)))
    rows += [
        (
            one.name,
            str(one.pid or "-"),
            "healthy" if one.healthy else "not healthy" if one.pid else "down",
            _since(one.since) if one.since else "-",
            one.address,
        )
        for one in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return 0 if all(one.healthy for one in found) else NOT_HEALTHY


def stop(settings: Settings) -> int:
    """Ask the launcher to stop, and wait until it is gone; raise StackError if it does not go."""
    launcher = running.find(settings)
    if launcher is None:
        print(_nothing(settings))
        return 0
    print(f"stopping the stack in {settings.data_dir} (process {launcher.pid})", flush=True)
    try:
        os.kill(launcher.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass  # it went by itself meanwhile
    except PermissionError:
        raise StackError(f"the stack is another user's (process {launcher.pid}): stop it as that user") from None
    if not wait_until(lambda: not _is_run_by(settings, launcher.pid), STOP_SECONDS):
        raise StackError(f"process {launcher.pid} still runs after {STOP_SECONDS:g} s: look into `make logs`")
    print("stopped; the data stays")
    return 0


def roll(settings: Settings) -> int:
    """Have the launcher restart everything, replica by replica, and wait for it; return 3 if nothing runs."""
    launcher = running.find(settings)
    if launcher is None:
        print(_nothing(settings))
        return NOTHING_RUNS
    if launcher.settings.replicas == 1:
        print("each service has one process and is away while that restarts; with `make run REPLICAS=2` none would be")
    word = settings.data_dir / ROLL
    word.unlink(missing_ok=True)
    before = running.pids(launcher)
    try:
        os.kill(launcher.pid, ROLL_SIGNAL)
    except PermissionError:
        raise StackError(f"the stack is another user's (process {launcher.pid}): do it as that user") from None
    end = time.monotonic() + ROLL_SECONDS
    announced = set[str]()
    while not word.exists():
        if not _is_run_by(settings, launcher.pid) or time.monotonic() > end:
            raise StackError(f"no word from process {launcher.pid}: look into `make status`")
        now = running.pids(launcher)
        for name in now.keys() - announced:
            if now[name] != before.get(name):
                print(f"{name}: a new process, {now[name]}", flush=True)
                announced.add(name)
        time.sleep(FOLLOW_SECONDS)
    outcome = word.read_text()
    if outcome.startswith(FAILED):
        raise StackError(outcome)
    print(outcome)
    return 0


def leave_word(settings: Settings, outcome: str) -> None:
    """Tell whoever waits for `roll` what came of it."""
    draft = settings.data_dir / f".{ROLL}"
    draft.write_text(outcome)
    draft.replace(settings.data_dir / ROLL)


def logs(settings: Settings, names: Sequence[str], *, lines: int, follow: bool) -> int:
    """Print the last lines of the logs, and go on with what is added while a stack runs."""
    folder = settings.data_dir / running.LOGS
    files = sorted(folder.glob("*.log"))
    known = {file.stem for file in files}
    if unknown := [name for name in names if name not in known]:
        there = f"there are: {', '.join(sorted(known))}" if known else "there are none yet: `make run` makes them"
        raise StackError(f"no log of {', '.join(unknown)} in {folder}; {there}")
    files = [file for file in files if not names or file.stem in names]
    if not files:
        raise StackError(f"no logs in {folder} yet: `make run` makes them")
    width = max(len(file.stem) for file in files)
    tails = [_Tail(file, width) for file in files]
    for tail in tails:
        tail.last(lines)
    while follow and running.find(settings) is not None:
        for tail in tails:
            tail.more()
        time.sleep(FOLLOW_SECONDS)
    for tail in tails:
        tail.more()
    return 0


def token(settings: Settings, user: str, roles: Sequence[str], minutes: int) -> int:
    """Print an access token of a user of the running stack; return 3 if nothing runs."""
    launcher = running.find(settings)
    if launcher is None:
        print(_nothing(settings), file=sys.stderr)
        return 3
    from stack import tokens  # only here: it takes a service's modules

    print(tokens.opened(launcher.settings).token_for(user, *roles, seconds=minutes * 60))
    return 0


def audit(settings: Settings, server: str | None, *, always: bool, wait_seconds: float) -> int:
    """Audit the running stack's databases, or those of `server`, a URL; return as `audit.run`, 3 if nothing runs."""
    if server is not None:
        reach = auditing.reach_by(server)
    elif (launcher := running.find(settings)) is not None:
        settings = launcher.settings
        reach = running.auditors_way(settings)
    else:
        print(_nothing(settings))
        return NOTHING_RUNS
    return auditing.run(reach, always=always, wait_seconds=wait_seconds)


def reset(settings: Settings, *, sure: bool) -> int:
    """Delete all that the stack keeps, once somebody has said so; raise StackError while it runs."""
    data = settings.data_dir
    if not (data / running.LOCK).exists():
        print(f"nothing to delete: no stack has run from {data}")
        return 0
    with alone(settings):
        folders = [data, *data.glob("node-*")]
        outside = [found for folder in folders if (found := _outside(folder))]
        where = " and ".join(map(str, [data, *outside]))
        if not sure:
            print(f"This deletes every booking, the logs and the passwords in {where}.")
            print(f"Type the folder's name ({data.name}) to go on: ", end="", flush=True)
            if sys.stdin.readline().strip() != data.name:
                raise StackError("nothing was deleted")
        for folder in folders:
            Server(folder, settings.postgres_port, "").end_orphan()
        for folder in outside:
            shutil.rmtree(folder)
        for path in _made(data):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        left = sorted(path.name for path in data.iterdir())
        if not left:
            data.rmdir()
    print(f"deleted {where}" if not left else f"deleted the stack's data in {where}; not its: {', '.join(left)}")
    return 0


class _Tail:
    """A log that is printed as it grows, every line with its name."""

    def __init__(self, file: Path, width: int) -> None:
        self._file = file
        self._label = f"{file.stem:<{width}} | "
        self._at = 0
        self._rest = b""

    def last(self, count: int) -> None:
        text = self._file.read_bytes()
        self._at = len(text)
        lines = text.splitlines()
        self._print(lines[len(lines) - min(count, len(lines)) :])

    def more(self) -> None:
        size = self._file.stat().st_size if self._file.exists() else 0
        if size < self._at:
            self._at, self._rest = 0, b""  # it was begun anew
        if size > self._at:
            with self._file.open("rb") as log:
                log.seek(self._at)
                text = log.read(size - self._at)
            self._at += len(text)
            *lines, self._rest = (self._rest + text).split(b"\n")
            self._print(lines)

    def _print(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            print(self._label + line.decode(errors="replace"))
        sys.stdout.flush()


def _nothing(settings: Settings) -> str:
    return f"nothing runs from {settings.data_dir}; `make run` starts a stack"


def _since(then: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(then))


def _is_run_by(settings: Settings, pid: int) -> bool:
    launcher = running.find(settings)
    return launcher is not None and launcher.pid == pid


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Have the data folder to oneself; raise StackError if a stack runs from it."""
    try:
        handle = os.open(settings.data_dir / running.LOCK, os.O_RDWR)
    except OSError as error:
        raise StackError(f"cannot use {settings.data_dir}: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StackError(
            f"a stack runs from {settings.data_dir} (process {running.holder(handle)}): `make stop` first"
        ) from None
    finally:
        os.close(handle)


def _outside(data: Path) -> Path | None:
    """Return the folder outside of the data folder that holds the databases, if there is one (see places)."""
    link = data / "postgres"
    if not link.is_symlink():
        return None
    home = link.resolve().parent
    return home if home.parent == places.OUTSIDE.resolve() and home.name.startswith("data-") and home.exists() else None


def _made(data: Path) -> list[Path]:
    return [
        path
        for path in data.iterdir()
        if path.name in MADE or path.name.startswith(("postgres.draft-", ".credentials", "node-"))
    ]
