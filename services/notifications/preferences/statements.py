"""Statements about what users have chosen."""

from services.chassis.store.rows import selected
from services.notifications.preferences.domain import Preferences

PREFERENCES = f"SELECT user_id, {selected(Preferences)} FROM preferences WHERE user_id = ANY(%(user_ids)s)"

SET_PREFERENCES = """
    INSERT INTO preferences (user_id, language, reminders, changed_at)
    VALUES (%(user_id)s, %(language)s, %(reminders)s, boxoffice_clock())
    ON CONFLICT (user_id) DO UPDATE SET
        language = excluded.language, reminders = excluded.reminders, changed_at = excluded.changed_at
"""

NO_REMINDERS = """
    INSERT INTO preferences (user_id, reminders, changed_at) VALUES (%(user_id)s, false, boxoffice_clock())
    ON CONFLICT (user_id) DO UPDATE SET reminders = false, changed_at = excluded.changed_at
    WHERE preferences.reminders
"""
