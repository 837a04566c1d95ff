"""Statements about endpoints, as members ask for them."""

from services.chassis.store.rows import selected
from services.notifications.webhooks.domain import Endpoint

_ROTATING = "(SELECT max(ends_at) FROM webhook_secrets s WHERE s.endpoint_id = e.id AND ends_at > boxoffice_clock())"
_ENDPOINT = selected(Endpoint, of="e", rotating_until=_ROTATING)

OWNER = "SELECT organization_id FROM webhook_endpoints WHERE id = %(id)s"

GET_ENDPOINT = f"SELECT {_ENDPOINT} FROM webhook_endpoints e WHERE id = %(id)s"

LIST_ENDPOINTS = f"""
    SELECT {_ENDPOINT} FROM webhook_endpoints e WHERE organization_id = %(organization_id)s ORDER BY id DESC
"""

LOCK_LOG = """
    INSERT INTO webhook_logs AS l (organization_id, last_number) VALUES (%(organization_id)s, 0)
    ON CONFLICT (organization_id) DO UPDATE SET last_number = l.last_number
    RETURNING last_number
"""
"""Whoever changes which endpoints an organization has takes turns; and no message gets a number meanwhile."""

ENDPOINTS_OF = """
    SELECT id, url FROM webhook_endpoints WHERE organization_id = %(organization_id)s
"""

CREATE_ENDPOINT = """
    INSERT INTO webhook_endpoints (id, organization_id, managed_by, url, types, state, is_verified, sent_to)
    VALUES (
        %(id)s, %(organization_id)s, %(managed_by)s, %(url)s, %(types)s::text[], 'CHALLENGED', false, %(sent_to)s
    )
"""

LOCK_ENDPOINT = "SELECT organization_id, state FROM webhook_endpoints WHERE id = %(id)s FOR UPDATE"

CHANGE_ENDPOINT = """
    UPDATE webhook_endpoints SET
        url = %(url)s, types = %(types)s::text[], managed_by = %(managed_by)s, revision = revision + 1,
        is_verified = is_verified AND url = %(url)s,
        state = CASE WHEN state = 'ENABLED' AND url <> %(url)s THEN 'CHALLENGED' ELSE state END,
        failures = CASE WHEN url = %(url)s THEN failures ELSE 0 END,
        failing_since = CASE WHEN url = %(url)s THEN failing_since END,
        next_attempt_at = CASE WHEN url = %(url)s THEN next_attempt_at ELSE boxoffice_clock() END
    WHERE id = %(id)s
"""

ENABLE_ENDPOINT = """
    UPDATE webhook_endpoints e SET
        state = CASE WHEN is_verified THEN 'ENABLED' ELSE 'CHALLENGED' END, managed_by = %(managed_by)s,
        revision = revision + 1, failures = 0, failing_since = NULL, next_attempt_at = boxoffice_clock(),
        sent_to = coalesce(%(after)s::int, sent_to)
    WHERE id = %(id)s
"""

DISABLE_ENDPOINT = """
    UPDATE webhook_endpoints SET state = 'DISABLED', managed_by = %(managed_by)s, revision = revision + 1
    WHERE id = %(id)s AND state <> 'DISABLED'
"""

DELETE_ENDPOINT = "DELETE FROM webhook_endpoints WHERE id = %(id)s"
"""Its secrets and resends go with it; its attempts go with their age."""

END_SECRETS = """
    UPDATE webhook_secrets SET ends_at = boxoffice_clock() + %(rotation)s::interval
    WHERE endpoint_id = %(endpoint_id)s AND ends_at IS NULL
"""

DROP_SECRETS = """
    DELETE FROM webhook_secrets WHERE endpoint_id = %(endpoint_id)s AND number <= (
        SELECT max(number) - %(others)s FROM webhook_secrets WHERE endpoint_id = %(endpoint_id)s
    )
"""
"""Leave so many of before."""

ADD_SECRET = """
    INSERT INTO webhook_secrets (endpoint_id, number, sealed)
    SELECT %(endpoint_id)s, coalesce(max(number), 0) + 1, %(sealed)s FROM webhook_secrets
    WHERE endpoint_id = %(endpoint_id)s
"""

FIND_MESSAGE = """
    SELECT FROM webhook_messages WHERE organization_id = %(organization_id)s AND number = %(number)s
"""

COUNT_RESENDS = "SELECT count(*)::int AS waiting FROM webhook_resends WHERE endpoint_id = %(endpoint_id)s"

ASK_FOR_RESEND = """
    INSERT INTO webhook_resends (endpoint_id, number) VALUES (%(endpoint_id)s, %(number)s) ON CONFLICT DO NOTHING
"""
