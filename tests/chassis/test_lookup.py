"""Reads that callers share."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from services.chassis.errors import Failure, InvalidArgument, Unavailable
from services.chassis.writes.lookup import ASKING_LANES, Lookup
from tests.patience import patient


async def outcomes(lookup: Lookup[int, int], keys: Sequence[int]) -> list[int | BaseException | None]:
    """Return what each of several callers at once gets."""
    async with asyncio.timeout(patient(10)):
        return await asyncio.gather(*map(lookup.get, keys), return_exceptions=True)


async def test_a_key_that_has_a_whole_read_refused_is_refused_alone() -> None:
    async def read(keys: Sequence[int]) -> Mapping[int, int | Failure]:
        if 7 in keys:
            raise InvalidArgument()
        return {key: key * 2 for key in keys}

    found = await outcomes(Lookup(read), range(10))
    assert [type(one) for one in found] == [int] * 7 + [InvalidArgument] + [int] * 2
    assert found[8] == 16


async def test_a_peer_that_is_away_is_not_asked_again_in_halves() -> None:
    reads = []

    async def read(keys: Sequence[int]) -> Mapping[int, int | Failure]:
        reads.append(list(keys))
        raise Unavailable()

    found = await outcomes(Lookup(read), range(10))
    assert [type(one) for one in found] == [Unavailable] * 10
    assert len({key for keys in reads for key in keys}) == sum(map(len, reads))


@pytest.mark.parametrize("hang", [2, ASKING_LANES - 1])
async def test_reads_that_hang_hold_up_no_later_one(hang: int) -> None:
    stuck = asyncio.Event()

    async def read(keys: Sequence[int]) -> Mapping[int, int | Failure]:
        if min(keys) < hang:
            await stuck.wait()
        return {key: key for key in keys}

    lookup = Lookup(read, lanes=ASKING_LANES, max_keys=1)
    held = [asyncio.ensure_future(lookup.get(key)) for key in range(hang)]
    async with asyncio.timeout(patient(10)):
        assert await lookup.get(100) == 100
        stuck.set()
        assert await asyncio.gather(*held) == list(range(hang))
