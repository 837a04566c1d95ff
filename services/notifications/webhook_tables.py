"""The tables of webhooks, which are part of the schema (see tables.py)."""

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
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.chassis.store import tables as chassis

metadata = chassis.metadata()

webhook_logs = Table(
    "webhook_logs",
    metadata,
    Column("organization_id", Uuid, primary_key=True),
    Column("last_number", Integer, nullable=False),
    Column("forgotten", Integer, nullable=False, server_default="0", comment="messages up to it are deleted"),
    CheckConstraint("0 <= forgotten AND forgotten <= last_number", name="numbers"),
    comment="how far the messages of each organization go, and the lock under which they get their numbers",
)

webhook_messages = Table(
    "webhook_messages",
    metadata,
    Column("organization_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False, comment="1, 2, 3 and so on, without gaps"),
    Column("id", Uuid, nullable=False, comment="the header webhook-id, behind msg_"),
    Column("type", Text, nullable=False),
    Column("key", Uuid, nullable=False, comment="the booking or show that it is about"),
    Column("version", Integer, nullable=False, comment="the version of that which came by it"),
    Column("content", Text, nullable=False, comment="what is posted and signed"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    PrimaryKeyConstraint("organization_id", "number"),
    Index("webhook_messages_created_at_idx", "created_at"),
    Index("webhook_messages_fact_key", "key", "version", "type", unique=True),
    comment="what organizations are told",
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("managed_by", Uuid, comment="the user who made or changed it last; null: calls carry no tokens"),
    Column("url", Text, nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("is_verified", Boolean, nullable=False, comment="it has answered a challenge at this URL"),
    Column("revision", Integer, nullable=False, server_default="1", comment="grows when a member changes it"),
    Column("sent_to", Integer, nullable=False, comment="messages up to this number are taken, or not for it"),
    Column("failures", Integer, nullable=False, server_default="0", comment="attempts in a row that failed"),
    Column("failing_since", DateTime(timezone=True), comment="when the first of these did"),
    Column("is_slow", Boolean, nullable=False, server_default="true", comment="it waits among the slow ones"),
    Column("lease", BigInteger, nullable=False, server_default="0", comment="grows when a sender takes it"),
    Column("leased_until", DateTime(timezone=True), comment="null: no sender has it"),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    UniqueConstraint("organization_id", "url"),
    CheckConstraint("state IN ('CHALLENGED', 'ENABLED', 'DISABLED', 'OFF')", name="state"),
    CheckConstraint("state <> 'ENABLED' OR is_verified", name="verified"),
    CheckConstraint("(failures = 0) = (failing_since IS NULL)", name="failing"),
    Index(
        "webhook_endpoints_due_idx",
        "next_attempt_at",
        postgresql_where=text("state IN ('CHALLENGED', 'ENABLED')"),
    ),
    comment="where organizations are sent messages, and how far each endpoint has taken them",
)

webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    Column("endpoint_id", Uuid, ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False, comment="encrypted with WEBHOOK_KEY_SECRET"),
    Column("ends_at", DateTime(timezone=True), comment="null: it is the present one"),
    PrimaryKeyConstraint("endpoint_id", "number"),
    Index("webhook_secrets_present_key", "endpoint_id", unique=True, postgresql_where=text("ends_at IS NULL")),
    Index("webhook_secrets_ends_at_idx", "ends_at", postgresql_where=text("ends_at IS NOT NULL")),
    comment="what endpoints' messages are signed with",
)

webhook_resends = Table(
    "webhook_resends",
    metadata,
    Column("endpoint_id", Uuid, ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("place", BigInteger, Identity(always=True), nullable=False, comment="the order of an endpoint's"),
    PrimaryKeyConstraint("endpoint_id", "number"),
    comment="messages that somebody wants sent once more",
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("endpoint_id", Uuid, nullable=False),
    Column("number", Integer, comment="the message; null: it was a challenge"),
    Column("outcome", Text, nullable=False),
    Column("status", Integer, comment="of the answer; null: there was none"),
    Column("duration_ms", Integer, nullable=False),
    Column("is_resend", Boolean, nullable=False),
    Column("ended_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    CheckConstraint("(outcome = 'TAKEN') <= (status BETWEEN 200 AND 299)", name="status"),
    Index("webhook_attempts_endpoint_id_id_idx", "endpoint_id", "id"),
    Index("webhook_attempts_ended_at_idx", "ended_at"),
    comment="what was sent to endpoints, and what came of it",
)
