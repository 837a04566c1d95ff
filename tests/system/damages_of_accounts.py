"""Damages to accounts and tokens, in a copy of what the audit sees of them."""

from __future__ import annotations

from tests.system.damage import NEW, Damage, again
from tests.system.damages_of_finding import REVIEWS

ADDRESS, ROLES, FAMILY = (
    "an-address-has-one-account",
    "roles-are-those-that-there-are",
    "families-of-tokens-belong-to-accounts",
)
ONE, ENDED, KEY = "a-family-has-one-token", "an-ended-family-gets-no-token", "there-is-a-key-to-sign-with"
MAIL, LINK = "a-mail-about-an-account-has-an-end", "a-link-is-good-for-half-an-hour"
OWNED, JOINED = "an-organization-has-an-owner", "members-belong-to-accounts-and-organizations"
LEFT, FORGOTTEN = "of-a-deleted-account-nothing-is-left", "a-deleted-user-is-forgotten"
ADMIN = "'ADMIN' = ANY (roles)"
DELETED = "deleted_at IS NOT NULL"
IS_DONE = "UPDATE identity.deletions SET done_at = now() + interval '1 second'"
GOING_ON = "ended_at IS NULL"


def users(change: str, condition: str = ADMIN) -> str:
    return f"UPDATE identity.users SET {change} WHERE {condition}"


def families(change: str, condition: str = GOING_ON) -> str:
    return f"UPDATE identity.token_families SET {change} WHERE {condition}"


def a_review(text: str, name: str, user: str = "(SELECT user_id FROM identity.deletions LIMIT 1)") -> str:
    columns = "id, event_id, user_id, rating, text, shown_name, created_at, reports"
    values = f"gen_random_uuid(), gen_random_uuid(), {user}, 5, {text}, {name}, now(), 0"
    return f"INSERT INTO inventory.reviews ({columns}) VALUES ({values})"


MAILS_NOT_TRIED = {
    "a mail about an account waits for its first attempt": """
        UPDATE identity.account_mails SET state = 'WAITING', finished_at = NULL, attempts = 0, answered = 0
    """,
    "links were used": """
        UPDATE identity.account_mails SET kind = 'VERIFICATION', has_link = true, used_at = asked_at,
            ends_at = asked_at + interval '30 minutes'
    """,
    "mails tell of changed passwords": """
        UPDATE identity.account_mails SET kind = 'PASSWORD_CHANGED', has_link = false, used_at = NULL,
            ends_at = asked_at + interval '3 days'
    """,
}

