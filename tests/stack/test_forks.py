"""Programs are started while other threads are in the middle of calls."""

import os
import subprocess
import threading
from pathlib import Path

from stack.services import is_serving

NOWHERE = "127.0.0.1:1"
THREADS, PROGRAMS = 3, 100


def test_a_program_is_started_whatever_grpc_does_meanwhile(tmp_path: Path) -> None:
    done = threading.Event()

    def keep_calling() -> None:
        while not done.is_set():
            is_serving(NOWHERE)

    callers = [threading.Thread(target=keep_calling) for _ in range(THREADS)]
    for caller in callers:
        caller.start()
    try:
        # With a user, as PostgreSQL is run: then Python forks instead of letting the system spawn.
        ended = [subprocess.run(["true"], user=os.getuid(), cwd=tmp_path, check=False) for _ in range(PROGRAMS)]
    finally:
        done.set()
        for caller in callers:
            caller.join()
    assert {one.returncode for one in ended} == {0}
