"""Money that was taken for bookings."""
