"""Pages of all that is kept of a user: identity's own first, then each service's.

A page's token says which service and where there. Whatever a token says, a page has nothing of anybody else.
"""

import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from boxoffice.identity.v1 import identity_pb2 as pb

from services.chassis.store.database import Database
from services.chassis.wire.records import page
from services.chassis.wire.rules import must
from services.identity.accounts import profiles
from services.identity.exporting.records import KINDS

Page = tuple[list[str], str]
Source = Callable[[UUID, str], Awaitable[Page]]
"""Gives a page of what a service keeps of a user: records as JSON, and the token of its next page."""

_TOKEN = re.compile(r"([a-z]+) ([0-9a-f-]{0,40})")


class Exports:
    """Exports accounts."""

    def __init__(self, db: Database, services: Mapping[str, Source]) -> None:
        self._db = db
        self._sources: dict[str, Source] = {"identity": self._own} | dict(services)

    async def page(self, user_id: UUID, request: pb.ExportAccountRequest) -> bytes:
        """Return a page as JSON; raise UserNotFound, InvalidField."""
        await profiles.get(self._db, user_id)
        names = list(self._sources)
        name, token = self._read(request)
        records, following = await self._sources[name](user_id, token)
        after = f"{name} {following}"
        if not following:
            after = f"{names[names.index(name) + 1]} " if name != names[-1] else ""
        listed = ",".join(f'{{"service":"{name}",{record[1:]}' for record in records)
        opaque = base64.urlsafe_b64encode(after.encode()).decode()
        return f'{{"records":[{listed}],"nextPageToken":"{opaque}"}}'.encode()

    async def _own(self, user_id: UUID, token: str) -> Page:
        return await page(self._db, KINDS, user_id, token)

    def _read(self, request: pb.ExportAccountRequest) -> tuple[str, str]:
        if not request.page_token:
            return next(iter(self._sources)), ""
        try:
            given = base64.urlsafe_b64decode(request.page_token).decode()
        except ValueError:
            given = ""
        read = _TOKEN.fullmatch(given)
        if read is None or read[1] not in self._sources:
            raise must(request, "page_token")
        return read[1], read[2]
