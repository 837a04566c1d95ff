"""A session has what it is paid with, and the bank's own names for its order and its payment.

Expand only: the version before goes on beside it, and leaves them null.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

METHODS = """
ALTER TABLE sessions ADD COLUMN method TEXT;
ALTER TABLE sessions ADD COLUMN gateway_order_id TEXT;
ALTER TABLE sessions ADD COLUMN gateway_payment_id TEXT;
ALTER TABLE sessions ADD CONSTRAINT sessions_method_check
    CHECK (method IN ('CARD', 'UPI', 'NETBANKING')) NOT VALID;
COMMENT ON COLUMN sessions.method IS 'what is paid with, or was chosen at the merchant''s; null: neither';
COMMENT ON COLUMN sessions.gateway_order_id IS
    'our name for what is to be paid; null: opened before there were such names';
COMMENT ON COLUMN sessions.gateway_payment_id IS 'our name for the newest payment that was begun; null: none';
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute(METHODS)
