"""The merchant's side of a webhook: signed as the Standard Webhooks specification says, and posted."""

from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from services.chassis.calls import ask
from services.chassis.errors import Failure

TIMEOUT_SECONDS = 5.0
TOO_BUSY = (408, 429)


@dataclass(frozen=True, slots=True)
class Answer:
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
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"content-type": "application/json", "user-agent": "boxoffice-bank/1"},
        )

    async def post(self, event_id: str, payload: bytes) -> Answer:
        """Post an event and return what the merchant answered, if anything."""
        now = datetime.now(UTC)
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(event_id, now, payload.decode()),
        }
        try:
            answer = await ask(
                "webhook", TIMEOUT_SECONDS, lambda: self._http.post(self._url, content=payload, headers=headers)
            )
        except (httpx.HTTPError, Failure) as error:
            return Answer(f"{type(error).__name__}: {error}"[:200])
        if answer.is_success:
            return Answer()
        is_refusal = answer.is_client_error and answer.status_code not in TOO_BUSY
        return Answer(f"HTTP {answer.status_code}", is_refusal)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
