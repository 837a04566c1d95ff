"""Halls: what screens consist of, and the rules for that."""
