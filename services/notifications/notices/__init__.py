"""Notices: what has happened, as its user reads it."""
