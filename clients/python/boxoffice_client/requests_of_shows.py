"""Requests about shows, with times as Python has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from boxoffice.inventory.v1 import catalog_pb2 as catalog


def create_show(
    *,
    event_id: str = "",
    movie_id: str = "",
    screen_id: str,
    start_time: datetime,
    currency: str = "",
    prices: Iterable[catalog.TierPrice],
    blocked_seat_ids: Iterable[str] = (),
    idempotency_key: str = "",
    sales_end_at: datetime | None = None,
    organization_id: str = "",
    sales_start_at: datetime | None = None,
    max_seats_per_user: int = 0,
) -> catalog.CreateShowRequest:
    """Take times as Python has them, in UTC where they have no zone."""
    request = catalog.CreateShowRequest(
        event_id=event_id,
        movie_id=movie_id,
        screen_id=screen_id,
        currency=currency,
        prices=prices,
        blocked_seat_ids=blocked_seat_ids,
        organization_id=organization_id,
        idempotency_key=idempotency_key,
        max_seats_per_user=max_seats_per_user,
    )
    request.start_time.FromDatetime(start_time)
    if sales_end_at is not None:
        request.sales_end_at.FromDatetime(sales_end_at)
    if sales_start_at is not None:
        request.sales_start_at.FromDatetime(sales_start_at)
    return request


def shows_listed(
    *,
    event_id: str = "",
    movie_id: str = "",
    screen_id: str = "",
    from_: datetime | None = None,
    to: datetime | None = None,
    page_size: int = 0,
    page_token: str = "",
    date: str = "",
    organization_id: str = "",
) -> catalog.ListShowsRequest:
    """Take times as Python has them, in UTC where they have no zone; `from` is a word of Python's own."""
    request = catalog.ListShowsRequest(
        event_id=event_id,
        movie_id=movie_id,
        screen_id=screen_id,
        organization_id=organization_id,
        date=date,
        page_size=page_size,
        page_token=page_token,
    )
    if from_ is not None:
        getattr(request, "from").FromDatetime(from_)
    if to is not None:
        request.to.FromDatetime(to)
    return request
