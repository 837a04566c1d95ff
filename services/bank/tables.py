"""The schema: the one source, of which `make migration` writes migrations; a test holds the two equal.

Names have no schema: the bank's role finds its own by its search path.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from services.chassis.store import tables as chassis

metadata = chassis.metadata()

commit_markers = chassis.commit_markers(metadata)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True, comment="made by the merchant: sess_ and a UUID"),
    Column("payment_id", Uuid, nullable=False, comment="the merchant's name for the payment"),
    Column("amount", Integer, nullable=False, comment="minor units"),
    Column("currency", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("items", ARRAY(Text), nullable=False),
    Column("status", Text, nullable=False),
    Column("refunded_amount", Integer, nullable=False, server_default="0", comment="minor units"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    Column("ended_at", DateTime(timezone=True)),
    Column("order_id", Text, nullable=False, server_default="", comment="the merchant's name for what is paid for"),
    Column("payment_method", Text, comment="the scenario that was chosen or drawn"),
    Column("decides_at", DateTime(timezone=True), comment="when the payment that is under way is decided"),
    Column("method", Text, comment="what is paid with, or was chosen at the merchant's; null: neither"),
    Column(
        "gateway_order_id", Text, comment="our name for what is to be paid; null: opened before there were such names"
    ),
    Column("gateway_payment_id", Text, comment="our name for the newest payment that was begun; null: none"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("status IN ('OPEN', 'CAPTURED', 'DECLINED', 'EXPIRED', 'CLOSED')", name="status"),
    CheckConstraint("(status = 'OPEN') = (ended_at IS NULL)", name="end"),
    CheckConstraint(
        """CASE status
            WHEN 'CAPTURED' THEN refunded_amount BETWEEN 0 AND amount
            ELSE refunded_amount = 0
        END""",
        name="refunded",
    ),
    CheckConstraint("decides_at IS NULL OR payment_method IS NOT NULL", name="under_way"),
    CheckConstraint("method IN ('CARD', 'UPI', 'NETBANKING')", name="method"),
    # Sessions whose time is up, or whose payment is to be decided.
    Index("sessions_due_idx", text("COALESCE(decides_at, expires_at)"), postgresql_where=text("status = 'OPEN'")),
    Index("sessions_declined_idx", "order_id", postgresql_where=text("status = 'DECLINED'")),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Uuid, primary_key=True, comment="made by the merchant"),
    Column("session_id", Text, ForeignKey("sessions.id"), nullable=False),
    Column("amount", Integer, nullable=False, comment="minor units"),
    Column("status", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    Column("failures", Integer, nullable=False, server_default="0", comment="how often it failed"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("status IN ('PENDING', 'SUCCEEDED', 'DECLINED')", name="status"),
    Index(None, "session_id"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("session_id", Text, ForeignKey("sessions.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount", Integer, nullable=False, comment="minor units; what came in counts up, what went out down"),
    Column("currency", Text, nullable=False),
    Column("refund_id", Uuid, ForeignKey("refunds.id"), unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    CheckConstraint(
        """CASE kind
            WHEN 'CAPTURE' THEN amount > 0 AND refund_id IS NULL
            WHEN 'REFUND' THEN amount < 0 AND refund_id IS NOT NULL
            ELSE false
        END""",
        name="entry",
    ),
    Index(None, "session_id"),
    Index("ledger_capture_key", "session_id", unique=True, postgresql_where=text("kind = 'CAPTURE'")),
    comment="every movement of money; rows are never changed",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True, comment="the event's id, the same in every try, unless it repeats another"),
    Column("session_id", Text, ForeignKey("sessions.id"), nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False, comment="the body, to the byte"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Column("delivered_at", DateTime(timezone=True)),
    Column("dead_at", DateTime(timezone=True), comment="given up, until somebody redrives it"),
    Column("repeats", Text, comment="the event whose id it carries instead of its own"),
    Column("is_lie", Boolean, nullable=False, server_default="false", comment="any answer will do"),
    Column("redriven_at", DateTime(timezone=True), comment="when it was given another life"),
    CheckConstraint("delivered_at IS NULL OR dead_at IS NULL", name="end"),
    Index(None, "session_id"),
    Index(
        "deliveries_due_idx",
        "next_attempt_at",
        postgresql_where=text("delivered_at IS NULL AND dead_at IS NULL"),
    ),
    comment="webhooks, delivered and not",
)
