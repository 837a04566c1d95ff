"""The schema: the one source, of which `make migration` writes migrations; a test holds the two equal."""

from sqlalchemy import (
    ARRAY,
    DDL,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    event,
    text,
)

from services.booking.gate_tables import metadata
from services.chassis.store import tables as chassis

__all__ = ["metadata"]

commit_markers = chassis.commit_markers(metadata)
idempotency_keys = chassis.idempotency_keys(metadata)
outbox = chassis.outbox(metadata)
topics = chassis.topics(metadata)
topic_events = chassis.topic_events(metadata)
topic_progress = chassis.topic_progress(metadata)

free_bookings = Table(
    "free_bookings",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("day", Date, nullable=False, index=True, comment="by UTC"),
    Column("made", Integer, nullable=False, comment="on that day, whatever has become of them"),
    CheckConstraint("made >= 0", name="made"),
    comment="how many free bookings users have made; the lock under which they are counted",
)

closed_users = Table(
    "closed_users",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("closed_until", DateTime(timezone=True), nullable=False, index=True),
    comment="users who book nothing for now, as their accounts are deleted or about to be",
)

NEW_BOOKING_NUMBER = """
CREATE FUNCTION new_booking_number() RETURNS text LANGUAGE sql VOLATILE PARALLEL SAFE RETURN (
    SELECT string_agg(
        substr('23456789ABCDEFGHJKMNPQRSTVWXYZ', (drawn.bits / power(30, place)::bigint % 30)::int + 1, 1), ''
    )
    FROM (
        SELECT ('x' || substr(hex, 1, 12) || substr(hex, 14, 3))::bit(60)::bigint AS bits
        FROM (SELECT replace(gen_random_uuid()::text, '-', '') AS hex) AS random
    ) AS drawn CROSS JOIN generate_series(0, 9) AS place
)
"""
"""Draws a number for a booking: ten characters of thirty, by 60 random bits."""

