"""Identity on a real database, behind a real server; and accounts to use."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc
from boxoffice.identity.v1 import account_mails_pb2_grpc, identity_pb2_grpc, organizations_pb2_grpc
from boxoffice.identity.v1 import identity_pb2 as pb
from boxoffice.inventory.v1 import reviews_pb2, reviews_pb2_grpc

from services.chassis.errors import Failure, Unavailable
from services.chassis.process.server import make_server
from services.chassis.store.database import Database
from services.chassis.wire.calls import channel
from services.chassis.wire.status import from_status
from services.identity.accounts.hashing import Passwords
from services.identity.accounts.passwords import Accounts
from services.identity.attempts.addresses import Callers
from services.identity.attempts.operation import Attempts
from services.identity.clients import BookingClient, InventoryClient
from services.identity.deleting.steps import Deletions
from services.identity.exporting.pages import Exports
from services.identity.keys.keyring import SigningKeys
from services.identity.keys.signing import SigningKey, Vault
from services.identity.links.operation import Links
from services.identity.links.rpc import AccountMailServicer
from services.identity.mails.domain import Tokens
from services.identity.mails.operation import AccountMails
from services.identity.organizations.reading import memberships
from services.identity.organizations.rpc import OrganizationServicer, things
from services.identity.rpc import IdentityServicer
from services.identity.settings import Settings
from tests.gateway.fakes import status_of
from tests.patience import patient
from tests.servers import served

SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ1Njc4"
PASSWORD = "correct horse battery"
EXPORTING = ("inventory", "booking", "payment", "notifications")
_numbers = count()
_addresses = count(1)


@dataclass
class Peers(booking_pb2_grpc.BookingServiceServicer, reviews_pb2_grpc.ReviewServiceServicer):
    """Booking and inventory, which remember what they were told, and answer as the test says."""

    closed: set[str] = field(default_factory=set)
    forgotten: list[tuple[str, str]] = field(default_factory=list)
    """Who has forgotten which user, in order."""
    refusal: Failure | None = None
    """Why booking does not close a user whose account is there still."""
    away: set[str] = field(default_factory=set)
    while_closing: Callable[[str], Awaitable[None]] | None = None
    """What happens at the same time."""

    def serve(self, server: grpc.aio.Server) -> None:
        """Have a server serve both."""
        booking_pb2_grpc.add_BookingServiceServicer_to_server(self, server)
        reviews_pb2_grpc.add_ReviewServiceServicer_to_server(self, server)

    async def records(self, service: str, user_id: UUID, token: str) -> tuple[list[str], str]:
        """Give what a service keeps of a user: two pages of booking, one of payment that is empty, one of others."""
        if service in self.away:
            raise Unavailable()
        record = f'{{"kind":"{service}","data":{{"user_id":"{user_id}"}}}}'
        if service == "payment":
            return [], ""
        return [record], f"0-{user_id}" if service == "booking" and not token else ""

    async def CloseUser(self, request: Any, context: Any) -> Any:
        if "booking" in self.away:
            raise Unavailable()
        if request.deleted:
            self.forgotten.append(("booking", request.user_id))
        elif self.refusal is not None:
            raise self.refusal
        else:
            self.closed.add(request.user_id)
            if self.while_closing is not None:
                await self.while_closing(request.user_id)
        return booking_pb2.CloseUserResponse()

    async def ForgetReviewer(self, request: Any, context: Any) -> Any:
        if "inventory" in self.away:
            raise Unavailable()
        self.forgotten.append(("inventory", request.user_id))
        return reviews_pb2.ForgetReviewerResponse()


@dataclass
class House:
    """Identity, and short ways to use it. Every call comes from an address of its own unless a test says from where."""

    db: Database
    keys: SigningKeys
    vault: Vault
    passwords: Passwords
    stub: identity_pb2_grpc.IdentityServiceStub
    organizations: organizations_pb2_grpc.OrganizationServiceStub
    account_mails: account_mails_pb2_grpc.AccountMailServiceStub
    deletions: Deletions
    peers: Peers
    mails: AccountMails

    async def call(
        self, name: str, request: Any, *, token: str = "", metadata: tuple[tuple[str, str], ...] = ()
    ) -> Any:
        """Call a method, with an access token if one is given."""
        sent = dict(metadata) | ({"authorization": f"Bearer {token}"} if token else {})
        sent.setdefault("x-client-address", f"10.0.{(number := next(_addresses)) // 256}.{number % 256}")
        stub = next(stub for stub in (self.stub, self.organizations, self.account_mails) if hasattr(stub, name))
        return await getattr(stub, name)(request, metadata=tuple(sent.items()), timeout=patient(30))

    async def registered(self, *, roles: tuple[str, ...] = ()) -> pb.User:
        """Register somebody new."""
        request = pb.RegisterRequest(email=f"user{next(_numbers)}@example.com", password=PASSWORD, name="Asha")
        user: pb.User = await self.call("Register", request)
        if roles:
            sql = "UPDATE users SET roles = %s WHERE id = %s"
            await self.db.execute(sql, (["USER", *roles], user.id))
        return user

    async def login(self, email: str, password: str = PASSWORD, **kwargs: Any) -> pb.Tokens:
        tokens: pb.Tokens = await self.call("Login", pb.LoginRequest(email=email, password=password), **kwargs)
        return tokens

    async def somebody(self, *roles: str) -> pb.Tokens:
        """Register and log somebody new in."""
        return await self.login((await self.registered(roles=roles)).email)

    async def refresh(self, tokens: pb.Tokens) -> pb.Tokens:
        refreshed: pb.Tokens = await self.call("Refresh", pb.RefreshRequest(refresh_token=tokens.refresh_token))
        return refreshed


class Source:
    """Keys to fetch, which may be away."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.away = False

    async def fetch(self) -> bytes:
        self.asked += 1
        if self.away:
            raise Unavailable()
        return json.dumps({"keys": [key.public_jwk() for key in self.keys]}).encode()


