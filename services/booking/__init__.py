"""Booking: the lifecycle of bookings, and the saga that drives it."""
