"""Statements on accounts."""

from collections.abc import Mapping
from typing import Any

_COLUMNS = "id, email, name, roles, created_at, phone, email_verified_at"
_USERS = f"SELECT {_COLUMNS} FROM users"

TAKEN = "SELECT email FROM users WHERE email = ANY(%(emails)s)"
"""Those of the given e-mail addresses that have an account."""

CREATE_USER = """
    INSERT INTO users (id, email, name, password_hash, roles, created_at)
    VALUES (%(id)s, %(email)s, %(name)s, %(password_hash)s, %(roles)s, %(created_at)s)
    ON CONFLICT (email) DO NOTHING
    RETURNING id
"""
"""Create an account; no row where the e-mail address has one."""

FIND_USER = f"{_USERS} WHERE id = %(id)s AND deleted_at IS NULL"

_CONTACTS = "id, name, email, phone, email_verified_at"
FIND_CONTACTS = f"SELECT {_CONTACTS} FROM users WHERE id = ANY(%(ids)s) AND deleted_at IS NULL"

FIND_PASSWORD = "SELECT id, password_hash FROM users WHERE id = %(id)s AND deleted_at IS NULL"

FIND_LOGIN = "SELECT id, password_hash FROM users WHERE email = %(email)s"

CHANGE_PROFILE = f"""
    UPDATE users SET name = coalesce(%(name)s, name), phone = coalesce(%(phone)s, phone)
    WHERE id = %(id)s AND deleted_at IS NULL
    RETURNING {_COLUMNS}
"""

VERIFY_EMAIL = f"""
    UPDATE users SET
        email_verified_at = CASE WHEN %(is_verified)s THEN coalesce(email_verified_at, boxoffice_clock()) END
    WHERE id = %(id)s AND deleted_at IS NULL
    RETURNING {_COLUMNS}
"""
"""What is verified stays so since then."""

CHANGE_PASSWORD = """
    UPDATE users SET password_hash = %(new)s WHERE id = %(id)s AND password_hash = %(old)s
    RETURNING id
"""
"""Change a password that is still the one that was compared; no row where it is not."""

_USER_FILTERS = {"email": "email = %(email)s", "after": "id < %(after)s"}


def list_users(given: Mapping[str, Any]) -> str:
    """Accounts, newest first; filters `email` and `after` (an id)."""
    conditions = [condition for name, condition in _USER_FILTERS.items() if given[name] is not None]
    return f"{_USERS} WHERE {' AND '.join(['deleted_at IS NULL', *conditions])} ORDER BY id DESC LIMIT %(limit)s"
