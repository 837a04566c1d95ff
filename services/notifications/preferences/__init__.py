"""Preferences: in which language a user gets mails, and which of those that nobody has to get."""
