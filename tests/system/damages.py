"""Damages to plant in a copy of the databases, and the invariant that each is meant for.

None of the databases' constraints is in the way there, as if each had been lost.
"""

from __future__ import annotations

from tests.system.damages_at_rest import AT_REST
from tests.system.damages_of_accounts import ACCOUNTS
from tests.system.damages_of_admissions import OF_ADMISSIONS
from tests.system.damages_of_bookings import OF_BOOKINGS
from tests.system.damages_of_cancellations import OF_CANCELLATIONS
from tests.system.damages_of_coupons import OF_COUPONS
from tests.system.damages_of_finding import OF_FINDING
from tests.system.damages_of_gateways import OF_GATEWAYS
from tests.system.damages_of_images import OF_IMAGES
from tests.system.damages_of_invoices import INVOICES
from tests.system.damages_of_keys import KEYS
from tests.system.damages_of_money import OF_MONEY
from tests.system.damages_of_notices import OF_NOTICES
from tests.system.damages_of_refunds import OF_REFUNDS
from tests.system.damages_of_reschedules import OF_RESCHEDULES
from tests.system.damages_of_sales import SALES
from tests.system.damages_of_seats import OF_SEATS
from tests.system.damages_of_the_catalogue import CATALOGUE
from tests.system.damages_of_tickets import OF_TICKETS
from tests.system.damages_of_times import TIMES
from tests.system.damages_of_topics import TOPICS
from tests.system.damages_of_webhooks import OF_WEBHOOKS

DAMAGES = (
    OF_SEATS
    + CATALOGUE
    + OF_FINDING
    + OF_IMAGES
    + SALES
    + OF_BOOKINGS
    + OF_REFUNDS
    + OF_CANCELLATIONS
    + OF_RESCHEDULES
    + OF_COUPONS
    + INVOICES
    + OF_TICKETS
    + OF_ADMISSIONS
    + OF_MONEY
    + OF_GATEWAYS
    + KEYS
    + ACCOUNTS
    + TIMES
    + TOPICS
    + OF_NOTICES
    + OF_WEBHOOKS
    + AT_REST
)
