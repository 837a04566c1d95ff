"""Files: they come as they are, up to a bound of their own, and are not waited for where nobody may send them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import shedding
from gateway.contracts import LARGEST_FILE_BYTES
from tests.gateway.fakes import Gateway, Services
from tests.gateway.guarded import KEY, accepts, bearer, configuration, guarded_services, made, publish
from tests.gateway.requests import blamed, reason
from tests.patience import eventually, patient

IMPORT = "/boxoffice.inventory.v1.CatalogService/UploadHall"
PATH = "/api/v1/venues/x/halls/file"
PIECE = 65_536


async def sent(address: str, pieces: AsyncIterator[bytes], headers: dict[str, str]) -> tuple[int, Any]:
    """Send a file and read what is answered meanwhile, as curl does; httpx waits until all is sent."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    headers = {"host": address, **({} if "content-length" in headers else {"transfer-encoding": "chunked"}), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST {PATH} HTTP/1.1\r\n{lines}\r\n".encode())

    async def send() -> None:
        with suppress(ConnectionError):
            async for piece in pieces:
                chunk = piece if "content-length" in headers else b"%x\r\n%b\r\n" % (len(piece), piece)
                writer.write(chunk)
                await writer.drain()

    sending = asyncio.create_task(send())
    async with asyncio.timeout(patient(10)):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        [length] = re.findall(r"(?i)content-length: (\d+)", head)
        body = json.loads(await reader.readexactly(int(length)))
    sending.cancel()
    writer.close()
    return int(head.split()[1]), body


async def in_pieces(data: bytes, size: int = PIECE) -> AsyncIterator[bytes]:
    """Without a length, so that nobody knows beforehand how much comes."""
    for at in range(0, len(data), size):
        yield data[at : at + size]


@pytest.mark.parametrize("size", [0, 1, 300_000, LARGEST_FILE_BYTES])
@pytest.mark.parametrize("has_length", [True, False])
async def test_a_file_arrives_byte_for_byte_with_what_the_query_says(
    rest: httpx.AsyncClient, services: Services, size: int, has_length: bool
) -> None:
    data = (bytes(range(256)) * (size // 256 + 1))[:size]
    answer = await rest.post(
        PATH,
        params={"format": "PRETIX", "name": "Old & Mill", "vipCategories": ["Box", "Gold"]},
        content=data if has_length else in_pieces(data),
        headers={"content-type": "image/png", "idempotency-key": "k"},
    )
    assert answer.status_code == 200, answer.text
    [arrived] = services.calls
    assert (arrived.path, arrived.request.venue_id, arrived.request.format) == (IMPORT, "x", 2)
    assert (arrived.request.name, list(arrived.request.vip_categories)) == ("Old & Mill", ["Box", "Gold"])
    assert arrived.request.file.data == data
    assert arrived.metadata["idempotency-key"] == "k"


@pytest.mark.parametrize("has_length", [True, False])
async def test_a_larger_file_is_refused(gateway: Gateway, services: Services, has_length: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_FILE_BYTES // PIECE + 1):
            yield bytes(PIECE)

    length = {"content-length": str(LARGEST_FILE_BYTES + PIECE)} if has_length else {}
    status, body = await sent(gateway.address, pieces(), length)
    assert (status, body["details"][0]["reason"]) == (413, "REQUEST_TOO_LARGE")
    assert "8 MiB" in body["message"]
    assert not services.calls


async def test_all_other_bodies_stay_small(rest: httpx.AsyncClient, services: Services) -> None:
    body = json.dumps({"file": "x" * 300_000})
    for path in ("/api/v1/venues/x/halls", "/api/v1/payments/webhook", "/api/v1/bookings"):
        answer = await rest.post(path, content=body)
        assert (answer.status_code, reason(answer)) == (413, "REQUEST_TOO_LARGE"), path
    assert not services.calls


async def test_what_is_in_the_query_is_held_against_the_contract(rest: httpx.AsyncClient, services: Services) -> None:
    for query, field, what in (
        ("?nme=x", "nme", "is not a query parameter of this method"),
        ("?file=x", "file", "is not a query parameter of this method"),
        ("?format=DWG", "format", "must be one of BOXOFFICE, PRETIX"),
        ("?venueId=y", "venueId", "is not a query parameter of this method"),
    ):
        blamed(await rest.post(PATH + query, content=b"{}"), field, what)
    assert not services.calls


async def test_no_more_files_are_on_their_way_than_there_is_room_for(
    own_gateway: Gateway, own_rest: httpx.AsyncClient, own_services: Services
) -> None:
    go = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.wait_for(go.wait(), patient(20))
        yield b"}"

    under_way = [asyncio.create_task(own_rest.post(PATH, content=slowly())) for _ in range(shedding.UPLOADS_AT_ONCE)]

    async def all_are_there() -> bool:
        return await own_gateway.stats("cluster.inventory-uploads.upstream_rq_active") == len(under_way)

    await eventually(all_are_there)
    answer = await own_rest.post(PATH, content=b"{}")
    assert (answer.status_code, reason(answer)) == (429, "OVERLOADED")
    assert (await own_rest.get("/api/v1/shows/x")).status_code == 200
    go.set()
    assert {answer.status_code for answer in await asyncio.gather(*under_way)} == {200}


async def test_a_file_of_who_may_send_none_is_refused_before_it_has_come(tmp_path: Path) -> None:
    folder = made(tmp_path)
    services = guarded_services(folder)
    await services.start()
    publish(services, KEY)
    gateway = Gateway(tmp_path, configuration(services, folder))
    await gateway.start()
    never = asyncio.Event()

    async def for_ever() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    async with httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=patient(10)) as client:
        await eventually(lambda: accepts(client, KEY))
    for headers in ({}, bearer("x.y.z")):
        status, body = await sent(gateway.address, for_ever(), headers)
        assert (status, body["details"][0]["reason"]) == (401, "UNAUTHENTICATED")
    assert not [call for call in services.calls if call.path == IMPORT]
    await gateway.stop()
    await services.stop()
