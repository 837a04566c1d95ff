"""Attempts: how often passwords may be tried, by whom, from where; and accounts made from one address."""

import asyncio
from typing import Any

import pytest
from boxoffice.identity.v1 import identity_pb2 as pb

from services.chassis.store.database import Database
from services.identity.attempts import operation as attempts
from tests.databases import move_clock
from tests.identity.house import PASSWORD, House, opened_house, refused, register, settings

HOME, ELSEWHERE = "203.0.113.7", "203.0.113.8"


def at(address: str) -> tuple[tuple[str, str], ...]:
    return (("x-client-address", address),)


async def guess(house: House, email: str, times: int, **kwargs: Any) -> None:
    """Try a wrong password so often, each time in vain."""
    for _ in range(times):
        async with refused("LOGIN_FAILED", "UNAUTHENTICATED"):
            await house.login(email, "not the password", **kwargs)


async def test_an_account_can_be_tried_so_often_from_a_network_and_then_has_to_wait(house: House) -> None:
    user = await house.registered()
    for email in (user.email, "nobody@example.com"):
        await guess(house, email, 10, metadata=at(HOME))
        async with refused("TOO_MANY_ATTEMPTS", "RESOURCE_EXHAUSTED") as refusal:
            await house.login(email, PASSWORD, metadata=at(HOME))
        assert 60 < refusal.failure.retry_after_seconds <= 90
    await move_clock(house.db, "91 seconds")
    await house.login(user.email, metadata=at(HOME))
    # The right password makes good for the wrong ones.
    await guess(house, user.email, 10, metadata=at(HOME))


async def test_an_account_can_be_tried_so_often_from_all_networks_together(house: House) -> None:
    user = await house.registered()
    await guess(house, user.email, 30)  # each from another address
    async with refused("TOO_MANY_ATTEMPTS", "RESOURCE_EXHAUSTED") as refusal:
        await house.login(user.email)
    assert 1 <= refusal.failure.retry_after_seconds <= 30
    await move_clock(house.db, "31 seconds")
    await house.login(user.email)


@pytest.mark.parametrize("guesses", [10, 30, 31])
async def test_whoever_guesses_from_elsewhere_does_not_keep_the_owner_out_of_home(house: House, guesses: int) -> None:
    user = await house.registered()
    await house.login(user.email, metadata=at(HOME))
    answers = await asyncio.gather(
        *(house.login(user.email, "not the password") for _ in range(guesses)), return_exceptions=True
    )
    assert not any(isinstance(answer, pb.Tokens) for answer in answers)
    await guess(house, user.email, 1, metadata=at(HOME))
    await house.login(user.email, metadata=at(HOME))


async def test_ten_wrong_passwords_from_one_network_keep_nobody_out_of_any_other(house: House) -> None:
    user = await house.registered()
    await guess(house, user.email, 10, metadata=at(ELSEWHERE))
    await house.login(user.email, metadata=at(HOME))


async def test_a_network_is_familiar_for_as_long_as_it_is_used(house: House) -> None:
    user = await house.registered()
    await house.login(user.email, metadata=at(HOME))
    assert await attempts.forget_networks(house.db) == 0
    await move_clock(house.db, "80 days")
    await house.login(user.email, metadata=at(HOME))
    await move_clock(house.db, "160 days")
    assert await attempts.forget_networks(house.db) == 0
    await guess(house, user.email, 30)
    await house.login(user.email, metadata=at(HOME))
    await move_clock(house.db, "251 days")
    await guess(house, user.email, 30)
    async with refused("TOO_MANY_ATTEMPTS"):
        await house.login(user.email, metadata=at(HOME))
    assert await attempts.forget_networks(house.db) == 1


async def test_twenty_four_right_logins_at_once_all_succeed(house: House) -> None:
    user = await house.registered()
    answers = await asyncio.gather(*(house.login(user.email, metadata=at(HOME)) for _ in range(24)))
    assert len({answer.refresh_token for answer in answers}) == 24


