"""Bugs of what those who run shows are told: of sales, of customers, of who has had which bookings."""

from tests.mutants.mutant import MONEY, REQUESTS, Mutant

SALES = ("tests/booking/test_sales.py",)
SEARCHES = ("tests/booking/test_office.py",)
EXPORTS = ("tests/booking/test_exports.py",)

MUTANTS = (
    Mutant(
        "the owner of an event is told what others sell of it",
        "OfficeServicer.GetEventSales",
        "owners = None if own_organizations() is None else [owner]",
        "owners = None",
        REQUESTS,
        SALES,
    ),
    Mutant(
        "sales leave fees of orders out that come back",
        "SALES_OF_SHOW",
        "WHERE b.refund_count > 0 AND r.order_amount > 0",
        "WHERE false",
        MONEY,
        SALES,
    ),
    Mutant(
        "a day of sales is one of UTC",
        "SALES_OF_SHOW",
        "at AT TIME ZONE %(time_zone)s",
        "at AT TIME ZONE 'UTC'",
        REQUESTS,
        SALES,
    ),
    Mutant(
        "managers are told how customers are reached",
        "office:TOLD_CONTACTS",
        "('OWNER', 'BOX_OFFICE')",
        "('OWNER', 'BOX_OFFICE', 'MANAGER')",
        REQUESTS,
        EXPORTS,
    ),
    Mutant(
        "an owner is told of the customers of others",
        "OfficeServicer.ExportBookings",
        "who.memberships.get(organization_id) if who and organization_id else None",
        "next(iter(who.memberships.values()), None) if who and organization_id else None",
        REQUESTS,
        EXPORTS,
    ),
    Mutant(
        "an export that goes on looks whole",
        "Exporting._pieces",
        "sheets.end(rows) if is_last else b''",
        "sheets.end(rows)",
        REQUESTS,
        EXPORTS,
    ),
    Mutant(
        "an export ends before a last page that is just full",
        "Exporting._pieces",
        "len(page) < AT_ONCE",
        "len(page) <= AT_ONCE",
        REQUESTS,
        EXPORTS,
    ),
    Mutant(
        "bookings of others are found by their numbers",
        "find_bookings",
        "AND organization_id IS NOT DISTINCT FROM %(organization_id)s::uuid",
        "",
        REQUESTS,
        SEARCHES,
    ),
    Mutant(
        "a guest is found by the organizer's name",
        "Names._named",
        "{row.id: row.guest_name for row in found if row.guest_name is not None}",
        "{}",
        REQUESTS,
        SEARCHES,
    ),
    Mutant(
        "searches are not counted",
        "searches:spend",
        "raise TooManySearches()",
        "pass",
        REQUESTS,
        SEARCHES,
    ),
)
