"""Who calls, and whether they may: tokens are verified here, and each method's policy is kept.

The contract of every RPC says who may call it (boxoffice/policy/v1/policy.proto). A user shows an access token that
the identity service signed, a service of ours its certificate (see tls), a gate its credential, which the service knows
that has gates. Nothing else says who calls: no header of the gateway's, no address.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import jwt
from google.protobuf.message import Message

from services.chassis.errors import InvalidField, PermissionDenied, Unauthenticated, Unavailable, UserNotFound
from services.chassis.wire.keys import CLOCK_SKEW_SECONDS, Keys
from services.chassis.wire.owners import ITSELF, ORGANIZATION, Memberships, Things
from services.chassis.wire.policies import Rule as Rule  # for those who hold callers to one
from services.chassis.wire.policies import policy as policy  # the same
from services.chassis.wire.rules import must

ISSUER = "boxoffice-identity"
AUDIENCE = "boxoffice"
ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"
"""Of access tokens (RFC 9068), so that no other token of the same keys passes for one."""

MAX_TOKEN_BYTES = 4096
MAX_VERIFIED = 10_000
"""Tokens that are known to be good; the one that was used longest ago is forgotten first."""

FOR_OTHERS = frozenset({"", "gateway", "web", "operator"})
"""Who is nobody by itself: the gateway, the shop and people's tools carry the calls of others. Empty: who has no
certificate."""

GATE_CREDENTIAL = "gate-credential"
"""The header with the credential of a gate. It is no token: Envoy reads those in `authorization`."""

Gates = Callable[[str], Awaitable[UUID | None]]
"""Tells whose credential this is: a gate's that may call now, or nobody's."""

_HEADER_FIELDS = {"alg", "typ", "kid"}
_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "jti"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a user with roles, or one of our own services."""

    user_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    service: str = ""
    memberships: Mapping[UUID, str] = field(default_factory=dict, hash=False)
    """The user's role in each organization of theirs."""
    email_verified: bool = False
    """Whether it is known that the user's e-mail address is theirs."""
    shown_name: str = ""
    """By what others know the user: first name and initial; empty where the token does not say it."""
    gate_id: UUID | None = None
    """The gate, where one calls."""


caller: ContextVar[Caller | None] = ContextVar("caller", default=None)
"""Who makes the present call, where that was verified."""

_is_checked: ContextVar[bool] = ContextVar("is_checked", default=False)
"""Whether callers are held to policies: a caller of whom nothing is known may do anything where they are not."""


def own_organizations() -> frozenset[UUID] | None:
    """Return the organizations whose hidden things the caller may see: those where they are a member; None: all."""
    who = caller.get()
    if who is None:
        return frozenset() if _is_checked.get() else None
    return frozenset(who.memberships) if _is_plain_user(who) else None


def organizes(organization_id: UUID | None) -> bool:
    """Tell whether the present caller is in an organization, or, for None, organizes what is nobody's.

    Admins are everywhere. Of whom it is not known who calls, as where AUTH is off, nobody is anywhere.
    """
    who = caller.get()
    if who is None:
        return False
    if "ADMIN" in who.roles:
        return True
    return "ORGANIZER" in who.roles if organization_id is None else organization_id in who.memberships


class AccessTokens:
    """Access tokens, verified; those that were good are remembered until they expire or their key is gone."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._verified: OrderedDict[str, tuple[Caller, jwt.PyJWK, float]] = OrderedDict()

    async def verify(self, token: str) -> Caller:
        """Return whose token this is; raise Unauthenticated if it is not good, Unavailable if that cannot be told."""
        try:
            return await self._verify(token)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise Unauthenticated("The access token is not good, or not any more: refresh it, or log in.") from error

    async def _verify(self, token: str) -> Caller:
        if (known := self._verified.get(token)) is not None:
            self._verified.move_to_end(token)
            who, key, until = known
            if time.time() < until and await self._keys.find(str(key.key_id)) is key:
                return who
            self._verified.pop(token, None)
        if len(token) > MAX_TOKEN_BYTES:
            raise ValueError("a token of ours is shorter")
        kid = _header(token, ALGORITHM, TOKEN_TYPE)["kid"]
        found = await self._keys.find(kid)
        if found is None:
            raise KeyError(kid)
        claims = jwt.decode(
            token,
            found,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": [*_CLAIMS, "roles"]},
        )
        roles = frozenset(map(str, claims["roles"]))
        # The release before signed tokens without organizations.
        memberships = {UUID(each): str(role) for each, role in dict(claims.get("organizations", {})).items()}
        who = Caller(
            user_id=UUID(claims["sub"]),
            roles=roles,
            memberships=memberships,
            email_verified=claims.get("email_verified") is True,
            shown_name=str(claims.get("shown_name", "")),
        )
        self._verified[token] = (who, found, claims["exp"] + CLOCK_SKEW_SECONDS)
        if len(self._verified) > MAX_VERIFIED:
            self._verified.popitem(last=False)
        return who


def _header(token: str, algorithm: str, kind: str) -> dict[str, Any]:
    """Return a token's header; raise ValueError if it says anything that the headers of our tokens do not say."""
    header = jwt.get_unverified_header(token)
    # No key comes along with a token, nor an address where there is one (jwk, jku, x5c, x5u), nor a rule (crit).
    if not header.keys() <= _HEADER_FIELDS or header.get("alg") != algorithm or header.get("typ") != kind:
        raise ValueError("not the header of a token of ours")
    return header


