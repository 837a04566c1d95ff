"""The stack as a whole: PostgreSQL, migrations, services, demo data, Envoy, in this order; and back."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc

from certificates import certificates
from databases import databases
from roster import SERVICES
from stack import accounts, citus, credentials, demo, envoy, forks, mails, ports, running, services, web
from stack.errors import StackError
from stack.postgres import Server
from stack.processes import Child, Process, Program, execute, run_all, wait_until
from stack.settings import Settings
from stack.supervisor import STEADY_SECONDS, Recovery, Say, Supervisor
from stack.temporary import temporary_settings as temporary_settings  # for those who start a stack

STOP_ORDER = (
    ("gateway",),
    tuple(service.name for service in SERVICES if not service.ends_last),
    tuple(service.name for service in SERVICES if service.ends_last),
    (mails.NAME,),
    *([(forks.NAME,)] if forks.CAN_FORK else []),
    ("postgres",),
)
NAMES = tuple(name for names in STOP_ORDER for name in names)
"""Every process of a stack without further replicas and without a shop, in the order they are stopped."""
SETTLE_SECONDS = 2.0
"""How long a replica must serve before others may end: until all its peers have found it, who look every second."""


class Stack:
    """Everything of Boxoffice, run from one process.

    Start it from a thread that lives as long as the stack: on Linux its processes end with that thread.
    `environments` adds to what a service is told, by the service's name. `say` gets a line for all that happens.
    `steady_seconds`: how long a process must have been healthy to be started again at once when it dies.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        environments: Mapping[str, Mapping[str, str]] | None = None,
        say: Say = lambda line: None,
        steady_seconds: float = STEADY_SECONDS,
    ) -> None:
        self.settings = settings
        self.say = say
        self._steady_seconds = steady_seconds
        self._overrides = environments or {}
        self._lock: int | None = None
        self._supervisor: Supervisor | None = None
        self.servers: list[Server] = []
        """PostgreSQL's: one, or on Citus the coordinator and then the workers."""
        self._demo: demo.Demo | None = None
        self._accounts: dict[str, accounts.Account] = {}
        self._environments: Mapping[str, Mapping[str, str]] = {}
        self._epoch = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Every process, in the order they are stopped."""
        return tuple(name for names in self._stop_order() for name in names)

    @property
    def public_url(self) -> str:
        """The gateway's address, without a path."""
        return services.public_url(self.settings)

    @property
    def logs(self) -> Path:
        return self.settings.data_dir / running.LOGS

    @property
    def server(self) -> Server:
        """The PostgreSQL server, for looking into the databases as superuser; on Citus the coordinator."""
        assert self.servers, "the stack has not been started"
        return self.servers[0]

    @property
    def demo(self) -> demo.Demo:
        """The demo data that was loaded at the start."""
        assert self._demo is not None, "the stack has not been started"
        return self._demo

    def load_accounts(self) -> dict[str, accounts.Account]:
        """Log in to the demo accounts, first making those that are missing; raise StackError if that cannot be."""
        if not self._accounts:
            secrets = credentials.load(self.settings.data_dir / credentials.FILE)
            environments = services.environments(self.settings, secrets, self._overrides)["identity"]
            self._accounts = accounts.load(
                self.address("identity"),
                secrets,
                lambda email: run_all([self._child(services.make_admin(email, self.settings, environments))]),
                self.settings.tls(),
            )
        return self._accounts

    def address(self, name: str) -> str:
        """Return the host:port of a service, for gRPC."""
        return services.address(self.settings, name)

    def channel(self, name: str) -> grpc.Channel:
        """Open a channel to a service, as the operator where AUTH is on."""
        return services.opened(self.address(name), name, self.settings.tls())

    def start(self) -> None:
        """Start everything and wait until it is healthy; raise StackError, with all stopped, if something fails."""
        self._take_folder()
        self._supervisor = Supervisor(self.say, steady_seconds=self._steady_seconds)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything in order, gateway first and PostgreSQL last; return when no process is left."""
        if self._supervisor is not None:
            for names in self._stop_order():
                ending = [name for name in names if self._supervisor.is_running(name)]
                if ending:
                    self.say(f"stopping {', '.join(ending)}")
                self._supervisor.stop(names)
            self._supervisor.close()
            self._supervisor = None
            envoy.forget(self.settings)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def kill(self, name: str) -> None:
        """Kill a process with SIGKILL, as an accident would; it is started again, see `wait_healthy`."""
        self._running().kill(name)

    def is_up(self, name: str) -> bool:
        """Tell whether a process runs and has been healthy since it was started."""
        return self._running().is_up(name)

    @property
    def recoveries(self) -> list[Recovery]:
        """Who died since the start of the stack and came back."""
        return self._running().recoveries

    def stop_one(self, name: str) -> None:
        """Stop one process; it stays down until `start_one`."""
        self._running().stop([name])

    def start_one(self, name: str) -> None:
        """Start one process that was stopped and wait until it is healthy."""
        supervisor = self._running()
        supervisor.start([supervisor.child(name)])

    def restart(self, name: str) -> None:
        """Stop one process in order, start it again and wait until it is healthy."""
        self.stop_one(name)
        self.start_one(name)

    def roll(self) -> None:
        """Restart every service and the gateway without a request that fails, where each service has replicas.

        Databases are brought to the newest form first, so what runs has to bear it; certificates that are about to end
        are renewed. Then one replica of each service at a time ends and is started anew; the next follow when the
        gateway and the peers have found these. The gateway comes last: a new one takes over, the old one ends what it
        has begun. Raise StackError if something does not come up, with all the rest running on. It is called in the
        thread that started the stack.
        """
        if certificates.AUTHORITY in self._make_certificates():
            raise StackError(
                "the certificates have a new authority: `make stop` and `make run`, as old and new ones clash"
            )
        self.roll_fork_server()
        self._migrate()
        citus.distribute(self.servers, credentials.load(self.settings.data_dir / credentials.FILE)["inventory"])
        self.restart(mails.NAME)  # mails wait meanwhile
        for number in range(self.settings.replicas):
            self.roll_replicas(number)
        self.roll_gateway()

    def roll_fork_server(self) -> None:
        """Let a new fork server, with the code as it is now, take over from the one that runs."""
        for fork_server in self._fork_server():
            self.say(f"replacing the {fork_server.name}")
            self._running().replace(fork_server, 0)

    def roll_replicas(self, number: int) -> None:
        """Restart this replica, counted from 0, of each service, in order; return when the others may end."""
        shop = web.names(self.settings)[number : number + 1]
        names = [*(one.name for one in services.replicas(self.settings) if one.number == number), *shop]
        self.say(f"restarting {', '.join(names)}")
        supervisor = self._running()
        supervisor.stop(names)
        supervisor.start([supervisor.child(name) for name in names])
        if not wait_until(lambda: envoy.sees_all(self.settings), self.settings.start_seconds):
            raise StackError(f"the gateway does not see all of {', '.join(names)} (see {self.logs})")
        if number + 1 < self.settings.replicas:
            time.sleep(SETTLE_SECONDS)

    def roll_gateway(self) -> None:
        """Let a new Envoy, with the configuration as it is now, take over from the one that runs."""
        if not envoy.HOT:
            self.say("restarting the gateway; this system has no other way but to be without one meanwhile")
            self.restart("gateway")
            return
        self.say("replacing the gateway")
        program = envoy.program(self.settings, self._epoch + 1)
        self._running().replace(Child(program, self.logs), envoy.OLD_SECONDS + program.grace_seconds)
        self._epoch += 1

    def wait_healthy(self, name: str, seconds: float = 30) -> None:
        """Wait until a process is up and healthy; raise StackError if that takes longer than `seconds`."""
        self._running().wait_healthy(name, seconds)

    def wait_ready(self, seconds: float = 30) -> None:
        """Wait until every process is healthy and the gateway sees it so; raise StackError after `seconds`."""
        end = time.monotonic() + seconds
        supervisor = self._running()
        for name in self.names:
            supervisor.wait_healthy(name, end - time.monotonic())
        if not wait_until(supervisor.child("gateway").healthy, end - time.monotonic()):
            raise StackError(f"the gateway is not healthy after {seconds:g} s (see {self.logs})")

    def pid(self, name: str) -> int:
        """Return the id of a process."""
        pid = self._running().child(name).pid
        assert pid is not None
        return pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        settings, supervisor = self.settings, self._running()
        secrets = credentials.load(settings.data_dir / credentials.FILE)
        servers = self.servers = citus.servers(settings, secrets["postgres"])

        # Before anything is started: what is not installed would else be missed in the end only.
        envoy.executable()

        self.say("PostgreSQL: starting")
        citus.end_orphans(servers)
        ports.require_free(settings.all_ports())
        fork_server = self._fork_server()
        supervisor.begin(fork_server)  # it imports while PostgreSQL starts
        programs = citus.prepared(servers, settings.start_seconds)
        supervisor.start([Child(program, self.logs) for program in programs])
        citus.provision(servers, secrets.secrets)
        supervisor.finish(fork_server)

        self._make_certificates()
        environments = self._environments = services.environments(settings, secrets, self._overrides)
        self._migrate()
        citus.distribute(servers, secrets["inventory"])

        replicas = services.replicas(settings)
        self.say(f"services: starting {', '.join(one.name for one in replicas)}")
        supervisor.start(
            [
                self._child(mails.program(settings)),
                *(self._child(services.program(one, settings, environments[one.name])) for one in replicas),
                *(self._child(program) for program in web.programs(settings, secrets)),
            ],
            healthy=lambda child: self.say(f"services: {child.name} is healthy"),
        )

        self.say("demo data: loading")
        # An admin's: everybody may make shows of it.
        token = self.load_accounts()["admin"].token if settings.auth == "on" else ""
        self._demo = demo.load(self.address("inventory"), token=token, tls=settings.tls())

        self.say("gateway: starting Envoy")
        supervisor.start([Child(envoy.program(settings), self.logs)])

    def _make_certificates(self) -> list[str]:
        """Make the certificates that are missing or about to end, where AUTH is on; return whose."""
        tls = self.settings.tls()
        made = [] if tls is None else certificates.make(tls)
        if made:
            self.say(f"certificates: made for {', '.join(made)}")
        return made

    def _migrate(self) -> None:
        """Bring the databases to their newest form."""
        behind = [one for one in SERVICES if not databases.is_current(self.server, one.name, one.migrations)]
        if not behind:
            return
        self.say(f"databases: migrating {', '.join(service.name for service in behind)}")
        secrets = credentials.load(self.settings.data_dir / credentials.FILE)
        done = count(1)
        with self._forks().with_modules([services.MIGRATES_BY]) if forks.CAN_FORK else nullcontext():
            run_all(
                [
                    self._child(services.migration(one, self.settings, secrets, self._environments[one.name]))
                    for one in behind
                ],
                at_once=os.cpu_count() or 1,
                done=lambda child: self.say(
                    f"databases: {child.name.removesuffix(services.MIGRATES)} is migrated"
                    f" ({next(done)} of {len(behind)})"
                ),
            )

    def _fork_server(self) -> list[Child]:
        """Return what forks the services' processes, where this system has that."""
        modules = [*(one.module for one in SERVICES), mails.MODULE, *([web.MODULE] if web.names(self.settings) else [])]
        return [forks.ForkServer(modules, self.logs, self.settings.start_seconds)] if forks.CAN_FORK else []

    def _forks(self) -> forks.ForkServer:
        child = self._running().child(forks.NAME)
        assert isinstance(child, forks.ForkServer)
        return child

    def _child(self, program: Program) -> Child:
        """Return a process of a service: forked, or, where that cannot be, executed."""

        def start(program: Program, log: Path) -> Process:
            if forks.CAN_FORK:
                try:
                    return self._forks().fork(program, log)
                except StackError as error:
                    self.say(f"{program.name}: executed by itself, as {error}")
            return execute(program, log)

        return Child(program, self.logs, start)

    def _stop_order(self) -> list[list[str]]:
        replicas = services.replicas(self.settings)
        order = [
            [*names, *(one.name for one in replicas if one.number and one.service.name in names)]
            for names in STOP_ORDER
        ]
        order.insert(1, list(web.names(self.settings)))
        order[-1] += citus.workers(self.settings)
        return order

    def _take_folder(self) -> None:
        """Make the data folder and lock it, so that no second stack uses it; raise StackError if one does."""
        data = self.settings.data_dir
        try:
            # Root's PostgreSQL runs as another user, who must be able to pass through to its own folder.
            data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            self.logs.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(data / running.LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StackError(f"cannot use {data}: {error.strerror}; set DATA_DIR to another folder") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = running.holder(handle)
            os.close(handle)
            raise StackError(
                f"a stack runs from {data} already (process {holder}): `make status` shows it, `make stop` stops it; "
                "for a second one set DATA_DIR and other ports (README: Configuration)"
            ) from None
        try:
            running.note(handle, self.settings)
        except OSError as error:
            os.close(handle)
            raise StackError(f"cannot write into {data}: {error.strerror}") from None
        self._lock = handle

    def _running(self) -> Supervisor:
        assert self._supervisor is not None, "the stack is not running"
        return self._supervisor