_before = DDL(NEW_BOOKING_NUMBER.replace("%", "%%"))  # type: ignore[no-untyped-call]  # SQLAlchemy's own
event.listen(metadata, "before_create", _before)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column(
        "booking_number",
        Text,
        server_default=text("new_booking_number()"),
        comment="by what people name it; null until a job has numbered it: code from before",
    ),
    Column("user_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1", comment="counts moves; fences late workers off"),
    Column("confirming_from", Text, comment="what callers see while CONFIRMING"),
    Column("lease_until", DateTime(timezone=True), comment="when recovery takes an unfinished step over"),
    Column("total_amount", Integer, nullable=False, server_default="0", comment="minor units; frozen when reserved"),
    Column("discount_amount", Integer, nullable=False, server_default="0", comment="minor units, as are fee and tax"),
    Column("fee_amount", Integer, nullable=False, server_default="0"),
    Column("tax_amount", Integer, nullable=False, server_default="0"),
    Column("final_amount", Integer, comment="what is paid, minor units; null: total_amount, by code from before"),
    Column("prices_include_tax", Boolean, nullable=False, server_default="false"),
    Column("seller_id", Uuid, comment="by whom it is sold; null: nobody has said so, and there is no invoice"),
    Column("place_of_supply", Text, nullable=False, server_default=""),
    Column("currency", Text, nullable=False, server_default=""),
    Column("expires_at", DateTime(timezone=True), comment="by inventory's clock"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("confirmed_at", DateTime(timezone=True), comment="null, by code from before: updated_at of a CONFIRMED one"),
    Column("payment_id", Uuid, comment="the payment that buys the ticket; null: nothing is paid for it"),
    Column("refund_amount", Integer, comment="minor units, of all its refunds"),
    Column("refund_percentage", Integer, comment="how much of what was paid that is"),
    Column("refund_count", Integer, nullable=False, server_default="0", comment="0 with an amount: code from before"),
    Column("refund_stuck", Boolean, nullable=False, server_default="false", comment="of code from before"),
    Column("idempotency_key", Text),
    Column("request_hash", LargeBinary),
    # The show: its words as they were when it was booked, its times and its screen as they are.
    Column("show_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("is_movie", Boolean, nullable=False),
    Column("title", Text, nullable=False),
    Column("theatre", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("screen", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("sales_end_at", DateTime(timezone=True), comment="as inventory reserved by it; null: at the start"),
    Column("organization_id", Uuid, comment="whose the show is; null: Boxoffice's own, or by code from before"),
    Column(
        "ticket_ids",
        ARRAY(Uuid),
        comment="of its seats, in their order, once it is confirmed; null until a job has named them: code from before",
    ),
    Column("time_zone", Text, comment="the venue's, IANA's name of it; null where code from before wrote the row"),
    Column("show_revision", Integer, comment="of the show, whose times and screen these are; null: code from before"),
    Column("booked_starts_at", DateTime(timezone=True), comment="when it was to start; null: as it does"),
    Column("full_refund_until", DateTime(timezone=True), comment="as the show was rescheduled; null: it was not"),
    Column("seat_labels", ARRAY(Text), nullable=False, server_default="{}", comment="kept when seat rows are archived"),
    # Coupons are never deleted, so no reference is checked; the audit looks for each.
    Column("coupon_code", Text, comment="unless the booking is over, it is a use of the coupon"),
    Column("cancel_reason", Text, comment="why it is CANCELLED; null: by its user, or it is not"),
    Column("guest_name", Text, comment="for whom the organizer has booked, for nothing; null: it is a customer's"),
    CheckConstraint(
        """CASE state
            WHEN 'RESERVING' THEN lease_until IS NOT NULL AND expires_at IS NULL AND payment_id IS NULL
            WHEN 'PENDING' THEN expires_at IS NOT NULL AND payment_id IS NULL AND refund_amount IS NULL
            WHEN 'CONFIRMING' THEN lease_until IS NOT NULL AND refund_amount IS NULL
                AND (payment_id IS NULL) = (coalesce(final_amount, total_amount) = 0)
            WHEN 'CONFIRMED' THEN (payment_id IS NULL) = (coalesce(final_amount, total_amount) = 0)
                AND (refund_amount IS NOT NULL) = (refund_count > 0)
            WHEN 'REFUNDING' THEN lease_until IS NOT NULL AND payment_id IS NOT NULL AND refund_amount > 0
                AND refund_count = 0
            WHEN 'REFUNDED' THEN (payment_id IS NULL) = (coalesce(final_amount, total_amount) = 0)
                AND refund_amount IS NOT NULL AND (refund_amount > 0 OR refund_count > 0)
            WHEN 'CANCELLED' THEN payment_id IS NULL AND refund_amount IS NULL
            WHEN 'EXPIRED' THEN payment_id IS NULL AND refund_amount IS NULL
            ELSE false
        END""",
        name="shape",
    ),
    CheckConstraint("(state = 'CONFIRMING') = (confirming_from IS NOT NULL)", name="confirming_from"),
    CheckConstraint("state = 'RESERVING' OR (total_amount >= 0 AND currency <> '')", name="price"),
    CheckConstraint(
        """discount_amount BETWEEN 0 AND total_amount AND fee_amount >= 0 AND tax_amount >= 0
        AND coalesce(final_amount, total_amount) = total_amount::bigint - discount_amount + fee_amount
            + CASE WHEN prices_include_tax THEN 0 ELSE tax_amount END""",
        name="amounts",
    ),
    CheckConstraint("refund_amount <= coalesce(final_amount, total_amount)", name="refund"),
    CheckConstraint("guest_name IS NULL OR coalesce(final_amount, total_amount) = 0", name="guest"),
    CheckConstraint(
        "cancel_reason IS NULL OR (state = 'CANCELLED' AND cancel_reason IN ('BY_USER', 'SHOW_CANCELLED'))",
        name="cancel_reason",
    ),
    CheckConstraint("confirmed_at IS NULL OR state IN ('CONFIRMED', 'REFUNDING', 'REFUNDED')", name="confirmed_at"),
    Index("bookings_user_idx", "user_id", "id"),
    Index("bookings_show_idx", "show_id", "id"),
    Index("bookings_number_idx", "booking_number", unique=True),
    # One booking per key, from before its seats are asked for.
    Index(
        "bookings_idempotency_idx",
        "user_id",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
    ),
    Index("bookings_due_idx", "expires_at", postgresql_where=text("state = 'PENDING'")),
    Index(
        "bookings_unfinished_idx",
        "lease_until",
        postgresql_where=text("state IN ('RESERVING', 'CONFIRMING', 'REFUNDING')"),
    ),
    # The uses of coupons.
    Index(
        "bookings_coupon_idx",
        "coupon_code",
        "user_id",
        postgresql_where=text("coupon_code IS NOT NULL AND state NOT IN ('CANCELLED', 'EXPIRED', 'REFUNDED')"),
    ),
    # Guests whose names are to be forgotten.
    Index("bookings_guests_idx", "starts_at", postgresql_where=text("guest_name <> ''")),
    Index("bookings_without_tickets_idx", "id", postgresql_where=text("state = 'CONFIRMED' AND ticket_ids IS NULL")),
    Index("bookings_archive_idx", "updated_at", postgresql_where=text("state IN ('CANCELLED', 'EXPIRED')")),
)

booking_seats = Table(
    "booking_seats",
    metadata,
    Column("booking_id", Uuid, ForeignKey("bookings.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("seat_id", Uuid, nullable=False),
    Column("section", Text, nullable=False),
    Column("row", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("tier", Text, nullable=False),
    Column("price", Integer, nullable=False, comment="minor units, frozen, as are discount, fee and tax"),
    Column("discount", Integer, nullable=False, server_default="0"),
    Column("fee", Integer, nullable=False, server_default="0"),
    Column("tax", Integer, nullable=False, server_default="0"),
    Column("tax_basis_points", Integer, nullable=False, server_default="0", comment="the rate of the tax"),
    Column("sac_code", Text, nullable=False, server_default=""),
    Column(
        "order_amount",
        Integer,
        nullable=False,
        server_default="0",
        comment="of what is paid for it: fees of the order with their tax, which come back with the last seat",
    ),
    Column(
        "unrefundable_amount",
        Integer,
        nullable=False,
        server_default="0",
        comment="of what is paid for it: fees with their tax that never come back",
    ),
    Column("organizer_fee", Integer, nullable=False, server_default="0", comment="not in what is paid for it"),
    Column(
        "kind", Text, nullable=False, server_default="ADULT", comment="of the ticket: others have prices of their own"
    ),
    Column("label", Text, comment="what people read on it; null: its number"),
    Column("features", Text, comment="what is special about it, commas between; null: nothing"),
    Column("refund_id", Uuid, comment="the refund by which it was given back; null while it is left"),
    Column("refund_amount", Integer, comment="what comes back of it, minor units"),
    PrimaryKeyConstraint("booking_id", "position"),
    CheckConstraint("discount BETWEEN 0 AND price AND fee >= 0 AND tax >= 0", name="line"),
    CheckConstraint(
        "least(order_amount, unrefundable_amount, organizer_fee) >= 0 AND "
        "order_amount::bigint + unrefundable_amount <= fee::bigint + tax",
        name="fees",
    ),
    CheckConstraint("(refund_id IS NULL) = (refund_amount IS NULL) AND coalesce(refund_amount, 0) >= 0", name="refund"),
)

booking_refunds = Table(
    "booking_refunds",
    metadata,
    Column("id", Uuid, primary_key=True, comment="also payment's and the bank's name for it"),
    Column("booking_id", Uuid, ForeignKey("bookings.id"), nullable=False),
    Column("number", Integer, nullable=False, comment="of the booking, from 1"),
    Column("amount", Integer, nullable=False, comment="minor units: its seats' amounts and order_amount"),
    Column("order_amount", Integer, nullable=False, server_default="0", comment="of the order's fees; the last one's"),
    Column("percentage", Integer, nullable=False),
    Column("cause", Text, nullable=False),
    Column("decided_by", Uuid, comment="the user, or who of the staff; null: unverified"),
    Column("reason", Text, nullable=False, comment="why the staff granted it"),
    Column("state", Text, nullable=False),
    Column("stuck", Boolean, nullable=False, server_default="false", comment="declined for good by the bank"),
    Column(
        "undone", Integer, nullable=False, server_default="0", comment="how often it failed after it was carried out"
    ),
    Column("lease_until", DateTime(timezone=True), comment="when recovery takes it over"),
    Column("idempotency_key", Text, comment="of the request that began it"),
    Column("tickets_revoked", Boolean, nullable=False, server_default="false", comment="false: by code from before"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, comment="when it came to its state"),
    UniqueConstraint("booking_id", "number"),
    CheckConstraint("number > 0 AND amount >= 0 AND percentage BETWEEN 1 AND 100", name="amount"),
    CheckConstraint("order_amount BETWEEN 0 AND amount", name="order_amount"),
    CheckConstraint(
        """CASE cause
            WHEN 'REQUESTED' THEN decided_by IS NOT NULL AND reason = ''
            WHEN 'GRANTED' THEN reason <> ''
            WHEN 'SHOW_CANCELLED' THEN percentage = 100 AND reason = ''
            WHEN 'SHOW_RESCHEDULED' THEN percentage = 100 AND reason = ''
            ELSE false
        END""",
        name="cause",
    ),
    CheckConstraint(
        """CASE state
            WHEN 'PROCESSING' THEN lease_until IS NOT NULL
            WHEN 'REFUNDED' THEN lease_until IS NULL AND NOT stuck
            ELSE false
        END""",
        name="state",
    ),
    Index("booking_refunds_unfinished_idx", "lease_until", postgresql_where=text("state = 'PROCESSING'")),
    Index("booking_refunds_of_before_idx", "id", postgresql_where=text("NOT tickets_revoked")),
    comment="refunds of seats of bookings, each with its own way to payment and the bank",
)

cancelled_shows = Table(
    "cancelled_shows",
    metadata,
    Column("show_id", Uuid, primary_key=True),
    Column("event_id", Uuid, comment="with which it was cancelled; null: by itself"),
    Column("reason", Text, nullable=False, comment="as it was given; empty where inventory's topic alone told of it"),
    Column("cancelled_by", Uuid, comment="null: unverified"),
    Column("by_admin", Boolean, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("cancelled_at", DateTime(timezone=True), comment="null: inventory has not said so yet"),
    Column("swept_to", Uuid, comment="the last booking that was looked at in this pass over all of them"),
    Column("lease_until", DateTime(timezone=True), nullable=False, comment="when the sweep goes on, or is taken over"),
    Column("done_at", DateTime(timezone=True), comment="since when no ticket and no money is left of it"),
    CheckConstraint("done_at IS NULL OR cancelled_at IS NOT NULL", name="done"),
    Index("cancelled_shows_unfinished_idx", "lease_until", postgresql_where=text("done_at IS NULL")),
    comment="shows that are cancelled, or about to be, and the sweeps of their bookings",
)

show_updates = Table(
    "show_updates",
    metadata,
    Column("show_id", Uuid, primary_key=True),
    Column("revision", Integer, nullable=False, comment="the greatest that anybody has told of"),
    Column("noted_at", DateTime(timezone=True), nullable=False),
    Column("swept_to", Uuid, comment="the last booking that was updated in this pass over all of them"),
    Column("lease_until", DateTime(timezone=True), nullable=False, comment="when it goes on, or is taken over"),
    Column("done_at", DateTime(timezone=True), comment="since when all bookings that count have this revision"),
    Index("show_updates_unfinished_idx", "lease_until", postgresql_where=text("done_at IS NULL")),
    comment="shows whose times or halls were edited, and how far their bookings follow",
)

booking_exports = Table(
    "booking_exports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("show_id", Uuid, nullable=False),
    Column("organization_id", Uuid, comment="whose the show is; null: Boxoffice's own"),
    Column("exported_by", Uuid, comment="null: unverified"),
    Column("with_contacts", Boolean, nullable=False, comment="whether e-mail addresses and phone numbers were in it"),
    Column("bookings", Integer, nullable=False, server_default="0", comment="written before they are handed out"),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("completed_at", DateTime(timezone=True), comment="null: it goes on, or was cut short"),
    CheckConstraint("bookings >= 0", name="bookings"),
    Index("booking_exports_organization_idx", "organization_id", "id"),
    comment="who has had which bookings as a file",
)

booking_names = Table(
    "booking_names",
    metadata,
    Column("organization_id", Uuid, nullable=False, comment="whose the show is; zero: Boxoffice's own"),
    Column("word", Text(collation="C"), nullable=False, comment="of the name (chassis/values/words.py)"),
    Column("booking_id", Uuid, ForeignKey("bookings.id"), nullable=False, index=True),
    PrimaryKeyConstraint("organization_id", "word", "booking_id"),
    comment="whom bookings are for, as it was said when they were confirmed: by this they are searched",
)

search_budgets = Table(
    "search_budgets",
    metadata,
    Column("user_id", Uuid, primary_key=True, comment="zero: unverified callers"),
    Column("whole_at", DateTime(timezone=True), nullable=False, index=True, comment="when all searches may be made"),
    comment="how often bookings were searched",
)

captures = Table(
    "captures",
    metadata,
    Column("payment_id", Uuid, primary_key=True),
    Column("booking_id", Uuid, ForeignKey("bookings.id"), nullable=False, index=True),
    Column("session_id", Text, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("settlement", Text, nullable=False, comment="CONFIRM until it is known which"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("settlement IN ('CONFIRM', 'KEPT', 'NO_TICKET', 'DUPLICATE', 'MISMATCH')", name="settlement"),
    # Money that is kept, or may be: at most one capture of a booking.
    Index(
        "captures_kept_idx",
        "booking_id",
        unique=True,
        postgresql_where=text("settlement IN ('CONFIRM', 'KEPT')"),
    ),
    comment="money that was taken for bookings, and what it came to",
)

declines = Table(
    "declines",
    metadata,
    Column("payment_id", Uuid, primary_key=True),
    Column("booking_id", Uuid, ForeignKey("bookings.id"), nullable=False, index=True),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    comment="declined payments that were heard of: each extends its booking once",
)
