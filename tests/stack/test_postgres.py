"""The embedded PostgreSQL, for real: made, started, killed, refused, seen off."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stack import places, ports
from stack.errors import StackError
from stack.postgres import Server
from stack.processes import Child, living_name, stop, wait_healthy, wait_until
from stack.settings import ROOT
from tests.patience import patient

SECONDS = patient(20)
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def new_server(data: Path) -> Server:
    return Server(data, ports.choose(1)[0], "open sesame", durable=False)


@contextmanager
def running(server: Server) -> Iterator[Child]:
    server.end_orphan()
    server.prepare()
    child = Child(server.program(), server.data)
    child.spawn()
    try:
        wait_healthy([child])
        yield child
    finally:
        stop([child])


def descendants(pid: int) -> set[int]:
    """Return `pid` and all processes below it."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(entry.parent.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def is_alive(pid: int) -> bool:
    return living_name(pid) is not None


def test_a_restart_keeps_what_was_committed(folder: Path) -> None:
    server = new_server(folder)
    with running(server), server.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with running(server), server.connect() as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_it_speaks_utf_8_in_utc_and_is_the_version_we_want(postgres: Server) -> None:
    with postgres.connect() as connection:
        row = connection.execute(
            "SELECT current_setting('server_encoding'), current_setting('timezone'), upper('é'), version()"
        ).fetchone()
    assert row is not None
    assert row[:3] == ("UTF8", "UTC", "É")
    assert row[3].startswith(f"PostgreSQL {places.VERSION}")


def test_a_durable_server_waits_for_the_disk_and_a_temporary_one_does_not(folder: Path, postgres: Server) -> None:
    def waits(server: Server) -> object:
        with server.connect() as connection:
            return connection.execute(
                "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
            ).fetchone()

    durable = Server(folder, ports.choose(1)[0], "open sesame")
    with running(durable):
        assert waits(durable) == ("on", "on")
    assert waits(postgres) == ("off", "on")


@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_gets_in_without_the_password(postgres: Server, password: str) -> None:
    target = make_conninfo(postgres.url(), password=password, passfile="/dev/null")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(target)


def test_it_listens_on_loopback_only_and_has_no_socket_file(postgres: Server) -> None:
    with postgres.connect() as connection:
        row = connection.execute(
            "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')"
        ).fetchone()
    assert row == (ports.LOOPBACK, "")


def test_the_data_is_closed_to_other_users(folder: Path) -> None:
    server = new_server(folder)
    server.prepare()
    assert server.cluster.stat().st_mode & 0o077 == 0


def test_a_databases_copy_holds_what_its_template_holds(postgres: Server) -> None:
    template = postgres.create_database("template_of_tests")
    with psycopg.connect(template) as connection:
        connection.execute("CREATE TABLE seats AS SELECT 7 AS number")
    session = psycopg.connect(postgres.create_database("copy", template="template_of_tests"))
    assert session.execute("SELECT number FROM seats").fetchone() == (7,)
    postgres.drop_database("copy")
    session.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(postgres.url("copy"))


@linux_only
def test_a_stop_leaves_no_process_though_a_session_is_open(folder: Path) -> None:
    server = new_server(folder)
    with running(server) as child:
        assert child.pid is not None
        session = server.connect()
        family = descendants(child.pid)
        assert len(family) > 2
        assert stop([child]) == []
        assert not any(map(is_alive, family))
        session.close()


@linux_only
def test_a_killed_server_comes_up_again_with_all_that_was_committed(folder: Path) -> None:
    server = Server(folder, ports.choose(1)[0], "open sesame")
    with running(server) as child:
        with server.connect() as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert child.pid is not None
        family = descendants(child.pid)
        child.kill()
        assert wait_until(lambda: not any(map(is_alive, family)), SECONDS)
        child.spawn()
        wait_healthy([child])
        with server.connect() as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


