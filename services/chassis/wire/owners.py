"""Whose things are: how a policy finds the organization that a request is about.

A policy with MEMBER names a field of the request. A service tells for each such field whose the thing is that it names,
when it makes its server; nobody but the policy asks.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from services.chassis.errors import Failure

ORGANIZATION = "organization_id"
"""The field that names an organization itself."""

MAX_KNOWN = 10_000
"""Things whose owner is remembered; the one that was asked for longest ago is forgotten first."""

Memberships = Callable[[UUID], Awaitable[Mapping[UUID, str]]]
"""Tells a user's role in each organization of theirs."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Who may use a thing."""

    organization_id: UUID | None
    """Whose it is; None: Boxoffice's own."""
    shared_with: frozenset[UUID] | None
    """The other organizations that may use it; None: everybody may."""

    def allows(self, organization_id: UUID | None) -> bool:
        """Tell whether an organization may use it, or, for None, an organizer who acts for none."""
        if self.shared_with is None:
            return True
        return organization_id is not None and organization_id in {self.organization_id, *self.shared_with}


async def _in_sight(_: UUID) -> None:
    return None


async def _by_nobody(_: UUID) -> Shared:
    return Shared(None, frozenset())


class Things:
    """Things of one kind, which organizations own. An owner never changes, so it is remembered."""

    def __init__(
        self,
        find: Callable[[UUID], Awaitable[UUID | None]],
        hidden: Callable[[UUID], Awaitable[Failure | None]] = _in_sight,
        shared: Callable[[UUID], Awaitable[Shared]] = _by_nobody,
    ) -> None:
        """`find` returns the organization whose a thing is, None: Boxoffice's own; raises what says that there is none.

        `hidden` returns what they are told who may not even know that a thing is there; None: everybody may.
        `shared` returns who may use a thing, and raises what says that there is none; it is asked each time.
        """
        self._find = find
        self.hidden = hidden
        self.shared = shared
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
