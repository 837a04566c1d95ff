"""Cancelled shows and the sweeps of their bookings; why a booking is cancelled; a cause of refunds; a consumer's progress.

Expand only: code from before cancels no show. The constraints hold for what is written from now on; the next migration
has them hold for all rows.
"""

from alembic import op

revision = "0019"
down_revision = "0018"


CONSTRAINTS = """
ALTER TABLE bookings ADD CONSTRAINT bookings_cancel_reason_check CHECK (
    cancel_reason IS NULL OR (state = 'CANCELLED' AND cancel_reason IN ('BY_USER', 'SHOW_CANCELLED'))
) NOT VALID;
ALTER TABLE booking_refunds
    DROP CONSTRAINT booking_refunds_cause_check,
    ADD CONSTRAINT booking_refunds_cause_check CHECK (
        CASE cause
            WHEN 'REQUESTED' THEN decided_by IS NOT NULL AND reason = ''
            WHEN 'GRANTED' THEN reason <> ''
            WHEN 'SHOW_CANCELLED' THEN percentage = 100 AND reason = ''
            ELSE false
        END
    ) NOT VALID;
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute("""
        CREATE TABLE cancelled_shows (
            show_id UUID NOT NULL,
            event_id UUID,
            reason TEXT NOT NULL,
            cancelled_by UUID,
            by_admin BOOLEAN NOT NULL,
            requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
            cancelled_at TIMESTAMP WITH TIME ZONE,
            swept_to UUID,
            lease_until TIMESTAMP WITH TIME ZONE NOT NULL,
            done_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT cancelled_shows_pkey PRIMARY KEY (show_id),
            CONSTRAINT cancelled_shows_done_check CHECK (done_at IS NULL OR cancelled_at IS NOT NULL)
        )
    """)
    op.execute("""
        COMMENT ON TABLE cancelled_shows IS 'shows that are cancelled, or about to be, and the sweeps of their bookings'
    """)
    op.execute("COMMENT ON COLUMN cancelled_shows.event_id IS 'with which it was cancelled; null: by itself'")
    op.execute("""
        COMMENT ON COLUMN cancelled_shows.reason IS 'as it was given; empty where inventory''s topic alone told of it'
    """)
    op.execute("COMMENT ON COLUMN cancelled_shows.cancelled_by IS 'null: unverified'")
    op.execute("COMMENT ON COLUMN cancelled_shows.cancelled_at IS 'null: inventory has not said so yet'")
    op.execute("""
        COMMENT ON COLUMN cancelled_shows.swept_to IS 'the last booking that was looked at in this pass over all of them'
    """)
    op.execute("COMMENT ON COLUMN cancelled_shows.lease_until IS 'when the sweep goes on, or is taken over'")
    op.execute("COMMENT ON COLUMN cancelled_shows.done_at IS 'since when no ticket and no money is left of it'")
    op.execute("CREATE INDEX cancelled_shows_unfinished_idx ON cancelled_shows (lease_until) WHERE done_at IS NULL")
    op.execute("""
        CREATE TABLE topic_progress (
            consumer TEXT NOT NULL,
            topic TEXT NOT NULL,
            read_to BIGINT NOT NULL,
            CONSTRAINT topic_progress_pkey PRIMARY KEY (consumer, topic)
        )
    """)
    op.execute("COMMENT ON TABLE topic_progress IS 'progress of consumers, moved in the transactions of what they do'")
    op.execute("COMMENT ON COLUMN topic_progress.read_to IS 'events up to this position have had their effect'")
    op.execute("ALTER TABLE bookings ADD COLUMN cancel_reason TEXT")
    op.execute("COMMENT ON COLUMN bookings.cancel_reason IS 'why it is CANCELLED; null: by its user, or it is not'")
    op.execute(CONSTRAINTS)
