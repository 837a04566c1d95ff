"""All that is kept of a user, for that user: identity's own first, then each service's, page by page."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from boxoffice.identity.v1 import identity_pb2 as pb
from boxoffice.identity.v1 import organizations_pb2 as orgs

from services.chassis.ids import new_id
from services.chassis.wire import records
from tests.identity.house import House, refused


async def export(house: House, tokens: pb.Tokens, page_token: str = "") -> dict[str, Any]:
    request = pb.ExportAccountRequest(page_token=page_token)
    answer = await house.call("ExportAccount", request, token=tokens.access_token)
    assert answer.content_type == "application/json"
    content: dict[str, Any] = json.loads(answer.data)
    return content


async def pages(house: House, tokens: pb.Tokens) -> list[dict[str, Any]]:
    found = [await export(house, tokens)]
    while token := found[-1]["nextPageToken"]:
        found.append(await export(house, tokens, token))
    return found


async def test_a_user_gets_all_of_every_service_and_nothing_of_anybody_else(house: House) -> None:
    tokens, other = await house.somebody("ORGANIZER"), await house.somebody()
    named = orgs.CreateOrganizationRequest(name="Regal")
    regal = await house.call("CreateOrganization", named, token=tokens.access_token)
    found = await pages(house, tokens)
    services = [[record["service"] for record in page["records"]] for page in found]
    assert services == [["identity"] * 4, ["inventory"], ["booking"], ["booking"], [], ["notifications"]]
    profile, membership, login, mail = (record["data"] for record in found[0]["records"])
    assert (profile["id"], profile["name"], "password_hash" in profile) == (tokens.user_id, "Asha", False)
    assert (membership["organization_id"], membership["organization"], membership["role"]) == (
        regal.id,
        "Regal",
        "OWNER",
    )
    assert login["user_id"] == tokens.user_id
    assert (mail["kind"], "hash" in mail) == ("VERIFICATION", False)
    assert other.user_id not in json.dumps(found)
    assert len(await pages(house, other)) == 6


async def test_what_is_too_much_for_a_page_is_on_the_next_ones(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = await house.somebody()
    for _ in range(8):
        put = "INSERT INTO token_families VALUES (%s, %s, now(), now() + interval '1 day')"
        await house.db.execute(put, (new_id(), tokens.user_id))
    whole = [record for page in await pages(house, tokens) for record in page["records"]]
    for limits in ({"ROWS": 2}, {"PAGE_BYTES": 1}, {"ROWS": 3, "PAGE_BYTES": 1_000}):
        for name, value in limits.items():
            monkeypatch.setattr(records, name, value)
        found = await pages(house, tokens)
        assert [record for page in found for record in page["records"]] == whole
    assert len(found) > 6
    assert len(whole) == 15


@pytest.mark.parametrize("given", ["identity", "nobody 0-", "identity 0-x", "identity\n"])
async def test_a_token_that_nobody_gave_is_refused(house: House, given: str) -> None:
    tokens = await house.somebody()
    async with refused("INVALID_FIELD"):
        await export(house, tokens, base64.urlsafe_b64encode(given.encode()).decode())


async def test_whatever_a_token_says_a_page_has_nothing_of_anybody_else(house: House) -> None:
    tokens, other = await house.somebody(), await house.somebody()
    first = f"identity 0-{UUID(int=UUID(other.user_id).int - 1)}"
    found = await export(house, tokens, base64.urlsafe_b64encode(first.encode()).decode())
    assert other.user_id not in json.dumps(found)


async def test_a_service_that_is_away_gives_its_page_later(house: House) -> None:
    tokens = await house.somebody()
    token = (await export(house, tokens))["nextPageToken"]
    house.peers.away = {"inventory"}
    async with refused("UNAVAILABLE"):
        await export(house, tokens, token)
    house.peers.away = set()
    assert (await export(house, tokens, token))["records"]


async def test_it_takes_an_account(house: House) -> None:
    async with refused("UNAUTHENTICATED"):
        await house.call("ExportAccount", pb.ExportAccountRequest())
    tokens = await house.somebody()
    await house.db.execute("INSERT INTO deletions VALUES (%s, now(), now(), now())", (tokens.user_id,))
    empty = "UPDATE users SET email = NULL, password_hash = NULL, name = '', deleted_at = now() WHERE id = %s"
    await house.db.execute(empty, (tokens.user_id,))
    async with refused("USER_NOT_FOUND"):
        await export(house, tokens)
