"""How many seats of a show a user may have: what the show says, or the setting."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1.seat_pb2 import Seat

from services.inventory.errors import SeatLimitExceeded
from services.inventory.seats.commands import Hold, Reserve
from services.inventory.seats.operation import SeatDesk
from tests.bank.support import refused
from tests.inventory.catalogue_client import Catalogue, prices, seats_of, section
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


async def test_prices_are_bound_by_the_shows_own_limit(catalogue: Catalogue) -> None:
    screen = await catalogue.screen(sections=HALL)
    dear = [pb.TierPrice(tier=Seat.REGULAR, price=2_000_000_000)]
    assert (await catalogue.show(screen_id=screen.id, prices=dear, max_seats_per_user=1)).id
    request = await catalogue.show_request(screen_id=screen.id, prices=dear, max_seats_per_user=2)
    _, reason = await refused(catalogue.rpc.CreateShow(request))
    assert reason == "INVALID_FIELD"
