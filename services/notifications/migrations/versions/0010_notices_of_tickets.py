"""Users are told what became of tickets that they offered.

Expand only: the version before writes none, and cannot list one, so that tickets are to be passed on once it does not
run any more.
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("ALTER TABLE notices DROP CONSTRAINT notices_kind_check")
    op.execute("""
        ALTER TABLE notices ADD CONSTRAINT notices_kind_check CHECK (
            kind IN (
                'CONFIRMED', 'EXPIRED', 'CANCELLED', 'PARTLY_REFUNDED', 'REFUNDED', 'SHOW_RESCHEDULED',
                'SHOW_CANCELLED', 'PAYMENT_FAILED', 'REMINDER', 'WEBHOOK_OFF', 'TICKET_TRANSFERRED', 'TICKET_RETURNED',
                'OFFER_DECLINED', 'OFFER_EXPIRED'
            )
        ) NOT VALID
    """)
