"""Boxoffice as it really is, in this process: two replicas of inventory, booking and payment, the bank, PostgreSQL.

Nothing happens by itself: jobs and relays are run by `tick`, webhooks are carried by it, and time stands still until
`jump` moves it, in all databases alike. So what is done here can be done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import grpc
import psycopg
from boxoffice.bank.v1 import bank_pb2, bank_pb2_grpc
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc, cancellations_pb2, cancellations_pb2_grpc
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc, inventory_pb2, inventory_pb2_grpc, seat_pb2
from boxoffice.payment.v1 import payment_pb2, payment_pb2_grpc
from psycopg import sql

from audit import audit
from services.bank.domain import events
from services.bank.domain.scenarios import Notification
from services.bank.domain.sessions import Session, Status
from services.bank.rpc import BankService
from services.bank.sessions import close
from services.bank.sessions.statements import WAIT_FOR_SESSIONS
from services.bank.webhooks.deliveries import Deliveries
from services.bank.webhooks.sender import Sender
from services.booking.tidying.operation import archive
from services.chassis.process.server import make_server
from services.chassis.store.database import READ_CLOCK, Database
from services.chassis.store.rows import read
from services.chassis.wire.calls import channel
from services.chassis.wire.times import to_timestamp
from services.chassis.writes import topics
from services.inventory.jobs import clear_cancelled_shows, tidy_holds
from tests.bank.support import SANDBOX
from tests.model import calls, facts, replicas, sight
from tests.model.calls import PATIENT, Postman
from tests.model.databases import BUSY, CLEAR, DUE, KEPT, RESET, SERVICE_NAMES
from tests.model.facts import Answer, Request, Seen
from tests.model.sight import NOON
from tests.patience import patient

REPLICAS = (0, 1)
SEATS = 8
USERS = [UUID(int=number + 1) for number in range(3)]
SETTLE_SECONDS = patient(20)


class World:
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
        self.sessions: dict[str, str] = {}
        """The session of each payment."""

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
        section = catalog_pb2.CreateScreenRequest.Section(name="Stalls", rows=[row])
        self.screen = await catalog.CreateScreen(
            catalog_pb2.CreateScreenRequest(venue_id=venue.id, name="Screen 1", sections=[section])
        )

    async def begin(self, begins: int, sales_end: int) -> None:
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
                prices=[catalog_pb2.TierPrice(tier=seat_pb2.Seat.REGULAR, price=facts.PRICE)],
            ),
            **PATIENT,
        )
        self.show_id = show.id
        self.seat_ids = [seat.id for seat in (await self._seat_map(0)).seats]

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

    # --- What users do

    async def ask(self, request: Request, replica: int) -> Answer:
        """Send a request to a replica, and return the answer as the model would give it."""
        do: Callable[[Request, int], Awaitable[Answer]] = getattr(self, f"_{request.name}")
        try:
            return await do(request, replica)
        except grpc.aio.AioRpcError as error:
            refusal = error
        return await calls.failed(refusal)

    async def _hold(self, ask: Request, replica: int) -> Answer:
        held = await self._stub("inventory", replica).HoldSeats(
            inventory_pb2.HoldSeatsRequest(
                show_id=self.show_id, user_id=str(USERS[ask.user]), show_seat_ids=self._ids(ask)
            ),
            **PATIENT,
        )
        return ("held", sight.seconds(held.expires_at))

    async def _release_holds(self, ask: Request, replica: int) -> Answer:
        some = {"show_id": self.show_id, "show_seat_ids": self._ids(ask)} if ask.seats else {}
        request = inventory_pb2.ReleaseHoldsRequest(user_id=str(USERS[ask.user]), **some)
        return ("released", (await self._stub("inventory", replica).ReleaseHolds(request, **PATIENT)).released)

    async def _extend_holds(self, ask: Request, replica: int) -> Answer:
        request = inventory_pb2.ExtendHoldsRequest(
            show_id=self.show_id, user_id=str(USERS[ask.user]), show_seat_ids=self._ids(ask)
        )
        extended = await self._stub("inventory", replica).ExtendHolds(request, **PATIENT)
        return ("extended", sight.seconds(extended.expires_at))

    async def _list_holds(self, ask: Request, replica: int) -> Answer:
        request = inventory_pb2.ListHoldsRequest(user_id=str(USERS[ask.user]))
        shows = (await self._stub("inventory", replica).ListHolds(request, **PATIENT)).holds
        held = [(self.seat_ids.index(seat.id), seat.seconds_left) for show in shows for seat in show.seats]
        return ("holds", tuple(sorted(held)))

    async def _book(self, ask: Request, replica: int) -> Answer:
        booked = await self._stub("booking", replica).CreateBooking(
            booking_pb2.CreateBookingRequest(
                show_id=self.show_id,
                user_id=str(USERS[ask.user]),
                show_seat_ids=self._ids(ask),
                idempotency_key=ask.key,
            ),
            **PATIENT,
        )
        return ("booked", booked.id, booked.total_amount, sight.seconds(booked.expires_at))

    async def _initiate(self, ask: Request, replica: int) -> Answer:
        request = payment_pb2.InitiatePaymentRequest(booking_id=ask.about, user_id=str(USERS[ask.user]))
        opened = await self._stub("payment", replica).InitiatePayment(request, **PATIENT)
        return ("opened", opened.payment_id, opened.amount, sight.seconds(opened.expires_at))

    async def _pay(self, ask: Request, replica: int) -> Answer:
        request = bank_pb2.SimulatePaymentRequest(session_id=await self._session(ask.about), payment_method=ask.method)
        paid = await bank_pb2_grpc.BankServiceStub(self.to_bank).SimulatePayment(request, **PATIENT)
        return ("session", bank_pb2.Session.Status.Name(paid.status))

    async def _capture_after_all(self, ask: Request, replica: int) -> Answer:
        session_id = await self._session(ask.about)
        async with self.bank_db.transaction() as tx:
            locked, [clock] = await tx.fetch_all((WAIT_FOR_SESSIONS, {"ids": [session_id]}), (READ_CLOCK, ()))
            [session], now = read(Session, locked), clock.now
            captured = replace(session, status=Status.CAPTURED)
            await tx.send("UPDATE sessions SET status = 'CAPTURED', ended_at = %s WHERE id = %s", (now, session_id))
            await tx.send(
                "INSERT INTO ledger (session_id, kind, amount, currency) VALUES (%s, 'CAPTURE', %s, %s)",
                (session_id, session.amount, session.currency),
            )
            event = events.of_session(captured, now)
            assert event is not None
            await self.deliveries.append(tx, [Notification(event)])
        return ()

    async def _cancel(self, ask: Request, replica: int) -> Answer:
        request = booking_pb2.CancelBookingRequest(booking_id=ask.about, user_id=str(USERS[ask.user]))
        cancelled = await self._stub("booking", replica).CancelBooking(request, **PATIENT)
        return (booking_pb2.Booking.Status.Name(cancelled.status).lower(),)

    async def _refund(self, ask: Request, replica: int) -> Answer:
        request = booking_pb2.RefundBookingRequest(booking_id=ask.about, user_id=str(USERS[ask.user]))
        refund = await self._stub("booking", replica).RefundBooking(request, **PATIENT)
        return ("refunding", refund.refund_amount, refund.refund_percentage)

    async def _cancel_show(self, ask: Request, replica: int) -> Answer:
        stub = cancellations_pb2_grpc.CancellationServiceStub(self.to["booking", replica])
        asked = cancellations_pb2.PreviewShowCancellationRequest(show_id=self.show_id)
        token = (await stub.PreviewShowCancellation(asked, **PATIENT)).token
        request = cancellations_pb2.CancelShowRequest(show_id=self.show_id, token=token, reason="Ill")
        await stub.CancelShow(request, **PATIENT)
        return ("show cancelled",)

    def _stub(self, name: str, replica: int) -> Any:
        kind: Any = {
            "inventory": inventory_pb2_grpc.InventoryServiceStub,
            "booking": booking_pb2_grpc.BookingServiceStub,
            "payment": payment_pb2_grpc.PaymentServiceStub,
        }[name]
        return kind(self.to[name, replica])

    def _ids(self, ask: Request) -> list[str]:
        return [self.seat_ids[seat] for seat in sorted(ask.seats)]

    async def _session(self, payment: str) -> str:
        if payment not in self.sessions:
            found = await self.admin["payment"].execute("SELECT session_id FROM payments WHERE id = %s", (payment,))
            [(self.sessions[payment],)] = await found.fetchall()
        return self.sessions[payment]

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
            case "clear":
                inventory = self.replicas["inventory", replica]
                while await clear_cancelled_shows(inventory.db, inventory.desk):  # type: ignore[arg-type]
                    pass
            case "recover":
                await booking.saga.recover_once()
                await topics.sequence_once(self.replicas["booking", replica].db)
            case "refunds":
                await self.admin["payment"].execute(DUE["refunds"])
                await payment.refunds.recover()
            case "tidy":
                inventory = self.replicas["inventory", replica]
                await tidy_holds(inventory.db, inventory.desk)  # type: ignore[arg-type]
                await topics.sequence_once(inventory.db)
                await archive(self.replicas["booking", replica].db)

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
        return await sight.see(self.admin, self._seat_map(replica))

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
            [(count,)] = await (await self.admin[name].execute(query.encode())).fetchall()
            if count:
                return False
        return True

    def audit(self) -> list[str]:
        """Return the invariants that are broken."""
        looked = audit.look(self.urls.__getitem__)
        return [str(result) for result in looked.broken]
