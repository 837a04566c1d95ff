"""Roles: who is an organizer or an admin."""
