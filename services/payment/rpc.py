"""PaymentService: parse, call, render."""

from typing import Any
from uuid import UUID

import grpc
from boxoffice.payment.v1 import payment_pb2 as pb
from boxoffice.payment.v1 import payment_pb2_grpc
from google.api import httpbody_pb2

from services.chassis.errors import Failure
from services.chassis.wire.incoming import encoded, headers
from services.chassis.wire.status import to_status
from services.chassis.wire.times import to_timestamp
from services.chassis.writes.idempotency import key_of
from services.payment import result_page
from services.payment.checkout.look import PaymentLookup
from services.payment.checkout.steps import Checkout
from services.payment.clients import BookingClient
from services.payment.domain.payments import Method, Payment, SessionReport
from services.payment.domain.refunds import Refund, RefundRequest
from services.payment.from_razorpay import FromRazorpay, configured
from services.payment.refunds.steps import Refunds
from services.payment.refunds.stuck import StuckRefundMethods
from services.payment.webhooks import Signatures, parse

Context = grpc.aio.ServicerContext[Any, Any]

_Refund = pb.BatchRefundPaymentsRequest.Refund
_Result = pb.BatchRefundPaymentsResponse.Result


class PaymentService(StuckRefundMethods, payment_pb2_grpc.PaymentServiceServicer):
    """Payment's contract; see boxoffice/payment/v1/payment.proto for what each method promises."""

    def __init__(
        self,
        payments: PaymentLookup,
        checkout: Checkout,
        refunds: Refunds,
        signatures: Signatures,
        booking: BookingClient,
        public_url: str,
        from_razorpay: FromRazorpay | None = None,
    ) -> None:
        """`public_url` is where customers reach Boxoffice."""
        self._payments = payments
        self._checkout = checkout
        self._refunds = refunds
        self._db = refunds.db
        self._signatures = signatures
        self._booking = booking
        self._pages = f"{public_url.rstrip('/')}/api/v1/payments/result"
        self._from_razorpay = from_razorpay

    async def InitiatePayment(self, request: pb.InitiatePaymentRequest, context: Context) -> pb.InitiatePaymentResponse:
        booking_id, user_id = UUID(request.booking_id), UUID(request.user_id)
        key = key_of(request, "InitiatePayment", user_id)
        method = Method(pb.Payment.Method.Name(request.method)) if request.method else None
        answer = await self._checkout.open(booking_id, user_id, key, _initiated, method)
        return encoded(pb.InitiatePaymentResponse, answer)

    async def GetPaymentStatus(self, request: pb.GetPaymentStatusRequest, context: Context) -> pb.PaymentStatus:
        user_id = UUID(request.user_id) if request.user_id else None
        found = await self._payments.of_booking(UUID(request.booking_id), user_id)
        return pb.PaymentStatus(booking_id=str(found[0].booking_id), payments=map(_payment, found))

    async def BatchGetPaymentStatus(
        self, request: pb.BatchGetPaymentStatusRequest, context: Context
    ) -> pb.BatchGetPaymentStatusResponse:
        found = await self._payments.of_bookings([UUID(booking_id) for booking_id in request.booking_ids])
        statuses = [
            pb.PaymentStatus(booking_id=booking_id, payments=map(_payment, payments))
            for booking_id, payments in zip(request.booking_ids, found, strict=True)
        ]
        return pb.BatchGetPaymentStatusResponse(statuses=statuses)

    async def ReceiveWebhook(self, request: httpbody_pb2.HttpBody, context: Context) -> pb.ReceiveWebhookResponse:
        event_id = self._signatures.check(request.data, headers.get())
        parsed = parse(event_id, request.data)
        if parsed is None:
            return pb.ReceiveWebhookResponse(status="ignored")
        event, report = parsed
        if isinstance(report, SessionReport):
            await self._checkout.settle_report(report, event)
        else:
            await self._refunds.settle_report(report, event)
        return pb.ReceiveWebhookResponse(status="processed")

    async def ReceiveRazorpayWebhook(
        self, request: httpbody_pb2.HttpBody, context: Context
    ) -> pb.ReceiveWebhookResponse:
        is_of_use = await configured(self._from_razorpay).take(request.data, headers.get())
        return pb.ReceiveWebhookResponse(status="processed" if is_of_use else "ignored")

    async def ReturnFromRazorpay(
        self, request: pb.ReturnFromRazorpayRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        payment_id = UUID(request.payment_id)
        await configured(self._from_razorpay).take_return(
            payment_id,
            request.razorpay_payment_link_id,
            request.razorpay_payment_link_reference_id,
            request.razorpay_payment_link_status,
            request.razorpay_payment_id,
            request.razorpay_signature,
        )
        # The gateway answers 303: the page's address has nothing of the signature, and may be loaded again.
        await context.send_initial_metadata((("location", f"{self._pages}/{payment_id}"), *result_page.HEADERS))
        return httpbody_pb2.HttpBody(content_type="text/html; charset=utf-8", data=b"\n")

    async def GetPaymentResultPage(
        self, request: pb.GetPaymentResultPageRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        payment = await self._payments.named(UUID(request.payment_id))
        html = result_page.render(payment, await result_page.status_of(self._booking, payment))
        await context.send_initial_metadata(result_page.HEADERS)
        return httpbody_pb2.HttpBody(content_type="text/html; charset=utf-8", data=html.encode())

    async def BatchRefundPayments(
        self, request: pb.BatchRefundPaymentsRequest, context: Context
    ) -> pb.BatchRefundPaymentsResponse:
        asked = [
            RefundRequest(UUID(refund.payment_id), _Refund.Cause.Name(refund.cause), refund.amount)
            for refund in request.refunds
        ]
        return pb.BatchRefundPaymentsResponse(results=map(_result, await self._refunds.request(asked)))

    async def BatchRefundParts(
        self, request: pb.BatchRefundPartsRequest, context: Context
    ) -> pb.BatchRefundPartsResponse:
        requested = _Refund.Cause.Name(_Refund.REQUESTED)
        asked = [
            RefundRequest(UUID(part.payment_id), requested, part.amount, UUID(part.refund_id)) for part in request.parts
        ]
        return pb.BatchRefundPartsResponse(results=map(_result, await self._refunds.request(asked)))

    async def BatchClosePayments(
        self, request: pb.BatchClosePaymentsRequest, context: Context
    ) -> pb.BatchClosePaymentsResponse:
        await self._checkout.close([UUID(booking_id) for booking_id in request.booking_ids])
        return pb.BatchClosePaymentsResponse()

    async def CountOpenPayments(
        self, request: pb.CountOpenPaymentsRequest, context: Context
    ) -> pb.CountOpenPaymentsResponse:
        payments, refunds = await self._payments.count_open(UUID(request.user_id))
        return pb.CountOpenPaymentsResponse(payments=payments, refunds=refunds)

    async def ListPaymentRecords(
        self, request: pb.ListPaymentRecordsRequest, context: Context
    ) -> pb.ListPaymentRecordsResponse:
        records, token = await self._payments.records(UUID(request.user_id), request.page_token)
        return pb.ListPaymentRecordsResponse(records=records, next_page_token=token)


def _initiated(payment: Payment, url: str) -> bytes:
    return pb.InitiatePaymentResponse(
        payment_id=str(payment.id),
        session_id=payment.session_id,
        payment_url=url,
        expires_at=to_timestamp(payment.expires_at),
        amount=payment.amount,
        currency=payment.currency,
        method=_method(payment),
        gateway_order_id=payment.gateway_order_id or "",
    ).SerializeToString()


def _payment(payment: Payment) -> pb.Payment:
    return pb.Payment(
        id=str(payment.id),
        booking_id=str(payment.booking_id),
        session_id=payment.session_id,
        amount=payment.amount,
        currency=payment.currency,
        status=pb.Payment.Status.Value(payment.state),
        refunded_amount=payment.refunded_amount,
        created_at=to_timestamp(payment.created_at),
        updated_at=to_timestamp(payment.updated_at),
        method=_method(payment),
        gateway_order_id=payment.gateway_order_id or "",
        gateway_payment_id=payment.gateway_payment_id or "",
        disputed_amount=payment.disputed_amount,
        lost_amount=payment.lost_amount,
    )


def _method(payment: Payment) -> pb.Payment.Method.ValueType | None:
    return pb.Payment.Method.Value(payment.method) if payment.method else None


def _result(answer: Refund | Failure) -> pb.BatchRefundPaymentsResponse.Result:
    if isinstance(answer, Failure):
        return _Result(refusal=to_status(answer))
    return _Result(state=_Result.State.Value(answer.state))