def settings(**given: Any) -> Settings:
    return Settings(database_url="postgresql://nobody@127.0.0.1/none", port=1, signing_key_secret=SECRET, **given)


@asynccontextmanager
async def opened_house(db: Database, **given: Any) -> AsyncIterator[House]:
    """Serve identity as its process does."""
    chosen = settings(**given)
    vault = Vault(SECRET)
    keys = SigningKeys(db, vault)
    await keys.start(timedelta(days=30))
    passwords = Passwords(threads=chosen.hash_threads, queue=chosen.hash_queue)
    tried, callers = Attempts(db, chosen.limits), Callers(chosen.trusted_proxies or 0)
    mails = AccountMails(db, Tokens(SECRET), tried, are_sent=True)
    accounts, peers = Accounts(db, passwords, tried, mails, chosen.family_life), Peers()
    server = make_server(chosen, keys, things=things(), memberships=lambda user_id: memberships(db, user_id))
    organizations_pb2_grpc.add_OrganizationServiceServicer_to_server(OrganizationServicer(db, tried, callers), server)
    port = server.add_insecure_port("127.0.0.1:0")
    try:
        async with served(peers.serve) as to_peers, channel(f"127.0.0.1:{port}") as to_server:
            deletions = Deletions(db, accounts, BookingClient(to_peers), InventoryClient(to_peers))
            exports = Exports(db, {name: partial(peers.records, name) for name in EXPORTING})
            servicer = IdentityServicer(db, accounts, deletions, exports, keys, SECRET.encode(), callers)
            identity_pb2_grpc.add_IdentityServiceServicer_to_server(servicer, server)
            account_mails = AccountMailServicer(db, accounts, mails, Links(db, passwords, mails), callers)
            account_mails_pb2_grpc.add_AccountMailServiceServicer_to_server(account_mails, server)
            await server.start()
            stubs = (
                identity_pb2_grpc.IdentityServiceStub(to_server),
                organizations_pb2_grpc.OrganizationServiceStub(to_server),
                account_mails_pb2_grpc.AccountMailServiceStub(to_server),
            )
            yield House(db, keys, vault, passwords, *stubs, deletions, peers, mails)
    finally:
        await server.stop(1)
        await passwords.close()


@asynccontextmanager
async def refused(reason: str, code: str = "") -> AsyncIterator[Any]:
    """Expect a call to be refused for this reason; gives what was told, once it was."""

    class Refusal:
        failure: Any = None
        metadata: Any = None

    refusal = Refusal()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        yield refusal
    refusal.failure = from_status(status_of(caught.value))
    refusal.metadata = dict(caught.value.trailing_metadata() or ())
    assert refusal.failure.reason == reason
    if code:
        assert caught.value.code().name == code


def register(email: str, password: str = PASSWORD, **fields: str) -> pb.RegisterRequest:
    return pb.RegisterRequest(email=email, password=password, **fields)
