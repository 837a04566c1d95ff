"""Tickets: one for each seat of a confirmed booking."""
