"""A stack as it is handled from another terminal: `status`, `logs`, `demo`, `audit`, `stop`, `reset`."""

import fcntl
import json
import os
import shutil
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from audit.invariants import ALWAYS, INVARIANTS
from stack import control, credentials, places, running, web
from stack.demo import HALLS
from stack.launcher import NAMES, temporary_settings
from stack.postgres import Server
from stack.processes import living_name, wait_until
from tests.stack.commands import SECONDS, ask, environment, started
from tests.stacks import begin_with_databases

EVERY = (*NAMES, web.NAME)
"""What `make run` starts: unlike the stacks of other tests, with the shop."""


def count_bookings(env: dict[str, str]) -> dict[str, int]:
    folder = Path(env["DATA_DIR"])
    password = json.loads((folder / "credentials.json").read_text())["postgres"]
    with Server(folder, int(env["POSTGRES_PORT"]), password).connect("booking") as connection:
        return dict(connection.execute("SELECT state, count(*)::int FROM bookings GROUP BY state").fetchall())


def put_on(title: str, env: dict[str, str]) -> None:
    """Put on a show of one's own, before all demo shows, in a venue of the name of a demo venue in another city."""
    with httpx.Client(base_url=f"http://127.0.0.1:{env['GATEWAY_PORT']}/api/v1/", trust_env=False) as http:

        def make(path: str, **body: object) -> str:
            answer = http.post(path, json=body)
            assert answer.status_code == 200, answer.text
            return str(answer.json()["id"])

        movie = make("movies", title=title, durationMinutes=90, language="en")
        venue = make("venues", name=HALLS[0].venue, city="Elsewhere", address="1 Road")
        rows = [{"label": "A", "seatCount": 10, "tier": "REGULAR"}]
        screen = make(f"venues/{venue}/screens", name=HALLS[0].screen, sections=[{"name": "Stalls", "rows": rows}])
        start = (datetime.now(UTC) + timedelta(hours=30)).isoformat(timespec="seconds").replace("+00:00", "Z")
        prices = [{"tier": "REGULAR", "price": 100}]
        make("shows", movieId=movie, screenId=screen, startTime=start, prices=prices)


def audited(env: dict[str, str], folder: Path) -> None:
    """See the books audited in order and out of order, from a terminal that knows the folder only."""
    healthy = ask("audit", env=env)
    assert (healthy.returncode, healthy.stderr) == (0, ""), healthy.stdout
    heading, *table, empty, summary = healthy.stdout.splitlines()
    assert heading.split() == ["invariant", "rows", "checked", "violations"]
    assert [line.split()[0] for line in table] == [invariant.name for invariant in INVARIANTS]
    assert {line.split()[-1] for line in table} == {"0"}
    assert (empty, summary.split(" over ")[0]) == ("", f"{len(INVARIANTS)} invariants hold")
    always = ask("audit", "--always", env=env).stdout
    assert f"\n{len(ALWAYS)} invariants hold over " in always

    launcher = running.find(temporary_settings(folder))
    assert launcher is not None
    own = credentials.load(folder / credentials.FILE)
    with Server(folder, launcher.settings.postgres_port, own["postgres"]).connect("booking") as connection:
        damage = "UPDATE bookings SET total_amount = total_amount + %(more)s, final_amount = final_amount + %(more)s"
        damage += " WHERE id = %(id)s"
        [(ticket,), *_] = connection.execute("SELECT id FROM bookings WHERE state = 'CONFIRMED'").fetchall()
        connection.execute(damage, {"more": 1, "id": ticket})
        damaged = ask("audit", env=env)
        server = f"postgresql://audit@127.0.0.1:{launcher.settings.postgres_port}"
        by_url = ask("audit", "--server", server, env=env | {"PGPASSWORD": own["audit"]})
        demo = ask("demo", env=env)
        connection.execute(damage, {"more": -1, "id": ticket})
    assert (damaged.returncode, damaged.stderr) == (1, "")
    assert "\nno-money-without-a-ticket: the gateways hold of each booking what was paid" in damaged.stdout
    assert f" of {len(INVARIANTS)} invariants are broken" in damaged.stdout.splitlines()[-1]
    assert (by_url.returncode, by_url.stdout) == (1, damaged.stdout)
    assert demo.returncode == 1
    assert "NOT AS TOLD" in demo.stdout and "invariants are broken: see `make audit`" in demo.stdout
    refused = ask("audit", "--server", server, env=env | {"PGPASSWORD": "wrong"})
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("boxoffice: ") and refused.stderr.count("\n") == 1


