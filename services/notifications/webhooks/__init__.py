"""Webhooks: what organizations are told, and where it is sent."""
