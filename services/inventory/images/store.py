"""Where the files of images are: by names that say what is in them, so that none is ever changed."""

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Protocol


class Store(Protocol):
    """Files by their names. An object store can be one as well as a folder."""

    async def put(self, name: str, data: bytes) -> None:
        """Keep a file, for good once this returns; one of this name that is there has the same in it."""
        ...

    async def get(self, name: str) -> bytes | None:
        """Return what is in a file; None: there is none."""
        ...

    async def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        ...

    async def names(self, after: str, limit: int) -> list[str]:
        """Return the names of so many files, in their order, that are greater."""
        ...


class Folder:
    """A folder, which the replicas of a service on one machine share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: str, data: bytes) -> None:
        """See Store."""
        await asyncio.to_thread(self._put, name, data)

    async def get(self, name: str) -> bytes | None:
        """See Store."""
        return await asyncio.to_thread(self._get, name)

    async def delete(self, name: str) -> None:
        """See Store."""
        await asyncio.to_thread(self._place(name).unlink, missing_ok=True)

    async def names(self, after: str, limit: int) -> list[str]:
        """See Store."""
        return await asyncio.to_thread(self._names, after, limit)

    def _names(self, after: str, limit: int) -> list[str]:
        names: list[str] = []
        shelves = [path for path in self._folder.iterdir() if path.is_dir()] if self._folder.exists() else []
        for shelf in sorted(path for path in shelves if path.name >= after[:2]):
            names += sorted(name for path in shelf.iterdir() if (name := path.name) > after)
            if len(names) >= limit:
                break
        return names[:limit]

    def _place(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _put(self, name: str, data: bytes) -> None:
        place, draft = self._place(name), self._folder / "draft"
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # No file is seen by halves. Who is killed while writing leaves the draft, which the next one takes over.
        with (self._folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(place)
        for path in (place.parent, self._folder):  # which may be as new as the file
            folder = os.open(path, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _get(self, name: str) -> bytes | None:
        try:
            return self._place(name).read_bytes()
        except FileNotFoundError:
            return None