class Guard:
    """Holds callers to the policies of the contracts."""

    def __init__(
        self,
        keys: Keys,
        things: Mapping[str, Things] | None = None,
        memberships: Memberships | None = None,
        gates: Gates | None = None,
    ) -> None:
        """`things`: whose the things are that requests name, by the name of the field.

        `memberships` is asked what a user is where policies name members; without it, the access token says it.
        `gates` is asked whose a gate's credential is; without it, nobody's.
        """
        self._tokens = AccessTokens(keys)
        self._gates = gates
        self._things = {ORGANIZATION: ITSELF, **(things or {})}
        self.memberships = memberships

    def access_to(self, method: str) -> "Access":
        """Return what to hold the callers of a method to, such as /boxoffice.inventory.v1.CatalogService/GetShow."""
        rule = policy(method)
        for name in (rule.organization_of, *rule.uses):
            if name and name not in self._things:
                raise LookupError(f"{method}: nobody knows whose the thing is that {name} names")
        return Access(rule, self, self._things)

    async def identify(self, metadata: Mapping[str, str | bytes], peer: str) -> Caller | None:
        """Return who calls, or None if nobody says so; raise Unauthenticated if what they say is not so.

        `peer` is whose certificate the call came with. A call that carries a token is its user's, whoever passes it on.
        """
        scheme, _, credentials = str(metadata.get("authorization", "")).partition(" ")
        if not scheme:
            return None if peer in FOR_OTHERS else Caller(service=peer)
        if scheme.lower() != "bearer":
            raise Unauthenticated("Log in: the header `authorization` has to be `Bearer` and an access token.")
        return await self._tokens.verify(credentials.strip())

    async def identify_gate(self, credential: str) -> Caller:
        """Return the gate that calls; raise Unauthenticated where this is no gate's credential, or not any more."""
        gate_id = await self._gates(credential) if self._gates is not None else None
        if gate_id is None:
            raise Unauthenticated("The gate's credential is not good, or not any more: ask whoever made the gate.")
        return Caller(gate_id=gate_id)


