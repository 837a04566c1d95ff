"""Files that no image has: deleted by a job."""

from services.chassis.store.database import Database
from services.inventory.images import statements as sql
from services.inventory.images.store import Store


async def collect_files(db: Database, store: Store, *, limit: int = 100) -> int:
    """Delete one batch of files that no image has; return how many.

    What is doomed cannot be used again, so a file is deleted outside of any transaction; its row goes last. Who dooms
    files is alone in deleting them for ten minutes: else a slow replica could delete one that another has deleted and
    forgotten, and that an upload has brought again. Where this stops in between, the next one goes on after them.
    """
    names = [row.name for row in await db.fetch(sql.DOOM_FILES, {"limit": limit})]
    for name in names:
        await store.delete(name)
    return await db.execute(sql.FORGET_FILES, {"names": names}) if names else 0
