"""What is asked and answered on a running system is as the OpenAPI document says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from gateway.openapi.examples import BODIES
from stack import accounts
from stack.credentials import load
from stack.launcher import Stack
from tests.gateway.openapi import DOCUMENT, WITHOUT_TOKENS, hold, operations
from tests.patience import eventually
from tests.system.client import PRICES, Client, Json, Show, new_user, ok, refusal
from tests.system.databases import rows
from tests.system.doors import let_in
from tests.system.mutations import KEYED
from tests.system.selling import charge, sell
from tests.system.test_webhooks import signed
from tests.system.transfers import pass_on

NOBODY = str(uuid4())
SESSION = f"sess_{NOBODY}"


@pytest.fixture
async def answered(client: Client) -> AsyncIterator[set[str]]:
    """Hold each answer that `client` gets against the document; give the operations that have succeeded."""
    succeeded: set[str] = set()

    async def look(answer: httpx.Response) -> None:
        await answer.aread()
        operation = hold(answer)
        if answer.status_code == 200:
            succeeded.add(operation["operationId"])

    client.http.event_hooks = {"response": [look]}
    yield succeeded


async def test_every_operation_succeeds_as_the_document_says(stack: Stack, client: Client, answered: set[str]) -> None:
    await client.healthy()
    assert (await client.http.get("/api/docs")).status_code == 200
    served = DOCUMENT if stack.settings.auth == "on" else json.loads(WITHOUT_TOKENS.read_text())
    assert (await client.http.get("/api/openapi.json")).json() == served
    concert = {"title": "Live", "category": "CONCERT", "durationMinutes": 90, "status": "PUBLISHED"}
    event = ok(await client.ask("POST", "events", concert, headers={"Idempotency-Key": str(uuid4())}))
    show = await client.make_show()
    seller = await sell(client, show)
    await charge(client, show)
    await _edit_the_catalogue(client, show, event["id"])
    await _look_at_the_catalogue(client, show, event["id"])

    user, seats = new_user(), show.seats[:2]
    await _hold_and_block_seats(client, show, user, seats)
    ok(await client.cancel(await client.booked(show, user, seats)))

    booking = await client.booked(show, user, seats)
    session = await client.session(booking)
    assert (await client.ask("GET", f"payments/fake-checkout/{session}")).status_code == 200
    await client.pay(session)
    await client.until(booking["id"], "CONFIRMED")
    [paid] = await client.payments(booking["id"])
    assert (await client.ask("GET", f"payments/result/{paid['id']}")).status_code == 200
    ok(await client.ask("POST", "bookings/quote", {"userId": user, "showId": show.id, "showSeatIds": seats}))
    ok(await client.ask("GET", f"bookings/user/{user}", params={"pageSize": 1}))
    ok(await client.ask("GET", "bookings", params={"userId": user, "page": 1, "limit": 1}))
    await _read_notices(client, user)
    await _show_a_ticket(client, booking["id"])
    ok(await client.ask("GET", f"payments/refund/{booking['id']}/preview", params={"userId": user}))
    ok(await client.refund(booking))
    await client.until(booking["id"], "REFUNDED")

    # The bank's own news of the payment and the refund, played again.
    secret = load(stack.settings.data_dir / "credentials.json")["webhook"]
    news = "SELECT payload FROM bank.deliveries WHERE session_id = %s"
    for (payload,) in rows(stack.server, "payment", news, session):
        body = bytes(payload)
        ok(await client.ask("POST", "payments/webhook", content=body, headers=signed(secret, str(uuid4()), body)))
    await _cancel_a_show(client)
    await _have_an_account(stack, client)
    await _have_a_coupon(client, show)
    await _look_at_sales(client, show, seller, booking["id"])
    await let_in(client, show, show.seats[5:7])
    await pass_on(client, show, show.seats[7:9])
    await _have_an_endpoint(client)
    # Streams have no end: tests/gateway/test_gateway_streams.py is about them. What takes a key is held against the
    # document at each of its paths in test_keys.py.
    calls = {one["operationId"] for _, _, one in operations() if not one.get("x-server-streaming")}
    assert calls - answered - ELSEWHERE <= {name + alias for name in KEYED for alias in ("", "Alias")}


ELSEWHERE = {
    # What Razorpay calls succeeds where it is configured: tests/payment/test_razorpay_walk.py.
    *("ReceiveRazorpayWebhook", "ReturnFromRazorpay"),
    # A show has to be over before somebody reviews it: tests/inventory/test_reviews.py.
    *("WriteReview", "WriteReviewAlias", "DeleteReview", "ReportReview", "HideReview"),
    # An endpoint has to be there that takes messages: test_told_organizations.py.
    "ResendWebhookMessage",
    # What links in mails are for: test_mails.py, tests/identity/test_account_mails.py.
    *("VerifyEmail", "ResetPassword", "SubmitAccountForm"),
    # Files: test_large_halls.py, test_images.py.
    *("UploadHall", "UploadImage", "DeleteImage", "ReorderImages", "GetImageFile"),
    # Links of mails: tests/system/test_mails.py.
    *("GetUnsubscribePage", "Unsubscribe"),
    # Refunds that are stuck: tests/payment/test_stuck_refunds.py.
    *("ListStuckRefunds", "RedriveRefunds"),
}
"""What other tests call."""


async def _read_notices(client: Client, user: str) -> None:
    """Wait until the user is told of the booking, and read that."""

    async def told() -> Json | None:
        listed = ok(await client.ask("GET", "notices", params={"userId": user}))["notices"]
        return next((notice for notice in listed if notice["kind"] == "CONFIRMED"), None)

    assert ok(await client.ask("GET", "notices/unread", params={"userId": new_user()})) == {"unread": 0}
    notice = await eventually(told)
    ok(await client.ask("POST", f"notices/{notice['id']}/read", {"userId": user}))
    ok(await client.ask("POST", "notices/read", {"userId": user}))
    ok(await client.ask("PUT", "preferences", {"userId": user, "language": "hi", "reminders": True}))
    assert ok(await client.ask("GET", "preferences", params={"userId": user}))["language"] == "hi"


async def _have_an_endpoint(client: Client) -> None:
    """Have webhooks sent somewhere, and look at that; what they come to is tried in test_told_organizations.py."""
    organization = {"organizationId": str(uuid4())}
    body = BODIES["CreateWebhookEndpoint"] | organization
    path = f"webhooks/endpoints/{ok(await client.ask('POST', 'webhooks/endpoints', body))['endpoint']['id']}"
    ok(await client.ask("GET", "webhooks/endpoints", params=organization))
    ok(await client.ask("GET", "webhooks/messages", params=organization))
    ok(await client.ask("PUT", path, BODIES["UpdateWebhookEndpoint"]))
    ok(await client.ask("POST", f"{path}/rotate-secret", {}))
    ok(await client.ask("POST", f"{path}/disable", {}))
    ok(await client.ask("POST", f"{path}/enable", {}))
    ok(await client.ask("GET", f"{path}/attempts"))
    ok(await client.ask("GET", path))
    ok(await client.ask("DELETE", path))


async def _hold_and_block_seats(client: Client, show: Show, user: str, seats: list[str]) -> None:
    """Hold, extend, see and release seats, and block some for a while."""
    ok(await client.hold(show, user, seats))
    ok(await client.ask("POST", "bookings/extend-hold", {"userId": user, "showId": show.id}))
    holds = ok(await client.ask("GET", "bookings/hold-status", params={"userId": user, "showId": show.id}))["holds"]
    assert [len(hold["seats"]) for hold in holds] == [len(seats)]
    await client.seat_map(show.id, user)
    ok(await client.ask("GET", f"seats/shows/{show.id}/available", params={"section": "Stalls"}))
    release = {"userId": user, "showId": show.id, "showSeatIds": seats[:1]}
    ok(await client.ask("POST", "bookings/release-seats", release))
    ok(await client.ask("DELETE", f"bookings/holds/{user}", params={"showId": show.id}))
    some = {"showSeatIds": show.seats[-2:]}
    ok(await client.ask("POST", f"shows/{show.id}/block-seats", some | {"reason": "Sound desk"}))
    codes = f"shows/{show.id}/access-codes"
    code = ok(await client.ask("POST", codes, {"reason": "Sound desk", "maxSeats": 2}))
    by_code = {"userId": user, "showId": show.id, "accessCode": code["code"].lower()} | some
    ok(await client.ask("POST", "bookings/hold-seats", by_code))
    ok(await client.ask("DELETE", f"bookings/holds/{user}", params={"showId": show.id}))
    ok(await client.ask("POST", f"shows/{show.id}/revoke-access-code", {"accessCodeId": code["id"]}))
    assert [one["id"] for one in ok(await client.ask("GET", codes))["accessCodes"]] == [code["id"]]
    ok(await client.ask("POST", f"shows/{show.id}/unblock-seats", some))


async def _cancel_a_show(client: Client) -> None:
    """Cancel a show, and look at that before and after."""
    path = f"shows/{(await client.make_show()).id}"
    seen = ok(await client.ask("GET", f"{path}/cancel/preview"))
    ok(await client.ask("POST", f"{path}/cancel", {"token": seen["token"], "reason": "The singer is ill."}))
    ok(await client.ask("GET", f"{path}/cancellation"))
    path = f"events/{(await client.make_show()).movie_id}/cancel"
    seen = ok(await client.ask("GET", f"{path}/preview"))
    ok(await client.ask("POST", path, {"token": seen["token"], "reason": "The singer is ill."}))


async def _have_an_account(stack: Stack, client: Client) -> None:
    """Register, log in, and do what there is to do with an account, as its user and as an admin."""
    keys = await client.http.get("/.well-known/jwks.json")
    assert keys.status_code == 200
    who = {"email": f"{uuid4()}@example.com", "password": "correct horse battery"}
    ok(await client.ask("POST", "auth/register", who, headers={"Idempotency-Key": str(uuid4())}))
    tokens = ok(await client.ask("POST", "auth/login", who))
    tokens = ok(await client.ask("POST", "auth/refresh", {"refreshToken": tokens["refreshToken"]}))
    headers = {"authorization": f"Bearer {tokens['accessToken']}"}
    for verb, path in (("PATCH", "users/me"), ("PUT", "users/profile")):
        ok(await client.ask("GET", path, headers=headers))
        ok(await client.ask(verb, path, {"name": "Asha"}, headers=headers))
    ok(await client.ask("POST", "users/me/email-verification", {}, headers=headers))
    another = {"email": f"{uuid4()}@example.com", "password": who["password"]}
    ok(await client.ask("POST", "users/me/email", another, headers=headers))
    ok(await client.ask("POST", "auth/request-password-reset", {"email": who["email"]}))
    assert (await client.ask("GET", "auth/account-page", params={"token": "unknown"})).status_code == 200
    change = {"currentPassword": who["password"], "newPassword": "battery horse correct"}
    tokens = ok(await client.ask("POST", "users/me/password", change, headers=headers))
    ok(await client.ask("POST", "auth/logout", {"refreshToken": tokens["refreshToken"]}))
    secrets = load(stack.settings.data_dir / "credentials.json")
    stack.load_accounts()
    tls = stack.settings.tls()
    headers = {"authorization": f"Bearer {accounts.token(stack.address('identity'), 'admin', secrets, tls)}"}
    ok(await client.ask("GET", "users", headers=headers, params={"pageSize": 1}))
    ok(await client.ask("PUT", f"users/{tokens['userId']}/roles", {"roles": ["ORGANIZER"]}, headers=headers))
    verified = {"emailVerified": True}
    ok(await client.ask("PUT", f"users/{tokens['userId']}/email-verified", verified, headers=headers))
    await _have_an_organization(client, who["email"], tokens["userId"])
    who = {"email": f"{uuid4()}@example.com", "password": "correct horse battery"}
    ok(await client.ask("POST", "auth/register", who))
    headers = {"authorization": f"Bearer {ok(await client.ask('POST', 'auth/login', who))['accessToken']}"}
    for path in ("users/me/export", "users/profile/export"):
        assert ok(await client.ask("GET", path, headers=headers))["records"]
    for path in ("users/me/delete", "users/profile/delete"):
        ok(await client.ask("POST", path, {"password": who["password"]}, headers=headers))


async def _have_an_organization(client: Client, email: str, user_id: str) -> None:
    """Create an organization, rename it, have a member in it for a while, and leave it."""
    headers = client.organizer
    made = ok(await client.ask("POST", "organizations", {"name": "Lantern Events"}, headers=headers))
    path = f"organizations/{made['id']}"
    ok(await client.ask("PATCH", path, {"name": "Lantern & Daughters"}, headers=headers))
    for kind, thing in (
        ("events", {"title": "Low Tide", "category": "CONCERT", "durationMinutes": 60}),
        ("venues", {"name": "Lantern House", "city": "Pune"}),
    ):
        own = ok(await client.ask("POST", kind, thing))
        shared = {"audience": "ORGANIZATIONS", "organizationIds": [made["id"]]}
        ok(await client.ask("PUT", f"{kind}/{own['id']}/sharing", shared))
        assert ok(await client.ask("GET", f"{kind}/{own['id']}/sharing")) == shared
    for look in ("organizations", path, f"{path}/members"):
        ok(await client.ask("GET", look, headers=headers))
    for role in ("DOOR", "OWNER"):
        ok(await client.ask("POST", f"{path}/members", {"email": email, "role": role}, headers=headers))
        ok(await client.ask("PUT", f"{path}/members", {"memberId": user_id, "role": role}, headers=headers))
        if role == "DOOR":
            ok(await client.ask("DELETE", f"{path}/members", params={"memberId": user_id}, headers=headers))
    ok(await client.ask("POST", f"{path}/leave", {}, headers=headers))


async def _have_a_coupon(client: Client, show: Show) -> None:
    """Create a coupon, use it, change it, end it, and read it meanwhile."""
    terms = BODIES["CreateCoupon"]["terms"]
    coupon = ok(await client.ask("POST", "coupons", {"code": str(uuid4())[:8], "terms": terms}))
    path = f"coupons/{coupon['id']}"
    ok(await client.ask("GET", "coupons", params={"pageSize": 1}))
    booking = await client.booked(show, new_user(), show.seats[2:4], coupon["code"])
    assert booking["finalAmount"] < booking["totalAmount"]
    assert ok(await client.ask("GET", path))["uses"] == 1
    asked = {"userId": new_user(), "code": coupon["code"], "showId": show.id}
    assert ok(await client.ask("POST", "coupons/validate", asked))["valid"]
    ok(await client.ask("PUT", path, {"terms": terms}))
    ok(await client.ask("PATCH", f"{path}/deactivate", {}))
    assert ok(await client.ask("POST", "coupons/validate", asked))["whyNot"] == "NOT_VALID"


async def _show_a_ticket(client: Client, booking_id: str) -> None:
    """Have the code of a ticket told and drawn, and the keys that it is verified with."""
    [ticket, *_] = ok(await client.ask("GET", f"bookings/{booking_id}/tickets"))["tickets"]
    assert len(ok(await client.ask("GET", f"tickets/{ticket['id']}/code"))["code"]) == 122
    for look, kind in (("PNG", "image/png"), ("SVG", "image/svg+xml")):
        drawn = await client.ask("GET", f"tickets/{ticket['id']}/qr", params={"format": look})
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, kind), drawn.text
    assert len((await client.http.get("/.well-known/ticket-keys.json")).json()["keys"]) == 1
    printed = await client.ask("GET", f"bookings/{booking_id}/tickets.pdf", params={"ticketId": ticket["id"]})
    assert (printed.status_code, printed.headers["content-type"]) == (200, "application/pdf"), printed.text
    assert printed.headers["cache-control"] == "private, no-store" and printed.content.startswith(b"%PDF")
    calendar = await client.ask("GET", f"bookings/{booking_id}/calendar.ics", params={"language": "HI"})
    assert calendar.headers["content-type"].startswith("text/calendar")
    assert calendar.text.startswith("BEGIN:VCALENDAR") and "बुकिंग" in calendar.text


async def _look_at_sales(client: Client, show: Show, seller: Json, booking_id: str) -> None:
    """Read who sells and how that is taxed, the invoice of a booking, and all of the seller's."""
    for path in (
        "sellers",
        "tax-rules",
        f"shows/{show.id}/tax",
        f"shows/{show.id}/fees",
        f"shows/{show.id}/kinds",
        f"bookings/{booking_id}/invoice",
        f"shows/{show.id}/bookings",
        f"shows/{show.id}/sales",
        f"events/{show.movie_id}/sales",
    ):
        ok(await client.ask("GET", path))
    invoice = await client.ask("GET", f"bookings/{booking_id}/invoice.pdf")
    assert (invoice.status_code, invoice.headers["content-type"]) == (200, "application/pdf"), invoice.text
    assert invoice.headers["content-disposition"].endswith('.pdf"')
    exported = await client.ask("GET", f"shows/{show.id}/bookings/export")
    assert (exported.status_code, exported.headers["content-type"]) == (200, "text/csv; charset=utf-8"), exported.text
    assert exported.headers["cache-control"] == "no-store" and exported.content.endswith(b"\r\n# end,1\r\n")
    ok(await client.ask("GET", "booking-exports"))
    number = ok(await client.ask("GET", f"bookings/{booking_id}"))["bookingNumber"]
    found = ok(await client.ask("POST", "bookings/search", {"q": number.lower()}))["results"]
    assert [one["booking"]["id"] for one in found] == [booking_id]
    period = {"from": "2026-01-01T00:00:00Z", "to": "2090-01-01T00:00:00Z"}
    export = await client.ask("GET", f"sellers/{seller['id']}/invoices", params=period)
    assert (export.status_code, export.headers["content-type"]) == (200, "text/csv; charset=utf-8"), export.text
    assert export.content.startswith(b"\xef\xbb\xbfDocument Type,") and export.content.endswith(b"\r\n# end,2\r\n")