class Access:
    """Who may call one method."""

    def __init__(self, rule: Rule, guard: Guard, things: Mapping[str, Things]) -> None:
        self._rule = rule
        self._allowed = rule.allowed
        self._services = rule.services
        self._guard = guard
        self._things = things
        self.is_members = "MEMBER" in rule.allowed

    async def permit(self, metadata: Mapping[str, str | bytes], peer: str) -> None:
        """Raise Unauthenticated or PermissionDenied if who calls may not do this, whatever the request says."""
        if "PUBLIC" not in self._allowed:
            who = await self._identify(metadata, peer)
            if who is None or not who.service:
                self._permit(who)

    async def _identify(self, metadata: Mapping[str, str | bytes], peer: str) -> Caller | None:
        """Return who calls. A gate's credential says nothing where no gate may call."""
        if "GATE" in self._allowed and GATE_CREDENTIAL in metadata:
            return await self._guard.identify_gate(str(metadata[GATE_CREDENTIAL]))
        return await self._guard.identify(metadata, peer)

    async def admit(self, request: Message, metadata: Mapping[str, str | bytes], peer: str) -> None:
        """Find out who calls; raise Unauthenticated or PermissionDenied unless they may.

        `peer` is whose certificate the call came with; empty if it came without.
        A request that names no user, of a method that is for its user, is given the caller's id.
        """
        is_public = "PUBLIC" in self._allowed
        try:
            who = await self._identify(metadata, peer)
        except Unauthenticated:
            if not is_public:
                raise
            who = None  # a token that has expired keeps nobody from what anybody may do
        except Unavailable:
            # Nor does one that cannot be verified now; but what is told to its user only has to wait.
            if not is_public or getattr(request, "user_id", "") != "":
                raise
            who = None
        if who is not None and who.user_id is not None and self.is_members and self._guard.memberships is not None:
            who = replace(who, memberships=await self._guard.memberships(who.user_id))
        caller.set(who)
        _is_checked.set(True)
        if who is not None and who.service:
            if who.service not in self._services:
                raise PermissionDenied(f"The service {who.service} does not call this.")
        elif not is_public:
            self._permit(who)
        if not self.is_members:
            self._give_user(request)
        if who is not None and who.gate_id is not None and getattr(request, "gate_id", None) == "":
            request.gate_id = str(who.gate_id)  # type: ignore[attr-defined]

    def _give_user(self, request: Message) -> None:
        """Give a request that names no user, of a method that is for its user, the caller's id."""
        who = caller.get()
        if "OWNER" in self._allowed and _is_plain_user(who) and getattr(request, "user_id", None) == "":
            request.user_id = str(who.user_id)  # type: ignore[union-attr, attr-defined]

    async def check(self, request: Message) -> None:
        """Hold a request, which is valid, to whose it is; see `check_owner` and `check_member`.

        Where both users and members may call, it is a member's if it is about an organization where the caller has one
        of the roles, whichever user it names; else it is its user's.
        """
        who = caller.get()
        if who is not None and who.gate_id is not None and UUID(request.gate_id) != who.gate_id:  # type: ignore[attr-defined]
            raise PermissionDenied("The credential is another gate's: leave `gateId` out.")
        if self.is_members and "OWNER" in self._allowed and _is_plain_user(who):
            if await self._is_by_member(request, who):  # type: ignore[arg-type]
                return
            self._give_user(request)
        self.check_owner(request)
        if self.is_members and "OWNER" not in self._allowed:
            await self.check_member(request)

    async def _is_by_member(self, request: Message, who: Caller) -> bool:
        """Tell whether the caller has one of the roles where a request is about; raise what says that it is nothing."""
        if not self._rule.member_roles & set(who.memberships.values()):
            return False
        name = self._rule.organization_of
        organization_id = await self._things[name].owner(UUID(getattr(request, name)))
        return organization_id is not None and who.memberships.get(organization_id) in self._rule.member_roles

    def check_owner(self, request: Message) -> None:
        """Raise UserNotFound if the request, which is valid, names another user than the one who calls."""
        who, named = caller.get(), getattr(request, "user_id", "")
        if not named or not (who is None or _is_plain_user(who)):
            return
        if who is None:
            raise Unauthenticated("Log in, or leave `userId` out: what is a user's is told to that user only.")
        if UUID(named) != who.user_id:
            raise UserNotFound()

    async def check_member(self, request: Message) -> None:
        """Raise PermissionDenied, or what hides a thing, unless the request, which is valid, is about an organization
        where the caller has one of the roles. A request that names none is given the one that it can only be.
        """
        who = caller.get()
        if who is None or not _is_plain_user(who):
            return
        acting = await self._acting(request, who)
        for name in self._rule.uses:
            named = getattr(request, name)
            if named and not (await self._things[name].shared(UUID(named))).allows(acting):
                if (hidden := await self._things[name].hidden(UUID(named))) is not None:
                    raise hidden
                raise PermissionDenied(f"What {name} names is not shared with you: ask the organization whose it is.")

    async def _acting(self, request: Message, who: Caller) -> UUID | None:
        """Return the organization that a request is about, None: none; raise what keeps the caller from it."""
        name = self._rule.organization_of
        if getattr(request, name) == "":
            if name != ORGANIZATION:
                raise must(request, name)
            request.organization_id = self._only_organization(who)  # type: ignore[attr-defined]
            return UUID(request.organization_id) if request.organization_id else None  # type: ignore[attr-defined]
        id_ = UUID(getattr(request, name))
        things = self._things[name]
        organization_id = await things.owner(id_)
        if organization_id is None and self._is_organizer(who):
            return None
        role = None if organization_id is None else who.memberships.get(organization_id)
        if role in self._rule.member_roles:
            return organization_id
        if role is None and (hidden := await things.hidden(id_)) is not None:
            raise hidden
        raise self._denied()

    def _only_organization(self, who: Caller) -> str:
        """Return where a caller has one of the roles; empty: an organizer who has one nowhere makes Boxoffice's own."""
        found = [str(each) for each, role in who.memberships.items() if role in self._rule.member_roles]
        if len(found) > 1:
            raise InvalidField(("organizationId", "is missing: you have the role in several, so name one"))
        if not found and not self._is_organizer(who):
            raise self._denied()
        return found[0] if found else ""

    def _is_organizer(self, who: Caller) -> bool:
        return "ORGANIZER" in self._allowed & who.roles

    def _permit(self, who: Caller | None) -> None:
        if who is None and "GATE" in self._allowed:
            raise Unauthenticated(f"This is for gates: send the gate's credential in the header `{GATE_CREDENTIAL}`.")
        if who is None:
            raise Unauthenticated("Log in: this takes an access token, sent as `authorization: Bearer …`.")
        if "GATE" in self._allowed and who.gate_id is not None:
            return
        is_member = self.is_members and self._rule.member_roles & set(who.memberships.values())
        if "OWNER" not in self._allowed and not who.roles & self._allowed and not is_member:
            raise self._denied()

    def _denied(self) -> PermissionDenied:
        if "GATE" in self._allowed:
            return PermissionDenied("This is for gates, by their credentials.")
        needed = " or ".join(sorted(self._allowed - {"SERVICE", "MEMBER"}))
        if not self.is_members:
            return PermissionDenied(
                f"This takes the role {needed}." if needed else "This is for Boxoffice's own services."
            )
        roles = " or ".join(sorted(self._rule.member_roles))
        return PermissionDenied(
            f"This takes the role {roles} in the organization that it is about"
            f"{f', or the role {needed}' if needed else ''}."
        )


def _is_plain_user(who: Caller | None) -> bool:
    return who is not None and not who.service and "ADMIN" not in who.roles
