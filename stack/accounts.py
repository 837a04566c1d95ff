"""Demo accounts, one of each role, and an organization: made through the public contract like anybody's; their tokens.

What is there already is left alone. Their passwords are random, and lie beside the other credentials.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
from boxoffice.identity.v1 import identity_pb2 as identity
from boxoffice.identity.v1 import organizations_pb2 as organizations
from boxoffice.identity.v1.identity_pb2_grpc import IdentityServiceStub
from boxoffice.identity.v1.organizations_pb2_grpc import OrganizationServiceStub

from stack.credentials import Credentials
from stack.errors import StackError
from stack.services import opened

CALL_SECONDS = 10
ROLES = {
    "admin": identity.User.ADMIN,
    "organizer": identity.User.ORGANIZER,
    "user": identity.User.USER,
}
"""Each account and the role that it is there for. The first makes the second what it is."""


@dataclass(frozen=True)
class Account:
    """An account, and an access token of it, which is good for 15 minutes."""

    email: str
    user_id: str
    token: str = field(repr=False)
    organization_id: str = ""
    """Where the organizer is OWNER."""


def email(name: str) -> str:
    """Return the e-mail address of a demo account."""
    return f"{name}@boxoffice.example"


def load(
    target: str, credentials: Credentials, make_admin: Callable[[str], None], tls: Path | None = None
) -> dict[str, Account]:
    """Make what is missing of the demo accounts, through identity at host:port `target`, and log in to each.

    `make_admin` makes an admin of the account of an e-mail address, which nobody can do by a call. `tls`: the folder of
    certificates, where AUTH is on. Raise StackError if identity refuses or cannot be reached.
    """
    with opened(target, "identity", tls) as channel:
        stub = IdentityServiceStub(channel)
        try:
            accounts: dict[str, Account] = {}
            for name, role in ROLES.items():
                accounts[name] = _login(stub, name, credentials) or _register(stub, name, credentials)
                if role in _profile(stub, accounts[name].token).roles:
                    continue
                if name == "admin":
                    make_admin(email(name))
                else:
                    request = identity.SetRolesRequest(user_id=accounts[name].user_id, roles=[role])
                    stub.SetRoles(request, timeout=CALL_SECONDS, metadata=bearer(accounts["admin"].token))
                accounts[name] = _must_login(stub, name, credentials)
            found = _organization(OrganizationServiceStub(channel), accounts["organizer"].token)
            # The token says only from now on that its user is in the organization.
            organizer = _must_login(stub, "organizer", credentials)
            return accounts | {"organizer": replace(organizer, organization_id=found)}
        except grpc.RpcError as error:
            raise StackError(f"cannot load the demo accounts: {_reason(error)}") from None


def token(target: str, name: str, credentials: Credentials, tls: Path | None = None) -> str:
    """Log in to a demo account that is there; raise StackError if that cannot be."""
    with opened(target, "identity", tls) as channel:
        try:
            return _must_login(IdentityServiceStub(channel), name, credentials).token
        except grpc.RpcError as error:
            raise StackError(f"cannot log in as {email(name)}: {_reason(error)}") from None


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that carries an access token; none for none."""
    return (("authorization", f"Bearer {token}"),) if token else ()


class WithToken(grpc.UnaryUnaryClientInterceptor):
    """Sends an access token along with every call of a channel."""

    def __init__(self, token: str) -> None:
        self._token = token

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        metadata = (*(client_call_details.metadata or ()), *bearer(self._token))
        return continuation(client_call_details._replace(metadata=metadata), request)


def _login(stub: IdentityServiceStub, name: str, credentials: Credentials) -> Account | None:
    request = identity.LoginRequest(email=email(name), password=credentials[f"demo-{name}"])
    try:
        tokens = stub.Login(request, timeout=CALL_SECONDS)
    except grpc.RpcError as error:
        if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.UNAUTHENTICATED:
            return None
        raise
    return Account(email(name), tokens.user_id, tokens.access_token)


def _must_login(stub: IdentityServiceStub, name: str, credentials: Credentials) -> Account:
    account = _login(stub, name, credentials)
    if account is None:
        raise StackError(f"the password of {email(name)} is another than in credentials.json: put that one back there")
    return account


def _register(stub: IdentityServiceStub, name: str, credentials: Credentials) -> Account:
    request = identity.RegisterRequest(
        email=email(name), password=credentials[f"demo-{name}"], name=f"Demo {name}", idempotency_key=f"demo-{name}"
    )
    try:
        stub.Register(request, timeout=CALL_SECONDS)
    except grpc.RpcError as error:
        if not (isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.ALREADY_EXISTS):
            raise
    return _must_login(stub, name, credentials)


def _organization(stub: OrganizationServiceStub, token: str) -> str:
    """Return the organization that a user is in, creating one if there is none."""
    asked = organizations.ListOrganizationsRequest()
    for own in stub.ListOrganizations(asked, timeout=CALL_SECONDS, metadata=bearer(token)).organizations:
        return own.organization.id
    create = organizations.CreateOrganizationRequest(name="Demo organizers", idempotency_key="demo-organization")
    return stub.CreateOrganization(create, timeout=CALL_SECONDS, metadata=bearer(token)).id


def _profile(stub: IdentityServiceStub, token: str) -> identity.User:
    return stub.GetProfile(identity.GetProfileRequest(), timeout=CALL_SECONDS, metadata=bearer(token))


def _reason(error: grpc.RpcError) -> Any:
    return error.details() if isinstance(error, grpc.Call) else error