def played(elsewhere: dict[str, str], env: dict[str, str]) -> None:
    """See the demo play its story to the end, beside somebody's own show."""
    put_on("Somebody's Own Film", env)
    demo = ask("demo", env=elsewhere)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Somebody's Own Film" not in demo.stdout
    assert "NOT AS TOLD" not in demo.stdout
    assert "\nThe audit: " in demo.stdout and " invariants hold over " in demo.stdout.splitlines()[-1]
    assert "\033" not in demo.stdout
    assert count_bookings(env) == {"CONFIRMED": 2, "EXPIRED": 1, "REFUNDED": 1}


def rolled(elsewhere: dict[str, str], before: dict[str, int]) -> dict[str, int]:
    """See all but the launcher and PostgreSQL restarted; return the processes of now."""
    roll = ask("roll", env=elsewhere)
    assert (roll.returncode, roll.stderr) == (0, "")
    assert "away while that restarts" in roll.stdout and "everything was restarted, in " in roll.stdout
    now = pids(ask("status", env=elsewhere).stdout)
    assert {name for name, pid in before.items() if now[name] == pid} == {"launcher", "postgres"}
    return now


def show_who_is_ill(elsewhere: dict[str, str], payment: int) -> None:
    """See that a process that does not answer is shown as such."""
    os.kill(payment, signal.SIGSTOP)
    ill = ask("status", env=elsewhere)
    os.kill(payment, signal.SIGCONT)
    assert ill.returncode == 1
    assert next(line.split()[0] for line in ill.stdout.splitlines() if "not healthy" in line) == "payment"


def forgotten(env: dict[str, str], folder: Path) -> None:
    """See everything deleted that the stack made, once the folder's name was given, and nothing else."""
    kept = ask("reset", env=env, typed="no\n")
    assert (kept.returncode, kept.stderr) == (1, "boxoffice: nothing was deleted\n")
    assert (folder / "postgres").exists()
    outside = (folder / "postgres").resolve()
    (folder / "notes.txt").write_text("mine")
    done = ask("reset", env=env, typed=f"{folder.name}\n")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert not outside.exists()


def pids(status: str) -> dict[str, int]:
    rows = [line.split() for line in status.splitlines()[1:]]
    return {row[0]: int(row[1]) for row in rows if row[1] != "-"}


@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
def test_a_stack_is_looked_at_played_killed_started_again_stopped_and_forgotten(folder: Path, tmp_path: Path) -> None:
    env = environment(folder)
    begin_with_databases(folder)
    with started(env, tmp_path / "first.txt") as launcher:
        # From a terminal that knows the folder only.
        elsewhere = {name: value for name, value in env.items() if not name.endswith("_PORT")}
        seen = ask("status", env=elsewhere)
        assert (seen.returncode, seen.stderr) == (0, "")
        assert seen.stdout.count(" healthy ") == len(EVERY)
        assert pids(seen.stdout)["launcher"] == launcher.pid
        assert set(pids(seen.stdout)) == {"launcher", *EVERY}

        played(elsewhere, env)
        audited(elsewhere, folder)
        booked = count_bookings(env)
        now = rolled(elsewhere, pids(seen.stdout))

        refused = ask("reset", "--yes", env=elsewhere)
        assert refused.returncode == 1
        assert refused.stderr == (
            f"boxoffice: a stack runs from {folder} (process {launcher.pid}): `make stop` first\n"
        )
        lines = ask("logs", "booking", "--lines", "3", "--no-follow", env=elsewhere).stdout.splitlines()
        assert lines and all(line.startswith("booking | ") for line in lines)

        show_who_is_ill(elsewhere, now["payment"])
        launcher.send_signal(signal.SIGKILL)
        launcher.wait(SECONDS)
        assert wait_until(lambda: not any(map(living_name, now.values())), SECONDS)

    gone = ask("status", env=env)
    assert (gone.returncode, gone.stdout) == (3, f"nothing runs from {folder}; `make run` starts a stack\n")
    with started(env, tmp_path / "second.txt") as launcher:
        assert count_bookings(env) == booked
        stopped = ask("stop", env=env)
        assert (stopped.returncode, stopped.stderr) == (0, "")
        assert launcher.wait(SECONDS) == 0
    assert ask("stop", env=env).stdout == f"nothing runs from {folder}; `make run` starts a stack\n"

    forgotten(env, folder)


