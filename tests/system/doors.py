"""Shows whose doors are open, and who is in."""

from __future__ import annotations

from uuid import uuid4

from tests.system.client import Client, Json, Show, new_user, ok

NOW = "2027-03-28T18:02:11Z"
"""By the clock of a gate, whatever it shows."""


async def make_gate(client: Client, show_id: str, offline: str = "NEVER") -> Json:
    wish = {"name": "North", "showIds": [show_id], "endsAt": "2031-01-01T00:00:00Z", "offline": offline}
    return ok(await client.ask("POST", "gates", wish, headers={"Idempotency-Key": str(uuid4())}))


async def codes_of(client: Client, booking: Json) -> list[Json]:
    """Return the tickets of a booking, each with its code."""
    user = {"userId": booking["userId"]}
    listed = ok(await client.ask("GET", f"bookings/{booking['id']}/tickets", params=user))["tickets"]
    return [ok(await client.ask("GET", f"tickets/{one['id']}/code", params=user)) for one in listed]


async def scan(client: Client, show: Show, gate: Json, code: str) -> Json:
    asked = {"showId": show.id, "code": code, "gateId": gate["id"]}
    headers = {"gate-credential": gate["credential"], "Idempotency-Key": str(uuid4())}
    return ok(await client.ask("POST", "check-ins", asked, headers=headers))


async def let_in(client: Client, show: Show, seats: list[str]) -> None:
    """Have somebody let in, once more tried, and taken back; another one stays in."""
    gate = await make_gate(client, show.id)
    assert [one["id"] for one in ok(await client.ask("GET", "gates", params={"pageSize": 1}))["gates"]] == [gate["id"]]
    gate |= {"credential": ok(await client.ask("POST", f"gates/{gate['id']}/rotate", {}))["credential"]}
    asked = {"headers": {"gate-credential": gate["credential"]}, "params": {"gateId": gate["id"]}}
    told = ok(await client.ask("GET", "gate", **asked))
    assert (told["gate"]["name"], [one["showId"] for one in told["shows"]]) == ("North", [show.id])
    first, second = await codes_of(client, await client.confirmed(show, new_user(), seats))
    for code, result in ((first, "ADMITTED"), (first, "ALREADY_USED"), (second, "ADMITTED")):
        assert (await scan(client, show, gate, code["code"]))["result"] == result
    assert (await scan(client, show, gate, "nonsense"))["result"] == "UNKNOWN_CODE"
    scans = ok(await client.ask("GET", f"shows/{show.id}/scans"))["scans"]
    wish = {"scanId": scans[-1]["id"], "reason": "wrong person"}
    undone = await client.ask("POST", f"shows/{show.id}/undo-admission", wish)
    assert ok(undone)["ticketId"] == first["ticketId"]
    seen = {"key": "a7", "ticketId": second["ticketId"], "revision": 1, "gateTime": NOW, "cameIn": True}
    asked = {"showId": show.id, "gateId": gate["id"], "sentAt": NOW, "scans": [seen]}
    sent = await client.ask("POST", "check-ins/sync", asked, headers={"gate-credential": gate["credential"]})
    assert [one["result"] for one in ok(sent)["scans"]] == ["ALREADY_USED"]
    params = {"conflictsOnly": True}
    assert len(ok(await client.ask("GET", f"shows/{show.id}/scans", params=params))["scans"]) == 1
    ok(await client.ask("POST", f"gates/{gate['id']}/revoke", {}))
