"""What gateways keep of payments."""
