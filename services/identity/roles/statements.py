"""Statements on roles."""

LOCK_ADMINS = "SELECT id FROM users WHERE 'ADMIN' = ANY (roles) ORDER BY id FOR UPDATE"
"""The lock under which somebody stops being an admin."""

LOCK_USERS = """
    SELECT id, email, name, roles, created_at, phone, email_verified_at FROM users
    WHERE id = ANY(%(ids)s) AND deleted_at IS NULL ORDER BY id FOR UPDATE
"""

SET_ROLES = "UPDATE users SET roles = %(roles)s WHERE id = %(id)s"

GRANT_ADMIN = """
    UPDATE users SET roles = array_append(array_remove(roles, 'ADMIN'), 'ADMIN') WHERE email = %(email)s
    RETURNING id
"""
