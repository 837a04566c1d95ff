"""Replicas of the services, wired as their processes are, but for what runs in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
from boxoffice.booking.v1 import booking_pb2_grpc, cancellations_pb2_grpc
from boxoffice.inventory.v1 import catalog_pb2_grpc, inventory_pb2_grpc
from boxoffice.payment.v1 import payment_pb2_grpc

from services.booking import deliveries
from services.booking.bookings import messages
from services.booking.clients import InventoryClient, PaymentClient
from services.booking.refunds.domain import RefundPolicy
from services.booking.rpc import BookingServicer, Desks
from services.booking.saga import Saga
from services.booking.show_cancellations.rpc import CancellationServicer
from services.booking.viewing.look import Bookings
from services.booking.watching.changes import Changes
from services.chassis.store.database import Database
from services.chassis.wire.calls import channel
from services.chassis.writes.desk import Desk
from services.chassis.writes.outbox import Outbox
from services.inventory.catalogue.rpc import CatalogServicer
from services.inventory.rpc import InventoryServicer
from services.inventory.seats.domain import SeatRules
from services.inventory.seats.operation import ChangeSeats, SeatDesk
from services.inventory.viewing.availability import Availability
from services.inventory.viewing.watching import Watching
from services.payment import clients
from services.payment import deliveries as payment_deliveries
from services.payment.checkout import look
from services.payment.checkout.steps import Checkout, SessionRules
from services.payment.refunds.steps import Refunds
from services.payment.rpc import PaymentService
from services.payment.webhooks import Signatures
from tests.bank.support import SECRET
from tests.model import facts
from tests.payment.at_bank import at_bank

Ports = Mapping[tuple[str, int], int]
"""Where each replica of a service listens."""


@dataclass
class Replica:
    """A process of a service, or nearly."""

    db: Database
    server: grpc.aio.Server
    channels: list[grpc.aio.Channel]
    parts: Any
    """What ticks need."""
    desk: Desk[Any, Any] | None = None

    async def kill(self) -> None:
        """End it at once: calls and batches under way are cut off."""
        await self.server.stop(None)
        tasks = list(self.desk._tasks) if self.desk else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for channel_ in self.channels:
            await channel_.close()
        await self.db.close()


@dataclass
class BookingParts:
    outbox: Outbox
    saga: Saga
    peers: Mapping[str, Any]


@dataclass
class PaymentParts:
    outbox: Outbox
    checkout: Checkout
    refunds: Refunds
    peers: Mapping[str, Any]


async def start(name: str, url: str, server: grpc.aio.Server, ports: Ports) -> Replica:
    """Start a replica of a service on a server that has its port."""
    db = Database(url, pool_size=4, name=f"model {name}")
    await db.open()
    replica = {"inventory": _inventory, "booking": _booking, "payment": _payment}[name](db, server, ports)
    await server.start()
    return replica


def _peers(ports: Ports, name: str) -> grpc.aio.Channel:
    """Open a channel to all replicas of a service, as DNS would give them."""
    return channel(",".join(f"127.0.0.1:{port}" for (service, _), port in ports.items() if service == name))


def _inventory(db: Database, server: grpc.aio.Server, ports: Ports) -> Replica:
    rules = SeatRules(
        max_seats_per_user=facts.CAP,
        hold=timedelta(seconds=facts.HOLD),
        hold_max=timedelta(seconds=facts.HOLD_LIFE),
        hold_budget_minutes=facts.HOLD_BUDGET,
        hold_window=timedelta(seconds=facts.HOLD_WINDOW),
        reservation_max=timedelta(seconds=facts.LIFE),
    )
    desk, seats = SeatDesk(ChangeSeats(db, rules)), Availability(db)
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(CatalogServicer(db, db, desk, max_seats_per_user=100), server)
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(
        InventoryServicer(db, desk, seats, Watching(db, seats, heartbeat_seconds=15)), server
    )
    return Replica(db, server, [], None, desk)


def _booking(db: Database, server: grpc.aio.Server, ports: Ports) -> Replica:
    to_inventory, to_payment = _peers(ports, "inventory"), _peers(ports, "payment")
    inventory, payments, outbox = InventoryClient(to_inventory), PaymentClient(to_payment), Outbox(db)
    saga = Saga(
        db,
        outbox,
        inventory,
        payments,
        render=messages.changed_bytes,
        expiry=timedelta(seconds=facts.EXPIRY),
        extension=timedelta(seconds=facts.EXTENSION),
    )
    desk: Desk[Any, Any] = Desk(saga.create, lanes=3, max_batch=128, max_keys=128)
    policy = RefundPolicy.parse(",".join(f"{seconds // 3600}:{share}" for seconds, share in facts.REFUNDS))
    changes = Changes(db, max_waiting=100, heartbeat_seconds=15)
    servicer = BookingServicer(db, Bookings(db), changes, outbox, Desks(desk, desk), saga, inventory, payments, policy)
    booking_pb2_grpc.add_BookingServiceServicer_to_server(servicer, server)
    cancellations = CancellationServicer(db, inventory)
    cancellations_pb2_grpc.add_CancellationServiceServicer_to_server(cancellations, server)
    parts = BookingParts(outbox, saga, deliveries.peers(inventory, payments))
    return Replica(db, server, [to_inventory, to_payment], parts, desk)


def _payment(db: Database, server: grpc.aio.Server, ports: Ports) -> Replica:
    to_booking, to_bank = _peers(ports, "booking"), _peers(ports, "bank")
    booking, gateways, outbox = clients.BookingClient(to_booking), at_bank(to_bank), Outbox(db)
    rules = SessionRules(timedelta(seconds=facts.MARGIN), poll_first_seconds=5, poll_max_seconds=30)
    checkout, refunds = Checkout(db, outbox, booking, gateways, rules), Refunds(db, gateways)
    service = PaymentService(
        look.PaymentLookup(db), checkout, refunds, Signatures([SECRET]), booking, "http://127.0.0.1:8001"
    )
    payment_pb2_grpc.add_PaymentServiceServicer_to_server(service, server)
    peers = payment_deliveries.peers(booking)
    return Replica(db, server, [to_booking, to_bank], PaymentParts(outbox, checkout, refunds, peers))
