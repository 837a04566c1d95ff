"""Edits of shows, which bookings that there are follow."""
