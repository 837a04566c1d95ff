"""Tickets that are given to somebody else."""

from __future__ import annotations

from uuid import uuid4

from tests.system.case import Case
from tests.system.client import Client, Json, Show, new_user, ok, refusal


async def verified_user(client: Client) -> tuple[str, str]:
    """Return an account whose address is verified, and that address."""
    who = {"email": f"{uuid4()}@example.com", "password": "correct horse battery"}
    ok(await client.ask("POST", "auth/register", who))
    user_id: str = ok(await client.ask("POST", "auth/login", who))["userId"]
    ok(await client.ask("PUT", f"users/{user_id}/email-verified", {"emailVerified": True}))
    return user_id, who["email"]


async def offered(client: Client, booking: Json, ticket: Json, email: str = "ravi@example.com") -> Json:
    """Offer a ticket of a booking."""
    wish = {"userId": booking["userId"], "email": email, "recipientName": "Ravi"}
    keyed = {"Idempotency-Key": str(uuid4())}
    return ok(await client.ask("POST", f"tickets/{ticket['id']}/offers", wish, headers=keyed))


async def move(client: Client, offer: Json, how: str, user: str) -> Json:
    return ok(await client.ask("POST", f"ticket-offers/{offer['id']}/{how}", {"userId": user}))


async def pass_on(client: Client, show: Show, seats: list[str]) -> None:
    """Have a ticket offered and withdrawn, declined, accepted, given back and accepted again; another is offered."""
    booking, (friend, email) = await client.confirmed(show, new_user(), seats), await verified_user(client)
    user = {"userId": booking["userId"]}
    first, second = ok(await client.ask("GET", f"bookings/{booking['id']}/tickets", params=user))["tickets"]
    await move(client, await offered(client, booking, first), "withdraw", booking["userId"])
    await move(client, await offered(client, booking, first, email), "decline", friend)
    returned = await offered(client, booking, first, email)
    await move(client, returned, "accept", friend)
    await move(client, returned, "return", friend)
    accepted = await move(client, await offered(client, booking, first, email), "accept", friend)
    assert accepted["status"] == "ACCEPTED"
    assert refusal(await client.refund(booking)).reason == "TICKET_TRANSFERRED"
    await offered(client, booking, second)
    for whose, side, count in ((booking["userId"], "MADE", 5), (friend, "RECEIVED", 1)):
        listed = ok(await client.ask("GET", f"users/{whose}/ticket-offers", params={"side": side}))["offers"]
        assert len(listed) == count


async def offer_ticket(client: Client, show: Show) -> Case:
    booking = await client.confirmed(show, user := new_user(), show.seats[:2])
    listed = ok(await client.ask("GET", f"bookings/{booking['id']}/tickets", params={"userId": user}))["tickets"]
    right, other = (
        {"userId": user, "ticketId": ticket["id"], "email": f"{name}@example.com", "recipientName": name}
        for ticket, name in zip(listed, ("ravi", "asha"), strict=True)
    )
    effects = "SELECT count(*) FROM ticket_offers WHERE ticket_id::text = %s"
    return Case(right, other, right | {"ticketId": str(uuid4())}, None, "booking", effects, listed[0]["id"])
