"""What is given to clients that were written for other shops: the same things, said in their words as well."""

import re
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import roster
from stack.launcher import Stack
from tests.system.client import Client, Json, Show, new_user, ok, refusal
from tests.system.databases import later

PAGE = roster.ROOT / "docs/from-the-seeds.md"
Ask = Callable[..., Coroutine[Any, Any, Json]]


async def test_a_hold_says_that_it_succeeded_and_when_each_seats_hold_lapses(client: Client, show: Show) -> None:
    user, key = new_user(), {"Idempotency-Key": str(uuid4())}
    first, again = [ok(await client.hold(show, user, show.seats[:2], headers=key)) for _ in range(2)]
    for seeded in (first, again):
        assert seeded["success"] is True
        assert seeded["holds"] == [{"seatId": seat["id"], "expiresAt": seat["expiresAt"]} for seat in seeded["seats"]]
    assert [hold["seatId"] for hold in first["holds"]] == show.seats[:2]


async def test_holds_are_extended_looked_at_and_released_by_the_paths_of_the_seeds(client: Client, show: Show) -> None:
    user = new_user()
    ok(await client.hold(show, user, show.seats[:3]))
    body = {"userId": user, "showId": show.id}
    extended = ok(await client.ask("POST", "bookings/extend-hold", body | {"showSeatIds": show.seats[:2]}))
    assert extended["success"] is True and {seat["id"] for seat in extended["seats"]} == set(show.seats[:2])
    # The paths stand beside GET /bookings/{bookingId}, which another service answers.
    [held] = ok(await client.ask("GET", f"bookings/hold-status?userId={user}"))["holds"]
    assert held["showId"] == show.id and [seat["id"] for seat in held["seats"]] == show.seats[:3]
    assert all(0 < seat["secondsLeft"] <= 300 for seat in held["seats"])
    released = ok(await client.ask("POST", "bookings/release-seats", body | {"showSeatIds": show.seats[:1]}))
    assert released == {"released": 1}
    gone = refusal(await client.ask("POST", "bookings/extend-hold", body | {"showSeatIds": show.seats[:1]}))
    assert (gone.status, gone.reason) == (400, "SEATS_NOT_HELD")
    assert ok(await client.ask("POST", "bookings/release-seats", {"userId": user})) == {"released": 2}
    assert ok(await client.ask("GET", f"bookings/hold-status?userId={user}"))["holds"] == []


async def test_a_users_bookings_are_listed_by_the_path_of_the_seeds_in_pages_that_are_counted(
    client: Client, show: Show
) -> None:
    user = new_user()
    made = [await client.booked(show, user, show.seats[number : number + 1]) for number in range(3)]
    listed = ok(await client.ask("GET", f"bookings?userId={user}&page=1&limit=2&period=UPCOMING&status=PENDING"))
    assert [one["bookingNumber"] for one in listed["bookings"]] == [one["bookingNumber"] for one in made[:0:-1]]
    assert (listed["page"], listed["limit"], listed["total"]) == (1, 2, 3)
    assert ok(await client.ask("GET", f"bookings?userId={user}&period=past"))["bookings"] == []
    both = refusal(await client.ask("GET", f"bookings?userId={user}&page=1&pageSize=2"))
    assert (both.status, both.reason, both.fields) == (400, "INVALID_FIELD", ("page",))


async def test_a_show_of_a_movie_names_it_and_so_does_its_booking(client: Client, show: Show) -> None:
    shown = ok(await client.ask("GET", f"shows/{show.id}"))
    booking = await client.booked(show, new_user(), show.seats[:1])
    again = ok(await client.ask("GET", f"bookings/{booking['id']}"))
    assert shown["movie"] == shown["title"] == booking["show"]["movie"] == again["show"]["movie"] != ""
    listed = ok(await client.ask("GET", f"shows?movieId={show.movie_id}"))["shows"]
    assert [each["movie"] for each in listed] == [shown["title"]] * len(listed)


