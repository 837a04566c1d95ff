"""Invariants of coupons: each booking that has one and is not over is a use of it."""

from audit.invariants.invariant import Invariant

COUPONS = (
    Invariant(
        "coupons-are-used-within-their-limits",
        "no coupon is used by more bookings than it may be, of all users together or of one",
        ("booking.coupons", "booking.bookings WHERE coupon_code IS NOT NULL"),
        """
        SELECT c.code, c.max_uses, c.max_uses_per_user, sum(u.uses) AS uses, max(u.uses) AS uses_of_one
        FROM booking.coupons c JOIN (
            SELECT coupon_code, user_id, count(*) AS uses FROM booking.bookings
            WHERE state NOT IN ('CANCELLED', 'EXPIRED', 'REFUNDED') GROUP BY coupon_code, user_id
        ) AS u ON u.coupon_code = c.code
        GROUP BY c.code, c.max_uses, c.max_uses_per_user
        HAVING sum(u.uses) > c.max_uses OR max(u.uses) > c.max_uses_per_user
        """,
    ),
    Invariant(
        "coupons-are-used-for-their-own-shows",
        "a coupon that is for shows of its organization only, or of none, is used by no booking of another show",
        ("booking.bookings WHERE coupon_code IS NOT NULL",),
        """
        SELECT b.id AS booking_id, b.coupon_code, b.organization_id, c.organization_id AS organization_of_coupon
        FROM booking.bookings b JOIN booking.coupons c ON c.code = b.coupon_code
        WHERE c.own_shows_only AND b.organization_id IS DISTINCT FROM c.organization_id
        """,
    ),
    Invariant(
        "discounts-are-of-coupons",
        "a booking's coupon is one that there is, once, and no booking has a discount without one",
        ("booking.bookings WHERE coupon_code IS NOT NULL OR discount_amount > 0",),
        """
        SELECT b.id AS booking_id, b.state, b.coupon_code, b.discount_amount, count(c.code) AS coupons
        FROM booking.bookings b LEFT JOIN booking.coupons c ON c.code = b.coupon_code
        WHERE b.coupon_code IS NOT NULL OR b.discount_amount > 0
        GROUP BY b.id, b.state, b.coupon_code, b.discount_amount HAVING count(c.code) <> 1
        """,
    ),
)
