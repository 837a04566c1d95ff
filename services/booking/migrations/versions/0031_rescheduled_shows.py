"""Bookings follow their shows to other times and halls; a cause of refunds.

Expand only: code from before writes bookings without the revision of their show, and reschedules none. The constraint
holds for what is written from now on; the next migration has it hold for all rows.
"""

from alembic import op

revision = "0031"
down_revision = "0030"


CAUSES = """
ALTER TABLE booking_refunds
    DROP CONSTRAINT booking_refunds_cause_check,
    ADD CONSTRAINT booking_refunds_cause_check CHECK (
        CASE cause
            WHEN 'REQUESTED' THEN decided_by IS NOT NULL AND reason = ''
            WHEN 'GRANTED' THEN reason <> ''
            WHEN 'SHOW_CANCELLED' THEN percentage = 100 AND reason = ''
            WHEN 'SHOW_RESCHEDULED' THEN percentage = 100 AND reason = ''
            ELSE false
        END
    ) NOT VALID
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute("""
        CREATE TABLE show_updates (
            show_id UUID NOT NULL,
            revision INTEGER NOT NULL,
            noted_at TIMESTAMP WITH TIME ZONE NOT NULL,
            swept_to UUID,
            lease_until TIMESTAMP WITH TIME ZONE NOT NULL,
            done_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT show_updates_pkey PRIMARY KEY (show_id)
        )
    """)
    op.execute(
        "COMMENT ON TABLE show_updates IS 'shows whose times or halls were edited, and how far their bookings follow'"
    )
    op.execute("COMMENT ON COLUMN show_updates.revision IS 'the greatest that anybody has told of'")
    op.execute(
        "COMMENT ON COLUMN show_updates.swept_to IS 'the last booking that was updated in this pass over all of them'"
    )
    op.execute("COMMENT ON COLUMN show_updates.lease_until IS 'when it goes on, or is taken over'")
    op.execute("COMMENT ON COLUMN show_updates.done_at IS 'since when all bookings that count have this revision'")
    op.execute("CREATE INDEX show_updates_unfinished_idx ON show_updates (lease_until) WHERE done_at IS NULL")
    op.execute("ALTER TABLE bookings ADD COLUMN show_revision INTEGER")
    op.execute(
        "COMMENT ON COLUMN bookings.show_revision IS"
        " 'of the show, whose times and screen these are; null: code from before'"
    )
    op.execute("ALTER TABLE bookings ADD COLUMN booked_starts_at TIMESTAMP WITH TIME ZONE")
    op.execute("COMMENT ON COLUMN bookings.booked_starts_at IS 'when it was to start; null: as it does'")
    op.execute("ALTER TABLE bookings ADD COLUMN full_refund_until TIMESTAMP WITH TIME ZONE")
    op.execute("COMMENT ON COLUMN bookings.full_refund_until IS 'as the show was rescheduled; null: it was not'")
    op.execute(CAUSES)
