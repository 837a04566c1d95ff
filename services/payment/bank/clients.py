"""The merchant's side of a webhook: signed as the Standard Webhooks specification says, and posted."""

from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

TIMEOUT_SECONDS = 5.0


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

    async def post(self, event_id: str, payload: bytes) -> str | None:
        """Post an event; return None if it was taken, or why not."""
        now = datetime.now(UTC)
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(event_id, now, payload.decode()),
        }
        try:
            answer = await self._http.post(self._url, content=payload, headers=headers)
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"[:200]
        return None if answer.is_success else f"HTTP {answer.status_code}"

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
