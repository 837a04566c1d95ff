"""Bookings have numbers by which people name them.

Expand only: the version before writes rows without one, which the default numbers. Those that are there have none until a
job numbers them, batch by batch.
"""

from alembic import op

revision = "0024"
down_revision = "0023"

NEW_NUMBER = """
CREATE FUNCTION new_booking_number() RETURNS text LANGUAGE sql VOLATILE PARALLEL SAFE RETURN (
    SELECT string_agg(
        substr('23456789ABCDEFGHJKMNPQRSTVWXYZ', (drawn.bits / power(30, place)::bigint % 30)::int + 1, 1), ''
    )
    FROM (
        SELECT ('x' || substr(hex, 1, 12) || substr(hex, 14, 3))::bit(60)::bigint AS bits
        FROM (SELECT replace(gen_random_uuid()::text, '-', '') AS hex) AS random
    ) AS drawn CROSS JOIN generate_series(0, 9) AS place
)
"""


def upgrade() -> None:
    """Add the column first and its default afterwards, which leaves the rows that are there as they are."""
    op.execute(NEW_NUMBER)
    op.execute("ALTER TABLE bookings ADD COLUMN booking_number TEXT")
    op.execute("ALTER TABLE bookings ALTER COLUMN booking_number SET DEFAULT new_booking_number()")
    op.execute(
        "COMMENT ON COLUMN bookings.booking_number IS"
        " 'by what people name it; null until a job has numbered it: code from before'"
    )
