"""Bugs of watching bookings: who is told, when, and how many may be."""

from tests.mutants.mutant import REQUESTS, Mutant

WATCHING = ("tests/booking/test_watching.py",)

MUTANTS = (
    Mutant("a change is told to nobody", "Changes._look", "_wake(woken)", "pass", REQUESTS, WATCHING),
    Mutant(
        "more time to pay is not told",
        "CHANGED",
        " OR expires_at IS DISTINCT FROM asked.known_expires_at",
        "",
        REQUESTS,
        WATCHING,
    ),
    Mutant(
        "refunds of seats are not told",
        "CHANGED",
        "OR (refund_count > 0 AND version <> asked.known_version)",
        "",
        REQUESTS,
        ("tests/booking/test_watching_refunds.py",),
    ),
    Mutant(
        "nothing is said to have happened though nobody knows",
        "Changes.after",
        "False if self._looked_at > began else None",
        "False",
        REQUESTS,
        WATCHING,
    ),
    Mutant(
        "a user takes the places of all",
        "Changes.place",
        "self._places[user_id] >= MAX_OF_USER",
        "False",
        REQUESTS,
        WATCHING,
    ),
    Mutant(
        "any number may wait",
        "Changes.place",
        "self._places.total() >= self._max_waiting",
        "False",
        REQUESTS,
        WATCHING,
    ),
    Mutant("who waits keeps others out", "outside", "door.inside -= 1", "door.inside -= 0", REQUESTS, WATCHING),
    Mutant(
        "a wait lasts until its caller has given up",
        "Watching.wait",
        "min(loop.time() + seconds, deadline.get() - ANSWER_SECONDS)",
        "loop.time() + seconds",
        REQUESTS,
        WATCHING,
    ),
    Mutant(
        "who watches is not told of late money",
        "Booking.is_final",
        "lapsed and self.show.sales_end_at <= now",
        "lapsed",
        REQUESTS,
        WATCHING,
    ),
    Mutant(
        "a stream outlives its server",
        "Watching._check_goes_on",
        "self._changes.ended or asyncio.get_running_loop().time() >= end",
        "asyncio.get_running_loop().time() >= end",
        REQUESTS,
        WATCHING,
    ),
    Mutant(
        "a stream lasts for ever",
        "Watching._check_goes_on",
        "asyncio.get_running_loop().time() >= end",
        "False",
        REQUESTS,
        WATCHING,
    ),
)
