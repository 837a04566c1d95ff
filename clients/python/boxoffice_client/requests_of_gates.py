"""Requests about gates, with times as Python has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from boxoffice.booking.v1 import gates_pb2 as gates


def create_gate(
    *,
    organization_id: str = "",
    name: str,
    show_ids: Iterable[str],
    ends_at: datetime,
    offline: gates.Gate.Offline.ValueType = gates.Gate.HOME,
    idempotency_key: str = "",
) -> gates.CreateGateRequest:
    """Take times as Python has them, in UTC where they have no zone."""
    request = gates.CreateGateRequest(
        organization_id=organization_id,
        name=name,
        show_ids=show_ids,
        offline=offline,
        idempotency_key=idempotency_key,
    )
    request.ends_at.FromDatetime(ends_at)
    return request
