"""Shows that somebody sells, with tax and invoices."""

from __future__ import annotations

from random import randrange
from uuid import uuid4

from gateway.openapi.examples import BODIES
from services.booking.taxes.gstin import check_digit
from tests.system.client import Client, Json, Show, ok


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
