"""CancellationService: parse, call, render."""

from uuid import UUID

from boxoffice.booking.v1 import cancellations_pb2 as pb
from boxoffice.booking.v1 import cancellations_pb2_grpc

from services.booking.clients import InventoryClient
from services.booking.show_cancellations import messages
from services.booking.show_cancellations.domain import CancelWish, Subject
from services.booking.show_cancellations.steps import ShowCancellations
from services.chassis.store.database import Database
from services.chassis.wire.identity import caller
from services.chassis.wire.incoming import Context

ADMIN = "ADMIN"


class CancellationServicer(cancellations_pb2_grpc.CancellationServiceServicer):
    """Cancellations of shows. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, inventory: InventoryClient) -> None:
        self._cancellations = ShowCancellations(db, inventory)

    async def PreviewShowCancellation(
        self, request: pb.PreviewShowCancellationRequest, context: Context
    ) -> pb.CancellationPreview:
        subject = Subject(show_id=UUID(request.show_id))
        return messages.preview(await self._cancellations.preview(subject, by_admin=_is_admin()))

    async def CancelShow(self, request: pb.CancelShowRequest, context: Context) -> pb.ShowCancellation:
        wish = _wish(Subject(show_id=UUID(request.show_id)), request.reason)
        [cancelled] = await self._cancellations.cancel(wish, request.token)
        return messages.cancellation(cancelled)

    async def GetShowCancellation(
        self, request: pb.GetShowCancellationRequest, context: Context
    ) -> pb.ShowCancellation:
        return messages.cancellation(await self._cancellations.progress(UUID(request.show_id)))

    async def PreviewEventCancellation(
        self, request: pb.PreviewEventCancellationRequest, context: Context
    ) -> pb.CancellationPreview:
        subject = Subject(event_id=UUID(request.event_id))
        return messages.preview(await self._cancellations.preview(subject, by_admin=_is_admin()))

    async def CancelEvent(self, request: pb.CancelEventRequest, context: Context) -> pb.EventCancellation:
        wish = _wish(Subject(event_id=UUID(request.event_id)), request.reason)
        cancelled = await self._cancellations.cancel(wish, request.token)
        return pb.EventCancellation(event_id=request.event_id, shows=map(messages.cancellation, cancelled))


def _wish(subject: Subject, reason: str) -> CancelWish:
    who = caller.get()
    return CancelWish(subject, reason, who.user_id if who else None, by_admin=_is_admin())


def _is_admin() -> bool:
    """Tell whether an admin calls. Where callers are not verified, anybody is one."""
    who = caller.get()
    return who is None or ADMIN in who.roles
