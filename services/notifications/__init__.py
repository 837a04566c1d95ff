"""Notifications: tells users what has become of their bookings and shows."""
