"""Setting the prices of a show's seats on which there is no claim."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.values.currencies import money
from services.inventory.errors import PriceListLimitExceeded, ShowCancelled
from services.inventory.seats.commands import SeatCommand
from services.inventory.seats.domain import MAX_TOTAL, LockedShow, Price, SeatRules
from services.inventory.seats.prices import dearest

MAX_LISTS = 10_000
"""Lists that a show may have one after another: all of them are kept."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a show's seats cost from a number of it on."""

    show_id: UUID
    currency: str
    prices: Mapping[str, int]
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPrices(SeatCommand[Listed]):
    """Have seats on which there is no claim cost something else from now on."""

    urgent: ClassVar[bool] = True
    """It is seldom, and the rush of a sale must not hold it up."""

    sets_prices: ClassVar[bool] = True

    prices: Sequence[Price]

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> Listed:
        """Return the list as it stands then; raise ShowCancelled, InvalidField or PriceListLimitExceeded."""
        if show.is_cancelled:
            raise ShowCancelled("The show is cancelled: its prices stay as they are.")
        self._check(show, rules)
        prices = {price.tier: price.price for price in self.prices}
        if prices != show.prices:
            if show.prices_version >= MAX_LISTS:
                raise PriceListLimitExceeded(limit=MAX_LISTS)
            show.set_prices(prices)
        return Listed(show.id, show.currency, prices, show.sequence + bool(show.new_lists))

    def _check(self, show: LockedShow, rules: SeatRules) -> None:
        """Raise InvalidField unless each tier of the show has one price, and any booking can be counted."""
        highest = MAX_TOTAL // show.most_seats(rules)
        violations, priced = [], set[str]()
        for index, price in enumerate(self.prices):
            if price.tier in priced:
                violations.append((f"prices[{index}].tier", "has two prices"))
            elif price.tier not in show.prices:
                violations.append((f"prices[{index}].tier", "is not a tier of this show"))
            if price.price > (limit := dearest(show.multipliers, price.tier, highest)):
                violations.append((f"prices[{index}].price", f"must be {money(limit, show.currency)} at most"))
            priced.add(price.tier)
        violations += [("prices", f"lacks {tier}, which the show has") for tier in sorted(show.prices.keys() - priced)]
        if violations:
            raise InvalidField(*violations)
