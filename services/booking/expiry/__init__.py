"""Bookings whose time is up."""
