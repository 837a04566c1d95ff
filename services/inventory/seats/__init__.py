"""Seats on sale: who holds, reserves and has booked which."""
