"""Tokens: refreshed one by one, ended as families, kept by browsers; and the keys that sign them."""

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from boxoffice.identity.v1 import identity_pb2 as pb
from cryptography.exceptions import InvalidTag

from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.identity.keys import domain as rules
from services.identity.keys import keyring, renewal
from services.identity.keys.domain import LEAD, REST, KeyAge
from services.identity.keys.keyring import SigningKeys
from services.identity.keys.signing import Vault
from services.identity.tokens import cookies, families
from services.identity.tokens.families import shown
from services.identity.tokens.sealing import unseal
from tests.databases import move_clock
from tests.identity.house import PASSWORD, House, opened_house, refused

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def header_of(token: str) -> dict[str, Any]:
    return jwt.get_unverified_header(token)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


async def key_set(house: House) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((await house.call("GetJwks", pb.GetJwksRequest())).data)["keys"]
    return found


async def test_an_access_token_says_who_for_how_long_and_by_which_key(house: House) -> None:
    pair = await house.somebody("ORGANIZER")
    header, claims = header_of(pair.access_token), claims_of(pair.access_token)
    [public] = await key_set(house)
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": public["kid"]}
    of_the_user = {"sub", "roles", "organizations", "email_verified", "shown_name"}
    assert claims.keys() == {"iss", "aud", "iat", "exp", "jti", "family"} | of_the_user
    assert (claims["iss"], claims["aud"], claims["sub"]) == ("boxoffice-identity", "boxoffice", pair.user_id)
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert claims["roles"] == ["USER", "ORGANIZER"]
    assert claims["email_verified"] is False
    assert claims["shown_name"] == "Asha"
    assert public.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    jwt.decode(pair.access_token, jwt.PyJWK(public), algorithms=["ES256"], audience="boxoffice")


async def test_a_refresh_gives_the_next_pair_of_the_same_family(house: House) -> None:
    pair = await house.somebody()
    following = await house.refresh(pair)
    assert following.refresh_token != pair.refresh_token
    assert following.refresh_expires_at == pair.refresh_expires_at
    before, after = claims_of(pair.access_token), claims_of(following.access_token)
    assert (before["family"], before["sub"]) == (after["family"], after["sub"])
    assert before["jti"] != after["jti"]


