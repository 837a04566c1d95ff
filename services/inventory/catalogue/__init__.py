"""The catalogue: events, venues with their screens, and shows."""
