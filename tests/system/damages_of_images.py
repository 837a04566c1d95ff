"""Damages to images, in a copy of what the audit sees of them."""

from __future__ import annotations

from tests.system.damage import NEW, Damage, again

KEPT, QUOTAS, OF, ONCE = (
    "files-of-images-are-kept",
    "images-are-within-quotas",
    "images-are-of-events",
    "images-are-there-once",
)


def images(change: str) -> str:
    return f"UPDATE inventory.images SET {change}"


OF_IMAGES = (
    Damage(
        "an image whose file has no row",
        KEPT,
        "DELETE FROM inventory.image_files WHERE name = (SELECT files[1] FROM inventory.images LIMIT 1)",
    ),
    Damage("an image whose files are about to be deleted", KEPT, "UPDATE inventory.image_files SET is_doomed = true"),
    Damage(
        "too many images of an event",
        QUOTAS,
        f"INSERT INTO inventory.images (event_id) SELECT {NEW} FROM generate_series(1, 11)",
    ),
    Damage(
        "too many images of an organization",
        QUOTAS,
        f"INSERT INTO inventory.images (event_id, owner_id) SELECT gen_random_uuid(), {NEW}"
        " FROM generate_series(1, 201)",
    ),
    Damage("too large images", QUOTAS, images("bytes = 501 * 1024 * 1024")),
    Damage("an image of no event", OF, images("event_id = gen_random_uuid()")),
    Damage("an image that counts to another organization", OF, images("owner_id = gen_random_uuid()")),
    Damage("an image of Boxoffice's own that counts to one", OF, "UPDATE inventory.events SET organization_id = id"),
    Damage("an image that says nothing instead", OF, images("alt_text = ' '")),
    Damage("an image in two sizes", OF, images("files = files[:2]")),
    Damage("a picture twice at an event", ONCE, again("inventory.images")),
    Damage("two images in one place", ONCE, images("position = 0")),
    Damage("a file twice", ONCE, again("inventory.image_files")),
)
