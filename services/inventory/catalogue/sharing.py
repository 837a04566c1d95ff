"""Who may make shows of an event, or at a venue: said by the organization whose it is."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.chassis.errors import InvalidField, NotFound
from services.chassis.store.database import Database, retried


def parse(request: pb.ShareEventRequest | pb.ShareVenueRequest) -> list[UUID] | None:
    """Return the organizations that something is shared with, none: nobody; None: everybody."""
    named = [UUID(each) for each in request.organization_ids]
    is_list = request.audience == pb.Sharing.ORGANIZATIONS
    if is_list != bool(named):
        must = "must name an organization" if is_list else "must be left out, as it is not shared with organizations"
        raise InvalidField(("organizationIds", must))
    if len(set(named)) < len(named):
        raise InvalidField(("organizationIds", "names an organization twice"))
    return None if request.audience == pb.Sharing.EVERYBODY else sorted(named)


@retried
async def share(
    db: Database, statement: str, absent: type[NotFound], id_: UUID, shared_with: Sequence[UUID] | None
) -> pb.Sharing:
    """Write whom something is shared with; raise `absent` if there is none."""
    async with db.transaction() as tx:
        if not await tx.fetch(statement, {"id": id_, "shared_with": shared_with}):
            raise absent()
    return render(shared_with)


def render(shared_with: Iterable[UUID] | None) -> pb.Sharing:
    """Render whom something is shared with, none: nobody; None: everybody."""
    if shared_with is None:
        return pb.Sharing(audience=pb.Sharing.EVERYBODY)
    named = sorted(map(str, shared_with))
    return pb.Sharing(audience=pb.Sharing.ORGANIZATIONS if named else pb.Sharing.NOBODY, organization_ids=named)
