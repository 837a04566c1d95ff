"""Tickets that are offered to somebody else.

Expand only: code from before offers none, and looks at tickets as before. Its refunds do not ask who holds a ticket, so
that tickets are to be passed on once no code from before runs any more.
"""

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Add the table."""
    op.execute("""
        CREATE TABLE ticket_offers (
            id UUID NOT NULL,
            ticket_id UUID NOT NULL,
            booking_id UUID NOT NULL,
            show_id UUID NOT NULL,
            user_id UUID NOT NULL,
            recipient_name TEXT NOT NULL,
            email TEXT NOT NULL,
            state TEXT NOT NULL,
            recipient_id UUID,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            mail_state TEXT,
            mail_attempts INTEGER DEFAULT '0' NOT NULL,
            mail_answered INTEGER DEFAULT '0' NOT NULL,
            mail_next_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT ticket_offers_pkey PRIMARY KEY (id),
            CONSTRAINT ticket_offers_state_check CHECK (state IN ('OPEN', 'ACCEPTED', 'DECLINED', 'WITHDRAWN', 'EXPIRED', 'RETURNED')),
            CONSTRAINT ticket_offers_booking_id_fkey FOREIGN KEY(booking_id) REFERENCES bookings (id),
            CONSTRAINT ticket_offers_mail_waits_check CHECK (mail_state IS DISTINCT FROM 'WAITING' OR state = 'OPEN'),
            CONSTRAINT ticket_offers_ticket_id_fkey FOREIGN KEY(ticket_id) REFERENCES tickets (id),
            CONSTRAINT ticket_offers_email_check CHECK ((state = 'OPEN') = (email <> '')),
            CONSTRAINT ticket_offers_recipient_check CHECK (state NOT IN ('ACCEPTED', 'RETURNED') OR recipient_id IS NOT NULL),
            CONSTRAINT ticket_offers_mail_state_check CHECK (mail_state IN ('WAITING', 'SENT', 'SKIPPED', 'DEAD'))
        )
    """)
    op.execute("COMMENT ON TABLE ticket_offers IS 'tickets that are, or were, offered to somebody else'")
    op.execute("COMMENT ON COLUMN ticket_offers.user_id IS 'who made it: the buyer'")
    op.execute("COMMENT ON COLUMN ticket_offers.recipient_name IS 'as the buyer calls them; empty: forgotten'")
    op.execute(
        "COMMENT ON COLUMN ticket_offers.email IS 'whom it is made to, in small letters; empty: it is open no more'"
    )
    op.execute("COMMENT ON COLUMN ticket_offers.recipient_id IS 'who has accepted or declined it'")
    op.execute("COMMENT ON COLUMN ticket_offers.updated_at IS 'when it came to its state'")
    op.execute("COMMENT ON COLUMN ticket_offers.mail_state IS 'of the mail that tells of it; null: none is sent'")
    op.execute("COMMENT ON COLUMN ticket_offers.mail_answered IS 'the last whose outcome is known'")
    op.execute("COMMENT ON COLUMN ticket_offers.mail_next_at IS 'when the mail is tried; null: not any more'")
    op.execute(
        "CREATE UNIQUE INDEX ticket_offers_alive_idx ON ticket_offers (ticket_id) WHERE state IN ('OPEN', 'ACCEPTED')"
    )
    op.execute("CREATE INDEX ticket_offers_booking_idx ON ticket_offers (booking_id)")
    op.execute("CREATE INDEX ticket_offers_email_idx ON ticket_offers (email) WHERE state = 'OPEN'")
    op.execute("CREATE INDEX ticket_offers_expiry_idx ON ticket_offers (expires_at) WHERE state = 'OPEN'")
    op.execute("CREATE INDEX ticket_offers_mail_idx ON ticket_offers (mail_next_at) WHERE mail_state = 'WAITING'")
    op.execute(
        "CREATE INDEX ticket_offers_recipient_idx ON ticket_offers (recipient_id, show_id) WHERE state = 'ACCEPTED'"
    )
    op.execute("CREATE INDEX ticket_offers_ticket_idx ON ticket_offers (ticket_id, created_at)")
    op.execute("CREATE INDEX ticket_offers_user_idx ON ticket_offers (user_id, id)")
