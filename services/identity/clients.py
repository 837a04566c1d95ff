"""The services that identity calls when an account is exported or deleted. Each call may be repeated."""

from uuid import UUID

import grpc
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc
from boxoffice.inventory.v1 import reviews_pb2, reviews_pb2_grpc
from boxoffice.notifications.v1 import notifications_pb2, notifications_pb2_grpc
from boxoffice.payment.v1 import payment_pb2, payment_pb2_grpc

from services.chassis.wire.calls import call

Page = tuple[list[str], str]
"""Records as JSON, and the token of the next page."""

SECONDS = 5.0
"""The deadline of a call; shorter than the lease of a deletion."""


class BookingClient:
    """Booking, as identity sees it."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._bookings = booking_pb2_grpc.BookingServiceStub(channel)

    async def close(self, user_id: UUID, *, deleted: bool) -> None:
        """Keep a user from booking; raise why that cannot be, unless the account is deleted already."""
        request = booking_pb2.CloseUserRequest(user_id=str(user_id), deleted=deleted)
        await call(self._bookings.CloseUser, request, seconds=SECONDS)

    async def records(self, user_id: UUID, token: str) -> Page:
        """Return a page of what booking keeps of a user."""
        request = booking_pb2.ListBookingRecordsRequest(user_id=str(user_id), page_token=token)
        answer = await call(self._bookings.ListBookingRecords, request, seconds=SECONDS)
        return list(answer.records), answer.next_page_token


class PaymentClient:
    """Payment, as identity sees it."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._payments = payment_pb2_grpc.PaymentServiceStub(channel)

    async def records(self, user_id: UUID, token: str) -> Page:
        """Return a page of what payment keeps of a user."""
        request = payment_pb2.ListPaymentRecordsRequest(user_id=str(user_id), page_token=token)
        answer = await call(self._payments.ListPaymentRecords, request, seconds=SECONDS)
        return list(answer.records), answer.next_page_token


class InventoryClient:
    """Inventory, as identity sees it."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._reviews = reviews_pb2_grpc.ReviewServiceStub(channel)

    async def forget(self, user_id: UUID) -> None:
        """Have the words of a user's reviews forgotten."""
        request = reviews_pb2.ForgetReviewerRequest(user_id=str(user_id))
        await call(self._reviews.ForgetReviewer, request, seconds=SECONDS)

    async def records(self, user_id: UUID, token: str) -> Page:
        """Return a page of what inventory keeps of a user."""
        request = reviews_pb2.ListReviewerRecordsRequest(user_id=str(user_id), page_token=token)
        answer = await call(self._reviews.ListReviewerRecords, request, seconds=SECONDS)
        return list(answer.records), answer.next_page_token


class NotificationsClient:
    """Notifications, as identity sees them."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._notices = notifications_pb2_grpc.NotificationServiceStub(channel)

    async def records(self, user_id: UUID, token: str) -> Page:
        """Return a page of what notifications keeps of a user."""
        request = notifications_pb2.ListNotificationRecordsRequest(user_id=str(user_id), page_token=token)
        answer = await call(self._notices.ListNotificationRecords, request, seconds=SECONDS)
        return list(answer.records), answer.next_page_token
