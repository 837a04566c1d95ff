"""Exports of bookings are kept, bookings are searched by names, and searches are counted.

Expand only: the version before has none of it. Names are known of bookings whose confirmation is among the events that are kept.
"""

from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Add the tables."""
    op.execute("""
        CREATE TABLE booking_exports (
            id UUID NOT NULL,
            show_id UUID NOT NULL,
            organization_id UUID,
            exported_by UUID,
            with_contacts BOOLEAN NOT NULL,
            bookings INTEGER DEFAULT '0' NOT NULL,
            began_at TIMESTAMP WITH TIME ZONE NOT NULL,
            completed_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT booking_exports_pkey PRIMARY KEY (id),
            CONSTRAINT booking_exports_bookings_check CHECK (bookings >= 0)
        )
    """)
    op.execute("COMMENT ON TABLE booking_exports IS 'who has had which bookings as a file; rows are kept'")
    op.execute("COMMENT ON COLUMN booking_exports.organization_id IS 'whose the show is; null: Boxoffice''s own'")
    op.execute("COMMENT ON COLUMN booking_exports.exported_by IS 'null: unverified'")
    op.execute(
        "COMMENT ON COLUMN booking_exports.with_contacts IS 'whether e-mail addresses and phone numbers were in it'"
    )
    op.execute("COMMENT ON COLUMN booking_exports.bookings IS 'written before they are handed out'")
    op.execute("COMMENT ON COLUMN booking_exports.completed_at IS 'null: it goes on, or was cut short'")
    op.execute("CREATE INDEX booking_exports_organization_idx ON booking_exports (organization_id, id)")
    op.execute("""
        CREATE TABLE search_budgets (
            user_id UUID NOT NULL,
            whole_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT search_budgets_pkey PRIMARY KEY (user_id)
        )
    """)
    op.execute("COMMENT ON TABLE search_budgets IS 'how often bookings were searched'")
    op.execute("COMMENT ON COLUMN search_budgets.user_id IS 'zero: unverified callers'")
    op.execute("COMMENT ON COLUMN search_budgets.whole_at IS 'when all searches may be made'")
    op.execute("CREATE INDEX search_budgets_whole_at_idx ON search_budgets (whole_at)")
    op.execute("""
        CREATE TABLE booking_names (
            organization_id UUID NOT NULL,
            word TEXT COLLATE "C" NOT NULL,
            booking_id UUID NOT NULL,
            CONSTRAINT booking_names_pkey PRIMARY KEY (organization_id, word, booking_id),
            CONSTRAINT booking_names_booking_id_fkey FOREIGN KEY(booking_id) REFERENCES bookings (id)
        )
    """)
    op.execute(
        "COMMENT ON TABLE booking_names IS 'whom bookings are for, as it was said when they were confirmed: by this they are searched'"
    )
    op.execute("COMMENT ON COLUMN booking_names.organization_id IS 'whose the show is; zero: Boxoffice''s own'")
    op.execute("COMMENT ON COLUMN booking_names.word IS 'of the name (chassis/values/words.py)'")
    op.execute("CREATE INDEX booking_names_booking_id_idx ON booking_names (booking_id)")
