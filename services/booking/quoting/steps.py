"""Quotes, step by step: inventory says what seats cost by the list, the show's rules what is paid."""

from collections.abc import Sequence

from services.booking.bookings.domain import with_kinds
from services.booking.clients import InventoryClient
from services.booking.coupons.domain import Coupon
from services.booking.messages import Asked
from services.booking.quoting.domain import NO_TERMS, PricedSeats, price
from services.booking.quoting.terms import read_terms, terms_of
from services.chassis.errors import Failure
from services.chassis.store.database import READ_CLOCK, Database


async def quote_seats(
    db: Database,
    inventory: InventoryClient,
    asked: Asked,
    kinds: Sequence[str],
    coupon: Coupon | None,
) -> tuple[PricedSeats, str]:
    """Return what seats of a show would cost a user, and the currency: by the rules of when he held them, or of now.

    Raises inventory's refusal, or what `price` does.
    """
    [listed] = await inventory.prices([asked])
    if isinstance(listed, Failure):
        raise listed
    [clock], found = await db.fetch_all((READ_CLOCK, ()), terms_of([asked.show_id]))
    terms = read_terms(found).get(asked.show_id, NO_TERMS)
    seats = with_kinds(listed.seats, kinds)
    priced = price(seats, terms, listed.currency, held_at=listed.held_at, now=clock.now, coupon=coupon)
    return priced, listed.currency
