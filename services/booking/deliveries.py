"""How the relay delivers booking's messages."""

from collections.abc import Mapping, Sequence

from services.booking import messages
from services.booking.clients import InventoryClient, PaymentClient
from services.chassis.errors import Failure
from services.chassis.writes.outbox import Deliver


def peers(inventory: InventoryClient, payments: PaymentClient) -> Mapping[str, Deliver]:
    """Return, by topic, who takes the messages."""

    async def release_claims(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        return await inventory.release([messages.Release.FromString(payload) for payload in payloads])

    async def close_payments(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        await payments.close([payload.decode() for payload in payloads])
        return [None] * len(payloads)

    async def request_refunds(payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        answers = await payments.request_refunds([messages.Refund.FromString(payload) for payload in payloads])
        # A refund that is accepted is carried out by payment, however long that takes.
        return [answer if isinstance(answer, Failure) else None for answer in answers]

    return {messages.RELEASES: release_claims, messages.CLOSURES: close_payments, messages.REFUNDS: request_refunds}
