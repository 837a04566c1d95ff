"""Whose things are: how a policy finds the organization that a request is about.

A policy with MEMBER names a field of the request. A service tells for each such field whose the thing is that it names,
when it makes its server; nobody but the policy asks.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from services.chassis.errors import Failure

ORGANIZATION = "organization_id"
"""The field that names an organization itself."""

MAX_KNOWN = 10_000
"""Things whose owner is remembered; the one that was asked for longest ago is forgotten first."""

Memberships = Callable[[UUID], Awaitable[Mapping[UUID, str]]]
"""Tells a user's role in each organization of theirs."""


async def _in_sight(_: UUID) -> None:
    return None


class Things:
    """Things of one kind, which organizations own. An owner never changes, so it is remembered."""

    def __init__(
        self,
        find: Callable[[UUID], Awaitable[UUID | None]],
        hidden: Callable[[UUID], Awaitable[Failure | None]] = _in_sight,
    ) -> None:
        """`find` returns the organization whose a thing is, None: Boxoffice's own; raises what says that there is none.

        `hidden` returns what they are told who may not even know that a thing is there; None: everybody may.
        """
        self._find = find
        self.hidden = hidden
        self._known: OrderedDict[UUID, UUID | None] = OrderedDict()

    async def owner(self, id_: UUID) -> UUID | None:
        """Return the organization whose a thing is, None: Boxoffice's own; raise what says that there is none."""
        if id_ in self._known:
            self._known.move_to_end(id_)
            return self._known[id_]
        owner = self._known[id_] = await self._find(id_)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return owner


async def _itself(id_: UUID) -> UUID:
    return id_


ITSELF = Things(_itself)
"""Organizations, by their own ids."""
