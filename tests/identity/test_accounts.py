"""Accounts: registered, logged in to, shown, changed; and what is told to whom about them."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from boxoffice.identity.v1 import identity_pb2 as pb

from services.chassis.store.database import Database
from services.identity.attempts import operation as attempts
from tests.databases import move_clock
from tests.identity.house import PASSWORD, House, opened_house, refused, settings


def register(email: str, password: str = PASSWORD, **fields: str) -> pb.RegisterRequest:
    return pb.RegisterRequest(email=email, password=password, **fields)


async def test_who_registers_can_log_in_and_is_a_user(house: House) -> None:
    user = await house.call("Register", register("asha@example.com", name="Asha"))
    assert (user.email, user.name, list(user.roles)) == ("asha@example.com", "Asha", [pb.User.USER])
    assert UUID(user.id).version == 7
    tokens = await house.login("asha@example.com")
    assert (tokens.token_type, tokens.expires_in, tokens.user_id) == ("Bearer", 900, user.id)
    assert await house.call("GetProfile", pb.GetProfileRequest(), token=tokens.access_token) == user


WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "asha") + "@example.com"


@pytest.mark.parametrize("typed", ["ASHA@Example.com", "  asha@example.com\n", WIDE])
async def test_an_address_is_one_however_it_is_typed(house: House, typed: str) -> None:
    await house.call("Register", register("asha@example.com"))
    await house.login(typed)
    async with refused("EMAIL_TAKEN", "ALREADY_EXISTS"):
        await house.call("Register", register(typed))


@pytest.mark.parametrize("email", ["asha", "asha@", "@example.com", "a b@example.com", "a@b@c", "x" * 251 + "@y.z"])
async def test_what_is_no_address_is_refused(house: House, email: str) -> None:
    async with refused("INVALID_FIELD", "INVALID_ARGUMENT"):
        await house.call("Register", register(email))


@pytest.mark.parametrize("email", ["ﷺ" * 40 + "@example.com", "a\u2100b\ufe6b@example.com"])
async def test_what_is_no_address_once_it_is_normal_is_refused(house: House, email: str) -> None:
    # Letters that become many, or an @, in normal form.
    async with refused("INVALID_FIELD", "INVALID_ARGUMENT"):
        await house.call("Register", register(email))


@pytest.mark.parametrize("password", ["        ", "ünïcödé pässwörd", "日本語のパスワード", "x" * 128, "12345678"])
async def test_a_password_of_any_letters_will_do(house: House, password: str) -> None:
    user = await house.call("Register", register("asha@example.com", password))
    assert (await house.login(user.email, password)).user_id == user.id


async def test_a_password_is_the_same_from_every_keyboard(house: House) -> None:
    await house.call("Register", register("asha@example.com", "cafe\u0301 au lait"))
    await house.login("asha@example.com", "caf\u00e9 au lait")


@pytest.mark.parametrize("password", ["", "1234567", "x" * 129, "1234567\0"])
async def test_a_password_too_short_or_too_long_is_refused(house: House, password: str) -> None:
    async with refused("INVALID_FIELD") as refusal:
        await house.call("Register", register("asha@example.com", password))
    assert "x" * 20 not in refusal.failure.message


async def test_an_unknown_address_and_a_wrong_password_are_told_alike(house: House) -> None:
    user = await house.registered()
    answers = []
    for email, password in ((user.email, "not the password"), ("nobody@example.com", PASSWORD)):
        async with refused("LOGIN_FAILED", "UNAUTHENTICATED") as refusal:
            await house.login(email, password)
        answers.append((refusal.failure.message, refusal.failure.metadata, refusal.metadata.keys()))
    assert answers[0] == answers[1]


async def test_an_unknown_address_is_as_much_work_as_a_wrong_password(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await house.registered()
    hashed = []
    run = type(house.passwords)._run

    async def counted(self: Any, work: Any, network: str) -> Any:
        hashed.append(work)
        return await run(self, work, network)

    monkeypatch.setattr(type(house.passwords), "_run", counted)
    counts = []
    for email in (user.email, "nobody@example.com"):
        hashed.clear()
        async with refused("LOGIN_FAILED"):
            await house.login(email, "not the password")
        counts.append(len(hashed))
    for email in ("new@example.com", user.email):
        hashed.clear()
        await asyncio.gather(house.call("Register", register(email)), return_exceptions=True)
        counts.append(len(hashed))
    assert counts == [1, 1, 1, 1]


async def test_twenty_who_register_one_address_at_once_make_one_account(house: House) -> None:
    requests = [house.call("Register", register("asha@example.com")) for _ in range(20)]
    answers = await asyncio.gather(*requests, return_exceptions=True)
    assert sum(isinstance(answer, pb.User) for answer in answers) == 1
    [row] = await house.db.fetch("SELECT count(*) AS users FROM users")
    assert row.users == 1


async def test_registering_with_a_key_gives_one_answer_and_keeps_no_trace_of_the_password(house: House) -> None:
    request = register("asha@example.com", idempotency_key="once")
    first = await house.call("Register", request)
    assert await house.call("Register", request) == first
    async with refused("IDEMPOTENCY_KEY_REUSED"):
        await house.call("Register", register("asha@example.com", "another password", idempotency_key="once"))


async def test_what_a_user_is_called_can_be_changed_and_left(house: House) -> None:
    tokens = await house.somebody()
    renamed = await house.call("UpdateProfile", pb.UpdateProfileRequest(name="Ravi"), token=tokens.access_token)
    assert renamed.name == "Ravi"
    same = await house.call("UpdateProfile", pb.UpdateProfileRequest(), token=tokens.access_token)
    assert same == renamed
    none = await house.call("UpdateProfile", pb.UpdateProfileRequest(name=""), token=tokens.access_token)
    assert none.name == ""


async def test_a_new_password_ends_what_the_old_one_began(house: House) -> None:
    user = await house.registered()
    here, elsewhere = await house.login(user.email), await house.login(user.email)
    request = pb.ChangePasswordRequest(current_password=PASSWORD, new_password="a new password")
    tokens = await house.call("ChangePassword", request, token=here.access_token)
    for old in (here, elsewhere):
        async with refused("REFRESH_TOKEN_INVALID", "UNAUTHENTICATED"):
            await house.refresh(old)
    await house.refresh(tokens)
    async with refused("LOGIN_FAILED"):
        await house.login(user.email)
    await house.login(user.email, "a new password")


async def test_a_new_password_takes_the_present_one(house: House) -> None:
    tokens = await house.somebody()
    request = pb.ChangePasswordRequest(current_password="not the password", new_password="a new password")
    async with refused("PASSWORD_WRONG", "FAILED_PRECONDITION"):
        await house.call("ChangePassword", request, token=tokens.access_token)
    await house.refresh(tokens)


# --- Attempts


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


# --- Roles


async def test_an_admin_finds_people_and_gives_and_takes_roles(house: House) -> None:
    admin, user = await house.somebody("ADMIN"), await house.registered()
    found = await house.call("ListUsers", pb.ListUsersRequest(email=user.email.upper()), token=admin.access_token)
    assert list(found.users) == [user]
    both = pb.SetRolesRequest(user_id=user.id, roles=[pb.User.ORGANIZER, pb.User.ADMIN])
    made = await house.call("SetRoles", both, token=admin.access_token)
    assert list(made.roles) == [pb.User.USER, pb.User.ORGANIZER, pb.User.ADMIN]
    none = await house.call(
        "SetRoles", pb.SetRolesRequest(user_id=user.id, roles=[pb.User.USER]), token=admin.access_token
    )
    assert list(none.roles) == [pb.User.USER]


async def test_a_list_has_pages(house: House) -> None:
    admin = await house.somebody("ADMIN")
    users = [await house.registered() for _ in range(4)]
    first = await house.call("ListUsers", pb.ListUsersRequest(page_size=3), token=admin.access_token)
    assert [user.id for user in first.users] == [user.id for user in reversed(users[1:])]
    rest = pb.ListUsersRequest(page_size=3, page_token=first.next_page_token)
    second = await house.call("ListUsers", rest, token=admin.access_token)
    assert [user.id for user in second.users] == [users[0].id, admin.user_id]
    assert second.next_page_token == ""


@pytest.mark.parametrize("role", ["", "ORGANIZER"])
async def test_nobody_else_may(house: House, role: str) -> None:
    tokens = await house.somebody(*([role] if role else []))
    for name, request in (
        ("ListUsers", pb.ListUsersRequest()),
        ("SetRoles", pb.SetRolesRequest(user_id=tokens.user_id, roles=[pb.User.ADMIN])),
    ):
        async with refused("PERMISSION_DENIED", "PERMISSION_DENIED"):
            await house.call(name, request, token=tokens.access_token)
        async with refused("UNAUTHENTICATED", "UNAUTHENTICATED") as refusal:
            await house.call(name, request)
        assert refusal.metadata["www-authenticate"] == 'Bearer realm="boxoffice"'


async def test_there_is_always_an_admin_whoever_revokes_whom_at_once(house: House) -> None:
    one, other = await house.somebody("ADMIN"), await house.somebody("ADMIN")
    answers = await asyncio.gather(
        house.call("SetRoles", pb.SetRolesRequest(user_id=other.user_id, roles=[pb.User.USER]), token=one.access_token),
        house.call("SetRoles", pb.SetRolesRequest(user_id=one.user_id, roles=[pb.User.USER]), token=other.access_token),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, pb.User) for answer in answers) == 1
    [row] = await house.db.fetch("SELECT count(*) AS admins FROM users WHERE 'ADMIN' = ANY (roles)")
    assert row.admins == 1


async def test_the_roles_of_nobody_cannot_be_set(house: House) -> None:
    admin = await house.somebody("ADMIN")
    absent = pb.SetRolesRequest(user_id="018f0000-0000-7000-8000-000000000000", roles=[pb.User.ADMIN])
    async with refused("USER_NOT_FOUND", "NOT_FOUND"):
        await house.call("SetRoles", absent, token=admin.access_token)


async def test_a_role_is_in_the_tokens_from_the_next_refresh_on(house: House) -> None:
    admin, user = await house.somebody("ADMIN"), await house.somebody()
    request = pb.SetRolesRequest(user_id=user.user_id, roles=[pb.User.ADMIN])
    await house.call("SetRoles", request, token=admin.access_token)
    async with refused("PERMISSION_DENIED"):
        await house.call("ListUsers", pb.ListUsersRequest(), token=user.access_token)
    refreshed = await house.refresh(user)
    await house.call("ListUsers", pb.ListUsersRequest(), token=refreshed.access_token)
