"""The schema: the one source, of which `make migration` writes migrations; a test holds the two equal."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from services.chassis.store import tables as chassis

metadata = chassis.metadata()

commit_markers = chassis.commit_markers(metadata)
outbox = chassis.outbox(metadata)
idempotency_keys = chassis.idempotency_keys(metadata)
topic_progress = chassis.topic_progress(metadata)

booking_accounts = Table(
    "booking_accounts",
    metadata,
    Column("booking_id", Uuid, primary_key=True),
    Column("closed_at", DateTime(timezone=True), comment="since when no session may open any more"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    comment="the lock for the opening of a booking's sessions, and its tombstone",
)

payments = Table(
    "payments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("booking_id", Uuid, ForeignKey("booking_accounts.booking_id"), nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("session_id", Text, nullable=False, unique=True, comment="the bank's checkout session, named by us"),
    Column("amount", Integer, nullable=False, comment="minor units"),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("refunded_amount", Integer, nullable=False, server_default="0", comment="minor units"),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="the session's"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, comment="when it came to its state"),
    Column("next_poll_at", DateTime(timezone=True), comment="when the bank is asked about it"),
    Column("polls", Integer, nullable=False, server_default="0"),
    Column("gateway", Text, nullable=False, server_default="bank", comment="where it was begun, and stays"),
    Column("method", Text, comment="what is paid with, as the gateway told or the customer chose; null: not known"),
    Column("gateway_order_id", Text, comment="the gateway's name for what is to be paid; null: not known"),
    Column("gateway_payment_id", Text, comment="the gateway's name for the payment that was made; null: not known"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("method IN ('CARD', 'UPI', 'NETBANKING')", name="method"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint(
        """CASE state
            WHEN 'PENDING' THEN refunded_amount = 0 AND next_poll_at IS NOT NULL
            WHEN 'SUCCESS' THEN refunded_amount = 0 AND next_poll_at IS NULL
            WHEN 'FAILED' THEN refunded_amount = 0 AND next_poll_at IS NULL
            WHEN 'EXPIRED' THEN refunded_amount = 0 AND next_poll_at IS NULL
            WHEN 'REFUNDED' THEN refunded_amount = amount AND next_poll_at IS NULL
            WHEN 'PARTIALLY_REFUNDED' THEN
                refunded_amount > 0 AND refunded_amount < amount AND next_poll_at IS NULL
            ELSE false
        END""",
        name="state",
    ),
    Index(None, "booking_id", "id"),
    Index("payments_live_key", "booking_id", unique=True, postgresql_where=text("state = 'PENDING'")),
    Index("payments_poll_idx", "next_poll_at", postgresql_where=text("state = 'PENDING'")),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Uuid, primary_key=True, comment="also the bank's name for it; of REQUESTED ones booking's, too"),
    Column("payment_id", Uuid, ForeignKey("payments.id"), nullable=False, index=True),
    Column("cause", Text, nullable=False),
    Column("amount", Integer, nullable=False, comment="minor units"),
    Column("state", Text, nullable=False),
    Column("stuck_reason", Text, comment="why the bank declined it for good"),
    Column("attempts", Integer, nullable=False, server_default="0", comment="tries after the first"),
    Column(
        "undone", Integer, nullable=False, server_default="0", comment="how often it failed after it was carried out"
    ),
    Column("redriven", Integer, nullable=False, server_default="0", comment="how often somebody had it tried again"),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("cause IN ('REQUESTED', 'NO_TICKET', 'DUPLICATE', 'MISMATCH')", name="cause"),
    CheckConstraint(
        """CASE state
            WHEN 'REQUESTED' THEN stuck_reason IS NULL
            WHEN 'SUCCEEDED' THEN stuck_reason IS NULL
            WHEN 'STUCK' THEN stuck_reason IS NOT NULL
            ELSE false
        END""",
        name="state",
    ),
    # Seats may be given back one by one; what bought nothing goes back once.
    Index("refunds_cause_key", "payment_id", "cause", unique=True, postgresql_where=text("cause <> 'REQUESTED'")),
    Index("refunds_due_idx", "next_attempt_at", postgresql_where=text("state = 'REQUESTED'")),
)

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("id", Text, primary_key=True, comment="the bank's name for it"),
    Column("type", Text, nullable=False),
    Column("payment_id", Uuid, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    comment="the inbox: every event that was taken; rows stay for ever",
)

book_differences = Table(
    "book_differences",
    metadata,
    Column(
        "position", BigInteger, primary_key=True, autoincrement=False, comment="of the event in the topic of bookings"
    ),
    Column("booking_id", Uuid, nullable=False),
    Column("payment_id", Uuid, nullable=False),
    Column("difference", Text, nullable=False),
    Column("found_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    comment="what booking has told and these books do not have",
)
