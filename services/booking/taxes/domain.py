"""Tax: who sells, and by which rules tickets are taxed. No I/O, no clock; what a line's tax comes to, pricing computes.

Of a tax in several parts, each is rounded by itself. So CGST and SGST of a line are always equal, as India's returns
want them, and may be a paisa less or more in all than IGST would be.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.booking.errors import SellerFixed, TaxRuleFixed
from services.booking.pricing.domain import TaxRate

INDIA = "IN"


class TaxKind(StrEnum):
    """To whom a part of a tax goes."""

    CGST = "CGST"
    """The centre's half, where seller and venue are in the same state."""
    SGST = "SGST"
    """The other half, the state's or union territory's."""
    IGST = "IGST"
    """All of it, where they are in two states."""
    TAX = "TAX"
    """All of it, outside India."""


@dataclass(frozen=True, slots=True)
class Seller:
    """Who sells tickets. All but name and address stays as it is: who is registered anew is another seller."""

    id: UUID
    legal_name: str
    address: str
    country: str
    state: str
    """India's code of the state, two digits; empty in other countries."""
    tax_number: str
    """In India the GSTIN. Empty: no tax is taken, and customers get receipts."""
    time_zone: str
    """Of its books: in it a financial year begins."""
    organization_id: UUID | None = None
    """Whose it is; None: Boxoffice's own."""

    def check_change(self, before: "Seller") -> None:
        """Raise SellerFixed unless the seller may take the place of the one before, whose organization it is."""
        for name in ("country", "state", "tax_number", "time_zone"):
            if getattr(before, name) != getattr(self, name):
                raise SellerFixed(field=name)
        if self.organization_id not in (None, before.organization_id):
            raise SellerFixed(field="organization_id")

    @property
    def documents(self) -> tuple[str, str]:
        """The kinds of its documents: of what is sold, and of what is given back."""
        return ("INVOICE", "CREDIT_NOTE") if self.tax_number else ("RECEIPT", "REFUND_RECEIPT")

    def kinds(self, place_of_supply: str) -> tuple[TaxKind, ...]:
        """Return the kinds of tax on what is supplied in a state; they share the rate alike."""
        if self.country != INDIA:
            return (TaxKind.TAX,)
        return (TaxKind.CGST, TaxKind.SGST) if place_of_supply == self.state else (TaxKind.IGST,)


@dataclass(frozen=True, slots=True)
class TaxRule:
    """What a category of tickets is taxed, and when."""

    id: UUID
    country: str
    currency: str
    category: str
    """What it is for, such as TICKETS or CINEMA: each show names its category."""
    up_to: int | None
    """The dearest ticket that it is for, in minor units, tax not counted; None: any."""
    basis_points: int
    sac_code: str
    """The code of the service, as invoices show it; empty where a country has none."""
    valid_from: datetime
    valid_until: datetime | None

    def check_change(self, before: "TaxRule") -> None:
        """Raise TaxRuleFixed unless the rule may take the place of the one before: its end alone can change."""
        for name in ("country", "currency", "category", "up_to", "basis_points", "sac_code", "valid_from"):
            if getattr(before, name) != getattr(self, name):
                raise TaxRuleFixed(field=name)

    def is_valid(self, now: datetime) -> bool:
        """Tell whether the rule holds at an instant."""
        return self.valid_from <= now and (self.valid_until is None or now < self.valid_until)


@dataclass(frozen=True, slots=True)
class ShowTax:
    """By whom the tickets of a show are sold, and what they are to the tax."""

    show_id: UUID
    seller_id: UUID
    place_of_supply: str
    """The state that the venue is in; empty outside India."""
    category: str
    prices_include_tax: bool


@dataclass(frozen=True, slots=True)
class TaxTerms:
    """All that tells how the tickets of a show are taxed, from an instant on until it was said anew."""

    valid_from: datetime
    show: ShowTax
    seller: Seller
    rules: Sequence[TaxRule]
    """Those of the show's category in the seller's country, in any currency and at any time."""

    @property
    def tax_parts(self) -> int:
        """In how many parts, each rounded by itself, the tax is taken."""
        return len(self.seller.kinds(self.show.place_of_supply))

    def rates(self, currency: str, now: datetime) -> tuple[TaxRate, ...]:
        """Return the rates in a currency at an instant, that of the cheapest tickets first; none without a number."""
        if not self.seller.tax_number:
            return ()
        valid = rules_at([rule for rule in self.rules if rule.currency == currency], now)
        return tuple(TaxRate(rule.basis_points, rule.up_to, rule.sac_code) for rule in valid)


def rules_at(rules: Iterable[TaxRule], now: datetime) -> list[TaxRule]:
    """Return the rules that hold at an instant, one for each bound, the lowest bound first.

    Of several for one bound, the one that began last counts: a new rate needs no end of the one before.
    """
    latest: dict[int | None, TaxRule] = {}
    for rule in rules:
        other = latest.get(rule.up_to)
        if rule.is_valid(now) and (other is None or (other.valid_from, other.id) < (rule.valid_from, rule.id)):
            latest[rule.up_to] = rule
    return sorted(latest.values(), key=lambda rule: (rule.up_to is None, rule.up_to or 0))
