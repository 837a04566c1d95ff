"""What must never be otherwise, as SQL: each invariant is a query that returns a row for every fault it finds.

The queries run over copies of the services' tables, a schema for each service (`inventory`, `booking`, `payment`,
`bank`, `identity`, `notifications`), so that one query can look at all of them; see `audit.audit`. In each schema a
table `clock` says what time it was by that service's clock. The copies have no constraints: what the services'
databases forbid is asked here again, so that a constraint that was lost is missed.

Those in ALWAYS look at one database each, which is copied as it stands at one instant, and hold at any time. Those in
AT_REST look across databases, and hold once nothing is under way any more.
"""

from audit.invariants.accounts import ACCOUNTS
from audit.invariants.across import ACROSS
from audit.invariants.admissions import ADMISSIONS
from audit.invariants.bookings import BOOKINGS
from audit.invariants.cancellations import CANCELLATIONS, CANCELLATIONS_AT_REST
from audit.invariants.catalogue import CATALOGUE
from audit.invariants.coupons import COUPONS
from audit.invariants.finding import FINDING_AT_REST, REVIEWS
from audit.invariants.gateways import GATEWAYS
from audit.invariants.images import IMAGES
from audit.invariants.invariant import Invariant
from audit.invariants.invoices import INVOICES
from audit.invariants.keys import KEYS
from audit.invariants.money import MONEY
from audit.invariants.notices import NOTICES, NOTICES_AT_REST
from audit.invariants.refunds import REFUNDS, REFUNDS_AT_REST
from audit.invariants.reschedules import RESCHEDULES_AT_REST
from audit.invariants.sales import SALES, SALES_AT_REST
from audit.invariants.seats import SEATS
from audit.invariants.tickets import TICKETS, TICKETS_AT_REST
from audit.invariants.times import TIMES
from audit.invariants.topics import TOPICS, TOPICS_AT_REST
from audit.invariants.webhooks import WEBHOOKS, WEBHOOKS_AT_REST

__all__ = ["ALWAYS", "AT_REST", "INVARIANTS", "Invariant"]

ALWAYS = (
    SEATS
    + CATALOGUE
    + REVIEWS
    + IMAGES
    + SALES
    + CANCELLATIONS
    + BOOKINGS
    + REFUNDS
    + COUPONS
    + INVOICES
    + TICKETS
    + ADMISSIONS
    + MONEY
    + GATEWAYS
    + KEYS
    + ACCOUNTS
    + TIMES
    + TOPICS
    + NOTICES
    + WEBHOOKS
)
AT_REST = (
    ACROSS
    + FINDING_AT_REST
    + REFUNDS_AT_REST
    + SALES_AT_REST
    + CANCELLATIONS_AT_REST
    + RESCHEDULES_AT_REST
    + TICKETS_AT_REST
    + TOPICS_AT_REST
    + NOTICES_AT_REST
    + WEBHOOKS_AT_REST
)
INVARIANTS = ALWAYS + AT_REST
