"""The part of booking's schema that tickets are about."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.booking.price_tables import metadata

__all__ = ["metadata"]

tickets = Table(
    "tickets",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("booking_id", Uuid, ForeignKey("bookings.id"), nullable=False),
    Column("show_id", Uuid, nullable=False),
    Column("show_seat_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False, comment="who holds it"),
    Column("state", Text, nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, comment="when it came to its state"),
    Column("revision", Integer, nullable=False, server_default="1", comment="of its code: others are good for nothing"),
    UniqueConstraint("booking_id", "show_seat_id"),
    CheckConstraint("state IN ('VALID', 'ADMITTED', 'REVOKED')", name="state"),
    # At most one that is good for a seat of a show.
    Index("tickets_good_idx", "show_id", "show_seat_id", unique=True, postgresql_where=text("state <> 'REVOKED'")),
    comment="one for each seat of a confirmed booking",
)

ticket_keys = Table(
    "ticket_keys",
    metadata,
    Column("id", Text, primary_key=True, comment="the kid of its public half"),
    Column("number", Integer, nullable=False, unique=True, comment="what its codes bear"),
    Column("private_key", LargeBinary, nullable=False, comment="encrypted with TICKET_KEY_SECRET"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("number BETWEEN 0 AND 15", name="number"),
    comment="the keys that sign codes of tickets",
)
