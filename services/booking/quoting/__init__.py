"""Bookings' prices: what seats of a show would cost, and cost once they are booked."""
