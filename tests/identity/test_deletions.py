"""Accounts are deleted by who knows the password, unless something is open; nothing is left of them but the id."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import pytest
from boxoffice.identity.v1 import identity_pb2 as pb
from boxoffice.identity.v1 import organizations_pb2 as orgs
from boxoffice.policy.v1 import policy_pb2

from services.booking.errors import BookingToCome, PaymentOpen
from services.chassis.errors import Failure
from services.chassis.sight import faults
from tests.databases import move_clock
from tests.identity.house import PASSWORD, House, refused, register

OWNER = policy_pb2.Membership.OWNER
FORGOTTEN = ["booking", "inventory"]


async def delete(house: House, tokens: pb.Tokens, password: str = PASSWORD) -> None:
    await house.call("DeleteAccount", pb.DeleteAccountRequest(password=password), token=tokens.access_token)


async def rows(house: House, table: str, column: str, user_id: str) -> list[Any]:
    return list(await house.db.fetch(f"SELECT * FROM {table} WHERE {column} = %(id)s", {"id": UUID(user_id)}))


async def carried_on(house: House) -> None:
    """Have everything done that is due."""
    while await house.deletions.carry_on_once():
        pass


def forgotten_by(house: House, user_id: str) -> list[str]:
    return [who for who, whom in house.peers.forgotten if whom == user_id]


async def is_empty(house: House, user_id: str) -> bool:
    [user] = await rows(house, "users", "id", user_id)
    kept = (user.email, user.name, user.password_hash, user.phone, user.email_verified_at, user.roles)
    return user.deleted_at is not None and kept == (None, "", None, "", None, ["USER"])


async def test_of_a_deleted_account_nothing_is_left_but_its_id(house: House) -> None:
    made = register("asha@example.com", name="Asha Rao", idempotency_key="once")
    user = await house.call("Register", made)
    tokens = await house.login("asha@example.com")
    profile = pb.UpdateProfileRequest(phone="+919876543210")
    await house.call("UpdateProfile", profile, token=tokens.access_token)
    other = await house.somebody("ORGANIZER")
    named = orgs.CreateOrganizationRequest(name="Regal", idempotency_key="o")
    regal = await house.call("CreateOrganization", named, token=other.access_token)
    add = orgs.AddMemberRequest(organization_id=regal.id, email="asha@example.com", role=OWNER)
    await house.call("AddMember", add, token=(await house.call("Refresh", refresh(other))).access_token)

    await delete(house, tokens)

    assert await is_empty(house, user.id)
    assert forgotten_by(house, user.id) == FORGOTTEN
    assert await rows(house, "members", "user_id", user.id) == []
    assert [family.ended_by for family in await rows(house, "token_families", "user_id", user.id)] == ["LOGOUT"]
    kept = await house.db.fetch("SELECT answer FROM idempotency_keys")
    assert len(kept) == 1, "that of the other user"
    assert not [row for row in kept if b"asha" in bytes(row.answer)]


def refresh(tokens: pb.Tokens) -> pb.RefreshRequest:
    return pb.RefreshRequest(refresh_token=tokens.refresh_token)


async def test_a_deleted_address_is_as_unknown_and_may_be_registered_anew_as_another_account(house: House) -> None:
    made = register("asha@example.com", idempotency_key="once")
    user = await house.call("Register", made)
    tokens = await house.login("asha@example.com")
    await delete(house, tokens)
    async with refused("LOGIN_FAILED", "UNAUTHENTICATED") as deleted:
        await house.login("asha@example.com")
    async with refused("LOGIN_FAILED", "UNAUTHENTICATED") as unknown:
        await house.login("nobody@example.com")
    assert deleted.failure.message == unknown.failure.message
    async with refused("REFRESH_TOKEN_INVALID"):
        await house.call("Refresh", refresh(tokens))
    again = await house.call("Register", made)
    assert again.id != user.id
    assert (await house.login("asha@example.com")).user_id == again.id
    assert await is_empty(house, user.id)


async def test_who_has_a_token_still_does_nothing_with_a_deleted_account(house: House) -> None:
    tokens = await house.somebody("ORGANIZER")
    other = await house.somebody("ADMIN")
    await delete(house, tokens)
    await delete(house, tokens, "what is deleted is deleted")
    for name, request in (
        ("GetProfile", pb.GetProfileRequest()),
        ("UpdateProfile", pb.UpdateProfileRequest(name="Asha")),
        ("ChangePassword", pb.ChangePasswordRequest(current_password=PASSWORD, new_password=PASSWORD + "s")),
        ("CreateOrganization", orgs.CreateOrganizationRequest(name="Regal")),
    ):
        async with refused("USER_NOT_FOUND", "NOT_FOUND"):
            await house.call(name, request, token=tokens.access_token)
    for name, request in (
        ("SetRoles", pb.SetRolesRequest(user_id=tokens.user_id, roles=[pb.User.ORGANIZER])),
        ("SetEmailVerified", pb.SetEmailVerifiedRequest(user_id=tokens.user_id, email_verified=True)),
    ):
        async with refused("USER_NOT_FOUND", "NOT_FOUND"):
            await house.call(name, request, token=other.access_token)
    listed = await house.call("ListUsers", pb.ListUsersRequest(), token=other.access_token)
    assert [user.id for user in listed.users] == [other.user_id]
    assert await is_empty(house, tokens.user_id)


async def test_it_takes_the_password_which_cannot_be_guessed(house: House) -> None:
    tokens = await house.somebody()
    for _ in range(10):
        async with refused("PASSWORD_WRONG", "FAILED_PRECONDITION"):
            await delete(house, tokens, "wrong")
    async with refused("TOO_MANY_ATTEMPTS"):
        await delete(house, tokens)
    assert house.peers.closed == set()
    async with refused("UNAUTHENTICATED"):
        await house.call("DeleteAccount", pb.DeleteAccountRequest(password=PASSWORD))


@pytest.mark.parametrize("why", [BookingToCome(booking_id="b"), PaymentOpen()])
async def test_what_is_open_elsewhere_refuses_it_and_nothing_changes(house: House, why: Failure) -> None:
    tokens = await house.somebody()
    house.peers.refusal = why
    async with refused(why.reason, "FAILED_PRECONDITION") as refusal:
        await delete(house, tokens)
    assert refusal.failure.metadata == why.metadata
    assert await rows(house, "deletions", "user_id", tokens.user_id) == []
    assert (await house.call("Refresh", refresh(tokens))).user_id == tokens.user_id
    house.peers.refusal = None
    await delete(house, tokens)
    assert await is_empty(house, tokens.user_id)


async def test_the_last_owner_and_the_last_admin_stay(house: House) -> None:
    tokens, other = await house.somebody("ORGANIZER"), await house.somebody()
    regal = await house.call(
        "CreateOrganization", orgs.CreateOrganizationRequest(name="Regal"), token=tokens.access_token
    )
    async with refused("LAST_OWNER", "FAILED_PRECONDITION") as refusal:
        await delete(house, tokens)
    assert refusal.failure.metadata == {"organization_id": regal.id}
    assert house.peers.closed == set(), "booking is not asked"
    put = "INSERT INTO members VALUES (%s, %s, 'OWNER', now())"
    await house.db.execute(put, (regal.id, other.user_id))
    await delete(house, tokens)
    assert [str(row.user_id) for row in await house.db.fetch("SELECT user_id FROM members")] == [other.user_id]

    admin = await house.somebody("ADMIN")
    async with refused("LAST_ADMIN", "FAILED_PRECONDITION"):
        await delete(house, admin)
    await house.somebody("ADMIN")
    await delete(house, admin)


async def test_who_becomes_the_last_owner_meanwhile_stays(house: House) -> None:
    tokens = await house.somebody()

    async def found(user_id: str) -> None:
        await house.db.execute("INSERT INTO organizations VALUES (gen_random_uuid(), 'Regal', now())")
        put = "INSERT INTO members SELECT id, %s, 'OWNER', now() FROM organizations"
        await house.db.execute(put, (user_id,))

    house.peers.while_closing = found
    async with refused("LAST_OWNER"):
        await delete(house, tokens)
    assert await rows(house, "deletions", "user_id", tokens.user_id) == []
    assert (await house.call("GetProfile", pb.GetProfileRequest(), token=tokens.access_token)).name == "Asha"


async def test_of_two_owners_who_leave_at_once_one_stays(house: House) -> None:
    for _ in range(5):
        pair = [await house.somebody(), await house.somebody()]
        [regal] = await house.db.fetch(
            "INSERT INTO organizations VALUES (gen_random_uuid(), 'Regal', now()) RETURNING id"
        )
        for tokens in pair:
            put = "INSERT INTO members VALUES (%s, %s, 'OWNER', now())"
            await house.db.execute(put, (regal.id, tokens.user_id))
        answers = await asyncio.gather(*(delete(house, tokens) for tokens in pair), return_exceptions=True)
        assert None in answers, answers
        await move_clock(house.db, "31 seconds")
        await carried_on(house)
        assert len(await rows(house, "members", "organization_id", str(regal.id))) == 1
        await move_clock(house.db, "0 seconds")


async def test_who_asks_twice_at_once_is_deleted_once(house: House) -> None:
    tokens = await house.somebody()
    answers = await asyncio.gather(*(delete(house, tokens) for _ in range(4)), return_exceptions=True)
    assert None in answers
    await delete(house, tokens)
    assert len(await rows(house, "deletions", "user_id", tokens.user_id)) == 1


async def test_services_forget_again_when_no_token_lives_any_more(house: House) -> None:
    tokens = await house.somebody()
    await delete(house, tokens)
    await carried_on(house)
    assert forgotten_by(house, tokens.user_id) == FORGOTTEN
    await move_clock(house.db, "15 minutes")
    await carried_on(house)
    assert forgotten_by(house, tokens.user_id) == FORGOTTEN
    await move_clock(house.db, "17 minutes")
    await carried_on(house)
    assert forgotten_by(house, tokens.user_id) == FORGOTTEN * 2
    [deletion] = await rows(house, "deletions", "user_id", tokens.user_id)
    assert deletion.done_at is not None
    await move_clock(house.db, "1 day")
    assert await house.deletions.carry_on_once() == 0


@pytest.mark.parametrize("away", ["booking", "inventory"])
async def test_a_deletion_waits_for_whoever_is_away(house: House, away: str) -> None:
    tokens = await house.somebody()
    house.peers.away = {away}
    if away == "booking":
        async with refused("UNAVAILABLE"):
            await delete(house, tokens)
        assert not await is_empty(house, tokens.user_id)
        async with refused("REQUEST_IN_PROGRESS", "ABORTED"):
            await delete(house, tokens)
    else:
        await delete(house, tokens)
        assert await is_empty(house, tokens.user_id)
    await move_clock(house.db, "31 seconds")
    assert await house.deletions.carry_on_once() == 1
    house.peers.away = set()
    await move_clock(house.db, "70 seconds")
    await carried_on(house)
    assert await is_empty(house, tokens.user_id)
    assert forgotten_by(house, tokens.user_id)[-2:] == FORGOTTEN


class Killed(Exception):
    """The process has ended here."""


_victim: ContextVar[bool] = ContextVar("victim", default=False)


class Killer:
    """Ends what the victim does at one of the fault points that it comes to."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.killed_at = ""

    async def reach(self, kind: faults.Kind, detail: str = "", **_: Any) -> None:
        if not _victim.get() or self.killed_at:
            return
        self.left -= 1
        if self.left < 0:
            self.killed_at = f"{kind} {detail}"
            raise Killed()


