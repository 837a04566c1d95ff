"""Payment as it is served, with a real bank, a make-believe booking service, and webhooks that come by HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from services.chassis.store.database import Database
    from tests.payment.world import Payment


@pytest.fixture
async def payment(payment_db: Database, bank_db: Database) -> AsyncIterator[Payment]:
    from tests.payment.world import opened_payment

    async with opened_payment(payment_db, bank_db) as payment:
        yield payment
