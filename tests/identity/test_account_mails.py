"""Mails about accounts, and what their links are for."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import grpc
import pytest
from boxoffice.identity.v1 import account_mails_pb2 as pb
from boxoffice.identity.v1 import identity_pb2
from google.api import httpbody_pb2

from services.identity.accounts import profiles
from services.identity.errors import PasswordWrong, UserNotFound
from services.identity.mails import operation
from services.identity.mails.domain import Tokens, hash_of
from services.identity.measures import MEASURES
from tests.databases import move_clock
from tests.identity.house import PASSWORD, SECRET, House, refused, register

NEW = "another horse battery"
FORM = "application/x-www-form-urlencoded"


async def taken(house: House) -> list[tuple[str, str, str]]:
    """Take the mails that are due, as notifications does: kind, address and token of each, and have all sent."""
    mails = await house.mails.claim(50)
    for mail, _ in mails:
        await operation.finish(house.db, mail.id, mail.attempts, "SENT", "")
    return sorted((str(mail.kind), mail.email, token) for mail, token in mails)


async def verified(house: House) -> identity_pb2.User:
    """Register somebody, and verify the address by the link."""
    user = await house.registered()
    [(kind, email, token)] = await taken(house)
    assert (kind, email) == ("VERIFICATION", user.email)
    await house.call("VerifyEmail", pb.VerifyEmailRequest(token=token))
    return user


async def reset_token(house: House, email: str) -> str:
    await house.call("RequestPasswordReset", pb.RequestPasswordResetRequest(email=email))
    [(kind, _, token)] = await taken(house)
    assert kind == "PASSWORD_RESET"
    return token


async def reset(house: House, token: str, password: str = NEW) -> None:
    await house.call("ResetPassword", pb.ResetPasswordRequest(token=token, new_password=password))


async def test_registering_asks_for_a_mail_whose_link_verifies_the_address_once(house: House) -> None:
    user = await house.registered()
    [(_, _, token)] = await taken(house)
    assert await taken(house) == []
    await house.call("VerifyEmail", pb.VerifyEmailRequest(token=token))
    tokens = await house.login(user.email)
    assert (await house.call("GetProfile", identity_pb2.GetProfileRequest(), token=tokens.access_token)).email_verified
    async with refused("LINK_NOT_VALID", "FAILED_PRECONDITION"):
        await house.call("VerifyEmail", pb.VerifyEmailRequest(token=token))
    await house.call("RequestEmailVerification", pb.RequestEmailVerificationRequest(), token=tokens.access_token)
    assert await taken(house) == []  # it is verified already


async def test_a_mail_that_makes_no_sense_any_more_is_not_sent_and_not_late(house: House) -> None:
    user = await house.registered()
    [lag] = MEASURES
    await move_clock(house.db, "10 minutes")
    assert [row.value >= 600 for row in await house.db.fetch(lag.sql)] == [True]
    await profiles.verify_email(house.db, UUID(user.id), True)  # by an admin
    assert [row.value for row in await house.db.fetch(lag.sql)] == [0]
    assert await taken(house) == []


async def test_a_reset_sets_the_password_ends_all_sessions_and_is_told(house: House) -> None:
    user = await verified(house)
    sessions = [await house.login(user.email) for _ in range(2)]
    first, second = await reset_token(house, user.email), await reset_token(house, f" {user.email.upper()}")
    await reset(house, first)
    for session in sessions:
        async with refused("REFRESH_TOKEN_INVALID"):
            await house.refresh(session)
    async with refused("LOGIN_FAILED"):
        await house.login(user.email)
    await house.login(user.email, NEW)
    assert [(kind, email) for kind, email, _ in await taken(house)] == [("PASSWORD_CHANGED", user.email)]
    for token in (first, second):  # used, and ended with it
        async with refused("LINK_NOT_VALID"):
            await reset(house, token, "a third password")


async def test_a_changed_password_is_told_and_ends_links_that_would_change_it_again(house: House) -> None:
    user = await verified(house)
    token = await reset_token(house, user.email)
    here = await house.login(user.email)
    # Whoever knows the password of before has a link that would take the account away from its user.
    await ask_change(house, here, "thief@example.com")
    [(_, _, thiefs)] = await taken(house)
    change = identity_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password=NEW)
    await house.call("ChangePassword", change, token=here.access_token)
    assert [kind for kind, _, _ in await taken(house)] == ["PASSWORD_CHANGED"]
    async with refused("LINK_NOT_VALID"):
        await reset(house, token)
    async with refused("LINK_NOT_VALID"):
        await house.call("VerifyEmail", pb.VerifyEmailRequest(token=thiefs))
    await house.login(user.email, NEW)


async def test_another_address_takes_the_password_that_is_the_accounts_still(house: House) -> None:
    user, gone = await verified(house), await verified(house)
    other = "UPDATE users SET password_hash = 'other' WHERE id = %s"
    empty = (
        "UPDATE users SET email = NULL, password_hash = NULL, name = '', email_verified_at = NULL, deleted_at = now()"
        " WHERE id = %s"
    )
    for user_id, change, error in ((user.id, other, PasswordWrong), (gone.id, empty, UserNotFound)):
        [row] = await house.db.fetch("SELECT password_hash FROM users WHERE id = %s", (user_id,))
        await house.db.execute(change, (user_id,))  # after the password was compared, and before the transaction
        with pytest.raises(error):
            async with house.db.transaction() as tx:
                await house.mails.ask_change(tx, UUID(user_id), row.password_hash, "thief@example.com", "203.0.113.7")
    assert await taken(house) == []


async def test_of_many_who_use_a_link_at_once_one_does(house: House) -> None:
    user = await verified(house)
    token = await reset_token(house, user.email)
    passwords = [f"password number {number}" for number in range(5)]
    done = await asyncio.gather(*(reset(house, token, one) for one in passwords), return_exceptions=True)
    [winner] = [password for password, result in zip(passwords, done, strict=True) if result is None]
    await house.login(user.email, winner)
    assert [kind for kind, _, _ in await taken(house)] == ["PASSWORD_CHANGED"]


async def test_an_unknown_address_gets_the_same_answer_and_writes_the_same(house: House) -> None:
    user = await verified(house)
    answers, counted = [], []
    for email in (user.email, "nobody@example.com"):
        before = await _attempts(house)
        answers.append(await house.call("RequestPasswordReset", pb.RequestPasswordResetRequest(email=email)))
        counted.append(await _attempts(house) - before)
    assert answers[0] == answers[1] and counted == [1, 1]
    assert len(await taken(house)) == 1


async def _attempts(house: House) -> int:
    [row] = await house.db.fetch("SELECT count(*) AS kept FROM attempts")
    return int(row.kept)


async def test_one_network_asks_for_so_many_resets_and_no_more(house: House) -> None:
    here = (("x-client-address", "203.0.113.9"),)
    request = pb.RequestPasswordResetRequest(email="nobody@example.com")
    tokens = await house.login((await verified(house)).email)
    done: Any = await asyncio.gather(
        *(house.call("RequestPasswordReset", request, metadata=here) for _ in range(110)), return_exceptions=True
    )
    refusals = [each for each in done if isinstance(each, grpc.aio.AioRpcError)]
    assert 5 <= len(refusals) <= 10  # a hundred, and what has come back meanwhile
    change = pb.RequestEmailChangeRequest(email="new@example.com", password=PASSWORD)
    async with refused("TOO_MANY_ATTEMPTS"):  # a stranger is sent that, too
        await house.call("RequestEmailChange", change, token=tokens.access_token, metadata=here)
    await house.call("RequestPasswordReset", request)  # from elsewhere


async def test_an_address_that_is_not_verified_gets_the_verification_alone(house: House) -> None:
    user = await house.registered()
    tokens = await house.login(user.email)
    await house.call("RequestPasswordReset", pb.RequestPasswordResetRequest(email=user.email))
    change = identity_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password=NEW)
    await house.call("ChangePassword", change, token=tokens.access_token)
    assert [kind for kind, _, _ in await taken(house)] == ["VERIFICATION", "VERIFICATION"]


async def test_an_account_gets_five_mails_with_links_an_hour_and_the_others_always(house: House) -> None:
    user = await verified(house)  # by the first one
    for _ in range(7):
        await house.call("RequestPasswordReset", pb.RequestPasswordResetRequest(email=user.email))
    mails = await taken(house)
    assert [kind for kind, _, _ in mails] == ["PASSWORD_RESET"] * 4
    await reset(house, mails[0][2])  # those from before stay good, whoever asked for more
    assert [kind for kind, _, _ in await taken(house)] == ["PASSWORD_CHANGED"]
    await move_clock(house.db, "61 minutes")
    await reset_token(house, user.email)


async def test_a_user_is_told_when_to_ask_for_a_verification_again(house: House) -> None:
    tokens = await house.somebody()
    for _ in range(4):
        await house.call("RequestEmailVerification", pb.RequestEmailVerificationRequest(), token=tokens.access_token)
    async with refused("TOO_MANY_ATTEMPTS", "RESOURCE_EXHAUSTED") as refusal:
        await house.call("RequestEmailVerification", pb.RequestEmailVerificationRequest(), token=tokens.access_token)
    assert 3_500 < refusal.failure.retry_after_seconds <= 3_600


async def test_a_link_and_its_mail_are_good_for_half_an_hour(house: House) -> None:
    user = await verified(house)
    token = await reset_token(house, user.email)
    await house.call("RequestPasswordReset", pb.RequestPasswordResetRequest(email=user.email))
    await move_clock(house.db, "31 minutes")
    async with refused("LINK_NOT_VALID"):
        await reset(house, token)
    assert await taken(house) == []
    assert await operation.give_up(house.db) == 1
    [row] = await house.db.fetch("SELECT reason FROM account_mails WHERE state = 'SKIPPED'")
    assert row.reason == "TOO_LATE"
    await move_clock(house.db, "8 days")
    assert await operation.forget(house.db) == 3
    assert await operation.forget(house.db) == 0


async def test_a_mail_that_was_not_sent_comes_again_with_the_same_token(house: House) -> None:
    await house.registered()
    [(first, token)] = await house.mails.claim(10)
    assert await house.mails.claim(10) == []  # it is being sent
    await operation.finish(house.db, first.id, first.attempts, "UNKNOWN", "SMTPServerDisconnected")
    await move_clock(house.db, "1 minute")
    [(second, again)] = await house.mails.claim(10)
    assert (again, second.attempts, second.may_be_there) == (token, 2, True)
    await operation.finish(house.db, first.id, first.attempts, "SENT", "")  # who comes too late changes nothing
    await move_clock(house.db, str(timedelta(minutes=6)))  # whoever took it is gone
    [(third, _)] = await house.mails.claim(10)
    await operation.finish(house.db, third.id, third.attempts, "SENT", "")
    await move_clock(house.db, "10 minutes")
    assert await house.mails.claim(10) == []


async def test_nothing_that_is_kept_gives_a_token(house: House) -> None:
    await house.registered()
    [(mail, token)] = await house.mails.claim(10)
    [row] = await house.db.fetch("SELECT to_jsonb(m)::text AS kept, hash FROM account_mails m")
    assert token not in row.kept and token.encode() not in bytes(row.hash) == hash_of(token)
    assert len(token) == 43  # 256 bits
    assert Tokens(SECRET).of(mail.id) == token != Tokens(SECRET + "x").of(mail.id)


async def test_a_deleted_account_has_no_mails_and_no_links(house: House) -> None:
    user = await verified(house)
    token = await reset_token(house, user.email)
    await house.call("RequestPasswordReset", pb.RequestPasswordResetRequest(email=user.email))
    tokens = await house.login(user.email)
    await house.call("DeleteAccount", identity_pb2.DeleteAccountRequest(password=PASSWORD), token=tokens.access_token)
    assert await taken(house) == []
    async with refused("LINK_NOT_VALID"):
        await reset(house, token)


async def page(house: House, token: str, language: str = "en") -> str:
    request = pb.GetAccountPageRequest(token=token)
    shown = await house.call("GetAccountPage", request, metadata=(("accept-language", language),))
    return str(shown.data.decode())


async def submit(house: House, content_type: str = FORM, **fields: str) -> str:
    body = httpbody_pb2.HttpBody(content_type=content_type, data=urlencode(fields).encode())
    return str((await house.call("SubmitAccountForm", body)).data.decode())


async def test_opening_the_page_of_a_link_changes_nothing_and_its_button_does(house: House) -> None:
    user = await house.registered()
    [(_, _, token)] = await taken(house)
    for language, word in (("en, hi;q=0.5", "Verify"), ("en;q=0.8, hi-IN", "सत्यापित करें")):
        shown = await page(house, token, language)
        assert f'name="token" value="{token}"' in shown and word in shown and "<script" not in shown
    [row] = await house.db.fetch("SELECT email_verified_at FROM users")
    assert row.email_verified_at is None
    assert 'data-page="verified"' in await submit(house, token=token)
    assert 'data-page="verified"' in await page(house, token)  # who looks again is told so
    token = await reset_token(house, user.email)
    assert 'type="password"' in await page(house, token)
    assert 'data-page="too-weak"' in await submit(house, token=token, password="short")
    assert 'data-page="is-reset"' in await submit(house, FORM + "; charset=utf-8", token=token, password=NEW)
    await house.login(user.email, NEW)
    for shown in (await page(house, token), await submit(house, token=token, password=NEW), await page(house, "")):
        assert 'data-page="over"' in shown


async def test_what_is_no_form_of_the_page_is_a_link_that_is_not_good(house: House) -> None:
    await house.registered()
    [(_, _, token)] = await taken(house)
    for shown in (
        await submit(house, "application/json", token=token),
        await submit(house, token=token, password="x" * 5_000),
        await submit(house, **{f"field{number}": "x" for number in range(9)}, token=token),
    ):
        assert 'data-page="over"' in shown
    assert 'data-page="verify"' in await page(house, token)


async def ask_change(house: House, tokens: identity_pb2.Tokens, email: str, password: str = PASSWORD) -> None:
    request = pb.RequestEmailChangeRequest(email=email, password=password)
    await house.call("RequestEmailChange", request, token=tokens.access_token)


async def test_another_address_becomes_the_accounts_by_a_link_to_it(house: House) -> None:
    user = await verified(house)
    tokens = await house.login(user.email)
    async with refused("PASSWORD_WRONG"):
        await ask_change(house, tokens, "new@example.com", "not the password")
    reset_link = await reset_token(house, user.email)
    await ask_change(house, tokens, " New@Example.com")
    [(kind, email, token)] = await taken(house)
    assert (kind, email) == ("EMAIL_CHANGE", "new@example.com")
    await house.login(user.email)  # nothing has changed yet
    assert 'data-page="verify"' in await page(house, token)
    for shown in await asyncio.gather(*(submit(house, token=token) for _ in range(2))):  # who clicks twice
        assert 'data-page="verified"' in shown
    assert 'data-page="verified"' in await page(house, token)
    assert [(kind, email) for kind, email, _ in await taken(house)] == [("EMAIL_CHANGED", user.email)]
    await house.login("new@example.com")
    async with refused("LOGIN_FAILED"):
        await house.login(user.email)
    for link in (token, reset_link):
        async with refused("LINK_NOT_VALID"):
            await (
                reset(house, link)
                if link == reset_link
                else house.call("VerifyEmail", pb.VerifyEmailRequest(token=link))
            )


async def test_an_address_that_somebody_has_is_sent_nothing_and_is_nobody_elses(house: House) -> None:
    user, other = await verified(house), await verified(house)
    tokens = await house.login(user.email)
    await ask_change(house, tokens, other.email)
    assert await taken(house) == []
    await ask_change(house, tokens, "new@example.com")
    [(_, _, token)] = await taken(house)
    await house.call("Register", register("new@example.com"))
    async with refused("LINK_NOT_VALID"):
        await house.call("VerifyEmail", pb.VerifyEmailRequest(token=token))
    await house.login(user.email)


async def test_whoever_asks_for_another_address_does_not_learn_whether_somebody_has_it(house: House) -> None:
    user, other = await verified(house), await verified(house)
    tokens = await house.login(user.email)
    for email in (other.email, "free@example.com"):
        await ask_change(house, tokens, email)
    assert [email for _, email, _ in await taken(house)] == ["free@example.com"]
    answer = await house.call("ExportAccount", identity_pb2.ExportAccountRequest(), token=tokens.access_token)
    mails = [record["data"] for record in json.loads(answer.data)["records"] if record["kind"] == "mail"]
    kept = {mail["email"]: mail for mail in mails if mail["kind"] == "EMAIL_CHANGE"}
    assert kept[other.email].keys() == kept["free@example.com"].keys() >= {"asked_at", "used_at"}
    assert kept[other.email].keys().isdisjoint({"state", "attempts", "reason", "finished_at"})
    assert not any(mail["used_at"] for mail in kept.values())
    for _ in range(2):  # the first mail of the hour has verified the address
        await ask_change(house, tokens, other.email)
    async with refused("TOO_MANY_ATTEMPTS"):
        await ask_change(house, tokens, other.email)


async def test_a_link_that_meets_another_change_of_its_user_does_what_it_is_for(house: House) -> None:
    user = await verified(house)
    tokens = await house.login(user.email)
    await ask_change(house, tokens, "new@example.com")
    [(_, _, token)] = await taken(house)
    async with house.db.transaction() as tx:
        await tx.send("SET LOCAL deadlock_timeout = '1min'")  # it is the link's transaction that is undone
        await tx.fetch("SELECT id FROM users WHERE id = %s FOR NO KEY UPDATE", (user.id,))
        using = asyncio.create_task(house.call("VerifyEmail", pb.VerifyEmailRequest(token=token)))
        waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while not await house.db.fetch(waiting):
            assert not using.done()
        await tx.fetch(
            "UPDATE users SET name = 'Ann' WHERE id = %s RETURNING id", (user.id,)
        )  # each waits for the other
    await using
    profile = await house.call("GetProfile", identity_pb2.GetProfileRequest(), token=tokens.access_token)
    assert (profile.email, profile.name) == ("new@example.com", "Ann")


async def test_an_address_that_was_not_verified_is_not_told_of_the_next_one(house: House) -> None:
    user = await house.registered()
    tokens = await house.login(user.email)
    assert len(await taken(house)) == 1
    await ask_change(house, tokens, "new@example.com")
    [(_, _, token)] = await taken(house)
    await house.call("VerifyEmail", pb.VerifyEmailRequest(token=token))
    assert await taken(house) == []
    profile = await house.call("GetProfile", identity_pb2.GetProfileRequest(), token=tokens.access_token)
    assert (profile.email, profile.email_verified) == ("new@example.com", True)
