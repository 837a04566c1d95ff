"""A payment has what it is paid with, and the names that the gateway gave it.

Expand only: the version before goes on beside it, and leaves them null.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

METHODS = """
ALTER TABLE payments ADD COLUMN method TEXT;
ALTER TABLE payments ADD COLUMN gateway_order_id TEXT;
ALTER TABLE payments ADD COLUMN gateway_payment_id TEXT;
ALTER TABLE payments ADD CONSTRAINT payments_method_check
    CHECK (method IN ('CARD', 'UPI', 'NETBANKING')) NOT VALID;
COMMENT ON COLUMN payments.method IS
    'what is paid with, as the gateway told or the customer chose; null: not known';
COMMENT ON COLUMN payments.gateway_order_id IS 'the gateway''s name for what is to be paid; null: not known';
COMMENT ON COLUMN payments.gateway_payment_id IS 'the gateway''s name for the payment that was made; null: not known';
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute(METHODS)
