"""The first schema: catalogue, seats on sale, reservations."""

from alembic import op

revision = "0001"
down_revision = None

SCHEMA = """
CREATE TABLE commit_markers (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT commit_markers_pkey PRIMARY KEY (id)
);

CREATE INDEX commit_markers_created_at_idx ON commit_markers (created_at);

CREATE TABLE events (
    id UUID NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    category TEXT NOT NULL,
    duration_minutes INTEGER NOT NULL,
    language TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (id),
    CONSTRAINT events_category_check CHECK (category IN ('MOVIE', 'CONCERT', 'THEATRE', 'SPORT', 'OTHER')),
    CONSTRAINT events_duration_check CHECK (duration_minutes BETWEEN 1 AND 1440)
);

CREATE INDEX events_category_id_idx ON events (category, id);

CREATE TABLE idempotency_keys (
    user_id UUID NOT NULL,
    method TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    answer BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, method, key)
);

CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

CREATE TABLE reservations (
    show_id UUID NOT NULL,
    booking_id UUID NOT NULL,
    user_id UUID,
    state TEXT NOT NULL,
    seat_ids UUID[] NOT NULL,
    reserved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT reservations_pkey PRIMARY KEY (show_id, booking_id),
    CONSTRAINT reservations_state_check CHECK (state IN ('RESERVED', 'CONFIRMED', 'RELEASED', 'REFUSED')),
    CONSTRAINT reservations_claim_check CHECK (state = 'REFUSED' OR (user_id IS NOT NULL AND seat_ids <> '{}'))
);

COMMENT ON TABLE reservations IS 'what became of every booking''s claim on seats';
COMMENT ON COLUMN reservations.user_id IS 'null where the claim was closed before it was made';

CREATE TABLE seat_changes (
    show_id UUID NOT NULL,
    sequence INTEGER NOT NULL,
    seat_id UUID NOT NULL,
    status TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT seat_changes_pkey PRIMARY KEY (show_id, sequence, seat_id)
);

COMMENT ON TABLE seat_changes IS 'every change of a seat under its show''s number; numbers have no gaps';
CREATE INDEX seat_changes_changed_at_idx ON seat_changes USING brin (changed_at);

CREATE TABLE show_counters (
    show_id UUID NOT NULL,
    sequence INTEGER DEFAULT '0' NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    currency TEXT NOT NULL,
    CONSTRAINT show_counters_pkey PRIMARY KEY (show_id)
);

COMMENT ON TABLE show_counters IS 'the lock for all seats of a show, and what selling them needs to know';
COMMENT ON COLUMN show_counters.sequence IS 'number of the last change';
COMMENT ON COLUMN show_counters.starts_at IS 'the show''s, never changed';
COMMENT ON COLUMN show_counters.currency IS 'the show''s, never changed';

CREATE TABLE show_seats (
    show_id UUID NOT NULL,
    id UUID NOT NULL,
    position INTEGER NOT NULL,
    section TEXT NOT NULL,
    row TEXT NOT NULL,
    number INTEGER NOT NULL,
    tier TEXT NOT NULL,
    price INTEGER NOT NULL,
    status TEXT NOT NULL,
    holder_id UUID,
    booking_id UUID,
    expires_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT show_seats_pkey PRIMARY KEY (show_id, id),
    CONSTRAINT show_seats_tier_check CHECK (tier IN ('REGULAR', 'PREMIUM', 'VIP')),
    CONSTRAINT show_seats_price_check CHECK (price > 0),
    CONSTRAINT show_seats_claim_check CHECK (CASE status
            WHEN 'AVAILABLE' THEN holder_id IS NULL AND booking_id IS NULL AND expires_at IS NULL
            WHEN 'BLOCKED' THEN holder_id IS NULL AND booking_id IS NULL AND expires_at IS NULL
            WHEN 'HELD' THEN holder_id IS NOT NULL AND booking_id IS NULL AND expires_at IS NOT NULL
            WHEN 'RESERVED' THEN holder_id IS NOT NULL AND booking_id IS NOT NULL AND expires_at IS NOT NULL
            WHEN 'BOOKED' THEN holder_id IS NOT NULL AND booking_id IS NOT NULL AND expires_at IS NULL
            ELSE false
        END)
);

COMMENT ON COLUMN show_seats.position IS 'from the front to the back, from 0';
COMMENT ON COLUMN show_seats.price IS 'minor units';
COMMENT ON COLUMN show_seats.holder_id IS 'the user who has it';
COMMENT ON COLUMN show_seats.expires_at IS 'when the claim on it lapses';
CREATE INDEX show_seats_holder_idx ON show_seats (holder_id, show_id) WHERE holder_id IS NOT NULL;
CREATE INDEX show_seats_lapse_idx ON show_seats (expires_at) WHERE status = 'HELD';

CREATE TABLE venues (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT venues_pkey PRIMARY KEY (id)
);

CREATE INDEX venues_city_id_idx ON venues (city, id);

CREATE TABLE screens (
    id UUID NOT NULL,
    venue_id UUID NOT NULL,
    name TEXT NOT NULL,
    seat_count INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT screens_pkey PRIMARY KEY (id),
    CONSTRAINT screens_venue_id_name_key UNIQUE (venue_id, name),
    CONSTRAINT screens_venue_id_fkey FOREIGN KEY(venue_id) REFERENCES venues (id)
);


CREATE TABLE screen_seats (
    screen_id UUID NOT NULL,
    id UUID NOT NULL,
    position INTEGER NOT NULL,
    section TEXT NOT NULL,
    row TEXT NOT NULL,
    number INTEGER NOT NULL,
    tier TEXT NOT NULL,
    CONSTRAINT screen_seats_pkey PRIMARY KEY (screen_id, id),
    CONSTRAINT screen_seats_screen_id_position_key UNIQUE (screen_id, position),
    CONSTRAINT screen_seats_screen_id_section_row_number_key UNIQUE (screen_id, section, row, number),
    CONSTRAINT screen_seats_tier_check CHECK (tier IN ('REGULAR', 'PREMIUM', 'VIP')),
    CONSTRAINT screen_seats_screen_id_fkey FOREIGN KEY(screen_id) REFERENCES screens (id)
);

COMMENT ON COLUMN screen_seats.position IS 'from the front to the back, from 0';

CREATE TABLE shows (
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    screen_id UUID NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    currency TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT shows_pkey PRIMARY KEY (id),
    CONSTRAINT shows_order_check CHECK (starts_at < ends_at),
    CONSTRAINT shows_event_id_fkey FOREIGN KEY(event_id) REFERENCES events (id),
    CONSTRAINT shows_screen_id_fkey FOREIGN KEY(screen_id) REFERENCES screens (id)
);

CREATE INDEX shows_event_id_starts_at_id_idx ON shows (event_id, starts_at, id);
CREATE INDEX shows_screen_id_starts_at_id_idx ON shows (screen_id, starts_at, id);
CREATE INDEX shows_starts_at_id_idx ON shows (starts_at, id);

CREATE TABLE show_prices (
    show_id UUID NOT NULL,
    tier TEXT NOT NULL,
    price INTEGER NOT NULL,
    CONSTRAINT show_prices_pkey PRIMARY KEY (show_id, tier),
    CONSTRAINT show_prices_tier_check CHECK (tier IN ('REGULAR', 'PREMIUM', 'VIP')),
    CONSTRAINT show_prices_price_check CHECK (price > 0),
    CONSTRAINT show_prices_show_id_fkey FOREIGN KEY(show_id) REFERENCES shows (id)
);

COMMENT ON COLUMN show_prices.price IS 'minor units';

CREATE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN clock_timestamp();
"""


def upgrade() -> None:
    """Begin the schema."""
    op.execute(SCHEMA)
