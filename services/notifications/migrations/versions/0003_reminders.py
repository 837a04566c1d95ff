"""When shows start, and notices of reminders and declined payments. Expand only: the version before knows none."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE shows (
            id UUID NOT NULL,
            revision INTEGER NOT NULL,
            starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
            ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
            set_at TIMESTAMP WITH TIME ZONE NOT NULL,
            is_cancelled BOOLEAN NOT NULL,
            reminded_to UUID,
            reminded_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT shows_pkey PRIMARY KEY (id)
        )
    """)
    op.execute("COMMENT ON TABLE shows IS 'when shows start, and how far those who have tickets are reminded of it'")
    op.execute("COMMENT ON COLUMN shows.revision IS 'which edit of its times this is, by inventory''s count'")
    op.execute("COMMENT ON COLUMN shows.set_at IS 'since when it has been known to start then'")
    op.execute(
        "COMMENT ON COLUMN shows.reminded_to IS 'the bookings up to this one are reminded of this start; null: none is'"
    )
    op.execute("COMMENT ON COLUMN shows.reminded_at IS 'when all bookings were; null: not yet'")
    op.execute("CREATE INDEX shows_ends_at_idx ON shows (ends_at)")
    op.execute("CREATE INDEX shows_near_idx ON shows (starts_at) WHERE reminded_at IS NULL AND NOT is_cancelled")
    op.execute("""
        COMMENT ON COLUMN mails.number IS
        'the version of the booking, or of the show, that came by it; of a reminder the start, in minutes'
    """)
    op.execute("""
        COMMENT ON COLUMN notices.number IS
        'the version of the booking, or of the show, that came by it; of a reminder the start, in minutes'
    """)
    op.execute("ALTER TABLE notices DROP CONSTRAINT notices_kind_check")
    op.execute("""
        ALTER TABLE notices ADD CONSTRAINT notices_kind_check CHECK (
            kind IN (
                'CONFIRMED', 'EXPIRED', 'CANCELLED', 'PARTLY_REFUNDED', 'REFUNDED', 'SHOW_RESCHEDULED',
                'SHOW_CANCELLED', 'PAYMENT_FAILED', 'REMINDER'
            )
        ) NOT VALID
    """)