async def test_a_refresh_token_that_comes_after_its_successor_was_used_ends_its_family_and_no_other(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    user = await house.registered()
    stolen, other = await house.login(user.email), await house.login(user.email)
    following = await house.refresh(await house.refresh(stolen))
    with caplog.at_level(logging.WARNING):
        async with refused("REFRESH_TOKEN_INVALID", "UNAUTHENTICATED"):
            await house.refresh(stolen)
    assert "came twice" in caplog.text
    assert stolen.refresh_token not in caplog.text
    async with refused("REFRESH_TOKEN_INVALID"):
        await house.refresh(following)
    await house.refresh(other)


async def test_a_refresh_token_that_comes_again_late_ends_its_family(house: House) -> None:
    pair = await house.somebody()
    following = await house.refresh(pair)
    await move_clock(house.db, "21 seconds")
    async with refused("REFRESH_TOKEN_INVALID"):
        await house.refresh(pair)
    async with refused("REFRESH_TOKEN_INVALID"):
        await house.refresh(following)


async def test_who_lost_the_answer_of_a_refresh_is_given_the_same_token_again(house: House) -> None:
    pair = await house.somebody()
    lost = await house.refresh(pair)
    await move_clock(house.db, "19 seconds")
    again = await house.refresh(pair)
    assert (again.refresh_token, again.refresh_expires_at) == (lost.refresh_token, lost.refresh_expires_at)
    before, after = claims_of(lost.access_token), claims_of(again.access_token)
    assert (before["family"], before["sub"]) == (after["family"], after["sub"])
    assert before["jti"] != after["jti"]
    # From then on it is as if it had been asked for once.
    following = await house.refresh(again)
    assert (await house.refresh(lost)).refresh_token == following.refresh_token
    await house.refresh(following)


async def test_ten_tabs_that_refresh_at_once_get_one_token_and_go_on(identity_db: Database) -> None:
    async with opened_house(identity_db) as first, opened_house(identity_db) as second:
        pair = await first.somebody()
        houses = (first, second) * 5
        for _ in range(3):
            answers = await asyncio.gather(*(house.refresh(pair) for house in houses))
            assert len({answer.refresh_token for answer in answers}) == 1
            pair = answers[0]
        [row] = await identity_db.fetch("SELECT count(*) AS tokens FROM refresh_tokens")
        assert row.tokens == 4


@pytest.mark.parametrize("end", ["LOGOUT", "PASSWORD"])
async def test_a_family_that_was_ended_meanwhile_gives_nothing_again(house: House, end: str) -> None:
    pair = await house.somebody()
    following = await house.refresh(pair)
    if end == "LOGOUT":
        await house.call("Logout", pb.LogoutRequest(refresh_token=following.refresh_token))
    else:
        request = pb.ChangePasswordRequest(current_password=PASSWORD, new_password="a new password")
        await house.call("ChangePassword", request, token=following.access_token)
    for used in (pair, following):
        async with refused("REFRESH_TOKEN_INVALID"):
            await house.refresh(used)
    [row] = await house.db.fetch("SELECT ended_by FROM token_families WHERE ended_by IS NOT NULL")
    assert row.ended_by == end


async def test_a_successor_is_kept_for_seconds_and_read_by_nobody_but_who_has_the_used_token(house: House) -> None:
    pair = await house.somebody()
    following = await house.refresh(pair)
    [kept] = await house.db.fetch("SELECT sealed FROM successors")
    assert following.refresh_token.encode() not in bytes(kept.sealed)
    assert unseal(pair.refresh_token, bytes(kept.sealed)) == following.refresh_token
    for other in (following.refresh_token, pair.refresh_token + "x"):
        with pytest.raises(InvalidTag):
            unseal(other, bytes(kept.sealed))
    assert await families.forget_successors(house.db) == 0
    await move_clock(house.db, "21 seconds")
    assert await families.forget_successors(house.db) == 1


async def test_logging_out_ends_the_family_and_may_be_repeated(house: House) -> None:
    pair = await house.somebody()
    following = await house.refresh(pair)
    for _ in range(2):
        await house.call("Logout", pb.LogoutRequest(refresh_token=following.refresh_token))
    async with refused("REFRESH_TOKEN_INVALID"):
        await house.refresh(following)
    await house.call("Logout", pb.LogoutRequest(refresh_token="unknown"))
    await house.call("Logout", pb.LogoutRequest())


@pytest.mark.parametrize("token", ["", "unknown", "x" * 100])
async def test_an_unknown_refresh_token_is_refused(house: House, token: str) -> None:
    async with refused("REFRESH_TOKEN_INVALID", "UNAUTHENTICATED"):
        await house.call("Refresh", pb.RefreshRequest(refresh_token=token))


async def test_a_family_ends_by_itself_and_is_forgotten(house: House) -> None:
    pair = await house.somebody()
    following = await house.refresh(pair)
    assert await families.forget(house.db) == 0
    await move_clock(house.db, "30 days")
    async with refused("REFRESH_TOKEN_INVALID"):
        await house.refresh(following)
    assert await families.forget(house.db) == 1
    assert await house.db.fetch("SELECT hash FROM refresh_tokens") == []


async def test_no_token_or_password_lies_in_the_database_as_it_is(house: House) -> None:
    pair = await house.somebody()
    following = await house.refresh(pair)
    request = pb.RegisterRequest(email="key@example.com", password=PASSWORD, idempotency_key="a-key")
    await house.call("Register", request)
    [key] = await house.db.fetch("SELECT id, private_key FROM signing_keys")
    private = house.vault.open(key.id, bytes(key.private_key)).private.private_numbers().private_value
    stored = []
    for table in (
        *("users", "token_families", "refresh_tokens", "successors", "familiar_networks"),
        *("signing_keys", "idempotency_keys"),
    ):
        rows = await house.db.fetch(f"SELECT t::text AS row FROM {table} t")
        assert rows, table
        stored += [row.row for row in rows]
    for secret in (PASSWORD, pair.refresh_token, following.refresh_token, pair.access_token):
        assert not any(secret in row or secret.encode().hex() in row for row in stored)
    assert not any(f"{private:064x}" in row for row in stored)


# --- The cookie


async def test_a_browser_keeps_the_refresh_token_where_scripts_cannot_read_it(house: House) -> None:
    user = await house.registered()
    call = house.stub.Login(pb.LoginRequest(email=user.email, password=PASSWORD))
    pair, metadata = await call, dict(await call.initial_metadata())
    cookie, *limits = str(metadata["set-cookie"]).split("; ")
    assert cookie == f"__Secure-refresh_token={pair.refresh_token}"
    assert limits == ["Max-Age=2592000", "Path=/api/v1/auth", "Secure", "HttpOnly", "SameSite=Strict"]
    assert metadata["cache-control"] == "no-store"

    sent = (("cookie", f"theme=dark; {cookie}"),)
    call = house.stub.Refresh(pb.RefreshRequest(), metadata=sent)
    following = await call
    assert f"={following.refresh_token};" in str(dict(await call.initial_metadata())["set-cookie"])

    call = house.stub.Logout(pb.LogoutRequest(), metadata=(("cookie", f"{cookies.NAME}={following.refresh_token}"),))
    await call
    assert str(dict(await call.initial_metadata())["set-cookie"]).startswith(f"{cookies.NAME}=; Max-Age=0; ")
    async with refused("REFRESH_TOKEN_INVALID"):
        await house.refresh(following)


# --- Keys


def test_a_key_is_published_before_it_signs_and_after() -> None:
    old, new = KeyAge("old", T0), KeyAge("new", T0 + timedelta(days=30))
    assert rules.signing([old], T0) == old, "the first key signs at once"
    both = [new, old]
    assert rules.signing(both, new.created_at + LEAD - timedelta(seconds=1)) == old
    assert rules.signing(both, new.created_at + LEAD) == new
    assert rules.outlived(both, new.created_at + LEAD + REST - timedelta(seconds=1)) == []
    assert rules.outlived(both, new.created_at + LEAD + REST) == [old]


def test_of_many_keys_made_in_a_row_those_that_signed_stay_as_long_as_their_tokens() -> None:
    ages = [KeyAge(str(minute), T0 + timedelta(minutes=minute)) for minute in range(0, 40, 10)]
    now = T0 + timedelta(minutes=40)
    assert rules.signing(ages, now).kid == "20"
    # "0" signed until 25, "10" until 35: their tokens are good until 40 and 50.
    assert [key.kid for key in rules.outlived(ages, now + timedelta(minutes=1))] == ["0"]


async def test_keys_are_renewed_without_a_token_that_anybody_doubts(house: House, identity_db: Database) -> None:
    first = await house.somebody()
    life = timedelta(days=30)
    assert await renewal.renew(identity_db, house.vault, life) == 0
    await move_clock(identity_db, "30 days")
    replicas = [renewal.renew(identity_db, house.vault, life) for _ in range(3)]
    assert sum(await asyncio.gather(*replicas)) == 1, "of several replicas one makes the next key"
    async with opened_house(identity_db) as another:
        published = [key["kid"] for key in await key_set(another)]
        assert len(published) == 2
        second = await another.somebody()
        assert header_of(second.access_token)["kid"] == header_of(first.access_token)["kid"] == published[0]
    await move_clock(identity_db, "30 days 15 minutes 1 second")
    async with opened_house(identity_db) as another:
        assert header_of((await another.somebody()).access_token)["kid"] == published[1]
        assert [key["kid"] for key in await key_set(another)] == published
    await move_clock(identity_db, "30 days 32 minutes")
    assert await renewal.renew(identity_db, house.vault, life) == 1
    async with opened_house(identity_db) as another:
        assert [key["kid"] for key in await key_set(another)] == published[1:]


async def test_revoked_keys_are_gone_at_once(house: House, identity_db: Database) -> None:
    pair = await house.somebody()
    kid = await renewal.revoke(identity_db, house.vault)
    async with opened_house(identity_db) as another:
        assert [key["kid"] for key in await key_set(another)] == [kid]
        async with refused("UNAUTHENTICATED", "UNAUTHENTICATED"):
            await another.call("GetProfile", pb.GetProfileRequest(), token=pair.access_token)
        following = await another.refresh(pair)
        await another.call("GetProfile", pb.GetProfileRequest(), token=following.access_token)


async def test_keys_are_not_read_with_another_secret_nor_under_another_id(house: House, identity_db: Database) -> None:
    other = Vault("another secret of the same length, more or less")
    with pytest.raises(Failure, match="SIGNING_KEY_SECRET"):
        await SigningKeys(identity_db, other).start(timedelta(days=30))
    await identity_db.execute("UPDATE signing_keys SET id = 'mine'")
    with pytest.raises(Failure, match="SIGNING_KEY_SECRET"):
        await SigningKeys(identity_db, house.vault).start(timedelta(days=30))


async def test_a_key_never_shows_its_private_half(house: House) -> None:
    [row] = await house.db.fetch("SELECT id, private_key FROM signing_keys")
    key = house.vault.open(row.id, bytes(row.private_key))
    assert "private" not in repr(key).lower() or "EllipticCurve" not in repr(key)
    assert "d" not in key.public_jwk()


async def test_the_key_set_says_how_long_it_may_be_kept(house: House) -> None:
    call = house.stub.GetJwks(pb.GetJwksRequest())
    answer = await call
    assert answer.content_type == "application/jwk-set+json"
    assert dict(await call.initial_metadata())["cache-control"] == "public, max-age=300"


def test_nobody_keeps_keys_for_longer_than_a_new_one_waits() -> None:
    from gateway.auth import KEYS_SECONDS as OF_THE_GATEWAY
    from services.chassis.wire.keys import ALL_KNOWN_SECONDS, KEYS_WAIT_SECONDS
    from services.identity.rpc import KEY_SET_SECONDS

    longest = keyring.KEPT_SECONDS + KEY_SET_SECONDS + max(KEYS_WAIT_SECONDS, OF_THE_GATEWAY)
    assert timedelta(seconds=longest) < LEAD
    # Nor takes a service keys for complete for longer.
    assert timedelta(seconds=keyring.KEPT_SECONDS + ALL_KNOWN_SECONDS) < LEAD


def test_of_a_name_others_are_shown_the_first_and_the_last_ones_initial() -> None:
    for name, expected in (
        ("Asha", "Asha"),
        ("Asha Rao", "Asha R."),
        ("Asha  Devi Rao", "Asha R."),
        ("आशा राव", "आशा र."),
        ("", ""),
        ("x" * 100 + " Y", "x" * 40 + " Y."),
    ):
        assert shown(name) == expected
