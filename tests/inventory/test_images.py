"""Images of events: quotas are exact, files are kept while an image has them, and drafts show theirs to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2
from boxoffice.inventory.v1 import images_pb2 as pb
from google.api.httpbody_pb2 import HttpBody

from services.chassis.errors import InvalidField
from services.chassis.store.database import Database
from services.chassis.wire.identity import Caller, caller
from services.inventory.errors import EventNotFound, ImageBusy, ImageLimitExceeded, ImageNotFound
from services.inventory.images import operation, rpc
from services.inventory.images.collecting import collect_files
from services.inventory.images.domain import MAX_IMAGES_PER_EVENT, Picture
from services.inventory.images.messages import FILES
from services.inventory.images.rpc import ImageServicer
from services.inventory.images.store import Folder
from services.inventory.images.workshop import Made, Workshop
from tests.databases import move_clock
from tests.inventory.catalogue_client import Catalogue
from tests.inventory.pictures import decoded, picture
from tests.patience import patient

OURS = uuid4()
MEMBER = Caller(uuid4(), frozenset({"USER"}), memberships={OURS: "DOOR"})
STRANGER = Caller(uuid4(), frozenset({"USER"}))


@contextmanager
def calling(who: Caller | None) -> Iterator[None]:
    token = caller.set(who)
    try:
        yield
    finally:
        caller.reset(token)


class Quick(Workshop):
    """Makes three files of what comes, whatever it is: reading pictures is another test's."""

    async def make(self, data: bytes) -> list[Made]:
        files = [data + size for size in (b"/s", b"/m", b"/l")]
        return [Made(Picture(rpc.hashlib.sha256(file).hexdigest(), len(file), 3, 2), file) for file in files]


@dataclass
class House:
    """Images, and the events that have them."""

    db: Database
    catalogue: Catalogue
    folder: Path
    workshop: Workshop = field(default_factory=Quick)

    def __post_init__(self) -> None:
        self.store = Folder(self.folder)
        self.rpc = ImageServicer(self.db, self.store, self.workshop)

    async def event(self, *, draft: bool = False) -> str:
        status = catalog_pb2.Event.DRAFT if draft else catalog_pb2.Event.PUBLISHED
        request = catalog_pb2.CreateEventRequest(
            title=str(uuid4()),
            category=catalog_pb2.Event.CONCERT,
            duration_minutes=90,
            status=status,
            organization_id=str(OURS),
        )
        made: catalog_pb2.Event = await self.catalogue.rpc.CreateEvent(request)
        return made.id

    async def upload(self, event_id: str, data: bytes, alt_text: str = "A poster") -> pb.Image:
        request = pb.UploadImageRequest(event_id=event_id, alt_text=alt_text, file=HttpBody(data=data))
        return await self.rpc.UploadImage(request, AsyncMock())

    async def delete(self, image_id: str) -> list[str]:
        answer = await self.rpc.DeleteImage(pb.DeleteImageRequest(image_id=image_id), AsyncMock())
        return [image.id for image in answer.images]

    async def file(self, picture: pb.Image.Picture, who: Caller | None = STRANGER) -> tuple[HttpBody, dict[str, str]]:
        context = AsyncMock()
        with calling(who):
            found = await self.rpc.GetImageFile(pb.GetImageFileRequest(name=picture.url.removeprefix(FILES)), context)
        return found, dict(context.send_initial_metadata.call_args.args[0])

    def files(self) -> set[str]:
        return {file.name for file in self.folder.rglob("*") if file.is_file()} - {"lock"}

    async def later(self, interval: str) -> int:
        await move_clock(self.db, interval)
        return await collect_files(self.db, self.store)


@pytest.fixture
async def house(catalogue: Catalogue, inventory_db: Database, tmp_path: Path) -> AsyncIterator[House]:
    yield House(inventory_db, catalogue, tmp_path / "images")


