"""Forged tokens: whatever is wrong with one, a service does not believe it."""

import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import jwt
import pytest
from boxoffice.identity.v1 import identity_pb2 as pb

from services.chassis.errors import Unauthenticated, Unavailable
from services.chassis.identity import AccessTokens, FetchedKeys
from services.identity.signing import SigningKey
from tests.identity import forge
from tests.identity.conftest import House, refused


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
        async with refused("UNAUTHENTICATED", "UNAUTHENTICATED") as told:
            await house.call("GetProfile", pb.GetProfileRequest(), token=token)
        assert told.metadata["www-authenticate"] == 'Bearer realm="boxoffice"'
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


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """The clocks of chassis.identity, which only move when they are moved."""

    class Clock:
        now = 1_800_000_000.0

        def time(self) -> float:
            return self.now

        monotonic = time

    made = Clock()
    monkeypatch.setattr("services.chassis.identity.time", made)
    yield made


async def test_keys_are_asked_for_now_and_then_and_for_an_unknown_id_not_often(key: SigningKey, clock: Any) -> None:
    source = Source(key)
    keys = FetchedKeys(source.fetch)
    for _ in range(3):
        assert await keys.find(key.kid) is not None
    assert source.asked == 1
    for number in range(100):
        assert await keys.find(f"unknown {number}") is None
    assert source.asked == 1
    clock.now += 6
    for number in range(100):
        assert await keys.find(f"unknown {number}") is None
    assert source.asked == 2
    clock.now += 301
    await keys.find(key.kid)
    assert source.asked == 3


async def test_keys_stay_in_use_while_identity_is_away_and_go_when_it_says_so(key: SigningKey, clock: Any) -> None:
    source = Source(key)
    keys = FetchedKeys(source.fetch)
    assert await keys.find(key.kid) is not None
    source.away = True
    clock.now += 1000
    assert await keys.find(key.kid) is not None
    source.away = False
    source.keys = [SigningKey("another", forge.FOREIGN)]
    clock.now += 301
    assert await keys.find(key.kid) is None
    assert await keys.find("another") is not None
    source.keys.clear()  # which no identity of ours says
    clock.now += 301
    assert await keys.find("another") is not None


async def test_where_there_never_were_keys_nobody_is_believed_and_it_is_said_why(clock: Any) -> None:
    source = Source()
    source.away = True
    with pytest.raises(Unavailable):
        await FetchedKeys(source.fetch).find("any")


async def test_a_token_that_was_good_is_remembered_no_longer_than_it_is_good(
    house: House, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(key)
    verified = []
    decode = jwt.decode

    def counted(*args: Any, **kwargs: Any) -> Any:
        verified.append(args)
        return decode(*args, **kwargs)

    monkeypatch.setattr("services.chassis.identity.jwt.decode", counted)
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

    monkeypatch.setattr("services.chassis.identity.time.time", lambda: later)
    monkeypatch.setattr("jwt.api_jwt.datetime", Later)
    with pytest.raises(Unauthenticated):
        await tokens.verify(token)


async def test_only_so_many_tokens_are_remembered(key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.chassis.identity.MAX_VERIFIED", 3)
    tokens = AccessTokens(FetchedKeys(Source(key).fetch))
    user = "018f0000-0000-7000-8000-000000000000"
    for number in range(10):
        await tokens.verify(key.sign(forge.right(user, jti=str(number))))
    assert len(tokens._verified) == 3
