"""What all cases measure: a private durable stack, with shows made for them."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar
from uuid import uuid4

import grpc
from boxoffice.inventory.v1 import catalog_pb2 as catalog
from boxoffice.inventory.v1.catalog_pb2_grpc import CatalogServiceStub
from boxoffice.inventory.v1.seat_pb2 import Seat

from bench.load import Generator, Load, Tally
from bench.measure import Meter, Usage
from bench.shops import Target
from stack import accounts, forks, mails, tokens
from stack.launcher import Stack, temporary_settings

Say = Callable[[str], None]
T = TypeVar("T")

# By convention on a disk, unlike /tmp: a commit that only reaches memory proves nothing.
DISK = Path("/var/tmp")
CALL_SECONDS = 60
MAKERS = 8
"""How many shows are made at once, each on a screen of its own."""
SEATS_PER_ROW = 50
ROWS_PER_SECTION = 20
MINUTES = 60
DAY = 86_400
LEAD = timedelta(days=3)
PRICE = 25_000

# Where nobody chooses, payments come to all the ends that there are.
ENVIRONMENTS = {
    "bank": {"BANK_SCENARIOS": "mixed"},
    # Doors are open, though shows are in three days.
    "booking": {"CHECK_IN_OPENS_MINUTES": "10080"},
}

SAID, AREA = "said", "area"
"""Halls that are not plain."""

SEATS = """
    SELECT show_id::text, array_agg(id::text ORDER BY position), max(area_id::text) FROM show_seats
    WHERE show_id = ANY(%s::uuid[]) GROUP BY show_id
