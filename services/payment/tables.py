"""The schema: the one source, of which `make migration` writes migrations; a test holds the two equal."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
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
    Column("fee_amount", Integer, comment="what the gateway has kept of it, with tax; null: not known, or the bank's"),
    Column("fee_tax", Integer, comment="the tax on that"),
    Column("next_fee_at", DateTime(timezone=True), comment="when another gateway than the bank is asked for its fee"),
    Column(
        "disputed_amount", Integer, nullable=False, server_default="0", comment="what the customer's bank wants back"
    ),
    Column("lost_amount", Integer, nullable=False, server_default="0", comment="what it has taken back"),
    Column(
        "refunded_by_disputes",
        Integer,
        nullable=False,
        server_default="0",
        comment="of refunds, what lost disputes had given customers before",
    ),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint(
        "disputed_amount >= 0 AND refunded_by_disputes BETWEEN 0 AND least(lost_amount, refunded_amount)",
        name="disputes",
    ),
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
    Index(None, "user_id", "id"),
    Index("payments_live_key", "booking_id", unique=True, postgresql_where=text("state = 'PENDING'")),
    Index("payments_poll_idx", "next_poll_at", postgresql_where=text("state = 'PENDING'")),
    Index("payments_fee_idx", "next_fee_at", postgresql_where=text("next_fee_at IS NOT NULL")),
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
    Column("by_dispute", Boolean, nullable=False, server_default="false", comment="a lost dispute had paid it before"),
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
    Index("refunds_stuck_idx", "id", postgresql_where=text("state = 'STUCK'")),
)

disputes = Table(
    "disputes",
    metadata,
    Column("id", Text, primary_key=True, comment="the gateway's name for it"),
    Column("payment_id", Uuid, ForeignKey("payments.id"), nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("amount", Integer, nullable=False, comment="minor units"),
    Column("lost_amount", Integer, nullable=False, comment="what was taken, minor units"),
    Column("respond_by", DateTime(timezone=True), comment="until when the gateway takes an answer"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint(
        """CASE state
            WHEN 'OPEN' THEN lost_amount = 0
            WHEN 'WON' THEN lost_amount = 0
            WHEN 'LOST' THEN lost_amount > 0
            WHEN 'CLOSED' THEN lost_amount = 0
            ELSE false
        END""",
        name="state",
    ),
    comment="payments that customers' banks want back",
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("movement_id", Uuid, nullable=False, comment="entries of one movement add up to 0"),
    Column("payment_id", Uuid, ForeignKey("payments.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("reference", Text, nullable=False, comment="the refund or dispute; else empty"),
    Column("account", Text, nullable=False),
    Column("amount", Integer, nullable=False, comment="minor units of the payment's currency"),
    Column("booked_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    CheckConstraint("amount <> 0", name="amount"),
    CheckConstraint("kind IN ('CAPTURE', 'FEE', 'REFUND', 'REFUND_UNDONE', 'DISPUTE')", name="kind"),
    CheckConstraint("account IN ('BALANCE', 'CUSTOMERS', 'FEES', 'TAXES', 'DISPUTES')", name="account"),
    comment="what gateways did with money, but for the bank, which has a ledger; rows are only added",
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
