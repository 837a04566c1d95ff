"""The schema: the one source, of which `make migration` writes migrations; a test holds the two equal."""

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
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
    text,
)

from services.chassis.store import tables as chassis

metadata = chassis.metadata()

commit_markers = chassis.commit_markers(metadata)
idempotency_keys = chassis.idempotency_keys(metadata)

NOW = text("clock_timestamp()")

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, comment="normalised; null: the account is deleted"),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, comment="argon2id; null: the account is deleted"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    Column("phone", Text, nullable=False, server_default=""),
    Column("email_verified_at", DateTime(timezone=True), comment="since when the address is known to be the user's"),
    Column("deleted_at", DateTime(timezone=True), comment="since when nothing is left of it but its id"),
    UniqueConstraint("email"),
    CheckConstraint(
        """CASE
            WHEN deleted_at IS NULL THEN email IS NOT NULL AND password_hash IS NOT NULL
            ELSE num_nonnulls(email, password_hash, email_verified_at) = 0 AND name = '' AND phone = ''
                AND roles = ARRAY['USER']
        END""",
        name="deleted",
    ),
    CheckConstraint("email = lower(email)", name="email"),
    CheckConstraint(
        "roles <@ ARRAY['USER', 'ORGANIZER', 'ADMIN'] AND 'USER' = ANY (roles)",
        name="roles",
    ),
    # The admins, of whom there is always one once there was one.
    Index("users_admin_idx", "id", postgresql_where=text("'ADMIN' = ANY (roles)")),
)

deletions = Table(
    "deletions",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("lease_until", DateTime(timezone=True), nullable=False, comment="when it goes on, or is taken over"),
    Column("emptied_at", DateTime(timezone=True), comment="since when the account is deleted; null: it may be refused"),
    Column("done_at", DateTime(timezone=True), comment="since when all services have forgotten the user"),
    CheckConstraint("done_at IS NULL OR emptied_at IS NOT NULL", name="done"),
    Index("deletions_unfinished_idx", "lease_until", postgresql_where=text("done_at IS NULL")),
    comment="accounts that are deleted, or about to be, and how far that is",
)

organizations = Table(
    "organizations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    comment="who makes events together; the lock for its members",
)

members = Table(
    "members",
    metadata,
    Column("organization_id", Uuid, ForeignKey("organizations.id"), nullable=False),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("joined_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organization_id", "user_id"),
    CheckConstraint("role IN ('OWNER', 'MANAGER', 'BOX_OFFICE', 'FINANCE', 'DOOR')", name="role"),
    comment="who is in an organization, and what each may do there",
)

token_families = Table(
    "token_families",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_by", Text),
    CheckConstraint("expires_at > created_at", name="order"),
    CheckConstraint(
        "(ended_at IS NULL) = (ended_by IS NULL) AND ended_by IN ('LOGOUT', 'REUSE', 'PASSWORD')", name="end"
    ),
    comment="all refresh tokens that follow from one login",
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True, comment="SHA-256 of the token, which is random"),
    Column("family_id", Uuid, ForeignKey("token_families.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True), comment="kept after that, so that a second use is known for one"),
)

successors = Table(
    "successors",
    metadata,
    Column("hash", LargeBinary, ForeignKey("refresh_tokens.hash", ondelete="CASCADE"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False, comment="encrypted under a key that only the used token gives"),
    Column("created_at", DateTime(timezone=True), nullable=False, index=True),
    comment="what follows a used refresh token, for some seconds: whoever lost the answer may ask again",
)

attempts = Table(
    "attempts",
    metadata,
    Column("key", LargeBinary, primary_key=True, comment="of an account, of a network, or of the two together"),
    Column("whole_at", DateTime(timezone=True), nullable=False, comment="when all attempts are allowed again"),
    Index(None, "whole_at"),
    comment="how often passwords were tried",
)

familiar_networks = Table(
    "familiar_networks",
    metadata,
    Column("key", LargeBinary, primary_key=True, comment="of an account and a network together"),
    Column("seen_at", DateTime(timezone=True), nullable=False, index=True, comment="the last login, to within an hour"),
    comment="from where somebody has logged in to an account: guesses from elsewhere do not keep them out",
)

account_mails = Table(
    "account_mails",
    metadata,
    Column(
        "id", Uuid, primary_key=True, comment="and the Message-ID's first part; the token of its link is made of it"
    ),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("hash", LargeBinary, unique=True, comment="SHA-256 of the token of its link; null: it has none"),
    Column("email", Text, comment="where it goes, if not to the account's address"),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False, comment="how long its link is good, and it is tried"),
    Column("used_at", DateTime(timezone=True), comment="since when its link is good no more"),
    Column("state", Text, nullable=False, server_default="WAITING"),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("answered", Integer, nullable=False, server_default="0", comment="the last attempt that had an answer"),
    Column("reason", Text, comment="why it was not sent, the last time; never an address"),
    Column("finished_at", DateTime(timezone=True)),
    CheckConstraint(
        "kind IN ('VERIFICATION', 'PASSWORD_RESET', 'PASSWORD_CHANGED', 'EMAIL_CHANGE', 'EMAIL_CHANGED')", name="kind"
    ),
    CheckConstraint("(hash IS NULL) = (kind IN ('PASSWORD_CHANGED', 'EMAIL_CHANGED'))", name="link"),
    CheckConstraint("(email IS NOT NULL) = (kind IN ('EMAIL_CHANGE', 'EMAIL_CHANGED'))", name="email"),
    CheckConstraint("ends_at > asked_at", name="order"),
    CheckConstraint("state IN ('WAITING', 'SENT', 'SKIPPED', 'DEAD')", name="state"),
    CheckConstraint("(state = 'WAITING') = (finished_at IS NULL)", name="finished"),
    CheckConstraint("answered <= attempts", name="attempts"),
    Index("account_mails_user_id_asked_at_idx", "user_id", "asked_at"),
    Index("account_mails_due_idx", "next_attempt_at", postgresql_where=text("state = 'WAITING'")),
    Index("account_mails_asked_at_idx", "asked_at"),
    comment="mails about accounts that wait, and those of the last days; whom they go to is the user's row",
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Text, primary_key=True, comment="the kid of tokens"),
    Column("private_key", LargeBinary, nullable=False, comment="encrypted with SIGNING_KEY_SECRET"),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
