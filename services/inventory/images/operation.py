"""Changing images under the lock of their organization, so that its quotas are exact."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Statement, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.writes.operation import Operation, Rows
from services.inventory.errors import EventNotFound, ImageBusy, ImageLimitExceeded, ImageNotFound
from services.inventory.images import statements as sql
from services.inventory.images.domain import MAX_BYTES, MAX_IMAGES, Image, NewImage, check_count

NOBODY = UUID(int=0)
"""Under whose name Boxoffice's own images are counted."""


@dataclass(frozen=True, slots=True)
class ImageChange:
    """The wish to change the images of an event."""

    urgent: ClassVar[bool] = False

    event_id: UUID

    @property
    def key(self) -> UUID:
        """The event."""
        return self.event_id


@dataclass(frozen=True, slots=True)
class Add(ImageChange):
    """The wish to add an image, whose files are there; what it says instead where it is there already."""

    new: NewImage


@dataclass(frozen=True, slots=True)
class Describe(ImageChange):
    """The wish to say something else instead of an image."""

    image_id: UUID
    alt_text: str


@dataclass(frozen=True, slots=True)
class Delete(ImageChange):
    """The wish to delete an image."""

    image_id: UUID


@dataclass(frozen=True, slots=True)
class Reorder(ImageChange):
    """The wish to bring the images of an event into another order."""

    image_ids: Sequence[UUID]


@dataclass(slots=True)
class Quota:
    """What an organization has."""

    images: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class LockedImages:
    """Images that nobody else changes meanwhile."""

    now: datetime
    owners: dict[UUID, UUID]
    """Of each event that there is."""
    images: dict[UUID, list[Image]]
    """Of each event, in their order."""
    quotas: dict[UUID, Quota]
    usable: frozenset[str]
    """The files that nobody is about to delete."""
    created: list[Image] = field(default_factory=list)
    changed: dict[UUID, Image] = field(default_factory=dict)
    deleted: list[Image] = field(default_factory=list)


class ChangeImages(Operation[ImageChange, LockedImages, list[Image]]):
    """Changes images, answers with those of the event; refuses with what errors.py has of images."""

    def reads(self, batch: Sequence[ImageChange], *, wait: bool) -> dict[str, Statement]:
        """Lock the organizations, and read what they have."""
        ids = {"event_ids": sorted({command.event_id for command in batch})}
        adding = [command.event_id for command in batch if isinstance(command, Add)]
        return {
            "locks": (sql.LOCK_OWNERS, ids | {"nobody": NOBODY, "adding": adding}),
            "clock": (READ_CLOCK, ()),
            "events": (sql.EVENTS, ids | {"nobody": NOBODY}),
            "quotas": (sql.QUOTAS, ids | {"nobody": NOBODY}),
            "images": (sql.IMAGES_OF_EVENTS, ids),
        }

    async def load(
        self, tx: Transaction, batch: Sequence[ImageChange], rows: Rows
    ) -> tuple[LockedImages, Sequence[UUID]]:
        """Put what there is together, and keep the files of what comes from being deleted."""
        lives = {
            name: life for command in batch if isinstance(command, Add) for name, life in command.new.lives.items()
        }
        values = {"names": list(lives), "lives": list(lives.values())}
        used = await tx.fetch(sql.LOCK_FILES, values) if lives else []
        images: dict[UUID, list[Image]] = {event.id: [] for event in rows["events"]}
        for image in read(Image, rows["images"]):
            images[image.event_id].append(image)
        return LockedImages(
            now=rows["clock"][0].now,
            owners={event.id: event.owner_id for event in rows["events"]},
            images=images,
            quotas={row.owner_id: Quota(row.images, row.bytes) for row in rows["quotas"]},
            usable=frozenset(row.name for row in used),
        ), ()

    def decide(self, command: ImageChange, state: LockedImages) -> list[Image]:
        """Return the images of the event as they become."""
        images = state.images.get(command.event_id)
        if images is None:
            raise EventNotFound()
        match command:
            case Add():
                self._add(command.new, images, state)
            case Describe():
                self._put(replace(_named(command.image_id, images), alt_text=command.alt_text), images, state)
            case Delete():
                image = _named(command.image_id, images)
                images.remove(image)
                state.deleted.append(image)
            case Reorder():
                self._reorder(command.image_ids, images, state)
        return images

    def _add(self, new: NewImage, images: list[Image], state: LockedImages) -> None:
        for there in images:
            if there.source == new.source:
                return self._put(replace(there, alt_text=new.alt_text), images, state)
        quota = state.quotas.setdefault(state.owners[new.event_id], Quota())
        check_count(len(images))
        if quota.images >= MAX_IMAGES or quota.bytes + new.bytes > MAX_BYTES:
            raise ImageLimitExceeded()
        if not {picture.name for picture in new.pictures} <= state.usable:
            raise ImageBusy()
        quota.images, quota.bytes = quota.images + 1, quota.bytes + new.bytes
        image = Image(
            id=new_id(),
            event_id=new.event_id,
            source=new.source,
            alt_text=new.alt_text,
            position=images[-1].position + 1 if images else 0,
            bytes=new.bytes,
            created_at=state.now,
            files=[picture.name for picture in new.pictures],
            widths=[picture.width for picture in new.pictures],
            heights=[picture.height for picture in new.pictures],
        )
        images.append(image)
        state.created.append(image)

    def _reorder(self, ids: Sequence[UUID], images: list[Image], state: LockedImages) -> None:
        there, named = {image.id for image in images}, set(ids)
        if len(named) == len(ids) and not named <= there:
            raise ImageNotFound()
        if len(named) < len(ids) or named != there:
            raise InvalidField(("imageIds", "must name each image of the event once"))
        by_id = {image.id: image for image in images}
        for position, id_ in enumerate(ids):
            self._put(replace(by_id[id_], position=position), images, state)
        images.sort(key=lambda image: image.position)

    def _put(self, image: Image, images: list[Image], state: LockedImages) -> None:
        images[next(at for at, each in enumerate(images) if each.id == image.id)] = image
        state.changed[image.id] = image

    async def write(self, tx: Transaction, state: LockedImages) -> None:
        """Write the images; what those that are gone leave is kept for a while, as pages still show it."""
        for image in state.created:
            values = {name: getattr(image, name) for name in Image.__dataclass_fields__}
            await tx.send(sql.WRITE_IMAGES, values | {"owner_id": state.owners[image.event_id]})
            await tx.send(sql.TOUCH_FILES, {"names": image.files})
        if state.changed:
            await tx.send(sql.CHANGE_IMAGES, columns(list(state.changed.values()), "id", "position", "alt_text"))
        if state.deleted:
            await tx.send(sql.DELETE_IMAGES, {"ids": sorted(image.id for image in state.deleted)})
            await tx.send(sql.TOUCH_FILES, {"names": sorted({name for image in state.deleted for name in image.files})})


def _named(id_: UUID, images: Sequence[Image]) -> Image:
    for image in images:
        if image.id == id_:
            return image
    raise ImageNotFound()