async def test_a_show_of_something_else_names_no_movie(client: Client, show: Show) -> None:
    event = ok(await client.ask("POST", "events", {"title": "Concert", "category": "concert", "durationMinutes": 60}))
    assert event["category"] == "CONCERT"
    start = "2031-06-01T00:00:00Z"
    prices = [{"tier": tier, "price": 100} for tier in ("regular", "Premium", "VIP")]
    body = {"eventId": event["id"], "screenId": show.screen_id, "startTime": start, "prices": prices}
    shown = ok(await client.ask("POST", "shows", body))
    assert (shown["title"], shown["movie"]) == ("Concert", "")


async def test_the_words_of_enums_may_be_in_small_letters(client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:1])
    await client.pay(await client.session(booking), "success")
    await client.until(booking["id"], "CONFIRMED")
    assert "events" in ok(await client.ask("GET", "events?category=concert"))


async def test_categories_are_read_as_the_seeds_spell_them_and_written_in_one_way(client: Client) -> None:
    for said, category in (("THEATER", "THEATRE"), ("sports", "SPORT"), ("theatre", "THEATRE"), ("Sport", "SPORT")):
        wish = {"title": "Low Tide", "category": said, "durationMinutes": 60, "status": "PUBLISHED"}
        event = ok(await client.ask("POST", "events", wish))
        assert (event["category"], ok(await client.ask("GET", f"events/{event['id']}"))["category"]) == (category,) * 2
        edited = ok(await client.ask("PATCH", f"events/{event['id']}", {"category": said}))
        assert edited["category"] == category
        listed = ok(await client.ask("GET", "events", params={"category": said}))["events"]
        assert {one["category"] for one in listed} == {category} and event["id"] in {one["id"] for one in listed}


async def test_events_and_venues_are_found_by_the_paths_of_the_seeds(client: Client, show: Show) -> None:
    start = "2031-07-01T20:00:00Z"
    body = {"title": "Čaj & Chai", "category": "concert", "durationMinutes": 60, "status": "PUBLISHED"}
    first = {"eventDate": start, "screenId": show.screen_id, "basePrice": 40_000}
    made = ok(await client.ask("POST", "events", body | first))
    query = (
        "q=caj+chia&category=concert&dateFrom=2031-07-01&dateTo=2031-07-02&minPrice=40000&maxPrice=40000&page=1&limit=5"
    )
    listed = ok(await client.ask("GET", f"events?{query}"))
    assert [event["id"] for event in listed["events"]] == [made["id"]]
    assert (listed["page"], listed["limit"], listed["total"]) == (1, 5, 1)
    event = ok(await client.ask("GET", f"events/{made['id']}"))
    assert [one["id"] for one in event["shows"]] == [made["showId"]]
    assert event["priceRanges"] == [{"currency": "INR", "lowest": 40_000, "highest": 40_000}]
    [place] = event["places"]
    venue = ok(await client.ask("GET", f"venues/{place['venueId']}"))
    assert (venue["name"], venue["timeZone"]) == (place["name"], place["timeZone"])
    by_city = ok(await client.ask("GET", f"events?q=caj&city={venue['city']}"))
    assert [one["id"] for one in by_city["events"]] == [made["id"]]
    seats = ok(await client.ask("GET", f"events/{made['id']}/seats"))
    assert (seats["showId"], seats["currency"]) == (made["showId"], "INR")
    assert {(each["available"] == each["total"] > 0, each["lowestPrice"]) for each in seats["sections"]} == {
        (True, 40_000)
    }
    edited = ok(await client.ask("PUT", f"events/{made['id']}", {"title": "Kava"}))
    assert edited["title"] == "Kava"
    assert ok(await client.ask("GET", "events?q=caj"))["events"] == []
    both = refusal(await client.ask("GET", "events?page=1&pageSize=2"))
    assert (both.status, both.reason, both.fields) == (400, "INVALID_FIELD", ("page",))


