"""The first schema: notices, and what the topics of bookings and shows told."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
        RETURN clock_timestamp()
    """)
    op.execute("""
        CREATE TABLE bookings (
            id UUID NOT NULL,
            user_id UUID NOT NULL,
            show_id UUID NOT NULL,
            state TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT bookings_pkey PRIMARY KEY (id),
            CONSTRAINT bookings_state_check CHECK (state IN ('PENDING', 'CONFIRMED', 'EXPIRED'))
        )
    """)
    op.execute(
        "COMMENT ON TABLE bookings IS 'bookings that may be or become tickets: whom to tell what happens to their show'"
    )
    op.execute("COMMENT ON COLUMN bookings.created_at IS 'by booking''s clock, as its topic tells it'")
    op.execute("COMMENT ON COLUMN bookings.changed_at IS 'when it came to its state, by that clock'")
    op.execute("CREATE INDEX bookings_confirmed_idx ON bookings (show_id, id) WHERE state = 'CONFIRMED'")
    op.execute("CREATE INDEX bookings_expired_idx ON bookings (changed_at) WHERE state = 'EXPIRED'")
    op.execute("""
        CREATE TABLE commit_markers (
            id UUID NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
            CONSTRAINT commit_markers_pkey PRIMARY KEY (id)
        )
    """)
    op.execute("CREATE INDEX commit_markers_created_at_idx ON commit_markers (created_at)")
    op.execute("""
        CREATE TABLE notices (
            id UUID NOT NULL,
            user_id UUID NOT NULL,
            kind TEXT NOT NULL,
            booking_id UUID NOT NULL,
            show_id UUID NOT NULL,
            number INTEGER NOT NULL,
            amount INTEGER,
            currency TEXT,
            starts_at TIMESTAMP WITH TIME ZONE,
            happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
            read_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT notices_pkey PRIMARY KEY (id),
            CONSTRAINT notices_kind_check CHECK (kind IN ('CONFIRMED', 'EXPIRED', 'CANCELLED', 'PARTLY_REFUNDED', 'REFUNDED', 'SHOW_RESCHEDULED', 'SHOW_CANCELLED')),
            CONSTRAINT notices_booking_id_kind_number_key UNIQUE (booking_id, kind, number),
            CONSTRAINT notices_amount_check CHECK (amount >= 0 AND (amount IS NULL) = (currency IS NULL))
        )
    """)
    op.execute("COMMENT ON COLUMN notices.number IS 'the version of the booking, or of the show, that came by it'")
    op.execute("COMMENT ON COLUMN notices.amount IS 'minor units; null: there is none'")
    op.execute("COMMENT ON COLUMN notices.starts_at IS 'when the show starts, where the notice is about the show'")
    op.execute("COMMENT ON COLUMN notices.happened_at IS 'by the clock of the service that tells it'")
    op.execute("CREATE INDEX notices_read_at_idx ON notices (read_at) WHERE read_at IS NOT NULL")
    op.execute("CREATE INDEX notices_unread_idx ON notices (user_id, id) WHERE read_at IS NULL")
    op.execute("CREATE INDEX notices_user_id_id_idx ON notices (user_id, id)")
    op.execute("""
        CREATE TABLE show_facts (
            show_id UUID NOT NULL,
            number INTEGER NOT NULL,
            kind TEXT NOT NULL,
            starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
            happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
            told_to UUID,
            told_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT show_facts_pkey PRIMARY KEY (show_id, number),
            CONSTRAINT show_facts_kind_check CHECK (kind IN ('SHOW_RESCHEDULED', 'SHOW_CANCELLED'))
        )
    """)
    op.execute("COMMENT ON TABLE show_facts IS 'what has happened to shows, and how far their bookings are told of it'")
    op.execute("COMMENT ON COLUMN show_facts.number IS 'the show''s version, as its topic tells it'")
    op.execute("COMMENT ON COLUMN show_facts.happened_at IS 'by inventory''s clock'")
    op.execute(
        "COMMENT ON COLUMN show_facts.told_to IS 'the bookings up to this one have their notices; null: none has'"
    )
    op.execute("COMMENT ON COLUMN show_facts.told_at IS 'when all bookings had theirs; null: not yet'")
    op.execute("CREATE INDEX show_facts_told_idx ON show_facts (happened_at) WHERE told_at IS NOT NULL")
    op.execute("CREATE INDEX show_facts_untold_idx ON show_facts (show_id, number) WHERE told_at IS NULL")
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