async def test_an_image_is_at_its_event_in_three_sizes_and_everybody_reads_it(house: House) -> None:
    house.workshop = Workshop(seconds=patient(20))
    house.__post_init__()
    event_id = await house.event()
    image = await house.upload(event_id, picture(size=(1_000, 500)), "Nine drummers on a stage")
    for seen in (
        await house.catalogue.rpc.GetEvent(catalog_pb2.GetEventRequest(event_id=event_id)),
        (await house.catalogue.rpc.ListEvents(catalog_pb2.ListEventsRequest())).events[0],
        (await house.catalogue.rpc.ListEvents(catalog_pb2.ListEventsRequest(page=1))).events[0],
    ):
        assert list(seen.images) == [image]
    assert image.alt_text == "Nine drummers on a stage"
    for one, width in ((image.small, 320), (image.medium, 960), (image.large, 1_000)):
        assert (one.width, one.height) == (width, width // 2)
        found, headers = await house.file(one)
        assert decoded(found.data).size == (one.width, one.height)
        assert found.content_type == "image/webp"
        assert headers["cache-control"] == "public, max-age=31536000, immutable"
        assert headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_the_same_file_again_is_the_same_image_and_says_what_it_said_last(house: House) -> None:
    event_id = await house.event()
    first = await house.upload(event_id, b"one", "A poser")
    again = await house.upload(event_id, b"one", "A poster")
    assert (again.id, again.alt_text) == (first.id, "A poster")
    at_once = await asyncio.gather(*(house.upload(event_id, b"two") for _ in range(5)))
    assert len({image.id for image in at_once}) == 1
    other = await house.upload(await house.event(), b"one")
    assert (other.id != first.id, other.large.url) == (True, first.large.url)


async def test_images_are_in_the_order_that_was_said_last(house: House) -> None:
    event_id = await house.event()
    ids = [(await house.upload(event_id, b"%d" % n)).id for n in range(4)]

    async def order(*image_ids: str) -> list[str]:
        request = pb.ReorderImagesRequest(event_id=event_id, image_ids=image_ids)
        return [image.id for image in (await house.rpc.ReorderImages(request, AsyncMock())).images]

    turned = [ids[2], ids[0], ids[3], ids[1]]
    assert await order(*turned) == turned
    seen = await house.catalogue.rpc.GetEvent(catalog_pb2.GetEventRequest(event_id=event_id))
    assert [image.id for image in seen.images] == turned
    for missing in ([ids[0]], [*ids[1:], ids[1]], [unknown := str(uuid4()), unknown.upper()]):
        with pytest.raises(InvalidField, match="must name each image of the event once"):
            await order(*missing)
    for unknown in ([*ids, str(uuid4())], [str(uuid4()), *ids[1:]]):
        with pytest.raises(ImageNotFound):
            await order(*unknown)
    assert await house.delete(ids[0]) == [ids[2], ids[3], ids[1]]
    new = await house.upload(event_id, b"new")
    assert await house.delete(ids[1]) == [ids[2], ids[3], new.id]


async def test_there_are_no_images_of_no_event(house: House) -> None:
    nobody = str(uuid4())
    with pytest.raises(EventNotFound):
        await house.upload(nobody, b"one")
    assert not house.files() | {row.name for row in await house.db.fetch("SELECT name FROM image_files")}
    with pytest.raises(EventNotFound):
        request = pb.ReorderImagesRequest(event_id=nobody, image_ids=[nobody])
        await house.rpc.ReorderImages(request, AsyncMock())
    with pytest.raises(ImageNotFound):
        await house.delete(nobody)
    with pytest.raises(InvalidField, match="is missing"):
        await house.upload(await house.event(), b"")


# --- Quotas


async def outcomes(*uploads: Any) -> list[str]:
    answers = await asyncio.gather(*uploads, return_exceptions=True)
    return sorted(type(answer).__name__ for answer in answers)


async def test_of_two_uploads_at_the_edge_of_a_quota_one_passes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "MAX_IMAGES", 3)
    events = [await house.event() for _ in range(2)]
    for n in range(2):
        await house.upload(events[n], b"%d" % n)
    uploads = [house.upload(events[n % 2], b"more %d" % n) for n in range(6)]
    assert await outcomes(*uploads) == ["Image"] + ["ImageLimitExceeded"] * 5
    # Another organization, here Boxoffice itself, has its own.
    request = catalog_pb2.CreateEventRequest(
        title="Another", category=catalog_pb2.Event.CONCERT, duration_minutes=90, status=catalog_pb2.Event.PUBLISHED
    )
    await house.upload((await house.catalogue.rpc.CreateEvent(request)).id, b"0")


async def test_of_two_uploads_at_the_edge_of_the_bytes_one_passes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "MAX_BYTES", 3 * 12 * 2)
    event_id = await house.event()
    await house.upload(event_id, b"0123456789")
    uploads = [house.upload(event_id, b"%d123456789" % n) for n in range(1, 5)]
    assert await outcomes(*uploads) == ["Image"] + ["ImageLimitExceeded"] * 3
    [image, *_] = (await house.catalogue.rpc.GetEvent(catalog_pb2.GetEventRequest(event_id=event_id))).images
    await house.delete(image.id)
    await house.upload(event_id, b"5123456789")


async def test_an_event_has_so_many_images(house: House) -> None:
    event_id = await house.event()
    uploads = [house.upload(event_id, b"%d" % n) for n in range(MAX_IMAGES_PER_EVENT + 2)]
    assert await outcomes(*uploads) == ["Image"] * MAX_IMAGES_PER_EVENT + ["ImageLimitExceeded"] * 2
    with pytest.raises(ImageLimitExceeded, match="10 images already"):
        await house.upload(event_id, b"another")
    assert rpc.hashlib.sha256(b"another/s").hexdigest() not in house.files()


# --- Files


async def test_files_that_no_image_has_are_collected_after_an_hour(house: House) -> None:
    event_id = await house.event()
    kept, gone = await house.upload(event_id, b"kept"), await house.upload(event_id, b"gone")
    assert len(house.files()) == 6
    await house.delete(gone.id)
    with pytest.raises(ImageNotFound):
        await house.file(gone.large)
    assert await house.later("59 minutes") == 0
    assert await house.later("61 minutes") == 3
    assert await collect_files(house.db, house.store) == 0
    assert house.files() == {one.url.removeprefix(FILES) for one in (kept.small, kept.medium, kept.large)}
    await house.file(kept.large)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["put", "first put", "alone", "rename"])
