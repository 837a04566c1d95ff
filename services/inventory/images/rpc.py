"""ImageService: parse, call, render."""

import hashlib
from uuid import UUID

from boxoffice.inventory.v1 import images_pb2 as pb
from boxoffice.inventory.v1 import images_pb2_grpc
from google.api import httpbody_pb2

from services.chassis.errors import InvalidField
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.wire.identity import organizes
from services.chassis.wire.incoming import Context
from services.inventory.errors import ImageBusy, ImageNotFound
from services.inventory.images import statements as sql
from services.inventory.images.domain import MIME_TYPE, Image, NewImage
from services.inventory.images.listing import check_room, event_of, image_of, who_shows
from services.inventory.images.messages import render_image
from services.inventory.images.operation import Add, ChangeImages, Delete, Describe, ImageChange, Reorder
from services.inventory.images.store import Store
from services.inventory.images.workshop import Workshop

FOR_EVERYBODY = (("cache-control", "public, max-age=31536000, immutable"),)
"""What is under a name never changes."""
NOTHING_ELSE = (("content-security-policy", "default-src 'none'; sandbox"),)
"""Who opens the file by itself sees a picture, and nothing runs."""


class ImageServicer(images_pb2_grpc.ImageServiceServicer):
    """Images of events. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, store: Store, workshop: Workshop) -> None:
        self._db = db
        self._store = store
        self._workshop = workshop
        self._change = ChangeImages(db)

    async def UploadImage(self, request: pb.UploadImageRequest, context: Context) -> pb.Image:
        event_id, data = UUID(request.event_id), request.file.data
        if not data:
            raise InvalidField(("file", "is missing: send a JPEG, PNG or WebP"))
        source = hashlib.sha256(data).hexdigest()
        there = await image_of(self._db, event_id, source)
        change: ImageChange = (
            Describe(event_id, there.id, request.alt_text)
            if there is not None
            else Add(event_id, await self._made(event_id, data, source, request.alt_text))
        )
        try:
            images = await self._change.alone(change)
        except ImageNotFound:  # it was there a moment ago
            raise ImageBusy() from None
        return render_image(next(image for image in images if image.source == source))

    async def _made(self, event_id: UUID, data: bytes, source: str, alt_text: str) -> NewImage:
        """Return an image whose files are kept."""
        await check_room(self._db, event_id)
        made = await self._workshop.make(data)
        files = {each.picture.name: each.file for each in made}
        # Each has its row before it is there: what nobody comes to use is found by that.
        values = {"names": list(files), "lives": [new_id() for _ in files]}
        lives = {row.name: row.life for row in await self._db.fetch(sql.USE_FILES, values)}
        if len(lives) < len(files):
            raise ImageBusy()
        for name, file in files.items():
            await self._store.put(name, file)
        return NewImage(event_id, source, alt_text, [each.picture for each in made], lives)

    async def DeleteImage(self, request: pb.DeleteImageRequest, context: Context) -> pb.DeleteImageResponse:
        image_id = UUID(request.image_id)
        images = await self._change.alone(Delete(await event_of(self._db, image_id), image_id))
        return pb.DeleteImageResponse(images=_rendered(images))

    async def ReorderImages(self, request: pb.ReorderImagesRequest, context: Context) -> pb.ReorderImagesResponse:
        images = await self._change.alone(Reorder(UUID(request.event_id), [UUID(id_) for id_ in request.image_ids]))
        return pb.ReorderImagesResponse(images=_rendered(images))

    async def GetImageFile(self, request: pb.GetImageFileRequest, context: Context) -> httpbody_pb2.HttpBody:
        shown_by = await who_shows(self._db, request.name)
        is_public = any(not is_draft for _, is_draft in shown_by)
        if not is_public and not any(organizes(organization_id) for organization_id, _ in shown_by):
            raise ImageNotFound()
        data = await self._store.get(request.name)
        if data is None:
            raise ImageNotFound()
        await context.send_initial_metadata((*NOTHING_ELSE, *(FOR_EVERYBODY if is_public else ())))
        return httpbody_pb2.HttpBody(content_type=MIME_TYPE, data=data)


def _rendered(images: list[Image]) -> list[pb.Image]:
    return [render_image(image) for image in images]
