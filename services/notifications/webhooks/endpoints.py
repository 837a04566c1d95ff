"""What members do with endpoints: make them, look at them, change them, remove them."""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.ids import new_id
from services.chassis.store.database import Database, Transaction, retried
from services.chassis.store.rows import read
from services.chassis.values.vault import Vault
from services.notifications.errors import (
    TooManyResends,
    TooManyWebhookEndpoints,
    WebhookEndpointDisabled,
    WebhookEndpointExists,
    WebhookEndpointNotFound,
    WebhookMessageNotFound,
)
from services.notifications.webhooks import endpoint_statements as sql
from services.notifications.webhooks.domain import (
    MAX_ENDPOINTS,
    MAX_RESENDS,
    MAX_SECRETS,
    ROTATION,
    Endpoint,
    State,
    is_url_for_messages,
)
from services.notifications.webhooks.signing import new_secret, seal


class Endpoints:
    """The endpoints of organizations. `managed_by` is the member who asks; None where calls carry no tokens."""

    def __init__(self, db: Database, vault: Vault, *, allow_loopback: bool) -> None:
        self._db = db
        self._vault = vault
        self._allow_loopback = allow_loopback

    async def owner(self, endpoint_id: UUID) -> UUID:
        """Return whose an endpoint is; raise WebhookEndpointNotFound."""
        for row in await self._db.fetch(sql.OWNER, {"id": endpoint_id}):
            return UUID(str(row.organization_id))
        raise WebhookEndpointNotFound()

    async def get(self, endpoint_id: UUID) -> Endpoint:
        """Return an endpoint; raise WebhookEndpointNotFound."""
        found = read(Endpoint, await self._db.fetch(sql.GET_ENDPOINT, {"id": endpoint_id}))
        return _the(found)

    async def of(self, organization_id: UUID) -> list[Endpoint]:
        """Return the endpoints of an organization, newest first."""
        return read(Endpoint, await self._db.fetch(sql.LIST_ENDPOINTS, {"organization_id": organization_id}))

    async def create(
        self, organization_id: UUID, url: str, types: Sequence[str], managed_by: UUID | None
    ) -> tuple[Endpoint, str]:
        """Make an endpoint, which gets the messages that come from now on; return it with its secret.

        Raises InvalidField, WebhookEndpointExists, TooManyWebhookEndpoints.
        """
        self._check(url)
        return await retried(self._create)(organization_id, url, types, managed_by)

    async def _create(
        self, organization_id: UUID, url: str, types: Sequence[str], managed_by: UUID | None
    ) -> tuple[Endpoint, str]:
        id_, secret = new_id(), new_secret()
        async with self._db.transaction() as tx:
            sent_to, others = await self._lock(tx, organization_id)
            _check_free(others, url, id_)
            if len(others) >= MAX_ENDPOINTS:
                raise TooManyWebhookEndpoints(limit=MAX_ENDPOINTS)
            given = {"id": id_, "organization_id": organization_id, "managed_by": managed_by, "url": url}
            await tx.send(sql.CREATE_ENDPOINT, given | {"types": list(types), "sent_to": sent_to})
            await tx.send(sql.ADD_SECRET, {"endpoint_id": id_, "sealed": seal(self._vault, id_, secret)})
            made = read(Endpoint, await tx.fetch(sql.GET_ENDPOINT, {"id": id_}))
        return _the(made), secret

    async def update(self, endpoint_id: UUID, url: str, types: Sequence[str], managed_by: UUID | None) -> Endpoint:
        """Change an endpoint; raise InvalidField, WebhookEndpointNotFound, WebhookEndpointExists."""
        self._check(url)
        organization_id = await self.owner(endpoint_id)
        return await retried(self._update)(organization_id, endpoint_id, url, types, managed_by)

    async def _update(
        self, organization_id: UUID, endpoint_id: UUID, url: str, types: Sequence[str], managed_by: UUID | None
    ) -> Endpoint:
        async with self._db.transaction() as tx:
            _, others = await self._lock(tx, organization_id)
            _check_free(others, url, endpoint_id)
            await tx.send(
                sql.CHANGE_ENDPOINT, {"id": endpoint_id, "url": url, "types": list(types), "managed_by": managed_by}
            )
            return _the(read(Endpoint, await tx.fetch(sql.GET_ENDPOINT, {"id": endpoint_id})))

    async def delete(self, endpoint_id: UUID) -> None:
        """Remove an endpoint; raise WebhookEndpointNotFound."""
        if not await self._db.execute(sql.DELETE_ENDPOINT, {"id": endpoint_id}):
            raise WebhookEndpointNotFound()

    async def rotate(self, endpoint_id: UUID) -> tuple[Endpoint, str]:
        """Give an endpoint another secret; return both. Raises WebhookEndpointNotFound."""
        return await retried(self._rotate)(endpoint_id)

    async def _rotate(self, endpoint_id: UUID) -> tuple[Endpoint, str]:
        secret, named = new_secret(), {"endpoint_id": endpoint_id}
        async with self._db.transaction() as tx:
            if not await tx.fetch(sql.LOCK_ENDPOINT, {"id": endpoint_id}):
                raise WebhookEndpointNotFound()
            await tx.send(sql.END_SECRETS, named | {"rotation": ROTATION})
            await tx.send(sql.ADD_SECRET, named | {"sealed": seal(self._vault, endpoint_id, secret)})
            await tx.send(sql.DROP_SECRETS, named | {"others": MAX_SECRETS})
            return _the(read(Endpoint, await tx.fetch(sql.GET_ENDPOINT, {"id": endpoint_id}))), secret

    async def enable(self, endpoint_id: UUID, after: int | None, managed_by: UUID | None) -> Endpoint:
        """Have an endpoint sent messages; raise WebhookEndpointNotFound, InvalidField."""
        organization_id = await self.owner(endpoint_id)
        return await retried(self._enable)(organization_id, endpoint_id, after, managed_by)

    async def _enable(
        self, organization_id: UUID, endpoint_id: UUID, after: int | None, managed_by: UUID | None
    ) -> Endpoint:
        async with self._db.transaction() as tx:
            last, _ = await self._lock(tx, organization_id)
            if after is not None and after > last:
                raise InvalidField(("after", f"must be the number of a message: there are {last} up to now"))
            await tx.send(sql.ENABLE_ENDPOINT, {"id": endpoint_id, "after": after, "managed_by": managed_by})
            return _the(read(Endpoint, await tx.fetch(sql.GET_ENDPOINT, {"id": endpoint_id})))

    async def disable(self, endpoint_id: UUID, managed_by: UUID | None) -> Endpoint:
        """Have an endpoint sent nothing; raise WebhookEndpointNotFound."""
        await self._db.execute(sql.DISABLE_ENDPOINT, {"id": endpoint_id, "managed_by": managed_by})
        return await self.get(endpoint_id)

    async def resend(self, endpoint_id: UUID, number: int) -> None:
        """Have a message sent once more.

        Raises WebhookEndpointNotFound, WebhookMessageNotFound, WebhookEndpointDisabled, TooManyResends.
        """
        await retried(self._resend)(endpoint_id, number)

    async def _resend(self, endpoint_id: UUID, number: int) -> None:
        named = {"endpoint_id": endpoint_id, "number": number}
        async with self._db.transaction() as tx:
            locked = await tx.fetch(sql.LOCK_ENDPOINT, {"id": endpoint_id})
            if not locked:
                raise WebhookEndpointNotFound()
            found, [counted] = await tx.fetch_all(
                (sql.FIND_MESSAGE, named | {"organization_id": locked[0].organization_id}), (sql.COUNT_RESENDS, named)
            )
            if not found:
                raise WebhookMessageNotFound()
            if locked[0].state != State.ENABLED:
                raise WebhookEndpointDisabled(state=locked[0].state)
            if counted.waiting >= MAX_RESENDS:
                raise TooManyResends(limit=MAX_RESENDS)
            await tx.send(sql.ASK_FOR_RESEND, named)

    async def _lock(self, tx: Transaction, organization_id: UUID) -> tuple[int, dict[str, UUID]]:
        """Lock an organization; return its last number, and its endpoints by their URLs."""
        named = {"organization_id": organization_id}
        [log], endpoints = await tx.fetch_all((sql.LOCK_LOG, named), (sql.ENDPOINTS_OF, named))
        return int(log.last_number), {row.url: row.id for row in endpoints}

    def _check(self, url: str) -> None:
        if not is_url_for_messages(url, allow_loopback=self._allow_loopback):
            what = "must be https:// and a host's name in small letters, without user, other port than 443 and fragment"
            raise InvalidField(("url", what))


def _check_free(others: dict[str, UUID], url: str, id_: UUID) -> None:
    if others.get(url, id_) != id_:
        raise WebhookEndpointExists(endpoint_id=others[url])


def _the(found: Sequence[Endpoint]) -> Endpoint:
    if not found:
        raise WebhookEndpointNotFound()
    return found[0]
