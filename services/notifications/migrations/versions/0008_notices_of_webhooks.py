"""Members of organizations have notices of endpoints. Expand only: the version before writes none, and meets none."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE notices ADD COLUMN endpoint_id UUID")
    op.execute("COMMENT ON COLUMN notices.endpoint_id IS 'of an organization; null: it is about a booking'")
    op.execute("ALTER TABLE notices ALTER COLUMN booking_id DROP NOT NULL")
    op.execute("COMMENT ON COLUMN notices.booking_id IS 'null: it is about an endpoint'")
    op.execute("ALTER TABLE notices ALTER COLUMN show_id DROP NOT NULL")
    op.execute("ALTER TABLE notices DROP CONSTRAINT notices_kind_check")
    op.execute("""
        ALTER TABLE notices ADD CONSTRAINT notices_kind_check CHECK (
            kind IN (
                'CONFIRMED', 'EXPIRED', 'CANCELLED', 'PARTLY_REFUNDED', 'REFUNDED', 'SHOW_RESCHEDULED',
                'SHOW_CANCELLED', 'PAYMENT_FAILED', 'REMINDER', 'WEBHOOK_OFF'
            )
        ) NOT VALID
    """)
    op.execute("""
        ALTER TABLE notices ADD CONSTRAINT notices_about_check CHECK (
            (kind = 'WEBHOOK_OFF') = (endpoint_id IS NOT NULL)
            AND (booking_id IS NULL) = (endpoint_id IS NOT NULL) AND (show_id IS NULL) = (endpoint_id IS NOT NULL)
        ) NOT VALID
    """)
