"""What is given to clients that were written for other shops: the same things, said in their words as well."""

from uuid import uuid4

from tests.system.client import Client, Show, new_user, ok


async def test_a_hold_says_that_it_succeeded_and_when_each_seats_hold_lapses(client: Client, show: Show) -> None:
    user, key = new_user(), {"Idempotency-Key": str(uuid4())}
    first, again = [ok(await client.hold(show, user, show.seats[:2], headers=key)) for _ in range(2)]
    for seeded in (first, again):
        assert seeded["success"] is True
        assert seeded["holds"] == [{"seatId": seat["id"], "expiresAt": seat["expiresAt"]} for seat in seeded["seats"]]
    assert [hold["seatId"] for hold in first["holds"]] == show.seats[:2]


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
