"""Statements on organizations and their members."""

from collections.abc import Mapping
from typing import Any

from services.chassis.store.rows import selected
from services.identity.organizations.domain import Organization

_ORGANIZATION = selected(Organization, "o")

_MEMBERS = """
    SELECT m.organization_id, m.user_id, u.email, u.name, m.role, m.joined_at
    FROM members m
    JOIN users u ON u.id = m.user_id
"""

LOCK_ACCOUNTS = """
    SELECT id FROM users WHERE id = ANY(%(ids)s) OR email = ANY(%(emails)s) ORDER BY id FOR NO KEY UPDATE
"""
"""The lock under which an account gets memberships. After the organizations' locks."""

ACCOUNTS = """
    SELECT id, email, name, (SELECT count(*) FROM members WHERE user_id = u.id) AS organizations
    FROM users u WHERE (id = ANY(%(ids)s) OR email = ANY(%(emails)s)) AND deleted_at IS NULL
"""
"""Accounts, and in how many organizations each is. Only under the accounts' locks."""

CREATE_ORGANIZATIONS = """
    INSERT INTO organizations (id, name, created_at)
    SELECT id, name, created_at
    FROM unnest(%(id)s::uuid[], %(name)s::text[], %(created_at)s::timestamptz[]) AS n (id, name, created_at)
"""

LOCK_ORGANIZATIONS = "SELECT id FROM organizations WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE"
"""The lock under which members come, go and change."""

MEMBERS = f"{_MEMBERS} WHERE m.organization_id = ANY(%(ids)s)"
"""All members of organizations. Only under the organizations' locks, where it decides something."""

PUT_MEMBERS = """
    INSERT INTO members (organization_id, user_id, role, joined_at)
    SELECT organization_id, user_id, role, joined_at
    FROM unnest(%(organization_id)s::uuid[], %(user_id)s::uuid[], %(role)s::text[], %(joined_at)s::timestamptz[])
        AS n (organization_id, user_id, role, joined_at)
    ON CONFLICT (organization_id, user_id) DO UPDATE SET role = EXCLUDED.role
"""
"""Add members, and give those that are there another role."""

REMOVE_MEMBERS = """
    DELETE FROM members m
    USING unnest(%(organization_id)s::uuid[], %(user_id)s::uuid[]) AS gone (organization_id, user_id)
    WHERE (m.organization_id, m.user_id) = (gone.organization_id, gone.user_id)
"""

FIND_ORGANIZATION = f"SELECT {_ORGANIZATION} FROM organizations o WHERE o.id = %(id)s"

RENAME_ORGANIZATION = f"""
    UPDATE organizations o SET name = %(name)s WHERE o.id = %(id)s
    RETURNING {_ORGANIZATION}
"""

_ORGANIZATION_FILTERS = {"after": "AND o.id < %(after)s"}
_MEMBER_FILTERS = {"after": "AND m.user_id > %(after)s"}

ROLES_OF_USER = "SELECT organization_id, role FROM members WHERE user_id = %(user_id)s"


def list_organizations(given: Mapping[str, Any]) -> str:
    """A user's organizations with the user's role in each, newest first; filter `after` (an id)."""
    after = "" if given["after"] is None else _ORGANIZATION_FILTERS["after"]
    return f"""
        SELECT {_ORGANIZATION}, m.role FROM members m JOIN organizations o ON o.id = m.organization_id
        WHERE m.user_id = %(user_id)s {after} ORDER BY o.id DESC LIMIT %(limit)s
    """


def list_members(given: Mapping[str, Any]) -> str:
    """An organization's members, by their ids; filter `after` (an id)."""
    after = "" if given["after"] is None else _MEMBER_FILTERS["after"]
    return f"{_MEMBERS} WHERE m.organization_id = %(id)s {after} ORDER BY m.user_id LIMIT %(limit)s"
