"""Accounts: registered, logged in to, shown, changed; and their roles."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import grpc
import jwt
import pytest
from boxoffice.identity.v1 import identity_pb2 as pb

from services.identity.accounts import profiles
from tests.identity.house import PASSWORD, House, refused, register


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


async def test_a_users_phone_is_kept_whatever_else_changes_and_taken_away(house: House) -> None:
    token = (await house.somebody()).access_token
    given = await house.call("UpdateProfile", pb.UpdateProfileRequest(phone="+919876543210"), token=token)
    assert given.phone == "+919876543210" and given.name
    named = await house.call("UpdateProfile", pb.UpdateProfileRequest(name="Ravi"), token=token)
    assert (named.phone, named.name) == ("+919876543210", "Ravi")
    assert await house.call("GetProfile", pb.GetProfileRequest(), token=token) == named
    for wrong in ("9876543210", "+0123456789", "+91 98765", "+91987654321012345", "phone"):
        async with refused("INVALID_FIELD"):
            await house.call("UpdateProfile", pb.UpdateProfileRequest(phone=wrong), token=token)
    none = await house.call("UpdateProfile", pb.UpdateProfileRequest(phone=""), token=token)
    assert (none.phone, none.name) == ("", "Ravi")


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


async def test_an_admin_says_that_an_address_is_the_users_and_the_next_token_tells_it(house: House) -> None:
    admin, user = await house.somebody("ADMIN"), await house.registered()
    assert not user.email_verified
    tokens = await house.login(user.email)
    request = pb.SetEmailVerifiedRequest(user_id=user.id, email_verified=True)
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await house.call("SetEmailVerified", request, token=tokens.access_token)
    assert refusal.value.code() == grpc.StatusCode.PERMISSION_DENIED
    verified = await house.call("SetEmailVerified", request, token=admin.access_token)
    assert (verified.id, verified.email_verified) == (user.id, True)
    [first] = await house.db.fetch("SELECT email_verified_at AS at FROM users WHERE email_verified_at IS NOT NULL")
    assert await house.call("SetEmailVerified", request, token=admin.access_token) == verified
    [again] = await house.db.fetch("SELECT email_verified_at AS at FROM users WHERE email_verified_at IS NOT NULL")
    assert again.at == first.at
    found = await house.call("ListUsers", pb.ListUsersRequest(email=user.email), token=admin.access_token)
    assert list(found.users) == [verified]
    refreshed = await house.call("Refresh", pb.RefreshRequest(refresh_token=tokens.refresh_token))
    logged_in = await house.login(user.email)
    told = [_claims(each.access_token)["email_verified"] for each in (tokens, refreshed, logged_in)]
    assert told == [False, True, True]
    request.email_verified = False
    assert not (await house.call("SetEmailVerified", request, token=admin.access_token)).email_verified
    request.user_id = "018f0000-0000-7000-8000-000000000000"
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await house.call("SetEmailVerified", request, token=admin.access_token)
    assert refusal.value.code() == grpc.StatusCode.NOT_FOUND


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


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


async def test_contacts_are_those_of_users_who_have_an_account(house: House) -> None:
    known, other = await house.registered(), await house.registered()
    await profiles.verify_email(house.db, UUID(other.id), True)
    found = await profiles.contacts(house.db, [UUID(known.id), uuid4(), UUID(other.id)])
    assert {(user.email, user.email_verified_at is not None) for user in found} == {
        (known.email, False),
        (other.email, True),
    }
