"""Tickets: one for each seat of a confirmed booking, named by its row.

Expand only: code from before confirms bookings without tickets, and refunds seats without revoking theirs. Jobs do it
afterwards, as they do for what is there. Refunds that there are have nothing to revoke.
"""

from alembic import op

revision = "0035"
down_revision = "0034"

TICKETS = """
CREATE TABLE tickets (
    id UUID NOT NULL,
    booking_id UUID NOT NULL,
    show_id UUID NOT NULL,
    show_seat_id UUID NOT NULL,
    user_id UUID NOT NULL,
    state TEXT NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT tickets_pkey PRIMARY KEY (id),
    CONSTRAINT tickets_booking_id_show_seat_id_key UNIQUE (booking_id, show_seat_id),
    CONSTRAINT tickets_booking_id_fkey FOREIGN KEY(booking_id) REFERENCES bookings (id),
    CONSTRAINT tickets_state_check CHECK (state IN ('VALID', 'ADMITTED', 'REVOKED'))
);
COMMENT ON TABLE tickets IS 'one for each seat of a confirmed booking';
COMMENT ON COLUMN tickets.user_id IS 'who holds it';
COMMENT ON COLUMN tickets.updated_at IS 'when it came to its state';
CREATE UNIQUE INDEX tickets_good_idx ON tickets (show_id, show_seat_id) WHERE state <> 'REVOKED';
"""


def upgrade() -> None:
    """Widen the schema. The second default leaves the rows that are there as the first one has made them."""
    op.execute(TICKETS)
    op.execute("ALTER TABLE bookings ADD COLUMN ticket_ids UUID[]")
    op.execute(
        "COMMENT ON COLUMN bookings.ticket_ids IS"
        " 'of its seats, in their order, once it is confirmed; null until a job has named them: code from before'"
    )
    op.execute("ALTER TABLE booking_refunds ADD COLUMN tickets_revoked BOOLEAN DEFAULT 'true' NOT NULL")
    op.execute("ALTER TABLE booking_refunds ALTER COLUMN tickets_revoked SET DEFAULT 'false'")
    op.execute("COMMENT ON COLUMN booking_refunds.tickets_revoked IS 'false: by code from before'")