ACCOUNTS = (
    Damage("an address in capitals", ADDRESS, users("email = upper(email)")),
    Damage("an address in wide letters", ADDRESS, users("email = email || U&'\\FF41'")),
    Damage("an address with a blank before it", ADDRESS, users("email = ' ' || email")),
    Damage("no address", ADDRESS, users("email = NULL")),
    Damage(
        "two accounts of one address",
        ADDRESS,
        users(f"email = (SELECT email FROM identity.users WHERE {ADMIN} LIMIT 1)", f"NOT {ADMIN}"),
    ),
    Damage("a deleted account with something in it", LEFT, users("is_empty = false", DELETED)),
    Damage("a deleted account of which nobody knows what is in it", LEFT, users("is_empty = NULL", DELETED)),
    Damage("a deleted account that is there again", LEFT, users("deleted_at = NULL", DELETED)),
    Damage("an account deleted by nobody", LEFT, "DELETE FROM identity.deletions"),
    Damage(
        "a member who is deleted",
        LEFT,
        "INSERT INTO identity.members SELECT o.id, u.id, 'DOOR', now()"
        f" FROM identity.organizations o CROSS JOIN identity.users u WHERE u.{DELETED}",
    ),
    Damage(
        "a login to a deleted account",
        LEFT,
        families("ended_at = NULL, ended_by = NULL", f"user_id IN (SELECT id FROM identity.users WHERE {DELETED})"),
    ),
    *(
        Damage(f"a review of a deleted user, with {what}", FORGOTTEN, f"{IS_DONE}; {a_review(*words)}")
        for what, words in (("words", ("'Fine'", "''")), ("a name", ("''", "'Asha R.'")))
    ),
    Damage(
        "a guest's name of a deleted user",
        FORGOTTEN,
        f"{IS_DONE}; UPDATE booking.bookings SET guest_name = 'Asha Rao',"
        " user_id = (SELECT user_id FROM identity.deletions LIMIT 1)",
    ),
    Damage(
        "a deleted user's booking that is found by a name",
        FORGOTTEN,
        f"{IS_DONE}; UPDATE booking.bookings SET guest_name = NULL,"
        " user_id = (SELECT user_id FROM identity.deletions LIMIT 1);"
        f" INSERT INTO booking.booking_names SELECT {NEW}, 'asha', id FROM booking.bookings",
    ),
    Damage(
        "a mail to a deleted account",
        LEFT,
        f"UPDATE identity.account_mails SET user_id = (SELECT id FROM identity.users WHERE {DELETED} LIMIT 1)",
    ),
    *(
        Damage(what, MAIL, f"UPDATE identity.account_mails SET {change}")
        for what, change in (
            ("a mail that waits and has an end", "state = 'WAITING', finished_at = now()"),
            ("a mail that was sent and never tried", "state = 'SENT', finished_at = now(), attempts = 0, answered = 0"),
            ("a link to nothing", "kind = 'PASSWORD_CHANGED', has_link = true"),
            ("more answers than attempts", "answered = attempts + 1"),
        )
    ),
    *(
        Damage(what, LINK, f"UPDATE identity.account_mails SET {change}")
        for what, change in (
            ("a link that is good for a day", "has_link = true, ends_at = asked_at + interval '1 day'"),
            ("a mail without a link that was used", "kind = 'PASSWORD_CHANGED', has_link = false, used_at = asked_at"),
            ("a link that was used after its end", "has_link = true, used_at = ends_at + interval '1 minute'"),
        )
    ),
    Damage("an account twice", "accounts-are-numbered-once", again("identity.users")),
    Damage("somebody who is no user", ROLES, users("roles = '{ADMIN}'")),
    Damage("a role that there is not", ROLES, users("roles = roles || 'ROOT'::text")),
    Damage("no roles", ROLES, users("roles = NULL")),
    Damage("the last admin is none any more", "there-is-an-admin", users("roles = '{USER}'")),
    Damage("an organization whose only owner is a manager", OWNED, "UPDATE identity.members SET role = 'MANAGER'"),
    Damage("an organization without members", OWNED, "DELETE FROM identity.members"),
    Damage(
        "an organization without members, beside one with an owner",
        OWNED,
        "INSERT INTO identity.organizations SELECT gen_random_uuid(), now()",
    ),
    Damage(
        "an organization of too many members",
        JOINED,
        """
        INSERT INTO identity.users (id) SELECT gen_random_uuid() FROM generate_series(1, 201);
        INSERT INTO identity.members SELECT o.id, u.id, 'DOOR', now()
            FROM (SELECT id FROM identity.organizations LIMIT 1) AS o
            CROSS JOIN (SELECT id FROM identity.users WHERE email IS NULL) AS u
        """,
    ),
    Damage("a member of no organization", JOINED, "UPDATE identity.members SET organization_id = gen_random_uuid()"),
    Damage("a member who is nobody", JOINED, "UPDATE identity.members SET user_id = gen_random_uuid()"),
    Damage("a member twice", JOINED, again("identity.members")),
    Damage("a member with a role that there is not", JOINED, "UPDATE identity.members SET role = 'KING'"),
    Damage(
        "a member in too many organizations",
        JOINED,
        """
        INSERT INTO identity.organizations SELECT gen_random_uuid(), now() FROM generate_series(1, 21);
        INSERT INTO identity.members SELECT o.id, u.id, 'OWNER', now()
            FROM identity.organizations o CROSS JOIN (SELECT id FROM identity.users LIMIT 1) AS u
            WHERE NOT EXISTS (SELECT FROM identity.members WHERE organization_id = o.id)
        """,
    ),
    Damage("a family of nobody", FAMILY, families("user_id = gen_random_uuid()")),
    Damage("a family that ends before it begins", FAMILY, families("expires_at = created_at")),
    Damage("a family that lives for years", FAMILY, families("expires_at = created_at + interval '2 years'")),
    Damage("a family without an end", FAMILY, families("expires_at = NULL")),
    Damage("a family ended by nothing", FAMILY, families("ended_at = created_at")),
    Damage("a family that goes on though it was ended", FAMILY, families("ended_by = 'LOGOUT'")),
    Damage("a family ended by something unknown", FAMILY, families("ended_at = created_at, ended_by = 'TIME'")),
    Damage(
        "a token of no family",
        "refresh-tokens-belong-to-families",
        "UPDATE identity.refresh_tokens SET family_id = gen_random_uuid()",
    ),
    Damage("two good tokens in a family", ONE, again("identity.refresh_tokens", "used_at IS NULL")),
    Damage("a used token that is good again", ONE, "UPDATE identity.refresh_tokens SET used_at = NULL"),
    Damage("a family whose tokens are all used up", ONE, "UPDATE identity.refresh_tokens SET used_at = created_at"),
    Damage(
        "what follows a token that was not used",
        "a-successor-follows-a-used-token",
        "INSERT INTO identity.successors SELECT family_id, NULL, created_at FROM identity.refresh_tokens LIMIT 1",
    ),
    Damage(
        "what follows no token",
        "a-successor-follows-a-used-token",
        "INSERT INTO identity.successors SELECT NULL, created_at, created_at FROM identity.refresh_tokens LIMIT 1",
    ),
    Damage(
        "a token made after its family has expired",
        ENDED,
        families("expires_at = created_at + interval '1 second'")
        + "; UPDATE identity.refresh_tokens SET created_at = created_at + interval '1 hour' WHERE used_at IS NULL",
    ),
    Damage(
        "a token made after the logout",
        ENDED,
        "UPDATE identity.refresh_tokens SET created_at = created_at + interval '1 hour'",
    ),
    Damage(
        "an account that nobody can log in to for long",
        "attempts-come-back",
        "UPDATE identity.attempts SET whole_at = whole_at + interval '1 day'",
    ),
    Damage("an attempt that never comes back", "attempts-come-back", "UPDATE identity.attempts SET whole_at = NULL"),
    Damage("no signing key", KEY, "DELETE FROM identity.signing_keys"),
    Damage("a signing key twice", KEY, again("identity.signing_keys")),
    Damage("a signing key of tomorrow", KEY, "UPDATE identity.signing_keys SET created_at = now() + interval '1 day'"),
    Damage("a signing key of no time", KEY, "UPDATE identity.signing_keys SET created_at = NULL"),
)


def deleted(users: str, done_at: str) -> str:
    """Let users who are in no accounts of the copy be deleted, or be about to be."""
    return f"INSERT INTO identity.deletions SELECT user_id, now(), now(), {done_at} FROM {users}"


FOREVER = "now() + interval '1 day'"
OF_DELETIONS = {
    "an account is about to be deleted": (
        "INSERT INTO identity.deletions SELECT id, now(), NULL, NULL FROM identity.users WHERE deleted_at IS NULL"
    ),
    "users are deleted whose words are still to be forgotten": f"{REVIEWS}; {deleted('inventory.reviews', 'NULL')}",
    "users' words are forgotten": (
        f"{REVIEWS}; UPDATE inventory.reviews SET text = '', shown_name = ''; {deleted('inventory.reviews', FOREVER)}"
    ),
    "a user is deleted whose names as a guest are still to be forgotten": deleted(
        "booking.bookings WHERE guest_name <> ''", "NULL"
    ),
    "a deleted user had bookings": deleted(
        "booking.bookings WHERE guest_name IS NULL AND user_id NOT IN (SELECT id FROM identity.users)", FOREVER
    ),
}
