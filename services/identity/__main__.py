"""Identity: `python -m services.identity [serve|migrate|rotate-keys|revoke-keys|make-admin EMAIL]`."""

from datetime import timedelta
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from boxoffice.identity.v1 import (
    account_mails_pb2,
    account_mails_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
    organizations_pb2,
    organizations_pb2_grpc,
)

from services.chassis.process import cli
from services.chassis.process.cli import Verb
from services.chassis.process.readiness import Readiness
from services.chassis.process.server import make_server, serve
from services.chassis.store.database import Database, Pools, sweep_markers
from services.chassis.wire.calls import channel
from services.chassis.writes import answers, jobs, measures
from services.identity.accounts.hashing import Passwords
from services.identity.accounts.passwords import Accounts
from services.identity.attempts import operation as attempts
from services.identity.attempts.addresses import Callers
from services.identity.attempts.operation import Attempts
from services.identity.clients import BookingClient, InventoryClient, NotificationsClient, PaymentClient
from services.identity.deleting.steps import Deletions
from services.identity.exporting.pages import Exports
from services.identity.keys import renewal
from services.identity.keys.domain import LEAD
from services.identity.keys.keyring import SigningKeys
from services.identity.keys.signing import Vault
from services.identity.links.operation import Links
from services.identity.links.rpc import AccountMailServicer
from services.identity.mails import operation as account_mailing
from services.identity.mails.domain import Tokens
from services.identity.mails.operation import AccountMails
from services.identity.measures import MEASURES
from services.identity.organizations.reading import memberships
from services.identity.organizations.rpc import OrganizationServicer, things
from services.identity.roles.operation import make_admin
from services.identity.rpc import IdentityServicer
from services.identity.settings import Settings
from services.identity.tokens import families

SERVICES = [
    identity_pb2.DESCRIPTOR.services_by_name["IdentityService"].full_name,
    account_mails_pb2.DESCRIPTOR.services_by_name["AccountMailService"].full_name,
    organizations_pb2.DESCRIPTOR.services_by_name["OrganizationService"].full_name,
]


async def run(settings: Settings) -> None:
    """Wire identity together and serve."""
    url = settings.database_url.get_secret_value()
    pools = await Pools.open(url, calls=settings.database_pool_size, name="identity")
    db, background = pools.calls, pools.background
    secret = settings.signing_key_secret.get_secret_value()
    vault, key_life = Vault(secret), timedelta(days=settings.signing_key_days)
    signing_keys = SigningKeys(db, vault)
    try:
        await signing_keys.start(key_life)
    except BaseException:
        await pools.close()
        raise
    passwords = Passwords(threads=settings.hash_threads, queue=settings.hash_queue)
    tried = Attempts(db, settings.limits)

    mails = AccountMails(db, Tokens(secret), tried, are_sent=settings.auth == "on")
    accounts = Accounts(db, passwords, tried, mails, settings.family_life)
    to_inventory = channel(settings.inventory_address, "inventory")
    to_booking = channel(settings.booking_address, "booking")
    to_payment = channel(settings.payment_address, "payment")
    inventory, booking, paying = InventoryClient(to_inventory), BookingClient(to_booking), PaymentClient(to_payment)
    deletions, unfinished = (Deletions(pool, accounts, booking, inventory) for pool in (db, background))
    to_notifications = channel(settings.notifications_address, "notifications")
    telling = NotificationsClient(to_notifications)
    sources = {"inventory": inventory.records, "booking": booking.records, "payment": paying.records}
    exports = Exports(db, sources | {"notifications": telling.records})

    # Whether AUTH is on or off: whose account is shown is never a matter of what somebody says.
    server = make_server(settings, signing_keys, things=things(), memberships=lambda user_id: memberships(db, user_id))
    callers = Callers(settings.trusted_proxies or 0)
    servicer = IdentityServicer(db, accounts, deletions, exports, signing_keys, secret.encode(), callers)
    identity_pb2_grpc.add_IdentityServiceServicer_to_server(servicer, server)
    account_mails = AccountMailServicer(db, accounts, mails, Links(db, passwords, mails), callers)
    account_mails_pb2_grpc.add_AccountMailServiceServicer_to_server(account_mails, server)
    organizations = OrganizationServicer(db, tried, callers)
    organizations_pb2_grpc.add_OrganizationServiceServicer_to_server(organizations, server)
    await serve(
        settings,
        server,
        SERVICES,
        ticks=_ticks(background, unfinished, vault, settings),
        ready=Readiness(url),
        closing=[
            passwords.close,
            *(to_peer.close for to_peer in (to_inventory, to_booking, to_payment, to_notifications)),
            pools.close,
        ],
    )


def _ticks(background: Database, deletions: Deletions, vault: Vault, settings: Settings) -> AsyncIOScheduler:
    """Return what runs identity's jobs."""
    ticks = jobs.scheduler()
    jobs.add(ticks, "delete-accounts", deletions.carry_on_once, jobs.every(seconds=5))
    key_life = timedelta(days=settings.signing_key_days)
    jobs.add(ticks, "renew-keys", lambda: renewal.renew(background, vault, key_life), jobs.every(hours=1))
    jobs.add(ticks, "forget-attempts", lambda: attempts.forget(background), jobs.every(minutes=5))
    jobs.add(ticks, "give-up-mails", lambda: account_mailing.give_up(background), jobs.every(minutes=1))
    jobs.add(ticks, "forget-mails", lambda: account_mailing.forget(background), jobs.every(hours=1))
    jobs.add(ticks, "forget-networks", lambda: attempts.forget_networks(background), jobs.every(hours=1))
    jobs.add(ticks, "forget-successors", lambda: families.forget_successors(background), jobs.every(minutes=1))
    jobs.add(ticks, "forget-families", lambda: families.forget(background), jobs.every(hours=1))
    key_days = settings.idempotency_key_days
    jobs.add(ticks, "forget-keys", lambda: answers.forget(background, key_days), jobs.every(hours=1))
    jobs.add(ticks, "sweep-markers", lambda: sweep_markers(background), jobs.every(minutes=5))
    measures.add(ticks, background, MEASURES)
    return ticks


async def _rotate(settings: Settings, db: Database, _: str) -> str:
    kid = await renewal.rotate(db, Vault(settings.signing_key_secret.get_secret_value()))
    return f"key {kid} is published; it signs in {LEAD // timedelta(minutes=1)} minutes"


async def _revoke(settings: Settings, db: Database, _: str) -> str:
    kid = await renewal.revoke(db, Vault(settings.signing_key_secret.get_secret_value()))
    return f"key {kid} replaces all others; access tokens signed with those end within minutes"


async def _make_admin(settings: Settings, db: Database, email: str) -> str:
    return f"{await make_admin(db, email)} is an admin, from the next login or refresh on"


COMMANDS = (
    Verb("rotate-keys", "make the next signing key", _rotate),
    Verb("revoke-keys", "replace all signing keys, because one has leaked", _revoke),
    Verb("make-admin", "give the account of an e-mail address the role ADMIN", _make_admin, argument="EMAIL"),
)


if __name__ == "__main__":
    cli.main("identity", __doc__, Settings, run, Path(__file__).parent / "migrations", commands=COMMANDS)
