"""The part of the schema that is about finding events, and about what people say of them."""

from sqlalchemy import (
    ARRAY,
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
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from services.chassis.store import tables as chassis

metadata = chassis.metadata()

event_index = Table(
    "event_index",
    metadata,
    Column("event_id", Uuid, ForeignKey("events.id"), primary_key=True),
    Column("title", Text, nullable=False, comment="its words (finding/domain.py)"),
    Column("description", Text, nullable=False, comment="its words"),
    Column("venue_ids", ARRAY(Uuid), nullable=False, comment="where it has, or had, shows"),
    Column("words", TSVECTOR, nullable=False, comment="all that it is found by"),
    Index(None, "words", postgresql_using="gin"),
    Index(None, "venue_ids", postgresql_using="gin"),
    comment="what events are found by; none of an event that code from before made, until a job indexes it",
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("event_id", Uuid, ForeignKey("events.id"), nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("rating", SmallInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("shown_name", Text, nullable=False, comment="first name and initial, as they were when it was written"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), comment="of its last edit"),
    Column("hidden_at", DateTime(timezone=True), comment="since when only admins read it; null: everybody does"),
    Column("reports", Integer, nullable=False, comment="how many users have reported it"),
    UniqueConstraint("event_id", "user_id"),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    Index(None, "event_id", "id"),
    Index(None, "user_id"),
)

review_reports = Table(
    "review_reports",
    metadata,
    Column("review_id", Uuid, ForeignKey("reviews.id"), nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("reported_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("review_id", "user_id"),
)

event_ratings = Table(
    "event_ratings",
    metadata,
    Column("event_id", Uuid, ForeignKey("events.id"), primary_key=True),
    Column("reviews", Integer, nullable=False, comment="that are not hidden"),
    Column("total", Integer, nullable=False, comment="of their ratings"),
    CheckConstraint("reviews >= 0 AND total BETWEEN reviews AND 5 * reviews", name="total"),
    comment="what the reviews of events come to; only under the locks of the events",
)

venue_index = Table(
    "venue_index",
    metadata,
    Column("venue_id", Uuid, ForeignKey("venues.id"), primary_key=True),
    Column("words", Text, nullable=False, comment="of its name and its city"),
    comment="what events are found by because of their venues",
)

search_words = Table(
    "search_words",
    metadata,
    Column("word", Text(collation="C"), primary_key=True),
    comment="words that titles, venues and cities have, or had",
)

search_grams = Table(
    "search_grams",
    metadata,
    Column("gram", Text(collation="C"), nullable=False, comment="three letters in a row, or = and all in order"),
    Column("word", Text(collation="C"), nullable=False),
    PrimaryKeyConstraint("gram", "word"),
    comment="by which words are found that were misspelt",
)