async def test_an_upload_that_is_killed_leaves_nothing_that_is_not_collected(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    event_id = await house.event()
    calls = 0

    async def put(self: Folder, name: str, data: bytes) -> None:
        nonlocal calls
        calls += 1
        if step == "put" or calls == 2:
            raise Killed
        await asyncio.to_thread(self._put, name, data)

    def replace(self: Path, target: Path) -> None:
        raise Killed

    async def alone(self: Any, command: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        if step == "alone":
            patched.setattr(operation.ChangeImages, "alone", alone)
        elif step == "rename":
            patched.setattr(Path, "replace", replace)
        else:
            patched.setattr(Folder, "put", put)
        with pytest.raises(Killed):
            await house.upload(event_id, b"one")
    await house.later("2 hours")
    # What was being written is written over by the next one.
    assert house.files() <= {"draft"}
    assert not await house.db.fetch("SELECT name FROM image_files")
    image = await house.upload(event_id, b"one")
    assert "draft" not in house.files()
    await house.file(image.small)


async def test_a_picture_that_is_being_deleted_is_not_used_until_it_is_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = await house.event()
    image = await house.upload(event_id, b"one")
    await house.delete(image.id)

    async def delete(self: Folder, name: str) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "delete", delete)
        with pytest.raises(Killed):
            await house.later("2 hours")
    with pytest.raises(ImageBusy):
        await house.upload(event_id, b"one")
    assert await house.later("2 hours 11 minutes") == 3
    again = await house.upload(event_id, b"one")
    await house.file(again.small)


async def test_what_one_replica_deletes_slowly_no_other_deletes_and_gives_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = await house.event()
    await house.delete((await house.upload(event_id, b"one")).id)
    started, go = asyncio.Event(), asyncio.Event()
    delete = Folder.delete

    async def slowly_at_first(self: Folder, name: str) -> None:
        if not started.is_set():
            started.set()
            await go.wait()
        await delete(self, name)

    monkeypatch.setattr(Folder, "delete", slowly_at_first)
    first = asyncio.create_task(house.later("2 hours"))
    await started.wait()
    assert await collect_files(house.db, house.store) == 0
    with pytest.raises(ImageBusy):
        await house.upload(event_id, b"one")
    go.set()
    assert await first == 3
    await house.file((await house.upload(event_id, b"one")).small)


async def test_an_upload_that_slept_through_the_collection_makes_no_image_without_files(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = await house.event()
    alone = operation.ChangeImages.alone

    async def sleepily(self: Any, command: Any) -> Any:
        assert await house.later("2 hours") == 3
        return await alone(self, command)

    with monkeypatch.context() as patched:
        patched.setattr(operation.ChangeImages, "alone", sleepily)
        image = None
        with pytest.raises(ImageBusy):
            image = await house.upload(event_id, b"one")
    assert image is None
    assert not house.files() - {"draft"}


AGE = """
    UPDATE image_files SET used_at = used_at - interval '2 hours'
    WHERE name IN (SELECT name FROM image_files ORDER BY name FOR UPDATE SKIP LOCKED)
"""


async def test_uploads_deletions_and_collections_at_once_lose_no_file_that_an_image_has(house: House) -> None:
    events = [await house.event() for _ in range(3)]

    async def come_and_go(event_id: str, n: int) -> None:
        for _ in range(4):
            try:
                image = await house.upload(event_id, b"%d" % (n % 2))
                if n % 3:
                    await house.delete(image.id)
            except (ImageBusy, ImageNotFound):
                continue

    async def collect() -> None:
        for _ in range(10):
            await house.db.execute(AGE)
            await collect_files(house.db, house.store)

    await asyncio.gather(collect(), *(come_and_go(events[n % 3], n) for n in range(6)))
    for row in await house.db.fetch("SELECT files FROM images"):
        for name in row.files:
            assert await house.store.get(name) is not None


# --- Drafts


async def test_images_of_drafts_are_found_by_those_who_see_the_draft(house: House) -> None:
    draft = await house.event(draft=True)
    image = await house.upload(draft, b"secret")
    for who in (None, STRANGER):
        with pytest.raises(ImageNotFound):
            await house.file(image.large, who)
    found, headers = await house.file(image.large, MEMBER)
    assert found.data == b"secret/l"
    assert "cache-control" not in headers  # nobody keeps it: the gateway says no-store then
    # A public event with the same picture makes it public: it is the same picture.
    await house.upload(await house.event(), b"secret")
    await house.file(image.large, None)


async def test_whose_an_image_is_its_event_says(house: House) -> None:
    from services.inventory.catalogue import owners

    things = owners.things(house.db)["image_id"]
    image = await house.upload(await house.event(draft=True), b"one")
    assert await things.owner(UUID(image.id)) == OURS
    assert isinstance(await things.hidden(UUID(image.id)), ImageNotFound)
    with pytest.raises(ImageNotFound):
        await things.owner(uuid4())
