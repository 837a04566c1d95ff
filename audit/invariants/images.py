"""Invariants of images: their files are known, and quotas are kept. Whether files are there, a metric tells."""

from audit.invariants.invariant import Invariant

IMAGES = (
    Invariant(
        "files-of-images-are-kept",
        "each file of an image has a row, by which nobody is about to delete it",
        ("inventory.images",),
        """
        SELECT i.id AS image_id, n.name FROM inventory.images i CROSS JOIN unnest(i.files) AS n (name)
        LEFT JOIN inventory.image_files f ON f.name = n.name AND NOT f.is_doomed
        WHERE f.name IS NULL
        """,
    ),
    Invariant(
        "images-are-within-quotas",
        "an event has 10 images at most, an organization 200, and 500 MiB of all their files",
        ("inventory.images",),
        """
        SELECT 'event' AS of, event_id AS id, count(*) AS images, sum(bytes) AS bytes
        FROM inventory.images GROUP BY event_id HAVING count(*) > 10
        UNION ALL
        SELECT 'organization', owner_id, count(*), sum(bytes)
        FROM inventory.images GROUP BY owner_id HAVING count(*) > 200 OR sum(bytes) > 500 * 1024 * 1024
        """,
    ),
    Invariant(
        "images-are-of-events",
        "an image is in three sizes, of an event that there is, counts to its organization, and says something instead",
        ("inventory.images",),
        """
        SELECT i.id AS image_id, i.event_id, i.owner_id, e.organization_id, i.alt_text
        FROM inventory.images i LEFT JOIN inventory.events e ON e.id = i.event_id
        WHERE e.id IS NULL OR i.alt_text ~ '^[[:space:]]*$' OR cardinality(i.files) <> 3
            OR i.owner_id <> coalesce(e.organization_id, '00000000-0000-0000-0000-000000000000')
        """,
    ),
    Invariant(
        "images-are-there-once",
        "an event has a picture once and no two images in one place, and a file has one row",
        ("inventory.images",),
        """
        SELECT 'picture' AS what, concat_ws(' ', event_id, source) AS key, count(*) AS times
        FROM inventory.images GROUP BY event_id, source HAVING count(*) > 1
        UNION ALL
        SELECT 'place', concat_ws(' ', event_id, position), count(*)
        FROM inventory.images GROUP BY event_id, position HAVING count(*) > 1
        UNION ALL
        SELECT 'file', name, count(*) FROM inventory.image_files GROUP BY name HAVING count(*) > 1
        """,
    ),
)
