"""Watching bookings: whoever waits for one to change is told."""
