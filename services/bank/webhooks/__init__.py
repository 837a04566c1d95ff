"""Webhooks: what the merchant is told."""
