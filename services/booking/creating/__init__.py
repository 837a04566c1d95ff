"""Bookings that come to be."""
