"""The messages about images."""

from boxoffice.inventory.v1 import images_pb2 as pb

from services.chassis.wire.times import to_timestamp
from services.inventory.images.domain import SIZES, Image

FILES = "/api/v1/image-files/"
"""Where the gateway serves them."""


def render_image(image: Image) -> pb.Image:
    """Render an image."""
    sizes = zip(SIZES, image.files, image.widths, image.heights, strict=True)
    return pb.Image(
        id=str(image.id),
        event_id=str(image.event_id),
        alt_text=image.alt_text,
        created_at=to_timestamp(image.created_at),
        **{
            size: pb.Image.Picture(url=FILES + name, width=width, height=height)
            for (size, _), name, width, height in sizes
        },
    )
