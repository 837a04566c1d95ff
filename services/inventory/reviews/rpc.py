"""ReviewService: parse, call, render."""

from uuid import UUID

from boxoffice.inventory.v1 import reviews_pb2 as pb
from boxoffice.inventory.v1 import reviews_pb2_grpc

from services.chassis.store.database import Database
from services.chassis.wire.incoming import Context
from services.chassis.wire.pages import BY_ID, PageRequest
from services.chassis.wire.records import page as page_of_records
from services.inventory.catalogue.events import get_event
from services.inventory.reviews import messages
from services.inventory.reviews.forgetting import forget_reviewer
from services.inventory.reviews.listing import get_rating, list_reviews
from services.inventory.reviews.operation import ChangeReviews, Delete, Hide, Report, Write
from services.inventory.reviews.records import KINDS

NOBODY = UUID(int=0)


class ReviewServicer(reviews_pb2_grpc.ReviewServiceServicer):
    """What people say of events. The contract says what each method does and when it fails."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._change = ChangeReviews(db)

    async def WriteReview(self, request: pb.WriteReviewRequest, context: Context) -> pb.Review:
        words = messages.parse_words(request)
        wish = Write(UUID(request.event_id), UUID(request.user_id), words=words)
        return messages.render(await self._change.alone(wish))

    async def DeleteReview(self, request: pb.DeleteReviewRequest, context: Context) -> pb.Review:
        return messages.render(await self._change.alone(Delete(UUID(request.event_id), UUID(request.user_id))))

    async def ListReviews(self, request: pb.ListReviewsRequest, context: Context) -> pb.ListReviewsResponse:
        page = PageRequest(request, BY_ID)
        event = await get_event(self._db, UUID(request.event_id))
        sees_all = messages.is_admin()
        found = await list_reviews(self._db, event.id, only_shown=not sees_all, after=page.after, limit=page.limit)
        rating = await get_rating(self._db, event.id)
        reviews, token = page.render(
            found, lambda review: review.id, lambda review: messages.render(review, for_admin=sees_all)
        )
        return pb.ListReviewsResponse(
            reviews=reviews,
            next_page_token=token,
            total=rating.reviews,
            average_hundredths=rating.average_hundredths,
        )

    async def ReportReview(self, request: pb.ReportReviewRequest, context: Context) -> pb.ReportReviewResponse:
        await self._change.alone(Report(UUID(request.event_id), UUID(request.user_id), UUID(request.review_id)))
        return pb.ReportReviewResponse()

    async def HideReview(self, request: pb.HideReviewRequest, context: Context) -> pb.Review:
        is_hidden = request.hidden if request.HasField("hidden") else True
        wish = Hide(UUID(request.event_id), NOBODY, UUID(request.review_id), is_hidden=is_hidden)
        return messages.render(await self._change.alone(wish), for_admin=True)

    async def ForgetReviewer(self, request: pb.ForgetReviewerRequest, context: Context) -> pb.ForgetReviewerResponse:
        await forget_reviewer(self._db, UUID(request.user_id))
        return pb.ForgetReviewerResponse()

    async def ListReviewerRecords(
        self, request: pb.ListReviewerRecordsRequest, context: Context
    ) -> pb.ListReviewerRecordsResponse:
        records, token = await page_of_records(self._db, KINDS, UUID(request.user_id), request.page_token)
        return pb.ListReviewerRecordsResponse(records=records, next_page_token=token)
