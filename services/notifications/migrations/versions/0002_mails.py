"""Each fact is a mail, too. Expand only: the version before does not know the table."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE mails (
            id UUID NOT NULL,
            place BIGINT GENERATED ALWAYS AS IDENTITY,
            user_id UUID NOT NULL,
            kind TEXT NOT NULL,
            booking_id UUID NOT NULL,
            show_id UUID NOT NULL,
            number INTEGER NOT NULL,
            amount INTEGER,
            currency TEXT,
            starts_at TIMESTAMP WITH TIME ZONE,
            happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
            state TEXT DEFAULT 'WAITING' NOT NULL,
            next_attempt_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
            attempts INTEGER DEFAULT '0' NOT NULL,
            answered INTEGER DEFAULT '0' NOT NULL,
            reason TEXT,
            finished_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT mails_pkey PRIMARY KEY (id),
            CONSTRAINT mails_finished_check CHECK ((state = 'WAITING') = (finished_at IS NULL)),
            CONSTRAINT mails_attempts_check CHECK (answered <= attempts),
            CONSTRAINT mails_amount_check CHECK (amount >= 0 AND (amount IS NULL) = (currency IS NULL)),
            CONSTRAINT mails_state_check CHECK (state IN ('WAITING', 'SENT', 'SKIPPED', 'DEAD')),
            CONSTRAINT mails_booking_id_kind_number_key UNIQUE (booking_id, kind, number)
        )
    """)
    op.execute("COMMENT ON COLUMN mails.id IS 'and the Message-ID''s first part'")
    op.execute("COMMENT ON COLUMN mails.place IS 'the order of a booking''s mails'")
    op.execute("COMMENT ON COLUMN mails.number IS 'the version of the booking, or of the show, that came by it'")
    op.execute("COMMENT ON COLUMN mails.amount IS 'minor units; null: there is none'")
    op.execute("COMMENT ON COLUMN mails.starts_at IS 'when the show starts, where the mail is about the show'")
    op.execute("COMMENT ON COLUMN mails.happened_at IS 'by the clock of the service that tells it'")
    op.execute("COMMENT ON COLUMN mails.answered IS 'the last attempt that had an answer'")
    op.execute("COMMENT ON COLUMN mails.reason IS 'why it was not sent, the last time; never an address'")
    op.execute("CREATE INDEX mails_dead_idx ON mails (id) WHERE state = 'DEAD'")
    op.execute("CREATE INDEX mails_due_idx ON mails (next_attempt_at) WHERE state = 'WAITING'")
    op.execute("CREATE INDEX mails_finished_at_idx ON mails (finished_at) WHERE state IN ('SENT', 'SKIPPED')")
    op.execute("CREATE INDEX mails_waiting_idx ON mails (booking_id, place) WHERE state = 'WAITING'")
