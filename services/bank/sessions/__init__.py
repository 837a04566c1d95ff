"""Checkout sessions: opened, paid, closed."""
