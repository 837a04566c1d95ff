"""Every method that changes something: a request of each, for the tests of idempotency keys.

A mutation of the contracts that is in neither of the two tables below fails a test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import httpx

from stack.services import API
from tests.gateway.fakes import METHODS, Method
from tests.system.bad_input import camel
from tests.system.case import Case, Prepare
from tests.system.client import PRICES, Client, Json, Show, new_user, ok
from tests.system.transfers import offer_ticket


def takes_key(method: Method) -> bool:
    return "idempotency_key" in method.descriptor.input_type.fields_by_name


MUTATIONS = {
    method.descriptor.name: method
    for method in METHODS.values()
    if takes_key(method) or any(verb != "GET" for verb, _ in method.bindings)
}


def _event(name: str) -> Json:
    return {"title": name, "category": "CONCERT", "durationMinutes": 90}


async def create_event(client: Client, show: Show) -> Case:
    one = str(uuid4())
    wrong = _event("Another") | {"durationMinutes": 0}
    effects = "SELECT count(*) FROM events WHERE title = %s"
    return Case(_event(one), _event("Another"), wrong, None, "inventory", effects, one)


async def create_movie(client: Client, show: Show) -> Case:
    one = str(uuid4())
    right, other = ({"title": title, "durationMinutes": 90} for title in (one, "Another"))
    effects = "SELECT count(*) FROM events WHERE title = %s"
    return Case(right, other, other | {"title": ""}, None, "inventory", effects, one)


async def create_venue(client: Client, show: Show) -> Case:
    one = str(uuid4())
    right, other = ({"name": name, "city": "Pune"} for name in (one, "Another"))
    effects = "SELECT count(*) FROM venues WHERE name = %s"
    return Case(right, other, other | {"city": ""}, None, "inventory", effects, one)


async def create_screen(client: Client, show: Show) -> Case:
    seats = [{"name": "Stalls", "rows": [{"label": "A", "seatCount": 1, "tier": "VIP"}]}]
    right, other = ({"venueId": show.venue_id, "name": name, "sections": seats} for name in ("Twin", "Another"))
    taken = other | {"name": "Screen 1"}
    effects = (
        "SELECT count(*) FROM screens s JOIN screen_seats ON screen_id = s.id WHERE venue_id = %s AND name = 'Twin'"
    )
    return Case(right, other, taken, None, "inventory", effects, show.venue_id)


async def add_section(client: Client, show: Show) -> Case:
    right, other = (
        {"venueId": show.venue_id, "screenId": show.screen_id, "name": name, "rows": 1, "seatsPerRow": 1}
        for name in ("Wing", "Another")
    )
    effects = "SELECT count(*) FROM screen_seats WHERE screen_id = %s AND section = 'Wing'"
    return Case(right, other, other | {"name": "Stalls"}, None, "inventory", effects, show.screen_id)


async def import_hall(client: Client, show: Show) -> Case:
    def file(name: str) -> Json:
        rows = [{"label": "A", "seatCount": 1}]
        hall = {"format": "boxoffice-hall/1", "name": name, "sections": [{"name": "Stalls", "rows": rows}]}
        return {"venueId": show.venue_id, "file": json.dumps(hall)}

    effects = (
        "SELECT count(*) FROM screens s JOIN screen_seats ON screen_id = s.id WHERE venue_id = %s AND name = 'Twin'"
    )
    return Case(file("Twin"), file("Another"), file("Screen 1"), None, "inventory", effects, show.venue_id)


async def create_show(client: Client, show: Show) -> Case:
    def at(days: int) -> Json:
        return {
            "movieId": show.movie_id,
            "screenId": show.screen_id,
            "startTime": (show.starts_at + timedelta(days=days)).isoformat().replace("+00:00", "Z"),
            "prices": [{"tier": tier, "price": price} for tier, price in PRICES.items()],
        }

    effects = "SELECT count(*) - 1 FROM shows WHERE screen_id = %s"
    return Case(at(1), at(2), at(0), None, "inventory", effects, show.screen_id)


async def reschedule_show(client: Client, show: Show) -> Case:
    def to(days: float) -> Json:
        starts_at = show.starts_at + timedelta(days=days)
        return {"showId": show.id, "startTime": starts_at.isoformat().replace("+00:00", "Z")}

    effects = "SELECT revision - 1 FROM shows WHERE id = %s"
    return Case(to(1), to(2), to(-10_000), None, "inventory", effects, show.id)


async def hold_seats(client: Client, show: Show) -> Case:
    return await _seats(client, show, "inventory", "SELECT sequence FROM show_counters WHERE show_id = %s", show.id)


async def create_booking(client: Client, show: Show) -> Case:
    user = new_user()
    return await _seats(client, show, "booking", "SELECT count(*) FROM bookings WHERE user_id = %s", user, user)


async def book_guests(client: Client, show: Show) -> Case:
    blocked = {"showSeatIds": show.seats[:4], "reason": "Guests"}
    assert (await client.ask("POST", f"shows/{show.id}/block-seats", blocked)).status_code == 200
    user = new_user()
    case = await _seats(client, show, "booking", "SELECT count(*) FROM bookings WHERE user_id = %s", user, user)

    def guest(asked: Json) -> Json:
        rest = {name: value for name, value in asked.items() if name != "userId"}
        return rest | {"guestUserId": asked["userId"], "guestName": "Asha Rao"}

    right, other, theirs = (guest(asked) for asked in (case.right, case.other, case.theirs or {}))
    refused = right | {"showSeatIds": show.seats[5:6]}
    return replace(case, right=right, other=other, refused=refused, theirs=theirs)


async def _seats(client: Client, show: Show, database: str, effects: str, name: str, user: str = "") -> Case:
    def of(user: str, show_id: str, *numbers: int) -> Json:
        return {"userId": user, "showId": show_id, "showSeatIds": [show.seats[number] for number in numbers]}

    user = user or new_user()
    return Case(
        of(user, show.id, 0, 1),
        of(user, show.id, 2),
        of(user, str(uuid4()), 2),
        of(new_user(), show.id, 3),
        database,
        effects,
        name,
    )


async def create_coupon(client: Client, show: Show) -> Case:
    def of(code: str, percentage: int) -> Json:
        return {"code": code, "terms": {"kind": "PERCENTAGE", "percentage": percentage}}

    one, other = (f"C{uuid4().hex[:20]}".upper() for _ in range(2))
    effects = "SELECT count(*) FROM coupons WHERE code = %s"
    return Case(of(one, 10), of(other, 10), of(other, 0), None, "booking", effects, one)


async def create_gate(client: Client, show: Show) -> Case:
    def of(name: str, ends_at: str = "2031-01-01T00:00:00Z") -> Json:
        return {"name": name, "showIds": [show.id], "endsAt": ends_at}

    one = f"Gate {uuid4()}"
    effects = "SELECT count(*) FROM gates WHERE name = %s"
    return Case(of(one), of("Another"), of("Another", "2001-01-01T00:00:00Z"), None, "booking", effects, one)


async def check_in_ticket(client: Client, show: Show) -> Case:
    made = ok(await client.ask("POST", "gates", (await create_gate(client, show)).right))
    booking = await client.confirmed(show, user := new_user(), show.seats[:1])
    listed = ok(await client.ask("GET", f"bookings/{booking['id']}/tickets", params={"userId": user}))["tickets"]
    asked = await client.ask("GET", f"tickets/{listed[0]['id']}/code", params={"userId": user})
    right = {"showId": show.id, "code": ok(asked)["code"], "gateId": made["id"]}
    effects = "SELECT count(*) FROM admissions WHERE ticket_id::text = %s"
    headers = {"gate-credential": made["credential"]}
    wrong = right | {"showId": str(uuid4())}
    return Case(right, right | {"code": "nonsense"}, wrong, None, "booking", effects, listed[0]["id"], headers)


async def create_access_code(client: Client, show: Show) -> Case:
    def of(code: str, max_seats: int) -> Json:
        return {"showId": show.id, "code": code, "reason": "Sponsors", "maxSeats": max_seats}

    one, other = (f"A{uuid4().hex[:20]}".upper() for _ in range(2))
    effects = "SELECT count(*) FROM access_codes WHERE code = %s"
    return Case(of(one, 10), of(other, 10), of(other, 0), None, "inventory", effects, one)


async def unblock_seats(client: Client, show: Show) -> Case:
    floor = await client.make_show(seats_per_row=1, floor=6)
    [area] = (await client.seat_map(floor.id))["areas"]

    def of(quantity: int) -> Json:
        return {"showId": floor.id, "areas": [{"areaId": area["id"], "quantity": quantity}]}

    assert (await client.ask("POST", f"shows/{floor.id}/block-seats", of(6) | {"reason": "Guests"})).status_code == 200
    effects = "SELECT (6 - count(*)) / 2 FROM show_seats WHERE show_id = %s AND blocked_for IS NOT NULL"
    return Case(of(2), of(1), of(7), None, "inventory", effects, floor.id)


async def cancel_booking(client: Client, show: Show) -> Case:
    mine, other, theirs = await _bookings(client, show, client.booked)
    # Its second version was when its seats had been reserved.
    return _of_bookings(mine, other, theirs, "booking", "SELECT version - 2 FROM bookings WHERE id = %s")


async def refund_booking(client: Client, show: Show) -> Case:
    mine, other, theirs = await _bookings(client, show, client.confirmed)
    effects = (
        "SELECT count(*) FROM payments p JOIN bank.ledger l ON l.session_id = p.session_id AND l.amount < 0"
        " WHERE p.booking_id = %s"
    )
    return _of_bookings(mine, other, theirs, "payment", effects)


async def grant_refund(client: Client, show: Show) -> Case:
    mine, other, _ = await _bookings(client, show, client.confirmed)
    right, another = ({"bookingId": one["id"], "percentage": 50, "reason": "ill"} for one in (mine, other))
    effects = "SELECT count(*) FROM booking_refunds WHERE booking_id = %s"
    return Case(right, another, right | {"percentage": 101}, None, "booking", effects, mine["id"])


async def initiate_payment(client: Client, show: Show) -> Case:
    mine, other, theirs = await _bookings(client, show, client.booked)
    effects = "SELECT count(*) FROM payments p LEFT JOIN bank.sessions s ON s.payment_id = p.id WHERE p.booking_id = %s"
    return _of_bookings(mine, other, theirs, "payment", effects)


async def register(client: Client, show: Show) -> Case:
    one = f"{uuid4()}@example.com"
    right, other = ({"email": email, "password": "correct horse"} for email in (one, f"{uuid4()}@example.com"))
    effects = "SELECT count(*) FROM users WHERE email = %s"
    return Case(right, other, other | {"password": "short"}, None, "identity", effects, one)


async def create_organization(client: Client, show: Show) -> Case:
    one = str(uuid4())
    right, other, refused = ({"name": name} for name in (one, str(uuid4()), ""))
    effects = "SELECT count(*) FROM organizations WHERE name = %s"
    return Case(right, other, refused, None, "identity", effects, one, client.organizer)


async def _bookings(
    client: Client, show: Show, make: Callable[[Show, str, list[str]], Awaitable[Json]]
) -> tuple[Json, Json, Json]:
    user = new_user()
    return (
        await make(show, user, show.seats[:1]),
        await make(show, user, show.seats[1:2]),
        await make(show, new_user(), show.seats[2:3]),
    )


def _of_bookings(mine: Json, other: Json, theirs: Json, database: str, effects: str) -> Case:
    right, another, not_theirs = ({"bookingId": one["id"], "userId": one["userId"]} for one in (mine, other, theirs))
    return Case(right, another, right | {"bookingId": theirs["id"]}, not_theirs, database, effects, mine["id"])


KEYED: dict[str, Prepare] = {
    "CreateEvent": create_event,
    "CreateMovie": create_movie,
    "CreateVenue": create_venue,
    "CreateScreen": create_screen,
    "AddSection": add_section,
    "ImportHall": import_hall,
    "CreateShow": create_show,
    "RescheduleShow": reschedule_show,
    "HoldSeats": hold_seats,
    "CreateBooking": create_booking,
    "BookGuests": book_guests,
    "CancelBooking": cancel_booking,
    "CreateCoupon": create_coupon,
    "CreateAccessCode": create_access_code,
    "UnblockSeats": unblock_seats,
    "CreateGate": create_gate,
    "CheckInTicket": check_in_ticket,
    "OfferTicket": offer_ticket,
    "InitiatePayment": initiate_payment,
    "RefundBooking": refund_booking,
    "GrantRefund": grant_refund,
    "Register": register,
    "CreateOrganization": create_organization,
}

HARMLESS = {
    "ExtendHolds": "a hold has its full time again from the last time on, within its life",
    "ReleaseHolds": "a DELETE: what is released once is released; each answer counts what it released itself",
    "UpdateEvent": "an event says of itself what the last request says",
    "UpdateVenue": "a venue says of itself what the last request says",
    "UpdateShow": "sales begin and end when the last request says",
    "PublishEvent": "what is public stays so",
    "WriteReview": "a user has one review of an event, which says what the last request says",
    "DeleteReview": "what is gone is gone",
    "ReportReview": "a user's reports of one review count once",
    "HideReview": "a review is hidden or not, as the last request says",
    "SetPreferences": "preferences are what the last request says, since the first that said so",
    "Unsubscribe": "who gets no reminders gets none",
    "ReadNotice": "what was read stays so, since then",
    "ReadAllNotices": "what was read stays so, since then",
    "CreateWebhookEndpoint": "an organization has one endpoint of a URL: a second one is refused",
    "UpdateWebhookEndpoint": "an endpoint is what the last request says",
    "DeleteWebhookEndpoint": "what is gone is gone",
    "RotateWebhookSecret": "each is another secret, and the two of before sign as well for a day",
    "EnableWebhookEndpoint": "what is enabled is enabled; `after` says where it goes on",
    "DisableWebhookEndpoint": "what is disabled is disabled",
    "ResendWebhookMessage": "a message that waits to be sent again waits once",
    "UploadHall": "a venue has one screen of a name",
    "SearchBookings": "it only reads: a POST as names are not for logs of paths",
    "UploadImage": "the same file again is the same image",
    "DeleteImage": "what is gone is gone",
    "ReorderImages": "an event's images are in the order that the last request says",
    "QuoteBooking": "it only reads: a POST as it names many seats",
    "SimulatePayment": "the customer's click: a session comes to its end once, and is shown as it is from then on",
    "ReceiveRazorpayWebhook": "what is signed is the key",
    "ReceiveWebhook": "the bank's own id of the event, which its headers carry, is the key",
    "SetSeller": "the caller names the seller, who is called what the last request says",
    "SetTaxRule": "the caller names the rule, which ends when the last request says",
    "CancelEvent": "an event is cancelled once; who asks again is told how far that is",
    "BlockSeats": "what is blocked is blocked, for the reason that the last request says",
    "RotateGate": "the credential of the last answer is the one that is good",
    "RevokeGate": "what has ended has ended",
    "SyncScans": "each scan has the gate's own name, by which it is kept once",
    "WithdrawOffer": "what is withdrawn is withdrawn",
    "AcceptOffer": "who has accepted holds the ticket",
    "DeclineOffer": "what is declined is declined",
    "ReturnTicket": "what was given back is given back",
    "UndoAdmission": "what is taken back is taken back, as the first request said",
    "RevokeAccessCode": "what has ended has ended",
    "CancelShow": "a show is cancelled once; who asks again is told how far that is",
    "SetShowPrices": "a show has the prices that the last request says",
    "SetShowTax": "a show is sold by whom the last request says",
    "SetShowFees": "a show has the fees that the last request says",
    "SetShowKinds": "a show has the kinds of tickets that the last request says",
    "Login": "every login begins a family of tokens of its own",
    "Refresh": "a token that comes again gives the same next one, with another access token",
    "Logout": "what has ended has ended",
    "UpdateProfile": "a user is called what the last request says",
    "DeleteAccount": "what is deleted is deleted",
    "ChangePassword": "a second time, the present password is another",
    "RequestEmailVerification": "another mail, of which an account gets five an hour at most",
    "RequestPasswordReset": "another mail, of which an account gets five an hour at most",
    "RequestEmailChange": "another mail, of which an account gets five an hour at most",
    "VerifyEmail": "a token is good once, and an address that is verified stays so",
    "ResetPassword": "a token is good once",
    "SubmitAccountForm": "a token is good once",
    "SetRoles": "a user has the roles that the last request says",
    "RedriveRefunds": "what is not stuck any more is left as it is",
    "ShareEvent": "it is shared with whom the last request says",
    "ShareVenue": "it is shared with whom the last request says",
    "UpdateOrganization": "an organization is called what the last request says",
    "AddMember": "who is a member with this role stays one",
    "SetMemberRole": "a member has the role that the last request says",
    "RemoveMember": "what has ended has ended",
    "LeaveOrganization": "what has ended has ended",
    "SetEmailVerified": "an address is what the last request says, since the first that said so",
    "UpdateCoupon": "a coupon has the terms that the last request says",
    "DeactivateCoupon": "what has ended has ended",
    "ValidateCoupon": "a question: the answers that tell nothing are counted, each by itself",
}
"""Mutations without a key, and why repeating them does nothing. Each has a test of its own: those of coupons and taxes
in tests/booking, those of accounts and organizations in tests/identity, those of webhooks
in tests/notifications, the others in test_keys.py."""

SETTLES = {"RefundBooking": "status", "GrantRefund": "status", "CreateGate": "credential"}
"""What equal answers may differ in: while something is under way, as docs/adr/0008-refund-answers.md says, and a gate's
credential, which is shown once."""


Header = str | bytes | Sequence[str]


async def ask(
    client: Client,
    name: str,
    request: Json,
    *,
    key: str = "",
    header: Header | None = None,
    binding: int = 0,
    who: Json | None = None,
) -> httpx.Response:
    """Ask for a method at one of its paths, with a key in the body, in a header (or headers), or both."""
    bindings = MUTATIONS[name].bindings
    verb, path = bindings[binding % len(bindings)]
    body = dict(request)
    url = re.sub(r"{(\w+)}", lambda variable: body.pop(camel(variable[1])), path.removeprefix(f"{API}/"))
    if key:
        body["idempotencyKey"] = key
    headers = [] if header is None else [header] if isinstance(header, str | bytes) else header
    known = [(name.encode(), value.encode()) for name, value in (who or {}).items()]
    keys = [(b"Idempotency-Key", _bytes(value)) for value in headers]
    return await client.ask(verb, url, body, headers=[*known, *keys])


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
