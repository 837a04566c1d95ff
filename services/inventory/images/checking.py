"""Whether the files of images are what the database says: metrics that tell of files that are lost, and of strays."""

from collections.abc import Sequence

from services.chassis.store.database import Database
from services.inventory import measures
from services.inventory.images import statements as sql
from services.inventory.images.domain import MAX_BYTES, MAX_IMAGES
from services.inventory.images.store import Store

LAST = "g"
"""Comes after all names, which are hexadecimal."""


async def check_files(db: Database, store: Store, *, limit: int = 1_000) -> int:
    """Compare files with their rows, page by page, set the metrics, and return 0: it is once over all.

    A file that an image has was written before the image, and stays for an hour after it: so rows are read before
    files. A row is written before its file and deleted after it: so rows of strays are looked for once more after it.
    """
    missing, unknown, after = 0, 0, ""
    while True:
        rows = await db.fetch(sql.FILES_AFTER, {"after": after, "limit": limit})
        listed = await store.names(after, limit)
        known = [row.name for row in rows]
        until = _last_of_both(known, listed, limit)
        files = {name for name in listed if name <= until}
        missing += sum(row.is_shown and row.name not in files for row in rows if row.name <= until)
        strays = sorted(files.difference(known))
        if strays:
            unknown += len(strays) - len(await db.fetch(sql.FILES_NAMED, {"names": strays}))
        if until == LAST:
            break
        after = until
    [used] = await db.fetch(sql.QUOTA_USED, {"images": MAX_IMAGES, "bytes": MAX_BYTES})
    measures.FILES_MISSING.set(missing)
    measures.FILES_UNKNOWN.set(unknown)
    measures.QUOTA_USED.set(used.share or 0)
    return 0


def _last_of_both(known: Sequence[str], listed: Sequence[str], limit: int) -> str:
    """Return up to which name both pages are whole."""
    return min((page[-1] for page in (known, listed) if len(page) == limit), default=LAST)
