"""An image of an event, from the upload by REST to the file that a browser shows."""

from __future__ import annotations

import httpx

from tests.inventory.pictures import decoded, picture
from tests.system.client import Client, ok, refusal


async def test_an_image_is_uploaded_shown_and_deleted(client: Client) -> None:
    event = {"title": "Nine Rivers, painted", "category": "CONCERT", "durationMinutes": 90, "status": "PUBLISHED"}
    event_id = ok(await client.ask("POST", "events", event))["id"]

    async def upload(data: bytes, **query: str) -> httpx.Response:
        headers = {"content-type": "image/jpeg"}
        return await client.http.post(f"/api/v1/events/{event_id}/images", params=query, content=data, headers=headers)

    image = ok(await upload(picture(size=(800, 400)), altText="A stage"))
    assert ok(await client.ask("GET", f"events/{event_id}"))["images"] == [image]
    listed = ok(await client.ask("GET", "events", params={"q": "rivers painted"}))["events"]
    assert [one["images"] for one in listed if one["id"] == event_id] == [[image]]
    for size, width in (("small", 320), ("medium", 800), ("large", 800)):
        file = await client.http.get(image[size]["url"])
        assert decoded(file.content).size == (width, width // 2) == (image[size]["width"], image[size]["height"])
        assert file.headers["content-type"] == "image/webp"
        assert file.headers["x-content-type-options"] == "nosniff"
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        head = await client.http.head(image[size]["url"])
        assert (head.status_code, head.content) == (200, b"")

    assert set(refusal(await upload(picture())).fields) == {"altText"}
    assert set(refusal(await upload(b"<svg onload=alert(1)>", altText="x")).fields) == {"file"}

    order = {"imageIds": [image["id"]]}
    assert ok(await client.ask("PUT", f"events/{event_id}/images/order", order))["images"] == [image]
    assert ok(await client.ask("DELETE", f"images/{image['id']}"))["images"] == []
    assert (await client.http.get(image["large"]["url"])).status_code == 404