@linux_only
def test_a_killed_launcher_leaves_no_server_and_the_next_start_finds_the_data(folder: Path) -> None:
    server = new_server(folder)
    launcher = f"""
import signal, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from stack.postgres import Server
from stack.processes import Child, wait_healthy
from tests.patience import patient
server = Server(Path({str(folder)!r}), {server.port}, "open sesame")
server.prepare()
child = Child(server.program(), server.data)
child.spawn()
wait_healthy([child])
server.connect().execute("CREATE TABLE kept AS SELECT 42 AS answer")
print(child.pid, flush=True)
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", launcher], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        family = descendants(int(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)
    with running(server), server.connect() as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert not any(map(is_alive, family))


@linux_only
def test_a_server_that_was_left_behind_is_seen_off(folder: Path) -> None:
    server = new_server(folder)
    with running(server) as left, running(new_server_on(server)) as child:
        assert child.running
        assert not left.running


def new_server_on(server: Server) -> Server:
    return Server(server.data, ports.choose(1)[0], "open sesame", durable=False)


def test_a_half_made_cluster_is_never_taken_for_a_whole_one(folder: Path) -> None:
    draft = folder / "postgres.draft-1234"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    (folder / "postgres.draft-1234.password").write_text("half-made too")
    (folder / "postgres").mkdir()
    with running(new_server(folder)):
        assert not list(folder.glob("postgres.draft-*"))


def test_an_initdb_that_fails_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = folder / "programs"
    programs.mkdir()
    (programs / "initdb").write_text("#!/bin/sh\necho 'no space left on device' >&2; exit 1\n")
    (programs / "initdb").chmod(0o755)
    data = folder / "data"
    data.mkdir(mode=0o711)
    monkeypatch.setattr(places, "programs", lambda *_: programs)
    with pytest.raises(StackError, match="no space left on device"):
        new_server(data).prepare()
    assert list(data.iterdir()) == []


def test_a_folder_that_is_not_postgresqls_is_left_alone(folder: Path) -> None:
    mine = folder / "postgres" / "diary.txt"
    mine.parent.mkdir()
    mine.write_text("dear diary")
    with pytest.raises(StackError, match="is not PostgreSQL's"):
        new_server(folder).prepare()
    assert mine.read_text() == "dear diary"


def test_another_versions_cluster_is_refused(folder: Path) -> None:
    server = new_server(folder)
    server.prepare()
    (server.cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(StackError, match="made by PostgreSQL 16, this is 18: set DATA_DIR"):
        server.prepare()


def test_lost_credentials_are_named(folder: Path) -> None:
    server = new_server(folder)
    server.prepare()
    stranger = Server(folder, server.port, "another password", durable=False)
    child = Child(stranger.program(), folder)
    child.spawn()
    with pytest.raises(StackError, match=r"the password in .*credentials.json is not that of"):
        wait_healthy([child])
    stop([child])


@root_only
@linux_only
def test_root_runs_it_as_another_user(folder: Path) -> None:
    with running(new_server(folder)) as child:
        uids = next(
            line.split()[1:]
            for line in Path(f"/proc/{child.pid}/status").read_text().splitlines()
            if line.startswith("Uid:")
        )
        assert "0" not in uids


@root_only
def test_under_a_folder_closed_to_others_data_and_programs_lie_outside_and_the_folder_stays_closed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    data = closed / "data"
    data.mkdir()
    package = places._package()
    for part in (package, package.with_name(f"{places.PACKAGE}.libs")):
        shutil.copytree(part, closed / part.name, symlinks=True, ignore=shutil.ignore_patterns("pginstall", "*.a"))
    monkeypatch.setattr(places, "_package", lambda: closed / package.name)
    monkeypatch.setattr(places, "OUTSIDE", folder / "outside")
    server = new_server(data)
    for _ in range(2):
        with running(server), server.connect() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (answer int)")
    assert (data / "postgres").is_symlink()
    assert server.cluster.is_relative_to(folder / "outside")
    assert Path(str(server.program().command[0])).is_relative_to(folder / "outside")
    assert len(list((folder / "outside").iterdir())) == 2
    assert closed.stat().st_mode & 0o777 == 0o700


def test_data_outside_that_is_gone_is_named_and_not_made_anew(folder: Path) -> None:
    (folder / "postgres").symlink_to(folder / "elsewhere" / "postgres")
    with pytest.raises(StackError, match=r"postgres leads to .*/elsewhere/postgres, which is gone"):
        new_server(folder).prepare()
