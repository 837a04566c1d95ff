"""BankService: parse, call, render."""

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import grpc
from boxoffice.bank.v1 import bank_pb2 as pb
from boxoffice.bank.v1 import bank_pb2_grpc
from google.api import httpbody_pb2

from services.bank import page
from services.bank.domain.scenarios import CODE, DECLINE, SCENARIOS, SUCCEED, awaits, draw
from services.bank.domain.sessions import Method, RefundStatus, Session
from services.bank.errors import RefundFailed, SessionNotFound, SimulationDisabled
from services.bank.refunds.operation import GiveBack, GiveMoneyBack
from services.bank.sessions.close import Close, CloseSessions
from services.bank.sessions.create import CreateSession, CreateSessions
from services.bank.sessions.look import Sessions
from services.bank.sessions.pay import Pay, PaySessions
from services.bank.webhooks.deliveries import Deliveries
from services.chassis.errors import InvalidField
from services.chassis.store.database import Database
from services.chassis.wire.times import to_timestamp
from services.chassis.writes.desk import Desk

Context = grpc.aio.ServicerContext[Any, Any]

_BEHAVIOURS = {
    pb.SimulatePaymentRequest.SUCCESS: SUCCEED,
    pb.SimulatePaymentRequest.DECLINE: DECLINE,
}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How payments are simulated."""

    enabled: bool = True
    mix: str = "plain"
    """What is drawn from where nobody chooses; of domain.scenarios.MIXES."""
    seed: str = "boxoffice"
    delay: timedelta = timedelta(minutes=20)
    """How late what is late is."""
    return_url: str = ""
    """Where the merchant has customers go back to; empty: nowhere."""


class BankService(bank_pb2_grpc.BankServiceServicer):
    """The bank's contract; see boxoffice/bank/v1/bank.proto for what each method promises."""

    def __init__(self, db: Database, deliveries: Deliveries, sandbox: Sandbox) -> None:
        self._sessions = Sessions(db)
        self._create = Desk(CreateSessions(db), name="create-sessions")
        self._pay = Desk(PaySessions(db, deliveries, sandbox.delay), name="pay-sessions")
        self._close = CloseSessions(db, deliveries)
        self._refund = GiveMoneyBack(db, deliveries)
        self._sandbox = sandbox

    async def finish(self) -> None:
        """Finish what is begun, and take no more."""
        await self._create.close()
        await self._pay.close()

    async def CreateSession(self, request: pb.CreateSessionRequest, context: Context) -> pb.Session:
        create = CreateSession(
            session_id=request.session_id,
            payment_id=UUID(request.payment_id),
            amount=request.amount,
            currency=request.currency,
            expires_at=request.expires_at.ToDatetime(UTC),
            description=request.description.replace("\0", ""),
            items=[item.replace("\0", "") for item in request.items],
            order_id=request.order_id.replace("\0", ""),
            method=Method(pb.Session.Method.Name(request.method)) if request.method else None,
        )
        return _session(await self._create.submit(create))

    async def GetSession(self, request: pb.GetSessionRequest, context: Context) -> pb.Session:
        session, _ = await self._sessions.get(request.session_id)
        return _session(session)

    async def CloseSession(self, request: pb.CloseSessionRequest, context: Context) -> pb.Session:
        return _session(await self._close.alone(Close(request.session_id)))

    async def CreateRefund(self, request: pb.CreateRefundRequest, context: Context) -> pb.Refund:
        asked = GiveBack(UUID(request.refund_id), request.session_id, request.amount)
        refund = await self._refund.alone(asked)
        if refund.status == RefundStatus.PENDING:
            raise RefundFailed()
        return pb.Refund(
            id=str(refund.id),
            session_id=refund.session_id,
            amount=refund.amount,
            status=pb.Refund.Status.Value(refund.status),
        )

    async def SimulatePayment(self, request: pb.SimulatePaymentRequest, context: Context) -> pb.Session:
        if not self._sandbox.enabled:
            raise SimulationDisabled()
        behaviour = self._behaviour(request)
        if request.code:
            _check_code(request.code, behaviour)
        return _session(await self._pay.submit(Pay(request.session_id, behaviour, has_code=bool(request.code))))

    async def GetCheckoutPage(self, request: pb.GetCheckoutPageRequest, context: Context) -> httpbody_pb2.HttpBody:
        """Return a page for people. It is a page, not an error, for sessions that have ended or never were."""
        try:
            session, now = await self._sessions.get(request.session_id.replace("\0", ""))
            html = page.render(session, now, self._sandbox.return_url)
        except SessionNotFound:
            html = page.render_unknown()
        await context.send_initial_metadata(page.HEADERS)
        return httpbody_pb2.HttpBody(content_type="text/html; charset=utf-8", data=html.encode())

    def _behaviour(self, request: pb.SimulatePaymentRequest) -> str:
        """Return the test behaviour that is chosen, or drawn where none is."""
        if not request.payment_method:
            drawn = draw(self._sandbox.mix, self._sandbox.seed, request.session_id)
            return _BEHAVIOURS.get(request.result, drawn)
        if request.result:
            raise InvalidField(("paymentMethod", "says what the result is: send one of the two"))
        if request.payment_method not in SCENARIOS:
            raise InvalidField(("paymentMethod", f"is none of {', '.join(SCENARIOS)}"))
        return request.payment_method


def _check_code(code: str, behaviour: str) -> None:
    """Raise InvalidField unless this is the code that the customer was asked for."""
    if not SCENARIOS[behaviour].asks_code:
        raise InvalidField(("code", "is asked for by card_3ds alone: leave it out"))
    if code != CODE:
        raise InvalidField(("code", f"is not the one that was sent, which is always {CODE} here: enter that"))


def _session(session: Session) -> pb.Session:
    waits_for = awaits(session)
    return pb.Session(
        id=session.id,
        payment_id=str(session.payment_id),
        amount=session.amount,
        currency=session.currency,
        status=pb.Session.Status.Value(session.status),
        refunded_amount=session.refunded_amount,
        expires_at=to_timestamp(session.expires_at),
        payment_method=session.payment_method or "",
        method=pb.Session.Method.Value(session.method) if session.method else None,
        gateway_order_id=session.gateway_order_id or "",
        gateway_payment_id=session.gateway_payment_id or "",
        awaits=pb.Session.Awaits.Value(waits_for) if waits_for else None,
    )
