"""What bookings are: their rules and rows, which every capability shares."""
