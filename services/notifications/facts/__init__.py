"""Facts: what the topics of bookings and shows tell, as notices."""
