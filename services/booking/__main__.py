"""Booking: `python -m services.booking [serve|migrate|redrive|rotate-ticket-keys|revoke-ticket-keys]`."""

from collections.abc import Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from boxoffice.booking.v1 import (
    admissions_pb2,
    admissions_pb2_grpc,
    booking_pb2,
    booking_pb2_grpc,
    cancellations_pb2,
    cancellations_pb2_grpc,
    coupon_pb2,
    coupon_pb2_grpc,
    gates_pb2,
    gates_pb2_grpc,
    invoices_pb2,
    invoices_pb2_grpc,
    office_pb2,
    office_pb2_grpc,
    papers_pb2,
    papers_pb2_grpc,
    tariffs_pb2,
    tariffs_pb2_grpc,
    taxes_pb2,
    taxes_pb2_grpc,
    tickets_pb2,
    tickets_pb2_grpc,
    transfers_pb2,
    transfers_pb2_grpc,
)

from services.booking import deliveries, owners
from services.booking.admissions.door_lists import DoorLists
from services.booking.admissions.operation import JudgeScans
from services.booking.admissions.rpc import AdmissionServicer
from services.booking.bookings import messages
from services.booking.bookings.events import TOPIC
from services.booking.clients import SHOWS_TOPIC, InventoryClient, PaymentClient
from services.booking.closing.operation import forget_closed
from services.booking.coupons.operation import forget_tries
from services.booking.coupons.rpc import CouponServicer
from services.booking.creating.free import forget_free
from services.booking.gates.operation import CONSUMER as TIMES_CONSUMER
from services.booking.gates.operation import Credentials, note_times
from services.booking.gates.rpc import GateServicer
from services.booking.invoices.rpc import InvoiceServicer
from services.booking.measures import MEASURES
from services.booking.office.exports import forget_exports
from services.booking.office.names import CONSUMER as NAMES_CONSUMER
from services.booking.office.names import Names, keep_names
from services.booking.office.rpc import OfficeServicer
from services.booking.office.searches import forget_searches
from services.booking.papers.rpc import PaperServicer
from services.booking.papers.workshop import Workshop
from services.booking.people import IdentityClient
from services.booking.rpc import BookingServicer, Desks
from services.booking.saga import Saga
from services.booking.settings import Settings
from services.booking.show_cancellations.operation import CONSUMER, remember_cancelled
from services.booking.show_cancellations.rpc import CancellationServicer
from services.booking.show_updates.operation import CONSUMER as UPDATES_CONSUMER
from services.booking.show_updates.operation import note_updates
from services.booking.tariffs.rpc import TariffServicer
from services.booking.taxes.rpc import TaxServicer
from services.booking.tickets import renewal
from services.booking.tickets.keyring import TicketKeys
from services.booking.tickets.keys import vault_of
from services.booking.tickets.operation import issue_of_before, revoke_of_before
from services.booking.tickets.rpc import TicketServicer
from services.booking.tidying.operation import forget_guests, forget_keys, number_bookings
from services.booking.transfers.operation import MoveOffers, OfferTickets, expire, forget_names
from services.booking.transfers.rpc import TransferServicer
from services.booking.viewing.look import Bookings
from services.booking.watching.changes import CONNECTIONS as WATCHING_CONNECTIONS
from services.booking.watching.changes import Changes
from services.chassis.process import cli
from services.chassis.process.cli import Verb
from services.chassis.process.readiness import Readiness
from services.chassis.process.server import make_server, serve
from services.chassis.store.database import BACKGROUND_CONNECTIONS, Database, Pools, sweep_markers
from services.chassis.wire.calls import channel
from services.chassis.writes import jobs, measures, topics
from services.chassis.writes.consumer import Consumer
from services.chassis.writes.desk import Desk
from services.chassis.writes.outbox import Outbox

