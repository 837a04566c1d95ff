"""The schema: the one source, of which `make migration` writes migrations; a test holds the two equal."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.chassis.store import tables as chassis
from services.inventory.marker_tables import metadata as metadata

commit_markers = chassis.commit_markers(metadata)
idempotency_keys = chassis.idempotency_keys(metadata)
topics = chassis.topics(metadata)
topic_events = chassis.topic_events(metadata)

LARGEST = "the largest by which its seats were taken; null: unknown"
TIERS = "tier IN ('REGULAR', 'PREMIUM', 'VIP')"
CATEGORIES = "category IN ('MOVIE', 'CONCERT', 'THEATRE', 'SPORT', 'OTHER', 'COMEDY', 'CONFERENCE')"
SHOW_STATUSES = "status IN ('DRAFT', 'SCHEDULED', 'CANCELLED')"
NOW = text("clock_timestamp()")
SHARED = "the other organizations that may make shows of it or there; null: everybody"
OWNER = "the organization whose it is, by identity; null: Boxoffice's own"
LABEL = "what people read on it; null: its number"
FEATURES = "WHEELCHAIR, COMPANION, RESTRICTED_VIEW; null: none"
MULTIPLIER = "of its tier's price, in thousandths; null: 1000"
AREA = "the area that it is a place of; null: it is a seat"
PLACES = "area_id IS NOT NULL"
KEY = "what looks alike has the same (chassis/values/writing.py); null where code from before wrote the row"

# --- The catalogue: written once, read often.

events = Table(
    "events",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("duration_minutes", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("organization_id", Uuid, comment=OWNER),
    Column("shared_with", ARRAY(Uuid), comment=SHARED),
    Column("status", Text, nullable=False, server_default="PUBLISHED"),
    Column("updated_at", DateTime(timezone=True), comment="of its last edit; null: it is as it was made"),
    Column("featured", Boolean, nullable=False, server_default="false", comment="whether admins recommend it"),
    CheckConstraint(CATEGORIES, name="category"),
    CheckConstraint("duration_minutes BETWEEN 1 AND 1440", name="duration"),
    Column("seat_limit", SmallInteger, comment="of its shows that do not say it; null: what the setting says"),
    CheckConstraint("status IN ('DRAFT', 'PUBLISHED', 'COMPLETED', 'CANCELLED')", name="status"),
    Index(None, "category", "id"),
    Index(None, "organization_id", "id"),
)

venues = Table(
    "venues",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("city_key", Text, comment=KEY),
    Column("organization_id", Uuid, comment=OWNER),
    Column("shared_with", ARRAY(Uuid), comment=SHARED),
    Column("updated_at", DateTime(timezone=True), comment="of its last edit; null: it is as it was made"),
    Column("time_zone", Text, nullable=False, server_default="", comment="IANA's name of it; empty: UTC"),
    Column("amenities", ARRAY(Text), nullable=False, server_default="{}"),
    Column("capacity", Text, nullable=False, server_default="", comment="as it is stated, in words"),
    Index(None, "city", "id"),
    Index(None, "city_key", "id"),
    Index(None, "time_zone"),
)

screens = Table(
    "screens",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("venue_id", Uuid, ForeignKey("venues.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("seat_count", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("name_key", Text, comment=KEY),
    UniqueConstraint("venue_id", "name"),
    Index(None, "venue_id", "name_key", unique=True),
)

screen_seats = Table(
    "screen_seats",
    metadata,
    Column("screen_id", Uuid, ForeignKey("screens.id"), nullable=False),
    Column("id", Uuid, nullable=False),
    Column("position", Integer, nullable=False, comment="from the front to the back, from 0"),
    Column("section", Text, nullable=False),
    Column("row", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("tier", Text, nullable=False),
    Column("section_key", Text, comment=KEY),
    Column("row_key", Text, comment=KEY),
    Column("label", Text, comment=LABEL),
    Column("x", Integer, comment="where it is in the plan, to the right; null: it was not said"),
    Column("y", Integer, comment="the same, downwards"),
    Column("features", ARRAY(Text), comment=FEATURES),
    Column("companion_of", Uuid, comment="the wheelchair seat whose companion sits here; null: nobody's"),
    Column("price_multiplier", Integer, comment=MULTIPLIER),
    Column("area_id", Uuid, comment=AREA),
    PrimaryKeyConstraint("screen_id", "id"),
    UniqueConstraint("screen_id", "position"),
    UniqueConstraint("screen_id", "section", "row", "number"),
    Index("screen_seats_keys_idx", "screen_id", "section_key", "row_key", "number", unique=True),
    CheckConstraint(TIERS, name="tier"),
)

shows = Table(
    "shows",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("event_id", Uuid, ForeignKey("events.id"), nullable=False),
    Column("screen_id", Uuid, ForeignKey("screens.id"), nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("currency", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("sales_end_at", DateTime(timezone=True), comment="null: at its start"),
    Column("organization_id", Uuid, comment=OWNER),
    Column("status", Text, nullable=False, server_default="SCHEDULED"),
    Column("sales_start_at", DateTime(timezone=True), comment="null: at once"),
    Column("seat_limit", SmallInteger, comment="how many seats a user may have; null: what the setting says"),
    Column(
        "revision", Integer, nullable=False, server_default="1", comment="counts the edits of its times and its hall"
    ),
    Column("seat_count", Integer, comment="how many of its screen's seats it has, from the front; null: all"),
    CheckConstraint("starts_at < ends_at", name="order"),
    CheckConstraint(SHOW_STATUSES, name="status"),
    CheckConstraint("sales_start_at < coalesce(sales_end_at, starts_at)", name="sales_start"),
    CheckConstraint("sales_end_at <= starts_at", name="sales_end"),
    Index(None, "starts_at", "id"),
    Index(None, "event_id", "starts_at", "id"),
    Index(None, "screen_id", "starts_at", "id"),
    Index(None, "organization_id", "starts_at", "id"),
)

show_prices = Table(
    "show_prices",
    metadata,
    Column("show_id", Uuid, ForeignKey("shows.id"), nullable=False),
    Column("tier", Text, nullable=False),
    Column("price", Integer, nullable=False, comment="minor units"),
    PrimaryKeyConstraint("show_id", "tier"),
    CheckConstraint(TIERS, name="tier"),
    CheckConstraint("price >= 0", name="price"),
)

# --- Seats on sale: written all the time. Every key begins with the show, so that these tables can be distributed
# --- by it; they have no foreign keys, because every write of them happens under the show's lock.

show_counters = Table(
    "show_counters",
    metadata,
    Column("show_id", Uuid, primary_key=True),
    Column("sequence", Integer, nullable=False, server_default="0", comment="number of the last change"),
    Column("starts_at", DateTime(timezone=True), nullable=False, comment="the show's"),
    Column("currency", Text, nullable=False, comment="the show's, never changed"),
    Column("sales_end_at", DateTime(timezone=True), comment="the show's; null: at its start"),
    Column("max_seats_per_user", SmallInteger, comment=LARGEST),
    Column("seat_hold_minutes", SmallInteger, comment=LARGEST),
    Column("seat_hold_max_minutes", SmallInteger, comment=LARGEST),
    Column("reservation_max_minutes", SmallInteger, comment=LARGEST),
    Column("status", Text, nullable=False, server_default="SCHEDULED", comment="the show's"),
    Column("sales_start_at", DateTime(timezone=True), comment="null: at once"),
    Column("seat_limit", SmallInteger, comment="the show's; null: what the setting says"),
    Column(
        "revision", Integer, nullable=False, server_default="1", comment="counts the edits of its times and its hall"
    ),
    Column("prices_version", Integer, nullable=False, server_default="1", comment="which list of prices is valid"),
    CheckConstraint("sales_end_at <= starts_at", name="sales_end"),
    CheckConstraint(SHOW_STATUSES, name="status"),
    CheckConstraint("sales_start_at < coalesce(sales_end_at, starts_at)", name="sales_start"),
    comment="the lock for all seats of a show, and what selling them needs to know",
)

list_prices = Table(
    "list_prices",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False, comment="from 1"),
    Column("tier", Text, nullable=False),
    Column("price", Integer, nullable=False, comment="minor units"),
    PrimaryKeyConstraint("show_id", "version", "tier"),
    CheckConstraint(TIERS, name="tier"),
    CheckConstraint("price >= 0", name="price"),
    comment="what a seat costs on which there is no claim: each list that a show has had",
)

show_seats = Table(
    "show_seats",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("position", Integer, nullable=False, comment="from the front to the back, from 0"),
    Column("section", Text, nullable=False),
    Column("row", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("tier", Text, nullable=False),
    Column("price", Integer, nullable=False, comment="of the claim on it, in minor units; says nothing where none is"),
    Column("status", Text, nullable=False),
    Column("holder_id", Uuid, comment="the user who has it"),
    Column("booking_id", Uuid),
    Column("expires_at", DateTime(timezone=True), comment="when the claim on it lapses"),
    Column("held_at", DateTime(timezone=True), comment="when its holder held it; null: taken without a hold"),
    Column("blocked_for", Text, comment="why nobody may take it, whoever has it now; null: it is for sale"),
    Column(
        "right_id",
        Uuid,
        comment="by what the claim on it has it, blocked: an access code, 0 a guest, 1 it was there before the block",
    ),
    Column("label", Text, comment=LABEL),
    Column("features", ARRAY(Text), comment=FEATURES),
    Column("companion_of", Uuid, comment="the wheelchair seat whose companion sits here; null: nobody's"),
    Column("price_multiplier", Integer, comment=MULTIPLIER),
    Column("area_id", Uuid, comment=AREA),
    PrimaryKeyConstraint("show_id", "id"),
    CheckConstraint(TIERS, name="tier"),
    CheckConstraint("price >= 0", name="price"),
    CheckConstraint(
        """CASE status
            WHEN 'AVAILABLE' THEN holder_id IS NULL AND booking_id IS NULL AND expires_at IS NULL
            WHEN 'BLOCKED' THEN holder_id IS NULL AND booking_id IS NULL AND expires_at IS NULL
            WHEN 'HELD' THEN holder_id IS NOT NULL AND booking_id IS NULL AND expires_at IS NOT NULL
            WHEN 'RESERVED' THEN holder_id IS NOT NULL AND booking_id IS NOT NULL AND expires_at IS NOT NULL
            WHEN 'BOOKED' THEN holder_id IS NOT NULL AND booking_id IS NOT NULL AND expires_at IS NULL
            ELSE false
        END""",
        name="claim",
    ),
    # The seats a user has: for the cap, and to release holds.
    Index("show_seats_holder_idx", "holder_id", "show_id", postgresql_where=text("holder_id IS NOT NULL")),
    # What is had by access codes.
    Index("show_seats_right_idx", "show_id", "right_id", postgresql_where=text("right_id IS NOT NULL")),
    # Which seat of a show is free first: one that is free has no end.
    Index(
        "show_seats_for_sale_idx",
        "show_id",
        text("expires_at NULLS FIRST"),
        postgresql_where=text("status IN ('AVAILABLE', 'HELD', 'RESERVED') AND blocked_for IS NULL"),
    ),
    # Places of areas: how many there are, and which are free.
    Index("show_seats_place_idx", "show_id", "area_id", "number", postgresql_where=text(PLACES)),
    Index(
        *("show_seats_free_place_idx", "show_id", "area_id", "number"),
        postgresql_where=text(f"{PLACES} AND status = 'AVAILABLE'"),
    ),
    Index(  # for codes and guests, and to block and unblock so many
        *("show_seats_blocked_place_idx", "show_id", "area_id", "number"),
        postgresql_where=text(f"{PLACES} AND (blocked_for IS NOT NULL OR status = 'BLOCKED')"),
    ),
    # Holds to tidy.
    Index("show_seats_lapse_idx", "expires_at", postgresql_where=text("status = 'HELD'")),
)

reservations = Table(
    "reservations",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("booking_id", Uuid, nullable=False),
    Column("user_id", Uuid, comment="null where the claim was closed before it was made"),
    Column("state", Text, nullable=False),
    Column("seat_ids", ARRAY(Uuid), nullable=False),
    Column("reserved_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column(
        "prices",
        ARRAY(Integer),
        comment="of its seats, frozen, in minor units; null where code from before wrote the row",
    ),
    Column("right_ids", ARRAY(Uuid), comment="by which rights it was made on its seats, frozen; null: without any"),
    PrimaryKeyConstraint("show_id", "booking_id"),
    CheckConstraint("state IN ('RESERVED', 'CONFIRMED', 'RELEASED', 'REFUSED')", name="state"),
    CheckConstraint("state = 'REFUSED' OR (user_id IS NOT NULL AND seat_ids <> '{}')", name="claim"),
    comment="what became of every booking's claim on seats",
)

unbooked_holds = Table(
    "unbooked_holds",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("window_began_at", DateTime(timezone=True), nullable=False, index=True),
    Column("minutes", Integer, nullable=False),
    PrimaryKeyConstraint("show_id", "user_id"),
    CheckConstraint("minutes > 0", name="minutes"),
    comment="for how many minutes users have held seats without booking them, in their last window of time",
)

access_codes = Table(
    "access_codes",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("code", Text, nullable=False, comment="in large letters"),
    Column("reason", Text, comment="it is for seats that are blocked for this; null: for those of seat_ids"),
    Column("seat_ids", ARRAY(Uuid), nullable=False),
    Column("max_seats", Integer, nullable=False, comment="how many may be had by it at once"),
    Column("ends_at", DateTime(timezone=True), comment="null: with sales"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("show_id", "id"),
    UniqueConstraint("show_id", "code"),
    CheckConstraint("(reason IS NULL) = (seat_ids <> '{}')", name="seats"),
    CheckConstraint("max_seats > 0", name="max_seats"),
    comment="by which blocked seats are taken; how many are had by each, the seats' rows say",
)

access_code_tries = Table(
    "access_code_tries",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("tried_at", ARRAY(DateTime(timezone=True)), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, index=True),
    PrimaryKeyConstraint("show_id", "user_id"),
    comment="when users have tried access codes that cannot be used",
)

cancelled_shows = Table(
    "cancelled_shows",
    metadata,
    Column("show_id", Uuid, ForeignKey("shows.id"), primary_key=True),
    Column("cancelled_at", DateTime(timezone=True), nullable=False),
    Column("cleared_at", DateTime(timezone=True), comment="since when none of its seats is held or reserved"),
    Index("cancelled_shows_unfinished_idx", "cancelled_at", postgresql_where=text("cleared_at IS NULL")),
    comment="shows that are cancelled; their seats are cleared in batches",
)

show_changes = Table(
    "show_changes",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("prices_version", Integer, comment="which list of prices became valid"),
    Column("revision", Integer, comment="of the show from then on, with its times"),
    Column("starts_at", DateTime(timezone=True)),
    Column("sales_end_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("show_id", "sequence"),
    CheckConstraint("kind IN ('PRICES', 'CANCELLED', 'RESCHEDULED')", name="kind"),
    CheckConstraint("(kind = 'PRICES') = (prices_version IS NOT NULL)", name="prices"),
    CheckConstraint(
        "num_nonnulls(revision, starts_at, sales_end_at) = CASE kind WHEN 'RESCHEDULED' THEN 3 ELSE 0 END", name="times"
    ),
    Index("show_changes_changed_at_idx", "changed_at", postgresql_using="brin"),
    comment="changes of a show as a whole, numbered with those of its seats",
)

seat_changes = Table(
    "seat_changes",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("seat_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("price", Integer, comment="what it costs from then on; null where code from before wrote the row"),
    Column("blocked", Boolean, comment="whether it is BLOCKED once it is nobody's; null: it is not"),
    Column("area_id", Uuid, comment=AREA),
    PrimaryKeyConstraint("show_id", "sequence", "seat_id"),
    Index("seat_changes_changed_at_idx", "changed_at", postgresql_using="brin"),
    comment="every change of a seat under its show's number; numbers have no gaps",
)
