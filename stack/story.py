"""The whole story of a few bookings, played on the running stack as its customers would: over REST.

Every step is one sentence and what came of it. A step that comes out otherwise than told ends the story.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, TextIO
from uuid import uuid4

import httpx

from audit import audit
from audit.invariants import INVARIANTS
from services.chassis.values.currencies import money
from stack import credentials, running, services
from stack.ageing import age
from stack.callers import over_http
from stack.demo import HALLS, TITLES
from stack.errors import StackError
from stack.postgres import Server
from stack.settings import Settings

Json = dict[str, Any]

CALL_SECONDS = 15
PATIENCE_SECONDS = 30
LOOK_SECONDS = 0.1
# All of a ticket's price comes back until 24 hours before its show.
LEAD = timedelta(hours=25)
PAGE_SIZE = "100"
SEATS = 6
"""How many free seats the story needs, side by side or not."""

GREEN, YELLOW, RED, BLUE, DIM, BOLD = "30;42", "30;43", "37;41", "37;44", "2", "1"
LOOKS = {
    "AVAILABLE": (".", GREEN, "free"),
    "HELD": ("h", YELLOW, "held by somebody"),
    "HELD_BY_ME": ("m", BLUE, "held by Alice"),
    "RESERVED_BY_ME": ("r", BLUE, "reserved by Alice"),
    "BOOKED": ("x", RED, "booked"),
    "BLOCKED": ("#", DIM, "not on sale"),
}


class Unexpected(Exception):
    """A step came out otherwise than told."""


def play(settings: Settings, out: TextIO = sys.stdout) -> int:
    """Play the story on the stack that runs from the data folder; return 0 if every step came out as told."""
    launcher = running.find(settings)
    if launcher is None:
        raise StackError(f"nothing runs from {settings.data_dir}: `make run` in another terminal first")
    settings = launcher.settings
    secrets = credentials.load(settings.data_dir / credentials.FILE)
    server = Server(settings.data_dir, settings.postgres_port, secrets["postgres"])
    url = f"{services.public_url(settings)}{services.API}/"
    with httpx.Client(base_url=url, auth=over_http(settings), timeout=CALL_SECONDS, trust_env=False) as http:
        page = StoryPage(out, in_colour(out))
        try:
            Story(StoryShop(http), page, server).play()
            page.line(_audited(settings))
        except Unexpected as error:
            page.wrong(str(error))
            return 1
        except httpx.TransportError as error:
            page.wrong(f"the gateway does not answer ({type(error).__name__}): see `make status`")
            return 1
    return 0


def in_colour(out: TextIO) -> bool:
    """Tell whether to write in colour: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class StoryPage:
    """Where the story is written."""

    def __init__(self, out: TextIO, colour: bool) -> None:
        self._out = out
        self._colour = colour
        self._steps = 0

    def line(self, text: str = "") -> None:
        print(text, file=self._out, flush=True)

    def paint(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colour else text

    def heading(self, text: str) -> None:
        self.line(f"\n{self.paint(text, BOLD)}")

    def step(self, sentence: str) -> None:
        self._steps += 1
        self.line(f"\n{self._steps:2}. {sentence}")

    def came(self, outcome: str) -> None:
        self.line(f"    {self.paint('->', BOLD)} {outcome}")

    def wrong(self, text: str) -> None:
        self.line(f"    {self.paint('NOT AS TOLD', RED)}: {text}")

    def seats(self, seat_map: Json, mine: str) -> None:
        """Draw the seats of a show by section and row, and what there is of each kind."""
        self.line()
        for section, of_section in groupby(seat_map["seats"], key=lambda seat: seat["section"]):
            for row, seats in groupby(of_section, key=lambda seat: seat["row"]):
                drawn = "".join(
                    self.paint(f" {sign} ", colour) for sign, colour, _ in (LOOKS[seat["status"]] for seat in seats)
                )
                self.line(f"      {section:<8} {row:>2} {drawn}")
        present = {seat["status"] for seat in seat_map["seats"]}
        shown = [(LOOKS[status][2].replace("Alice", mine), *LOOKS[status][:2]) for status in LOOKS if status in present]
        legend = "   ".join(f"{self.paint(f' {sign} ', colour)} {text}" for text, sign, colour in shown)
        self.line(f"      {'':<8}    {legend}")


class StoryShop:
    """The REST API, as the story uses it."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def ask(self, verb: str, path: str, body: Json | None = None, **parameters: str) -> Json:
        """Ask, and return the answer of a request that must succeed."""
        answer = self._http.request(verb, path, json=body, params=parameters or None)
        if answer.status_code != 200:
            raise Unexpected(f"{verb} {path} was refused: {answer.status_code} {_message(answer)}")
        fields: Json = answer.json()
        return fields

    def refused(self, path: str, body: Json) -> tuple[int, str, str]:
        """Ask for what must be refused; return the status, the reason and the message."""
        answer = self._http.post(path, json=body)
        if answer.status_code == 200:
            raise Unexpected(f"POST {path} should have been refused and was not")
        reasons = [detail.get("reason", "") for detail in answer.json().get("details", [])]
        return answer.status_code, next(filter(None, reasons), ""), _message(answer)

    def demo_shows(self) -> list[Json]:
        """Return the shows of the demo data that lie far enough ahead, earliest first, and nobody else's."""
        since = (datetime.now(UTC) + LEAD).isoformat(timespec="seconds").replace("+00:00", "Z")
        titles = {title.title for title in TITLES}
        halls = {(hall.venue, hall.screen) for hall in HALLS}
        screens = [
            screen["id"]
            for city in sorted({hall.city for hall in HALLS})
            for venue in self._all("venues", city=city)
            for screen in venue["screens"]
            if (venue["name"], screen["name"]) in halls
        ]
        shows = [show for screen in screens for show in self._all("shows", screenId=screen, **{"from": since})]
        return sorted((show for show in shows if show["title"] in titles), key=lambda show: str(show["startTime"]))

    def _all(self, path: str, **parameters: str) -> Iterator[Json]:
        """Yield what all pages of a list have."""
        token = ""
        while True:
            page = self.ask("GET", path, None, pageSize=PAGE_SIZE, pageToken=token, **parameters)
            yield from page[path]
            if not (token := page["nextPageToken"]):
                return

    def seat_map(self, show: Json, user: str) -> Json:
        return self.ask("GET", f"seats/shows/{show['id']}", userId=user)

    def book(self, show: Json, user: str, seats: Sequence[Json]) -> Json:
        body = _wanted(show, user, seats) | {"idempotencyKey": str(uuid4())}
        return _expect(self.ask("POST", "bookings", body), "PENDING")

    def checkout(self, booking: Json) -> str:
        body = {"bookingId": booking["id"], "userId": booking["userId"]}
        return str(self.ask("POST", "payments/initiate", body)["sessionId"])

    def pay(self, session: str, method: str) -> str:
        return str(self.ask("POST", f"payments/simulate/{session}", {"paymentMethod": method})["status"])

    def until(self, booking: Json, status: str) -> Json:
        """Wait until a booking has a status, and return it."""

        def look() -> Json | None:
            seen = self.ask("GET", f"bookings/{booking['id']}")
            return seen if seen["status"] == status else None

        return self._wait(look, f"booking {booking['id']} is not {status}")

    def until_payment(self, booking: Json, status: str) -> Json:
        """Wait until a booking's newest payment has a status, and return it."""

        def look() -> Json | None:
            newest: Json = self.ask("GET", f"payments/status/{booking['id']}")["payments"][0]
            return newest if newest["status"] == status else None

        return self._wait(look, f"the payment of booking {booking['id']} is not {status}")

    def _wait(self, look: Callable[[], Json | None], complaint: str) -> Json:
        end = time.monotonic() + PATIENCE_SECONDS
        while (seen := look()) is None:
            if time.monotonic() > end:
                raise Unexpected(f"{complaint} after {PATIENCE_SECONDS} s")
            time.sleep(LOOK_SECONDS)
        return seen


@dataclass
class Story:
    """What happens. Every user is new, so that the story can be told as often as there are seats."""

    shop: StoryShop
    page: StoryPage
    server: Server

    def play(self) -> None:
        alice, bob, carol, dave, erin = (str(uuid4()) for _ in range(5))
        show, seats = self.browse(alice)
        self.page.heading("A ticket is bought and given back")
        self.buy_and_return(show, alice, bob, seats[:2])
        self.page.heading("A payment comes late, and the seats are still free")
        self.late(show, carol, seats[2:4])
        self.page.heading("A payment comes late, and one of the seats is gone")
        self.too_late(show, dave, erin, seats[4:6])
        self.page.heading("The seats afterwards: Carol has two, Erin one")
        after = self.shop.seat_map(show, alice)
        self.page.seats(after, "Alice")
        statuses = _statuses(after, seats)
        _must(statuses == ["AVAILABLE"] * 2 + ["BOOKED"] * 2 + ["BOOKED", "AVAILABLE"], f"the seats are {statuses}")
        self.page.line("\nEvery step came out as told. No seat was sold twice, no money was kept without a ticket.")

    def browse(self, user: str) -> tuple[Json, list[Json]]:
        """Look for a show that has room for the story, and return it with free seats."""
        page = self.page
        page.heading("What is on")
        page.step("Alice looks what is on.")
        shows = self.shop.demo_shows()
        for show in shows:
            seat_map = self.shop.seat_map(show, user)
            free = [seat for seat in seat_map["seats"] if seat["status"] == "AVAILABLE"]
            if len(free) >= SEATS:
                break
        else:
            raise StackError(f"no demo show has {SEATS} free seats for the story: `make reset` starts anew")
        count = f"{len(shows)} shows" if len(shows) > 1 else "one show"
        page.came(
            f"{count}; she chooses {show['title']} at {show['venueName']}, {show['screenName']}, {_when(show)}: "
            f"{len(free)} of {seat_map['summary']['total']} seats are free."
        )
        page.seats(seat_map, "Alice")
        return show, free[:SEATS]

    def buy_and_return(self, show: Json, alice: str, bob: str, seats: list[Json]) -> None:
        shop, page = self.shop, self.page
        page.step(f"Alice holds {_labels(seats)}.")
        held = shop.ask("POST", "bookings/hold-seats", _wanted(show, alice, seats))
        _must(0 < int(held["expiresIn"]) <= 3600, f"the hold lasts {held['expiresIn']} s")
        page.came(f"They are hers for {int(held['expiresIn']) // 60} minutes.")

        page.step(f"Bob wants {_labels(seats[1:])} too.")
        status, reason, message = shop.refused("bookings/hold-seats", _wanted(show, bob, seats[1:]))
        _must((status, reason) == (409, "SEATS_UNAVAILABLE"), f"{status} {reason} {message}")
        page.came(f'Refused, HTTP {status} {reason}: "{message}"')
        page.seats(shop.seat_map(show, alice), "Alice")

        page.step("Alice books her two seats.")
        booking = shop.book(show, alice, seats)
        _must(booking["totalAmount"] == sum(seat["price"] for seat in seats), "the price is not that of the seats")
        page.came(f"PENDING: {_money(booking)} to pay, the seats are kept until {_clock(booking['expiresAt'])}.")

        page.step("She pays, and the bank declines.")
        _must(shop.pay(shop.checkout(booking), "pm_decline") == "DECLINED", "the bank did not decline")
        shop.until_payment(booking, "FAILED")
        booking = _expect(shop.ask("GET", f"bookings/{booking['id']}"), "PENDING")
        page.came("No money was taken; the booking is still PENDING and the seats are still hers.")

        page.step("She tries again, and the bank takes the money.")
        _must(shop.pay(shop.checkout(booking), "pm_succeed") == "CAPTURED", "the bank did not take the money")
        shop.until(booking, "CONFIRMED")
        page.came(f"CONFIRMED: {_labels(seats)} are sold to Alice.")
        page.seats(shop.seat_map(show, alice), "Alice")

        page.step("She cannot come after all and gives the ticket back.")
        refund = shop.ask("POST", f"payments/refund/{booking['id']}", {"userId": alice})
        shop.until(booking, "REFUNDED")
        _must(_statuses(shop.seat_map(show, alice), seats) == ["AVAILABLE"] * 2, "the seats are not on sale again")
        amount = _money({"finalAmount": refund["refundAmount"], "currency": booking["currency"]})
        page.came(f"REFUNDED: {amount} ({refund['refundPercentage']} %) went back, the seats are on sale again.")

    def late(self, show: Json, carol: str, seats: list[Json]) -> None:
        shop, page = self.shop, self.page
        booking, session = self.run_out(show, "Carol", carol, seats)
        page.step("Only now the bank takes Carol's money.")
        _must(shop.pay(session, "pm_succeed") == "CAPTURED", "the bank did not take the money")
        shop.until(booking, "CONFIRMED")
        _must(_statuses(shop.seat_map(show, carol), seats) == ["BOOKED"] * 2, "the seats are not booked")
        page.came(f"CONFIRMED: nobody had taken {_labels(seats)} meanwhile, so she gets them back.")

    def too_late(self, show: Json, dave: str, erin: str, seats: list[Json]) -> None:
        shop, page = self.shop, self.page
        booking, session = self.run_out(show, "Dave", dave, seats)
        page.step(f"Erin books {_labels(seats[:1])}, one of the two, and pays.")
        hers = shop.book(show, erin, seats[:1])
        _must(shop.pay(shop.checkout(hers), "pm_succeed") == "CAPTURED", "the bank did not take the money")
        shop.until(hers, "CONFIRMED")
        page.came("CONFIRMED: it is hers.")
        page.step("Only now the bank takes Dave's money.")
        _must(shop.pay(session, "pm_succeed") == "CAPTURED", "the bank did not take the money")
        payment = shop.until_payment(booking, "REFUNDED")
        _must(payment["refundedAmount"] == booking["finalAmount"], f"{payment['refundedAmount']} went back")
        _expect(shop.ask("GET", f"bookings/{booking['id']}"), "EXPIRED")
        page.came(f"He cannot have both seats any more: all of his {_money(booking)} went back, EXPIRED it stays.")

    def run_out(self, show: Json, name: str, user: str, seats: list[Json]) -> tuple[Json, str]:
        """Book seats, open a checkout, and let the booking's time run out; return the booking and the session."""
        shop, page = self.shop, self.page
        page.step(f"{name} books {_labels(seats)} and opens the bank's page, but does not pay.")
        booking = shop.book(show, user, seats)
        session = shop.checkout(booking)
        page.came(f"PENDING: {_money(booking)} to pay until {_clock(booking['expiresAt'])}.")
        page.step(
            f"Time runs out. (Nobody waits here: the story sets the end of {name}'s time, and of nobody else's, "
            "into the past,\n    straight in the databases.)"
        )
        age(self.server, show["id"], booking["id"])
        _expect(shop.ask("GET", f"bookings/{booking['id']}"), "EXPIRED")
        _must(_statuses(shop.seat_map(show, user), seats) == ["AVAILABLE"] * len(seats), "the seats are not free")
        page.came("EXPIRED: the seats are free for others at once.")
        return booking, session


def _audited(settings: Settings) -> str:
    """Return what the audit says in one line; raise Unexpected if something is broken."""
    reach = running.auditors_way(settings)
    # Where others keep the system busy, only what holds at any time can be asked.
    found = audit.look(reach, INVARIANTS, wait_seconds=PATIENCE_SECONDS)
    _must(not found.broken, f"{found.summary}: see `make audit`")
    return f"The audit: {found.summary}."


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Unexpected(otherwise)


def _expect(booking: Json, status: str) -> Json:
    _must(booking["status"] == status, f"booking {booking['id']} is {booking['status']}, not {status}")
    return booking


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]


def _wanted(show: Json, user: str, seats: Sequence[Json]) -> Json:
    return {"showId": show["id"], "userId": user, "showSeatIds": [seat["id"] for seat in seats]}


def _statuses(seat_map: Json, seats: Sequence[Json]) -> list[str]:
    by_id = {seat["id"]: seat["status"] for seat in seat_map["seats"]}
    return [by_id[seat["id"]] for seat in seats]


def _labels(seats: Sequence[Json]) -> str:
    return " and ".join(f"{seat['row']}{seat['number']}" for seat in seats)


def _money(booking: Json) -> str:
    return money(booking["finalAmount"], booking["currency"])


def _when(show: Json) -> str:
    return f"{datetime.fromisoformat(show['startTime']):%A %d %B, %H:%M} UTC"


def _clock(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%H:%M} UTC"
