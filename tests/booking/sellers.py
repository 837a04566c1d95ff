"""Sellers, rules and shows' taxes, as tests set them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from boxoffice.booking.v1 import taxes_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from tests.booking.house import House

NUMBER = "27AAPFU0939F1ZV"
LONG_AGO = Timestamp(seconds=1_758_500_000)


def seller_request(seller_id: str = "", **fields: Any) -> pb.SetSellerRequest:
    given = {"legal_name": "Regal Talkies", "address": "Camp, Pune", "state": "27", "tax_number": NUMBER} | fields
    return pb.SetSellerRequest(seller_id=seller_id or str(uuid4()), **given)


def rule_request(basis_points: int = 1800, tax_rule_id: str = "", **fields: Any) -> pb.SetTaxRuleRequest:
    given = {"category": "TICKETS", "sac_code": "999614", "valid_from": LONG_AGO, "currency": "INR"} | fields
    return pb.SetTaxRuleRequest(tax_rule_id=tax_rule_id or str(uuid4()), basis_points=basis_points, **given)


async def sold_by(house: House, *, place: str = "27", included: bool = False, **fields: Any) -> pb.Seller:
    """Have the house's show sold by a seller, with 18 % on its tickets; return the seller."""
    seller = await house.taxes.SetSeller(seller_request(**fields))
    await house.taxes.SetTaxRule(rule_request())
    await house.taxes.SetShowTax(
        pb.SetShowTaxRequest(
            show_id=house.show_id,
            seller_id=seller.id,
            place_of_supply=place,
            category="TICKETS",
            prices_include_tax=included,
        )
    )
    return seller