SERVICES = [
    booking_pb2.DESCRIPTOR.services_by_name["BookingService"].full_name,
    coupon_pb2.DESCRIPTOR.services_by_name["CouponService"].full_name,
    taxes_pb2.DESCRIPTOR.services_by_name["TaxService"].full_name,
    tariffs_pb2.DESCRIPTOR.services_by_name["TariffService"].full_name,
    invoices_pb2.DESCRIPTOR.services_by_name["InvoiceService"].full_name,
    tickets_pb2.DESCRIPTOR.services_by_name["TicketService"].full_name,
    transfers_pb2.DESCRIPTOR.services_by_name["TransferService"].full_name,
    papers_pb2.DESCRIPTOR.services_by_name["PaperService"].full_name,
    gates_pb2.DESCRIPTOR.services_by_name["GateService"].full_name,
    admissions_pb2.DESCRIPTOR.services_by_name["AdmissionService"].full_name,
    cancellations_pb2.DESCRIPTOR.services_by_name["CancellationService"].full_name,
    office_pb2.DESCRIPTOR.services_by_name["OfficeService"].full_name,
]


async def run(settings: Settings) -> None:
    """Wire booking together and serve."""
    url = settings.database_url.get_secret_value()
    own = WATCHING_CONNECTIONS + BACKGROUND_CONNECTIONS
    pools = await Pools.open(url, calls=settings.database_pool_size, background=own, name="booking")
    db, background = pools.calls, pools.background
    to_inventory, to_payment, to_identity = channels = _channels(settings)
    inventory, payments = InventoryClient(to_inventory), PaymentClient(to_payment)
    people, outbox = IdentityClient(to_identity if settings.auth == "on" else None), Outbox(background)
    saga, recovery = (_saga(pool, outbox, inventory, payments, settings) for pool in (db, background))
    desks, bookings = _desks(saga), Bookings(db)
    changes = Changes(background, max_waiting=settings.max_streams, heartbeat_seconds=settings.heartbeat_seconds)
    things, gates = owners.things(db, inventory), Credentials(db).gate_of
    server = make_server(settings, max_streams=settings.max_streams, things=things, gates=gates)
    servicer = BookingServicer(db, bookings, changes, outbox, desks, saga, inventory, payments, settings.refund_policy)
    booking_pb2_grpc.add_BookingServiceServicer_to_server(servicer, server)
    ticket_keys, workshop = await _ticket_keys(pools, settings), Workshop()
    _add_others(server, db, inventory, ticket_keys)
    admissions = _add_admissions(server, db, inventory, ticket_keys, settings)
    papers_pb2_grpc.add_PaperServiceServicer_to_server(PaperServicer(db, ticket_keys, inventory, workshop), server)
    _add_transfers(server, db, inventory, people, settings)
    office = OfficeServicer(db, bookings, inventory, payments, people)
    office_pb2_grpc.add_OfficeServiceServicer_to_server(office, server)
    await serve(
        settings,
        server,
        SERVICES,
        background=[
            outbox.relay(deliveries.peers(inventory, payments)),
            recovery.recover(),
            changes.run(),
            topics.run_sequencer(background),
            *_consumers(background, inventory, people),
        ],
        ticks=_ticks(background, recovery, settings),
        ready=Readiness(url),
        ending=[changes.end],
        closing=[desks.close, admissions.desk.close, workshop.close, *(each.close for each in channels), pools.close],
    )


def _saga(
    db: Database, outbox: Outbox, inventory: InventoryClient, payments: PaymentClient, settings: Settings
) -> Saga:
    return Saga(
        db,
        outbox,
        inventory,
        payments,
        render=messages.changed_bytes,
        expiry=timedelta(minutes=settings.booking_expiry_minutes),
        extension=timedelta(minutes=settings.decline_extension_minutes),
        free_per_day=settings.free_bookings_per_day,
        free_takes_email=settings.free_bookings_need_verified_email,
        full_refund=timedelta(hours=settings.reschedule_refund_hours),
    )


