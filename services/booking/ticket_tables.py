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

ticket_offers = Table(
    "ticket_offers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, ForeignKey("tickets.id"), nullable=False),
    Column("booking_id", Uuid, ForeignKey("bookings.id"), nullable=False),
    Column("show_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False, comment="who made it: the buyer"),
    Column("recipient_name", Text, nullable=False, comment="as the buyer calls them; empty: forgotten"),
    Column("email", Text, nullable=False, comment="whom it is made to, in small letters; empty: it is open no more"),
    Column("state", Text, nullable=False),
    Column("recipient_id", Uuid, comment="who has accepted or declined it"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, comment="when it came to its state"),
    Column("mail_state", Text, comment="of the mail that tells of it; null: none is sent"),
    Column("mail_attempts", Integer, nullable=False, server_default="0"),
    Column("mail_answered", Integer, nullable=False, server_default="0", comment="the last whose outcome is known"),
    Column("mail_next_at", DateTime(timezone=True), comment="when the mail is tried; null: not any more"),
    CheckConstraint(
        "state IN ('OPEN', 'ACCEPTED', 'DECLINED', 'WITHDRAWN', 'EXPIRED', 'RETURNED')",
        name="state",
    ),
    CheckConstraint("(state = 'OPEN') = (email <> '')", name="email"),
    CheckConstraint("state NOT IN ('ACCEPTED', 'RETURNED') OR recipient_id IS NOT NULL", name="recipient"),
    CheckConstraint("mail_state IN ('WAITING', 'SENT', 'SKIPPED', 'DEAD')", name="mail_state"),
    CheckConstraint("mail_state IS DISTINCT FROM 'WAITING' OR state = 'OPEN'", name="mail_waits"),
    # At most one by which a ticket is, or may come to be, somebody else's.
    Index("ticket_offers_alive_idx", "ticket_id", unique=True, postgresql_where=text("state IN ('OPEN', 'ACCEPTED')")),
    Index("ticket_offers_booking_idx", "booking_id"),
    Index("ticket_offers_ticket_idx", "ticket_id", "created_at"),
    Index("ticket_offers_user_idx", "user_id", "id"),
    Index("ticket_offers_recipient_idx", "recipient_id", "show_id", postgresql_where=text("state = 'ACCEPTED'")),
    Index("ticket_offers_email_idx", "email", postgresql_where=text("state = 'OPEN'")),
    Index("ticket_offers_expiry_idx", "expires_at", postgresql_where=text("state = 'OPEN'")),
    Index("ticket_offers_mail_idx", "mail_next_at", postgresql_where=text("mail_state = 'WAITING'")),
    comment="tickets that are, or were, offered to somebody else",
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
