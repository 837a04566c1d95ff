"""Forged tokens: whatever is wrong with one, a service does not believe it."""

import time
from datetime import datetime
from typing import Any

import jwt
import pytest
from boxoffice.identity.v1 import identity_pb2 as pb

from services.chassis.errors import Unauthenticated
from services.chassis.wire.identity import AccessTokens
from services.chassis.wire.keys import FetchedKeys
from services.identity.keys.signing import SigningKey
from tests.identity import forge
from tests.identity.house import House, Source, refused


@pytest.fixture
async def key(house: House) -> SigningKey:
    [row] = await house.db.fetch("SELECT id, private_key FROM signing_keys")
    return house.vault.open(row.id, bytes(row.private_key))


async def test_no_forged_token_is_believed(house: House, key: SigningKey) -> None:
    user = await house.registered(roles=("ADMIN",))
    good = key.sign(forge.right(user.id))
    await house.call("GetProfile", pb.GetProfileRequest(), token=good)
    for _, token in (*forge.forged(key, user.id), *forge.misused(key, user.id)):
        if not token.isprintable():
            continue  # no header carries it
        async with refused("UNAUTHENTICATED", "UNAUTHENTICATED") as refusal:
            await house.call("GetProfile", pb.GetProfileRequest(), token=token)
        assert refusal.metadata["www-authenticate"] == 'Bearer realm="boxoffice"'
    await house.call("GetProfile", pb.GetProfileRequest(), token=good)


@pytest.mark.parametrize(
    "header", ["Basic YTpi", "Bearer", "bearer ", "{good}", "Bearer Bearer {good}", "Token {good}"]
)
async def test_a_token_comes_as_bearer_and_in_no_other_way(house: House, header: str) -> None:
    good = (await house.somebody()).access_token
    async with refused("UNAUTHENTICATED", "UNAUTHENTICATED"):
        metadata = (("authorization", header.format(good=good)),)
        await house.call("GetProfile", pb.GetProfileRequest(), metadata=metadata)


async def test_headers_that_the_gateway_makes_say_nothing_here(house: House) -> None:
    user = await house.registered()
    for name in ("x-user-id", "x-user-claims", "x-service", "x-forwarded-user", "x-forwarded-client-cert"):
        async with refused("UNAUTHENTICATED"):
            await house.call("GetProfile", pb.GetProfileRequest(), metadata=((name, user.id),))


async def test_a_bad_token_keeps_nobody_from_what_is_public(house: House) -> None:
    user = await house.registered()
    tokens = await house.login(user.email, metadata=(("authorization", "Bearer expired"),))
    refresh = pb.RefreshRequest(refresh_token=tokens.refresh_token)
    await house.call("Refresh", refresh, token="expired")


# --- What is remembered of tokens and keys


async def test_a_token_that_was_good_is_remembered_no_longer_than_it_is_good(
    house: House, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(key)
    verified = []
    decode = jwt.decode

    def counted(*args: Any, **kwargs: Any) -> Any:
        verified.append(args)
        return decode(*args, **kwargs)

    monkeypatch.setattr("services.chassis.wire.identity.jwt.decode", counted)
    tokens = AccessTokens(FetchedKeys(source.fetch))
    token = (await house.somebody()).access_token
    verified.clear()
    who = [await tokens.verify(token) for _ in range(5)]
    assert len(verified) == 1
    assert len(set(who)) == 1
    later = time.time() + 1000

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Later":
            return cls.fromtimestamp(later, tz)

    monkeypatch.setattr("services.chassis.wire.identity.time.time", lambda: later)
    monkeypatch.setattr("jwt.api_jwt.datetime", Later)
    with pytest.raises(Unauthenticated):
        await tokens.verify(token)


async def test_only_so_many_tokens_are_remembered(key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.chassis.wire.identity.MAX_VERIFIED", 3)
    tokens = AccessTokens(FetchedKeys(Source(key).fetch))
    user = "018f0000-0000-7000-8000-000000000000"
    for number in range(10):
        await tokens.verify(key.sign(forge.right(user, jti=str(number))))
    assert len(tokens._verified) == 3
