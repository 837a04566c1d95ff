"""Reviews of events by those who were there."""
