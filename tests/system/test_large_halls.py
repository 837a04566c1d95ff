"""A hall that is too large for one message: over REST it comes whole or by pages, over gRPC by pages."""

import json

import grpc
import pytest
from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2_grpc

from stack.launcher import Stack
from tests.system.client import PRICES, Client, ok, refusal

SEATS = 20_000


async def test_a_large_hall_is_read_over_rest_and_over_grpc(stack: Stack, client: Client) -> None:
    usual = await client.make_show()
    rows = [{"label": f"{'क' * 9}{number}", "seatCount": 1_000, "tier": "VIP"} for number in range(10)]
    sections = [{"name": f"{'क' * 39}{number}", "rows": rows} for number in range(SEATS // 10_000)]
    screen = ok(await client.ask("POST", f"venues/{usual.venue_id}/screens", {"name": "Large", "sections": sections}))
    body = {
        "movieId": usual.movie_id,
        "screenId": screen["id"],
        "startTime": usual.starts_at.isoformat().replace("+00:00", "Z"),
        "prices": [{"tier": tier, "price": price} for tier, price in PRICES.items()],
    }
    show = ok(await client.ask("POST", "shows", body))
    whole = await client.seat_map(show["id"])
    assert len(whole["seats"]) == whole["summary"]["total"] == SEATS
    assert ok(await client.ask("GET", f"seats/screens/{screen['id']}"))["seatCount"] == SEATS

    ids, token = [], ""
    while True:
        page = ok(await client.ask("GET", f"seats/shows/{show['id']}?pageSize=5000&pageToken={token}"))
        ids += [seat["id"] for seat in page["seats"]]
        if not (token := page["nextPageToken"]):
            break
    assert ids == [seat["id"] for seat in whole["seats"]]

    address = stack.public_url.removeprefix("http://")
    async with grpc.aio.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        seats = inventory_pb2_grpc.InventoryServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await seats.GetSeatMap(pb.GetSeatMapRequest(show_id=show["id"]))  # type: ignore[misc]
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert "pageSize" in (refused.value.details() or "")
        answer = await seats.GetSeatMap(pb.GetSeatMapRequest(show_id=show["id"], page_size=5_000))  # type: ignore[misc]
        assert [seat.id for seat in answer.seats] == ids[:5_000]


async def test_a_hall_of_which_much_is_said_comes_and_goes_as_a_file(client: Client) -> None:
    usual = await client.make_show()
    rows = [
        {"label": f"{row}", "tier": "REGULAR", "seats": [{"label": f"{n}A", "x": 50 * n, "y": row} for n in range(500)]}
        for row in range(20)
    ]
    hall = {"format": "boxoffice-hall/1", "name": "All of it", "sections": [{"name": "Stalls", "rows": rows}]}
    file = json.dumps(hall).encode()
    assert len(file) > 256 * 1024  # more than any other body may have
    url = f"/api/v1/venues/{usual.venue_id}/halls/file"
    made = ok(await client.http.post(url, content=file, headers={"content-type": "application/octet-stream"}))
    assert ok(await client.ask("GET", f"screens/{made['id']}/hall")) == hall
    again = await client.http.post(url, content=file)
    assert refusal(again).reason == "SCREEN_ALREADY_EXISTS"

    wrong = await client.http.post(url, content=file.replace(b'"y": 7', b'"y": -7', 1))
    assert wrong.status_code == 400
    assert wrong.json()["message"].startswith("file: section 1, row 8, seat 1: y must be")
