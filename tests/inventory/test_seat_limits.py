"""How many seats of a show a user may have: what the show says, or the setting."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1.seat_pb2 import Seat

from services.inventory.errors import SeatLimitExceeded
from services.inventory.seats.commands import Hold, Reserve
from services.inventory.seats.operation import SeatDesk
from tests.bank.support import refused
from tests.inventory.catalogue_client import NOON, Catalogue, prices, seats_of, section, stamp
from tests.inventory.rules import RULES, TTL
from tests.inventory.sale import make_desk

HALL = [section("Stalls", ("A", 12, Seat.REGULAR))]
FREE = """
    UPDATE show_seats SET status = 'AVAILABLE', holder_id = NULL, booking_id = NULL, expires_at = NULL
    WHERE show_id = %s
"""


async def limit_of(catalogue: Catalogue, desk: SeatDesk, show: pb.Show, seats: int) -> str:
    """Hold so many seats for somebody, and reserve them for another; return the limit if that is refused."""
    ids = [row.id for row in await seats_of(catalogue, show)][:seats]
    outcomes = []
    asked: dict[str, Any] = {"show_id": UUID(show.id), "seat_ids": ids}
    for command in (
        Hold(**asked, user_id=uuid4()),
        Reserve(**asked, user_id=uuid4(), booking_id=uuid4(), ttl=TTL),
    ):
        try:
            await desk.submit(command)
            outcomes.append("")
        except SeatLimitExceeded as refusal:
            outcomes.append(refusal.metadata["limit"])
        await catalogue.db.execute(FREE, (show.id,))
    assert len(set(outcomes)) == 1, outcomes
    return outcomes[0]


@pytest.mark.parametrize(("limit", "holds"), [(0, RULES.max_seats_per_user), (1, 1), (2, 2), (8, 8)])
async def test_a_shows_own_limit_holds_whatever_the_setting_says(catalogue: Catalogue, limit: int, holds: int) -> None:
    screen = await catalogue.screen(sections=HALL)
    show = await catalogue.show(screen_id=screen.id, prices=prices(Seat.REGULAR), max_seats_per_user=limit)
    read = await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id))
    assert show.max_seats_per_user == read.max_seats_per_user == limit
    desk = make_desk(catalogue.db)
    assert await limit_of(catalogue, desk, show, holds + 1) == str(holds)
    assert await limit_of(catalogue, desk, show, holds) == ""
    await desk.close()
    [row] = await catalogue.db.fetch("SELECT max_seats_per_user AS largest FROM show_counters")
    assert row.largest == holds, "the audit goes by it"


async def test_a_show_that_says_no_limit_has_that_of_its_event_as_it_was_then(catalogue: Catalogue) -> None:
    screen = await catalogue.screen(sections=HALL)
    request = pb.CreateEventRequest(title="Low Tide", category=pb.Event.CONCERT, duration_minutes=60)
    request.status, request.max_seats_per_user = pb.Event.PUBLISHED, 2
    event = await catalogue.rpc.CreateEvent(request)
    assert event.max_seats_per_user == 2
    common = {"screen_id": screen.id, "event_id": event.id, "movie_id": "", "prices": prices(Seat.REGULAR)}
    first = await catalogue.show(**common, start_time=stamp(NOON))
    own = await catalogue.show(**common, start_time=stamp(NOON + timedelta(days=1)), max_seats_per_user=4)
    edited = await catalogue.rpc.UpdateEvent(pb.UpdateEventRequest(event_id=event.id, max_seats_per_user=0))
    assert edited.max_seats_per_user == 0
    last = await catalogue.show(**common, start_time=stamp(NOON + timedelta(days=2)))
    read = [await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id)) for show in (first, own, last)]
    assert [show.max_seats_per_user for show in read] == [2, 4, 0]
    desk = make_desk(catalogue.db)
    assert [await limit_of(catalogue, desk, show, 7) for show in read] == ["2", "4", "6"]
    await desk.close()


async def test_prices_are_bound_by_the_limit_of_the_event(catalogue: Catalogue) -> None:
    screen = await catalogue.screen(sections=HALL)
    request = pb.CreateEventRequest(title="Low Tide", category=pb.Event.CONCERT, duration_minutes=60)
    request.max_seats_per_user = 100
    event = await catalogue.rpc.CreateEvent(request)
    dear = [pb.TierPrice(tier=Seat.REGULAR, price=100_000_000)]
    wish = await catalogue.show_request(screen_id=screen.id, event_id=event.id, movie_id="", prices=dear)
    _, reason = await refused(catalogue.rpc.CreateShow(wish))
    assert reason == "INVALID_FIELD"


async def test_prices_are_bound_by_the_shows_own_limit(catalogue: Catalogue) -> None:
    screen = await catalogue.screen(sections=HALL)
    dear = [pb.TierPrice(tier=Seat.REGULAR, price=2_000_000_000)]
    assert (await catalogue.show(screen_id=screen.id, prices=dear, max_seats_per_user=1)).id
    request = await catalogue.show_request(screen_id=screen.id, prices=dear, max_seats_per_user=2)
    _, reason = await refused(catalogue.rpc.CreateShow(request))
    assert reason == "INVALID_FIELD"