async def _edit_the_catalogue(client: Client, show: Show, event_id: str) -> None:
    """Change everything, under all verbs and names."""
    ok(await client.ask("POST", f"events/{event_id}/publish", {}))
    changes = {
        f"events/{event_id}": {"language": "hi"},
        f"venues/{show.venue_id}": {"amenities": ["parking"]},
        f"theatres/{show.venue_id}": {"capacity": "300"},
        f"shows/{show.id}": {"salesStartAt": "2001-01-01T00:00:00Z"},
    }
    for path, change in changes.items():
        for verb in ("PUT", "PATCH"):
            ok(await client.ask(verb, path, change))
    prices = [{"tier": tier, "price": price + 100} for tier, price in PRICES.items()]
    ok(await client.ask("PUT", f"shows/{show.id}/prices", {"prices": prices}))


async def _look_at_the_catalogue(client: Client, show: Show, event_id: str) -> None:
    """Read everything, under both names that venues have."""
    for path in (f"events/{event_id}", f"movies/{show.movie_id}", f"shows/{show.id}"):
        ok(await client.ask("GET", path))
    for path in ("events", "movies", "venues", "theatres", "shows"):
        ok(await client.ask("GET", path, params={"pageSize": 3}))
    ok(await client.ask("GET", f"seats/screens/{show.screen_id}"))
    ok(await client.ask("GET", f"events/{show.movie_id}/seats", params={"showId": show.id}))
    ok(await client.ask("GET", f"events/{show.movie_id}/reviews"))
    file = ok(await client.ask("GET", f"screens/{show.screen_id}/hall"))
    assert file["format"] == "boxoffice-hall/1" and file["sections"]
    theatre = ok(await client.ask("POST", "theatres", {"name": "House", "city": "Pune"}))
    screen = {"name": "One", "sections": [{"name": "Stalls", "rows": [{"label": "A", "seatCount": 2, "tier": "VIP"}]}]}
    ok(await client.ask("POST", f"theatres/{theatre['id']}/screens", screen))
    for path in ("venues", "theatres"):
        ok(await client.ask("GET", f"{path}/{theatre['id']}"))


