"""Shows that somebody sells, with tax and invoices, and seats that are not for everybody."""

from __future__ import annotations

from random import randrange
from uuid import uuid4

from gateway.openapi.examples import BODIES
from services.booking.taxes.gstin import check_digit
from tests.system.client import Client, Json, Show, new_user, ok, refusal


def gstin() -> str:
    """Return a GSTIN of Maharashtra that nobody has."""
    first = f"27AAPFU{randrange(10_000):04}F{randrange(1, 10)}Z"
    return first + check_digit(first)


async def sell(client: Client, show: Show) -> Json:
    """Have a show sold by a new seller, with 18 % in its prices; return the seller."""
    seller = ok(await client.ask("PUT", f"sellers/{uuid4()}", BODIES["SetSeller"] | {"taxNumber": gstin()}))
    ok(await client.ask("PUT", f"tax-rules/{uuid4()}", BODIES["SetTaxRule"]))
    ok(await client.ask("PUT", f"shows/{show.id}/tax", BODIES["SetShowTax"] | {"sellerId": seller["id"]}))
    return seller


async def charge(client: Client, show: Show) -> None:
    """Have a show charge fees (of the order, one that stays, its organizer's), and of a child half."""
    stays = {"name": "Service fee", "per": "TICKET", "basisPoints": 333, "payer": "BUYER", "refundable": False}
    fees = [*BODIES["SetShowFees"]["fees"], stays, stays | {"name": "Commission", "payer": "ORGANIZER"}]
    ok(await client.ask("PUT", f"shows/{show.id}/fees", {"fees": fees}))
    ok(await client.ask("PUT", f"shows/{show.id}/kinds", BODIES["SetShowKinds"]))


async def guard(client: Client, show: Show) -> None:
    """Block seats of a show; have some held and booked by an access code, one for a guest, and one tried in vain."""
    seats, path = show.seats[:4], f"shows/{show.id}"
    ok(await client.ask("POST", f"{path}/block-seats", {"showSeatIds": seats, "reason": "Sponsors"}))
    keyed = {"Idempotency-Key": str(uuid4())}
    wish = {"code": "sponsor-24", "reason": "Sponsors", "maxSeats": 2}
    code = ok(await client.ask("POST", f"{path}/access-codes", wish, headers=keyed))["code"]
    ok(await client.hold(show, new_user(), seats[:1], code))
    buyer = new_user()
    ok(await client.hold(show, buyer, seats[1:2], code))
    await client.confirmed(show, buyer, seats[1:2])
    guest = {"guestUserId": new_user(), "showSeatIds": seats[2:3], "guestName": "Asha Rao"}
    ok(await client.ask("POST", f"{path}/guests", guest, headers={"Idempotency-Key": str(uuid4())}))
    assert refusal(await client.hold(show, new_user(), seats[3:4], code)).reason == "ACCESS_CODE_NOT_VALID"