def routes(heading: str) -> set[str]:
    """Return the routes of the page's table below a heading, such as `GET /events/{eventId}`."""
    table = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    return {route for cell in first for route in re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", cell)}


async def test_every_route_of_events_venues_seats_and_reviews_does_what_the_page_says(
    stack: Stack, client: Client
) -> None:
    tried: set[str] = set()

    async def ask(route: str, body: Json | None = None, **named: str) -> Json:
        """Ask for a route; what its path does not name is asked for in the query."""
        tried.add(route)
        verb, path = route.split(" /")
        query = {name: value for name, value in named.items() if f"{{{name}}}" not in path}
        return ok(await client.ask(verb, path.format_map(named), body, params=query))

    await _review(stack, client, ask)
    await _make_and_edit(client, ask)
    assert tried == routes("Events, venues and seats")


async def _review(stack: Stack, client: Client, ask: Ask) -> None:
    """Review an event whose show is over, which others report and an admin hides."""
    show, user = await client.make_show(), new_user()
    reviews, of_event = "/events/{eventId}/reviews", {"eventId": show.movie_id}
    words = {"userId": user, "rating": 2, "text": "The sound was poor."}
    too_early = refusal(await client.ask("POST", f"events/{show.movie_id}/reviews", words))
    assert (too_early.status, too_early.reason) == (400, "NOT_THERE")
    await client.confirmed(show, user, show.seats[:1])
    async with later(stack.server, "4 days", "inventory"):
        written = await ask(f"POST {reviews}", words, **of_event)
        again = await ask(f"PUT {reviews}", words | {"rating": 5, "text": "Not where I sat later."}, **of_event)
        assert (again["id"], again["rating"]) == (written["id"], 5)
        listed = await ask(f"GET {reviews}", **of_event)
        assert ([one["id"] for one in listed["reviews"]], listed["total"]) == ([written["id"]], 1)
        assert listed["averageHundredths"] == 500
        named = {"reviewId": written["id"]}
        await ask("POST /reviews/{reviewId}/report", of_event | {"userId": new_user()}, **named)
        for hidden, total in ((True, 0), (False, 1)):
            await ask("POST /reviews/{reviewId}/hide", of_event | {"hidden": hidden}, **named)
            assert (await ask(f"GET {reviews}", **of_event))["total"] == total
        await ask(f"DELETE {reviews}", **of_event, userId=user)
        assert (await ask(f"GET {reviews}", **of_event))["total"] == 0


async def _make_and_edit(client: Client, ask: Ask) -> None:
    """Make a venue with a screen and an event with a show there, and look at them."""
    venue = await ask("POST /venues", {"name": "Harbour Hall", "city": "Kochi"})
    at = {"venueId": venue["id"]}
    assert (await ask("PUT /venues/{venueId}", {"name": "Harbour House"}, **at))["timeZone"] == "Asia/Kolkata"
    assert venue["id"] in {one["id"] for one in (await ask("GET /venues", city="Kochi", pageSize="100"))["venues"]}
    rows = [{"label": "A", "seatCount": 5, "tier": "REGULAR"}]
    sections = {"name": "Screen 1", "sections": [{"name": "Stalls", "rows": rows}]}
    screen = ok(await client.ask("POST", f"venues/{venue['id']}/screens", sections))
    first = {"eventDate": "2031-07-02T20:00:00Z", "screenId": screen["id"], "basePrice": 50_000}
    wish = {"title": f"Tidal {uuid4().hex[:8]}", "category": "CONCERT", "durationMinutes": 60, "status": "PUBLISHED"}
    event = await ask("POST /events", wish | first)
    of_event = {"eventId": event["id"]}
    wing = {"name": "Balcony", "rows": 1, "seatsPerRow": 4, "priceMultiplier": 1500}
    await ask("POST /venues/{venueId}/sections", wing, **at)
    assert [one["seatCount"] for one in (await ask("GET /venues/{venueId}", **at))["screens"]] == [9]
    seats = await ask("GET /events/{eventId}/seats", **of_event)
    assert [(each["section"], each["total"]) for each in seats["sections"]] == [("Stalls", 5)], "it stays as it was"
    await ask("PUT /events/{eventId}", {"description": "In the open air."}, **of_event)
    shown = await ask("GET /events/{eventId}", **of_event)
    assert (shown["description"], [one["id"] for one in shown["shows"]]) == ("In the open air.", [event["showId"]])
    assert [one["id"] for one in (await ask("GET /events", q=wish["title"]))["events"]] == [event["id"]]
