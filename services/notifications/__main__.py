"""Notifications: `python -m services.notifications [serve|migrate|redrive]`."""

from datetime import timedelta
from functools import partial
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from boxoffice.notifications.v1 import (
    notifications_pb2,
    notifications_pb2_grpc,
    preferences_pb2,
    preferences_pb2_grpc,
    webhooks_pb2,
    webhooks_pb2_grpc,
)

from services.chassis.process import cli
from services.chassis.process.readiness import Readiness
from services.chassis.process.server import make_server, serve
from services.chassis.store.database import Database, Pools, sweep_markers
from services.chassis.wire.calls import channel
from services.chassis.writes import jobs, measures
from services.chassis.writes.consumer import Consumer
from services.notifications.clients import BOOKINGS, SHOWS, BookingClient, IdentityClient, InventoryClient, OfferClient
from services.notifications.facts import shows
from services.notifications.facts.bookings import CONSUMER, tell_of_bookings
from services.notifications.mails import operation as mails
from services.notifications.mails.asked import AskedMails
from services.notifications.mails.composing import Composer
from services.notifications.mails.delivery import Server
from services.notifications.mails.steps import Mails
from services.notifications.measures import MEASURES, reminder_lag
from services.notifications.notices.operation import forget_read
from services.notifications.notices.rpc import NotificationServicer
from services.notifications.preferences.domain import Links
from services.notifications.preferences.rpc import PreferenceServicer
from services.notifications.reminders import operation as reminders
from services.notifications.reminders.steps import Reminders
from services.notifications.settings import Settings
from services.notifications.webhooks import operation as webhooks
from services.notifications.webhooks import writing
from services.notifications.webhooks.endpoints import Endpoints
from services.notifications.webhooks.posting import Poster
from services.notifications.webhooks.rpc import WebhookServicer, things
from services.notifications.webhooks.signing import vault_of
from services.notifications.webhooks.steps import Sender

SERVICES = [
    notifications_pb2.DESCRIPTOR.services_by_name["NotificationService"].full_name,
    webhooks_pb2.DESCRIPTOR.services_by_name["WebhookService"].full_name,
    preferences_pb2.DESCRIPTOR.services_by_name["PreferenceService"].full_name,
]


async def run(settings: Settings) -> None:
    """Wire notifications together and serve."""
    url = settings.database_url.get_secret_value()
    pools = await Pools.open(url, calls=settings.database_pool_size, name="notifications")
    db, background = pools.calls, pools.background
    to_booking = channel(settings.booking_address, "booking")
    to_inventory = channel(settings.inventory_address, "inventory")
    to_identity = channel(settings.identity_address, "identity")
    booking, inventory = BookingClient(to_booking), InventoryClient(to_inventory)
    composer = Composer(sender=settings.mail_from, sender_name=settings.mail_from_name, public_url=settings.public_url)
    identity, mail_server = IdentityClient(to_identity), _mail_server(settings)
    links = Links(settings.unsubscribe_secret.get_secret_value().encode())
    language, most = settings.mail_language, settings.reminders_per_hour
    postman = Mails(background, identity, booking, inventory, composer, mail_server, links, language, most)
    asked = [AskedMails(one, composer, mail_server, language) for one in (identity, OfferClient(to_booking))]
    window = timedelta(hours=settings.reminder_hours)
    reminding = Reminders(background, booking, inventory, CONSUMER, window)

    vault, loopback = vault_of(settings.webhook_key_secret.get_secret_value()), settings.webhook_loopback
    endpoints = Endpoints(db, vault, allow_loopback=loopback)
    poster = Poster(allow_loopback=loopback)

    server = make_server(settings, things=things(endpoints))
    notifications_pb2_grpc.add_NotificationServiceServicer_to_server(NotificationServicer(db), server)
    webhooks_pb2_grpc.add_WebhookServiceServicer_to_server(WebhookServicer(db, endpoints), server)
    preferences = PreferenceServicer(db, links, settings.mail_language)
    preferences_pb2_grpc.add_PreferenceServiceServicer_to_server(preferences, server)
    await serve(
        settings,
        server,
        SERVICES,
        background=[
            Consumer(background, CONSUMER, BOOKINGS, booking.events, partial(tell_of_bookings, reminded=window)).run(),
            Consumer(background, CONSUMER, SHOWS, inventory.events, shows.note_facts).run(),
            Consumer(background, writing.CONSUMER, BOOKINGS, booking.events, writing.write_of_bookings).run(),
            Consumer(background, writing.CONSUMER, SHOWS, inventory.events, writing.write_of_shows).run(),
            postman.run(),
            Sender(background, vault, poster).run(),
            *(each.run() for each in asked),
        ],
        ticks=_ticks(background, settings, reminding),
        ready=Readiness(url),
        closing=[to_booking.close, to_inventory.close, to_identity.close, poster.close, pools.close],
    )


def _ticks(background: Database, settings: Settings, reminding: Reminders) -> AsyncIOScheduler:
    """Return what runs the jobs, and measures their work."""
    ticks = jobs.scheduler()
    jobs.add(ticks, "tell-bookings", lambda: shows.tell_bookings(background), jobs.every(seconds=1))
    jobs.add(ticks, "remind", reminding.remind_once, jobs.every(minutes=1))
    jobs.add(ticks, "learn-shows", reminding.learn_once, jobs.every(hours=1))
    notice_days = settings.notice_retention_days
    jobs.add(ticks, "forget-notices", lambda: forget_read(background, notice_days), jobs.daily(0))
    jobs.add(ticks, "forget-facts", lambda: shows.forget(background), jobs.every(hours=1))
    jobs.add(ticks, "forget-shows", lambda: reminders.forget(background), jobs.every(hours=1))
    jobs.add(ticks, "forget-mails", lambda: mails.forget(background), jobs.every(hours=1))
    jobs.add(ticks, "forget-webhooks", lambda: webhooks.forget(background), jobs.every(hours=1))
    jobs.add(ticks, "sweep-markers", lambda: sweep_markers(background), jobs.every(minutes=5))
    measures.add(ticks, background, [*MEASURES, reminder_lag(settings.reminder_hours)])
    return ticks


def _mail_server(settings: Settings) -> Server | None:
    """Return how the mail server is spoken to; None where there is none."""
    if not settings.smtp_host:
        return None
    return Server(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else "",
        sender=settings.mail_from,
        timeout_seconds=settings.smtp_timeout_seconds,
    )


if __name__ == "__main__":
    cli.main(
        "notifications",
        __doc__,
        Settings,
        run,
        Path(__file__).parent / "migrations",
        redrive=mails.redrive,
    )
