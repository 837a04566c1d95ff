"""Bookings as callers see them."""
