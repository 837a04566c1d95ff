"""Payment: `python -m services.payment [serve|migrate|redrive]`."""

from datetime import timedelta
from pathlib import Path

from boxoffice.payment.v1 import payment_pb2, payment_pb2_grpc

from services.chassis.process import cli
from services.chassis.process.readiness import Readiness
from services.chassis.process.server import make_server, serve
from services.chassis.store.database import Pools, sweep_markers
from services.chassis.wire.calls import channel
from services.chassis.writes import answers, jobs, measures
from services.chassis.writes.consumer import Consumer
from services.chassis.writes.outbox import Outbox
from services.payment.books.operation import CONSUMER, compare_books
from services.payment.checkout.look import PaymentLookup
from services.payment.checkout.messages import CAPTURES, DECLINES
from services.payment.checkout.steps import Checkout, SessionRules
from services.payment.clients import BOOKINGS, BookingClient
from services.payment.gateways.bank import BANK, BankClient
from services.payment.gateways.interface import Gateways
from services.payment.measures import MEASURES
from services.payment.refunds.steps import Refunds
from services.payment.rpc import PaymentService
from services.payment.settings import Settings
from services.payment.webhooks import Signatures

SERVICES = [payment_pb2.DESCRIPTOR.services_by_name["PaymentService"].full_name]


async def run(settings: Settings) -> None:
    """Wire payment together and serve."""
    url = settings.database_url.get_secret_value()
    pools = await Pools.open(url, calls=settings.database_pool_size, name="payment")
    db, background = pools.calls, pools.background
    to_booking = channel(settings.booking_address, "booking")
    to_bank = channel(settings.payment_gateway_url.removeprefix("grpc://"), "bank")
    booking, outbox = BookingClient(to_booking), Outbox(background)
    gateways = Gateways({BANK: BankClient(to_bank, settings.public_url)}, current=BANK)
    rules = SessionRules(
        margin=timedelta(seconds=settings.session_margin_seconds),
        poll_first_seconds=settings.poll_first_seconds,
        poll_max_seconds=settings.poll_max_seconds,
    )
    checkout = Checkout(db, outbox, booking, gateways, rules)
    poller = Checkout(background, outbox, booking, gateways, rules, prefix="poll-")
    refunds, recovery = (Refunds(pool, gateways) for pool in (db, background))
    signatures = Signatures([secret.get_secret_value() for secret in settings.webhook_secrets])

    await poller.catch_up()
    ticks = jobs.scheduler()
    jobs.add(ticks, "poll-bank", poller.poll, jobs.every(seconds=1))
    jobs.add(ticks, "recover-refunds", recovery.recover, jobs.every(seconds=1))
    key_days = settings.idempotency_key_days
    jobs.add(ticks, "forget-keys", lambda: answers.forget(background, key_days), jobs.every(hours=1))
    jobs.add(ticks, "sweep-markers", lambda: sweep_markers(background), jobs.every(minutes=5))
    measures.add(ticks, background, MEASURES)

    server = make_server(settings)
    servicer = PaymentService(PaymentLookup(db), checkout, refunds, signatures)
    payment_pb2_grpc.add_PaymentServiceServicer_to_server(servicer, server)
    await serve(
        settings,
        server,
        SERVICES,
        background=[
            outbox.relay({CAPTURES: booking.record_captures, DECLINES: booking.record_declines}),
            Consumer(background, CONSUMER, BOOKINGS, booking.events, compare_books).run(),
        ],
        ticks=ticks,
        ready=Readiness(url),
        closing=[checkout.finish, poller.finish, to_booking.close, to_bank.close, pools.close],
    )


if __name__ == "__main__":
    cli.main(
        "payment",
        __doc__,
        Settings,
        run,
        Path(__file__).parent / "migrations",
        redrive=lambda db: Outbox(db).redrive(),
    )
