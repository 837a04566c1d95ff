"""Webhooks as messages of the contract."""

from boxoffice.notifications.v1 import webhooks_pb2 as pb

from services.chassis.wire.times import to_timestamp
from services.notifications.webhooks.domain import Attempt, Endpoint, Message


def endpoint(of: Endpoint) -> pb.WebhookEndpoint:
    """Render an endpoint."""
    return pb.WebhookEndpoint(
        id=str(of.id),
        organization_id=str(of.organization_id),
        url=of.url,
        types=[pb.WebhookMessage.Type.Value(each) for each in of.types],
        state=pb.WebhookEndpoint.State.Value(of.state),
        sent_to=of.sent_to,
        failing_since=to_timestamp(of.failing_since) if of.failing_since else None,
        created_at=to_timestamp(of.created_at),
        rotating_until=to_timestamp(of.rotating_until) if of.rotating_until else None,
    )


def with_secret(of: Endpoint, secret: str) -> pb.WebhookEndpointWithSecret:
    """Render an endpoint with its secret."""
    return pb.WebhookEndpointWithSecret(endpoint=endpoint(of), secret=secret)


def message(of: Message) -> pb.WebhookMessage:
    """Render a message."""
    return pb.WebhookMessage(
        number=of.number,
        id=of.webhook_id,
        type=pb.WebhookMessage.Type.Value(of.type),
        created_at=to_timestamp(of.created_at),
        content=of.content,
    )


def attempt(of: Attempt) -> pb.WebhookAttempt:
    """Render an attempt."""
    return pb.WebhookAttempt(
        id=str(of.id),
        number=of.number,
        outcome=pb.WebhookAttempt.Outcome.Value(of.outcome),
        status=of.status,
        duration_ms=of.duration_ms,
        ended_at=to_timestamp(of.ended_at),
        is_resend=of.is_resend,
    )
