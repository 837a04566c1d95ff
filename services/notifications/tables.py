"""The schema: the one source, of which `make migration` writes migrations; a test holds the two equal."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.chassis.store import tables as chassis
from services.notifications.webhook_tables import metadata

__all__ = ["metadata"]

commit_markers = chassis.commit_markers(metadata)
topic_progress = chassis.topic_progress(metadata)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("show_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, comment="by booking's clock, as its topic tells it"),
    Column("changed_at", DateTime(timezone=True), nullable=False, comment="when it came to its state, by that clock"),
    Column(
        "is_held",
        Boolean,
        nullable=False,
        server_default="false",
        comment="it is one ticket that the user has from somebody else, and its id is the offer's",
    ),
    CheckConstraint("state IN ('PENDING', 'CONFIRMED', 'EXPIRED')", name="state"),
    Index("bookings_confirmed_idx", "show_id", "id", postgresql_where=text("state = 'CONFIRMED'")),
    Index("bookings_expired_idx", "changed_at", postgresql_where=text("state = 'EXPIRED'")),
    comment="bookings that may be or become tickets, and tickets from others: whom to tell what happens to their show",
)

shows = Table(
    "shows",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("revision", Integer, nullable=False, comment="which edit of its times this is, by inventory's count"),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, comment="since when it has been known to start then"),
    Column("is_cancelled", Boolean, nullable=False),
    Column("reminded_to", Uuid, comment="the bookings up to this one are reminded of this start; null: none is"),
    Column("reminded_at", DateTime(timezone=True), comment="when all bookings were; null: not yet"),
    Index("shows_near_idx", "starts_at", postgresql_where=text("reminded_at IS NULL AND NOT is_cancelled")),
    Index("shows_ends_at_idx", "ends_at"),
    comment="when shows start, and how far those who have tickets are reminded of it",
)

show_facts = Table(
    "show_facts",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False, comment="the show's version, as its topic tells it"),
    Column("kind", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("happened_at", DateTime(timezone=True), nullable=False, comment="by inventory's clock"),
    Column("told_to", Uuid, comment="the bookings up to this one have their notices; null: none has"),
    Column("told_at", DateTime(timezone=True), comment="when all bookings had theirs; null: not yet"),
    PrimaryKeyConstraint("show_id", "number"),
    CheckConstraint("kind IN ('SHOW_RESCHEDULED', 'SHOW_CANCELLED')", name="kind"),
    Index("show_facts_untold_idx", "show_id", "number", postgresql_where=text("told_at IS NULL")),
    Index("show_facts_told_idx", "happened_at", postgresql_where=text("told_at IS NOT NULL")),
    comment="what has happened to shows, and how far their bookings are told of it",
)

preferences = Table(
    "preferences",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("language", Text, comment="of mails; null: the user has chosen none"),
    Column("reminders", Boolean, nullable=False, comment="whether the user is mailed reminders"),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("language IN ('en', 'hi')", name="language"),
    comment="what users have chosen; who has chosen nothing has no row",
)

notices = Table(
    "notices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("booking_id", Uuid, comment="null: it is about an endpoint, or a ticket from somebody else"),
    Column(
        "offer_id", Uuid, comment="by which the user has a ticket from somebody else; null: it is about no such one"
    ),
    Column("show_id", Uuid),
    Column("endpoint_id", Uuid, comment="of an organization; null: it is about a booking or a ticket"),
    Column(
        "number",
        Integer,
        nullable=False,
        comment="the version of the booking, or of the show, that came by it; of a reminder the start, in minutes",
    ),
    Column("amount", Integer, comment="minor units; null: there is none"),
    Column("currency", Text),
    Column("starts_at", DateTime(timezone=True), comment="when the show starts, where the notice is about the show"),
    Column("happened_at", DateTime(timezone=True), nullable=False, comment="by the clock of the service that tells it"),
    Column("read_at", DateTime(timezone=True)),
    # A fact gives one notice, whoever tells of it.
    UniqueConstraint("booking_id", "kind", "number"),
    CheckConstraint(
        "kind IN ('CONFIRMED', 'EXPIRED', 'CANCELLED', 'PARTLY_REFUNDED', 'REFUNDED', 'SHOW_RESCHEDULED',"
        " 'SHOW_CANCELLED', 'PAYMENT_FAILED', 'REMINDER', 'WEBHOOK_OFF', 'TICKET_TRANSFERRED', 'TICKET_RETURNED',"
        " 'OFFER_DECLINED', 'OFFER_EXPIRED', 'TICKET_REVOKED')",
        name="kind",
    ),
    CheckConstraint(
        "(kind = 'WEBHOOK_OFF') = (endpoint_id IS NOT NULL) AND (show_id IS NULL) = (endpoint_id IS NOT NULL)"
        " AND num_nonnulls(booking_id, offer_id, endpoint_id) = 1",
        name="about",
    ),
    CheckConstraint("amount >= 0 AND (amount IS NULL) = (currency IS NULL)", name="amount"),
    Index(
        "notices_offer_idx",
        *("offer_id", "kind", "number"),
        unique=True,
        postgresql_where=text("offer_id IS NOT NULL"),
    ),
    Index("notices_user_id_id_idx", "user_id", "id"),
    Index("notices_unread_idx", "user_id", "id", postgresql_where=text("read_at IS NULL")),
    Index("notices_read_at_idx", "read_at", postgresql_where=text("read_at IS NOT NULL")),
)

mails = Table(
    "mails",
    metadata,
    Column("id", Uuid, primary_key=True, comment="and the Message-ID's first part"),
    Column("place", BigInteger, Identity(always=True), nullable=False, comment="the order of a booking's mails"),
    Column("user_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("booking_id", Uuid, comment="null: it is about a ticket from somebody else"),
    Column("offer_id", Uuid, comment="by which the user has a ticket from somebody else; null: it is about a booking"),
    Column("show_id", Uuid, nullable=False),
    Column(
        "number",
        Integer,
        nullable=False,
        comment="the version of the booking, or of the show, that came by it; of a reminder the start, in minutes",
    ),
    Column("amount", Integer, comment="minor units; null: there is none"),
    Column("currency", Text),
    Column("starts_at", DateTime(timezone=True), comment="when the show starts, where the mail is about the show"),
    Column("happened_at", DateTime(timezone=True), nullable=False, comment="by the clock of the service that tells it"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    Column("state", Text, nullable=False, server_default="WAITING"),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False, server_default=text("boxoffice_clock()")),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("answered", Integer, nullable=False, server_default="0", comment="the last attempt that had an answer"),
    Column("reason", Text, comment="why it was not sent, the last time; never an address"),
    Column("finished_at", DateTime(timezone=True)),
    # A fact gives one mail, whoever tells of it.
    UniqueConstraint("booking_id", "kind", "number"),
    CheckConstraint("state IN ('WAITING', 'SENT', 'SKIPPED', 'DEAD')", name="state"),
    CheckConstraint("(state = 'WAITING') = (finished_at IS NULL)", name="finished"),
    CheckConstraint("num_nonnulls(booking_id, offer_id) = 1", name="about"),
    CheckConstraint("answered <= attempts", name="attempts"),
    CheckConstraint("amount >= 0 AND (amount IS NULL) = (currency IS NULL)", name="amount"),
    Index(
        "mails_offer_idx", *("offer_id", "kind", "number"), unique=True, postgresql_where=text("offer_id IS NOT NULL")
    ),
    Index("mails_user_id_id_idx", "user_id", "id"),
    Index("mails_due_idx", "next_attempt_at", postgresql_where=text("state = 'WAITING'")),
    Index("mails_waiting_idx", "booking_id", "place", postgresql_where=text("state = 'WAITING'")),
    Index("mails_dead_idx", "id", postgresql_where=text("state = 'DEAD'")),
    Index(
        "mails_reminders_idx",
        *("user_id", "finished_at"),
        postgresql_where=text("kind = 'REMINDER' AND state = 'SENT'"),
    ),
    Index("mails_finished_at_idx", "finished_at", postgresql_where=text("state IN ('SENT', 'SKIPPED')")),
)
