"""Files of images are compared with what the database says of them."""

from __future__ import annotations

from prometheus_client import REGISTRY

from services.inventory.images.checking import check_files
from services.inventory.images.messages import FILES
from tests.inventory.test_images import House, house

__all__ = ["house"]


def told(metric: str) -> float:
    """Return a metric of images as Prometheus reads it."""
    return REGISTRY.get_sample_value(f"boxoffice_image_{metric}") or 0.0


async def test_files_that_are_lost_and_files_that_nobody_knows_are_counted(house: House) -> None:
    """Whatever is in a page, and while files come and go."""
    kept, gone = await house.event(), await house.event()
    images = [await house.upload(kept, data) for data in (b"one", b"two", b"three")]
    await house.delete((await house.upload(gone, b"four")).id)
    names = sorted(house.files())
    assert len(names) == 12

    async def counted(limit: int = 5) -> tuple[float, float]:
        assert await check_files(house.db, house.store, limit=limit) == 0
        return told("files_missing"), told("files_unknown")

    for limit in (1, 2, 5, 12, 13):
        assert await counted(limit) == (0, 0), limit
    assert told("quota_used") == 3 / 200
    for lost in (images[0].small, images[2].large):
        await house.store.delete(lost.url.removeprefix(FILES))
    strays = ["00" + "0" * 62, names[5][:-1] + "z", "ff" + "f" * 62]
    for name in strays:
        await house.store.put(name, b"stray")
    for limit in (1, 2, 5, 12, 13, 100):
        assert await counted(limit) == (2, 3), limit
    assert await house.store.names("", 100) == sorted(house.files())
