"""What those who run shows look at, over REST, held against the bank's ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import choice
from uuid import uuid4

import httpx
import pytest

from stack.accounts import bearer
from stack.launcher import Stack
from tests.patience import eventually, patient
from tests.system.client import Client, Json, new_user, ok, refusal
from tests.system.conftest import AUTH
from tests.system.databases import at_rest, later, money
from tests.system.selling import charge, sell


async def test_sales_of_a_show_and_its_event_are_what_the_banks_ledger_has(stack: Stack, client: Client) -> None:
    show = await client.make_show()
    await sell(client, show)
    await charge(client, show)
    made = []
    for number, kinds in enumerate((["ADULT"] * 3, ["CHILD"] * 2, ["ADULT", "CHILD"], ["ADULT"])):
        seats = show.seats[3 * number : 3 * number + len(kinds)]
        wish = {"userId": new_user(), "showId": show.id, "showSeatIds": seats, "kinds": kinds}
        booking = ok(await client.ask("POST", "bookings", wish))
        made.append(booking)
        if number < 3:
            await client.pay(await client.session(booking))
            await client.until(booking["id"], "CONFIRMED")
    ok(await client.refund(made[0], show.seats[:1]))
    ok(await client.refund(made[1]))
    await client.until(made[1]["id"], "REFUNDED")
    # Money that comes too late for a ticket goes back, and nothing was sold for it.
    session = await client.session(made[3])
    ok(await client.ask("POST", f"payments/simulate/{session}", {"paymentMethod": "pm_late"}))
    ok(await client.cancel(made[3]))
    async with later(stack.server, "21 minutes", "bank"):
        await client.until_payment(made[3]["id"], "REFUNDED")
    await at_rest(stack.server)
    sales = ok(await client.ask("GET", f"shows/{show.id}/sales"))
    assert sales == ok(await client.ask("GET", f"events/{show.movie_id}/sales"))
    [total] = sales["totals"]
    assert (total["currency"], total["seats"], total["refundedSeats"]) == ("INR", 7, 3)
    held = sum(money(stack.server, booking["id"]) for booking in made)
    assert int(total["amount"]) - int(total["refundedAmount"]) == held > 0
    assert int(total["amount"]) == sum(booking["finalAmount"] for booking in made[:3])
    for name in ("amount", "refundedAmount", "seats", "refundedSeats"):
        assert sum(int(line[name]) for line in sales["lines"]) == int(total[name])
    assert {(line.get("tier"), line["kind"]) for line in sales["lines"]} >= {("REGULAR", "ADULT"), ("REGULAR", "CHILD")}


@asynccontextmanager
async def account(stack: Stack, client: Client, name: str, organization: str = "") -> AsyncIterator[tuple[Client, str]]:
    """Give a client that calls as a new account, an organization's owner if one is named, and its e-mail address."""
    who = {"email": f"{uuid4()}@example.com", "password": "correct horse battery"}
    ok(await client.ask("POST", "auth/register", who | {"name": name}, headers={"Idempotency-Key": str(uuid4())}))
    if organization:
        added = {"email": who["email"], "role": "OWNER"}
        ok(await client.ask("POST", f"organizations/{organization}/members", added, headers=client.organizer))
    headers = dict(bearer(ok(await client.ask("POST", "auth/login", who))["accessToken"]))
    async with httpx.AsyncClient(
        base_url=stack.public_url, headers=headers, timeout=patient(20), trust_env=False, verify=False
    ) as http:
        yield Client(http), who["email"]


@pytest.mark.skipif(AUTH == "off", reason="nobody is known, and identity tells services nothing")
async def test_a_customer_is_found_by_name_and_reached_by_those_alone_who_may(stack: Stack, client: Client) -> None:
    word = "".join(choice("bcdfghjklm") for _ in range(12))
    named = {"name": f"{word} Nights"}
    organization = ok(await client.ask("POST", "organizations", named, headers=client.organizer))["id"]
    async with (
        account(stack, client, "Ola", organization) as (office, _),
        account(stack, client, f"Zoë {word} Rao") as (customer, email),
    ):
        show = await office.make_show()
        wish = {"showId": show.id, "showSeatIds": show.seats[:1]}
        booking = ok(await customer.ask("POST", "bookings", wish, headers={"Idempotency-Key": word}))
        await customer.pay(await customer.session(booking))
        await customer.until(booking["id"], "CONFIRMED")

        async def found() -> Json | None:
            results = ok(await office.ask("POST", "bookings/search", {"q": f"zoe {word[:6]}"}))["results"]
            return results[0] if results else None

        result = await eventually(found)
        assert (result["booking"]["id"], result["name"]) == (booking["id"], f"Zoë {word} Rao")
        path = f"shows/{show.id}/bookings/export"
        export = await office.ask("GET", path)
        assert email in export.text and export.text.endswith("\r\n# end,1\r\n")
        [kept] = ok(await office.ask("GET", "booking-exports"))["exports"]
        assert (kept["showId"], kept["withContacts"], kept["bookings"]) == (show.id, True, 1)
        by_admin = await client.ask("GET", path)
        assert email not in by_admin.text and by_admin.text.endswith("\r\n# end,1\r\n")
        refused = refusal(await customer.ask("GET", path))
        assert (refused.status, refused.reason) == (403, "PERMISSION_DENIED")
