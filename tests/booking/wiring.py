"""Booking's parts put together as its process does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc

from services.booking import deliveries
from services.booking.admissions.door_lists import DoorLists
from services.booking.admissions.operation import JudgeScans
from services.booking.admissions.rpc import AdmissionServicer
from services.booking.bookings import messages
from services.booking.clients import InventoryClient, PaymentClient
from services.booking.coupons.rpc import CouponServicer
from services.booking.gates.rpc import GateServicer
from services.booking.invoices.rpc import InvoiceServicer
from services.booking.office.rpc import OfficeServicer
from services.booking.people import IdentityClient
from services.booking.refunds.domain import RefundPolicy
from services.booking.rpc import BookingServicer, Desks
from services.booking.saga import Saga
from services.booking.show_cancellations.rpc import CancellationServicer
from services.booking.tariffs.rpc import TariffServicer
from services.booking.taxes.rpc import TaxServicer
from services.booking.tickets.keyring import TicketKeys
from services.booking.tickets.keys import vault_of
from services.booking.tickets.rpc import TicketServicer
from services.booking.transfers.operation import MoveOffers, OfferTickets
from services.booking.transfers.rpc import TransferServicer
from services.booking.viewing.look import Bookings
from services.booking.watching.changes import Changes
from services.chassis.store.database import Database
from services.chassis.writes.desk import Desk
from services.chassis.writes.outbox import Deliver, Outbox

TICKET_KEY_SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ1Njc4"
OPENS = timedelta(hours=3)
"""How long before a show people are let in."""
LIST_GOOD_FOR = timedelta(minutes=60)
OFFER_LIFE = timedelta(hours=48)
POLICY = RefundPolicy.parse("24:100,2:50")


@dataclass
class WiredBooking:
    """The servicer, and what works beside it."""

    servicer: BookingServicer
    coupons: CouponServicer
    saga: Saga
    outbox: Outbox
    peers: Mapping[str, Deliver]
    """To whom the outbox's relay delivers."""
    desk: Desk[Any, Any]
    taxes: TaxServicer
    invoices: InvoiceServicer
    tariffs: TariffServicer
    cancellations: CancellationServicer
    tickets: TicketServicer
    office: OfficeServicer
    gates: GateServicer
    admissions: AdmissionServicer
    transfers: TransferServicer

    async def close(self) -> None:
        await self.desk.close()
        await self.admissions.desk.close()


def wired_admissions(db: Database, keys: TicketKeys, inventory: InventoryClient) -> AdmissionServicer:
    lists = DoorLists(db, keys, opens=OPENS, good_for=LIST_GOOD_FOR)
    return AdmissionServicer(db, keys, inventory, JudgeScans(db, OPENS), lists)


def wired_transfers(db: Database, inventory: InventoryClient, people: IdentityClient) -> TransferServicer:
    return TransferServicer(db, inventory, people, OfferTickets(db, OFFER_LIFE, has_mails=people.knows), MoveOffers(db))


def wired_booking(
    db: Database,
    to_inventory: grpc.aio.Channel,
    to_payment: grpc.aio.Channel,
    to_identity: grpc.aio.Channel | None = None,
    *,
    gathers: bool = True,
    free_per_day: int = 0,
    free_takes_email: bool = False,
) -> WiredBooking:
    inventory, payments, outbox = InventoryClient(to_inventory), PaymentClient(to_payment), Outbox(db)
    saga = Saga(
        db,
        outbox,
        inventory,
        payments,
        render=messages.changed_bytes,
        expiry=timedelta(minutes=15),
        extension=timedelta(minutes=5),
        free_per_day=free_per_day,
        free_takes_email=free_takes_email,
    )
    desk: Desk[Any, Any] = Desk(saga.create, max_keys=128, gathers=gathers)
    changes = Changes(db, max_waiting=100, heartbeat_seconds=15)
    servicer = BookingServicer(db, Bookings(db), changes, outbox, Desks(desk, desk), saga, inventory, payments, POLICY)
    coupons, taxes, invoices = CouponServicer(db, inventory), TaxServicer(db, inventory), InvoiceServicer(db)
    tariffs = TariffServicer(db, inventory)
    peers = deliveries.peers(inventory, payments)
    cancellations = CancellationServicer(db, inventory)
    office = OfficeServicer(db, Bookings(db), inventory, payments, IdentityClient(to_identity))
    ticket_keys = TicketKeys(db, vault_of(TICKET_KEY_SECRET))
    tickets = TicketServicer(db, ticket_keys)
    gates, admissions = GateServicer(db, inventory), wired_admissions(db, ticket_keys, inventory)
    return WiredBooking(
        servicer,
        coupons,
        saga,
        outbox,
        peers,
        desk,
        taxes,
        invoices,
        tariffs,
        cancellations,
        tickets,
        office,
        gates,
        admissions,
        wired_transfers(db, inventory, IdentityClient(to_identity)),
    )