@pytest.mark.parametrize(
    ("verb", "code", "out", "error"),
    [
        ("status", 3, "nothing runs from {}; `make run` starts a stack\n", ""),
        ("audit", 3, "nothing runs from {}; `make run` starts a stack\n", ""),
        ("stop", 0, "nothing runs from {}; `make run` starts a stack\n", ""),
        ("roll", 3, "nothing runs from {}; `make run` starts a stack\n", ""),
        ("reset", 0, "nothing to delete: no stack has run from {}\n", ""),
        ("logs", 1, "", "boxoffice: no logs in {}/logs yet: `make run` makes them\n"),
        ("demo", 1, "", "boxoffice: nothing runs from {}: `make run` in another terminal first\n"),
    ],
)
def test_where_nothing_runs_a_verb_says_so_in_one_line(
    verb: str, code: int, out: str, error: str, tmp_path: Path
) -> None:
    done = ask(verb, env=environment(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (code, out.format(tmp_path), error.format(tmp_path))


def test_a_process_that_only_has_the_launchers_old_id_is_not_taken_for_it(tmp_path: Path) -> None:
    env = environment(tmp_path)
    (tmp_path / "lock").write_text(f"{os.getppid()}\n{{}}\n")
    assert ask("status", env=env).returncode == 3
    # Also while somebody else has the lock.
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert ask("stop", env=env).stdout.startswith("nothing runs from ")


def test_reset_deletes_what_lies_outside_and_only_what_a_stack_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:

    data, outside, mine = tmp_path / "data", tmp_path / "outside", tmp_path / "mine"
    for folder in (data / "logs", outside / "data-1" / "postgres", outside / "data-2", mine):
        folder.mkdir(parents=True)
    monkeypatch.setattr(places, "OUTSIDE", outside)
    (data / running.LOCK).write_text("1\n{}\n")
    (data / "postgres").symlink_to(outside / "data-1" / "postgres")
    assert control.reset(temporary_settings(data), sure=True) == 0
    assert capsys.readouterr().out == f"deleted {data} and {outside / 'data-1'}\n"
    assert sorted(path.name for path in outside.iterdir()) == ["data-2"]
    assert not data.exists()

    # A link of one's own: it goes, what it leads to stays.
    (data / "logs").mkdir(parents=True)
    (data / running.LOCK).write_text("1\n{}\n")
    (data / "postgres").symlink_to(mine)
    assert control.reset(temporary_settings(data), sure=True) == 0
    assert mine.exists()
    shutil.rmtree(mine)


def test_a_token_is_signed_for_a_uuid_and_by_a_stack_that_runs(tmp_path: Path) -> None:
    env = environment(tmp_path)
    nobody = ask("token", "nobody", env=env)
    assert (nobody.returncode, nobody.stdout) == (2, "")
    assert nobody.stderr.endswith("argument USER_ID: 'nobody' is no UUID\n")
    nothing = ask("token", "018f0000-0000-7000-8000-00000000000a", env=env)
    assert (nothing.returncode, nothing.stdout) == (3, "")
    assert nothing.stderr == f"nothing runs from {tmp_path}; `make run` starts a stack\n"