"""


@dataclass(frozen=True)
class FreeShow:
    """A show that was made for a case: all its seats are free, from the front to the back."""

    id: str
    seats: Sequence[str]
    area: str | None = None
    """The area that its seats are places of."""


@dataclass(frozen=True)
class Purchase:
    """What a customer wants to buy: two seats side by side, or two places of an area."""

    user: str
    show: str
    seats: Sequence[str]
    area: str | None = None


class World:
    """A running stack, and what the cases ask of it."""

    def __init__(self, stack: Stack, *, quick: bool = False, ghz: bool = True, say: Say = lambda line: None) -> None:
        """`quick`: shorter runs; `ghz`: whether ghz makes load where it is installed."""
        self.stack = stack
        self.quick = quick
        self.ghz = ghz
        self.say = say
        tls = stack.settings.tls()
        self.target = Target(
            stack.public_url,
            inventory=stack.address("inventory"),
            booking=stack.address("booking"),
            payment=stack.address("payment"),
            bank=stack.address("bank"),
            token=tokens.opened(stack.settings).token_for(tokens.ADMIN, "ADMIN", seconds=DAY) if tls else "",
            tls=tls,
        )
        self._channel = self.channel("inventory")
        self._catalogue = CatalogServiceStub(self.signed(self._channel))
        self.durable = stack.settings.postgres_durable
        """Whether its database waits for the disk."""
        self._screens: dict[tuple[int, str], list[str]] = {}
        self._starts: dict[str, int] = {}
        self._spread: Iterator[Purchase] = iter(())
        self._kept: dict[str, Any] = {}
        self.ending = ExitStack()
        """What has to be ended with the stack."""
        self.measured = [name for name in stack.names if name not in ("postgres", forks.NAME, mails.NAME)]
        self.meter = self.meter_without()

    def meter_without(self, *left_out: str) -> Meter:
        """Return what measures the stack's processes but for some, which are stopped."""
        stack, measured = self.stack, [name for name in self.measured if name not in left_out]
        return Meter(
            {name: lambda name=name: stack.pid(name) for name in measured},  # type: ignore[misc]
            {name: lambda name=name: stack.pid(name) for name in stack.names if name.startswith("postgres")},  # type: ignore[misc]
        )

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """Return what `make` made when this was first asked for by this name."""
        if name not in self._kept:
            self._kept[name] = make()
        made: T = self._kept[name]
        return made

    def channel(self, name: str) -> grpc.Channel:
        """Open a channel to a service."""
        return self.stack.channel(name)

    def signed(self, channel: grpc.Channel) -> grpc.Channel:
        """Have a channel send the admin's token, where calls take one."""
        return grpc.intercept_channel(channel, accounts.WithToken(self.target.token))

    @property
    def seconds(self) -> float:
        """How long a run takes load."""
        return 2 if self.quick else 5

    def close(self) -> None:
        self.ending.close()
        self._channel.close()

    def run(self, *loads: Load, meter: Meter | None = None) -> tuple[list[Tally], dict[str, Usage]]:
        """Carry loads out, all at the same time, each in a process of its own; tell also what the stack used.

        `meter` measures others than the stack's processes.
        """
        meter = meter or self.meter
        with ExitStack() as ending:
            generators = []
            for load in loads:
                generators.append(Generator(load))
                ending.callback(generators[-1].end)
            for generator in generators:
                generator.wait_ready()
            self.settle()
            meter.start()
            for generator in generators:
                generator.go()
            tallies = [generator.tally() for generator in generators]
            return tallies, meter.stop()

    def settle(self) -> None:
        """Have what was loaded before written down, so that no run pays for another's data."""
        with self.stack.server.connect() as connection:
            connection.execute("CHECKPOINT")

    def show(self, seats: int, hall: str = "") -> FreeShow:
        """Make one show of so many seats."""
        return self.shows(1, seats, hall)[0]

    def shows(self, count: int, seats: int, hall: str = "") -> list[FreeShow]:
        """Make shows of so many seats each, through the catalogue.

        SAID: in a hall whose seats have labels, places and features, and whose sections multiply prices. AREA: in one
        that is an area.
        """
        screens = self._screens.get((seats, hall), [])
        wanted = min(count, MAKERS)
        if len(screens) < wanted:
            venue = self._catalogue.CreateVenue(
                catalog.CreateVenueRequest(name=f"Bench {seats} {uuid4()}", city="Pune"), timeout=CALL_SECONDS
            )
            screens = [self._screen(venue.id, number, seats, hall) for number in range(wanted)]
            self._screens[seats, hall] = screens
        event = self._catalogue.CreateMovie(
            catalog.CreateMovieRequest(title="Bench", duration_minutes=MINUTES), timeout=CALL_SECONDS
        )
        shares = [count // wanted + (number < count % wanted) for number in range(wanted)]
        with ThreadPoolExecutor(wanted) as makers:
            made = makers.map(lambda screen, share: self._make(event.id, screen, share), screens, shares)
            ids = [show for some in made for show in some]
        with self.stack.server.connect("inventory") as connection:
            connection.execute("ANALYZE show_seats, show_counters")
            return [FreeShow(*show) for show in connection.execute(SEATS, [ids])]

    def spread(self, count: int) -> list[Purchase]:
        """Return purchases that lie in turn in 1,000 shows of 200 seats, of which nobody has bought yet."""
        taken = list(islice(self._spread, count))
        while len(taken) < count:
            self.say("making 1,000 shows of 200 seats")
            shows = self.shows(1_000, 200)
            self._spread = iter([one for turn in zip(*map(purchases, shows), strict=True) for one in turn])
            taken += islice(self._spread, count - len(taken))
        return taken

    def _screen(self, venue: str, number: int, seats: int, hall: str) -> str:
        if hall == AREA:
            area = catalog.CreateScreenRequest.Area(name="Floor", capacity=seats)
            open_air = catalog.CreateScreenRequest(venue_id=venue, name=f"Screen {number}", areas=[area])
            return self._catalogue.CreateScreen(open_air, timeout=CALL_SECONDS).id
        rows = [
            catalog.CreateScreenRequest.Row(
                label=str(row), seat_count=min(SEATS_PER_ROW, seats - row * SEATS_PER_ROW), tier=Seat.REGULAR
            )
            for row in range((seats + SEATS_PER_ROW - 1) // SEATS_PER_ROW)
        ]
        sections = [
            catalog.CreateScreenRequest.Section(name=f"Block {first}", rows=rows[first : first + ROWS_PER_SECTION])
            for first in range(0, len(rows), ROWS_PER_SECTION)
        ]
        for section in sections if hall == SAID else ():
            section.price_multiplier = 1_333
            for row in section.rows:
                row.seats.extend(_said(seat) for seat in range(row.seat_count))
        request = catalog.CreateScreenRequest(venue_id=venue, name=f"Screen {number}", sections=sections)
        return self._catalogue.CreateScreen(request, timeout=CALL_SECONDS).id

    def _make(self, event: str, screen: str, count: int) -> list[str]:
        """Make shows one after the other on a screen."""
        made = []
        for _ in range(count):
            number = self._starts[screen] = self._starts.get(screen, 0) + 1
            request = catalog.CreateShowRequest(
                event_id=event, screen_id=screen, prices=[catalog.TierPrice(tier=Seat.REGULAR, price=PRICE)]
            )
            request.start_time.FromDatetime(datetime.now(UTC) + LEAD + timedelta(minutes=number * 2 * MINUTES))
            made.append(self._catalogue.CreateShow(request, timeout=CALL_SECONDS).id)
        return made


def _said(seat: int) -> catalog.CreateScreenRequest.NewSeat:
    """Say of a seat what can be said, and that it is the companion's of the one before, every other one."""
    if seat % 2:
        return catalog.CreateScreenRequest.NewSeat(label=f"{seat}A", x=seat * 50, y=0, companion_of=seat)
    return catalog.CreateScreenRequest.NewSeat(label=f"{seat}A", x=seat * 50, y=0, features=[Seat.WHEELCHAIR])


def purchases(show: FreeShow) -> list[Purchase]:
    """Return a purchase of each two seats of a show, each by a new user."""
    pairs = zip(show.seats[::2], show.seats[1::2], strict=False)
    return [Purchase(str(uuid4()), show.id, () if show.area else pair, show.area) for pair in pairs]


@contextmanager
def started(
    *,
    quick: bool = False,
    ghz: bool = True,
    durable: bool = True,
    replicas: int = 1,
    auth: Literal["on", "off"] | None = None,
    say: Say = lambda line: None,
    prepare: Callable[[Path], None] = lambda folder: None,
) -> Iterator[World]:
    """Start a stack on free ports, its data on a disk; all of it is gone in the end, unless something fails.

    `prepare` may put databases into its data folder before.
    """
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-bench-", dir=DISK if DISK.is_dir() else None))
    # Root's PostgreSQL runs as another user, who must be able to pass through.
    folder.chmod(0o711)
    prepare(folder)
    settings = temporary_settings(folder, replicas=replicas, auth=auth).model_copy(
        # As behind a proxy of one's own, which says where callers are: the bench's are in many places.
        update={"postgres_durable": durable, "trusted_proxies": 1}
    )
    try:
        with Stack(settings, environments=ENVIRONMENTS, say=say) as stack:
            world = World(stack, quick=quick, ghz=ghz, say=say)
            try:
                yield world
            finally:
                world.close()
    except Exception:  # whatever it is goes on; what it left behind is kept, to be looked at
        print(f"bench: this failed; its data and logs are left in {folder}", file=sys.stderr)
        raise
    except KeyboardInterrupt:
        _remove(folder)
        raise
    _remove(folder)


def _remove(folder: Path) -> None:
    postgres = folder / "postgres"
    if postgres.is_symlink():  # root's data may lie elsewhere, see stack.places
        shutil.rmtree(postgres.resolve().parent)
    shutil.rmtree(folder)
