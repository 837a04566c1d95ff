"""Boxoffice as it really is, in this process: two replicas of inventory, booking and payment, the bank, PostgreSQL.

Nothing happens by itself: jobs and relays are run by `tick`, webhooks are carried by it, and time stands still until
`jump` moves it, in all databases alike. So what is done here can be done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import grpc
import psycopg
from boxoffice.bank.v1 import bank_pb2_grpc
from boxoffice.booking.v1 import booking_pb2
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc, inventory_pb2, seat_pb2
from psycopg import sql

from audit import audit
from services.bank.rpc import BankService
from services.bank.sessions import close
from services.bank.webhooks.deliveries import Deliveries
from services.bank.webhooks.sender import Sender
from services.booking.clients import SHOWS_TOPIC
from services.booking.pricing.domain import Fee, Per
from services.booking.show_updates.operation import CONSUMER, note_updates
from services.booking.tariffs import operation as tariffs
from services.booking.tariffs.domain import KindPrice, NamedFee
from services.chassis.process.server import make_server
from services.chassis.store.database import Database
from services.chassis.wire.calls import channel
from services.chassis.wire.times import to_timestamp
from services.chassis.writes import topics
from services.chassis.writes.consumer import Consumer
from services.inventory.jobs import clear_cancelled_shows, tidy_holds
from tests.bank.support import SANDBOX
from tests.model import replicas, sight
from tests.model.asking import BLOCKED_FOR, Asking
from tests.model.calls import PATIENT, Postman
from tests.model.databases import BUSY, CLEAR, DUE, KEPT, RESET, SERVICE_NAMES
from tests.model.facts import CODE, CODE_SEATS, PLACES, Seen
from tests.model.facts import SEATS as SEATS
from tests.model.money import CHILD, COUPONS, ORDER_FEE, PRICES, TICKET_FEE
from tests.model.sight import NOON
from tests.patience import patient

REPLICAS = (0, 1)
SETTLE_SECONDS = patient(20)
COUPON = """
    INSERT INTO coupons (id, code, kind, percentage, max_uses, created_at, updated_at)
    VALUES (gen_random_uuid(), %s, 'PERCENTAGE', %s, %s, boxoffice_clock(), boxoffice_clock())
