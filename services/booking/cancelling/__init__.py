"""Bookings that their users give up."""
