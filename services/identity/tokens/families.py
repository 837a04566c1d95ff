"""Families of tokens: begun by a login, carried on token by token, ended."""

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.chassis.ids import new_id
from services.chassis.store.database import Database, Transaction, retried
from services.chassis.wire.identity import AUDIENCE, ISSUER
from services.identity.errors import RefreshTokenInvalid
from services.identity.keys.domain import ACCESS_TOKEN
from services.identity.keys.keyring import SigningKeys
from services.identity.tokens import statements as sql
from services.identity.tokens.sealing import seal, unseal

log = logging.getLogger(__name__)

TOKEN_BYTES = 32
MAX_SHOWN = 40
"""Letters of a first name that others are shown: there are names that are a sentence."""

GRACE = timedelta(seconds=20)
"""How long after its use a refresh token still gives its successor: long enough for a second tab, or for a client that
lost the answer and asks again."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What tokens are issued for."""

    user_id: UUID
    roles: list[str]
    organizations: dict[str, str]
    """The user's role in each."""
    email_verified: bool
    shown_name: str
    """By what others know the user: first name and initial."""
    family_id: UUID
    refresh_token: str
    now: datetime
    expires_at: datetime


async def access_token(keys: SigningKeys, grant: Grant) -> str:
    """Sign an access token to go with a refresh token."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(grant.user_id),
        "iat": int(grant.now.timestamp()),
        "exp": int((grant.now + ACCESS_TOKEN).timestamp()),
        "jti": str(new_id()),
        "roles": grant.roles,
        "organizations": grant.organizations,
        "email_verified": grant.email_verified,
        "shown_name": grant.shown_name,
        "family": str(grant.family_id),
    }
    return await keys.sign(claims, grant.now)


async def begin(tx: Transaction, user_id: UUID, password_hash: str, life: timedelta) -> Grant | None:
    """Begin a family for a user whose password has this hash; None if it has another by now."""
    family_id, token = new_id(), secrets.token_urlsafe(TOKEN_BYTES)
    given = {"family_id": family_id, "user_id": user_id, "password_hash": password_hash, "life": life}
    rows, [user] = await tx.fetch_all((sql.BEGIN_FAMILY, given), (sql.CLAIMS, {"id": user_id}))
    if not rows:
        return None
    [begun] = rows
    await tx.send(sql.ADD_TOKEN, {"hash": _hash(token), "family_id": family_id})
    of_user = (user.roles, user.organizations, user.email_verified, shown(user.name))
    return Grant(user_id, *of_user, family_id, token, begun.now, begun.expires_at)


async def carry_on(db: Database, token: str) -> Grant:
    """Use a refresh token up and make the next one; raise RefreshTokenInvalid.

    A token that comes again within GRACE gives the same next one, as long as that has not been used itself. Any other
    token that was used up before ends its family: two have it, and one of them is a thief.
    """
    used, following = _hash(token), secrets.token_urlsafe(TOKEN_BYTES)
    async with db.transaction() as tx:
        for row in await tx.fetch(sql.USE_TOKEN, {"hash": used}):
            grant = await _grant(tx, row.family_id, following)
            await tx.send(sql.ADD_TOKEN, {"hash": _hash(following), "family_id": row.family_id})
            await tx.send(sql.KEEP_SUCCESSOR, {"hash": used, "sealed": seal(token, following)})
            return grant
        # Those who have the same token took turns at its row, so whoever was first has committed.
        for row in await tx.fetch(sql.FIND_SUCCESSOR, {"hash": used, "grace": GRACE}):
            following = unseal(token, bytes(row.sealed))
            if await tx.fetch(sql.IS_UNUSED, {"hash": _hash(following)}):
                return await _grant(tx, row.family_id, following)
        ended = await tx.fetch(sql.END_FAMILY, {"hash": used, "by": "REUSE"})
    for family in ended:
        ids = {"family": str(family.id), "user": str(family.user_id)}
        log.warning("a refresh token came twice: its family has ended", extra=ids)
    raise RefreshTokenInvalid()


async def _grant(tx: Transaction, family_id: UUID, token: str) -> Grant:
    """Return what a token of a family stands for; raise RefreshTokenInvalid if the family is over."""
    for family in await tx.fetch(sql.LOCK_FAMILY, {"id": family_id}):
        of_user = (family.roles, family.organizations, family.email_verified, shown(family.name))
        return Grant(family.user_id, *of_user, family_id, token, family.now, family.expires_at)
    raise RefreshTokenInvalid()


@retried
async def end(db: Database, token: str) -> None:
    """End a token's family, whichever of its tokens this is."""
    await db.transact((sql.END_FAMILY, {"hash": _hash(token), "by": "LOGOUT"}))


async def forget(db: Database) -> int:
    """Forget one batch of families that have expired; return how many. A job."""
    return await db.execute(sql.FORGET_FAMILIES)


async def forget_successors(db: Database) -> int:
    """Forget one batch of successors that are given to nobody any more; return how many. A job."""
    return await db.execute(sql.FORGET_SUCCESSORS, {"grace": GRACE})


def shown(name: str) -> str:
    """Return what others are shown of a user's name: the first one, and the first letter of the last."""
    first, *others = name.split() or [""]
    return f"{first[:MAX_SHOWN]} {others[-1][0]}." if others else first[:MAX_SHOWN]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
