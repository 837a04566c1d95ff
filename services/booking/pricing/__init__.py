"""What bookings cost."""
