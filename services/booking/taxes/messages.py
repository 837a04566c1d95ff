"""Sellers, rules and shows' taxes as messages."""

from datetime import UTC
from uuid import UUID
from zoneinfo import available_timezones

from boxoffice.booking.v1 import taxes_pb2 as pb

from services.booking.taxes import gstin
from services.booking.taxes.domain import INDIA, Seller, ShowTax, TaxRule
from services.chassis.errors import InvalidField
from services.chassis.wire.times import to_timestamp


def parse_seller(request: pb.SetSellerRequest) -> Seller:
    """Return the seller that a request describes; raise InvalidField."""
    seller = Seller(
        id=UUID(request.seller_id),
        legal_name=request.legal_name,
        address=request.address,
        country=request.country or INDIA,
        state=request.state,
        tax_number=request.tax_number,
        time_zone=request.time_zone or "Asia/Kolkata",
        organization_id=UUID(request.organization_id) if request.organization_id else None,
    )
    if seller.time_zone not in available_timezones():
        raise InvalidField(("timeZone", "must be a time zone of the IANA database, such as Asia/Kolkata"))
    if seller.country == INDIA:
        _check_indian(seller)
    elif seller.state:
        raise InvalidField(("state", "is for sellers in India: leave it out"))
    return seller


def _check_indian(seller: Seller) -> None:
    if seller.state not in gstin.REGISTERED_IN:
        raise InvalidField(("state", "must be the code of a state of India, such as 27 for Maharashtra"))
    if not seller.tax_number:
        return
    if refusal := gstin.refusal(seller.tax_number):
        raise InvalidField(("taxNumber", refusal))
    if not seller.tax_number.startswith(seller.state):
        raise InvalidField(("taxNumber", f"begins with another state's code than the seller's, {seller.state}"))


def render_seller(seller: Seller) -> pb.Seller:
    """Render a seller."""
    return pb.Seller(
        id=str(seller.id),
        legal_name=seller.legal_name,
        address=seller.address,
        country=seller.country,
        state=seller.state,
        tax_number=seller.tax_number,
        time_zone=seller.time_zone,
        organization_id=str(seller.organization_id or ""),
    )


def parse_tax_rule(request: pb.SetTaxRuleRequest) -> TaxRule:
    """Return the rule that a request describes; raise InvalidField."""
    rule = TaxRule(
        id=UUID(request.tax_rule_id),
        country=request.country or INDIA,
        currency=request.currency or "INR",
        category=request.category,
        up_to=request.up_to if request.HasField("up_to") else None,
        basis_points=request.basis_points,
        sac_code=request.sac_code,
        valid_from=request.valid_from.ToDatetime(UTC),
        valid_until=request.valid_until.ToDatetime(UTC) if request.HasField("valid_until") else None,
    )
    if rule.valid_until is not None and rule.valid_until <= rule.valid_from:
        raise InvalidField(("validUntil", "must be after validFrom"))
    return rule


def render_tax_rule(rule: TaxRule) -> pb.TaxRule:
    """Render a rule."""
    return pb.TaxRule(
        id=str(rule.id),
        country=rule.country,
        currency=rule.currency,
        category=rule.category,
        up_to=rule.up_to,
        basis_points=rule.basis_points,
        sac_code=rule.sac_code,
        valid_from=to_timestamp(rule.valid_from),
        valid_until=to_timestamp(rule.valid_until) if rule.valid_until else None,
    )


def parse_show_tax(request: pb.SetShowTaxRequest) -> ShowTax:
    """Return what a request says of a show."""
    return ShowTax(
        show_id=UUID(request.show_id),
        seller_id=UUID(request.seller_id),
        place_of_supply=request.place_of_supply,
        category=request.category,
        prices_include_tax=request.prices_include_tax,
    )


def check_place_of_supply(show: ShowTax, seller: Seller) -> None:
    """Raise InvalidField unless the place of supply is one for the seller's country."""
    if seller.country == INDIA and show.place_of_supply not in gstin.STATES:
        raise InvalidField(("placeOfSupply", "must be the code of the state that the venue is in, such as 27"))
    if seller.country != INDIA and show.place_of_supply:
        raise InvalidField(("placeOfSupply", "is for sellers in India: leave it out"))


def render_show_tax(show: ShowTax) -> pb.ShowTax:
    """Render by whom a show is sold."""
    return pb.ShowTax(
        show_id=str(show.show_id),
        seller_id=str(show.seller_id),
        place_of_supply=show.place_of_supply,
        category=show.category,
        prices_include_tax=show.prices_include_tax,
    )
