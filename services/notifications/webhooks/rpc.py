"""WebhookService: parse, call, render."""

from collections.abc import Sequence
from uuid import UUID

from boxoffice.notifications.v1 import webhooks_pb2 as pb
from boxoffice.notifications.v1 import webhooks_pb2_grpc

from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.chassis.wire.identity import caller
from services.chassis.wire.incoming import Context
from services.chassis.wire.owners import Things
from services.chassis.wire.pages import BY_ID, DEFAULT_SIZE, PageRequest
from services.chassis.wire.rules import must
from services.notifications.errors import WebhookEndpointNotFound
from services.notifications.webhooks import messages, operation
from services.notifications.webhooks.endpoints import Endpoints


def things(endpoints: Endpoints) -> dict[str, Things]:
    """Return whose the endpoints are that requests name."""
    return {"endpoint_id": Things(endpoints.owner, _hidden)}


async def _hidden(_: UUID) -> Failure:
    return WebhookEndpointNotFound()


class WebhookServicer(webhooks_pb2_grpc.WebhookServiceServicer):
    """Webhooks of organizations. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, endpoints: Endpoints) -> None:
        self._db = db
        self._endpoints = endpoints

    async def CreateWebhookEndpoint(
        self, request: pb.CreateWebhookEndpointRequest, context: Context
    ) -> pb.WebhookEndpointWithSecret:
        made, secret = await self._endpoints.create(_organization(request), request.url, _types(request), _who())
        return messages.with_secret(made, secret)

    async def GetWebhookEndpoint(self, request: pb.GetWebhookEndpointRequest, context: Context) -> pb.WebhookEndpoint:
        return messages.endpoint(await self._endpoints.get(UUID(request.endpoint_id)))

    async def ListWebhookEndpoints(
        self, request: pb.ListWebhookEndpointsRequest, context: Context
    ) -> pb.ListWebhookEndpointsResponse:
        found = await self._endpoints.of(_organization(request))
        return pb.ListWebhookEndpointsResponse(endpoints=map(messages.endpoint, found))

    async def UpdateWebhookEndpoint(
        self, request: pb.UpdateWebhookEndpointRequest, context: Context
    ) -> pb.WebhookEndpoint:
        id_ = UUID(request.endpoint_id)
        return messages.endpoint(await self._endpoints.update(id_, request.url, _types(request), _who()))

    async def DeleteWebhookEndpoint(
        self, request: pb.DeleteWebhookEndpointRequest, context: Context
    ) -> pb.DeleteWebhookEndpointResponse:
        await self._endpoints.delete(UUID(request.endpoint_id))
        return pb.DeleteWebhookEndpointResponse()

    async def RotateWebhookSecret(
        self, request: pb.RotateWebhookSecretRequest, context: Context
    ) -> pb.WebhookEndpointWithSecret:
        return messages.with_secret(*await self._endpoints.rotate(UUID(request.endpoint_id)))

    async def EnableWebhookEndpoint(
        self, request: pb.EnableWebhookEndpointRequest, context: Context
    ) -> pb.WebhookEndpoint:
        after = request.after if request.HasField("after") else None
        return messages.endpoint(await self._endpoints.enable(UUID(request.endpoint_id), after, _who()))

    async def DisableWebhookEndpoint(
        self, request: pb.DisableWebhookEndpointRequest, context: Context
    ) -> pb.WebhookEndpoint:
        return messages.endpoint(await self._endpoints.disable(UUID(request.endpoint_id), _who()))

    async def ListWebhookAttempts(
        self, request: pb.ListWebhookAttemptsRequest, context: Context
    ) -> pb.ListWebhookAttemptsResponse:
        page, id_ = PageRequest(request, BY_ID), UUID(request.endpoint_id)
        await self._endpoints.owner(id_)
        found = await operation.list_attempts(self._db, id_, after=page.after, limit=page.limit)
        attempts, token = page.render(found, lambda attempt: attempt.id, messages.attempt)
        return pb.ListWebhookAttemptsResponse(attempts=attempts, next_page_token=token)

    async def ResendWebhookMessage(
        self, request: pb.ResendWebhookMessageRequest, context: Context
    ) -> pb.ResendWebhookMessageResponse:
        await self._endpoints.resend(UUID(request.endpoint_id), request.number)
        return pb.ResendWebhookMessageResponse()

    async def ListWebhookMessages(
        self, request: pb.ListWebhookMessagesRequest, context: Context
    ) -> pb.ListWebhookMessagesResponse:
        after = request.after if request.HasField("after") else None
        limit = request.page_size or DEFAULT_SIZE
        page = await operation.list_messages(self._db, _organization(request), after, limit)
        return pb.ListWebhookMessagesResponse(messages=map(messages.message, page.messages), last=page.last)


def _organization(
    request: pb.CreateWebhookEndpointRequest | pb.ListWebhookEndpointsRequest | pb.ListWebhookMessagesRequest,
) -> UUID:
    """Return the organization that is named; raise InvalidField where none is, as admins may leave it out."""
    if not request.organization_id:
        raise must(request, "organization_id")
    return UUID(request.organization_id)


def _types(request: pb.CreateWebhookEndpointRequest | pb.UpdateWebhookEndpointRequest) -> Sequence[str]:
    return [pb.WebhookMessage.Type.Name(each) for each in request.types]


def _who() -> UUID | None:
    """Return who calls; None where calls carry no tokens."""
    who = caller.get()
    return who.user_id if who is not None else None