async def test_of_many_guesses_at_once_no_more_are_answered_than_are_allowed(identity_db: Database) -> None:
    async with opened_house(identity_db) as first, opened_house(identity_db) as second:
        user = await first.registered()
        tried = [
            house.login(user.email, f"wrong {number}", metadata=at(HOME))
            for number in range(20)
            for house in (first, second)
        ]
        answers = await asyncio.gather(*tried, return_exceptions=True)
        assert sum("No account has this" in str(answer) for answer in answers) == 10
        assert sum("Too many attempts" in str(answer) for answer in answers) == 30


async def test_a_hundred_and_fifty_visitors_behind_one_address_register_and_log_in(house: House) -> None:
    passed = asyncio.Semaphore(16)

    async def visit(number: int) -> pb.Tokens:
        async with passed:
            await house.call("Register", register(f"visitor{number}@example.com"), metadata=at(HOME))
            return await house.login(f"visitor{number}@example.com", metadata=at(HOME))

    answers = await asyncio.gather(*map(visit, range(150)))
    assert len({answer.user_id for answer in answers}) == 150


async def test_an_address_can_try_so_often_whatever_it_tries(identity_db: Database) -> None:
    async with opened_house(identity_db, attempts_per_address=5) as house:
        user, regular = await house.registered(), await house.registered()
        await house.login(regular.email, metadata=at(HOME))
        for number in range(4):
            await guess(house, f"somebody{number}@example.com", 1, metadata=at(HOME))
        async with refused("EMAIL_TAKEN"):  # by which addresses that have accounts could be found out
            await house.call("Register", register(user.email), metadata=at(HOME))
        for _ in range(2):
            async with refused("TOO_MANY_ATTEMPTS"):
                await house.login(user.email, metadata=at(HOME))
            async with refused("TOO_MANY_ATTEMPTS"):
                await house.call("Register", register("other@example.com"), metadata=at(HOME))
        # Who is known here is not kept out by a neighbour.
        await house.login(regular.email, metadata=at(HOME))
        await house.login(user.email, metadata=at(ELSEWHERE))


async def test_one_address_makes_so_many_accounts_and_no_more(identity_db: Database) -> None:
    async with opened_house(identity_db, registrations_per_address=3) as house:
        requests = [
            house.call("Register", register(f"new{number}@example.com"), metadata=at(HOME)) for number in range(8)
        ]
        answers = await asyncio.gather(*requests, return_exceptions=True)
        made = [answer for answer in answers if isinstance(answer, pb.User)]
        assert len(made) == 3
        assert sum("Too many attempts" in str(answer) for answer in answers) == 5
        [row] = await house.db.fetch("SELECT count(*) AS users FROM users")
        assert row.users == 3
        # Who has an account logs in all the same, and others register elsewhere.
        await house.login(made[0].email, metadata=at(HOME))
        await house.call("Register", register("other@example.com"), metadata=at(ELSEWHERE))


async def test_asking_again_with_the_key_of_a_registration_counts_once(identity_db: Database) -> None:
    async with opened_house(identity_db, registrations_per_address=2) as house:
        request = register("asha@example.com", idempotency_key="once")
        first = await house.call("Register", request, metadata=at(HOME))
        assert await house.call("Register", request, metadata=at(HOME)) == first
        await house.call("Register", register("ravi@example.com"), metadata=at(HOME))


async def test_who_is_logged_in_may_change_the_password_whoever_guesses_it(house: House) -> None:
    user = await house.registered()
    tokens = await house.login(user.email)
    await asyncio.gather(*(house.login(user.email, "not the password") for _ in range(31)), return_exceptions=True)
    request = pb.ChangePasswordRequest(current_password=PASSWORD, new_password="a new password")
    await house.call("ChangePassword", request, token=tokens.access_token)


