"""Identity's public keys at a service: asked for now and then, kept while identity is away, and over a restart."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.inventory.v1 import inventory_pb2
from cryptography.hazmat.primitives.asymmetric import ec

from services.chassis.errors import Unauthenticated, Unavailable
from services.chassis.wire import keys as chassis
from services.chassis.wire.identity import AccessTokens, Guard, caller
from services.chassis.wire.keys import FetchedKeys, KeptKeys, KeySet
from services.identity.keys.signing import SigningKey
from tests.identity import forge
from tests.identity.house import Source
from tests.patience import eventually

USER = "018f0000-0000-7000-8000-000000000000"
KEY = SigningKey("one", ec.generate_private_key(ec.SECP256R1()))
OTHER = SigningKey("two", ec.generate_private_key(ec.SECP256R1()))


class Clock:
    """The clocks of chassis.keys, which only move when they are moved."""

    now = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    monotonic = time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr("services.chassis.wire.keys.time", made)
    yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "booking.json"


def is_the_owners_only(path: Path) -> bool:
    return path.stat().st_mode & 0o077 == 0


def content_of(file: Path) -> Any:
    return json.loads(file.read_text()) if file.exists() else None


async def asked(source: Source, times: int) -> None:
    """Wait until the question that goes on beside calls has come, and its answer."""
    await eventually(lambda: source.asked == times)
    for _ in range(10):
        await asyncio.sleep(0)


async def test_keys_are_asked_for_beside_calls_and_for_an_unknown_id_not_often(clock: Clock) -> None:
    source = Source(KEY)
    keys = FetchedKeys(source.fetch)
    for _ in range(3):
        assert await keys.find("one") is not None
    assert source.asked == 1
    for number in range(100):
        assert await keys.find(f"unknown {number}") is None
    assert source.asked == 1
    clock.now += 6
    for number in range(100):
        assert await keys.find(f"unknown {number}") is None
    assert source.asked == 2
    clock.now += 16
    for _ in range(3):
        assert await keys.find("one") is not None  # whose answer waits for nothing
    await asked(source, 3)
    clock.now += 61
    source.keys = [OTHER]
    assert await keys.find("one") is None
    assert source.asked == 4


async def test_a_key_that_is_still_the_same_is_the_same_object(clock: Clock) -> None:
    keys = FetchedKeys(Source(KEY).fetch)
    found = await keys.find("one")
    clock.now += 61
    assert await keys.find("one") is found


async def test_nobodys_deadline_cuts_a_question_short(clock: Clock) -> None:
    answered = asyncio.Event()

    class Slow(Source):
        async def fetch(self) -> bytes:
            content = await super().fetch()
            await answered.wait()
            return content

    source = Slow(KEY)
    keys = FetchedKeys(source.fetch)
    impatient = [asyncio.create_task(keys.find("one")) for _ in range(5)]
    await asked(source, 1)
    for task in impatient[1:]:
        task.cancel()
    answered.set()
    assert await impatient[0] is not None
    assert source.asked == 1


async def test_keys_stay_in_use_while_identity_is_away_and_go_when_it_says_so(clock: Clock) -> None:
    source = Source(KEY)
    keys = FetchedKeys(source.fetch)
    assert await keys.find("one") is not None
    source.away = True
    clock.now += 3600
    assert await keys.find("one") is not None
    clock.now += 6
    for _ in range(3):
        assert await keys.find("one") is not None  # nobody waits for it again and again
    await asked(source, 3)
    source.away, source.keys = False, [OTHER]
    clock.now += 61
    assert await keys.find("one") is None
    assert await keys.find("two") is not None
    source.keys.clear()  # which no identity of ours says
    clock.now += 61
    assert await keys.find("two") is not None


async def test_where_there_are_no_keys_it_cannot_be_told_whose_a_token_is(clock: Clock) -> None:
    source = Source(KEY)
    source.away = True
    keys = FetchedKeys(source.fetch)
    for _ in range(3):
        with pytest.raises(Unavailable) as caught:
            await keys.find("one")
        assert caught.value.retry_after_seconds == 1.0
    assert source.asked == 1
    source.away = False
    clock.now += 6
    assert await keys.find("one") is not None


async def test_keys_that_are_too_old_verify_nothing(clock: Clock, file: Path) -> None:
    source = Source(KEY)
    keys = FetchedKeys(source.fetch, KeptKeys(file), timedelta(hours=2))
    assert await keys.find("one") is not None
    source.away = True
    clock.now += 7200
    again = FetchedKeys(source.fetch, KeptKeys(file), timedelta(hours=2))
    assert await keys.find("one") is not None
    assert await again.find("one") is not None
    clock.now += 1
    for each in (keys, again, FetchedKeys(source.fetch, KeptKeys(file), timedelta(hours=2))):
        with pytest.raises(Unavailable):
            await each.find("one")
    source.away = False
    clock.now += 61
    assert await keys.find("one") is not None


async def test_a_key_that_may_be_newer_than_what_is_kept_is_not_called_bad(clock: Clock, file: Path) -> None:
    source = Source(KEY)
    keys = FetchedKeys(source.fetch, KeptKeys(file))
    await keys.find("one")
    source.away = True
    clock.now += 590
    assert await keys.find("unknown") is None  # it would have been published by then
    clock.now += 11
    with pytest.raises(Unavailable):
        await keys.find("unknown")
    assert await keys.find("one") is not None


async def test_keys_are_kept_over_a_restart(clock: Clock, file: Path) -> None:
    await FetchedKeys(Source(KEY).fetch, KeptKeys(file)).find("one")
    assert is_the_owners_only(file)
    assert is_the_owners_only(file.parent)
    away = Source()
    away.away = True
    clock.now += 24 * 3600
    again = FetchedKeys(away.fetch, KeptKeys(file))
    found = await AccessTokens(again).verify(KEY.sign(forge.right(USER)))
    assert str(found.user_id) == USER
    for what, token in forge.forged(KEY, USER):
        if what.startswith("kid "):
            continue  # it may have been made since
        with pytest.raises(Unauthenticated):
            await AccessTokens(again).verify(token)


async def test_a_key_that_was_withdrawn_is_not_believed_after_a_restart(clock: Clock, file: Path) -> None:
    source = Source(KEY, OTHER)
    first = FetchedKeys(source.fetch, KeptKeys(file))
    second = FetchedKeys(source.fetch, KeptKeys(file))
    for keys in (first, second):
        assert await keys.find("one") is not None
    source.keys = [OTHER]
    clock.now += 61
    assert await first.find("one") is None
    source.away = True
    # Nor by another replica, which was told nothing.
    clock.now += 61
    assert await second.find("one") is None
    third = FetchedKeys(source.fetch, KeptKeys(file))
    assert await third.find("one") is None
    assert await third.find("two") is not None


async def test_what_was_fetched_later_is_not_replaced_by_what_was_fetched_before(clock: Clock, file: Path) -> None:
    def key_set(key: SigningKey, at: float) -> KeySet:
        return KeySet.read({"keys": [key.public_jwk()]}, at)

    kept = KeptKeys(file)
    kept.replace(key_set(OTHER, clock.now))
    kept.replace(key_set(KEY, clock.now - 1))
    found = kept.read()
    assert found is not None
    assert found.keys.keys() == {"two"}
    # But a clock that was wrong once does not keep everything out for good.
    kept.replace(key_set(OTHER, clock.now + 3600))
    kept.replace(key_set(KEY, clock.now))
    found = kept.read()
    assert found is not None
    assert found.keys.keys() == {"one"}


async def test_where_keys_cannot_be_kept_old_ones_are_forgotten(
    clock: Clock, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(KEY)
    keys = FetchedKeys(source.fetch, KeptKeys(file))
    await keys.find("one")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(chassis.os, "fsync", full)
    source.keys = [OTHER]
    clock.now += 61
    assert await keys.find("two") is not None
    assert content_of(file) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"fetchedAt": 1800000000, "keySet": {"keys": []}}',
        '{"fetchedAt": "soon", "keySet": {"keys": [{"kty": "EC"}]}}',
        '{"fetchedAt": 1800000000, "keySet": []}',
        "\0" * 100,
    ],
)
async def test_a_file_that_is_none_of_ours_is_no_file(clock: Clock, file: Path, content: str) -> None:
    await asyncio.to_thread(file.parent.mkdir)
    await asyncio.to_thread(file.write_text, content)
    source = Source(KEY)
    keys = FetchedKeys(source.fetch, KeptKeys(file))
    assert await keys.find("one") is not None
    assert content_of(file)["fetchedAt"] == clock.now


async def test_keys_of_a_time_to_come_are_not_believed(clock: Clock, file: Path) -> None:
    await FetchedKeys(Source(KEY).fetch, KeptKeys(file)).find("one")
    away = Source()
    away.away = True
    clock.now -= 3600
    with pytest.raises(Unavailable):
        await FetchedKeys(away.fetch, KeptKeys(file)).find("one")


# --- What a method makes of it


async def test_what_everybody_may_do_goes_on_and_what_is_a_users_has_to_wait(clock: Clock) -> None:
    source = Source(KEY)
    source.away = True
    guard = Guard(FetchedKeys(source.fetch))
    token = {"authorization": f"Bearer {KEY.sign(forge.right(USER))}"}
    seat_map = guard.access_to("/boxoffice.inventory.v1.InventoryService/GetSeatMap")
    requests: list[tuple[Any, Any]] = [
        (seat_map, inventory_pb2.GetSeatMapRequest(user_id=USER)),
        (guard.access_to("/boxoffice.booking.v1.BookingService/CancelBooking"), booking_pb2.CancelBookingRequest()),
    ]
    await seat_map.admit(inventory_pb2.GetSeatMapRequest(), token, "gateway")
    assert caller.get() is None
    for access, request in requests:
        with pytest.raises(Unavailable):
            await access.admit(request, token, "gateway")
    # What is no token is none, whoever is away.
    for bad in ("Bearer garbage", "Basic YTpi"):
        with pytest.raises(Unauthenticated):
            await requests[1][0].admit(requests[1][1], {"authorization": bad}, "gateway")
