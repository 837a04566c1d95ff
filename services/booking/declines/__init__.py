"""Payments that were declined, and the time to try again."""
