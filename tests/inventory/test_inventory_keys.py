"""Idempotency keys of inventory: what requests are told that wait too long for the first with their key."""

from datetime import timedelta
from uuid import uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2

from services.chassis.errors import IdempotencyKeyReused, Unavailable
from services.chassis.writes import answers, idempotency
from services.inventory.seats.commands import Held, Hold, ShowKey
from services.inventory.seats.holds import ReleaseHolds
from services.inventory.seats.messages import held
from tests.inventory.catalogue_client import Catalogue, refusal
from tests.inventory.sale import OnSale


def kept(key: idempotency.Key | None) -> idempotency.Once[Held, inventory_pb2.HoldSeatsResponse]:
    return idempotency.Once(key, inventory_pb2.HoldSeatsResponse, held)


async def test_a_creation_whose_key_is_under_way_for_long_is_told_so(catalogue: Catalogue) -> None:
    request = pb.CreateVenueRequest(name="Regal", city="Pune", idempotency_key="k1")
    key = idempotency.key_of(request, "CreateVenue")
    assert key is not None
    async with catalogue.db.transaction() as first:
        await answers.keep(first, answers.Kept(key, b""))
        await first.fetch("SELECT")
        refused = await refusal(catalogue.rpc.CreateVenue(request))
        await first.send("DELETE FROM idempotency_keys")
    assert (refused.code, refused.reason) == (grpc.StatusCode.ABORTED, "REQUEST_IN_PROGRESS")
    assert refused.retry_seconds == 1
    await catalogue.rpc.CreateVenue(request)
    assert await catalogue.count("venues") == 1


async def test_a_hold_whose_show_another_process_has_for_long_is_told_to_come_back(on_sale: OnSale) -> None:
    """Its key needs no lock of its own: the show's has equal requests take turns."""
    user = uuid4()
    request = inventory_pb2.HoldSeatsRequest(
        show_id=str(on_sale.show_id), user_id=str(user), show_seat_ids=[str(on_sale.seats[0])], idempotency_key="k1"
    )
    key = idempotency.key_of(request, "HoldSeats", user)
    assert key is not None
    hold = Hold(
        show_id=on_sale.show_id,
        user_id=user,
        seat_ids=on_sale.ids(0),
        once=kept(ShowKey.of(key, on_sale.show_id)),
    )
    async with on_sale.db.transaction() as other:
        await other.fetch("SELECT show_id FROM show_counters FOR UPDATE")
        with pytest.raises(Unavailable) as caught:
            await on_sale.desk.submit(hold)
        assert caught.value.retry_after_seconds == 1
    answer = await on_sale.desk.submit(hold)
    assert await on_sale.desk.submit(hold) == answer
    assert (await on_sale.statuses()).count("HELD") == 1
    [held] = [row for row in await on_sale.rows() if row.status == "HELD"]
    assert answer.expires_in == timedelta(minutes=5).total_seconds()
    assert held.holder_id == user


async def test_a_hold_under_a_key_is_answered_as_at_first_and_no_other_has_its_key(on_sale: OnSale) -> None:
    user = uuid4()

    def hold(*numbers: int) -> Hold[inventory_pb2.HoldSeatsResponse]:
        ids = on_sale.ids(*numbers)
        key = ShowKey(user, "HoldSeats", "k1", b"".join(id_.bytes for id_ in ids), on_sale.show_id)
        return Hold(show_id=on_sale.show_id, user_id=user, seat_ids=ids, once=kept(key))

    answer = await on_sale.desk.submit(hold(0))
    await on_sale.desk.submit(ReleaseHolds(show_id=on_sale.show_id, user_id=user))
    assert await on_sale.desk.submit(hold(0)) == answer
    with pytest.raises(IdempotencyKeyReused):
        await on_sale.desk.submit(hold(1))
    assert set(await on_sale.statuses()) == {"AVAILABLE"}
