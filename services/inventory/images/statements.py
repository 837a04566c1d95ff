"""Statements about images."""

from services.chassis.store.rows import selected
from services.inventory.images.domain import Image

IMAGES = f"SELECT {selected(Image)} FROM images"

IMAGES_OF_EVENTS = f"{IMAGES} WHERE event_id = ANY(%(event_ids)s) ORDER BY event_id, position, id"

IMAGE_OF_SOURCE = f"{IMAGES} WHERE event_id = %(event_id)s AND source = %(source)s"

COUNT_OF_EVENT = """
    SELECT (SELECT count(*) FROM images i WHERE i.event_id = e.id) AS images FROM events e WHERE e.id = %(event_id)s
"""

OWNER_OF_IMAGE = """
    SELECT e.organization_id, e.shared_with, e.status = 'DRAFT' AS is_draft
    FROM images i JOIN events e ON e.id = i.event_id WHERE i.id = %(id)s
"""

EVENT_OF_IMAGE = "SELECT event_id FROM images WHERE id = %(id)s"

WHO_SHOWS_FILE = """
    SELECT DISTINCT e.organization_id, e.status = 'DRAFT' AS is_draft
    FROM images i JOIN events e ON e.id = i.event_id WHERE i.files @> ARRAY[%(name)s::text]
"""
"""Whose events have an image of this file."""

LOCK_OWNERS = """
    INSERT INTO image_owners (owner_id)
    SELECT DISTINCT coalesce(e.organization_id, %(nobody)s::uuid) FROM events e WHERE e.id = ANY(%(event_ids)s)
    AND (e.id = ANY(%(adding)s::uuid[]) OR EXISTS (SELECT FROM images i WHERE i.event_id = e.id))
    ORDER BY 1
    ON CONFLICT (owner_id) DO UPDATE SET owner_id = excluded.owner_id
    RETURNING owner_id
"""
"""The lock of an organization's images: of all its events, as quotas go over all. Where an event has none, and gets
none, there is nothing to lock, and nothing is written.
"""

EVENTS = """
    SELECT id, coalesce(organization_id, %(nobody)s::uuid) AS owner_id FROM events WHERE id = ANY(%(event_ids)s)
"""

QUOTAS = """
    SELECT i.owner_id, count(*) AS images, sum(i.bytes)::bigint AS bytes
    FROM images i WHERE i.owner_id IN (
        SELECT coalesce(organization_id, %(nobody)s::uuid) FROM events WHERE id = ANY(%(event_ids)s)
    )
    GROUP BY i.owner_id
"""
"""What an organization has of them: read behind its lock, so that it is what all before have left."""

USE_FILES = """
    INSERT INTO image_files AS f (name, life, used_at, is_doomed)
    SELECT name, life, (SELECT boxoffice_clock()), false
    FROM unnest(%(names)s::text[], %(lives)s::uuid[]) AS n (name, life) ORDER BY name
    ON CONFLICT (name) DO UPDATE SET used_at = excluded.used_at WHERE NOT f.is_doomed
    RETURNING name, life
"""
"""Files that are about to be written: all but those that are about to be deleted."""

LOCK_FILES = """
    SELECT f.name FROM image_files f
    JOIN unnest(%(names)s::text[], %(lives)s::uuid[]) AS n (name, life) ON n.name = f.name AND n.life = f.life
    WHERE NOT f.is_doomed ORDER BY f.name FOR NO KEY UPDATE OF f
"""
"""Files that were written: those that are there still, and were not deleted and begun anew meanwhile."""

TOUCH_FILES = """
    UPDATE image_files f SET used_at = (SELECT boxoffice_clock())
    FROM (SELECT name FROM image_files WHERE name = ANY(%(names)s) ORDER BY name FOR NO KEY UPDATE) n
    WHERE f.name = n.name
"""
"""Files that an image has come to have, or has left. From now on nobody deletes them for an hour."""

WRITE_IMAGES = """
    INSERT INTO images (
        id, event_id, owner_id, source, alt_text, position, bytes, created_at, files, widths, heights
    )
    VALUES (
        %(id)s, %(event_id)s, %(owner_id)s, %(source)s, %(alt_text)s, %(position)s, %(bytes)s, %(created_at)s,
        %(files)s::text[], %(widths)s::int[], %(heights)s::int[]
    )
"""

CHANGE_IMAGES = """
    UPDATE images i SET position = n.position, alt_text = n.alt_text
    FROM unnest(%(id)s::uuid[], %(position)s::int[], %(alt_text)s::text[]) AS n (id, position, alt_text)
    WHERE i.id = n.id
"""

DELETE_IMAGES = "DELETE FROM images WHERE id = ANY(%(ids)s)"

DOOM_FILES = """
    UPDATE image_files SET is_doomed = true, used_at = (SELECT boxoffice_clock())
    WHERE name IN (
        SELECT f.name FROM image_files f
        WHERE f.used_at < (SELECT boxoffice_clock()) - interval '10 minutes'
        AND (
            f.is_doomed
            OR f.used_at < (SELECT boxoffice_clock()) - interval '1 hour'
            AND NOT EXISTS (SELECT FROM images i WHERE i.files @> ARRAY[f.name])
        )
        ORDER BY f.used_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING name
"""
"""Files that no image has had for an hour, which is longer than any upload takes; and those that somebody began to
delete ten minutes ago and has not, `used_at` being when. Whoever gets them here deletes them."""

FORGET_FILES = "DELETE FROM image_files WHERE name = ANY(%(names)s) AND is_doomed"

FILES_AFTER = """
    SELECT f.name, EXISTS (SELECT FROM images i WHERE i.files @> ARRAY[f.name]) AS is_shown
    FROM image_files f WHERE f.name > %(after)s ORDER BY f.name LIMIT %(limit)s
"""

FILES_NAMED = "SELECT name FROM image_files WHERE name = ANY(%(names)s)"

QUOTA_USED = """
    SELECT max(greatest(images / %(images)s::double precision, bytes / %(bytes)s::double precision)) AS share
    FROM (SELECT count(*) AS images, sum(bytes) AS bytes FROM images GROUP BY owner_id) AS had
"""
"""The largest share of a quota that an organization has used up."""
