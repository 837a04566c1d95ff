"""Pure rules of payments and refunds, which checkout, refunds, clients and webhooks share: no I/O, no clock."""
