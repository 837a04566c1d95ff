"""Claims that lapse are gone the instant they lapse. The databases' clocks are moved; nobody waits for a job."""

from datetime import UTC, datetime, timedelta

from stack.launcher import Stack
from tests.system.client import Client, Show, new_user, ok, refusal
from tests.system.databases import later, unchanged


async def test_a_hold_lapses_and_its_seat_is_free_at_once(stack: Stack, client: Client, show: Show) -> None:
    alice, bob, seat = new_user(), new_user(), show.seats[0]
    held = ok(await client.hold(show, alice, [seat]))
    assert held["expiresIn"] in (299, 300)
    assert refusal(await client.hold(show, bob, [seat])).reason == "SEATS_UNAVAILABLE"
    assert await client.statuses(show.id, [seat], bob) == ["HELD"]

    async with later(stack.server, "299 seconds", "inventory"):
        # Holding again never extends.
        assert ok(await client.hold(show, alice, [seat]))["expiresAt"] == held["expiresAt"]
    async with later(stack.server, "5 minutes 1 second", "inventory"):
        assert await client.statuses(show.id, [seat], alice) == ["AVAILABLE"]
        free = ok(await client.ask("GET", f"seats/shows/{show.id}/available"))["seats"]
        assert [one["id"] for one in free] == show.seats
        ok(await client.hold(show, bob, [seat]))
        assert await client.statuses(show.id, [seat], bob) == ["HELD_BY_ME"]
        refused = refusal(await client.book(show, alice, [seat]))
        assert (refused.status, refused.reason) == (409, "SEATS_UNAVAILABLE")
        assert (await client.booked(show, bob, [seat]))["status"] == "PENDING"


async def test_a_booking_lapses_and_its_seats_are_free_at_once(stack: Stack, client: Client, show: Show) -> None:
    alice, bob, seats = new_user(), new_user(), show.seats[:2]
    booking = await client.booked(show, alice, seats)
    async with later(stack.server, "15 minutes 1 second", "inventory", "booking"):
        assert (await client.booking(booking["id"]))["status"] == "EXPIRED"
        listed = ok(await client.ask("GET", f"bookings/user/{alice}"))["bookings"]
        assert [one["status"] for one in listed] == ["EXPIRED"]
        assert await client.statuses(show.id, seats) == ["AVAILABLE", "AVAILABLE"]
        assert refusal(await client.initiate(booking)).reason == "BOOKING_NOT_PENDING"
        assert refusal(await client.cancel(booking)).reason == "BOOKING_NOT_PENDING"
        # One of the two is enough for the other to be free as well.
        ok(await client.hold(show, bob, seats[:1]))
        assert await client.statuses(show.id, seats, bob) == ["HELD_BY_ME", "AVAILABLE"]
        assert (await client.booked(show, bob, seats))["status"] == "PENDING"


async def test_a_show_that_has_begun_can_be_neither_held_nor_booked(stack: Stack, client: Client) -> None:
    show = await client.make_show(starts_in=timedelta(hours=1))
    user = new_user()
    async with later(stack.server, "61 minutes", "inventory"):
        async with unchanged(stack.server):
            for refused in (
                refusal(await client.hold(show, user, show.seats[:1])),
                refusal(await client.book(show, user, show.seats[:1])),
            ):
                assert (refused.status, refused.reason) == (400, "SHOW_STARTED")
        assert ok(await client.ask("GET", f"bookings/user/{user}"))["bookings"] == []


async def test_from_the_end_of_sales_on_nothing_is_held_booked_or_paid(stack: Stack, client: Client) -> None:
    show = await client.make_show(starts_in=timedelta(hours=1), sales_end_in=timedelta(minutes=10))
    alice, bob = new_user(), new_user()
    held, booking = ok(await client.hold(show, alice, show.seats[:1])), await client.booked(show, bob, show.seats[1:2])
    seats = await client.seat_map(show.id)
    end = seats["salesEndAt"]
    assert ok(await client.ask("GET", f"shows/{show.id}"))["salesEndAt"] == end
    assert ok(await client.ask("GET", f"seats/shows/{show.id}/available"))["salesEndAt"] == end
    assert held["expiresAt"] < end  # five minutes are less than ten
    assert (booking["expiresAt"], booking["show"]["salesEndAt"]) == (end, end)
    session_ends = datetime.fromisoformat(ok(await client.initiate(booking))["expiresAt"])
    assert session_ends == datetime.fromisoformat(end) - timedelta(minutes=2)
    late = await client.booked(show, bob, show.seats[2:3])
    async with later(stack.server, "9 minutes", "inventory", "booking", "payment"):
        refused = refusal(await client.initiate(late))
        assert (refused.status, refused.reason) == (400, "BOOKING_NOT_PENDING")
        assert refused.message == "Sales end too soon to pay for this booking: cancel it."
    async with later(stack.server, "11 minutes", "inventory", "booking"):
        for ask in (client.hold, client.book):
            refused = refusal(await ask(show, alice, show.seats[:1]))
            assert (refused.status, refused.reason) == (400, "SALES_ENDED")
        assert [(await client.booking(one["id"]))["status"] for one in (booking, late)] == ["EXPIRED", "EXPIRED"]
        assert set(await client.statuses(show.id, show.seats[:3])) == {"AVAILABLE"}


async def test_a_show_in_the_past_cannot_be_created(stack: Stack, client: Client, show: Show) -> None:
    async with unchanged(stack.server):
        for start in (datetime.now(UTC) - timedelta(seconds=1), datetime(2001, 1, 1, tzinfo=UTC)):
            body = {
                "movieId": show.movie_id,
                "screenId": show.screen_id,
                "startTime": start.isoformat().replace("+00:00", "Z"),
                "prices": [{"tier": tier, "price": 100} for tier in ("REGULAR", "PREMIUM", "VIP")],
            }
            refused = refusal(await client.ask("POST", "shows", body))
            assert (refused.status, refused.reason, refused.fields) == (400, "INVALID_FIELD", ("startTime",))
