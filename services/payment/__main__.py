"""Payment: `python -m services.payment [serve|migrate|redrive]`."""

from datetime import timedelta
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from boxoffice.payment.v1 import payment_pb2, payment_pb2_grpc

from services.chassis.process import cli
from services.chassis.process.cli import Verb
from services.chassis.process.readiness import Readiness
from services.chassis.process.server import make_server, serve
from services.chassis.store.database import Database, Pools, sweep_markers
from services.chassis.wire.calls import channel
from services.chassis.writes import answers, jobs, measures
from services.chassis.writes.consumer import Consumer
from services.chassis.writes.outbox import Outbox
from services.payment import deliveries
from services.payment.books.operation import CONSUMER, compare_books
from services.payment.checkout.look import PaymentLookup
from services.payment.checkout.steps import Checkout, SessionRules
from services.payment.clients import BOOKINGS, BookingClient
from services.payment.fees.steps import Fees
from services.payment.from_razorpay import FromRazorpay
from services.payment.gateways.bank import BANK, BankClient
from services.payment.gateways.interface import Gateway, Gateways
from services.payment.gateways.razorpay import RAZORPAY, Razorpay
from services.payment.gateways.razorpay_events import RazorpaySignatures
from services.payment.measures import MEASURES
from services.payment.refunds.steps import Refunds, redrive
from services.payment.refunds.words import RefundWords
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
    razorpay = _razorpay(settings)
    gateways = _gateways(settings, BankClient(to_bank, settings.public_url), razorpay)
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
    server = make_server(settings)
    payments = PaymentLookup(db)
    from_razorpay = _from_razorpay(settings, razorpay, payments, checkout, RefundWords(db, outbox, gateways), db)
    ticks = _ticks(background, settings, poller, recovery, Fees(background, gateways))
    if from_razorpay is not None:
        jobs.add(ticks, "ask-for-disputes", from_razorpay.ask_for_disputes, jobs.every(minutes=10))
    servicer = PaymentService(payments, checkout, refunds, signatures, booking, settings.public_url, from_razorpay)
    payment_pb2_grpc.add_PaymentServiceServicer_to_server(servicer, server)
    await serve(
        settings,
        server,
        SERVICES,
        background=[
            outbox.relay(deliveries.peers(booking)),
            Consumer(background, CONSUMER, BOOKINGS, booking.events, compare_books).run(),
        ],
        ticks=ticks,
        ready=Readiness(url),
        closing=[
            *(checkout.finish, poller.finish, to_booking.close, to_bank.close),
            *([] if razorpay is None else [razorpay.close]),
            pools.close,
        ],
    )


def _ticks(
    background: Database, settings: Settings, poller: Checkout, recovery: Refunds, fees: Fees
) -> AsyncIOScheduler:
    """Return what runs payment's jobs, and measures it."""
    ticks = jobs.scheduler()
    jobs.add(ticks, "poll-bank", poller.poll, jobs.every(seconds=1))
    jobs.add(ticks, "look-again", poller.look_again, jobs.every(seconds=10))
    jobs.add(ticks, "recover-refunds", recovery.recover, jobs.every(seconds=1))
    jobs.add(ticks, "ask-for-fees", fees.ask, jobs.every(seconds=5))
    key_days = settings.idempotency_key_days
    jobs.add(ticks, "forget-keys", lambda: answers.forget(background, key_days), jobs.every(hours=1))
    jobs.add(ticks, "sweep-markers", lambda: sweep_markers(background), jobs.every(minutes=5))
    measures.add(ticks, background, MEASURES)
    return ticks


def _razorpay(settings: Settings) -> Razorpay | None:
    """Return Razorpay where it is configured, be it for older payments only."""
    if settings.razorpay_key_secret is None:
        return None
    return Razorpay(settings.razorpay_key_id, settings.razorpay_key_secret, settings.public_url, settings.razorpay_url)


def _gateways(settings: Settings, bank: BankClient, razorpay: Razorpay | None) -> Gateways:
    by_name: dict[str, Gateway] = {BANK: bank}
    if razorpay is not None:
        by_name[RAZORPAY] = razorpay
    return Gateways(by_name, current=settings.payment_gateway)


def _from_razorpay(
    settings: Settings,
    razorpay: Razorpay | None,
    payments: PaymentLookup,
    checkout: Checkout,
    refunds: RefundWords,
    db: Database,
) -> FromRazorpay | None:
    if razorpay is None or settings.razorpay_key_secret is None:
        return None
    signatures = RazorpaySignatures(settings.razorpay_key_secret, settings.razorpay_webhook_secrets)
    return FromRazorpay(razorpay, signatures, payments, checkout, refunds, db)


async def _redrive_refunds(settings: Settings, db: Database, argument: str) -> str:
    return f"refunds that are tried again: {await redrive(db)}"


if __name__ == "__main__":
    cli.main(
        "payment",
        __doc__,
        Settings,
        run,
        Path(__file__).parent / "migrations",
        redrive=lambda db: Outbox(db).redrive(),
        commands=[Verb("redrive-refunds", "try refunds that are stuck again", _redrive_refunds)],
    )
