"""Reminders: who has a ticket is reminded of the show, once for each time at which it is to start."""
