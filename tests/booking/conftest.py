"""Booking on a real database, with a real inventory behind it and a payment service that tests speak for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from services.chassis.store.database import Database
    from tests.booking.house import House


@pytest.fixture
def starts_in() -> timedelta:
    """How long before its show a test takes place; tests override it by parametrizing."""
    return timedelta(days=3)


@pytest.fixture
def closes() -> timedelta:
    """How long before the show its sales end."""
    return timedelta(0)


@pytest.fixture
def free_per_day() -> int:
    """How many free bookings a user may make in a day; 0: any number."""
    return 0


@pytest.fixture
def free_takes_email() -> bool:
    """Whether free bookings are for verified e-mail addresses only."""
    return False


@pytest.fixture
async def house(
    inventory_db: Database,
    booking_db: Database,
    starts_in: timedelta,
    closes: timedelta,
    free_per_day: int,
    free_takes_email: bool,
) -> AsyncIterator[House]:
    from tests.booking.house import opened_house

    opened = opened_house(
        inventory_db,
        booking_db,
        starts_in=starts_in,
        closes=closes,
        free_per_day=free_per_day,
        free_takes_email=free_takes_email,
    )
    async with opened as house:
        yield house