async def test_a_deletion_that_is_killed_at_any_step_is_carried_on_or_never_began(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    points: list[str] = []
    for number in range(100):
        tokens = await house.somebody()
        killer = Killer(number)
        monkeypatch.setattr(faults, "armed", killer)
        token = _victim.set(True)
        try:
            await house.deletions.delete(UUID(tokens.user_id), PASSWORD, "10.0.0.1")
        except Killed:
            pass
        except Failure:
            assert killer.killed_at
        finally:
            _victim.reset(token)
            monkeypatch.setattr(faults, "armed", None)
        if not killer.killed_at:
            break
        points.append(killer.killed_at)
        began = await rows(house, "deletions", "user_id", tokens.user_id)
        await move_clock(house.db, f"{31 * (number + 1)} seconds")
        await carried_on(house)
        assert await is_empty(house, tokens.user_id) == bool(began), killer.killed_at
        if began:
            assert forgotten_by(house, tokens.user_id)[-2:] == FORGOTTEN, killer.killed_at
        else:
            assert (await house.login((await rows(house, "users", "id", tokens.user_id))[0].email)).user_id
    assert {"call CloseUser", "answered CloseUser", "call ForgetReviewer", "answered ForgetReviewer"} <= set(points)
    assert len([point for point in points if point.startswith("commit")]) >= 4


async def test_whoever_deletes_an_account_is_told_so_though_another_process_has_done_it_meanwhile(house: House) -> None:
    tokens = await house.somebody()

    async def taken_over(_: str) -> None:
        house.peers.while_closing = None
        await house.db.execute("UPDATE deletions SET lease_until = boxoffice_clock()")
        await carried_on(house)
        assert await is_empty(house, tokens.user_id)

    house.peers.while_closing = taken_over
    await delete(house, tokens)
    assert await is_empty(house, tokens.user_id)
