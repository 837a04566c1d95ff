"""Damages to coupons and their uses."""

from __future__ import annotations

from tests.system.damage import NEW, Damage
from tests.system.damages_of_webhooks import NO_MESSAGES

LIMITS, DISCOUNTS = "coupons-are-used-within-their-limits", "discounts-are-of-coupons"
OWN_SHOWS = "coupons-are-used-for-their-own-shows"
ANSWERS = "answers-about-coupons-are-of-what-there-is"
COUPON = "INSERT INTO booking.coupons (id, code, max_uses, max_uses_per_user) VALUES"
BY_ALL = "UPDATE booking.bookings SET coupon_code = 'RAIN'"
OWN_COUPON = (
    f"INSERT INTO booking.coupons (id, code, organization_id, own_shows_only) VALUES ({NEW}, 'RAIN', {NEW}, true)"
)
IN_USE = "(SELECT count(*) FROM booking.bookings WHERE state NOT IN ('CANCELLED', 'EXPIRED', 'REFUNDED'))"

OF_COUPONS = (
    Damage("a use too many", LIMITS, f"{COUPON} ({NEW}, 'RAIN', {IN_USE} - 1, NULL);{BY_ALL}"),
    Damage(
        "a use too many of one user",
        LIMITS,
        f"{COUPON} ({NEW}, 'RAIN', NULL, {IN_USE} - 1);{BY_ALL}, user_id = {NEW}",
    ),
    Damage("a coupon that there is not", DISCOUNTS, f"{BY_ALL} WHERE discount_amount = 0"),
    Damage(
        "a coupon that is there twice",
        DISCOUNTS,
        f"{COUPON} ({NEW}, 'RAIN', NULL, NULL), ({NEW}, 'RAIN', NULL, NULL);{BY_ALL}",
    ),
    Damage(
        "a coupon of another organization",
        OWN_SHOWS,
        f"{OWN_COUPON};{BY_ALL}",
    ),
    Damage("a coupon that was answered and is gone", ANSWERS, "DELETE FROM booking.coupons"),
    Damage("a discount from nowhere", DISCOUNTS, "UPDATE booking.bookings SET discount_amount = 1"),
)

WITHIN_LIMITS = f"{COUPON} ({NEW}, 'RAIN', {IN_USE}, {IN_USE});{BY_ALL}"
"""What is no fault: bookings that are over are no uses."""

SHOWS_OF_ONE = f"{NO_MESSAGES};UPDATE inventory.shows SET organization_id = {NEW}"
BOOKED_AT_ITS_SHOWS = f"{SHOWS_OF_ONE};UPDATE booking.bookings SET organization_id = {NEW}"
OF_AN_ORGANIZATION = {
    "bookings of an organization's shows, some with a coupon for all shows": (
        f"{BOOKED_AT_ITS_SHOWS};UPDATE booking.coupons SET own_shows_only = false"
    ),
    "bookings of its shows by code from before, which does not say whose they are": (
        f"{SHOWS_OF_ONE};UPDATE booking.bookings SET organization_id = NULL"
    ),
    "bookings of its shows with its coupon": f"{BOOKED_AT_ITS_SHOWS};{OWN_COUPON};{BY_ALL}",
}
"""What is no fault: shows, bookings and coupons of organizations."""