def _channels(settings: Settings) -> list[grpc.aio.Channel]:
    """Return the channels to the peers."""
    return [
        channel(settings.inventory_address, "inventory"),
        channel(settings.payment_address, "payment"),
        channel(settings.identity_address, "identity"),
    ]


def _consumers(
    background: Database, inventory: InventoryClient, people: IdentityClient
) -> Iterator[Coroutine[Any, Any, None]]:
    """Yield what reads topics: inventory's, and booking's own."""
    yield Consumer(background, CONSUMER, SHOWS_TOPIC, inventory.events, remember_cancelled).run()
    yield Consumer(background, UPDATES_CONSUMER, SHOWS_TOPIC, inventory.events, note_updates).run()
    yield Consumer(background, TIMES_CONSUMER, SHOWS_TOPIC, inventory.events, note_times).run()
    yield Consumer(background, NAMES_CONSUMER, TOPIC, Names(background, people).events, keep_names).run()


def _add_admissions(
    server: grpc.aio.Server, db: Database, inventory: InventoryClient, keys: TicketKeys, settings: Settings
) -> AdmissionServicer:
    """Serve what is done at doors."""
    lists = DoorLists(db, keys, opens=settings.check_in_opens, good_for=settings.door_list_good_for)
    admissions = AdmissionServicer(db, keys, inventory, JudgeScans(db, settings.check_in_opens), lists)
    admissions_pb2_grpc.add_AdmissionServiceServicer_to_server(admissions, server)
    return admissions


def _add_transfers(
    server: grpc.aio.Server, db: Database, inventory: InventoryClient, people: IdentityClient, settings: Settings
) -> None:
    """Serve how tickets are passed on."""
    offers = OfferTickets(db, settings.ticket_offer_life, has_mails=people.knows)
    transfers = TransferServicer(db, inventory, people, offers, MoveOffers(db))
    transfers_pb2_grpc.add_TransferServiceServicer_to_server(transfers, server)


async def _ticket_keys(pools: Pools, settings: Settings) -> TicketKeys:
    """Return the keys that sign codes of tickets; raise Failure if they cannot be read."""
    keys = TicketKeys(pools.calls, vault_of(settings.ticket_key_secret.get_secret_value()))
    try:
        await keys.start(settings.ticket_key_life)
    except BaseException:
        await pools.close()
        raise
    return keys


def _desks(saga: Saga) -> Desks:
    """Return where bookings are created: who waits for a coupon's lock keeps nobody waiting who books without one."""
    # Every booking is its own key, so a batch may have as many keys as commands.
    plain, with_coupons = (
        Desk(saga.create, name=name, max_batch=128, max_keys=128, gathers=False)
        for name in ("create-bookings", "create-bookings-with-coupons")
    )
    return Desks(plain, with_coupons)


def _add_others(server: grpc.aio.Server, db: Database, inventory: InventoryClient, ticket_keys: TicketKeys) -> None:
    """Serve what bookings' prices are made by, what bookings come to, and how shows are cancelled."""
    coupon_pb2_grpc.add_CouponServiceServicer_to_server(CouponServicer(db, inventory), server)
    taxes_pb2_grpc.add_TaxServiceServicer_to_server(TaxServicer(db, inventory), server)
    tariffs_pb2_grpc.add_TariffServiceServicer_to_server(TariffServicer(db, inventory), server)
    invoices_pb2_grpc.add_InvoiceServiceServicer_to_server(InvoiceServicer(db), server)
    tickets_pb2_grpc.add_TicketServiceServicer_to_server(TicketServicer(db, ticket_keys), server)
    gates_pb2_grpc.add_GateServiceServicer_to_server(GateServicer(db, inventory), server)
    cancellations_pb2_grpc.add_CancellationServiceServicer_to_server(CancellationServicer(db, inventory), server)


