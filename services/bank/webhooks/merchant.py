"""The merchant's side of a webhook: signed as the Standard Webhooks specification says, and posted."""

from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from standardwebhooks import Webhook

from services.chassis.errors import Failure
from services.chassis.sight import tracing
from services.chassis.wire.calls import ask

TIMEOUT_SECONDS = 5.0
TOO_BUSY = (408, 429)


@dataclass(frozen=True, slots=True)
class MerchantAnswer:
    """What the merchant answered to a webhook."""

    error: str | None = None
    """Why it was not taken; None if it was."""
    is_refusal: bool = False
    """Whether it was looked at and refused; an error that is none may pass."""


class Merchant:
    """Whoever takes the bank's webhooks."""

    def __init__(self, url: str, secret: str, *, connections: int) -> None:
        self._url = url
        self._webhook = Webhook(secret)
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            connector=aiohttp.TCPConnector(limit=connections),
            headers={"content-type": "application/json", "user-agent": "boxoffice-bank/1"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def post(self, event_id: str, payload: bytes) -> MerchantAnswer:
        """Post an event and return what the merchant answered, if anything."""
        now = datetime.now(UTC)
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(event_id, now, payload.decode()),
        }
        span = None if tracing.on is None else tracing.on.call_out("webhook")
        if span is not None:
            headers |= span.headers()
        try:
            answer = await ask(
                "webhook",
                TIMEOUT_SECONDS,
                lambda: self._http.post(self._url, data=payload, headers=headers, allow_redirects=False),
            )
        except (aiohttp.ClientError, TimeoutError, Failure) as error:
            return MerchantAnswer(f"{type(error).__name__}: {error}"[:200])
        finally:
            if span is not None:
                span.end()
        answer.release()
        if 200 <= answer.status < 300:
            return MerchantAnswer()
        is_refusal = 400 <= answer.status < 500 and answer.status not in TOO_BUSY
        return MerchantAnswer(f"HTTP {answer.status}", is_refusal)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()
