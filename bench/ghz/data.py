"""Make data for ghz on a running Boxoffice: `python -m bench.ghz.data [URL] [--calls 200] [--folder build/ghz]`.

It makes a show of its own, books some of its seats, and writes a file for each configuration that needs one: a list of
as many requests, so that as many calls meet seats, bookings and sessions that no other call has. ghz fills what stands
in {{…}} anew for every call. Where calls take a token, BOXOFFICE_TOKEN has an admin's, who may name any user.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from boxoffice.booking.v1.booking_pb2 import Booking
from boxoffice.inventory.v1.catalog_pb2 import CreateScreenRequest, Show, TierPrice
from boxoffice.inventory.v1.seat_pb2 import Seat

from boxoffice_client import AsyncClient, BoxofficeError, Options
from boxoffice_client.errors import PermissionDenied, Unauthenticated, UserNotFound

CALLS = 200
"""As many as the configurations make."""
FOLDER = Path("build/ghz")
"""Where the configurations look."""
SIDE_BY_SIDE = 16
SEATS_PER_CALL = 6
SEATS_PER_ROW = 50
LEAD = timedelta(days=3)
PRICE = 25_000
NEW_ID = "{{newUUID}}"

ItemT = TypeVar("ItemT")
MadeT = TypeVar("MadeT")
Rows = list[dict[str, object]]


@dataclass(frozen=True)
class Things:
    """What the calls are about."""

    show_id: str
    seat_ids: Sequence[str]
    """Free seats: four for each call."""
    unpaid: Sequence[Booking]
    """PENDING bookings that no checkout session was opened for."""
    opened: Sequence[Booking]
    """PENDING bookings with an open checkout session, of the same place in `session_ids`."""
    session_ids: Sequence[str]


def rows(things: Things) -> dict[str, Rows]:
    """Return what each call sends, by the name of the configuration."""
    pairs = [list(pair) for pair in zip(things.seat_ids[::2], things.seat_ids[1::2], strict=True)]
    half = len(pairs) // 2

    def claims(pairs: Iterable[list[str]]) -> Rows:
        claim = {"show_id": things.show_id, "user_id": NEW_ID, "idempotency_key": NEW_ID}
        return [{**claim, "show_seat_ids": pair} for pair in pairs]

    return {
        "get-show": [{"show_id": things.show_id}],
        "get-seat-map": [{"show_id": things.show_id, "user_id": NEW_ID}],
        "hold-seats": claims(pairs[:half]),
        "create-booking": claims(pairs[half:]),
        "get-booking": [{"booking_id": booking.id} for booking in things.opened],
        "initiate-payment": [
            {"booking_id": booking.id, "user_id": booking.user_id, "idempotency_key": NEW_ID}
            for booking in things.unpaid
        ],
        "get-payment-status": [{"booking_id": booking.id} for booking in things.opened],
        "simulate-payment": [
            {"session_id": session_id, "payment_method": "pm_succeed"} for session_id in things.session_ids
        ],
    }


async def make(boxoffice: AsyncClient, calls: int) -> Things:
    """Make what so many calls of each method need."""
    show = await _show(boxoffice, SEATS_PER_CALL * calls)
    seats = (await boxoffice.list_available_seats(show_id=show.id)).seats
    ids = [seat.id for seat in seats[: SEATS_PER_CALL * calls]]

    def book(seat_id: str) -> Awaitable[Booking]:
        return boxoffice.create_booking(user_id=str(uuid4()), show_id=show.id, show_seat_ids=[seat_id])

    async def open_session(booking: Booking) -> str:
        answer = await boxoffice.initiate_payment(booking_id=booking.id, user_id=booking.user_id)
        return answer.session_id

    booked = await _each(ids[: 2 * calls], book)
    unpaid, opened = booked[:calls], booked[calls:]
    return Things(show.id, ids[2 * calls :], unpaid, opened, await _each(opened, open_session))


async def _show(boxoffice: AsyncClient, seats: int) -> Show:
    movie = await boxoffice.create_movie(title="Made for ghz", duration_minutes=90)
    venue = await boxoffice.create_venue(name=f"Made for ghz {uuid4()}", city="Pune")
    labels = [str(number) for number in range(1, 1 - (-seats // SEATS_PER_ROW))]
    rows = [CreateScreenRequest.Row(label=label, seat_count=SEATS_PER_ROW, tier=Seat.REGULAR) for label in labels]
    screen = await boxoffice.create_screen(
        venue_id=venue.id, name="Screen", sections=[CreateScreenRequest.Section(name="Stalls", rows=rows)]
    )
    return await boxoffice.create_show(
        movie_id=movie.id,
        screen_id=screen.id,
        start_time=datetime.now(UTC) + LEAD,
        prices=[TierPrice(tier=Seat.REGULAR, price=PRICE)],
    )


async def _each(items: Iterable[ItemT], make: Callable[[ItemT], Awaitable[MadeT]]) -> list[MadeT]:
    """Make one thing of each item, some of them at the same time."""
    free = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(item: ItemT) -> MadeT:
        async with free:
            return await make(item)

    return await asyncio.gather(*map(one, items))


async def collect(url: str, calls: int) -> dict[str, Rows]:
    """Make what so many calls of each method need at `url`; return what each call sends."""
    options = Options(timeout_seconds=30, token=os.environ.get("BOXOFFICE_TOKEN") or None)
    async with AsyncClient(url, options=options) as boxoffice:
        return rows(await make(boxoffice, calls))


def write(url: str, calls: int, folder: Path) -> None:
    """Make data at `url` and write it into `folder`. Raises BoxofficeError."""
    content = asyncio.run(collect(url, calls))
    folder.mkdir(parents=True, exist_ok=True)
    for name, requests in content.items():
        (folder / f"{name}.json").write_text(json.dumps(requests, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ghz.data", description="Make data for ghz.")
    default = os.environ.get("BOXOFFICE_URL", "http://127.0.0.1:8001")
    parser.add_argument("url", nargs="?", default=default, help="the gateway (%(default)s)")
    parser.add_argument("--calls", type=int, default=CALLS, help="for how many calls of each method (%(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files go (%(default)s)")
    arguments = parser.parse_args()
    try:
        write(arguments.url, arguments.calls, arguments.folder)
    except (Unauthenticated, PermissionDenied, UserNotFound) as error:
        sys.exit(f"bench: cannot make the data at {arguments.url}: {error} BOXOFFICE_TOKEN has to be an admin's token.")
    except (BoxofficeError, ValueError, OSError) as error:
        sys.exit(f"bench: cannot make the data at {arguments.url}: {error}")
    print(f"{arguments.folder} holds data for {arguments.calls} calls of each method, for the next ten minutes")


if __name__ == "__main__":
    main()
