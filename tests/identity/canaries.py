"""What people write and must not come to light, and who writes it: for test_canaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx

PASSWORD = "Kanarienvogel! süß & yellow/+?"
WRONG = f"wrong-{PASSWORD}"
PERSONAL = {
    "event's title": "Canary Concerto",
    "venue's name": "Canary Hall",
    "screen's name": "Canary Stage",
    "section's name": "Canary Balcony",
    "city's name": "Canaryville",
    "e-mail address": "canary@example.com",
}
"""What people have written: it may be in answers, and never in a public event."""
TOLD = {
    "guest's name": "Canary Countess",
    "access code": "CANARY-CODE-77",
    "user's name": "Canary Katharina",
    "user's e-mail address": "canary.katharina@example.com",
    "user's phone": "+919876500077",
    "user's review": "Canaries sang off key",
    "seller's name": "Canary Talkies Limited",
    "seller's address": "77 Canary Lane, Pune 411077",
}
"""What organizers and those whom it is for are told, and nobody else is, nor any log."""


def have_guests(http: httpx.Client, show: str, user: str, seats: list[str]) -> None:
    """Block two seats; have one by an access code, which is refused first, and one for a guest."""
    name, code = TOLD["guest's name"], TOLD["access code"]
    some = {"userId": user, "showSeatIds": seats[:1]}
    assert http.post(f"shows/{show}/block-seats", json={"showSeatIds": seats, "reason": "Guests"}).status_code == 200
    wish = {"code": code, "reason": "Guests", "maxSeats": 1}
    refused = http.post("bookings/hold-seats", json=some | {"showId": show, "accessCode": code})
    assert "ACCESS_CODE_NOT_VALID" in refused.text
    assert http.post(f"shows/{show}/access-codes", json=wish).status_code == 200
    http.post(f"shows/{show}/access-codes", json=wish)
    assert http.post("bookings/hold-seats", json=some | {"showId": show, "accessCode": code}).status_code == 200
    assert http.get(f"shows/{show}/access-codes").json()["accessCodes"][0]["code"] == code
    guest = {"guestUserId": user, "showSeatIds": seats[1:], "guestName": name}
    booked = http.post(f"shows/{show}/guests", json=guest)
    assert booked.json()["guestName"] == name


def have_a_show(http: httpx.Client) -> str:
    """Put a show on sale of which every text is a canary; return its id."""
    title, venue, screen, section, city, _ = PERSONAL.values()
    movie = http.post("movies", json={"title": title, "description": title, "durationMinutes": 90}).json()["id"]
    hall = http.post("venues", json={"name": venue, "city": city, "address": city}).json()["id"]
    row = {"label": "A", "seatCount": 4, "tier": "REGULAR"}
    layout = {"name": screen, "sections": [{"name": section, "rows": [row]}]}
    stage = http.post(f"venues/{hall}/screens", json=layout).json()["id"]
    starts_at = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"
    prices = [{"tier": "REGULAR", "price": 25_000}]
    show = {"movieId": movie, "screenId": stage, "startTime": starts_at, "prices": prices}
    return str(http.post("shows", json=show).json()["id"])


def have_a_deleted_account(http: httpx.Client) -> None:
    """Register with all that a user may say, be refused a review, and delete the account, at first in vain."""
    who = {"email": TOLD["user's e-mail address"], "password": PASSWORD}
    assert http.post("auth/register", json=who | {"name": TOLD["user's name"]}).status_code == 200
    bearer = {"authorization": f"Bearer {http.post('auth/login', json=who).json()['accessToken']}"}
    profile = {"name": TOLD["user's name"], "phone": TOLD["user's phone"]}
    assert http.patch("users/me", json=profile, headers=bearer).json()["phone"] == TOLD["user's phone"]
    bearer = {"authorization": f"Bearer {http.post('auth/login', json=who).json()['accessToken']}"}
    exported = http.get("users/me/export", headers=bearer)
    assert TOLD["user's name"] in exported.text
    assert TOLD["user's phone"] in exported.text
    review = {"rating": 1, "text": TOLD["user's review"]}
    assert http.post(f"events/{uuid4()}/reviews", json=review, headers=bearer).status_code == 404
    assert http.post("users/me/delete", json={"password": WRONG}, headers=bearer).status_code == 400
    assert http.post("users/me/delete", json={"password": PASSWORD}, headers=bearer).status_code == 200
    assert http.post("auth/login", json=who).status_code == 401
    assert http.get("users/me", headers=bearer).status_code == 404


def have_a_seller(http: httpx.Client) -> None:
    """Have somebody sell, and be refused another one of the same tax number."""
    seller = {"legalName": TOLD["seller's name"], "address": TOLD["seller's address"], "country": "IN"}
    seller |= {"state": "27", "taxNumber": "27AAPFU0939F1ZV", "timeZone": "Asia/Kolkata"}
    assert http.put(f"sellers/{uuid4()}", json=seller).status_code == 200
    assert http.put(f"sellers/{uuid4()}", json=seller).status_code >= 400
