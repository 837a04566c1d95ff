"""A claim on a blocked seat has a right: an access code's, a guest's, or that of having been there before the block.

Expand only: the version before knows no rights. It frees a seat without clearing its right, which says nothing there; so no
code is made, and no guest booked, until it is gone.
"""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Add the tables and the columns."""
    op.execute("""
        CREATE TABLE access_code_tries (
            show_id UUID NOT NULL,
            user_id UUID NOT NULL,
            tried_at TIMESTAMP WITH TIME ZONE[] NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT access_code_tries_pkey PRIMARY KEY (show_id, user_id)
        )
    """)
    op.execute("COMMENT ON TABLE access_code_tries IS 'when users have tried access codes that cannot be used'")
    op.execute("CREATE INDEX access_code_tries_updated_at_idx ON access_code_tries (updated_at)")
    op.execute("""
        CREATE TABLE access_codes (
            show_id UUID NOT NULL,
            id UUID NOT NULL,
            code TEXT NOT NULL,
            reason TEXT,
            seat_ids UUID[] NOT NULL,
            max_seats INTEGER NOT NULL,
            ends_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            revoked_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT access_codes_pkey PRIMARY KEY (show_id, id),
            CONSTRAINT access_codes_max_seats_check CHECK (max_seats > 0),
            CONSTRAINT access_codes_show_id_code_key UNIQUE (show_id, code),
            CONSTRAINT access_codes_seats_check CHECK ((reason IS NULL) = (seat_ids <> '{}'))
        )
    """)
    op.execute(
        "COMMENT ON TABLE access_codes IS"
        " 'by which blocked seats are taken; how many are had by each, the seats'' rows say'"
    )
    op.execute("COMMENT ON COLUMN access_codes.code IS 'in large letters'")
    op.execute(
        "COMMENT ON COLUMN access_codes.reason IS"
        " 'it is for seats that are blocked for this; null: for those of seat_ids'"
    )
    op.execute("COMMENT ON COLUMN access_codes.max_seats IS 'how many may be had by it at once'")
    op.execute("COMMENT ON COLUMN access_codes.ends_at IS 'null: with sales'")
    op.execute("ALTER TABLE reservations ADD COLUMN right_ids UUID[]")
    op.execute(
        "COMMENT ON COLUMN reservations.right_ids IS"
        " 'by which rights it was made on its seats, frozen; null: without any'"
    )
    op.execute("ALTER TABLE show_seats ADD COLUMN right_id UUID")
    op.execute(
        "COMMENT ON COLUMN show_seats.right_id IS"
        " 'by what the claim on it has it, blocked: an access code, 0 a guest, 1 it was there before the block'"
    )
