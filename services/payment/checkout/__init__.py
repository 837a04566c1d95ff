"""Paying for bookings: checkout sessions, and what the bank says became of them."""
