"""The whole stack, for real: PostgreSQL, every service, Envoy; killed, stopped and started again."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from stack import tokens
from stack.launcher import NAMES, Stack, temporary_settings
from stack.ports import is_free
from stack.processes import living_name, wait_until
from stack.walk import Step, walk
from tests.patience import patient

SECONDS = patient(60)


def shell(steps: list[Step], variables: dict[str, str]) -> dict[str, str]:
    """Run steps of the walk as they are printed; return the shell's variables afterwards."""
    script = "\n".join([*(step.command for step in steps), "env -0 >&3"])
    read, write = os.pipe()
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-a", "-c", f"exec 3>&{write}\n{script}"],
        env=os.environ | variables,
        pass_fds=[write],
        timeout=SECONDS,
        capture_output=True,
        text=True,
    )
    os.close(write)
    with os.fdopen(read) as answer:
        lines = answer.read()
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(entry.split("=", 1) for entry in lines.split("\0") if entry)


@pytest.mark.timeout(300)
def test_the_walk_is_finished_though_every_process_is_killed_in_it_and_the_stack_starts_anew(folder: Path) -> None:
    lines: list[str] = []
    settings = temporary_settings(folder)
    with Stack(settings, say=lines.append) as stack:
        steps = walk(stack.public_url, stack.demo.shows[0].id, takes_token=settings.auth == "on")
        booked = next(at for at, step in enumerate(steps) if step.command.startswith("BOOKING=")) + 1
        variables = shell(steps[:booked], {"TOKEN": tokens.opened(settings).token_for(tokens.ADMIN, "ADMIN")})
        pids = [stack.pid(name) for name in NAMES]
        for name in NAMES:
            stack.kill(name)
        stack.wait_ready(SECONDS)
        assert not set(pids) & {stack.pid(name) for name in NAMES}
        pids = [stack.pid(name) for name in NAMES]
    assert [pid for pid in pids if living_name(pid) is not None] == []
    assert all(is_free(port) for port in settings.ports().values())
    assert not [line for line in lines if "did not end when asked" in line]

    with Stack(settings) as stack:
        assert stack.demo.shows[0].id == variables["SHOW"]
        stack.restart("booking")
        payment = stack.pid("payment")
        os.kill(payment, signal.SIGKILL)
        assert wait_until(lambda: stack.pid("payment") != payment, SECONDS)
        stack.wait_ready(SECONDS)
        shell(steps[booked:], variables)
