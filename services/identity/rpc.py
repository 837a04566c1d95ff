"""IdentityService: parse, call, render."""

import hmac
from hashlib import sha256
from uuid import UUID

from boxoffice.identity.v1 import identity_pb2 as pb
from boxoffice.identity.v1 import identity_pb2_grpc
from google.api import httpbody_pb2

from services.chassis.store.database import Database
from services.chassis.wire import pages
from services.chassis.wire.incoming import Context
from services.chassis.wire.times import to_timestamp
from services.chassis.writes.idempotency import Key, Once, key_of
from services.identity.accounts import profiles
from services.identity.accounts.domain import User, normalised
from services.identity.accounts.passwords import Accounts
from services.identity.attempts.addresses import Callers
from services.identity.deleting.steps import Deletions
from services.identity.exporting.pages import Exports
from services.identity.keys.domain import ACCESS_TOKEN
from services.identity.keys.keyring import SigningKeys
from services.identity.organizations.rpc import caller_id
from services.identity.roles.operation import SetRoles, SetUsersRoles
from services.identity.tokens import cookies, families
from services.identity.tokens.families import Grant

KEY_SET_SECONDS = 300
"""How long the public keys may be kept; far shorter than keys.domain.LEAD."""


class IdentityServicer(identity_pb2_grpc.IdentityServiceServicer):
    """Accounts and tokens. The contract says what each method does and when it fails."""

    def __init__(
        self,
        db: Database,
        accounts: Accounts,
        deletions: Deletions,
        exports: Exports,
        keys: SigningKeys,
        key_secret: bytes,
        callers: Callers,
    ) -> None:
        """`key_secret` is what passwords are digested with for idempotency keys."""
        self._db = db
        self._accounts = accounts
        self._deletions = deletions
        self._exports = exports
        self._set_roles = SetUsersRoles(db)
        self._keys = keys
        self._key_secret = key_secret
        self._callers = callers

    async def Register(self, request: pb.RegisterRequest, context: Context) -> pb.User:
        once = Once(self._key_of(request), pb.User, _user)
        address = self._callers.address(context)
        return await self._accounts.register(request.email, request.password, request.name, address, once)

    async def Login(self, request: pb.LoginRequest, context: Context) -> pb.Tokens:
        address = self._callers.address(context)
        return await self._tokens(await self._accounts.login(request.email, request.password, address), context)

    async def Refresh(self, request: pb.RefreshRequest, context: Context) -> pb.Tokens:
        return await self._tokens(await families.carry_on(self._db, _refresh_token(request, context)), context)

    async def Logout(self, request: pb.LogoutRequest, context: Context) -> pb.LogoutResponse:
        await families.end(self._db, _refresh_token(request, context))
        await context.send_initial_metadata((("set-cookie", cookies.REMOVED),))
        return pb.LogoutResponse()

    async def GetProfile(self, request: pb.GetProfileRequest, context: Context) -> pb.User:
        return _user(await profiles.get(self._db, caller_id()))

    async def UpdateProfile(self, request: pb.UpdateProfileRequest, context: Context) -> pb.User:
        name = request.name if request.HasField("name") else None
        phone = request.phone if request.HasField("phone") else None
        return _user(await profiles.change(self._db, caller_id(), name, phone))

    async def ChangePassword(self, request: pb.ChangePasswordRequest, context: Context) -> pb.Tokens:
        grant = await self._accounts.change_password(
            caller_id(), request.current_password, request.new_password, self._callers.address(context)
        )
        return await self._tokens(grant, context)

    async def ExportAccount(self, request: pb.ExportAccountRequest, context: Context) -> httpbody_pb2.HttpBody:
        content = await self._exports.page(caller_id(), request)
        await context.send_initial_metadata((("cache-control", "no-store"),))
        return httpbody_pb2.HttpBody(content_type="application/json", data=content)

    async def DeleteAccount(self, request: pb.DeleteAccountRequest, context: Context) -> pb.DeleteAccountResponse:
        await self._deletions.delete(caller_id(), request.password, self._callers.address(context))
        return pb.DeleteAccountResponse()

    async def ListUsers(self, request: pb.ListUsersRequest, context: Context) -> pb.ListUsersResponse:
        page = pages.PageRequest(request, pages.BY_ID)
        email = normalised(request.email) if request.email else None
        found = await profiles.list_users(self._db, email=email, after=page.after, limit=page.limit)
        users, token = page.render(found, lambda user: user.id, _user)
        return pb.ListUsersResponse(users=users, next_page_token=token)

    async def SetRoles(self, request: pb.SetRolesRequest, context: Context) -> pb.User:
        roles = [pb.User.Role.Name(role) for role in request.roles]
        return _user(await self._set_roles.alone(SetRoles(UUID(request.user_id), roles)))

    async def SetEmailVerified(self, request: pb.SetEmailVerifiedRequest, context: Context) -> pb.User:
        return _user(await profiles.verify_email(self._db, UUID(request.user_id), request.email_verified))

    async def BatchGetContacts(
        self, request: pb.BatchGetContactsRequest, context: Context
    ) -> pb.BatchGetContactsResponse:
        found = await profiles.contacts(self._db, [UUID(user_id) for user_id in request.user_ids])
        answer = pb.BatchGetContactsResponse()
        for row in found:
            answer.contacts.add(
                user_id=str(row.id),
                name=row.name,
                email=row.email,
                phone=row.phone,
                email_verified=row.email_verified_at is not None,
            )
        return answer

    async def GetJwks(self, request: pb.GetJwksRequest, context: Context) -> httpbody_pb2.HttpBody:
        key_set = await self._keys.key_set()
        await context.send_initial_metadata((("cache-control", f"public, max-age={KEY_SET_SECONDS}"),))
        return httpbody_pb2.HttpBody(content_type="application/jwk-set+json", data=key_set.encode())

    async def _tokens(self, grant: Grant, context: Context) -> pb.Tokens:
        access_token = await families.access_token(self._keys, grant)
        seconds = int((grant.expires_at - grant.now).total_seconds())
        await context.send_initial_metadata(
            (("set-cookie", cookies.kept(grant.refresh_token, seconds)), ("cache-control", "no-store"))
        )
        return pb.Tokens(
            access_token=access_token,
            token_type="Bearer",
            expires_in=int(ACCESS_TOKEN.total_seconds()),
            refresh_token=grant.refresh_token,
            refresh_expires_at=to_timestamp(grant.expires_at),
            user_id=str(grant.user_id),
        )

    def _key_of(self, request: pb.RegisterRequest) -> Key | None:
        """Return the request's idempotency key, whose hash is kept: one that tells nobody the password."""
        copy = pb.RegisterRequest()
        copy.CopyFrom(request)
        copy.password = hmac.new(self._key_secret, request.password.encode(), sha256).hexdigest()
        return key_of(copy, "Register")


def _refresh_token(request: pb.RefreshRequest | pb.LogoutRequest, context: Context) -> str:
    return request.refresh_token or cookies.token_in(context.invocation_metadata() or ())


def _user(user: User) -> pb.User:
    return pb.User(
        id=str(user.id),
        email=user.email,
        name=user.name,
        roles=[pb.User.Role.Value(role) for role in user.roles],
        created_at=to_timestamp(user.created_at),
        phone=user.phone,
        email_verified=user.email_verified_at is not None,
    )
