"""Damages to what users are told."""

from __future__ import annotations

from tests.system.damage import Damage, again
from tests.system.damages_of_webhooks import NO_MESSAGES

TOLD, WHOSE = "events-that-were-read-have-their-notices", "notices-are-for-the-users-of-bookings"


def notices(change: str) -> str:
    return f"UPDATE notifications.notices SET {change}"


MAILED = "facts-that-were-read-have-their-mails"


def mails(change: str) -> str:
    return f"UPDATE notifications.mails SET {change}"


FROM_DELETED = "FROM (SELECT id, deleted_at FROM identity.users WHERE deleted_at IS NOT NULL LIMIT 1) AS gone"

OF_NOTICES = (
    Damage("a mail twice", "a-fact-has-one-mail", again("notifications.mails")),
    Damage("a mail that came to no end", "a-fact-has-one-mail", mails("state = 'SENT', finished_at = NULL")),
    Damage("tickets of which there is no mail", MAILED, "DELETE FROM notifications.mails WHERE kind = 'CONFIRMED'"),
    Damage("mails of other bookings", MAILED, mails("booking_id = gen_random_uuid()")),
    Damage("mails of other versions", MAILED, mails("number = number + 1000")),
    Damage("a reminder that says no start", "reminders-come-before-their-show", notices("kind = 'REMINDER'")),
    Damage(
        "a reminder of what has begun",
        "reminders-come-before-their-show",
        notices(
            "kind = 'REMINDER', starts_at = happened_at, number = floor(extract(epoch FROM happened_at) / 60)::int"
        ),
    ),
    Damage(
        "a reminder that is named by another time",
        "reminders-come-before-their-show",
        notices("kind = 'REMINDER', starts_at = happened_at + interval '1 day', number = 1"),
    ),
    Damage("a notice without its mail", "notices-have-their-mails", mails("kind = 'SHOW_CANCELLED'")),
    Damage(
        "a mail to whose account is deleted",
        "nobody-is-mailed-whose-account-is-deleted",
        "UPDATE identity.users SET deleted_at = '2020-01-01';"
        + mails("state = 'SENT', finished_at = '2021-01-01', user_id = (SELECT id FROM identity.users LIMIT 1)"),
    ),
    Damage("a notice twice", "a-fact-has-one-notice", again("notifications.notices")),
    Damage(
        "a confirmation of which nobody is told", TOLD, "DELETE FROM notifications.notices WHERE kind = 'CONFIRMED'"
    ),
    Damage("notices of other bookings", TOLD, notices("booking_id = gen_random_uuid()")),
    Damage("notices of other versions", TOLD, notices("number = number + 1000")),
    Damage("notices of nobody's bookings", WHOSE, notices("booking_id = NULL")),
    Damage("notices for others", WHOSE, notices("user_id = gen_random_uuid()")),
    Damage("notices of other shows", WHOSE, notices("show_id = gen_random_uuid()")),
)

NOTICES_IN_ORDER = {
    "notices of endpoints that are off": (
        "INSERT INTO notifications.notices (id, user_id, kind, endpoint_id, number, happened_at)"
        " SELECT gen_random_uuid(), gen_random_uuid(), 'WEBHOOK_OFF', gen_random_uuid(), 1, now()"
        " FROM generate_series(1, 2)"
    ),
    "events that notifications has not read": (
        "UPDATE notifications.topic_progress SET read_to = 0; DELETE FROM notifications.notices;"
        f" DELETE FROM notifications.mails; {NO_MESSAGES}"
    ),
    "mails that were forgotten": (
        "UPDATE booking.topic_events SET created_at = created_at - interval '31 days';"
        f" DELETE FROM notifications.notices; DELETE FROM notifications.mails; {NO_MESSAGES}"
    ),
    "notices that were read and removed": (
        "UPDATE booking.topic_events SET created_at = created_at - interval '2 days'; DELETE FROM notifications.notices"
    ),
    "a reminder that came a day before its show": (
        "INSERT INTO notifications.notices (id, user_id, kind, booking_id, show_id, number, starts_at, happened_at)"
        " SELECT gen_random_uuid(), user_id, 'REMINDER', id, show_id, floor(extract(epoch FROM starts_at) / 60)::int,"
        " starts_at, starts_at - interval '1 day' FROM (SELECT id, user_id, show_id, now() - interval '40 days' AS"
        " starts_at FROM booking.bookings WHERE state = 'CONFIRMED') AS b"
    ),
    "mails that were sent before the account was deleted, or as it was": mails(
        f"state = 'SENT', finished_at = deleted_at + interval '10 minutes', user_id = gone.id {FROM_DELETED}"
    ),
    "mails that were not sent after the account was deleted": mails(
        f"state = 'SKIPPED', finished_at = deleted_at + interval '1 hour', user_id = gone.id {FROM_DELETED}"
    ),
}
"""What is no fault: events that nobody has read yet, notices that are gone since they were read, reminders in time, and
mails to users who were there then."""
