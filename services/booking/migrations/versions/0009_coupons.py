"""Coupons: codes that take something off the price; a booking that has one is a use of it until it is over.

Expand only: code from before makes bookings without coupons. It must not run any more when the first coupon is created:
it would confirm a payment that came late without taking the use again.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

COUPONS = """
CREATE TABLE coupons (
    id UUID NOT NULL,
    organizer_id UUID,
    code TEXT NOT NULL,
    kind TEXT NOT NULL,
    percentage INTEGER,
    amount INTEGER,
    currency TEXT,
    valid_from TIMESTAMP WITH TIME ZONE,
    valid_until TIMESTAMP WITH TIME ZONE,
    minimum_amount INTEGER,
    maximum_discount INTEGER,
    max_uses INTEGER,
    max_uses_per_user INTEGER,
    show_ids UUID[] DEFAULT '{}' NOT NULL,
    tiers TEXT[] DEFAULT '{}' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deactivated_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT coupons_pkey PRIMARY KEY (id),
    CONSTRAINT coupons_currency_check CHECK (
        currency IS NOT NULL OR num_nonnulls(amount, minimum_amount, maximum_discount) = 0
    ),
    CONSTRAINT coupons_code_key UNIQUE (code),
    CONSTRAINT coupons_kind_check CHECK (
        CASE kind
            WHEN 'PERCENTAGE' THEN percentage BETWEEN 1 AND 100 AND amount IS NULL
            WHEN 'FIXED' THEN amount > 0 AND num_nonnulls(percentage, maximum_discount) = 0
            ELSE false
        END IS TRUE
    ),
    CONSTRAINT coupons_code_check CHECK (code = upper(code)),
    CONSTRAINT coupons_limits_check CHECK (least(minimum_amount, maximum_discount, max_uses, max_uses_per_user) > 0)
);
COMMENT ON COLUMN coupons.organizer_id IS 'who created it; null: nobody who showed a token';
COMMENT ON COLUMN coupons.code IS 'in capital letters';
COMMENT ON COLUMN coupons.amount IS 'minor units, as are all amounts of it';
COMMENT ON COLUMN coupons.max_uses IS 'null, as in all limits: any number';
COMMENT ON COLUMN coupons.show_ids IS 'empty: all';
COMMENT ON COLUMN coupons.tiers IS 'empty: all';
CREATE INDEX coupons_organizer_idx ON coupons (organizer_id, id);
"""

TRIES = """
CREATE TABLE coupon_tries (
    user_id UUID NOT NULL,
    tried_at TIMESTAMP WITH TIME ZONE[] DEFAULT '{}' NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT coupon_tries_pkey PRIMARY KEY (user_id)
);
COMMENT ON TABLE coupon_tries IS 'codes that users tried in vain; the lock under which they are counted';
CREATE INDEX coupon_tries_updated_at_idx ON coupon_tries (updated_at);
"""

USES = """
ALTER TABLE bookings ADD COLUMN coupon_code TEXT;
COMMENT ON COLUMN bookings.coupon_code IS 'unless the booking is over, it is a use of the coupon';
"""


def upgrade() -> None:
    """Add the tables and the column."""
    op.execute(COUPONS)
    op.execute(TRIES)
    op.execute(USES)