def _ticks(background: Database, recovery: Saga, settings: Settings) -> AsyncIOScheduler:
    """Return what runs booking's jobs, and measures it."""
    ticks = jobs.scheduler()
    jobs.add(ticks, "sweep-cancelled-shows", recovery.sweeps.sweep_once, jobs.every(seconds=1))
    jobs.add(ticks, "expire-bookings", recovery.expiry.expire_due, jobs.every(minutes=1))
    jobs.add(ticks, "update-shows", recovery.show_updates.sweep_once, jobs.every(seconds=1))
    jobs.add(ticks, "archive", recovery.archive.archive_once, jobs.daily(3))
    jobs.add(ticks, "number-bookings", lambda: number_bookings(background), jobs.every(minutes=1))
    jobs.add(ticks, "issue-tickets", lambda: issue_of_before(background), jobs.every(seconds=1))
    jobs.add(ticks, "revoke-tickets", lambda: revoke_of_before(background), jobs.every(seconds=1))
    move_offers = MoveOffers(background)
    jobs.add(ticks, "expire-ticket-offers", lambda: expire(move_offers, background), jobs.every(minutes=1))
    vault = vault_of(settings.ticket_key_secret.get_secret_value())
    jobs.add(
        ticks,
        "renew-ticket-keys",
        lambda: renewal.renew(background, vault, settings.ticket_key_life),
        jobs.every(hours=1),
    )
    key_days = settings.idempotency_key_days
    jobs.add(ticks, "forget-keys", lambda: forget_keys(background, key_days), jobs.every(hours=1))
    guest_days = settings.guest_name_days
    jobs.add(ticks, "forget-guests", lambda: forget_guests(background, guest_days), jobs.every(hours=1))
    jobs.add(ticks, "forget-recipients", lambda: forget_names(background, guest_days), jobs.every(hours=1))
    export_days = settings.export_retention_days
    jobs.add(ticks, "forget-exports", lambda: forget_exports(background, export_days), jobs.every(hours=1))
    event_days = settings.event_retention_days
    jobs.add(ticks, "forget-events", lambda: topics.forget(background, event_days), jobs.every(hours=1))
    jobs.add(ticks, "forget-closed-users", lambda: forget_closed(background), jobs.every(hours=1))
    jobs.add(ticks, "forget-tries", lambda: forget_tries(background), jobs.every(hours=1))
    jobs.add(ticks, "forget-searches", lambda: forget_searches(background), jobs.every(hours=1))
    jobs.add(ticks, "forget-free-bookings", lambda: forget_free(background), jobs.every(hours=1))
    jobs.add(ticks, "sweep-markers", lambda: sweep_markers(background), jobs.every(minutes=5))
    measures.add(ticks, background, MEASURES)
    return ticks


async def _rotate(settings: Settings, db: Database, _: str) -> str:
    kid = await renewal.rotate(db, vault_of(settings.ticket_key_secret.get_secret_value()))
    if not kid:
        return "there are as many ticket keys as there may be: each is needed until its last show is over"
    return f"ticket key {kid} is published; it signs in {renewal.LEAD // timedelta(hours=1)} hours"


async def _revoke(settings: Settings, db: Database, _: str) -> str:
    kid = await renewal.revoke(db, vault_of(settings.ticket_key_secret.get_secret_value()))
    return f"ticket key {kid} replaces all others; codes that were handed out are good for nothing within seconds"


COMMANDS = (
    Verb("rotate-ticket-keys", "make the next key that signs codes of tickets", _rotate),
    Verb("revoke-ticket-keys", "replace all keys that sign codes of tickets, because one has leaked", _revoke),
)


if __name__ == "__main__":
    cli.main(
        "booking",
        __doc__,
        Settings,
        run,
        Path(__file__).parent / "migrations",
        redrive=lambda db: Outbox(db).redrive(),
        commands=COMMANDS,
    )