async def test_refusals_are_as_the_document_says(client: Client, show: Show, answered: set[str]) -> None:
    alice, bob, seats = new_user(), new_user(), show.seats[:2]
    key = {"headers": {"Idempotency-Key": str(uuid4())}}
    booking = ok(await client.book(show, alice, seats, **key))
    refused = [
        await client.book(show, alice, show.seats[2:3], **key),
        await client.hold(show, bob, seats),
        await client.book(show, bob, [NOBODY]),
        await client.book(show, bob, show.seats[3:10]),
        await client.book(show, "nobody", []),
        await client.ask("POST", "bookings", headers={"content-type": "application/json"}),
        await client.refund(booking),
        await client.cancel({**booking, "userId": bob}),
        await client.ask("GET", "shows", params={"unheard": "of"}),
        await client.ask("GET", "shows", params={"pageToken": "x"}),
        await client.ask("GET", f"shows/{NOBODY}"),
        await client.ask("GET", f"payments/status/{NOBODY}"),
        await client.ask("POST", f"payments/simulate/{SESSION}", {}),
        await client.http.post("/api/v1/payments/webhook", content=b"{}"),
        await client.ask("POST", "events", {"title": "x" * 300_000}),
    ]
    reasons = {(each.status, each.reason) for each in map(refusal, refused)}
    assert reasons == {
        (409, "IDEMPOTENCY_KEY_REUSED"),
        (409, "SEATS_UNAVAILABLE"),
        (404, "SEAT_NOT_FOUND"),
        (400, "SEAT_LIMIT_EXCEEDED"),
        (400, "INVALID_FIELD"),
        (400, "BOOKING_NOT_CONFIRMED"),
        (404, "BOOKING_NOT_FOUND"),
        (404, "SHOW_NOT_FOUND"),
        (404, "PAYMENT_NOT_FOUND"),
        (404, "SESSION_NOT_FOUND"),
        (401, "INVALID_SIGNATURE"),
        (413, "REQUEST_TOO_LARGE"),
    }
