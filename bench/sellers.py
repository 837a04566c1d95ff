"""Shows of the bench that one seller sells, with tax and invoices; and with all rules of prices that there are."""

from __future__ import annotations

from datetime import UTC, datetime

from boxoffice.booking.v1 import coupon_pb2 as coupons
from boxoffice.booking.v1 import tariffs_pb2 as tariffs
from boxoffice.booking.v1 import taxes_pb2 as taxes
from boxoffice.booking.v1.coupon_pb2_grpc import CouponServiceStub
from boxoffice.booking.v1.tariffs_pb2_grpc import TariffServiceStub
from boxoffice.booking.v1.taxes_pb2_grpc import TaxServiceStub

from bench.stories import COUPON
from bench.world import FreeShow, World

SELLER, RULE = "0198c2a0-0000-7000-8000-00000000000a", "0198c2a0-0000-7000-8000-00000000000b"
CALL_SECONDS = 10


def sold(world: World, show: FreeShow) -> FreeShow:
    """Have a show sold by the one seller that all such shows have: its invoices are one series."""
    with world.channel("booking") as channel:
        stub = TaxServiceStub(world.signed(channel))
        seller = taxes.SetSellerRequest(
            seller_id=SELLER, legal_name="Bench", address="Pune", state="27", tax_number="27AAPFU0939F1ZV"
        )
        rule = taxes.SetTaxRuleRequest(tax_rule_id=RULE, category="TICKETS", basis_points=1800, sac_code="999614")
        rule.valid_from.FromDatetime(datetime(2025, 9, 22, tzinfo=UTC))
        show_tax = taxes.SetShowTaxRequest(
            show_id=show.id, seller_id=SELLER, place_of_supply="27", category="TICKETS", prices_include_tax=True
        )
        stub.SetSeller(seller, timeout=CALL_SECONDS)
        stub.SetTaxRule(rule, timeout=CALL_SECONDS)
        stub.SetShowTax(show_tax, timeout=CALL_SECONDS)
    return show


def priced(world: World, show: FreeShow) -> FreeShow:
    """Have a show sold with tax, two fees, and a coupon that takes a tenth off."""
    sold(world, show)
    fee = tariffs.Fee(name="Booking fee", per=tariffs.Fee.ORDER, amount=4_900, refundable=True)
    stays = tariffs.Fee(name="Service fee", per=tariffs.Fee.TICKET, basis_points=250)
    terms = coupons.CouponTerms(kind=coupons.CouponTerms.PERCENTAGE, percentage=10)
    with world.channel("booking") as channel:
        signed = world.signed(channel)
        fees = tariffs.SetShowFeesRequest(show_id=show.id, fees=[fee, stays])
        TariffServiceStub(signed).SetShowFees(fees, timeout=CALL_SECONDS)
        coupon = coupons.CreateCouponRequest(code=COUPON, terms=terms, idempotency_key=COUPON)
        CouponServiceStub(signed).CreateCoupon(coupon, timeout=CALL_SECONDS)
    return show
