"""Payment gateways: what payment asks of one (interface), and each of them behind it."""
