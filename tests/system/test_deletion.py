"""An account is exported and deleted, as its user meets it: not while something is open; then nothing is left."""

from __future__ import annotations

from uuid import uuid4

import pytest

from stack.launcher import Stack
from tests.patience import eventually
from tests.system.client import Client, Json, Show, ok, refusal
from tests.system.conftest import AUTH
from tests.system.databases import rows

PASSWORD = "correct horse battery"


async def somebody(client: Client) -> tuple[Json, str, Json]:
    """Register and log somebody in; return who that is, the id, and the headers that say so."""
    who = {"email": f"{uuid4()}@example.com", "password": PASSWORD}
    ok(await client.ask("POST", "auth/register", who | {"name": "Asha Rao"}))
    tokens = ok(await client.ask("POST", "auth/login", who))
    return who, str(tokens["userId"]), {"authorization": f"Bearer {tokens['accessToken']}"}


async def test_an_account_is_deleted_once_nothing_is_open_and_books_nothing_any_more(
    stack: Stack, client: Client, show: Show
) -> None:
    who, user, headers = await somebody(client)
    wish = {"userId": user, "showId": show.id, "showSeatIds": show.seats[:1]}
    booking = ok(await client.ask("POST", "bookings", wish, headers=headers))
    session = await client.session(booking)
    refused = refusal(await client.ask("POST", "users/me/delete", {"password": PASSWORD}, headers=headers))
    assert (refused.reason, refused.metadata) == ("BOOKING_TO_COME", {"booking_id": booking["id"]})
    await client.pay(session, "SUCCESS")
    booking = await client.until(booking["id"], "CONFIRMED")
    refused = refusal(await client.ask("POST", "users/me/delete", {"password": PASSWORD}, headers=headers))
    assert refused.reason == "BOOKING_TO_COME"
    ok(await client.refund(booking))
    await client.until(booking["id"], "REFUNDED")
    ok(await client.ask("POST", "users/me/delete", {"password": PASSWORD}, headers=headers))
    assert refusal(await client.ask("POST", "auth/login", who)).reason == "LOGIN_FAILED"
    wish |= {"showSeatIds": show.seats[1:2]}
    assert refusal(await client.ask("POST", "bookings", wish, headers=headers)).reason == "ACCOUNT_DELETED"
    [kept] = rows(stack.server, "identity", "SELECT * FROM users WHERE id = %s", user)
    assert [one for one in map(str, kept) if "asha" in one.lower() or who["email"] in one] == []
    again = ok(await client.ask("POST", "auth/register", who))
    assert again["id"] != user


async def test_all_that_is_kept_of_a_user_comes_in_pages_and_nothing_of_anybody_else(
    client: Client, show: Show
) -> None:
    who, user, headers = await somebody(client)
    _, other, _ = await somebody(client)
    booking = await client.confirmed(show, user, show.seats[:2])
    theirs = await client.confirmed(show, other, show.seats[2:3])
    ok(await client.refund(booking, show.seats[:1]))

    async def is_told() -> bool:
        answer = ok(await client.ask("GET", "notices/unread", headers=headers, params={"userId": user}))
        return bool(answer["unread"] == 2)

    await eventually(is_told)
    token, records = "", []
    while True:
        params = {"pageToken": token} if token else {}
        answer = ok(await client.ask("GET", "users/profile/export", headers=headers, params=params))
        records += answer["records"]
        if not (token := answer["nextPageToken"]):
            break
    found = {(record["service"], record["kind"]): record["data"] for record in records}
    assert found.keys() == {
        ("identity", "profile"),
        ("identity", "login"),
        ("inventory", "seats"),
        ("booking", "booking"),
        ("payment", "payment"),
        ("notifications", "notice"),
        ("notifications", "mail"),
        *([("identity", "mail")] if AUTH == "on" else []),
    }
    told = [(each["kind"], each["data"]["kind"]) for each in records if each["service"] == "notifications"]
    kinds = ("CONFIRMED", "PARTLY_REFUNDED")
    assert sorted(told) == [(what, kind) for what in ("mail", "notice") for kind in kinds]
    assert found["identity", "profile"]["email"] == who["email"]
    assert found["booking", "booking"]["booking_number"] == booking["bookingNumber"]
    assert [len(found["booking", "booking"][each]) for each in ("seats", "refunds")] == [2, 1]
    assert sorted(ticket["state"] for ticket in found["booking", "booking"]["tickets"]) == ["REVOKED", "VALID"]
    assert found["payment", "payment"]["amount"] == booking["finalAmount"]
    assert [seat["booking_id"] for seat in found["inventory", "seats"]["seats"]] == [booking["id"]]
    text = str(records)
    assert user in text
    for word in (other, theirs["id"], theirs["bookingNumber"], "password", "hash"):
        assert word not in text, word


@pytest.mark.skipif(AUTH == "on", reason="with AUTH on, nobody books for another user")
async def test_without_auth_it_takes_the_token_all_the_same(client: Client, show: Show) -> None:
    _, user, headers = await somebody(client)
    assert refusal(await client.ask("POST", "users/me/delete", {"password": PASSWORD})).reason == "UNAUTHENTICATED"
    assert refusal(await client.ask("GET", "users/me/export")).reason == "UNAUTHENTICATED"
    ok(await client.ask("POST", "users/me/delete", {"password": PASSWORD}, headers=headers))
    wish = {"userId": user, "showId": show.id, "showSeatIds": show.seats[:1]}
    assert refusal(await client.ask("POST", "bookings", wish)).reason == "ACCOUNT_DELETED"
