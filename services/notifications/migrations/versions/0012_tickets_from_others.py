"""Who has a ticket from somebody else is told of its show. Expand only: the version before sends no mail about such a
ticket, and leaves it to this one."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("ALTER TABLE bookings ADD COLUMN is_held BOOLEAN DEFAULT 'false' NOT NULL")
    op.execute(
        "COMMENT ON COLUMN bookings.is_held IS"
        " 'it is one ticket that the user has from somebody else, and its id is the offer''s'"
    )
    op.execute(
        "COMMENT ON TABLE bookings IS"
        " 'bookings that may be or become tickets, and tickets from others: whom to tell what happens to their show'"
    )
    op.execute("ALTER TABLE mails ADD COLUMN offer_id UUID")
    op.execute(
        "COMMENT ON COLUMN mails.offer_id IS"
        " 'by which the user has a ticket from somebody else; null: it is about a booking'"
    )
    op.execute("ALTER TABLE mails ALTER COLUMN booking_id DROP NOT NULL")
    op.execute("COMMENT ON COLUMN mails.booking_id IS 'null: it is about a ticket from somebody else'")
    op.execute("ALTER TABLE notices ADD COLUMN offer_id UUID")
    op.execute(
        "COMMENT ON COLUMN notices.offer_id IS"
        " 'by which the user has a ticket from somebody else; null: it is about no such one'"
    )
    op.execute(
        "COMMENT ON COLUMN notices.booking_id IS 'null: it is about an endpoint, or a ticket from somebody else'"
    )
    op.execute("COMMENT ON COLUMN notices.endpoint_id IS 'of an organization; null: it is about a booking or a ticket'")
    op.execute(
        "ALTER TABLE mails ADD CONSTRAINT mails_about_check CHECK (num_nonnulls(booking_id, offer_id) = 1) NOT VALID"
    )
    op.execute("ALTER TABLE notices DROP CONSTRAINT notices_kind_check")
    op.execute("""
        ALTER TABLE notices ADD CONSTRAINT notices_kind_check CHECK (
            kind IN (
                'CONFIRMED', 'EXPIRED', 'CANCELLED', 'PARTLY_REFUNDED', 'REFUNDED', 'SHOW_RESCHEDULED',
                'SHOW_CANCELLED', 'PAYMENT_FAILED', 'REMINDER', 'WEBHOOK_OFF', 'TICKET_TRANSFERRED', 'TICKET_RETURNED',
                'OFFER_DECLINED', 'OFFER_EXPIRED', 'TICKET_REVOKED'
            )
        ) NOT VALID
    """)
    op.execute("ALTER TABLE notices DROP CONSTRAINT notices_about_check")
    op.execute("""
        ALTER TABLE notices ADD CONSTRAINT notices_about_check CHECK (
            (kind = 'WEBHOOK_OFF') = (endpoint_id IS NOT NULL) AND (show_id IS NULL) = (endpoint_id IS NOT NULL)
            AND num_nonnulls(booking_id, offer_id, endpoint_id) = 1
        ) NOT VALID
    """)
