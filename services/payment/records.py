"""What payment keeps of a user, for whoever wants to have it."""

from services.chassis.wire.records import Kind

PAYMENTS = """
    SELECT p.id AS position, (to_jsonb(p) - ARRAY['next_poll_at', 'polls', 'next_fee_at'] || jsonb_build_object(
        'refunds', (
            SELECT coalesce(jsonb_agg(
                to_jsonb(r) - ARRAY['next_attempt_at', 'attempts'] ORDER BY r.created_at, r.id
            ), '[]')
            FROM refunds r WHERE r.payment_id = p.id
        ),
        'disputes', (
            SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d.created_at, d.id), '[]')
            FROM disputes d WHERE d.payment_id = p.id
        )
    ))::text AS record
    FROM payments p WHERE p.user_id = %(user_id)s AND p.id > %(after)s ORDER BY p.id LIMIT %(limit)s
"""

KINDS = (Kind("payment", PAYMENTS),)
