"""The pictures of an event: uploaded, put in order, taken away."""

from __future__ import annotations

import re

from aiohttp import web
from google.api.httpbody_pb2 import HttpBody

from boxoffice_client import BoxofficeError
from web.languages import _
from web.organizers.access import managed_event
from web.organizers.events import edit_path, step_page
from web.organizers.mistakes import Mistakes
from web.organizers.uploads import LARGEST_BYTES, LEFT_SECONDS, WORK_SECONDS, sent

KINDS = ("image/jpeg", "image/png", "image/webp")
FIELDS = {"altText": "alt", "file": "file", "IMAGE_TOO_LARGE": "file", "REQUEST_TOO_LARGE": "file"}
_NAME = re.compile(r"[0-9a-f]{64}")

routes = web.RouteTableDef()


@routes.post("/organizer/events/{event_id}/pictures")
async def upload(request: web.Request) -> web.StreamResponse:
    """Add a picture."""
    visit, event = await managed_event(request)
    texts, kind, picture = await sent(visit)
    visit.wait_for(LEFT_SECONDS)
    mistakes, alt = Mistakes(), texts.get("alt", "").strip()
    if not picture:
        mistakes.add("file", _("Choose a picture first."))
    elif len(picture) > LARGEST_BYTES:
        mistakes.add("file", _("The picture has more than 8 MB. Save it smaller, and try again."))
    if not alt:
        mistakes.add("alt", _("Say what is to be seen, for those who do not see it."))
    if not mistakes:
        services = visit.services.with_options(timeout_seconds=WORK_SECONDS)
        file = HttpBody(content_type=kind, data=picture)
        try:
            await services.upload_image(event_id=event.id, alt_text=alt, file=file)
        except BoxofficeError as error:
            mistakes.take(error, FIELDS)
    if mistakes:
        return step_page(visit, event, "pictures", mistakes, alt=alt)
    raise web.HTTPSeeOther(edit_path(event.id, "pictures"))


@routes.get("/organizer/events/{event_id}/pictures/{name}")
async def picture(request: web.Request) -> web.StreamResponse:
    """Give a picture's file, of a draft too, which others do not see."""
    visit, _event = await managed_event(request)
    name = request.match_info["name"]
    if not _NAME.fullmatch(name):
        raise web.HTTPNotFound()
    file = await visit.services.picture(name=name)
    return web.Response(body=file.data, content_type=file.content_type)


@routes.post("/organizer/events/{event_id}/pictures/{image_id}")
async def change(request: web.Request) -> web.StreamResponse:
    """Put a picture first, or take it away."""
    visit, event = await managed_event(request)
    form, image_id = await visit.form(), request.match_info["image_id"]
    ids = [image.id for image in event.images]
    if image_id not in ids:
        raise web.HTTPSeeOther(edit_path(event.id, "pictures"))
    mistakes = Mistakes()
    try:
        if form.get("do") == "delete":
            await visit.services.delete_image(image_id=image_id)
        else:
            first = [image_id, *(each for each in ids if each != image_id)]
            await visit.services.reorder_images(event_id=event.id, image_ids=first)
    except BoxofficeError as error:
        mistakes.take(error, {})
        return step_page(visit, event, "pictures", mistakes, alt="")
    raise web.HTTPSeeOther(edit_path(event.id, "pictures"))
