"""NotificationService: parse, call, render."""

from uuid import UUID

from boxoffice.notifications.v1 import notifications_pb2 as pb
from boxoffice.notifications.v1 import notifications_pb2_grpc

from services.chassis.store.database import Database
from services.chassis.wire.incoming import Context
from services.chassis.wire.pages import BY_ID, PageRequest
from services.chassis.wire.records import page as page_of_records
from services.chassis.wire.times import to_timestamp
from services.notifications.notices import operation
from services.notifications.notices.domain import Notice
from services.notifications.records import KINDS


class NotificationServicer(notifications_pb2_grpc.NotificationServiceServicer):
    """Users' notices. The contract says what each method does and when it fails."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ListNotices(self, request: pb.ListNoticesRequest, context: Context) -> pb.ListNoticesResponse:
        page = PageRequest(request, BY_ID)
        found = await operation.list_notices(
            self._db, UUID(request.user_id), unread_only=request.unread_only, after=page.after, limit=page.limit
        )
        notices, token = page.render(found, lambda notice: notice.id, _notice)
        return pb.ListNoticesResponse(notices=notices, next_page_token=token)

    async def CountUnreadNotices(
        self, request: pb.CountUnreadNoticesRequest, context: Context
    ) -> pb.CountUnreadNoticesResponse:
        return pb.CountUnreadNoticesResponse(unread=await operation.count_unread(self._db, UUID(request.user_id)))

    async def ReadNotice(self, request: pb.ReadNoticeRequest, context: Context) -> pb.Notice:
        return _notice(await operation.read_notice(self._db, UUID(request.user_id), UUID(request.notice_id)))

    async def ReadAllNotices(self, request: pb.ReadAllNoticesRequest, context: Context) -> pb.ReadAllNoticesResponse:
        up_to = UUID(request.up_to_notice_id) if request.up_to_notice_id else None
        return pb.ReadAllNoticesResponse(read=await operation.read_all(self._db, UUID(request.user_id), up_to))

    async def ListNotificationRecords(
        self, request: pb.ListNotificationRecordsRequest, context: Context
    ) -> pb.ListNotificationRecordsResponse:
        records, token = await page_of_records(self._db, KINDS, UUID(request.user_id), request.page_token)
        return pb.ListNotificationRecordsResponse(records=records, next_page_token=token)


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)


def _notice(notice: Notice) -> pb.Notice:
    return pb.Notice(
        id=str(notice.id),
        kind=pb.Notice.Kind.Value(notice.kind),
        booking_id=_text(notice.booking_id),
        offer_id=_text(notice.offer_id),
        show_id=_text(notice.show_id),
        endpoint_id=_text(notice.endpoint_id),
        amount=notice.amount or 0,
        currency=notice.currency or "",
        starts_at=to_timestamp(notice.starts_at) if notice.starts_at else None,
        happened_at=to_timestamp(notice.happened_at),
        read_at=to_timestamp(notice.read_at) if notice.read_at else None,
    )
