"""Whatever is sent to the gateway: it is refused or cut off, no service hears of it, and the gateway goes on."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import yaml

from gateway.render import CLUSTERS, render
from tests.gateway.fakes import FakeService, Gateway, Services
from tests.gateway.hostile import ATTACKS, PREFACE, Attack
from tests.patience import patient

SECONDS = patient(20)
"""How long an attack may last; the gateway under attack here gives up after one."""
PAUSE_SECONDS = 0.05
RESET, GOAWAY, HEADERS, END_STREAM = 3, 7, 1, 1
REFUSALS = {"3", "4", "8", "12"}
"""What gRPC may be told: INVALID_ARGUMENT, DEADLINE_EXCEEDED (half a message is waited for), RESOURCE_EXHAUSTED,
UNIMPLEMENTED."""


@pytest.fixture(scope="module")
async def strict_services() -> AsyncIterator[Services]:
    services = Services({name: FakeService(name, strict=True) for name in CLUSTERS})
    await services.start()
    yield services
    await services.stop()


@pytest.fixture(scope="module")
async def attacked(strict_services: Services, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """A gateway that waits a second where others wait for half a minute."""
    config = yaml.load(render(strict_services.addresses, port=0, admin_port=0), yaml.CSafeLoader)
    manager = _find(config, "request_headers_timeout")
    manager |= {"request_headers_timeout": "1s", "request_timeout": "1s", "stream_idle_timeout": "1s"}
    manager["common_http_protocol_options"]["idle_timeout"] = "2s"
    manager["delayed_close_timeout"] = "0.2s"
    gateway = Gateway(tmp_path_factory.mktemp("attacked"), json.dumps(config))
    await gateway.start()
    yield gateway
    await gateway.stop()


def _find(node: Any, key: str) -> Any:
    """Return the mapping that has a key, anywhere in a configuration."""
    if isinstance(node, dict):
        if key in node:
            return node
        node = list(node.values())
    if isinstance(node, list):
        return next((found for each in node if (found := _find(each, key)) is not None), None)
    return None


def test_there_are_enough_of_them_and_each_has_a_name() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) > 150


@pytest.fixture(scope="module")
async def honest(attacked: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{attacked.address}", timeout=patient(10)) as client:
        yield client


@pytest.fixture(scope="module")
async def waited(attacked: Gateway) -> dict[str, bytes]:
    """What came of the attacks that take their time; all at once, for they wait."""
    attacks = [attack for attack in ATTACKS if attack.waits]
    answers = await asyncio.gather(*(sent(attacked, attack) for attack in attacks))
    return dict(zip((attack.name for attack in attacks), answers, strict=True))


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.name) for attack in ATTACKS])
async def test_it_is_refused_or_cut_off_and_the_gateway_goes_on(
    attack: Attack,
    attacked: Gateway,
    strict_services: Services,
    honest: httpx.AsyncClient,
    waited: dict[str, bytes],
) -> None:
    strict_services.forget()
    answer = waited[attack.name] if attack.name in waited else await sent(attacked, attack)
    assert (complaint := wrong_with(attack, answer)) is None, complaint
    assert strict_services.calls == []
    shows = await honest.get("/api/v1/shows", headers={"connection": "close"})
    assert shows.status_code == 200
    assert [call.path.rpartition("/")[2] for call in strict_services.calls] == ["ListShows"]


async def sent(gateway: Gateway, attack: Attack) -> bytes:
    """Send an attack and return what came back until the gateway had enough."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    answer = bytearray()

    async def send() -> None:
        # Who is cut off cannot send any more.
        with suppress(ConnectionError):
            writer.write(attack.data)
            await writer.drain()
            for piece in attack.later:
                await asyncio.sleep(PAUSE_SECONDS)
                writer.write(piece)
                await writer.drain()

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionError):
                while not is_over(attack, answer) and (more := await reader.read(65536)):
                    answer += more
    except TimeoutError:
        raise AssertionError(f"it hangs; so far: {bytes(answer[:300])!r}") from None
    finally:
        sending.cancel()
        writer.transport.abort()
        await asyncio.gather(sending, return_exceptions=True)
    return bytes(answer)


def is_over(attack: Attack, answer: bytearray) -> bool:
    """Tell whether all was answered that will be."""
    if attack.data.startswith(PREFACE[:10]):
        return any(_ends(*each) for each in frames(bytes(answer)))
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return bool(length and len(body) >= int(length[1])) or b"0\r\n\r\n" in body[-5:]


def _ends(kind: int, flags: int) -> bool:
    return kind in (RESET, GOAWAY) or (kind == HEADERS and bool(flags & END_STREAM))


def frames(data: bytes) -> list[tuple[int, int]]:
    """Return (kind, flags) of the frames of HTTP/2 in what the gateway said."""
    found = []
    while len(data) >= 9 and len(data) >= 9 + (length := int.from_bytes(data[:3])):
        found.append((data[3], data[4]))
        data = data[9 + length :]
    return found


def wrong_with(attack: Attack, answer: bytes) -> str | None:
    """Return what is wrong with how the gateway took an attack, or None."""
    # Where it was cut off, there may be no answer at all; frames of HTTP/2 speak for themselves, see is_over.
    if not answer or attack.data.startswith(PREFACE[:10]) or not answer.startswith(b"HTTP/1."):
        return None
    status = int(answer.split(b" ", 2)[1])
    if 400 <= status < 500:
        return None
    statuses = set(re.findall(r"grpc-status: ?(\d+)", answer.decode("latin-1")))
    if status == 200 and statuses and statuses <= REFUSALS:
        return None
    return f"{answer[:1000]!r}"