"""
FEES = (
    NamedFee("Booking fee", Fee(Per.ORDER, ORDER_FEE)),
    NamedFee("Fee of the house", Fee(Per.TICKET, TICKET_FEE, refundable=False)),
)
KINDS = (KindPrice("CHILD", tier=None, price=None, basis_points=CHILD * 100, at_most=None),)


class World(Asking):
    """Everything, and short ways to use it."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        """`urls` are those of the databases, and of the bank's role and the audit's scratch database."""
        self.urls = urls
        self.admin: dict[str, psycopg.AsyncConnection[Any]] = {}
        self.replicas: dict[tuple[str, int], replicas.Replica] = {}
        self.ports: dict[tuple[str, int], int] = {}
        self.to: dict[tuple[str, int], grpc.aio.Channel] = {}
        self.elapsed = 0
        self.show_id = ""
        self.seat_ids: list[str] = []
        self.code_id = self.area_id = ""
        self.sessions: dict[str, str] = {}

    # --- Beginning and end

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run everything."""
        async with AsyncExitStack() as stack:
            for name in SERVICE_NAMES:
                connection = await psycopg.AsyncConnection.connect(self.urls[name], autocommit=True)
                self.admin[name] = await stack.enter_async_context(connection)
            self.bank_db = Database(self.urls["bank"], pool_size=4, name="bank")
            await self.bank_db.open()
            stack.push_async_callback(self.bank_db.close)
            self.deliveries = Deliveries(self.bank_db)
            self.bank_server = make_server()
            bank = BankService(self.bank_db, self.deliveries, SANDBOX)
            bank_pb2_grpc.add_BankServiceServicer_to_server(bank, self.bank_server)
            self.ports["bank", 0] = self.bank_server.add_insecure_port("127.0.0.1:0")
            await self.bank_server.start()
            stack.push_async_callback(self.bank_server.stop, None)
            self.to_bank = await stack.enter_async_context(channel(f"127.0.0.1:{self.ports['bank', 0]}"))

            # Everybody's address is chosen before anybody is there.
            servers = {(name, number): make_server() for name in SERVICE_NAMES for number in REPLICAS}
            for where, server in servers.items():
                self.ports[where] = server.add_insecure_port("127.0.0.1:0")
                self.to[where] = await stack.enter_async_context(channel(f"127.0.0.1:{self.ports[where]}"))
            stack.push_async_callback(self._kill_all)
            for (name, number), server in servers.items():
                self.replicas[name, number] = await replicas.start(name, self.urls[name], server, self.ports)
            await self._build()
            yield

    async def _kill_all(self) -> None:
        for where in list(self.replicas):
            await self.replicas.pop(where).kill()

    async def restart(self, name: str, number: int) -> None:
        """Kill a replica and start another in its place."""
        await self.replicas[name, number].kill()
        server = make_server()
        server.add_insecure_port(f"127.0.0.1:{self.ports[name, number]}")
        self.replicas[name, number] = await replicas.start(name, self.urls[name], server, self.ports)

    async def _build(self) -> None:
        """Make what every example's show needs."""
        await self._set_clock()
        catalog = catalog_pb2_grpc.CatalogServiceStub(self.to["inventory", 0])
        self.movie = await catalog.CreateMovie(catalog_pb2.CreateMovieRequest(title="Monsoon", duration_minutes=120))
        venue = await catalog.CreateVenue(catalog_pb2.CreateVenueRequest(name="Regal", city="Pune"))
        row = catalog_pb2.CreateScreenRequest.Row(label="A", seat_count=SEATS, tier=seat_pb2.Seat.REGULAR)
        floor = catalog_pb2.CreateScreenRequest.Area(name="Floor", capacity=PLACES, tier=seat_pb2.Seat.REGULAR)
        section = catalog_pb2.CreateScreenRequest.Section(name="Stalls", rows=[row])
        self.screen = await catalog.CreateScreen(
            catalog_pb2.CreateScreenRequest(venue_id=venue.id, name="Screen 1", sections=[section], areas=[floor])
        )

    async def begin(self, begins: int, sales_end: int, *, has_fees: bool) -> None:
        """Forget everything, and put a show on sale that begins, and whose sales end, in so many seconds."""
        for connection in self.admin.values():
            names = [row[0] for row in await (await connection.execute(CLEAR)).fetchall()]
            emptied = [name for name in names if name.partition(".")[2] not in KEPT]
            deletions = "; ".join(f"DELETE FROM {name}" for name in emptied)
            deletions += f"; {RESET}" if "public.topics" in names else ""
            await connection.execute(f"SET session_replication_role = replica; {deletions}".encode())
        self.elapsed, self.sessions = 0, {}
        await self._set_clock()
        catalog = catalog_pb2_grpc.CatalogServiceStub(self.to["inventory", 0])
        show = await catalog.CreateShow(
            catalog_pb2.CreateShowRequest(
                movie_id=self.movie.id,
                screen_id=self.screen.id,
                start_time=to_timestamp(NOON + timedelta(seconds=begins)),
                sales_end_at=to_timestamp(NOON + timedelta(seconds=sales_end)),
                prices=[catalog_pb2.TierPrice(tier=seat_pb2.Seat.REGULAR, price=PRICES[0])],
            ),
            **PATIENT,
        )
        self.show_id = show.id
        opening = inventory_pb2.CreateAccessCodeRequest(
            show_id=show.id, code=CODE, reason=BLOCKED_FOR, max_seats=CODE_SEATS
        )
        self.code_id = (await self._stub("inventory", 0).CreateAccessCode(opening, **PATIENT)).id
        for code, (percentage, uses) in COUPONS.items():
            await self.admin["booking"].execute(COUPON, (code, percentage, uses))
        if has_fees:
            booking = self.replicas["booking", 0].db
            await tariffs.set_fees(booking, UUID(show.id), FEES)
            await tariffs.set_kinds(booking, UUID(show.id), KINDS)
        shown = await self._seat_map(0)
        places = await (await self.admin["inventory"].execute(sight.PLACE_IDS)).fetchall()
        self.area_id, self.seat_ids = shown.areas[0].id, [seat.id for seat in shown.seats] + [id_ for (id_,) in places]

    async def jump(self, seconds: int) -> None:
        """Let time pass."""
        self.elapsed += seconds
        await self._set_clock()

    async def _set_clock(self) -> None:
        now = NOON + timedelta(seconds=self.elapsed)
        for name, schema in (
            ("inventory", "public"),
            ("booking", "public"),
            ("payment", "public"),
            ("payment", "bank"),
        ):
            statement = sql.SQL(
                "CREATE OR REPLACE FUNCTION {}.boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE"
                " PARALLEL SAFE RETURN {}::timestamptz"
            )
            await self.admin[name].execute(statement.format(sql.Identifier(schema), sql.Literal(now.isoformat())))

    # --- What goes on behind

    async def tick(self, name: str, replica: int, *, hurry: bool = True) -> None:
        """Run one round of a job or relay on a replica. To `hurry` is to let leases of steps under way run out."""
        booking, payment = self.replicas["booking", replica].parts, self.replicas["payment", replica].parts
        if hurry:
            await self.admin["booking"].execute(DUE["leases"])
        match name:
            case "webhooks":
                await self.admin["payment"].execute(DUE["webhooks"])
                sender = Sender(self.deliveries, Postman(self._stub("payment", replica)))  # type: ignore[arg-type]
                await asyncio.gather(*(sender._send(it) for it in await self.deliveries.claim(64)))
            case "bank":
                await close.end_due(self.bank_db, self.deliveries)
            case "poll":
                await self.admin["payment"].execute(DUE["polls"])
                await payment.checkout.poll()
            case "payment relay":
                await self.admin["payment"].execute(DUE["outbox"])
                await payment.outbox.deliver_once(payment.peers)
            case "booking relay":
                await self.admin["booking"].execute(DUE["outbox"])
                await booking.outbox.deliver_once(booking.peers)
            case "expire":
                await booking.saga.expiry.expire_due()
            case "sweep":
                for _ in range(2):  # and a pass that finds nothing
                    await self.admin["booking"].execute(DUE["sweeps"])
                    await booking.saga.sweeps.sweep_once()
            case "follow":
                await self._follow(replica)
            case "clear":
                inventory = self.replicas["inventory", replica]
                while await clear_cancelled_shows(inventory.db, inventory.desk):  # type: ignore[arg-type]
                    pass
            case "recover":
                await booking.saga.recover_once()
                await topics.number_events(self.replicas["booking", replica].db)
            case "refunds":
                await self.admin["payment"].execute(DUE["refunds"])
                await payment.refunds.recover()
            case "tidy":
                inventory = self.replicas["inventory", replica]
                await tidy_holds(inventory.db, inventory.desk)  # type: ignore[arg-type]
                await topics.number_events(inventory.db)
                await booking.saga.archive.archive_once()

    async def _follow(self, replica: int) -> None:
        """Have booking read what is told of shows, and its bookings follow."""
        booking, updates = self.replicas["booking", replica], self.replicas["booking", replica].parts.saga.show_updates
        await topics.number_events(self.replicas["inventory", replica].db)
        told = Consumer(booking.db, CONSUMER, SHOWS_TOPIC, updates._inventory.events, note_updates)
        while await told.consume_once():
            pass
        await self.admin["booking"].execute(DUE["updates"])
        await updates.sweep_once()

    async def settled(self) -> None:
        """Wait until what killed replicas began has ended: their sessions, and what they had sent to others."""
        names = [psycopg.conninfo.conninfo_to_dict(self.urls[name])["dbname"] for name in SERVICE_NAMES]
        async with asyncio.timeout(SETTLE_SECONDS):
            quiet = 0
            while quiet < 3:
                desks = [replica.desk for replica in self.replicas.values() if replica.desk]
                found = await self.admin["inventory"].execute(BUSY, (names,))
                [(busy,)] = await found.fetchall()
                quiet = 0 if busy or any(desk._tasks or desk._lines for desk in desks) else quiet + 1
                await asyncio.sleep(0.005)

    # --- What is seen

    async def see(self, replica: int = 0) -> Seen:
        """Look at everything."""
        return await sight.see(self.admin, self._seat_map(replica), self.seat_ids)

    async def _seat_map(self, replica: int) -> inventory_pb2.SeatMap:
        request = inventory_pb2.GetSeatMapRequest(show_id=self.show_id)
        seats: inventory_pb2.SeatMap = await self._stub("inventory", replica).GetSeatMap(request, **PATIENT)
        return seats

    async def status(self, booking: str, replica: int) -> str:
        """Return a booking's state as callers see it."""
        request = booking_pb2.GetBookingRequest(booking_id=booking)
        found = await self._stub("booking", replica).GetBooking(request, **PATIENT)
        return booking_pb2.Booking.Status.Name(found.status)

    async def money(self) -> dict[str, int]:
        """Return what the bank has of each payment."""
        found = await self.admin["payment"].execute(
            "SELECT s.payment_id::text, sum(l.amount)::int"
            " FROM bank.ledger l JOIN bank.sessions s ON s.id = l.session_id GROUP BY s.payment_id"
        )
        return dict(await found.fetchall())

    async def at_rest(self) -> bool:
        """Tell whether nothing is under way but refunds that are stuck."""
        for name, _, query in audit.UNDER_WAY:
            if name not in self.admin:
                continue  # nobody is there, so nothing begins there
            [(count,)] = await (await self.admin[name].execute(query.encode())).fetchall()
            if count:
                return False
        return True

    def audit(self) -> list[str]:
        """Return the invariants that are broken."""
        looked = audit.look(self.urls.__getitem__)
        return [str(result) for result in looked.broken]
