"""The part of the schema that keeps marks of transactions on seats, and answers under their keys."""

from sqlalchemy import Column, DateTime, LargeBinary, PrimaryKeyConstraint, Table, Text, Uuid, text

from services.inventory.image_tables import metadata as metadata

NOW = text("clock_timestamp()")

show_markers = Table(
    "show_markers",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW, index=True),
    PrimaryKeyConstraint("show_id", "id"),
    comment="one row per recent transaction on seats, beside what it wrote: proof that it was committed",
)

show_idempotency_keys = Table(
    "show_idempotency_keys",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("method", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW, index=True),
    PrimaryKeyConstraint("show_id", "user_id", "method", "key"),
    comment="answers to requests for seats that carried an idempotency key, kept with their show",
)