async def test_whoever_has_stolen_a_token_cannot_try_passwords_for_long(house: House) -> None:
    tokens = await house.somebody()
    wrong = pb.ChangePasswordRequest(current_password="not the password", new_password="a new password")
    for _ in range(10):
        async with refused("PASSWORD_WRONG"):
            await house.call("ChangePassword", wrong, token=tokens.access_token)
    right = pb.ChangePasswordRequest(current_password=PASSWORD, new_password="a new password")
    async with refused("TOO_MANY_ATTEMPTS"):
        await house.call("ChangePassword", right, token=tokens.access_token)


@pytest.mark.parametrize(
    ("here", "there", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::3", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
    ],
)
async def test_an_ipv6_network_is_one_address_and_an_ipv4_address_one_however_it_is_written(
    identity_db: Database, here: str, there: str, same: bool
) -> None:
    async with opened_house(identity_db, attempts_per_address=2) as house:
        await guess(house, "a@example.com", 2, metadata=at(here))
        async with refused("TOO_MANY_ATTEMPTS" if same else "LOGIN_FAILED"):
            await house.login("b@example.com", metadata=at(there))


async def test_attempts_that_count_for_nothing_are_forgotten(house: House) -> None:
    for number in range(3):
        await guess(house, f"somebody{number}@example.com", 1)
    assert await attempts.forget(house.db) == 0
    await move_clock(house.db, "16 minutes")
    assert await attempts.forget(house.db) == 9
    assert await attempts.forget(house.db) == 0


async def test_one_network_takes_half_of_the_places_and_no_more(identity_db: Database) -> None:
    async with opened_house(identity_db, hash_threads=1, hash_queue=7) as house:
        user = await house.registered()
        flood = [house.login(user.email, metadata=at(ELSEWHERE)) for _ in range(30)]
        others = [house.login(user.email) for _ in range(4)]
        answers = await asyncio.gather(*flood, *others, return_exceptions=True)
        assert any("Too much is going on" in str(answer) for answer in answers[:30])
        assert not any("Too many attempts" in str(answer) for answer in answers)
        assert [type(answer) for answer in answers[30:]] == [pb.Tokens] * 4


def test_production_is_told_how_many_proxies_there_are() -> None:
    given = {"environment": "production", "auth": "on", "tls_ca_file": "a", "tls_cert_file": "b", "tls_key_file": "c"}
    for unset in ({}, {"trusted_proxies": None}, {"trusted_proxies": ""}):
        with pytest.raises(ValueError, match="TRUSTED_PROXIES is not set"):
            settings(**given, **unset)
    for proxies in (0, "0", 2):
        assert settings(**given, trusted_proxies=proxies).trusted_proxies == int(proxies)
    assert settings().trusted_proxies is None


@pytest.mark.parametrize(
    ("trusted", "forwarded_for", "warned"),
    [
        (None, "198.51.100.1,10.0.0.1", True),
        (0, "198.51.100.1, 10.0.0.1", True),
        (None, "10.0.0.1", False),
        (1, "198.51.100.1,10.0.0.1", False),
    ],
)
async def test_a_proxy_that_nobody_told_of_is_told_of_loudly_and_not_often(
    identity_db: Database, caplog: pytest.LogCaptureFixture, trusted: int | None, forwarded_for: str, warned: bool
) -> None:
    async with opened_house(identity_db, trusted_proxies=trusted) as house:
        for _ in range(3):
            await guess(house, "a@example.com", 1, metadata=(("x-forwarded-for", forwarded_for),))
    assert caplog.text.count("TRUSTED_PROXIES IS 0") == int(warned)


async def test_more_passwords_than_can_wait_are_refused(identity_db: Database) -> None:
    async with opened_house(identity_db, hash_threads=1, hash_queue=1, attempts_per_account=1000) as house:
        user = await house.registered()
        answers = await asyncio.gather(*(house.login(user.email) for _ in range(20)), return_exceptions=True)
        let_in = [answer for answer in answers if isinstance(answer, pb.Tokens)]
        assert 1 <= len(let_in) < 20
        for answer in answers:
            if not isinstance(answer, pb.Tokens):
                assert "RESOURCE_EXHAUSTED" in str(answer)
        # Who was refused, or left, took nobody's place for good.
        await house.login(user.email)
