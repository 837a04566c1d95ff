"""Calls to replicas that may be killed meanwhile, and what the model calls their failures."""

from datetime import UTC, datetime
from typing import Any

import grpc
from google.api import httpbody_pb2
from standardwebhooks import Webhook

from services.bank.webhooks.merchant import MerchantAnswer as Taken
from tests.bank.support import SECRET, refused
from tests.model import facts

AWAY = ("UNAVAILABLE", "CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED")
CALL_SECONDS = 15.0
PATIENT: dict[str, Any] = {"timeout": CALL_SECONDS, "wait_for_ready": True}


async def failed(error: grpc.aio.AioRpcError) -> facts.Answer:
    """Return a failure as the model would give it."""
    code, reason = await refused(_raising(error))
    return facts.LOST if code.name in AWAY else (reason,)


async def _raising(error: Exception) -> None:
    raise error


class Postman:
    """Carries webhooks to a replica of payment, as the gateway does."""

    def __init__(self, payments: Any) -> None:
        self._payments = payments

    async def post(self, event_id: str, payload: bytes) -> Taken:
        now = datetime.now(UTC)
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(event_id, now, payload.decode()),
        }
        body = httpbody_pb2.HttpBody(content_type="application/json", data=payload)
        try:
            await self._payments.ReceiveWebhook(body, metadata=tuple(headers.items()), **PATIENT)
        except grpc.aio.AioRpcError as error:
            return Taken(error.code().name, is_refusal=error.code().name not in (*AWAY, "INTERNAL"))
        return Taken()
